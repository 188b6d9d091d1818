// SQL's special forms: COALESCE, GREATEST, LEAST, NULLIF, ARRAY[…], a[i], x op ANY (array). They are
// bound by rules of their own.
#include "base/limits.h"
#include "expr/array_forms.h"
#include "expr/binder_parts.h"
#include "expr/compare.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "expr/resolve.h"
#include "type/array.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

using type::ArrayBuilder;
using type::ArrayReader;
using type::CastContext;

const Function* form_named(std::string_view name) { return functions_named(name)[0]; }

// ---- COALESCE, GREATEST, LEAST: all arguments of one type, which is the result's ----

Result<Nodes> bind_common(const sql::CallExpr& call, std::string_view what, BindContext& context) {
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  if (arguments.empty())
    return Error(ErrorCode::kSyntaxError, "syntax error at or near \")\"").at(call.position);
  TRY_ASSIGN(const Type common, common_type(types_of(arguments), what, call.position));
  TRY(coerce_common(arguments, common, what, context));
  return arguments;
}

Result<NodePtr> bind_coalesce(const sql::CallExpr& call, BindContext& context) {
  TRY_ASSIGN(Nodes arguments, bind_common(call, "COALESCE", context));
  TRY_ASSIGN(const Type common, common_type(types_of(arguments), "COALESCE", call.position));
  NodePtr node = make_node(NodeKind::kCoalesce, common, call.position);
  node->children = std::move(arguments);
  return node;
}

template <bool greatest>
Result<NodePtr> bind_extreme(const sql::CallExpr& call, BindContext& context) {
  constexpr std::string_view kWhat = greatest ? "GREATEST" : "LEAST";
  TRY_ASSIGN(Nodes arguments, bind_common(call, kWhat, context));
  TRY_ASSIGN(const Type common, common_type(types_of(arguments), kWhat, call.position));
  if (type::type_info(common.id).order == type::Order::kNone) {
    return Error(ErrorCode::kUndefinedFunction,
                 "could not identify a comparison function for type " + plain_name(common.id))
        .at(call.position);
  }
  NodePtr node = make_node(NodeKind::kCall, common, call.position);
  node->function = form_named(call.name);
  node->children = std::move(arguments);
  return node;
}

// The best of the arguments that are not NULL. `greatest`: the larger wins, else the smaller.
template <bool greatest>
Result<Column> extreme_kernel(const KernelInput& input) {
  return with_order(input.result_type.id, [&]<typename Order>() -> Result<Column> {
    using T = typename Order::Item;
    type::ColumnBuilder out(input.result_type, input.rows);
    for (size_t row = 0; row < input.rows; ++row) {
      const Column* best = nullptr;
      for (const Column& argument : input.arguments) {
        if (argument.is_null(row)) continue;
        if (best != nullptr) {
          const T& a = Arg<T>(argument)[row];
          const T& b = Arg<T>(*best)[row];
          if (!(greatest ? Order::less(b, a) : Order::less(a, b))) continue;
        }
        best = &argument;
      }
      if (best == nullptr) {
        out.append_null();
      } else {
        out.append_from(*best, row);
      }
    }
    return out.finish();
  });
}

// NULLIF(a, b) is CASE WHEN a = b THEN NULL ELSE a END.
Result<NodePtr> bind_nullif(const sql::CallExpr& call, BindContext& context) {
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  if (arguments.size() != 2) return no_such_function(call.name, types_of(arguments), call.position);
  TRY_ASSIGN(NodePtr same, bind_operator("=", std::move(arguments[0]), std::move(arguments[1]),
                                         call.position, context));
  // The result is the first operand as it was compared: of nullif(1, 2.0) a numeric.
  TRY_ASSIGN(NodePtr first, copy(*same->children[0], context));
  NodePtr node = make_node(NodeKind::kCase, first->type, call.position);
  node->has_else = true;
  node->children.push_back(std::move(same));
  node->children.push_back(constant_at(Value::null(first->type), call.position));
  node->children.push_back(std::move(first));
  return node;
}

Result<NodePtr> bind_type_of(const sql::CallExpr& call, BindContext& context) {
  TRY_ASSIGN(const Nodes arguments, bind_all(call.arguments, context));
  if (arguments.size() != 1) return no_such_function(call.name, types_of(arguments), call.position);
  return constant_at(Value::of_string({TypeId::kText}, plain_name(arguments[0]->type.id)),
                     call.position);
}

// ---- ARRAY[…] ----

Result<NodePtr> bind_constructor(const sql::CallExpr& call, BindContext& context) {
  return bind_array(call, std::nullopt, context);
}

