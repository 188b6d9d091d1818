#include "catalog/table.h"

#include <algorithm>

#include "base/hash.h"
#include "base/limits.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "store/object_store.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::catalog {
namespace {

// The first 32 bits of SHA-256 of "<slot>\0<name>\0<type>": fixed by format 1.
uint32_t column_id(uint16_t slot, const std::string& name, const std::string& type) {
  std::string bytes = std::to_string(slot);
  bytes += '\0';
  bytes += name;
  bytes += '\0';
  bytes += type;
  const auto hash = sha256(bytes);
  return static_cast<uint32_t>(hash[0]) << 24 | static_cast<uint32_t>(hash[1]) << 16 | static_cast<uint32_t>(hash[2]) << 8 | hash[3];
}

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

Error invalid(ErrorCode code, std::string message, uint32_t position) { return Error(code, std::move(message)).at(position); }

// An ABSENT literal: a constant, a signed number, or NULL.
Result<type::Value> absent_value(const sql::Expr* expr, type::Type type) {
  if (expr == nullptr) return type::Value::null(type);
  std::string text;
  if (expr->kind == sql::ExprKind::kUnary) {
    const auto& sign = static_cast<const sql::UnaryExpr&>(*expr);
    if (sign.op == "-") text = "-";
    expr = sign.operand;
  }
  if (expr->kind != sql::ExprKind::kLiteral) {
    return invalid(ErrorCode::kSyntaxError, "ABSENT takes a plain literal", expr->position);
  }
  const auto& literal = static_cast<const sql::LiteralExpr&>(*expr);
  if (literal.literal == sql::LiteralKind::kNull) return type::Value::null(type);
  if (literal.literal == sql::LiteralKind::kBool) {
    text = literal.boolean ? "true" : "false";
  } else {
    text += literal.text;
  }
  return type::parse_text(type, text);
}

Result<type::Type> column_type(const sql::TypeName& name) {
  if (name.is_array) return invalid(ErrorCode::kFeatureNotSupported, "arrays are not supported yet", name.position);
  Result<type::Type> type = type::type_from_name(name.name, name.modifiers.items, name.modifiers.count);
  if (!type && type.error().position() == 0) return std::move(type.error()).at(name.position);
  return type;
}

Result<void> add_columns(const sql::CreateTableStmt& statement, TableDef& table) {
  if (statement.columns.count + statement.dropped.count > kColumnsMax) {
    return Error(ErrorCode::kTooManyColumns, "tables can have at most " + std::to_string(kColumnsMax) + " columns");
  }
  for (const sql::ColumnClause& clause : statement.columns) {
    if (table.find_column(clause.name)) {
      return invalid(ErrorCode::kDuplicateColumn, "column " + quoted(clause.name) + " specified more than once", clause.position);
    }
    ColumnDef column;
    column.name = clause.name;
    TRY_ASSIGN(column.type, column_type(clause.type));
    column.not_null = clause.not_null || clause.primary_key;
    if (clause.default_value != nullptr) {
      column.default_sql = sql::to_sql(*clause.default_value);
      if (column.default_sql.empty()) {
        return invalid(ErrorCode::kFeatureNotSupported, "cannot use subquery in DEFAULT expression", clause.default_value->position);
      }
    }
    TRY_ASSIGN(column.absent, absent_value(clause.absent, column.type));
    table.columns.push_back(std::move(column));
  }
  return {};
}

// Written slots stand; the others take the lowest free numbers in column order. All slots together have no gap.
Result<void> assign_slots(const sql::CreateTableStmt& statement, TableDef& table) {
  const size_t total = table.columns.size() + statement.dropped.count;
  std::vector<bool> taken(total, false);
  const auto take = [&](int32_t slot, uint32_t position) -> Result<void> {
    if (static_cast<size_t>(slot) >= total) {
      return invalid(ErrorCode::kInvalidTableDefinition, "slot " + std::to_string(slot) + " leaves slots below it unused", position);
    }
    if (taken[static_cast<size_t>(slot)]) {
      return invalid(ErrorCode::kInvalidTableDefinition, "slot " + std::to_string(slot) + " is used twice", position);
    }
    taken[static_cast<size_t>(slot)] = true;
    return {};
  };
  for (const sql::DroppedSlotClause& dropped : statement.dropped) {
    TRY(take(dropped.slot, 0));
    table.dropped.push_back({static_cast<uint16_t>(dropped.slot), dropped.id});
  }
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.slot >= 0) TRY(take(clause.slot, clause.position));
  }
  size_t free = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const sql::ColumnClause& clause = statement.columns[i];
    ColumnDef& column = table.columns[i];
    if (clause.slot < 0) {
      while (taken[free]) ++free;
      taken[free] = true;
      column.slot = static_cast<uint16_t>(free);
    } else {
      column.slot = static_cast<uint16_t>(clause.slot);
    }
    column.id = clause.has_id ? clause.id : column_id(column.slot, column.name, type::type_name(column.type));
  }
  return {};
}

