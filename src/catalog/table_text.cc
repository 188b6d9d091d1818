// table.sql: the canonical text of a table, and back.
#include <algorithm>
#include <cstdio>

#include "catalog/table.h"
#include "sql/parser.h"
#include "type/text.h"

namespace rowan::catalog {
namespace {

std::string slot_text(uint16_t slot, uint32_t id) {
  char text[48];
  std::snprintf(text, sizeof text, "SLOT %u ID %08x", static_cast<unsigned>(slot), static_cast<unsigned>(id));
  return text;
}

// Numbers and booleans stand bare, everything else is quoted.
std::string absent_text(const type::Value& value) {
  if (value.type().id == type::TypeId::kBool) return value.as_int() != 0 ? "true" : "false";
  const std::string text = type::to_text(value);
  const bool number = type::is_number(value.type().id) && text.find_first_not_of("+-.0123456789e") == std::string::npos;
  return number ? text : sql::quote_literal(text);
}

std::string column_list(const TableDef& table, const std::vector<uint16_t>& columns) {
  std::string out = "(";
  for (size_t i = 0; i < columns.size(); ++i) out += (i > 0 ? ", " : "") + sql::quote_ident(table.columns[columns[i]].name);
  return out + ")";
}

// A default is a restricted expression in the grammar; what might not be one goes into parentheses, which vanish when it is read.
bool stands_bare(const std::string& default_sql) {
  const Result<sql::ParsedExpression> parsed = sql::parse_expression(default_sql);
  if (!parsed) return false;
  switch (parsed->expr->kind) {
    case sql::ExprKind::kLiteral:
    case sql::ExprKind::kCast:
    case sql::ExprKind::kCall:
    case sql::ExprKind::kCase: return true;
    case sql::ExprKind::kUnary: return static_cast<const sql::UnaryExpr*>(parsed->expr)->op == "-";
    default: return false;
  }
}

std::string column_text(const ColumnDef& column) {
  std::string out = sql::quote_ident(column.name) + " " + type::type_name(column.type);
  if (column.not_null) out += " NOT NULL";
  if (!column.default_sql.empty()) {
    out += " DEFAULT " + (stands_bare(column.default_sql) ? column.default_sql : "(" + column.default_sql + ")");
  }
  out += " " + slot_text(column.slot, column.id);
  if (!column.absent.is_null()) out += " ABSENT " + absent_text(column.absent);
  return out;
}

}  // namespace

std::string table_sql(const TableDef& table) {
  std::string out = "CREATE TABLE " + sql::quote_ident(table.schema) + "." + sql::quote_ident(table.name) + " (";
  bool first = true;
  const auto line = [&](const std::string& text) {
    out += first ? "\n  " : ",\n  ";
    first = false;
    out += text;
  };
  for (const ColumnDef& column : table.columns) line(column_text(column));
  for (const DroppedSlot& dropped : table.dropped) line("DROPPED " + slot_text(dropped.slot, dropped.id));
  if (!table.primary_key.empty()) {
    const bool named = table.primary_key_name != default_primary_key_name(table);
    line((named ? "CONSTRAINT " + sql::quote_ident(table.primary_key_name) + " " : "") + "PRIMARY KEY " + column_list(table, table.primary_key));
  }
  for (size_t i = 0; i < table.unique_keys.size(); ++i) {
    const UniqueKey& key = table.unique_keys[i];
    const bool named = key.name != default_unique_key_name(table, i);
    line((named ? "CONSTRAINT " + sql::quote_ident(key.name) + " " : "") + "UNIQUE " + column_list(table, key.columns));
  }
  out += first ? ");\n" : "\n);\n";
  return out;
}

Result<TableDef> table_from_sql(std::string_view text, std::string_view schema, std::string_view name) {
  const std::string where = "table.sql of " + sql::quote_ident(schema) + "." + sql::quote_ident(name) + ": ";
  const auto invalid = [&](const std::string& why) { return Error(ErrorCode::kInvalidContent, where + why); };
  Result<sql::ParsedStatement> parsed = sql::parse_statement(text);
  if (!parsed) return invalid(parsed.error().message());
  if (parsed->statement->kind != sql::StatementKind::kCreateTable) return invalid("no CREATE TABLE statement");
  Result<TableDef> table = table_from_statement(static_cast<const sql::CreateTableStmt&>(*parsed->statement), schema);
  if (!table) return invalid(table.error().message());
  if (table->schema != schema || table->name != name) {
    return invalid("it defines " + sql::quote_ident(table->schema) + "." + sql::quote_ident(table->name));
  }
  return table;
}

}  // namespace rowan::catalog
