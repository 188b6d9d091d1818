#include "exec/ddl.h"

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/names.h"
#include "catalog/table.h"
#include "exec/definition.h"
#include "exec/dependents.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/table_check.h"
#include "sql/parser.h"

namespace rowan::exec {

using sql::ObjectKind;

Result<std::string> run_create_schema(const sql::SchemaStmt& statement, ExecContext& context) {
  TRY(catalog::check_schema_name(statement.name));
  TRY_ASSIGN(const bool exists, context.transaction.catalog().has_schema(statement.name));
  const bool database = statement.kind == sql::StatementKind::kCreateDatabase;
  if (exists) {
    if (statement.if_exists)
      return fmt::format("schema \"{}\" already exists, skipping", statement.name);
    if (database)
      return Error(ErrorCode::kDuplicateDatabase,
                   fmt::format("database \"{}\" already exists", statement.name));
    return Error(ErrorCode::kDuplicateSchema,
                 fmt::format("schema \"{}\" already exists", statement.name));
  }
  TRY(context.transaction.put_file(catalog::schema_path(statement.name) + "/schema.sql",
                                   catalog::schema_sql(statement.name)));
  return std::string();
}

Result<std::string> run_drop_schema(const sql::SchemaStmt& statement, ExecContext& context) {
  const bool database = statement.kind == sql::StatementKind::kDropDatabase;
  TRY_ASSIGN(const bool exists, context.transaction.catalog().has_schema(statement.name));
  if (!exists) {
    if (statement.if_exists)
      return fmt::format("schema \"{}\" does not exist, skipping", statement.name);
    if (database)
      return Error(ErrorCode::kUndefinedDatabase,
                   fmt::format("database \"{}\" does not exist", statement.name));
    return Error(ErrorCode::kInvalidSchemaName,
                 fmt::format("schema \"{}\" does not exist", statement.name));
  }
  const catalog::Catalog& catalog = context.transaction.catalog();
  TRY_ASSIGN(const std::vector<std::string> tables, catalog.tables(statement.name));
  TRY_ASSIGN(const std::vector<std::string> views, catalog.views(statement.name));
  TRY_ASSIGN(const std::vector<std::string> sequences, catalog.sequences(statement.name));
  DropPlan plan(context);
  std::string first;
  for (const std::vector<std::string>* names : {&tables, &views, &sequences}) {
    for (const std::string& name : *names) {
      TRY_ASSIGN(const ObjectKind kind, catalog.find_relation(statement.name, name));
      if (first.empty())
        first = fmt::format("{} {}.{}", sql::object_word(kind), sql::quote_ident(statement.name),
                            sql::quote_ident(name));
      plan.add(statement.name, name, kind);
    }
  }
  // A database goes with all that is in it, as PostgreSQL's do, unless RESTRICT says otherwise; what
  // stands in others and depends on it goes by CASCADE alone.
  const bool cascade = statement.behavior == sql::DropBehavior::kCascade;
  const bool takes_own = database && statement.behavior == sql::DropBehavior::kNone;
  if (!first.empty() && !cascade && !takes_own) {
    return Error(ErrorCode::kDependentObjects,
                 fmt::format("cannot drop {} {} because other objects depend on it",
                             database ? "database" : "schema",
                             sql::quote_ident(statement.name)))
        .with_detail(
            fmt::format("{} depends on schema {}", first, sql::quote_ident(statement.name)))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  TRY(plan.close(cascade));
  TRY_ASSIGN(std::string notice, plan.run());
  TRY(context.transaction.put_file(catalog::schema_path(statement.name), std::nullopt));
  return notice;
}

namespace {

Result<void> check_defaults(const sql::CreateTableStmt& statement, const catalog::TableDef& table,
                            const ExecContext& context) {
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.default_value == nullptr) continue;
    const catalog::ColumnDef& column = table.columns[*table.find_column(clause.name)];
    TRY(plan::bind_default(*clause.default_value, column));
    TRY(require_sequences(column.default_sql, context));
  }
  return {};
}

// A foreign key's position: those of columns come first, as in the table.
std::vector<uint32_t> foreign_key_positions(const sql::CreateTableStmt& statement) {
  std::vector<uint32_t> positions;
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.references != nullptr) positions.push_back(clause.references->position);
  }
  for (const sql::ForeignKeyClause& key : statement.foreign_keys) positions.push_back(key.position);
  return positions;
}

}  // namespace

Result<std::string> run_create_table(const sql::CreateTableStmt& statement, ExecContext& context) {
  TRY_ASSIGN(const RelationName name, new_relation_name(statement.table, context));
  TRY(require_schema(name.schema, statement.table.position, context));
  TRY_ASSIGN(const ObjectKind existing,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (existing != ObjectKind::kNone && statement.if_not_exists)
    return fmt::format("relation \"{}\" already exists, skipping", name.name);
  TRY(require_free_name(name.schema, name.name, statement.table.position, context));
  TRY_ASSIGN(catalog::TableDef table,
             catalog::table_from_statement(statement, name_scope(context),
                                           names_taken(context, name.schema, name.name)));
  TRY(check_defaults(statement, table, context));
  TRY(require_checks(table));
  for (const catalog::ColumnDef& column : table.columns) TRY(require_merge_rule(table, column));
  TRY(require_merge_rule(table));
  TRY(require_rules_at_work(table, nullptr));
  const std::vector<uint32_t> positions = foreign_key_positions(statement);
  for (size_t i = 0; i < table.foreign_keys.size(); ++i)
    TRY(resolve_foreign_key(table, table.foreign_keys[i], positions[i], context));
  for (const sql::ColumnClause& clause : statement.columns) {
    if (catalog::is_serial(clause.type) || clause.identity != sql::IdentityKind::kNone)
      TRY(create_owned_sequence(table, clause, context));
  }
  TRY(put_table(table, context));
  return std::string();
}

Result<std::string> run_drop_table(const sql::DropTableStmt& statement, ExecContext& context) {
  std::string notice;
  DropPlan plan(context);
  bool any = false;
  for (const sql::QualifiedName& written : statement.tables) {
    TRY_ASSIGN(const RelationName name, relation_name(written, context));
    TRY_ASSIGN(const bool has_schema, context.transaction.catalog().has_schema(name.schema));
    ObjectKind kind = ObjectKind::kNone;
    if (has_schema) {
      TRY_ASSIGN(kind, context.transaction.catalog().find_relation(name.schema, name.name));
    }
    if (kind == ObjectKind::kNone) {
      if (statement.if_exists) {
        notice += (notice.empty() ? "" : "\n") +
                  fmt::format("table \"{}\" does not exist, skipping", name.name);
        continue;
      }
      TRY(require_schema(name.schema, 0, context));
      return Error(ErrorCode::kUndefinedTable,
                   fmt::format("table \"{}\" does not exist", name.name));
    }
    if (kind != ObjectKind::kTable) return wrong_kind(name.name, kind, "a table");
    plan.add(name.schema, name.name, kind);
    any = true;
  }
  if (!any) return notice;
  TRY(plan.close(statement.cascade));
  TRY_ASSIGN(const std::string cascaded, plan.run());
  if (!cascaded.empty()) notice += (notice.empty() ? "" : "\n") + cascaded;
  return notice;
}

}  // namespace rowan::exec
