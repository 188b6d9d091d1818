// Evaluation of bound expressions over batches.
#include <algorithm>
#include <array>

#include "base/ensure.h"
#include "expr/compare.h"
#include "expr/constant_set.h"
#include "expr/expr.h"
#include "expr/filter.h"
#include "expr/kernels.h"

namespace rowan::expr {

using type::Batch;
using type::Physical;

Column constant_column(const Value& value, size_t rows) {
  if (value.is_null()) return null_column(value.type(), rows);
  Column column;
  column.type = value.type();
  column.constant = true;
  column.size = rows;
  type::with_cell(physical(value.type().id), [&]<typename T>() {
    if constexpr (std::is_same_v<T, std::string_view>) {
      struct Text {
        std::string bytes;
        std::string_view view;
      };
      auto item = std::make_shared<Text>(Text{value.as_string(), {}});
      item->view = item->bytes;
      column.data = &item->view;
      column.owner = std::move(item);
    } else {
      auto item = std::make_shared<T>(type::cell_of<T>(value.datum()));
      column.data = item.get();
      column.owner = std::move(item);
    }
  });
  return column;
}

Column null_column(Type type, size_t rows) {
  // Lives for ever, so that a NULL needs no owner.
  static constexpr uint8_t kNull = 1;
  Column column;
  column.type = type;
  column.constant = true;
  column.size = rows;
  column.data = type::with_cell(physical(type.id), []<typename T>() -> const void* {
    static constexpr T kZero{};
    return &kZero;
  });
  column.nulls = &kNull;
  return column;
}

Column bool_column(bool value, size_t rows) {
  static constexpr int64_t kBooleans[2] = {0, 1};
  Column column;
  column.type = {TypeId::kBool};
  column.constant = true;
  column.size = rows;
  column.data = &kBooleans[value ? 1 : 0];
  return column;
}

Batch gather_used(const Node& node, const Batch& input, std::span<const uint32_t> rows) {
  std::vector<uint32_t> used;
  collect_columns(node, used);
  Batch subset;
  subset.rows = rows.size();
  if (used.empty()) return subset;
  subset.columns.resize(used.back() + 1);
  for (const uint32_t index : used) {
    const Column& column = input.columns[index];
    if (column.constant) {
      subset.columns[index] = column;
      subset.columns[index].size = rows.size();
    } else {
      subset.columns[index] = column.gather(rows.data(), rows.size());
    }
  }
  return subset;
}

namespace {

Result<Column> eval(const Node& node, const Batch& input, const EvalContext& context);

// Both owners, where there are two.
std::shared_ptr<const void> both(std::shared_ptr<const void> a, std::shared_ptr<const void> b) {
  if (a == nullptr) return b;
  if (b == nullptr || a == b) return a;
  return std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
      std::move(a), std::move(b));
}

// ---- Calls ----

struct Mask {
  const uint8_t* nulls = nullptr;
  std::shared_ptr<const void> owner;
};

// The rows where any argument is NULL.
Mask merge_masks(std::span<const Column> arguments, size_t rows) {
  Mask mask;
  std::shared_ptr<uint8_t[]> merged;
  for (const Column& argument : arguments) {
    if (argument.nulls == nullptr || argument.constant) continue;
    if (mask.nulls == nullptr) {
      mask = {argument.nulls, argument.owner};
      continue;
    }
    if (merged == nullptr) {
      merged = std::make_shared_for_overwrite<uint8_t[]>(rows);
      std::memcpy(merged.get(), mask.nulls, rows);
      mask = {merged.get(), merged};
    }
    for (size_t i = 0; i < rows; ++i) merged[i] |= argument.nulls[i];
  }
  return mask;
}

void attach_mask(Column& result, const Mask& mask, size_t rows) {
  if (mask.nulls == nullptr || result.nulls == mask.nulls) return;
  if (result.nulls == nullptr) {
    result.nulls = mask.nulls;
    result.owner = both(std::move(result.owner), mask.owner);
    return;
  }
  auto merged = std::make_shared_for_overwrite<uint8_t[]>(rows);
  for (size_t i = 0; i < rows; ++i) merged[i] = result.nulls[i] | mask.nulls[i];
  result.nulls = merged.get();
  result.owner = both(std::move(result.owner), std::move(merged));
}

Result<Column> run_kernel(const Node& node, std::span<Column> arguments, size_t batch_rows,
                          const EvalContext& context) {
  const Function& function = *node.function;
  bool all_constant = !function.is_volatile();
  for (const Column& argument : arguments) all_constant = all_constant && argument.constant;
  KernelInput kernel_input;
  kernel_input.arguments = arguments;
  kernel_input.rows = all_constant ? 1 : batch_rows;
  kernel_input.result_type = node.type;
  kernel_input.context = &context;
  kernel_input.element = node.element_function;
  Mask mask;
  if (function.traits.strict) {
    for (const Column& argument : arguments) {
      if (argument.constant && argument.is_null(0)) return null_column(node.type, batch_rows);
    }
    mask = merge_masks(arguments, batch_rows);
    kernel_input.nulls = mask.nulls;
  }
  TRY_ASSIGN(Column result, function.body.kernel(kernel_input));
  attach_mask(result, mask, batch_rows);
  result.type = node.type;
  if (all_constant) {
    result.constant = true;
    result.size = batch_rows;
  }
  return result;
}

Result<Column> eval_call(const Node& node, const Batch& input, const EvalContext& context) {
  constexpr size_t kFew = 3;
  std::array<Column, kFew> few;
  std::vector<Column> many;
  const size_t count = node.children.size();
  if (count > kFew) many.resize(count);
  const std::span<Column> arguments(count > kFew ? many.data() : few.data(), count);
  for (size_t i = 0; i < count; ++i) {
    TRY_ASSIGN(arguments[i], eval(*node.children[i], input, context));
  }
  return run_kernel(node, arguments, input.rows, context);
}

// ---- Casts ----

Result<Column> eval_cast(const Node& node, const Batch& input, const EvalContext& context) {
  TRY_ASSIGN(Column column, eval(*node.children[0], input, context));
  const Type from = column.type;
  const bool assigns_char =
      node.type.id == TypeId::kChar && node.cast_context == type::CastContext::kAssignment;
  if (is_relabel(from, node.type) && !assigns_char) {
    column.type = node.type;
    return column;
  }
  if (column.constant) {
    TRY_ASSIGN(const Value value, type::cast(column.value(0), node.type, node.cast_context,
                                              context.transaction_time_us));
    Column result = constant_column(value, input.rows);
    result.type = node.type;
    return result;
  }
  if (type::is_integer(from.id) && node.type.id == TypeId::kFloat8) {
    auto out = make_fixed<double>(node.type, input.rows);
    const int64_t* ints = column.ints();
    for (size_t i = 0; i < input.rows; ++i) out.data[i] = static_cast<double>(ints[i]);
    attach_mask(out.column, {column.nulls, column.owner}, input.rows);
    return std::move(out.column);
  }
  TRY_ASSIGN(Column result, type::cast(column, node.type, node.cast_context,
                                       context.transaction_time_us));
  result.type = node.type;
  return result;
}

// ---- AND, OR, NOT, IS … ----

enum Truth : uint8_t { kFalse = 0, kTrue = 1, kNull = 2 };

Truth truth_at(const Column& column, size_t row) {
  if (column.is_null(row)) return kNull;
  return column.ints()[column.index(row)] != 0 ? kTrue : kFalse;
}

Column from_truths(const std::vector<uint8_t>& truths) {
  const size_t rows = truths.size();
  uint8_t any = 0;
  for (const uint8_t truth : truths) any |= truth;
  if ((any & kNull) == 0) {
    auto out = make_fixed<int64_t>({TypeId::kBool}, rows);
    for (size_t i = 0; i < rows; ++i) out.data[i] = truths[i];
    return std::move(out.column);
  }
  auto out = make_nullable<int64_t>({TypeId::kBool}, rows);
  for (size_t i = 0; i < rows; ++i) {
    out.data[i] = truths[i] == kTrue;
    out.nulls[i] = truths[i] == kNull;
  }
  return std::move(out.column);
}

// Cannot fail and costs little: done for all rows at once rather than for those that need it.
bool is_cheap(const Node& node) {
  if (node.kind == NodeKind::kColumn || node.kind == NodeKind::kConstant ||
      node.kind == NodeKind::kParameter)
    return true;
  const bool may =
      node.kind == NodeKind::kIsNull ||
      (node.kind == NodeKind::kCall && compare_op(node.function->name) != CompareOp::kNone &&
       physical(node.children[0]->type.id) != Physical::kString);
  return may && std::all_of(node.children.begin(), node.children.end(),
                            [](const NodePtr& child) { return is_cheap(*child); });
}

// One more operand of a conjunction: false stays, NULL beats true. For OR, `deciding` is true and
// the rest follows.
Truth combine(Truth a, Truth b, Truth deciding) {
  if (a == deciding || b == deciding) return deciding;
  return a == kNull || b == kNull ? kNull : a;
}

Result<Column> eval_and_or(const Node& node, const Batch& input, const EvalContext& context) {
  const Truth deciding = node.kind == NodeKind::kAnd ? kFalse : kTrue;
  const Truth neutral = node.kind == NodeKind::kAnd ? kTrue : kFalse;
  const size_t rows = input.rows;
  if (rows == 1) {
    // Point statements: no lists of rows.
    Truth truth = neutral;
    for (const auto& child : node.children) {
      TRY_ASSIGN(const Column column, eval(*child, input, context));
      truth = combine(truth, truth_at(column, 0), deciding);
      if (truth == deciding) break;
    }
    return truth == kNull ? null_column({TypeId::kBool}, 1) : bool_column(truth == kTrue, 1);
  }
  std::vector<uint8_t> truths(rows, neutral);
  std::vector<uint32_t> active;
  for (const auto& child : node.children) {
    active.clear();
    for (size_t i = 0; i < rows; ++i) {
      if (truths[i] != deciding) active.push_back(static_cast<uint32_t>(i));
    }
    if (active.empty()) break;
    if (active.size() == rows || is_cheap(*child)) {
      TRY_ASSIGN(const Column column, eval(*child, input, context));
      for (size_t i = 0; i < rows; ++i)
        truths[i] = combine(static_cast<Truth>(truths[i]), truth_at(column, i), deciding);
    } else {
      TRY_ASSIGN(const Column column, eval(*child, gather_used(*child, input, active), context));
      for (size_t i = 0; i < active.size(); ++i) {
        uint8_t& truth = truths[active[i]];
        truth = combine(static_cast<Truth>(truth), truth_at(column, i), deciding);
      }
    }
  }
  return from_truths(truths);
}

Result<Column> eval_not(const Node& node, const Batch& input, const EvalContext& context) {
  TRY_ASSIGN(Column column, eval(*node.children[0], input, context));
  if (column.constant)
    return column.is_null(0) ? column : bool_column(column.ints()[0] == 0, input.rows);
  auto out = make_fixed<int64_t>(node.type, input.rows);
  const int64_t* values = column.ints();
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = values[i] ^ 1;
  if (column.nulls != nullptr) {
    for (size_t i = 0; i < input.rows; ++i) out.data[i] = column.nulls[i] != 0 ? 0 : out.data[i];
    attach_mask(out.column, {column.nulls, column.owner}, input.rows);
  }
  return std::move(out.column);
}

Result<Column> eval_test(const Node& node, const Batch& input, const EvalContext& context) {
  TRY_ASSIGN(const Column column, eval(*node.children[0], input, context));
  const Truth wanted = node.kind == NodeKind::kIsNull || node.truth == sql::TruthValue::kUnknown
                           ? kNull
                       : node.truth == sql::TruthValue::kTrue ? kTrue
                                                              : kFalse;
  // Only a boolean's data may be read as a truth.
  const auto matches = [&](size_t row) {
    return wanted == kNull ? column.is_null(row) != node.negated
                           : (truth_at(column, row) == wanted) != node.negated;
  };
  if (column.constant) return bool_column(matches(0), input.rows);
  if (wanted == kNull && column.nulls == nullptr) return bool_column(node.negated, input.rows);
  auto out = make_fixed<int64_t>(node.type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = matches(i);
  return std::move(out.column);
}

// ---- CASE, COALESCE: results put together from pieces ----

// Where the rows of one partial result belong.
struct Piece {
  Column column;
  std::vector<uint32_t> rows;
};

template <typename T>
void place(const Piece& piece, T* data, uint8_t* nulls) {
  const Arg<T> values(piece.column);
  for (size_t i = 0; i < piece.rows.size(); ++i) {
    data[piece.rows[i]] = values[i];
    nulls[piece.rows[i]] = piece.column.is_null(i) ? 1 : 0;
  }
}

Column assemble_strings(const std::vector<Piece>& pieces, Type type, size_t rows) {
  StringOutput out(type, rows);
  std::vector<uint8_t> named(rows, 0);
  for (const Piece& piece : pieces) {
    out.keep(piece.column);
    const Strings values(piece.column);
    for (size_t i = 0; i < piece.rows.size(); ++i) {
      if (piece.column.is_null(i)) continue;
      named[piece.rows[i]] = 1;
      out.set_view(piece.rows[i], values[i]);
    }
  }
  for (size_t i = 0; i < rows; ++i) {
    if (named[i] == 0) out.set_null(i);
  }
  return out.finish();
}

template <typename T>
Column assemble_cells(const std::vector<Piece>& pieces, Type type, size_t rows) {
  auto out = make_nullable<T>(type, rows);
  std::memset(out.nulls, 1, rows);
  std::fill_n(out.data, rows, T{});
  for (const Piece& piece : pieces) place<T>(piece, out.data, out.nulls);
  if (std::find(out.nulls, out.nulls + rows, 1) == out.nulls + rows) out.column.nulls = nullptr;
  return std::move(out.column);
}

// Rows that no piece names are NULL.
Column assemble(std::vector<Piece>& pieces, Type type, size_t rows) {
  if (pieces.size() == 1 && pieces[0].rows.size() == rows) {
    pieces[0].column.type = type;
    return pieces[0].column;
  }
  return type::with_cell(physical(type.id), [&]<typename T>() {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return assemble_strings(pieces, type, rows);
    } else {
      return assemble_cells<T>(pieces, type, rows);
    }
  });
}

// The given rows of the input; all of them without copying.
Result<Column> eval_rows(const Node& node, const Batch& input, const std::vector<uint32_t>& rows,
                         const EvalContext& context) {
  if (rows.size() == input.rows) return eval(node, input, context);
  return eval(node, gather_used(node, input, rows), context);
}

std::vector<uint32_t> all_rows(size_t rows) {
  std::vector<uint32_t> list(rows);
  for (size_t i = 0; i < rows; ++i) list[i] = static_cast<uint32_t>(i);
  return list;
}

Result<Column> eval_case(const Node& node, const Batch& input, const EvalContext& context) {
  std::vector<uint32_t> pending = all_rows(input.rows);
  std::vector<Piece> pieces;
  const size_t conditions = node.children.size() - (node.has_else ? 1 : 0);
  for (size_t child = 0; child < conditions && !pending.empty(); child += 2) {
    TRY_ASSIGN(const Column column, eval_rows(*node.children[child], input, pending, context));
    Piece piece;
    std::vector<uint32_t> rest;
    for (size_t i = 0; i < pending.size(); ++i) {
      (truth_at(column, i) == kTrue ? piece.rows : rest).push_back(pending[i]);
    }
    pending = std::move(rest);
    if (piece.rows.empty()) continue;
    TRY_ASSIGN(piece.column, eval_rows(*node.children[child + 1], input, piece.rows, context));
    pieces.push_back(std::move(piece));
  }
  if (node.has_else && !pending.empty()) {
    Piece piece;
    TRY_ASSIGN(piece.column, eval_rows(*node.children.back(), input, pending, context));
    piece.rows = std::move(pending);
    pieces.push_back(std::move(piece));
  }
  return assemble(pieces, node.type, input.rows);
}

Result<Column> eval_coalesce(const Node& node, const Batch& input, const EvalContext& context) {
  std::vector<uint32_t> pending = all_rows(input.rows);
  std::vector<Piece> pieces;
  for (const auto& child : node.children) {
    if (pending.empty()) break;
    TRY_ASSIGN(Column column, eval_rows(*child, input, pending, context));
    if (column.nulls == nullptr) {
      pieces.push_back({std::move(column), std::move(pending)});
      pending.clear();
      break;
    }
    std::vector<uint32_t> found, found_at, rest;
    for (size_t i = 0; i < pending.size(); ++i) {
      if (column.is_null(i)) {
        rest.push_back(pending[i]);
      } else {
        found.push_back(pending[i]);
        found_at.push_back(static_cast<uint32_t>(i));
      }
    }
    pending = std::move(rest);
    if (found.empty()) continue;
    Column values = column.constant ? column : column.gather(found_at.data(), found_at.size());
    values.size = found.size();
    pieces.push_back({std::move(values), std::move(found)});
  }
  return assemble(pieces, node.type, input.rows);
}

// ---- IN ----

Result<Column> eval_in_set(const Node& node, const Batch& input, const EvalContext& context) {
  TRY_ASSIGN(const Column operand, eval(*node.children[0], input, context));
  std::vector<uint8_t> truths(input.rows);
  for (size_t i = 0; i < input.rows; ++i) {
    if (operand.is_null(i)) {
      truths[i] = kNull;
    } else if (node.set->contains(operand, i)) {
      truths[i] = node.negated ? kFalse : kTrue;
    } else {
      truths[i] = node.set->has_null() ? kNull : node.negated ? kTrue : kFalse;
    }
  }
  return from_truths(truths);
}

Result<Column> eval_in(const Node& node, const Batch& input, const EvalContext& context) {
  if (node.set != nullptr) return eval_in_set(node, input, context);
  TRY_ASSIGN(const Column operand, eval(*node.children[0], input, context));
  std::vector<uint8_t> truths(input.rows, kFalse);
  for (size_t child = 1; child < node.children.size(); ++child) {
    TRY_ASSIGN(const Column item, eval(*node.children[child], input, context));
    with_order(operand.type.id, [&]<typename Order>() {
      const Arg<typename Order::Item> a(operand), b(item);
      for (size_t i = 0; i < input.rows; ++i) {
        if (truths[i] == kTrue) continue;
        if (operand.is_null(i) || item.is_null(i)) {
          truths[i] = kNull;
        } else if (Order::equal(a[i], b[i])) {
          truths[i] = kTrue;
        }
      }
    });
  }
  if (node.negated) {
    for (uint8_t& truth : truths) truth = truth == kNull ? kNull : truth == kTrue ? kFalse : kTrue;
  }
  return from_truths(truths);
}

// ---- Leaves ----

Result<Column> eval_parameter(const Node& node, size_t rows, const EvalContext& context) {
  if (context.parameters == nullptr || node.column >= context.parameters->size()) {
    return Error(ErrorCode::kUndefinedParameter,
                 "there is no parameter $" + std::to_string(node.column + 1))
        .at(node.position);
  }
  const Value& value = (*context.parameters)[node.column];
  if (value.is_null()) return null_column(node.type, rows);
  if (value.type().id == node.type.id) {
    Column column = constant_column(value, rows);
    column.type = node.type;
    return column;
  }
  TRY_ASSIGN(const Value cast, type::cast(value, node.type, type::CastContext::kAssignment,
                                           context.transaction_time_us));
  return constant_column(cast, rows);
}

Result<Column> eval(const Node& node, const Batch& input, const EvalContext& context) {
  switch (node.kind) {
    case NodeKind::kColumn:
      ENSURE(node.column < input.columns.size());
      return input.columns[node.column];
    case NodeKind::kConstant: {
      if (node.constant_column.size == 0) return constant_column(node.constant, input.rows);
      Column column = node.constant_column;
      column.size = input.rows;
      return column;
    }
    case NodeKind::kParameter:
      return eval_parameter(node, input.rows, context);
    case NodeKind::kCall:
      return eval_call(node, input, context);
    case NodeKind::kCast:
      return eval_cast(node, input, context);
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return eval_and_or(node, input, context);
    case NodeKind::kNot:
      return eval_not(node, input, context);
    case NodeKind::kIsNull:
    case NodeKind::kIsBool:
      return eval_test(node, input, context);
    case NodeKind::kCase:
      return eval_case(node, input, context);
    case NodeKind::kIn:
      return eval_in(node, input, context);
    case NodeKind::kCoalesce:
      return eval_coalesce(node, input, context);
  }
  return Error(ErrorCode::kInternal, "unknown expression");
}

}  // namespace

