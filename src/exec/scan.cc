// Scans: whole segments through the decoded-node cache, and key intervals row by row where the
// transaction changed something, where a range begins or ends, or where the raw lines are wanted.
//
// Order: always ascending keys, however many threads read.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/caught.h"
#include "base/limits.h"
#include "base/thread.h"
#include "exec/operators.h"
#include "exec/row_reader.h"
#include "exec/segments.h"
#include "exec/table_source.h"

namespace rowan::exec {

namespace {

constexpr size_t kReadAheadSegments = 8;    // Decoded ahead of the consumer.
constexpr size_t kParallelSegmentsMin = 4;  // Fewer uncached ones are not worth a thread.

// One step of a scan: a whole segment, or the keys [lower, upper) of the merged table (empty upper:
// to the end).
struct Part {
  const tree::LeafRun* segment = nullptr;
  std::string lower;
  std::string upper;
};

std::string run_key(const tree::LeafRun& run) {
  std::string key = run.first_key;
  if (key.ends_with(".jsonl")) key.resize(key.size() - 6);
  return key;
}

// Decodes segments ahead of the consumer on one more thread; the consumer helps instead of waiting
// idly.
class ReadAhead {
 public:
  ReadAhead(const SegmentReader& reader, const std::vector<Part>& parts, const ExecContext& context)
      : reader_(reader), parts_(parts), context_(context), states_(parts.size()) {
    const int helpers = std::min(context.threads - 1, 3);
    for (int i = 0; i < helpers; ++i) {
      auto helper = start_thread("a scan", [this] { work(); });
      if (!helper) return;  // The consumer does without.
      threads_.push_back(std::move(*helper));
    }
  }
  ~ReadAhead() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // Requires: parts[index] is a segment; indexes ascend.
  Result<std::optional<type::Batch>> take(size_t index) {
    std::unique_lock lock(mutex_);
    consumer_ = index;
    changed_.notify_all();
    for (;;) {
      State& state = states_[index];
      if (state.phase == Phase::kDone) {
        SegmentResult result = std::move(*state.result);
        state.result.reset();
        return result;
      }
      const std::optional<size_t> next =
          state.phase == Phase::kFree ? std::optional(index) : claimable();
      if (next.has_value()) {
        decode(*next, lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

 private:
  using SegmentResult = Result<std::optional<type::Batch>>;
  enum class Phase : uint8_t { kFree, kTaken, kDone };
  struct State {
    Phase phase = Phase::kFree;
    std::optional<SegmentResult> result;
  };

  // The nearest segment ahead that nobody has taken. Requires: the lock.
  std::optional<size_t> claimable() const {
    const size_t end = std::min(parts_.size(), consumer_ + kReadAheadSegments);
    for (size_t i = consumer_; i < end; ++i) {
      if (parts_[i].segment != nullptr && states_[i].phase == Phase::kFree) return i;
    }
    return std::nullopt;
  }

  // Throws only when there is no memory to say so; the segment is then anybody's again.
  void decode(size_t index, std::unique_lock<std::mutex>& lock) {
    states_[index].phase = Phase::kTaken;
    lock.unlock();
    std::optional<SegmentResult> result;
    const bool ended = ends_well([&] {
      result = caught([&] { return reader_.read(*parts_[index].segment); });
    });
    lock.lock();
    if (!ended) {
      states_[index].phase = Phase::kFree;
      changed_.notify_all();
      throw std::bad_alloc();
    }
    states_[index].result = std::move(result);
    states_[index].phase = Phase::kDone;
    changed_.notify_all();
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (!stop_ && !context_.cancelled()) {
      const std::optional<size_t> next = claimable();
      if (next.has_value()) {
        // Nobody catches what a thread of ours throws. The consumer goes on without this one.
        if (!ends_well([&] { decode(*next, lock); })) return;
      } else {
        changed_.wait(lock);
      }
    }
  }

  const SegmentReader& reader_;
  const std::vector<Part>& parts_;
  const ExecContext& context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<State> states_;  // Guarded by mutex_, as are the next two.
  size_t consumer_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

class Scan final : public Operator {
 public:
  Scan(const plan::ScanSpec& scan, ExecContext& context) : scan_(scan), context_(context) {}

  Result<void> open() override {
    TRY_ASSIGN(source_, open_table(scan_, context_));
    TRY_ASSIGN(const std::vector<KeyInterval> intervals,
               key_intervals(scan_.bounds, context_.eval));
    if (intervals.empty()) return {};
    const catalog::TableDef& table = *source_.version.table;
    std::vector<uint16_t> slots;
    for (const uint16_t column : scan_.columns) slots.push_back(table.columns[column].slot);
    segment_reader_.emplace(context_.transaction.objects(), context_.manager.store().cache(),
                            source_.version.table, std::move(slots));
    interval_reader_.emplace(context_, source_, scan_);
    if (source_.version.rows.is_zero() || (scan_.row_target.has_value() && !scan_.backward)) {
      for (const KeyInterval& interval : intervals)
        parts_.push_back({nullptr, interval.lower, interval.upper});
    } else {
      TRY(divide_into_segments(intervals));
    }
    if (scan_.backward) {
      std::reverse(parts_.begin(), parts_.end());
    } else {
      start_read_ahead();
    }
    return {};
  }

  Result<bool> pull(type::Batch& batch) override {
    if (scan_.backward) return next_backward(batch);
    while (part_ < parts_.size()) {
      TRY(check_cancelled(context_));
      const Part& part = parts_[part_];
      bool got = false;
      if (part.segment != nullptr && !leaf_by_leaf_) {
        TRY_ASSIGN(auto segment, read_ahead_.has_value() ? read_ahead_->take(part_)
                                                         : segment_reader_->read(*part.segment));
        got = segment.has_value();
        leaf_by_leaf_ = !got;
        if (!got) continue;
        batch = std::move(*segment);
        ++part_;
      } else {
        if (!interval_open_) TRY(interval_reader_->open(part.lower, part.upper));
        interval_open_ = true;
        TRY_ASSIGN(got, interval_reader_->next(batch, rows_wanted()));
        if (!got) {
          interval_open_ = leaf_by_leaf_ = false;
          ++part_;
        }
      }
      if (!got) continue;
      TRY_ASSIGN(const bool any, filter_and_trim(scan_, context_.eval, rows_, batch));
      if (any) return true;
    }
    return false;
  }

 private:
  size_t rows_wanted() const {
    return scan_.row_target.has_value() ? std::max<size_t>(1, *scan_.row_target) : kBatchRows;
  }

  bool has_changes_between(const std::string& lower, const std::string& upper) const {
    if (source_.overlay == nullptr) return false;
    const auto change = source_.overlay->rows.lower_bound(lower);
    return change != source_.overlay->rows.end() && (upper.empty() || change->first < upper);
  }

  // A part at a time, its rows turned round.
  Result<bool> next_backward(type::Batch& batch) {
    while (turned_.empty() && part_ < parts_.size()) {
      TRY(check_cancelled(context_));
      const Part& part = parts_[part_];
      if (part.segment != nullptr) {
        TRY_ASSIGN(auto segment, segment_reader_->read(*part.segment));
        if (!segment) {
          TRY(split_part());
          continue;
        }
        turned_.push_back(std::move(*segment));
      } else {
        TRY(interval_reader_->open(part.lower, part.upper));
        for (type::Batch some;;) {
          TRY_ASSIGN(const bool got, interval_reader_->next(some, kBatchRows));
          if (!got) break;
          turned_.push_back(std::move(some));
        }
      }
      ++part_;
      std::vector<type::Batch> kept;
      for (type::Batch& some : turned_) {
        TRY_ASSIGN(const bool any, filter_and_trim(scan_, context_.eval, rows_, some));
        if (any) kept.push_back(std::move(some));
      }
      turned_ = std::move(kept);
    }
    if (turned_.empty()) return false;
    type::Batch last = std::move(turned_.back());
    turned_.pop_back();
    std::vector<uint32_t> order(last.rows);
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(last.rows - 1 - i);
    batch = last.gather(order.data(), order.size());
    batch.rows = last.rows;
    return true;
  }

  // Backward: puts the leaves of the part in its place, the last one first.
  Result<void> split_part() {
    const Part part = std::move(parts_[part_]);
    const catalog::TableLineKeys keys(source_.version.table);
    const tree::TreeReader reader{context_.transaction.objects(), context_.manager.store().cache(),
                                  keys};
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader, source_.version.rows));
    if (!part.lower.empty()) TRY(cursor.seek(part.lower));
    std::vector<Part> leaves = {{nullptr, part.lower, part.upper}};
    TRY(cursor.next_leaf());
    while (!cursor.at_end() && (part.upper.empty() || cursor.key() < part.upper)) {
      leaves.front().upper = cursor.key();
      leaves.insert(leaves.begin(), {nullptr, std::string(cursor.key()), part.upper});
      TRY(cursor.next_leaf());
    }
    parts_.erase(parts_.begin() + static_cast<ptrdiff_t>(part_));
    parts_.insert(parts_.begin() + static_cast<ptrdiff_t>(part_), leaves.begin(), leaves.end());
    return {};
  }

  // Small ranges read only the part of the tree that they lie in.
  Result<void> divide_into_segments(const std::vector<KeyInterval>& intervals) {
    const catalog::TableLineKeys keys(source_.version.table);
    const tree::TreeReader reader{context_.transaction.objects(), context_.manager.store().cache(),
                                  keys};
    const bool whole =
        intervals.size() == 1 && intervals[0].lower.empty() && intervals[0].upper.empty();
    if (whole) {
      TRY_ASSIGN(segments_, SegmentList::read(reader, source_.version.rows));
      segment_reader_->plan_cache(segments_->leaves());
      divide(segments_->runs(), intervals[0]);
      return {};
    }
    size_t leaves = 0;
    for (const KeyInterval& interval : intervals) {
      auto runs = std::make_unique<std::vector<tree::LeafRun>>();
      TRY_ASSIGN(*runs,
                 tree::leaf_runs(reader, source_.version.rows, interval.lower, interval.upper));
      for (const tree::LeafRun& run : *runs) leaves += run.leaves.size();
      divide(*runs, interval);
      ranges_.push_back(std::move(runs));
    }
    segment_reader_->plan_cache(leaves);
    return {};
  }

  // Cuts the interval at segment borders. Segments that lie inside it and that nothing changed are
  // read whole.
  void divide(const std::vector<tree::LeafRun>& runs, const KeyInterval& interval) {
    std::string next_key;
    for (size_t i = 0; i < runs.size(); ++i) {
      // The first run of a range may begin before it; where does not matter.
      const std::string first = i == 0 ? std::string() : std::move(next_key);
      const bool last = i + 1 == runs.size();
      next_key = last ? std::string() : run_key(runs[i + 1]);
      if (!interval.upper.empty() && first >= interval.upper) break;
      if (!last && next_key <= interval.lower) continue;
      const bool starts_inside = interval.lower <= first;
      const bool ends_inside = interval.upper.empty() || (!last && next_key <= interval.upper);
      Part part{&runs[i], starts_inside ? first : interval.lower,
                ends_inside ? next_key : interval.upper};
      if (!starts_inside || !ends_inside || scan_.with_key ||
          has_changes_between(part.lower, part.upper))
        part.segment = nullptr;
      parts_.push_back(std::move(part));
    }
  }

  void start_read_ahead() {
    if (context_.threads < 2) return;
    size_t cold = 0;
    for (const Part& part : parts_) {
      if (part.segment != nullptr && !segment_reader_->is_cached(*part.segment) &&
          ++cold >= kParallelSegmentsMin)
        break;
    }
    if (cold >= kParallelSegmentsMin) read_ahead_.emplace(*segment_reader_, parts_, context_);
  }

  const plan::ScanSpec& scan_;
  ExecContext& context_;
  TableSource source_;
  std::shared_ptr<const SegmentList> segments_;
  std::vector<std::unique_ptr<std::vector<tree::LeafRun>>>
      ranges_;                       // The segments of each interval, when not all are read.
  std::vector<type::Batch> turned_;  // Backward: what is left of a part, its last batch first.
  std::optional<SegmentReader> segment_reader_;
  std::optional<RowReader> interval_reader_;
  std::vector<Part> parts_;
  size_t part_ = 0;
  bool interval_open_ = false;
  bool leaf_by_leaf_ = false;  // The part, though it is a segment: it holds too much text.
  std::vector<uint32_t> rows_;
  std::optional<ReadAhead> read_ahead_;  // Last: its threads stop before what they use goes.
};

// A point get inside a larger plan (a join's side, a correlated subquery, a modify source with
// FROM).
class PointScan final : public Operator {
 public:
  PointScan(const PhysicalNode& node, ExecContext& context) : scan_(node.scan), context_(context) {}

  Result<void> open() override {
    TRY_ASSIGN(source_, open_table(scan_, context_));
    std::string key;
    TRY_ASSIGN(const bool present, append_equal_keys(scan_.bounds, context_.eval, key));
    if (!present) {
      done_ = true;
      return {};
    }
    reader_.emplace(context_, source_, scan_);
    return reader_->open(key, key + '\0');
  }

  Result<bool> pull(type::Batch& batch) override {
    if (done_) return false;
    done_ = true;
    TRY_ASSIGN(const bool found, reader_->next(batch, 1));
    if (!found) return false;
    std::vector<uint32_t> rows;
    return filter_and_trim(scan_, context_.eval, rows, batch);
  }

 private:
  const plan::ScanSpec& scan_;
  ExecContext& context_;
  TableSource source_;
  std::optional<RowReader> reader_;
  bool done_ = false;
};

// A scan that owns what it reads by.
class ScanInstead final : public Operator {
 public:
  ScanInstead(const plan::ScanSpec& from, ExecContext& context)
      : scan_(std::make_unique<plan::ScanSpec>()), inner_(*scan_, context) {
    scan_->table = from.table;
    scan_->historical = from.historical;
    scan_->alias = from.alias;
    scan_->columns = from.columns;
    scan_->output_columns = from.output_columns;
    scan_->with_key = from.with_key;
    scan_->each_row = from.each_row;
    scan_->backward = from.backward;
    for (const expr::NodePtr* test : {&from.filter, &from.index.condition}) {
      if (*test == nullptr) continue;
      if (scan_->filter == nullptr) {
        scan_->filter = (*test)->clone();
        continue;
      }
      auto both = std::make_unique<expr::Node>();
      both->kind = expr::NodeKind::kAnd;
      both->type = {type::TypeId::kBool, -1};
      both->children.push_back((*test)->clone());
      both->children.push_back(std::move(scan_->filter));
      scan_->filter = std::move(both);
    }
  }
  Result<void> open() override { return inner_.open(); }
  Result<bool> pull(type::Batch& batch) override { return inner_.next(batch); }

 private:
  std::unique_ptr<plan::ScanSpec> scan_;
  Scan inner_;
};

// The count that planning knew, as long as the rows are the ones it was for.
class RowCount final : public Operator {
 public:
  RowCount(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node), context_(context), input_(std::move(input)) {}

  Result<void> open() override {
    TRY_ASSIGN(const TableSource source, open_table(node_.scan, context_));
    known_ = source.overlay == nullptr && source.version.rows == node_.scan.table.rows;
    if (known_) return {};
    return input_->open();
  }

  Result<bool> pull(type::Batch& batch) override {
    if (!known_) return input_->next(batch);
    if (done_) return false;
    done_ = true;
    batch.rows = 1;
    batch.columns = {type::Column::of_constant(
        type::Value::of_int(node_.outputs[0].type, static_cast<int64_t>(node_.known_rows)), 1)};
    return true;
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  bool known_ = false;
  bool done_ = false;
};

}  // namespace

OperatorPtr make_scan(const PhysicalNode& node, ExecContext& context) {
  return std::make_unique<Scan>(node.scan, context);
}
OperatorPtr make_scan_instead(const plan::ScanSpec& index_scan, ExecContext& context) {
  return std::make_unique<ScanInstead>(index_scan, context);
}
OperatorPtr make_point_get(const PhysicalNode& node, ExecContext& context) {
  return std::make_unique<PointScan>(node, context);
}
OperatorPtr make_row_count(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<RowCount>(node, context, std::move(input));
}

}  // namespace rowan::exec
