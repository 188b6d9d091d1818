// Hash aggregation, DISTINCT and the set operations: everything that finds equal rows by hashing.
#include <algorithm>

#include "base/limits.h"
#include "exec/batch_parts.h"
#include "exec/keys.h"
#include "exec/operators.h"
#include "exec/ordered_input.h"

namespace rowan::exec {

namespace {

// Numbers rows by equal keys, in order of first appearance.
class Grouper {
 public:
  explicit Grouper(std::vector<type::Type> types) : types_(std::move(types)) {
    if (types_.size() == 1 && type::physical(types_[0].id) == type::Physical::kInt64) {
      kind_ = Kind::kInt;
    } else if (types_.size() == 1 && plain_strings(types_[0].id)) {
      kind_ = Kind::kString;
    }
    for (const type::Type& type : types_) builders_.emplace_back(type);
  }

  size_t groups() const { return groups_; }
  size_t memory_bytes() const {
    return ints_.memory_bytes() + strings_.memory_bytes() * 2 + groups_ * types_.size() * 16;
  }

  void assign(const std::vector<type::Column>& keys, size_t rows, std::vector<uint32_t>& out) {
    out.resize(rows);
    switch (kind_) {
      case Kind::kInt:
        return assign_ints(keys[0], rows, out);
      case Kind::kString:
        return assign_strings(keys[0], rows, out);
      case Kind::kBytes:
        break;
    }
    for (size_t row = 0; row < rows; ++row) {
      key_.clear();
      for (const type::Column& column : keys) append_cell_key(column, row, key_);
      const uint32_t group = strings_.find_or_add(key_);
      if (group == groups_) add_group(keys, row);
      out[row] = group;
    }
  }

  // The key columns, one row a group.
  std::vector<type::Column> finish() {
    std::vector<type::Column> columns;
    for (type::ColumnBuilder& builder : builders_) columns.push_back(builder.finish());
    return columns;
  }

 private:
  enum class Kind : uint8_t { kBytes, kInt, kString };

  void add_group(const std::vector<type::Column>& keys, size_t row) {
    for (size_t i = 0; i < keys.size(); ++i) builders_[i].append_from(keys[i], row);
    ++groups_;
  }

  uint32_t null_group() {
    if (null_group_ == kNone) {
      null_group_ = static_cast<uint32_t>(groups_++);
      builders_[0].append_null();
    }
    return null_group_;
  }

  // Tables number their keys without NULL; the group of NULL comes in between when it is met.
  uint32_t past_null(uint32_t index) const { return index >= null_group_ ? index + 1 : index; }

  void assign_ints(const type::Column& column, size_t rows, std::vector<uint32_t>& out) {
    const int64_t* data = column.ints();
    for (size_t row = 0; row < rows; ++row) {
      if (column.is_null(row)) {
        out[row] = null_group();
        continue;
      }
      const int64_t value = data[column.index(row)];
      const uint32_t group = past_null(ints_.find_or_add(value));
      if (group == groups_) {
        builders_[0].append_int(value);
        ++groups_;
      }
      out[row] = group;
    }
  }

  void assign_strings(const type::Column& column, size_t rows, std::vector<uint32_t>& out) {
    const std::string_view* data = column.strings();
    for (size_t row = 0; row < rows; ++row) {
      if (column.is_null(row)) {
        out[row] = null_group();
        continue;
      }
      const std::string_view value = data[column.index(row)];
      const uint32_t group = past_null(strings_.find_or_add(value));
      if (group == groups_) {
        builders_[0].append_string(value);
        ++groups_;
      }
      out[row] = group;
    }
  }

  static constexpr uint32_t kNone = UINT32_MAX;
  Kind kind_ = Kind::kBytes;
  std::vector<type::Type> types_;
  std::vector<type::ColumnBuilder> builders_;
  IntTable ints_;
  StringTable strings_;
  std::string key_;
  size_t groups_ = 0;
  uint32_t null_group_ = kNone;
};

std::vector<type::Type> types_of(const std::vector<expr::NodePtr>& nodes) {
  std::vector<type::Type> types;
  for (const expr::NodePtr& node : nodes) types.push_back(node->type);
  return types;
}

class Aggregate final : public Operator {
 public:
  Aggregate(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node),
        context_(context),
        input_(std::move(input)),
        grouper_(types_of(node.expressions)),
        account_(context.operation_account()) {
    for (const expr::NodePtr& expression : node.expressions) parts_.will_evaluate(*expression);
    for (const plan::AggregateItem& item : node.aggregates) {
      if (item.filter != nullptr) parts_.will_evaluate(*item.filter);
      for (const expr::NodePtr& argument : item.arguments) parts_.will_evaluate(*argument);
    }
    inputs_.resize(node.aggregates.size());
  }

