// Scans: whole segments through the decoded-node cache, and key intervals row by row where the transaction changed
// something, where a range begins or ends, or where the raw lines are wanted.
//
// Order: always ascending keys, however many threads read.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "exec/operators.h"
#include "exec/row_writer.h"
#include "exec/segments.h"
#include "exec/table_source.h"

namespace rowan::exec {

namespace {

using OverlayIterator = std::map<std::string, txn::RowChange, std::less<>>::const_iterator;

constexpr size_t kReadAheadSegments = 8;     // Decoded ahead of the consumer.
constexpr size_t kParallelSegmentsMin = 4;   // Fewer uncached ones are not worth a thread.

// One step of a scan: a whole segment, or the keys [lower, upper) of the merged table (empty upper: to the end).
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

// Reads one key interval of the tree with the overlay on top, leaf by leaf.
class IntervalReader {
 public:
  IntervalReader(const ExecContext& context, const TableSource& source, const plan::ScanSpec& scan)
      : source_(source), scan_(scan), keys_(source.version.table),
        reader_{context.transaction.objects(), context.manager.store().cache(), keys_}, large_(context.transaction.objects()) {
    const catalog::TableDef& table = *source.version.table;
    merges_counts_ = table.layout.counted;
    const bool shifted = merges_counts_ && scan.with_key;
    layout_ = shifted ? uncounted_layout(table.layout) : table.layout;
    for (const uint16_t column : scan.columns) slots_.push_back(static_cast<uint16_t>(table.columns[column].slot + (shifted ? 1 : 0)));
  }

  Result<void> open(const Part& part) {
    upper_ = part.upper;
    cursor_.reset();
    if (!source_.version.rows.is_zero()) {
      TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(reader_, source_.version.rows));
      cursor_.emplace(std::move(cursor));
      if (!part.lower.empty()) TRY(cursor_->seek(part.lower));
    }
    has_changes_ = source_.overlay != nullptr;
    if (has_changes_) {
      change_ = source_.overlay->rows.lower_bound(part.lower);
      changes_end_ = upper_.empty() ? source_.overlay->rows.end() : source_.overlay->rows.lower_bound(upper_);
    }
    done_ = false;
    return {};
  }

  // At least `rows_wanted` rows unless the interval ends; false when nothing is left.
  Result<bool> next(type::Batch& batch, size_t rows_wanted) {
    if (done_) return false;
    type::LineDecoder decoder(layout_, slots_, large_);
    decoder_ = &decoder;
    lines_ = 0;
    while (lines_ < rows_wanted && !done_) TRY(step());
    if (lines_ == 0) return false;
    batch = decoder.finish();
    if (scan_.with_key) {
      batch.rows = lines_;
      batch.columns.push_back(key_column_.finish());
      batch.columns.push_back(line_column_.finish());
    }
    return true;
  }

 private:
  // One leaf with the changes that fall before its end, or the changes behind the last leaf.
  Result<void> step() {
    if (!cursor_.has_value() || cursor_->at_end() || (!upper_.empty() && cursor_->key() >= upper_)) {
      while (has_changes_ && change_ != changes_end_) TRY(add_change(std::nullopt));
      done_ = true;
      return {};
    }
    const std::shared_ptr<const tree::Leaf> leaf = cursor_->leaf();
    size_t at = cursor_->index_in_leaf();
    const size_t end = upper_.empty() ? leaf->size() : leaf->lower_bound(upper_);
    while (has_changes_ && change_ != changes_end_ && at < end && Bytes(change_->first) <= leaf->key(end - 1)) {
      const size_t place = std::max(at, leaf->lower_bound(change_->first));
      TRY(add_lines(*leaf, at, place));
      at = place;
      const bool replaces = leaf->key(place) == Bytes(change_->first);
      TRY(add_change(replaces ? std::optional<Bytes>(leaf->line(place)) : std::nullopt));
      if (replaces) ++at;
    }
    TRY(add_lines(*leaf, at, end));
    return cursor_->next_leaf();
  }

  Result<void> add_lines(const tree::Leaf& leaf, size_t from, size_t to) {
    if (from >= to) return {};
    const Bytes first = leaf.line(from), last = leaf.line(to - 1);
    const auto bytes = static_cast<size_t>(last.data() + last.size() + 1 - first.data());
    TRY(decoder_->add({first.data(), bytes}, leaf.owner()));
    lines_ += to - from;
    if (!scan_.with_key) return {};
    for (size_t i = from; i < to; ++i) {
      key_column_.append_string(leaf.key(i));
      line_column_.append_string(leaf.line(i));
    }
    return {};
  }

