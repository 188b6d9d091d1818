#include "catalog/expression_text.h"

#include <algorithm>

#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"

namespace rowan::catalog {

namespace {

class EachColumn final : public sql::Visitor {
 public:
  explicit EachColumn(const std::function<void(sql::ColumnExpr&)>& visit) : visit_(visit) {}
  void column(sql::ColumnExpr& column, const sql::WalkScope*) override { visit_(column); }

 private:
  const std::function<void(sql::ColumnExpr&)>& visit_;
};

class EachSequence final : public sql::Visitor {
 public:
  explicit EachSequence(const std::function<void(sql::LiteralExpr&)>& visit) : visit_(visit) {}
  void call(sql::CallExpr& call) override {
    if (sql::LiteralExpr* literal = sql::sequence_name(call)) visit_(*literal);
  }

 private:
  const std::function<void(sql::LiteralExpr&)>& visit_;
};

void add_new(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

}  // namespace

Result<std::string> rewrite_columns(std::string_view expression_sql,
                                    const std::function<void(sql::ColumnExpr&)>& change) {
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  EachColumn each(change);
  sql::walk(*parsed.expr, each);
  return sql::to_sql(*parsed.expr);
}

Result<std::vector<std::string>> columns_of(std::string_view expression_sql) {
  std::vector<std::string> names;
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  const std::function<void(sql::ColumnExpr&)> visit = [&](sql::ColumnExpr& column) {
    add_new(names, column.column);
  };
  EachColumn each(visit);
  sql::walk(*parsed.expr, each);
  return names;
}

Result<std::string> rename_column_in(std::string_view expression_sql, std::string_view from,
                                     std::string_view to) {
  return rewrite_columns(expression_sql, [&](sql::ColumnExpr& column) {
    if (column.column == from) column.column = to;
  });
}

Result<std::vector<std::string>> sequences_of(std::string_view expression_sql) {
  std::vector<std::string> names;
  if (expression_sql.find("val(") == std::string_view::npos) return names;
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  const std::function<void(sql::LiteralExpr&)> visit = [&](sql::LiteralExpr& literal) {
    add_new(names, literal.text);
  };
  EachSequence each(visit);
  sql::walk(*parsed.expr, each);
  return names;
}

Result<std::string> rename_sequence_in(std::string_view expression_sql, std::string_view from,
                                       std::string_view to) {
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  const std::function<void(sql::LiteralExpr&)> visit = [&](sql::LiteralExpr& literal) {
    if (literal.text == from) literal.text = to;
  };
  EachSequence each(visit);
  sql::walk(*parsed.expr, each);
  return sql::to_sql(*parsed.expr);
}

}  // namespace rowan::catalog
