#include "exec/ddl.h"

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "catalog/table.h"
#include "exec/dml.h"
#include "sql/parser.h"

namespace rowan::exec {

namespace {

Result<void> check_new_schema_name(std::string_view name) {
  if (name.empty()) return Error(ErrorCode::kInvalidName, "zero-length identifier");
  if (name.starts_with("pg_") || name == "information_schema" || name == "rowan") {
    return Error(ErrorCode::kInvalidName, fmt::format("unacceptable schema name \"{}\"", name))
        .with_detail("The names \"rowan\" and \"information_schema\" and the prefix \"pg_\" are reserved for system schemas.");
  }
  return {};
}

}  // namespace

Result<std::string> run_create_schema(const sql::SchemaStmt& statement, ExecContext& context) {
  TRY(check_new_schema_name(statement.name));
  TRY_ASSIGN(const bool exists, context.transaction.catalog().has_schema(statement.name));
  const bool database = statement.kind == sql::StatementKind::kCreateDatabase;
  if (exists) {
    if (statement.if_exists) return fmt::format("schema \"{}\" already exists, skipping", statement.name);
    if (database) return Error(ErrorCode::kDuplicateDatabase, fmt::format("database \"{}\" already exists", statement.name));
    return Error(ErrorCode::kDuplicateSchema, fmt::format("schema \"{}\" already exists", statement.name));
  }
  TRY(context.transaction.put_file(catalog::schema_path(statement.name) + "/schema.sql", catalog::schema_sql(statement.name)));
  return std::string();
}

Result<std::string> run_drop_schema(const sql::SchemaStmt& statement, ExecContext& context) {
  const bool database = statement.kind == sql::StatementKind::kDropDatabase;
  TRY_ASSIGN(const bool exists, context.transaction.catalog().has_schema(statement.name));
  if (!exists) {
    if (statement.if_exists) return fmt::format("schema \"{}\" does not exist, skipping", statement.name);
    if (database) return Error(ErrorCode::kUndefinedDatabase, fmt::format("database \"{}\" does not exist", statement.name));
    return Error(ErrorCode::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", statement.name));
  }
  TRY_ASSIGN(const std::vector<std::string> tables, context.transaction.catalog().tables(statement.name));
  if (!tables.empty() && !statement.cascade && !database) {
    return Error(ErrorCode::kDependentObjects, fmt::format("cannot drop schema {} because other objects depend on it", sql::quote_ident(statement.name)))
        .with_detail(fmt::format("table {}.{} depends on schema {}", sql::quote_ident(statement.name), sql::quote_ident(tables.front()),
                                 sql::quote_ident(statement.name)))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  TRY(context.transaction.put_file(catalog::schema_path(statement.name), std::nullopt));
  return std::string();
}

Result<std::string> run_create_table(const sql::CreateTableStmt& statement, ExecContext& context) {
  TRY_ASSIGN(const catalog::TableDef table, catalog::table_from_statement(statement, context.eval.schema));
  for (const catalog::ColumnDef& column : table.columns) {
    if (!column.sequence.empty()) return Error(ErrorCode::kFeatureNotSupported, "sequences are not supported yet");
  }
  if (!table.foreign_keys.empty()) return Error(ErrorCode::kFeatureNotSupported, "foreign keys are not supported yet");
  TRY_ASSIGN(const bool has_schema, context.transaction.catalog().has_schema(table.schema));
  if (!has_schema) {
    return Error(ErrorCode::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", table.schema)).at(statement.table.position);
  }
  TRY_ASSIGN(const auto existing, context.transaction.catalog().find_table(table.schema, table.name));
  if (existing) {
    if (statement.if_not_exists) return fmt::format("relation \"{}\" already exists, skipping", table.name);
    return Error(ErrorCode::kDuplicateTable, fmt::format("relation \"{}\" already exists", table.name)).at(statement.table.position);
  }
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.default_value == nullptr) continue;
    TRY(bind_default(*clause.default_value, table.columns[*table.find_column(clause.name)]));
  }
  TRY(context.transaction.put_file(table.path() + "/table.sql", catalog::table_sql(table)));
  return std::string();
}

Result<std::string> run_drop_table(const sql::DropTableStmt& statement, ExecContext& context) {
  std::string notice;
  for (const sql::QualifiedName& name : statement.tables) {
    const std::string_view schema = name.schema.empty() ? context.eval.schema : name.schema;
    TRY_ASSIGN(const bool has_schema, context.transaction.catalog().has_schema(schema));
    std::optional<catalog::TableVersion> table;
    if (has_schema) {
      TRY_ASSIGN(table, context.transaction.catalog().find_table(schema, name.name));
    }
    if (!table) {
      if (statement.if_exists) {
        notice = fmt::format("table \"{}\" does not exist, skipping", name.name);
        continue;
      }
      if (!has_schema) return Error(ErrorCode::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", schema));
      return Error(ErrorCode::kUndefinedTable, fmt::format("table \"{}\" does not exist", name.name));
    }
    TRY(context.transaction.put_file(table->table->path(), std::nullopt));
  }
  return notice;
}

}  // namespace rowan::exec
