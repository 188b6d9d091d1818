#include "expr/constant.h"

#include <fmt/format.h>

#include <algorithm>

namespace rowan::expr {

using type::TypeId;

Result<NodePtr> NoColumns::resolve_column(const sql::ColumnExpr& column) {
  return Error(ErrorCode::kUndefinedColumn,
               fmt::format("cannot use column reference in {}", clause_))
      .at(column.position);
}

namespace {

template <typename Visit>
Result<void> each_parameter(const Node& node, const Visit& visit) {
  if (node.kind == NodeKind::kParameter) TRY(visit(node));
  for (const NodePtr& child : node.children) TRY(each_parameter(*child, visit));
  return {};
}

}  // namespace

bool has_parameter(const Node& node) {
  return node.kind == NodeKind::kParameter ||
         std::any_of(node.children.begin(), node.children.end(),
                     [](const NodePtr& child) { return has_parameter(*child); });
}

Result<std::optional<type::Value>> evaluate_given(const Node& node, const EvalContext& eval) {
  std::vector<type::Value> values;
  bool is_known = true;
  TRY(each_parameter(node, [&](const Node& parameter) -> Result<void> {
    if (eval.given == nullptr)
      return Error(ErrorCode::kUndefinedParameter,
                   fmt::format("there is no parameter ${}", parameter.column + 1))
          .at(parameter.position);
    TRY_ASSIGN(std::optional<type::Value> value,
               eval.given->value(parameter.column, parameter.type));
    is_known = is_known && value.has_value();
    if (!value) return {};
    if (values.size() <= parameter.column) values.resize(parameter.column + 1);
    values[parameter.column] = std::move(*value);
    return {};
  }));
  if (!is_known) return std::optional<type::Value>();
  EvalContext with = eval;
  if (!values.empty()) with.parameters = &values;
  TRY_ASSIGN(type::Value value, evaluate_constant(node, with));
  return std::optional<type::Value>(std::move(value));
}

Result<std::optional<type::Value>> constant_value(const sql::Expr& expr, type::Type wanted,
                                                  std::string_view clause, const EvalContext& eval) {
  NoColumns scope(clause);
  ParameterTypes types;
  BindContext context{scope, types, {}};
  TRY_ASSIGN(NodePtr node, bind(expr, context));
  const bool is_open = wanted.id == TypeId::kUnknown;
  if (!is_open || node->type.id == TypeId::kUnknown) {
    TRY_ASSIGN(node, coerce(std::move(node), is_open ? type::Type{TypeId::kText} : wanted,
                            type::CastContext::kAssignment, context));
  }
  return evaluate_given(*node, eval);
}

}  // namespace rowan::expr
