// Arrays in expressions: ARRAY[…], elements, ANY and ALL.
#include "expr/array_forms.h"
#include "expr/binder_parts.h"
#include "expr/resolve.h"
#include "type/array.h"

namespace rowan::expr {

using type::CastContext;
using type::Type;
using type::TypeId;
using type::Value;

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
  const Type first[] = {*element};
  NodePtr node = make_node(NodeKind::kCall, *array, call.position);
  TRY_ASSIGN(node->function, resolve_function(kArrayName, first, false, call.position));
  node->children = std::move(items);
  if (!node->children.empty()) return node;
  return constant_at(Value::of_string(*array, type::ArrayBuilder(element->id).finish()),
                     call.position);
}

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
  const Type types[] = {base, {TypeId::kInt4}};
  TRY_ASSIGN(const Function* function, resolve_function(kSubscriptName, types, false, call.position));
  TRY_ASSIGN(NodePtr node, make_call(function, std::move(arguments), call.position, context));
  node->type = {type::element_of(base.id), base.modifier};
  return node;
}

// x op ANY (array)
Result<NodePtr> bind_quantified(const sql::CallExpr& call, BindContext& context) {
  TRY_ASSIGN(Nodes arguments, bind_all(call.arguments, context));
  Type value = arguments[0]->type;
  if (arguments[1]->type.id == TypeId::kUnknown) {
    if (value.id == TypeId::kUnknown) value = {TypeId::kText};
    TRY_ASSIGN(const Type array, type::array_type({value.id}));
    TRY_ASSIGN(arguments[1],
               coerce(std::move(arguments[1]), array, CastContext::kImplicit, context));
  }
  const Type array = arguments[1]->type;
  if (!type::is_array(array.id)) {
    return Error(ErrorCode::kWrongObjectType, "op ANY/ALL (array) requires array on right side")
        .at(call.position);
  }
  if (arguments[0]->type.id == TypeId::kUnknown) {
    TRY_ASSIGN(arguments[0], coerce(std::move(arguments[0]), {type::element_of(array.id)},
                                    CastContext::kImplicit, context));
  }
  auto function = resolve_function(call.name, types_of(arguments), false, call.position);
  if (!function.has_value()) {
    const std::string op(call.name.substr(0, call.name.find(' ')));
    return Error(ErrorCode::kUndefinedFunction,
                 "operator does not exist: " + plain_name(arguments[0]->type.id) + " " + op + " " +
                     plain_name(type::element_of(array.id)))
        .with_hint(
            "No operator matches the given name and argument types. You might need to add explicit "
            "type casts.")
        .at(call.position);
  }
  return make_call(*function, std::move(arguments), call.position, context);
}

}  // namespace rowan::expr
