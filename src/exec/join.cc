// Hash, index and nested-loop joins.
//
// The "build" side is collected in memory, the "probe" side streams. Which side is which never
// shows in the result's columns: these are always the left input's, then the right's.
#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/limits.h"
#include "exec/batch_parts.h"
#include "exec/index_lookup.h"
#include "exec/keys.h"
#include "exec/operators.h"
#include "exec/row_reader.h"

namespace rowan::exec {

namespace {

constexpr uint32_t kNone = UINT32_MAX;

bool keeps_left(sql::JoinKind kind) {
  return kind == sql::JoinKind::kLeft || kind == sql::JoinKind::kFull;
}
bool keeps_right(sql::JoinKind kind) {
  return kind == sql::JoinKind::kRight || kind == sql::JoinKind::kFull;
}

// What both joins share: pairs of rows to output batches, the residual condition, and rows without
// a partner.
class JoinBase : public Operator {
 public:
  JoinBase(const PhysicalNode& node, ExecContext& context, OperatorPtr left, OperatorPtr right,
           bool build_left)
      : node_(node),
        context_(context),
        build_left_(build_left),
        probe_(build_left ? std::move(right) : std::move(left)),
        build_(build_left ? std::move(left) : std::move(right)),
        account_(context.operation_account()) {
    keep_probe_ = build_left ? keeps_right(node.join) : keeps_left(node.join);
    keep_build_ = build_left ? keeps_left(node.join) : keeps_right(node.join);
  }

  Result<void> open() override {
    if (build_ != nullptr) {
      TRY(build_->open());
      Collector collector(node_.children[build_left_ ? 0 : 1]->outputs, context_, account_);
      TRY(collector.add_all(*build_));
      rows_ = collector.finish();
    }
    if (keep_build_) {
      TRY(account_.add(rows_.rows));
      matched_.assign(rows_.rows, 0);
    }
    TRY(prepare());
    return probe_->open();
  }

  Result<bool> pull(type::Batch& batch) override {
    for (;;) {
      TRY(check_cancelled(context_));
      if (draining_) return drain(batch);
      if (probe_row_ >= probe_batch_.rows) {
        TRY_ASSIGN(const bool more, next_probe_rows());
        if (!more) {
          draining_ = true;
          continue;
        }
      }
      probe_rows_.clear();
      build_rows_.clear();
      const size_t first_row = probe_row_;
      find_pairs();
      TRY_ASSIGN(const bool any, emit(first_row, batch));
      if (any) return true;
    }
  }

 protected:
  virtual Result<void> prepare() { return {}; }
  // What finding pairs for probe_batch_ needs. May be done again, on fewer rows.
  virtual Result<void> start_batch() { return {}; }
  // Appends candidate pairs for the probe rows from probe_row_ on, at most about kBatchRows of
  // them, and moves probe_row_ behind those that are done with.
  virtual void find_pairs() = 0;

  const PhysicalNode& node_;
  ExecContext& context_;
  const bool build_left_;
  OperatorPtr probe_;
  OperatorPtr build_;
  MemoryAccount account_;
  BatchParts parts_;
  type::Batch rows_;  // The build side.
  type::Batch probe_batch_;
  size_t probe_row_ = 0;
  std::vector<uint32_t> probe_rows_, build_rows_;  // Candidate pairs.

 private:
  Result<bool> next_probe_rows() {
    while (taken_ == probe_input_.rows) {
      TRY_ASSIGN(const bool more, probe_->next(probe_input_));
      if (!more) return false;
      taken_ = 0;
    }
    TRY_ASSIGN(const size_t rows, parts_.next(probe_input_, taken_, [&](const type::Batch& part) {
      probe_batch_ = part;
      return start_batch();
    }));
    taken_ += rows;
    probe_row_ = 0;
    probe_matched_.assign(rows, 0);
    return true;
  }

  type::Batch side_by_side(type::Batch probe, type::Batch build, size_t rows) const {
    type::Batch& left = build_left_ ? build : probe;
    type::Batch& right = build_left_ ? probe : build;
    left.rows = rows;
    for (type::Column& column : right.columns) left.columns.push_back(std::move(column));
    return std::move(left);
  }

  type::Batch nulls(const PhysicalNode& side, size_t rows) const {
    type::Batch batch;
    for (const plan::OutputColumn& output : side.outputs)
      batch.columns.push_back(null_column(output.type, rows));
    return batch;
  }

