// Subqueries in expressions. One that reads nothing of the outer query runs once, also one whose
// rows are looked up by keys; the others run once for each distinct set of outer values, or for each
// row when they hold something volatile.
#include <memory>
#include <unordered_map>

#include "base/limits.h"
#include "exec/batch_parts.h"
#include "exec/keys.h"
#include "exec/operators.h"

namespace rowan::exec {

namespace {

constexpr size_t kRememberedAnswersMax = 65'536;
constexpr size_t kAnswerBytes = 160;  // What one takes in its table, about.

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
      : node_(node),
        spec_(node.apply),
        context_(context),
        input_(std::move(input)),
        account_(context.operation_account()) {
    for (const expr::NodePtr& parameter : spec_.parameters) parts_.will_evaluate(*parameter);
    for (const expr::NodePtr& key : spec_.outer_keys) parts_.will_evaluate(*key);
    if (spec_.operand != nullptr) parts_.will_evaluate(*spec_.operand);
  }

  Result<void> open() override { return input_->open(); }

  Result<bool> pull(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    while (at_ == below_.rows) {
      TRY_ASSIGN(const bool more, input_->next(below_));
      if (!more) return false;
      at_ = 0;
    }
    if (!spec_.outer_keys.empty() && keys_ == nullptr) TRY(read_keys());
    TRY_ASSIGN(size_t rows, parts_.next(below_, at_, [&](const type::Batch& part) {
      batch = part;
      return evaluate(part);
    }));
    type::ColumnBuilder builder(node_.outputs.back().type, rows);
    TRY_ASSIGN(rows, spec_.outer_keys.empty() ? append_answers(rows, builder)
                                              : look_up(rows, builder));
    if (rows < batch.rows) batch = batch.slice(0, rows);
    batch.columns.push_back(builder.finish());
    at_ += rows;
    return true;
  }

 private:
  Result<void> evaluate(const type::Batch& batch) {
    outer_.clear();
    const auto& nodes = spec_.outer_keys.empty() ? spec_.parameters : spec_.outer_keys;
    for (const expr::NodePtr& node : nodes) {
      TRY_ASSIGN(type::Column column, expr::evaluate(*node, batch, context_.eval));
      outer_.push_back(std::move(column));
    }
    if (spec_.operand != nullptr) {
      TRY_ASSIGN(operand_, expr::evaluate(*spec_.operand, batch, context_.eval));
    }
    return {};
  }

  // Gives how many of the rows got their answer: fewer where these are long.
  Result<size_t> append_answers(size_t rows, type::ColumnBuilder& builder) {
    std::string key;
    size_t bytes = 0;
    for (size_t row = 0; row < rows; ++row) {
      key.clear();
      for (const type::Column& column : outer_) append_cell_key(column, row, key);
      TRY_ASSIGN(const Answer* answer, answer_for(key, outer_, row));
      append(*answer, operand_, row, builder);
      bytes += answer_bytes(*answer);
      if (bytes > kBatchTextBytes) return row + 1;
    }
    return rows;
  }

  // EXISTS by keys: whether the query gives a row with the outer row's values. NULL equals nothing.
  Result<size_t> look_up(size_t rows, type::ColumnBuilder& builder) {
    for (size_t row = 0; row < rows; ++row) {
      const bool exists = key_of(outer_, row) && keys_->find(cell_) != StringTable::kNone;
      builder.append_int(exists != spec_.negated ? 1 : 0);
    }
    return rows;
  }

  static size_t answer_bytes(const Answer& answer) {
    const type::Value& value = answer.scalar;
    const bool is_text =
        !value.is_null() && type::physical(value.type().id) == type::Physical::kString;
    return is_text ? value.as_string().size() : 0;
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
      TRY(account_.hold(keys_->memory_bytes()));
    }
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
    const size_t bytes = kAnswerBytes + key.size() + answer_bytes(answer) +
                         (answer.values == nullptr ? 0 : answer.values->memory_bytes());
    // They are remembered only to save work.
    if (answers_.size() >= kRememberedAnswersMax || account_.held() + bytes > context_.work_mem / 2) {
      answers_.clear();
      TRY(account_.hold(0));
    }
    TRY(account_.add(bytes));
    return &answers_.insert_or_assign(key, std::move(answer)).first->second;
  }

  Result<Answer> run(const std::vector<type::Column>& outer, size_t row) {
    std::vector<type::Value> parameters;
    if (context_.eval.parameters != nullptr) parameters = *context_.eval.parameters;
    if (parameters.size() < spec_.parameter_count) parameters.resize(spec_.parameter_count);
    for (size_t i = 0; i < outer.size(); ++i)
      parameters[spec_.parameter_slots[i]] = outer[i].value(row);
    ExecContext inner{context_.manager,  context_.transaction, context_.eval,
                      context_.work_mem, context_.memory,      context_.threads};
    inner.eval.parameters = &parameters;
    OperatorPtr root = build_node(*node_.children[1], inner);
    TRY(root->open());
    return read(*root);
  }

  Result<Answer> read(Operator& root) {
    Answer answer;
    MemoryAccount account = context_.operation_account();
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
      TRY(account.hold(answer.values->memory_bytes()));
    }
  }

  const PhysicalNode& node_;
  const plan::ApplySpec& spec_;
  ExecContext& context_;
  OperatorPtr input_;
  BatchParts parts_;
  type::Batch below_;  // Its rows from at_ on are still to be done.
  size_t at_ = 0;
  std::vector<type::Column> outer_;  // Of the rows that are being answered.
  type::Column operand_;
  MemoryAccount account_;
  std::unordered_map<std::string, Answer> answers_;
  std::string cell_;
  std::unique_ptr<StringTable> keys_;  // Those of the query's rows, when they are looked up.
};

}  // namespace

OperatorPtr make_apply(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Apply>(node, context, std::move(input));
}

}  // namespace rowan::exec