Result<std::vector<uint16_t>> key_columns(const sql::List<std::string_view>& names, TableDef& table, bool primary, uint32_t position) {
  std::vector<uint16_t> columns;
  for (const std::string_view name : names) {
    const std::optional<uint16_t> column = table.find_column(name);
    if (!column) return invalid(ErrorCode::kUndefinedColumn, "column " + quoted(name) + " named in key does not exist", position);
    if (std::find(columns.begin(), columns.end(), *column) != columns.end()) {
      const std::string kind = primary ? "primary key" : "unique";
      return invalid(ErrorCode::kDuplicateColumn, "column " + quoted(name) + " appears twice in " + kind + " constraint", position);
    }
    if (!type::can_be_key(table.columns[*column].type.id)) {
      return invalid(ErrorCode::kFeatureNotSupported,
                     "a key of type " + type::type_name(table.columns[*column].type) + " is not supported", position);
    }
    columns.push_back(*column);
  }
  return columns;
}

Error several_primary_keys(const TableDef& table, uint32_t position) {
  return invalid(ErrorCode::kInvalidTableDefinition, "multiple primary keys for table " + quoted(table.name) + " are not allowed", position);
}

// PostgreSQL's default name: the parts joined, the longer one cut until all fits, and a number when it is taken.
std::string default_key_name(const TableDef& table, const std::vector<uint16_t>& columns, std::string_view suffix) {
  std::string names;
  for (const uint16_t column : columns) names += (names.empty() ? "" : "_") + table.columns[column].name;
  std::string first = table.name;
  const auto cut = [](std::string& text) {
    do {
      text.pop_back();
    } while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
  };
  const size_t fixed = suffix.size() + (names.empty() ? 1 : 2);
  while (first.size() + names.size() + fixed > kIdentifierBytesMax - 2) cut(first.size() >= names.size() ? first : names);
  return first + (names.empty() ? "" : "_" + names) + "_" + std::string(suffix);
}

bool key_name_taken(const TableDef& table, std::string_view name) {
  if (!table.primary_key.empty() && table.primary_key_name == name) return true;
  return std::any_of(table.unique_keys.begin(), table.unique_keys.end(), [&](const UniqueKey& key) { return key.name == name; });
}

Result<void> name_key(TableDef& table, std::string& name, std::string_view given, const std::vector<uint16_t>& columns, std::string_view suffix,
                      uint32_t position) {
  if (!given.empty()) {
    if (key_name_taken(table, given)) {
      return invalid(ErrorCode::kDuplicateTable, "relation " + quoted(given) + " already exists", position);
    }
    name = given;
    return {};
  }
  const std::string base = default_key_name(table, columns, suffix);
  std::string made = base;
  for (int n = 1; key_name_taken(table, made); ++n) made = base + std::to_string(n);
  name = made;
  return {};
}

Result<void> add_primary_key(const sql::CreateTableStmt& statement, TableDef& table) {
  bool found = false;
  for (size_t i = 0; i < statement.columns.count; ++i) {
    if (!statement.columns[i].primary_key) continue;
    if (found) return several_primary_keys(table, statement.columns[i].position);
    found = true;
    const sql::List<std::string_view> one{&statement.columns[i].name, 1};
    TRY_ASSIGN(table.primary_key, key_columns(one, table, true, statement.columns[i].position));
  }
  std::string_view given;
  uint32_t position = 0;
  for (const sql::KeyClause& key : statement.keys) {
    if (!key.primary) continue;
    if (found) return several_primary_keys(table, key.position);
    found = true;
    given = key.name;
    position = key.position;
    TRY_ASSIGN(table.primary_key, key_columns(key.columns, table, true, key.position));
  }
  if (!found) return {};
  for (const uint16_t column : table.primary_key) table.columns[column].not_null = true;
  std::string name;
  TRY(name_key(table, name, given, {}, "pkey", position));
  table.primary_key_name = std::move(name);
  return {};
}