  // A probe row without partner is paired with kNone, which reads as NULLs on the build side.
  type::Batch gather_build() const {
    if (std::find(build_rows_.begin(), build_rows_.end(), kNone) == build_rows_.end()) {
      return rows_.gather(build_rows_.data(), build_rows_.size());
    }
    type::Batch batch;
    for (const type::Column& column : rows_.columns) {
      type::ColumnBuilder builder(column.type, build_rows_.size());
      builder.keep(column.owner);
      const bool strings = type::physical(column.type.id) == type::Physical::kString;
      for (const uint32_t row : build_rows_) {
        if (row == kNone || column.is_null(row)) {
          builder.append_null();
        } else if (strings) {
          builder.append_string_view(column.strings()[row]);
        } else {
          builder.append_from(column, row);
        }
      }
      batch.columns.push_back(builder.finish());
    }
    return batch;
  }

  Result<bool> emit(size_t first_row, type::Batch& batch) {
    if (node_.condition != nullptr && !probe_rows_.empty()) {
      const type::Batch candidates =
          side_by_side(probe_batch_.gather(probe_rows_.data(), probe_rows_.size()),
                       rows_.gather(build_rows_.data(), build_rows_.size()), probe_rows_.size());
      kept_.clear();
      TRY(filter_rows(*node_.condition, candidates, context_.eval, kept_));
      for (size_t i = 0; i < kept_.size(); ++i) {
        probe_rows_[i] = probe_rows_[kept_[i]];
        build_rows_[i] = build_rows_[kept_[i]];
      }
      probe_rows_.resize(kept_.size());
      build_rows_.resize(kept_.size());
    }
    if (keep_build_) {
      for (const uint32_t row : build_rows_) matched_[row] = 1;
    }
    if (keep_probe_) {
      for (const uint32_t row : probe_rows_) probe_matched_[row] = 1;
      for (size_t row = first_row; row < probe_row_; ++row) {
        if (probe_matched_[row] != 0) continue;
        probe_rows_.push_back(static_cast<uint32_t>(row));
        build_rows_.push_back(kNone);
      }
    }
    if (probe_rows_.empty()) return false;
    batch = side_by_side(probe_batch_.gather(probe_rows_.data(), probe_rows_.size()),
                         gather_build(), probe_rows_.size());
    return true;
  }

  // Build rows that never found a partner.
  Result<bool> drain(type::Batch& batch) {
    build_rows_.clear();
    while (keep_build_ && drained_ < rows_.rows && build_rows_.size() < kBatchRows) {
      if (matched_[drained_] == 0) build_rows_.push_back(static_cast<uint32_t>(drained_));
      ++drained_;
    }
    if (build_rows_.empty()) return false;
    const size_t count = build_rows_.size();
    batch = side_by_side(nulls(*node_.children[build_left_ ? 1 : 0], count),
                         rows_.gather(build_rows_.data(), count), count);
    return true;
  }

  type::Batch probe_input_;  // Its rows from taken_ on are not in probe_batch_ yet.
  size_t taken_ = 0;
  bool keep_probe_ = false;
  bool keep_build_ = false;
  std::vector<uint8_t> matched_;  // Of build rows; only when they are kept.
  std::vector<uint8_t> probe_matched_;
  std::vector<uint32_t> kept_;
  bool draining_ = false;
  size_t drained_ = 0;
};

// Rows of the build side with equal keys form a chain in row order.
class HashJoin final : public JoinBase {
 public:
  HashJoin(const PhysicalNode& node, ExecContext& context, OperatorPtr left, OperatorPtr right)
      : JoinBase(node, context, std::move(left), std::move(right), node.build_left) {
    const type::TypeId id = node.left_keys[0]->type.id;
    if (node.left_keys.size() == 1 && type::physical(id) == type::Physical::kInt64)
      kind_ = Kind::kInt;
    if (node.left_keys.size() == 1 && plain_strings(id)) kind_ = Kind::kString;
  }

 protected:
  Result<void> prepare() override {
    TRY(account_.add(rows_.rows * sizeof(uint32_t)));
    next_.assign(rows_.rows, kNone);
    const size_t rows_bytes = account_.held();
    std::vector<uint32_t> tail;
    std::vector<type::Column> keys;
    for (size_t from = 0; from < rows_.rows;) {
      const type::Batch some = rows_.slice(from, std::min(kBatchRows, rows_.rows - from));
      TRY_ASSIGN(const size_t done, parts_.next(some, 0, [&](const type::Batch& part) {
        return evaluate_keys(build_left_ ? node_.left_keys : node_.right_keys, part, keys);
      }));
      for (size_t row = 0; row < done; ++row)
        chain(add_key(keys, row), static_cast<uint32_t>(from + row), tail);
      from += done;
      TRY(account_.hold(rows_bytes + ints_.memory_bytes() + strings_.memory_bytes() +
                        2 * head_.capacity() * sizeof(uint32_t)));
    }
    return {};
  }