  Result<void> open() override {
    TRY(input_->open());
    const bool plain = node_.expressions.empty();
    for (const plan::AggregateItem& item : node_.aggregates) {
      expr::AggregateSpec spec = item.spec;
      spec.distinct = spec.distinct && item.order.empty();  // Else its input is.
      states_.push_back(expr::AggregateState::make(spec));
      ordered_.emplace_back(item);
      if (plain) states_.back()->resize(1);
    }
    type::Batch batch;
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (!more) break;
      for (size_t from = 0; from < batch.rows;) {
        size_t rows = 0;
        TRY_ASSIGN(const size_t done, parts_.next(batch, from, [&](const type::Batch& part) {
          rows = part.rows;
          return evaluate(part);
        }));
        TRY(add(rows, plain));
        from += done;
      }
    }
    TRY(account_.add(account_.held()));  // What is found is written down once more.
    result_.rows = plain ? 1 : grouper_.groups();
    if (!plain) result_.columns = grouper_.finish();
    for (size_t i = 0; i < states_.size(); ++i) {
      if (!node_.aggregates[i].order.empty()) TRY(ordered_[i].hand_on(*states_[i]));
      TRY_ASSIGN(type::Column column, states_[i]->finish());
      result_.columns.push_back(std::move(column));
    }
    return {};
  }

  Result<bool> pull(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    const size_t rows = std::min(result_.rows - at_, kBatchRows);
    if (rows == 0) return false;
    batch = result_.slice(at_, rows);
    batch.rows = rows;
    at_ += rows;
    return true;
  }

 private:
  // What an aggregate is handed of some rows.
  struct Input {
    std::vector<type::Column> arguments;
    std::vector<uint32_t> kept;  // By its filter.
    size_t rows = 0;
  };

  // May be done again on fewer rows: nothing is added yet.
  Result<void> evaluate(const type::Batch& batch) {
    keys_.clear();
    for (const expr::NodePtr& expression : node_.expressions) {
      TRY_ASSIGN(type::Column key, expr::evaluate(*expression, batch, context_.eval));
      keys_.push_back(std::move(key));
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const plan::AggregateItem& item = node_.aggregates[i];
      Input& input = inputs_[i];
      input.kept.clear();
      if (item.filter == nullptr) {
        TRY(evaluate_arguments(item, batch, input));
        continue;
      }
      TRY(expr::evaluate_filter(*item.filter, batch, context_.eval, input.kept));
      type::Batch kept = batch.gather(input.kept.data(), input.kept.size());
      kept.rows = input.kept.size();
      TRY(evaluate_arguments(item, kept, input));
    }
    return {};
  }

  Result<void> evaluate_arguments(const plan::AggregateItem& item, const type::Batch& batch,
                                  Input& input) {
    input.rows = batch.rows;
    input.arguments.clear();
    if (batch.rows == 0) return {};
    for (const expr::NodePtr& argument : item.arguments) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*argument, batch, context_.eval));
      input.arguments.push_back(std::move(column));
    }
    return {};
  }

  Result<void> add(size_t rows, bool plain) {
    if (!plain) {
      grouper_.assign(keys_, rows, groups_);
      for (const auto& state : states_) state->resize(grouper_.groups());
    }
    std::vector<uint32_t> groups;
    for (size_t i = 0; i < states_.size(); ++i) {
      const Input& input = inputs_[i];
      if (input.rows == 0) continue;
      const uint32_t* into = plain ? nullptr : groups_.data();
      if (!plain && node_.aggregates[i].filter != nullptr) {
        groups.resize(input.rows);
        for (size_t row = 0; row < input.rows; ++row) groups[row] = groups_[input.kept[row]];
        into = groups.data();
      }
      if (node_.aggregates[i].order.empty()) {
        TRY(states_[i]->add(input.arguments, into, input.rows));
      } else {
        ordered_[i].add(input.arguments, into, input.rows);
      }
    }
    size_t bytes = grouper_.memory_bytes();
    for (const auto& state : states_) bytes += state->memory_bytes();
    for (const OrderedInput& ordered : ordered_) bytes += ordered.memory_bytes();
    return account_.hold(bytes);
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  BatchParts parts_;
  Grouper grouper_;
  std::vector<std::unique_ptr<expr::AggregateState>> states_;
  std::vector<type::Column> keys_;  // Of the rows that are added next, as are the next two.
  std::vector<Input> inputs_;
  std::vector<OrderedInput> ordered_;  // One a state; used where an order is asked for.
  std::vector<uint32_t> groups_;
  MemoryAccount account_;
  type::Batch result_;
  size_t at_ = 0;
};

