// Subqueries in expressions. One that reads nothing of the outer query runs once, also one whose
// rows are looked up by keys; the others run once for each distinct set of outer values, or for each
// row when they hold something volatile.
#include <memory>
#include <unordered_map>

#include "exec/keys.h"
#include "exec/operators.h"

namespace rowan::exec {

namespace {

constexpr size_t kRememberedAnswersMax = 65'536;

// What one run of the subquery said.
struct Answer {
  type::Value scalar;
  bool exists = false;
  bool has_null = false;                // IN: some row of it was NULL.
  std::shared_ptr<StringTable> values;  // IN: the others.
};

class Apply final : public Operator {
 public:
  Apply(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node), spec_(node.apply), context_(context), input_(std::move(input)) {}

  Result<void> open() override { return input_->open(); }

  Result<bool> next(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    TRY_ASSIGN(const bool more, input_->next(batch));
    if (!more) return false;
    if (!spec_.outer_keys.empty()) return look_up(batch);
    std::vector<type::Column> outer;
    for (const expr::NodePtr& parameter : spec_.parameters) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*parameter, batch, context_.eval));
      outer.push_back(std::move(column));
    }
    type::Column operand;
    if (spec_.operand != nullptr) {
      TRY_ASSIGN(operand, expr::evaluate(*spec_.operand, batch, context_.eval));
    }
    const type::Type type = node_.outputs.back().type;
    type::ColumnBuilder builder(type, batch.rows);
    std::string key;
    for (size_t row = 0; row < batch.rows; ++row) {
      key.clear();
      for (const type::Column& column : outer) append_cell_key(column, row, key);
      TRY_ASSIGN(const Answer* answer, answer_for(key, outer, row));
      append(*answer, operand, row, builder);
    }
    batch.columns.push_back(builder.finish());
    return true;
  }

 private:
  // EXISTS by keys: whether the query gives a row with the outer row's values. NULL equals nothing.
  Result<bool> look_up(type::Batch& batch) {
    if (keys_ == nullptr) TRY(read_keys());
    std::vector<type::Column> outer;
    for (const expr::NodePtr& key : spec_.outer_keys) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*key, batch, context_.eval));
      outer.push_back(std::move(column));
    }
    type::ColumnBuilder builder(node_.outputs.back().type, batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      const bool exists = key_of(outer, row) && keys_->find(cell_) != StringTable::kNone;
      builder.append_int(exists != spec_.negated ? 1 : 0);
    }
    batch.columns.push_back(builder.finish());
    return true;
  }

  bool key_of(const std::vector<type::Column>& columns, size_t row) {
    cell_.clear();
    for (const type::Column& column : columns) {
      if (column.is_null(row)) return false;
      append_cell_key(column, row, cell_);
    }
    return true;
  }

  Result<void> read_keys() {
    keys_ = std::make_unique<StringTable>();
    const OperatorPtr root = build_node(*node_.children[1], context_);
    TRY(root->open());
    type::Batch batch;
    for (;;) {
      TRY_ASSIGN(const bool more, root->next(batch));
      if (!more) return {};
      for (size_t row = 0; row < batch.rows; ++row) {
        if (key_of(batch.columns, row)) keys_->find_or_add(cell_);
      }
      if (keys_->memory_bytes() > context_.memory_bytes) return too_much_memory();
    }
  }

  static Error too_much_memory() {
    return Error(ErrorCode::kOutOfMemory, "out of memory")
        .with_detail("The rows of a subquery need more memory than the statement may use.");
  }

  void append(const Answer& answer, const type::Column& operand, size_t row,
              type::ColumnBuilder& builder) {
    switch (spec_.kind) {
      case plan::ApplyKind::kScalar:
        if (answer.scalar.is_null()) return builder.append_null();
        return builder.append(answer.scalar);
      case plan::ApplyKind::kExists:
        return builder.append_int(answer.exists != spec_.negated ? 1 : 0);
      case plan::ApplyKind::kIn:
        break;
    }
    // x IN (nothing) is false even for NULL; otherwise NULL on either side leaves the answer open.
    if (!answer.exists) return builder.append_int(spec_.negated ? 1 : 0);
    if (operand.is_null(row)) return builder.append_null();
    cell_.clear();
    append_cell_key(operand, row, cell_);
    if (answer.values->find(cell_) != StringTable::kNone)
      return builder.append_int(spec_.negated ? 0 : 1);
    if (answer.has_null) return builder.append_null();
    builder.append_int(spec_.negated ? 1 : 0);
  }

  Result<const Answer*> answer_for(const std::string& key, const std::vector<type::Column>& outer,
                                   size_t row) {
    const auto known = answers_.find(key);
    const bool again = spec_.is_volatile && !spec_.parameters.empty();
    if (known != answers_.end() && !again) return &known->second;
    TRY(check_cancelled(context_));
    TRY_ASSIGN(Answer answer, run(outer, row));
    if (answers_.size() >= kRememberedAnswersMax) answers_.clear();
    return &answers_.insert_or_assign(key, std::move(answer)).first->second;
  }

  Result<Answer> run(const std::vector<type::Column>& outer, size_t row) {
    std::vector<type::Value> parameters;
    if (context_.eval.parameters != nullptr) parameters = *context_.eval.parameters;
    if (parameters.size() < spec_.parameter_count) parameters.resize(spec_.parameter_count);
    for (size_t i = 0; i < outer.size(); ++i)
      parameters[spec_.parameter_slots[i]] = outer[i].value(row);
    ExecContext inner{context_.manager, context_.transaction, context_.eval, context_.memory_bytes,
                      context_.threads};
    inner.eval.parameters = &parameters;
    OperatorPtr root = build_node(*node_.children[1], inner);
    TRY(root->open());
    return read(*root);
  }

  Result<Answer> read(Operator& root) {
    Answer answer;
    if (spec_.kind == plan::ApplyKind::kIn) answer.values = std::make_shared<StringTable>();
    type::Batch batch;
    std::string key;
    for (;;) {
      TRY_ASSIGN(const bool more, root.next(batch));
      if (!more) return answer;
      if (batch.rows == 0) continue;
      if (spec_.kind == plan::ApplyKind::kScalar && (answer.exists || batch.rows > 1)) {
        return Error(ErrorCode::kCardinalityViolation,
                     "more than one row returned by a subquery used as an expression");
      }
      answer.exists = true;
      if (spec_.kind == plan::ApplyKind::kExists) return answer;
      if (spec_.kind == plan::ApplyKind::kScalar) {
        answer.scalar = batch.columns[0].value(0);
        continue;
      }
      for (size_t row = 0; row < batch.rows; ++row) {
        if (batch.columns[0].is_null(row)) {
          answer.has_null = true;
          continue;
        }
        key.clear();
        append_cell_key(batch.columns[0], row, key);
        answer.values->find_or_add(key);
      }
      if (answer.values->memory_bytes() > context_.memory_bytes) {
        return too_much_memory();
      }
    }
  }

  const PhysicalNode& node_;
  const plan::ApplySpec& spec_;
  ExecContext& context_;
  OperatorPtr input_;
  std::unordered_map<std::string, Answer> answers_;
  std::string cell_;
  std::unique_ptr<StringTable> keys_;  // Those of the query's rows, when they are looked up.
};

}  // namespace

OperatorPtr make_apply(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Apply>(node, context, std::move(input));
}

}  // namespace rowan::exec