  Result<void> start_batch() override {
    return evaluate_keys(build_left_ ? node_.right_keys : node_.left_keys, probe_batch_,
                         probe_keys_);
  }

  void find_pairs() override {
    for (; probe_row_ < probe_batch_.rows; ++probe_row_) {
      if (next_row_ == kNone) {
        const uint32_t group = find_key(probe_row_);
        if (group != kNone) next_row_ = head_[group];
      }
      for (; next_row_ != kNone; next_row_ = next_[next_row_]) {
        if (probe_rows_.size() >= kBatchRows) return;
        probe_rows_.push_back(static_cast<uint32_t>(probe_row_));
        build_rows_.push_back(next_row_);
      }
    }
  }

 private:
  enum class Kind : uint8_t { kBytes, kInt, kString };

  Result<void> evaluate_keys(const std::vector<expr::NodePtr>& nodes, const type::Batch& batch,
                             std::vector<type::Column>& keys) {
    keys.clear();
    for (const expr::NodePtr& node : nodes) {
      TRY_ASSIGN(type::Column key, expr::evaluate(*node, batch, context_.eval));
      keys.push_back(std::move(key));
    }
    return {};
  }

  // Hangs a row at the end of its group's chain.
  void chain(uint32_t group, uint32_t row, std::vector<uint32_t>& tail) {
    if (group == kNone) return;
    if (group == head_.size()) {
      head_.push_back(row);
      tail.push_back(row);
    } else {
      next_[tail[group]] = row;
      tail[group] = row;
    }
  }

  // False when a part is NULL: such a row has no partner.
  bool key_bytes(const std::vector<type::Column>& keys, size_t row) {
    key_.clear();
    for (const type::Column& column : keys) {
      if (column.is_null(row)) return false;
      append_cell_key(column, row, key_);
    }
    return true;
  }

  uint32_t add_key(const std::vector<type::Column>& keys, size_t row) {
    if (kind_ == Kind::kBytes) return key_bytes(keys, row) ? strings_.find_or_add(key_) : kNone;
    if (keys[0].is_null(row)) return kNone;
    const size_t at = keys[0].index(row);
    return kind_ == Kind::kInt ? ints_.find_or_add(keys[0].ints()[at])
                               : strings_.find_or_add(keys[0].strings()[at]);
  }

  uint32_t find_key(size_t row) {
    if (kind_ == Kind::kBytes) return key_bytes(probe_keys_, row) ? strings_.find(key_) : kNone;
    if (probe_keys_[0].is_null(row)) return kNone;
    const size_t at = probe_keys_[0].index(row);
    return kind_ == Kind::kInt ? ints_.find(probe_keys_[0].ints()[at])
                               : strings_.find(probe_keys_[0].strings()[at]);
  }

  Kind kind_ = Kind::kBytes;
  IntTable ints_;
  StringTable strings_;
  std::vector<uint32_t> head_, next_;
  uint32_t next_row_ = kNone;  // Of the build side, to be paired with probe_row_; kNone: the first.
  std::vector<type::Column> probe_keys_;
  std::string key_;
};

class NestedLoopJoin final : public JoinBase {
 public:
  NestedLoopJoin(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                 OperatorPtr right)
      : JoinBase(node, context, std::move(left), std::move(right), false) {}

 protected:
  void find_pairs() override {
    while (probe_row_ < probe_batch_.rows && probe_rows_.size() < kBatchRows) {
      const size_t from = build_rows_.size();
      const size_t count = std::min(rows_.rows - next_row_, kBatchRows);
      probe_rows_.resize(from + count, static_cast<uint32_t>(probe_row_));
      build_rows_.resize(from + count);
      std::iota(build_rows_.begin() + static_cast<ptrdiff_t>(from), build_rows_.end(),
                static_cast<uint32_t>(next_row_));
      next_row_ += count;
      if (next_row_ < rows_.rows) return;
      next_row_ = 0;
      ++probe_row_;
    }
  }

 private:
  size_t next_row_ = 0;  // Of the build side, to be paired with probe_row_.
};

// For each batch of the outer side, the rows of the other one that its keys lead to are the build
// side.
class IndexJoin final : public JoinBase {
 public:
  IndexJoin(const PhysicalNode& node, ExecContext& context, OperatorPtr outer)
      : JoinBase(node, context, node.build_left ? nullptr : std::move(outer),
                 node.build_left ? std::move(outer) : nullptr, node.build_left),
        scan_(node.children[node.build_left ? 0 : 1]->scan),
        key_{scan_.index.columns} {}