Result<void> add_unique_keys(const sql::CreateTableStmt& statement, TableDef& table) {
  const auto add = [&](const sql::List<std::string_view>& columns, std::string_view given, uint32_t position) -> Result<void> {
    UniqueKey key;
    TRY_ASSIGN(key.columns, key_columns(columns, table, false, position));
    TRY(name_key(table, key.name, given, key.columns, "key", position));
    table.unique_keys.push_back(std::move(key));
    return {};
  };
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.unique) TRY(add({const_cast<std::string_view*>(&clause.name), 1}, {}, clause.position));
  }
  for (const sql::KeyClause& key : statement.keys) {
    if (!key.primary) TRY(add(key.columns, key.name, key.position));
  }
  return {};
}

}  // namespace

std::string default_primary_key_name(const TableDef& table) { return default_key_name(table, {}, "pkey"); }

std::string default_unique_key_name(const TableDef& table, size_t index) {
  TableDef before;   // Only the keys in front of this one count for the number behind the name.
  before.name = table.name;
  before.columns = table.columns;
  before.primary_key = table.primary_key;
  before.primary_key_name = table.primary_key_name;
  before.unique_keys.assign(table.unique_keys.begin(), table.unique_keys.begin() + static_cast<ptrdiff_t>(index));
  std::string name;
  ignore_error(name_key(before, name, {}, table.unique_keys[index].columns, "key", 0), "a default name cannot clash");
  return name;
}

std::optional<uint16_t> TableDef::find_column(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

std::string TableDef::path() const { return type::encode_name(schema) + "/" + type::encode_name(name); }

std::string TableDef::qualified_name() const {
  const std::string own = sql::quote_ident(name);
  return schema == "public" ? own : sql::quote_ident(schema) + "." + own;
}

Result<void> TableLineKeys::append_key(Bytes line, std::string& key) const {
  return type::append_line_key(table_->layout, line, key);
}

uint64_t TableLineKeys::identity() const { return hash64(table_->definition_id.raw()); }

// What the grammar knows and a TableDef cannot hold yet.
Result<void> refuse_missing_parts(const sql::CreateTableStmt& statement) {
  const auto missing = [](std::string_view what, uint32_t position) {
    return invalid(ErrorCode::kFeatureNotSupported, std::string(what) + " are not supported yet", position);
  };
  if (!statement.checks.empty()) return missing("CHECK constraints", statement.checks[0].position);
  if (!statement.foreign_keys.empty()) return missing("foreign keys", statement.foreign_keys[0].position);
  if (!statement.indexes.empty()) return missing("indexes", statement.indexes[0].position);
  if (!statement.merge_rule.empty()) return missing("merge rules", statement.position);
  for (const sql::ColumnClause& column : statement.columns) {
    if (!column.checks.empty()) return missing("CHECK constraints", column.checks[0].position);
    if (column.references != nullptr) return missing("foreign keys", column.references->position);
    if (column.identity != sql::IdentityKind::kNone) return missing("identity columns", column.position);
    if (!column.merge_rule.empty()) return missing("merge rules", column.position);
  }
  return {};
}

Result<TableDef> table_from_statement(const sql::CreateTableStmt& statement, std::string_view default_schema) {
  TableDef table;
  table.schema = statement.table.schema.empty() ? default_schema : statement.table.schema;
  table.name = statement.table.name;
  if (!statement.table.catalog.empty()) {
    return invalid(ErrorCode::kFeatureNotSupported, "cross-database references are not implemented: " +
                   quoted(std::string(statement.table.catalog) + "." + table.schema + "." + table.name), statement.table.position);
  }
  TRY(refuse_missing_parts(statement));
  TRY(add_columns(statement, table));
  TRY(assign_slots(statement, table));
  TRY(add_primary_key(statement, table));
  TRY(add_unique_keys(statement, table));
  finish_table(table);
  return table;
}

void finish_table(TableDef& table) {
  table.layout = {};
  size_t slots = 0;
  for (const ColumnDef& column : table.columns) slots = std::max<size_t>(slots, column.slot + 1u);
  for (const DroppedSlot& dropped : table.dropped) slots = std::max<size_t>(slots, dropped.slot + 1u);
  table.layout.slots.resize(slots);
  for (const ColumnDef& column : table.columns) {
    table.layout.slots[column.slot].type = column.type;
    table.layout.slots[column.slot].absent = column.absent;
  }
  for (const DroppedSlot& dropped : table.dropped) table.layout.slots[dropped.slot].dropped = true;
  for (const uint16_t column : table.primary_key) table.layout.key_slots.push_back(table.columns[column].slot);
  table.layout.counted = table.primary_key.empty();
  if (!table.primary_key.empty() && table.primary_key_name.empty()) {
    table.primary_key_name = default_primary_key_name(table);
  }
  if (table.primary_key.empty()) table.primary_key_name.clear();
  table.definition_id = store::hash_object(store::ObjectType::kBlob, table_sql(table));
}

}  // namespace rowan::catalog