bool is_relabel(Type from, Type to) {
  using enum TypeId;
  if (from.id == kChar) {
    // char(n) has its blanks by its type, char without n in its text.
    return from.modifier < 0 ? to == from
                             : to == from || ((to.id == kText || to.id == kVarchar) && to.modifier < 0);
  }
  if (from.id == to.id) return to.modifier == -1 || to.modifier == from.modifier;
  if (to.modifier != -1) return false;
  switch (from.id) {
    case kInt2:
      return to.id == kInt4 || to.id == kInt8;
    case kInt4:
      return to.id == kInt8;
    case kFloat4:
      return to.id == kFloat8;
    case kVarchar:
    case kText:
    case kUnknown:
      return to.id == kText || to.id == kVarchar;
    case kTimestamp:
      return to.id == kTimestamptz;
    case kTimestamptz:
      return to.id == kTimestamp;
    default:
      return false;
  }
}

Result<void> check_cancelled(const EvalContext& context) {
  if (context.cancelled != nullptr && context.cancelled->load(std::memory_order_relaxed)) {
    return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }
  return {};
}

Result<Column> evaluate(const Node& node, const Batch& input, const EvalContext& context) {
  TRY(check_cancelled(context));
  if (input.rows == 0) {
    Column empty;
    empty.type = node.type;
    return empty;
  }
  return eval(node, input, context);
}

Result<Value> evaluate_constant(const Node& node, const EvalContext& context) {
  Batch input;
  input.rows = 1;
  TRY_ASSIGN(const Column column, evaluate(node, input, context));
  return column.value(0);
}

}  // namespace rowan::expr