Result<Column> construct(const KernelInput& input) {
  StringOutput out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    ArrayBuilder builder(type::element_of(input.result_type.id));
    for (const Column& argument : input.arguments) {
      if (argument.is_null(row)) {
        builder.append_null();
      } else {
        builder.append(argument.datum(row));
      }
    }
    if (builder.bytes() > kValueBytesMax)
      return Error(ErrorCode::kProgramLimit, "array size exceeds the maximum allowed");
    out.set(row, builder.finish());
  }
  return out.finish();
}

// ---- a[i]: NULL where there is no such element ----

Result<NodePtr> bind_subscript(const sql::CallExpr& call, BindContext& context) {
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  const Type base = arguments[0]->type;
  if (!type::is_array(base.id)) {
    return Error(ErrorCode::kDatatypeMismatch, "cannot subscript type " + plain_name(base.id) +
                                                   " because it does not support subscripting")
        .at(call.position);
  }
  TRY_ASSIGN(arguments[1], coerce(std::move(arguments[1]), {TypeId::kInt4},
                                  CastContext::kAssignment, context));
  NodePtr node =
      make_node(NodeKind::kCall, {type::element_of(base.id), base.modifier}, call.position);
  node->function = form_named(kSubscriptName);
  node->children = std::move(arguments);
  return node;
}

Result<Column> subscript(const KernelInput& input) {
  const Strings arrays(input.arguments[0]);
  const Ints indexes(input.arguments[1]);
  type::ColumnBuilder out(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    std::optional<type::Datum> found;
    if (!is_null(input, row)) {
      int64_t at = 1;
      for (ArrayReader reader(arrays[row]); !reader.at_end(); ++at) {
        const auto value = reader.next();
        if (at == indexes[row]) found = value;
        if (at >= indexes[row]) break;
      }
    }
    if (found) {
      out.append_datum(*found);
    } else {
      out.append_null();
    }
  }
  return out.finish();
}

// ---- x op ANY (array), x op ALL (array) ----

// Whether `op` is the plain comparison of two values of one type.
bool is_plain_comparison(const Function& op) {
  return compare_op(op.name) != CompareOp::kNone && op.arguments[0] == op.arguments[1];
}

bool holds_for(CompareOp op, int order) {
  return with_op(op, [&]<CompareOp chosen>() {
    if constexpr (chosen == CompareOp::kEqual) return order == 0;
    if constexpr (chosen == CompareOp::kNotEqual) return order != 0;
    if constexpr (chosen == CompareOp::kLess) return order < 0;
    if constexpr (chosen == CompareOp::kLessEqual) return order <= 0;
    if constexpr (chosen == CompareOp::kGreater) return order > 0;
    return order >= 0;
  });
}

// What the operator says of a row's value and each element of its array: 0, 1, or nothing for NULL.
// Called until it has decided.
template <bool all>
class Verdict {
 public:
  void take(std::optional<bool> holds) {
    unknown_ = unknown_ || !holds;
    decided_ = decided_ || (holds && *holds != all);
  }
  bool decided() const { return decided_; }
  bool is_null() const { return !decided_ && unknown_; }
  bool value() const { return decided_ != all; }

 private:
  bool decided_ = false;
  bool unknown_ = false;
};

template <bool all>
Result<void> judge_by_order(const Column& values, size_t row, std::string_view array,
                            const Function& op, Verdict<all>& verdict) {
  const CompareOp compare = compare_op(op.name);
  const TypeId element = values.type.id;
  for (ArrayReader reader(array); !reader.at_end() && !verdict.decided();) {
    const auto value = reader.next();
    if (!value || values.is_null(row)) {
      verdict.take(std::nullopt);
    } else {
      verdict.take(holds_for(compare, type::compare(element, values.datum(row), *value)));
    }
  }
  return {};
}

// Any operator: its kernel is asked for one element after the other.
template <bool all>
Result<void> judge_by_kernel(const KernelInput& input, size_t row, std::string_view array,
                             Verdict<all>& verdict) {
  const Function& op = *input.element;
  Column sides[2] = {input.arguments[0].slice(input.arguments[0].index(row), 1), {}};
  for (ArrayReader reader(array); !reader.at_end() && !verdict.decided();) {
    type::ColumnBuilder builder({type::element_of(input.arguments[1].type.id)}, 1);
    if (const auto value = reader.next()) {
      builder.append_datum(*value);
    } else {
      builder.append_null();
    }
    sides[1] = builder.finish();
    if (op.traits.strict && (sides[0].is_null(0) || sides[1].is_null(0))) {
      verdict.take(std::nullopt);
      continue;
    }
    KernelInput one{sides, 1, nullptr, {TypeId::kBool}, input.context};
    TRY_ASSIGN(const Column holds, op.body.kernel(one));
    verdict.take(holds.is_null(0) ? std::nullopt : std::optional<bool>(holds.ints()[0] != 0));
  }
  return {};
}