// Gives each row whose key was not seen before; for DISTINCT ON the key is some of the columns.
class Distinct final : public Operator {
 public:
  Distinct(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node),
        context_(context),
        input_(std::move(input)),
        account_(context.operation_account()) {}
  Result<void> open() override { return input_->open(); }

  Result<bool> pull(type::Batch& batch) override {
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (!more) return false;
      rows_.clear();
      for (size_t row = 0; row < batch.rows; ++row) {
        key_.clear();
        if (node_.distinct_on.empty()) {
          for (const type::Column& column : batch.columns) append_cell_key(column, row, key_);
        } else {
          for (const uint32_t column : node_.distinct_on)
            append_cell_key(batch.columns[column], row, key_);
        }
        const size_t before = seen_.size();
        if (seen_.find_or_add(key_) == before) rows_.push_back(static_cast<uint32_t>(row));
      }
      TRY(account_.hold(seen_.memory_bytes()));
      if (rows_.empty()) continue;
      if (rows_.size() < batch.rows) batch = keep_rows(batch, rows_);
      return true;
    }
  }

 private:
  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  MemoryAccount account_;
  StringTable seen_;
  std::string key_;
  std::vector<uint32_t> rows_;
};

// UNION streams both sides; INTERSECT and EXCEPT count the right side first, then stream the left.
class SetOperation final : public Operator {
 public:
  SetOperation(const PhysicalNode& node, ExecContext& context, OperatorPtr left, OperatorPtr right)
      : node_(node),
        context_(context),
        left_(std::move(left)),
        right_(std::move(right)),
        account_(context.operation_account()) {}

  Result<void> open() override {
    TRY(left_->open());
    TRY(right_->open());
    if (node_.set_operation == sql::SetOperation::kUnion) return {};
    type::Batch batch;
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, right_->next(batch));
      if (!more) return {};
      for (size_t row = 0; row < batch.rows; ++row) {
        const uint32_t index = number(batch, row);
        ++on_right_[index];
      }
      TRY(count_memory());
    }
  }

  Result<bool> pull(type::Batch& batch) override {
    for (;;) {
      TRY(check_cancelled(context_));
      bool more = false;
      if (!left_done_) {
        TRY_ASSIGN(more, left_->next(batch));
        left_done_ = !more;
      }
      if (left_done_ && node_.set_operation == sql::SetOperation::kUnion) {
        TRY_ASSIGN(more, right_->next(batch));
      }
      if (!more) return false;
      if (node_.set_operation == sql::SetOperation::kUnion && node_.set_all) return true;
      rows_.clear();
      for (size_t row = 0; row < batch.rows; ++row) {
        if (keeps(number(batch, row))) rows_.push_back(static_cast<uint32_t>(row));
      }
      TRY(count_memory());
      if (rows_.empty()) continue;
      if (rows_.size() < batch.rows) batch = keep_rows(batch, rows_);
      return true;
    }
  }

 private:
  uint32_t number(const type::Batch& batch, size_t row) {
    key_.clear();
    for (const type::Column& column : batch.columns) append_cell_key(column, row, key_);
    const uint32_t index = table_.find_or_add(key_);
    if (index == on_right_.size()) {
      on_right_.push_back(0);
      given_.push_back(false);
    }
    return index;
  }

  Result<void> count_memory() {
    return account_.hold(table_.memory_bytes() + on_right_.capacity() * sizeof(uint64_t));
  }

  bool keeps(uint32_t index) {
    uint64_t& right = on_right_[index];
    switch (node_.set_operation) {
      case sql::SetOperation::kIntersect:
        if (right == 0) return false;
        if (node_.set_all) --right;
        break;
      case sql::SetOperation::kExcept:
        if (right == 0) break;
        if (node_.set_all) --right;
        return false;
      default:
        break;
    }
    if (node_.set_all) return true;
    const bool first = !given_[index];
    given_[index] = true;
    return first;
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr left_;
  OperatorPtr right_;
  MemoryAccount account_;
  StringTable table_;
  std::vector<uint64_t> on_right_;
  std::vector<bool> given_;
  std::string key_;
  std::vector<uint32_t> rows_;
  bool left_done_ = false;
};

}  // namespace

OperatorPtr make_aggregate(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Aggregate>(node, context, std::move(input));
}
OperatorPtr make_distinct(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Distinct>(node, context, std::move(input));
}
OperatorPtr make_set_operation(const PhysicalNode& node, ExecContext& context, OperatorPtr left,
                               OperatorPtr right) {
  return std::make_unique<SetOperation>(node, context, std::move(left), std::move(right));
}

}  // namespace rowan::exec