 protected:
  Result<void> prepare() override {
    TRY_ASSIGN(source_, open_table(scan_, context_));
    if (!scan_.point) TRY(lookup_.open(source_, key_, context_));
    reader_.emplace(context_, source_, scan_);
    return {};
  }

  Result<void> start_batch() override {
    std::vector<type::Column> keys;
    for (const expr::NodePtr& node : node_.lookup_keys) {
      TRY_ASSIGN(type::Column key, expr::evaluate(*node, probe_batch_, context_.eval));
      keys.push_back(std::move(key));
    }
    // Each value is looked up once a batch.
    std::unordered_map<std::string, uint32_t> groups;
    std::vector<std::string> values;
    group_of_.assign(probe_batch_.rows, kNone);
    for (size_t row = 0; row < probe_batch_.rows; ++row) {
      std::string value;
      TRY_ASSIGN(const bool present, append_value(keys, row, value));
      if (!present) continue;
      const auto [at, is_new] = groups.try_emplace(value, static_cast<uint32_t>(values.size()));
      if (is_new) values.push_back(std::move(value));
      group_of_[row] = at->second;
    }
    return read_rows(values);
  }

  void find_pairs() override {
    for (; probe_row_ < probe_batch_.rows; ++probe_row_, next_row_ = 0) {
      const uint32_t group = group_of_[probe_row_];
      if (group == kNone) continue;
      for (const std::vector<uint32_t>& rows = rows_of_[group]; next_row_ < rows.size(); ++next_row_) {
        if (probe_rows_.size() >= kBatchRows) return;
        probe_rows_.push_back(static_cast<uint32_t>(probe_row_));
        build_rows_.push_back(rows[next_row_]);
      }
    }
  }

 private:
  // False when a part is NULL: such a row has no partner.
  Result<bool> append_value(const std::vector<type::Column>& keys, size_t row,
                            std::string& value) const {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].is_null(row)) return false;
      TRY(derived::append_index_value(key_.columns[i], keys[i].value(row), value));
    }
    return true;
  }

  // The rows of all values into rows_, and which of them each value has.
  Result<void> read_rows(const std::vector<std::string>& values) {
    rows_of_.assign(values.size(), {});
    std::vector<std::string> row_keys;
    std::vector<uint32_t> value_of;
    for (uint32_t i = 0; i < values.size(); ++i) {
      if (scan_.point) {
        row_keys.push_back(values[i]);
      } else {
        const size_t from = row_keys.size();
        lookup_.find(values[i], derived::after_prefix(values[i]), row_keys);
        std::sort(row_keys.begin() + static_cast<ptrdiff_t>(from), row_keys.end());
      }
      value_of.resize(row_keys.size(), i);
    }
    std::vector<uint32_t> found;
    TRY_ASSIGN(rows_, reader_->read_found(row_keys, found));
    TRY(account_.hold(batch_bytes(rows_)));
    std::vector<uint32_t> kept(found.size());
    std::iota(kept.begin(), kept.end(), 0u);
    if (scan_.filter != nullptr) {
      kept.clear();
      TRY(expr::evaluate_filter(*scan_.filter, rows_, context_.eval, kept));
      rows_ = rows_.gather(kept.data(), kept.size());
    }
    rows_.rows = kept.size();
    rows_.columns.resize(scan_.output_columns);
    for (uint32_t row = 0; row < kept.size(); ++row)
      rows_of_[value_of[found[kept[row]]]].push_back(row);
    return {};
  }

  const plan::ScanSpec& scan_;
  derived::IndexKey key_;
  TableSource source_;
  IndexLookup lookup_;
  std::optional<RowReader> reader_;
  std::vector<uint32_t> group_of_;              // Of probe rows.
  std::vector<std::vector<uint32_t>> rows_of_;  // Of groups: rows in rows_.
  size_t next_row_ = 0;                         // Of its group, to be paired with probe_row_.
};

}  // namespace

OperatorPtr make_index_join(const PhysicalNode& node, ExecContext& context, OperatorPtr outer) {
  return std::make_unique<IndexJoin>(node, context, std::move(outer));
}
OperatorPtr make_hash_join(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                           OperatorPtr right) {
  return std::make_unique<HashJoin>(node, context, std::move(left), std::move(right));
}
OperatorPtr make_nested_loop_join(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                                  OperatorPtr right) {
  return std::make_unique<NestedLoopJoin>(node, context, std::move(left), std::move(right));
}

}  // namespace rowan::exec
