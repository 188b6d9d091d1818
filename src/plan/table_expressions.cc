#include "plan/table_expressions.h"

#include "plan/logical.h"
#include "sql/parser.h"
#include "type/cast.h"

namespace rowan::plan {

using type::CastContext;
using type::Value;

Result<expr::NodePtr> EmptyScope::resolve_column(const sql::ColumnExpr& column) {
  if (clause_ == "DEFAULT expressions") {
    return Error(ErrorCode::kFeatureNotSupported,
                 "cannot use column reference in DEFAULT expression")
        .at(column.position);
  }
  return Error(ErrorCode::kUndefinedColumn,
               fmt::format("column \"{}\" does not exist", column.column))
      .at(column.position);
}

Result<expr::NodePtr> bind_default(const sql::Expr& expression, const catalog::ColumnDef& column) {
  EmptyScope scope("DEFAULT expressions");
  expr::ParameterTypes parameters;
  expr::BindContext bind{scope, parameters, {}, true};
  TRY_ASSIGN(expr::NodePtr node, expr::bind(expression, bind));
  if (!parameters.types.empty())
    return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  if (node->type.id != type::TypeId::kUnknown &&
      !type::can_cast(node->type.id, column.type.id, CastContext::kAssignment)) {
    return Error(
               ErrorCode::kDatatypeMismatch,
               fmt::format("column \"{}\" is of type {} but default expression is of type {}",
                           column.name, type::type_name(column.type), type::type_name(node->type)))
        .with_hint("You will need to rewrite or cast the expression.");
  }
  return expr::coerce(std::move(node), column.type, CastContext::kAssignment, bind);
}

Result<expr::NodePtr> bind_column_default(const catalog::ColumnDef& column) {
  const bool is_identity = column.identity != sql::IdentityKind::kNone;
  if (!is_identity && column.default_sql.empty())
    return expr::make_constant(Value::null(column.type));
  TRY_ASSIGN(const sql::ParsedExpression parsed,
             sql::parse_expression(is_identity
                                       ? "nextval(" + sql::quote_literal(column.sequence) + ")"
                                       : column.default_sql));
  return bind_default(*parsed.expr, column);
}

Result<std::vector<expr::NodePtr>> bind_defaults(const catalog::TableDef& table) {
  std::vector<expr::NodePtr> nodes;
  for (const catalog::ColumnDef& column : table.columns) {
    TRY_ASSIGN(expr::NodePtr node, bind_column_default(column));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Result<expr::NodePtr> bind_check(const catalog::TableDef& table, const sql::Expr& condition) {
  TableScope scope(table, "check constraint");
  expr::ParameterTypes parameters;
  expr::BindContext bind{scope, parameters, {}, true};
  TRY_ASSIGN(expr::NodePtr node, expr::bind(condition, bind));
  if (!parameters.types.empty())
    return Error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  if (node->type.id == type::TypeId::kUnknown)
    return expr::coerce(std::move(node), {type::TypeId::kBool}, type::CastContext::kImplicit, bind);
  if (node->type.id != type::TypeId::kBool) {
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("argument of CHECK must be type boolean, not type {}",
                             type::type_name(node->type)))
        .at(condition.position);
  }
  return node;
}

Result<bool> has_volatile_check(const catalog::TableDef& table) {
  for (const catalog::CheckConstraint& check : table.checks) {
    TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(check.expression_sql));
    TRY_ASSIGN(const expr::NodePtr node, bind_check(table, *parsed.expr));
    if (is_volatile(*node)) return true;
  }
  return false;
}

}  // namespace rowan::plan