  // The current change on top of the stored line with its key, if there is one.
  Result<void> add_change(std::optional<Bytes> stored) {
    const auto& [key, change] = *change_;
    ++change_;
    auto line = std::make_shared<std::string>();
    if (merges_counts_) {
      int64_t count = change.count_delta;
      if (stored.has_value()) {
        TRY_ASSIGN(const uint64_t before, line_count(*stored));
        count += static_cast<int64_t>(before);
      }
      if (count <= 0) return {};
      if (!stored.has_value() && !change.line.has_value()) return Error(ErrorCode::kInternal, "a changed row has no line");
      *line = with_line_count(stored.has_value() ? *stored : Bytes(*change.line), static_cast<uint64_t>(count));
    } else {
      if (!change.line.has_value()) return {};
      *line = *change.line;
    }
    if (scan_.with_key) {
      key_column_.append_string(key);
      line_column_.append_string(*line);
    }
    *line += '\n';
    TRY(decoder_->add(*line, line));
    ++lines_;
    return {};
  }

  const TableSource& source_;
  const plan::ScanSpec& scan_;
  catalog::TableLineKeys keys_;
  tree::TreeReader reader_;
  BlobReader large_;
  bool merges_counts_ = false;
  type::RowLayout layout_;
  std::vector<uint16_t> slots_;
  std::optional<tree::Cursor> cursor_;
  bool has_changes_ = false;
  OverlayIterator change_, changes_end_;
  std::string upper_;
  bool done_ = true;
  type::LineDecoder* decoder_ = nullptr;
  size_t lines_ = 0;
  type::ColumnBuilder key_column_{type::Type{type::TypeId::kText, -1}};
  type::ColumnBuilder line_column_{type::Type{type::TypeId::kText, -1}};
};

// Decodes segments ahead of the consumer on one more thread; the consumer helps instead of waiting idly.
class ReadAhead {
 public:
  ReadAhead(const SegmentReader& reader, const std::vector<Part>& parts, const ExecContext& context)
      : reader_(reader), parts_(parts), context_(context), states_(parts.size()) {
    const int helpers = std::min(context.threads - 1, 3);
    for (int i = 0; i < helpers; ++i) threads_.emplace_back([this] { work(); });
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
  Result<type::Batch> take(size_t index) {
    std::unique_lock lock(mutex_);
    consumer_ = index;
    changed_.notify_all();
    for (;;) {
      State& state = states_[index];
      if (state.phase == Phase::kDone) {
        Result<type::Batch> result = std::move(*state.result);
        state.result.reset();
        return result;
      }
      const std::optional<size_t> next = state.phase == Phase::kFree ? std::optional(index) : claimable();
      if (next.has_value()) {
        decode(*next, lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

 private:
  enum class Phase : uint8_t { kFree, kTaken, kDone };
  struct State {
    Phase phase = Phase::kFree;
    std::optional<Result<type::Batch>> result;
  };

  // The nearest segment ahead that nobody has taken. Requires: the lock.
  std::optional<size_t> claimable() const {
    const size_t end = std::min(parts_.size(), consumer_ + kReadAheadSegments);
    for (size_t i = consumer_; i < end; ++i) {
      if (parts_[i].segment != nullptr && states_[i].phase == Phase::kFree) return i;
    }
    return std::nullopt;
  }

  void decode(size_t index, std::unique_lock<std::mutex>& lock) {
    states_[index].phase = Phase::kTaken;
    lock.unlock();
    Result<type::Batch> result = reader_.read(*parts_[index].segment);
    lock.lock();
    states_[index].result = std::move(result);
    states_[index].phase = Phase::kDone;
    changed_.notify_all();
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (!stop_ && !context_.cancelled()) {
      const std::optional<size_t> next = claimable();
      if (next.has_value()) {
        decode(*next, lock);
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
  std::vector<State> states_;                // Guarded by mutex_, as are the next two.
  size_t consumer_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

// Drops what only the filter looked at. The batch has the scan's columns, then maybe key and line.
Result<bool> filter_and_trim(const plan::ScanSpec& scan, const expr::EvalContext& eval, std::vector<uint32_t>& rows, type::Batch& batch) {
  const auto trim = [&] {
    batch.columns.erase(batch.columns.begin() + static_cast<ptrdiff_t>(scan.output_columns),
                        batch.columns.begin() + static_cast<ptrdiff_t>(scan.columns.size()));
  };
  if (scan.filter == nullptr) {
    trim();
    return batch.rows > 0;
  }
  rows.clear();
  TRY(expr::evaluate_filter(*scan.filter, batch, eval, rows));
  trim();
  if (rows.empty()) return false;
  if (rows.size() == batch.rows) return true;
  if (batch.columns.empty()) {
    batch.rows = rows.size();
  } else {
    batch = batch.gather(rows.data(), rows.size());
  }
  return true;
}

class Scan final : public Operator {
 public:
  Scan(const PhysicalNode& node, ExecContext& context) : scan_(node.scan), context_(context) {}

  Result<void> open() override {
    TRY_ASSIGN(source_, open_table(scan_, context_));
    TRY_ASSIGN(const std::optional<KeyInterval> interval, key_interval(scan_.bounds, context_.eval));
    if (!interval.has_value()) return {};
    const catalog::TableDef& table = *source_.version.table;
    std::vector<uint16_t> slots;
    for (const uint16_t column : scan_.columns) slots.push_back(table.columns[column].slot);
    segment_reader_.emplace(context_.transaction.objects(), context_.manager.store().cache(), source_.version.table, std::move(slots));
    interval_reader_.emplace(context_, source_, scan_);
    if (source_.version.rows.is_zero() || scan_.row_target.has_value()) {
      parts_.push_back({nullptr, interval->lower, interval->upper});
      return {};
    }
    const catalog::TableLineKeys keys(source_.version.table);
    const tree::TreeReader reader{context_.transaction.objects(), context_.manager.store().cache(), keys};
    TRY_ASSIGN(segments_, SegmentList::read(reader, source_.version.rows));
    segment_reader_->plan_cache(segments_->leaves());
    divide(*interval);
    start_read_ahead();
    return {};
  }

  Result<bool> next(type::Batch& batch) override {
    while (part_ < parts_.size()) {
      TRY(check_cancelled(context_));
      const Part& part = parts_[part_];
      bool got = false;
      if (part.segment != nullptr) {
        TRY_ASSIGN(batch, read_ahead_.has_value() ? read_ahead_->take(part_) : segment_reader_->read(*part.segment));
        got = true;
        ++part_;
      } else {
        if (!interval_open_) TRY(interval_reader_->open(part));
        interval_open_ = true;
        TRY_ASSIGN(got, interval_reader_->next(batch, rows_wanted()));
        if (!got) {
          interval_open_ = false;
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
  size_t rows_wanted() const { return scan_.row_target.has_value() ? std::max<size_t>(1, *scan_.row_target) : kBatchRows; }

  bool has_changes_between(const std::string& lower, const std::string& upper) const {
    if (source_.overlay == nullptr) return false;
    const auto change = source_.overlay->rows.lower_bound(lower);
    return change != source_.overlay->rows.end() && (upper.empty() || change->first < upper);
  }

  // Cuts the interval at segment borders. Segments that lie inside it and that nothing changed are read whole.
  void divide(const KeyInterval& interval) {
    const std::vector<tree::LeafRun>& runs = segments_->runs();
    std::string next_key;
    for (size_t i = 0; i < runs.size(); ++i) {
      const std::string first = i == 0 ? std::string() : std::move(next_key);
      const bool last = i + 1 == runs.size();
      next_key = last ? std::string() : run_key(runs[i + 1]);
      if (!interval.upper.empty() && first >= interval.upper) break;
      if (!last && next_key <= interval.lower) continue;
      const bool starts_inside = interval.lower <= first;
      const bool ends_inside = interval.upper.empty() || (!last && next_key <= interval.upper);
      Part part{&runs[i], starts_inside ? first : interval.lower, ends_inside ? next_key : interval.upper};
      if (!starts_inside || !ends_inside || scan_.with_key || has_changes_between(part.lower, part.upper)) part.segment = nullptr;
      parts_.push_back(std::move(part));
    }
  }

  void start_read_ahead() {
    if (context_.threads < 2) return;
    size_t cold = 0;
    for (const Part& part : parts_) {
      if (part.segment != nullptr && !segment_reader_->is_cached(*part.segment) && ++cold >= kParallelSegmentsMin) break;
    }
    if (cold >= kParallelSegmentsMin) read_ahead_.emplace(*segment_reader_, parts_, context_);
  }

  const plan::ScanSpec& scan_;
  ExecContext& context_;
  TableSource source_;
  std::shared_ptr<const SegmentList> segments_;
  std::optional<SegmentReader> segment_reader_;
  std::optional<IntervalReader> interval_reader_;
  std::vector<Part> parts_;
  size_t part_ = 0;
  bool interval_open_ = false;
  std::vector<uint32_t> rows_;
  std::optional<ReadAhead> read_ahead_;      // Last: its threads stop before what they use goes.
};

// A point get inside a larger plan (a join's side, a correlated subquery, a modify source with FROM).
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
    return reader_->open({nullptr, key, key + '\0'});
  }

  Result<bool> next(type::Batch& batch) override {
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
  std::optional<IntervalReader> reader_;
  bool done_ = false;
};

// The count that planning knew, as long as the rows are the ones it was for.
class RowCount final : public Operator {
 public:
  RowCount(const PhysicalNode& node, ExecContext& context, OperatorPtr input) : node_(node), context_(context), input_(std::move(input)) {}

  Result<void> open() override {
    TRY_ASSIGN(const TableSource source, open_table(node_.scan, context_));
    known_ = source.overlay == nullptr && source.version.rows == node_.scan.table.rows;
    if (known_) return {};
    return input_->open();
  }

  Result<bool> next(type::Batch& batch) override {
    if (!known_) return input_->next(batch);
    if (done_) return false;
    done_ = true;
    batch.rows = 1;
    batch.columns = {type::Column::of_constant(type::Value::of_int(node_.outputs[0].type, static_cast<int64_t>(node_.known_rows)), 1)};
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

OperatorPtr make_scan(const PhysicalNode& node, ExecContext& context) { return std::make_unique<Scan>(node, context); }
OperatorPtr make_point_get(const PhysicalNode& node, ExecContext& context) { return std::make_unique<PointScan>(node, context); }
OperatorPtr make_row_count(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<RowCount>(node, context, std::move(input));
}

}  // namespace rowan::exec
