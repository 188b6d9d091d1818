#include "system/shown.h"

#include <algorithm>
#include <string>

#include "derived/index.h"
#include "sql/parser.h"
#include "system/fillers.h"

namespace rowan::system {

using type::TypeId;
using type::Value;

namespace {

constexpr TypeId kText = TypeId::kText;
constexpr Column kBranches[] = {{"Branch", kText},
                                {"Current", kText},
                                {"Commit", kText},
                                {"Author", kText},
                                {"Time", TypeId::kTimestamptz},
                                {"Message", kText},
                                {"Ahead", TypeId::kInt8},
                                {"Behind", TypeId::kInt8},
                                {"Protected", kText}};
constexpr Column kNames[] = {{"name", kText}};
constexpr Column kViews[] = {{"name", kText}, {"materialized", kText}, {"query", kText}};
constexpr Column kIndexes[] = {{"Name", kText}, {"Column", kText}, {"Unique", kText}};
constexpr Column kDescription[] = {{"column", kText},
                                   {"type", kText},
                                   {"nullable", kText},
                                   {"default", kText},
                                   {"primary_key", kText}};

void add_texts(RowCollector& rows, const std::vector<std::string>& cells) {
  Values row;
  for (const std::string& cell : cells) row.push_back(text_value(cell));
  rows.add(row);
}

std::string yes_or_no(bool yes) { return yes ? "YES" : "NO"; }

// The schema that the statement names, else that of new tables.
Values schema_argument(Context& context, const sql::ShowStmt& statement) {
  return {text_value(statement.name.name.empty() ? context.schema_of({})
                                                 : std::string(statement.name.name))};
}
// Schema and name of the relation that the statement names.
Values relation_arguments(Context& context, const sql::ShowStmt& statement) {
  return {text_value(statement.name.schema.empty() ? context.schema_of(statement.name.name)
                                                   : std::string(statement.name.schema)),
          text_value(std::string(statement.name.name))};
}

Result<void> fill_table_names(Context& context, const Values& arguments, RowCollector& rows) {
  TRY_ASSIGN(const std::vector<std::string> names,
             context.transaction().catalog().tables(arguments[0].as_string()));
  for (const std::string& name : names) add_texts(rows, {name});
  return {};
}

Result<void> fill_shown_views(Context& context, const Values& arguments, RowCollector& rows) {
  const catalog::Catalog& catalog = context.transaction().catalog();
  const std::string schema(arguments[0].as_string());
  TRY_ASSIGN(const std::vector<std::string> names, catalog.views(schema));
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
    if (view != nullptr) add_texts(rows, {name, yes_or_no(view->materialized()), view->query_sql});
  }
  return {};
}

void add_index(const catalog::TableDef& table, const std::string& name,
               const std::vector<catalog::IndexColumnDef>& columns, bool unique,
               RowCollector& rows) {
  for (const catalog::IndexColumnDef& column : columns) {
    std::string text = sql::quote_ident(table.columns[column.column].name);
    if (column.descending) text += " DESC";
    if (column.nulls_first != column.descending)
      text += column.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    add_texts(rows, {name, std::move(text), yes_or_no(unique)});
  }
}

Result<void> fill_shown_indexes(Context& context, const Values& arguments, RowCollector& rows) {
  TRY_ASSIGN(const catalog::TableVersion version,
             context.transaction().get_table(arguments[0].as_string(), arguments[1].as_string()));
  const catalog::TableDef& table = *version.table;
  if (!table.primary_key.empty()) {
    add_index(table, table.primary_key_name, derived::index_key(table.primary_key).columns, true,
              rows);
  }
  for (size_t i = 0; i < table.unique_constraints && i < table.unique_keys.size(); ++i) {
    add_index(table, table.unique_keys[i].name, derived::index_key(table.unique_keys[i]).columns,
              true, rows);
  }
  for (const catalog::IndexDef& index : table.indexes)
    add_index(table, index.name, index.columns, index.unique, rows);
  return {};
}

// False: the name is no view.
Result<bool> describe_view(Context& context, const std::string& schema, const std::string& name,
                           RowCollector& rows) {
  const catalog::Catalog& catalog = context.transaction().catalog();
  TRY_ASSIGN(const bool there, catalog.has_schema(schema));
  if (!there) return false;
  TRY_ASSIGN(const auto view, catalog.find_view(schema, name));
  if (view == nullptr) return false;
  TRY_ASSIGN(const sql::ParsedStatement parsed, sql::parse_statement(view->query_sql));
  const std::unique_ptr<plan::Resolver> resolver = context.resolver();
  const expr::EvalContext eval = context.eval();
  expr::ParameterTypes parameters;
  plan::PlanContext planning{*resolver, parameters, eval, {}};
  TRY_ASSIGN(const plan::Plan plan,
             plan::plan_query(static_cast<const sql::SelectStmt&>(*parsed.statement), planning));
  for (size_t i = 0; i < view->columns.size() && i < plan.outputs.size(); ++i)
    add_texts(rows, {view->columns[i], type::type_name(plan.outputs[i].type), "YES", "", "NO"});
  return true;
}

Result<void> fill_description(Context& context, const Values& arguments, RowCollector& rows) {
  const std::string schema(arguments[0].as_string());
  const std::string name(arguments[1].as_string());
  TRY_ASSIGN(const bool is_view, describe_view(context, schema, name, rows));
  if (is_view) return {};
  TRY_ASSIGN(const catalog::TableVersion version, context.transaction().get_table(schema, name));
  for (size_t i = 0; i < version.table->columns.size(); ++i) {
    const catalog::ColumnDef& column = version.table->columns[i];
    const auto& key = version.table->primary_key;
    const bool in_key = std::find(key.begin(), key.end(), i) != key.end();
    add_texts(rows, {column.name, type::type_name(column.type), yes_or_no(!column.not_null),
                     column.default_sql, yes_or_no(in_key)});
  }
  return {};
}

// ---- A function a statement ----

Result<Shown> show_branches(Context& context, const sql::ShowStmt&) {
  return Shown{make_table(context, kBranches, fill_shown_branches)};
}
Result<Shown> show_tags(Context& context, const sql::ShowStmt&) {
  return Shown{make_table(context, columns_of("tags"), fill_tags)};
}
Result<Shown> show_foreign(Context& context, const sql::ShowStmt&) {
  return Shown{make_table(context, columns_of("foreign"), fill_foreign)};
}
Result<Shown> show_reflog(Context& context, const sql::ShowStmt& statement) {
  Values branch;
  if (!statement.branch.empty()) branch = {text_value(std::string(statement.branch))};
  return Shown{make_table(context, columns_of("reflog"), fill_reflog), std::move(branch)};
}
Result<Shown> show_status(Context& context, const sql::ShowStmt&) {
  return Shown{make_table(context, columns_of("status"), fill_status)};
}
Result<Shown> show_tables(Context& context, const sql::ShowStmt& statement) {
  return Shown{make_table(context, kNames, fill_table_names), schema_argument(context, statement)};
}
Result<Shown> show_views(Context& context, const sql::ShowStmt& statement) {
  return Shown{make_table(context, kViews, fill_shown_views), schema_argument(context, statement)};
}
Result<Shown> show_indexes(Context& context, const sql::ShowStmt& statement) {
  return Shown{make_table(context, kIndexes, fill_shown_indexes),
               relation_arguments(context, statement)};
}
Result<Shown> show_databases(Context& context, const sql::ShowStmt&) {
  return Shown{make_table(context, kNames, fill_schemas)};
}
Result<Shown> describe(Context& context, const sql::ShowStmt& statement) {
  return Shown{make_table(context, kDescription, fill_description),
               relation_arguments(context, statement)};
}

constexpr ShowRow kRows[] = {
    {sql::StatementKind::kShowBranches, ShowCall<show_branches>::run},
    {sql::StatementKind::kShowTags, ShowCall<show_tags>::run},
    {sql::StatementKind::kShowForeign, ShowCall<show_foreign>::run},
    {sql::StatementKind::kShowReflog, ShowCall<show_reflog>::run},
    {sql::StatementKind::kShowTables, ShowCall<show_tables>::run},
    {sql::StatementKind::kShowViews, ShowCall<show_views>::run},
    {sql::StatementKind::kShowIndexes, ShowCall<show_indexes>::run},
    {sql::StatementKind::kShowDatabases, ShowCall<show_databases>::run},
    {sql::StatementKind::kShowStatus, ShowCall<show_status>::run},
    {sql::StatementKind::kDescribe, ShowCall<describe>::run},
};

}  // namespace

constinit const std::span<const ShowRow> kObjectShows = kRows;

}  // namespace rowan::system
