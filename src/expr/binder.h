// The scalar binder: an AST expression to a bound Node, with PostgreSQL's typing rules.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "expr/functions.h"
#include "sql/ast.h"

namespace rowan::expr {

// Where names come from; the planner implements it over its FROM items, DML over a table.
class Scope {
 public:
  virtual ~Scope() = default;
  // kUndefinedColumn, kAmbiguousColumn, kUndefinedTable (42P01 for a missing table name).
  virtual Result<NodePtr> resolve_column(const sql::ColumnExpr& column) = 0;
  // Called for aggregate calls; the planner keeps the spec and gives a column of the aggregation's
  // output. The default refuses with kGrouping ("aggregate functions are not allowed in …").
  virtual Result<NodePtr> resolve_aggregate(const sql::CallExpr& call);
  // Scalar subqueries, EXISTS, IN (SELECT …). The default gives kFeatureNotSupported.
  virtual Result<NodePtr> resolve_subquery(const sql::SubqueryExpr& subquery);
  virtual std::string_view clause() const {
    return "this expression";
  }  // For messages: "WHERE", "DEFAULT expressions".
};

// Types of $n: given ones, or inferred from their first use.
struct ParameterTypes {
  std::vector<type::Type> types;  // kUnknown: not known yet. Grown as needed, as the next.
  std::vector<uint32_t> uses;     // How often each was bound.
};

struct BindContext {
  Scope& scope;
  ParameterTypes& parameters;
  // Asked before anything else for each sub-expression; the planner answers with a column for GROUP
  // BY expressions.
  std::function<std::optional<NodePtr>(const sql::Expr&)> replace;
  // A definition is bound, which is read again later: what is read by the day it is read is refused.
  bool is_stored = false;
  int depth = 0;  // Of the expression being bound; capped by kExpressionDepthMax.
  size_t copied_nodes =
      0;  // Of operands that are evaluated more than once; capped by kCopiedNodesMax.
};

Result<NodePtr> bind(const sql::Expr& expr, BindContext& context);
// Binds and makes it boolean: kDatatypeMismatch ("argument of WHERE must be type boolean, not type
// integer").
Result<NodePtr> bind_condition(const sql::Expr& expr, BindContext& context);
// Casts a bound node; unknown literals are parsed (22P02 with position), unknown parameters take
// the type.
Result<NodePtr> coerce(NodePtr node, type::Type to, type::CastContext context,
                       BindContext& bind_context);
// The common type of UNION, CASE, COALESCE, VALUES, IN. kDatatypeMismatch names `what` ("CASE",
// "VALUES").
Result<type::Type> common_type(std::span<const type::Type> types, std::string_view what,
                               uint32_t position);
// The name PostgreSQL gives an unaliased output column: the column, the function, "case", else
// "?column?".
std::string_view output_name(const sql::Expr& expr);

}  // namespace rowan::expr
