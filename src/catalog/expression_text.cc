#include "catalog/expression_text.h"

#include <algorithm>

#include "catalog/objects.h"
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
  sql::each_sequence_name(*parsed.expr,
                          [&](sql::LiteralExpr& literal) { add_new(names, literal.text); });
  return names;
}

Result<std::string> rename_sequence_in(std::string_view expression_sql, std::string_view from,
                                       std::string_view to) {
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(expression_sql));
  sql::each_sequence_name(*parsed.expr, [&](sql::LiteralExpr& literal) {
    if (literal.text == from) literal.text = to;
  });
  return sql::to_sql(*parsed.expr);
}

namespace {

// The name as it is stored. What is no name stays as it is: whoever draws from it is told.
std::string full_name(std::string_view text, std::string_view schema) {
  const auto name = parse_name(text, schema);
  return name ? qualified(name->schema, name->name) : std::string(text);
}

}  // namespace

Result<std::vector<std::string>> sequences_of_query(std::string_view query_sql,
                                                    std::string_view schema) {
  std::vector<std::string> names;
  if (query_sql.find("val(") == std::string_view::npos) return names;
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(query_sql));
  if (parsed.statement->kind != sql::StatementKind::kSelect) return names;
  sql::each_sequence_name(
      static_cast<sql::SelectStmt&>(*parsed.statement),
      [&](sql::LiteralExpr& literal) { add_new(names, full_name(literal.text, schema)); });
  return names;
}

bool rename_sequence_in(sql::SelectStmt& select, std::string_view schema, std::string_view from,
                        std::string_view to) {
  bool changed = false;
  sql::each_sequence_name(select, [&](sql::LiteralExpr& literal) {
    if (full_name(literal.text, schema) != from) return;
    literal.text = to;
    changed = true;
  });
  return changed;
}

}  // namespace rowan::catalog
