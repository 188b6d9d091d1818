#include "expr/constant.h"

#include <fmt/format.h>

namespace rowan::expr {

using type::TypeId;

Result<NodePtr> NoColumns::resolve_column(const sql::ColumnExpr& column) {
  return Error(ErrorCode::kUndefinedColumn,
               fmt::format("cannot use column reference in {}", clause_))
      .at(column.position);
}

Result<type::Value> constant_value(const sql::Expr& expr, type::Type wanted,
                                   std::string_view clause, const EvalContext& eval) {
  NoColumns scope(clause);
  ParameterTypes none;
  BindContext context{scope, none, {}};
  TRY_ASSIGN(NodePtr node, bind(expr, context));
  if (!none.types.empty())
    return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1").at(expr.position);
  const bool is_open = wanted.id == TypeId::kUnknown;
  if (!is_open || node->type.id == TypeId::kUnknown) {
    TRY_ASSIGN(node, coerce(std::move(node), is_open ? type::Type{TypeId::kText} : wanted,
                            type::CastContext::kAssignment, context));
  }
  return evaluate_constant(*node, eval);
}

}  // namespace rowan::expr
