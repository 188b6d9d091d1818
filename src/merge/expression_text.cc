#include "merge/expression_text.h"

#include <functional>

#include "sql/parser.h"
#include "sql/print.h"

namespace rowan::merge {
namespace {

using Visit = std::function<void(sql::ColumnExpr&)>;

void walk(sql::Expr* expr, const Visit& visit);

void walk_list(const sql::List<sql::Expr*>& list, const Visit& visit) {
  for (sql::Expr* item : list) walk(item, visit);
}

void walk_case(sql::CaseExpr& expr, const Visit& visit) {
  walk(expr.operand, visit);
  for (const sql::CaseBranch& branch : expr.branches) {
    walk(branch.when, visit);
    walk(branch.then, visit);
  }
  walk(expr.otherwise, visit);
}

// Depth is capped by the parser.
void walk(sql::Expr* expr, const Visit& visit) {
  if (expr == nullptr) return;
  using sql::ExprKind;
  switch (expr->kind) {
    case ExprKind::kColumn: return visit(static_cast<sql::ColumnExpr&>(*expr));
    case ExprKind::kUnary: return walk(static_cast<sql::UnaryExpr&>(*expr).operand, visit);
    case ExprKind::kIsNull: return walk(static_cast<sql::IsNullExpr&>(*expr).operand, visit);
    case ExprKind::kIsBool: return walk(static_cast<sql::IsBoolExpr&>(*expr).operand, visit);
    case ExprKind::kCast: return walk(static_cast<sql::CastExpr&>(*expr).operand, visit);
    case ExprKind::kCase: return walk_case(static_cast<sql::CaseExpr&>(*expr), visit);
    case ExprKind::kRow: return walk_list(static_cast<sql::RowExpr&>(*expr).items, visit);
    case ExprKind::kBinary: {
      auto& binary = static_cast<sql::BinaryExpr&>(*expr);
      walk(binary.left, visit);
      return walk(binary.right, visit);
    }
    case ExprKind::kIsDistinct: {
      auto& distinct = static_cast<sql::IsDistinctExpr&>(*expr);
      walk(distinct.left, visit);
      return walk(distinct.right, visit);
    }
    case ExprKind::kBetween: {
      auto& between = static_cast<sql::BetweenExpr&>(*expr);
      walk(between.operand, visit);
      walk(between.low, visit);
      return walk(between.high, visit);
    }
    case ExprKind::kIn: {
      auto& in = static_cast<sql::InExpr&>(*expr);
      walk(in.operand, visit);
      return walk_list(in.items, visit);
    }
    case ExprKind::kLike: {
      auto& like = static_cast<sql::LikeExpr&>(*expr);
      walk(like.operand, visit);
      walk(like.pattern, visit);
      return walk(like.escape, visit);
    }
    case ExprKind::kCall: {
      auto& call = static_cast<sql::CallExpr&>(*expr);
      walk_list(call.arguments, visit);
      return walk(call.filter, visit);
    }
    default: return;   // Literals; and what a stored expression over one row cannot hold.
  }
}

}  // namespace

Result<std::string> rename_columns(std::string_view expression_sql, const ColumnNames& names) {
  TRY_ASSIGN(sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  bool changed = false;
  walk(parsed.expr, [&](sql::ColumnExpr& column) {
    const auto found = names.find(column.column);
    if (found == names.end() || found->second == column.column) return;
    column.column = parsed.arena->copy(found->second);
    changed = true;
  });
  return changed ? sql::to_sql(*parsed.expr) : std::string(expression_sql);
}

Result<std::vector<std::string>> columns_of(std::string_view expression_sql) {
  TRY_ASSIGN(sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  std::vector<std::string> columns;
  walk(parsed.expr, [&](sql::ColumnExpr& column) { columns.emplace_back(column.column); });
  return columns;
}

}  // namespace rowan::merge
