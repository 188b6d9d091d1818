#include "engine/object_statements.h"

#include <algorithm>

#include <string>
#include <vector>

#include "engine/resolver.h"
#include "engine/session.h"
#include "sql/parser.h"

namespace rowan::engine {

namespace {

using TextRows = std::vector<std::vector<std::string>>;

void add_index(const catalog::TableDef& table, const std::string& name,
               const std::vector<catalog::IndexColumnDef>& columns, bool unique, TextRows& rows) {
  for (const catalog::IndexColumnDef& column : columns) {
    std::string text = sql::quote_ident(table.columns[column.column].name);
    if (column.descending) text += " DESC";
    if (column.nulls_first != column.descending)
      text += column.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    rows.push_back({name, std::move(text), unique ? "YES" : "NO"});
  }
}

TableRows name_rows(const std::vector<std::string>& names) {
  TextRows rows;
  for (const std::string& name : names) rows.push_back({name});
  return text_rows({"name"}, rows);
}

}  // namespace

Result<TableRows> show_views(SessionImpl& session, const sql::ShowStmt& statement) {
  const std::string schema =
      statement.name.name.empty() ? session.schema() : std::string(statement.name.name);
  const catalog::Catalog& catalog = session.transaction()->catalog();
  TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
  TextRows rows;
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
    if (view != nullptr)
      rows.push_back({name, view->materialized() ? "YES" : "NO", view->query_sql});
  }
  return text_rows({"name", "materialized", "query"}, rows);
}

Result<TableRows> show_indexes(SessionImpl& session, const sql::ShowStmt& statement) {
  TRY_ASSIGN(const catalog::TableVersion version,
             session.transaction()->get_table(session.schema_of(statement.name), statement.name.name));
  const catalog::TableDef& table = *version.table;
  TextRows rows;
  if (!table.primary_key.empty())
    add_index(table, table.primary_key_name, derived::index_key(table.primary_key).columns, true,
              rows);
  for (size_t i = 0; i < table.unique_constraints && i < table.unique_keys.size(); ++i) {
    add_index(table, table.unique_keys[i].name, derived::index_key(table.unique_keys[i]).columns,
              true, rows);
  }
  for (const catalog::IndexDef& index : table.indexes)
    add_index(table, index.name, index.columns, index.unique, rows);
  return text_rows({"Name", "Column", "Unique"}, rows);
}

Result<TableRows> show_tables(SessionImpl& session, const sql::ShowStmt& statement) {
  const std::string schema =
      statement.name.name.empty() ? session.schema() : std::string(statement.name.name);
  TRY_ASSIGN(const std::vector<std::string> names, session.transaction()->catalog().tables(schema));
  return name_rows(names);
}

Result<TableRows> show_databases(SessionImpl& session, const sql::ShowStmt& /*statement*/) {
  TRY_ASSIGN(const std::vector<std::string> names, session.transaction()->catalog().schemas());
  return name_rows(names);
}

namespace {

TableRows description(const TextRows& rows) {
  return text_rows({"column", "type", "nullable", "default", "primary_key"}, rows);
}

// Nothing when the name is no view.
Result<std::optional<TableRows>> describe_view(SessionImpl& session,
                                               const sql::ShowStmt& statement) {
  const expr::EvalContext eval = session.eval_context();
  const std::string schema = session.schema_of(statement.name);
  TRY_ASSIGN(const bool there, session.transaction()->catalog().has_schema(schema));
  if (!there) return std::optional<TableRows>();
  TRY_ASSIGN(const auto view,
             session.transaction()->catalog().find_view(schema, statement.name.name));
  if (view == nullptr) return std::optional<TableRows>();
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view->query_sql));
  SessionResolver resolver(session);
  expr::ParameterTypes parameters;
  plan::PlanContext planning{resolver, parameters, eval, {}};
  TRY_ASSIGN(const plan::Plan plan,
             plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed.statement), planning));
  TextRows rows;
  for (size_t i = 0; i < view->columns.size() && i < plan.outputs.size(); ++i) {
    rows.push_back({view->columns[i], type::type_name(plan.outputs[i].type), "YES", "", "NO"});
  }
  return std::optional(description(rows));
}

}  // namespace

Result<TableRows> describe(SessionImpl& session, const sql::ShowStmt& statement) {
  TRY_ASSIGN(std::optional<TableRows> view, describe_view(session, statement));
  if (view.has_value()) return std::move(*view);
  TRY_ASSIGN(const catalog::TableVersion version,
             session.transaction()->get_table(session.schema_of(statement.name), statement.name.name));
  TextRows rows;
  for (size_t i = 0; i < version.table->columns.size(); ++i) {
    const catalog::ColumnDef& column = version.table->columns[i];
    const auto& key = version.table->primary_key;
    const bool in_key = std::find(key.begin(), key.end(), i) != key.end();
    rows.push_back({column.name, type::type_name(column.type), column.not_null ? "NO" : "YES",
                    column.default_sql, in_key ? "YES" : "NO"});
  }
  return description(rows);
}

}  // namespace rowan::engine
