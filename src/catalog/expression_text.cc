#include "catalog/expression_text.h"

#include <algorithm>

#include "catalog/objects.h"
#include "sql/parser.h"
#include "sql/print.h"

namespace rowan::catalog {

namespace {

void visit_list(const sql::List<sql::Expr*>& list, const std::function<void(sql::Expr&)>& visit) {
  for (sql::Expr* each : list) visit_expressions(*each, visit);
}

void visit_if(sql::Expr* expr, const std::function<void(sql::Expr&)>& visit) {
  if (expr != nullptr) visit_expressions(*expr, visit);
}

}  // namespace

void visit_expressions(sql::Expr& expr, const std::function<void(sql::Expr&)>& visit) {
  using sql::ExprKind;
  visit(expr);
  const auto both = [&](sql::Expr* left, sql::Expr* right) {
    visit_if(left, visit);
    visit_if(right, visit);
  };
  switch (expr.kind) {
    case ExprKind::kUnary: return visit_if(static_cast<sql::UnaryExpr&>(expr).operand, visit);
    case ExprKind::kBinary: return both(static_cast<sql::BinaryExpr&>(expr).left, static_cast<sql::BinaryExpr&>(expr).right);
    case ExprKind::kIsNull: return visit_if(static_cast<sql::IsNullExpr&>(expr).operand, visit);
    case ExprKind::kIsBool: return visit_if(static_cast<sql::IsBoolExpr&>(expr).operand, visit);
    case ExprKind::kIsDistinct: return both(static_cast<sql::IsDistinctExpr&>(expr).left, static_cast<sql::IsDistinctExpr&>(expr).right);
    case ExprKind::kBetween: {
      auto& between = static_cast<sql::BetweenExpr&>(expr);
      visit_if(between.operand, visit);
      return both(between.low, between.high);
    }
    case ExprKind::kIn:
      visit_if(static_cast<sql::InExpr&>(expr).operand, visit);
      return visit_list(static_cast<sql::InExpr&>(expr).items, visit);
    case ExprKind::kLike: {
      auto& like = static_cast<sql::LikeExpr&>(expr);
      visit_if(like.operand, visit);
      return both(like.pattern, like.escape);
    }
    case ExprKind::kCase: {
      auto& chosen = static_cast<sql::CaseExpr&>(expr);
      visit_if(chosen.operand, visit);
      for (const sql::CaseBranch& branch : chosen.branches) both(branch.when, branch.then);
      return visit_if(chosen.otherwise, visit);
    }
    case ExprKind::kCast: return visit_if(static_cast<sql::CastExpr&>(expr).operand, visit);
    case ExprKind::kCall:
      visit_list(static_cast<sql::CallExpr&>(expr).arguments, visit);
      return visit_if(static_cast<sql::CallExpr&>(expr).filter, visit);
    case ExprKind::kRow: return visit_list(static_cast<sql::RowExpr&>(expr).items, visit);
    case ExprKind::kInSubquery: return visit_if(static_cast<sql::SubqueryExpr&>(expr).operand, visit);
    default: return;
  }
}

Result<std::string> rewrite_expression(std::string_view text, const std::function<void(sql::Expr&)>& change) {
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(text));
  visit_expressions(*parsed.expr, change);
  return sql::to_sql(*parsed.expr);
}

Result<std::vector<std::string>> columns_of(std::string_view expression_sql) {
  std::vector<std::string> names;
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  visit_expressions(*parsed.expr, [&](sql::Expr& expr) {
    if (expr.kind != sql::ExprKind::kColumn) return;
    std::string name(static_cast<sql::ColumnExpr&>(expr).column);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  });
  return names;
}

Result<std::string> rename_column_in(std::string_view expression_sql, std::string_view from, std::string_view to) {
  return rewrite_expression(expression_sql, [&](sql::Expr& expr) {
    if (expr.kind != sql::ExprKind::kColumn) return;
    auto& column = static_cast<sql::ColumnExpr&>(expr);
    if (column.column == from) column.column = to;
  });
}

sql::LiteralExpr* sequence_literal(sql::Expr& expr) {
  if (expr.kind != sql::ExprKind::kCall) return nullptr;
  auto& call = static_cast<sql::CallExpr&>(expr);
  if (call.name != "nextval" && call.name != "currval" && call.name != "setval") return nullptr;
  if (call.arguments.empty() || call.arguments[0]->kind != sql::ExprKind::kLiteral) return nullptr;
  auto& literal = static_cast<sql::LiteralExpr&>(*call.arguments[0]);
  return literal.literal == sql::LiteralKind::kString ? &literal : nullptr;
}

Result<std::vector<std::string>> sequences_of(std::string_view expression_sql) {
  std::vector<std::string> names;
  if (expression_sql.find("val(") == std::string_view::npos) return names;
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  visit_expressions(*parsed.expr, [&](sql::Expr& expr) {
    const sql::LiteralExpr* literal = sequence_literal(expr);
    if (literal == nullptr) return;
    std::string name(literal->text);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  });
  return names;
}

Result<std::string> rename_sequence_in(std::string_view expression_sql, std::string_view from, std::string_view to) {
  return rewrite_expression(expression_sql, [&](sql::Expr& expr) {
    sql::LiteralExpr* literal = sequence_literal(expr);
    if (literal != nullptr && literal->text == from) literal->text = to;
  });
}

}  // namespace rowan::catalog