template <bool all>
Result<Column> quantified(const KernelInput& input) {
  const Column& values = input.arguments[0];
  const Column& arrays = input.arguments[1];
  const bool by_order = is_plain_comparison(*input.element);
  auto out = make_nullable<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (arrays.is_null(row)) {
      out.nulls[row] = 1;
      continue;
    }
    Verdict<all> verdict;
    const std::string_view array = arrays.strings()[arrays.index(row)];
    TRY(by_order ? judge_by_order(values, row, array, *input.element, verdict)
                 : judge_by_kernel(input, row, array, verdict));
    out.nulls[row] = verdict.is_null() ? 1 : 0;
    out.data[row] = !verdict.is_null() && verdict.value() ? 1 : 0;
  }
  return std::move(out.column);
}

// The operator is resolved for the array's elements, and the array cast to what it takes.
Result<NodePtr> bind_quantified(const sql::CallExpr& call, BindContext& context) {
  const std::string_view op = call.name.substr(0, call.name.rfind(' '));
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  const Type array = arguments[1]->type;
  if (!type::is_array(array.id) && array.id != TypeId::kUnknown) {
    return Error(ErrorCode::kWrongObjectType, "op ANY/ALL (array) requires array on right side")
        .at(call.position);
  }
  const Type element{type::element_of(array.id), array.modifier};
  const Type sides[] = {arguments[0]->type, element};
  TRY_ASSIGN(const ResolvedCall found, resolve_function(op, sides, true, call.position));
  if (found.result.id != TypeId::kBool) {
    return Error(ErrorCode::kWrongObjectType,
                 "op ANY/ALL (array) requires operator to yield boolean")
        .at(call.position);
  }
  TRY_ASSIGN(arguments[0], coerce_argument(std::move(arguments[0]), found.arguments[0], context));
  if (element.id != found.arguments[1].id) {
    TRY_ASSIGN(const Type wanted, type::array_type({found.arguments[1].id}));
    TRY_ASSIGN(arguments[1],
               coerce(std::move(arguments[1]), wanted, CastContext::kImplicit, context));
  }
  NodePtr node = make_node(NodeKind::kCall, {TypeId::kBool}, call.position);
  node->function = form_named(call.name.ends_with(kAllEnding) ? kAllEnding : kAnyEnding);
  node->element_function = found.function;
  node->children = std::move(arguments);
  return node;
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kList = {.strict = false, .variadic = true};

constexpr Function kRows[] = {
    {0, "coalesce", {Any::kCompatible}, Any::kCompatible, bind_coalesce, kList},
    {0, "greatest", {Any::kCompatible}, Any::kCompatible, {bind_extreme<true>, extreme_kernel<true>}, kList},
    {0, "least", {Any::kCompatible}, Any::kCompatible, {bind_extreme<false>, extreme_kernel<false>}, kList},
    {0, "nullif", {Any::kCompatible, Any::kCompatible}, Any::kCompatible, bind_nullif, {.strict = false}},
    {1619, "pg_typeof", {Any::kAny}, kText, bind_type_of, {.volatility = Volatility::kStable, .strict = false}},
    {0, kArrayName, {Any::kElement}, Any::kArray, {bind_constructor, construct}, kList},
    {0, kSubscriptName, {Any::kArray, kInt4}, Any::kElement, {bind_subscript, subscript}},
    {0, kAnyEnding, {Any::kElement, Any::kArray}, kBool, {bind_quantified, quantified<false>}, {.strict = false}},
    {0, kAllEnding, {Any::kElement, Any::kArray}, kBool, {bind_quantified, quantified<true>}, {.strict = false}},
};

}  // namespace

// ARRAY[…] of a common type, or of the one that a cast around it wants.
Result<NodePtr> bind_array(const sql::CallExpr& call, std::optional<Type> element,
                           BindContext& context) {
  TRY_ASSIGN(Nodes items, bind_all(call.arguments, context));
  if (!element && items.empty()) {
    return Error(ErrorCode::kIndeterminateType, "cannot determine type of empty array")
        .with_hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
        .at(call.position);
  }
  if (!element) {
    TRY_ASSIGN(const Type common, common_type(types_of(items), "ARRAY", call.position));
    TRY(coerce_common(items, common, "ARRAY", context));
    element = common;
  } else {
    for (NodePtr& item : items) {
      TRY_ASSIGN(item, coerce(std::move(item), *element, CastContext::kExplicit, context));
    }
  }
  auto array = type::array_type(*element);
  if (type::is_array(element->id) || !array.has_value()) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "arrays of more than one dimension are not supported")
        .at(call.position);
  }
  if (items.empty()) {
    return constant_at(Value::of_string(*array, ArrayBuilder(element->id).finish()),
                       call.position);
  }
  NodePtr node = make_node(NodeKind::kCall, *array, call.position);
  node->function = form_named(kArrayName);
  node->children = std::move(items);
  return node;
}

constinit const std::span<const Function> kFormFunctions = kRows;

}  // namespace rowan::expr
