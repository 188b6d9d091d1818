#include "catalog/table.h"

#include <algorithm>

#include "base/hash.h"
#include "base/limits.h"
#include "catalog/expression_text.h"
#include "catalog/objects.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "sql/walk.h"
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
  return static_cast<uint32_t>(hash[0]) << 24 | static_cast<uint32_t>(hash[1]) << 16 |
         static_cast<uint32_t>(hash[2]) << 8 | hash[3];
}

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

Error invalid(ErrorCode code, std::string message, uint32_t position) {
  return Error(code, std::move(message)).at(position);
}

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

Error conflicting_null(const TableDef& table, const sql::ColumnClause& clause) {
  return invalid(ErrorCode::kSyntaxError,
                 "conflicting NULL/NOT NULL declarations for column " + quoted(clause.name) +
                     " of table " + quoted(table.name),
                 clause.position);
}

Result<MergeRule> merge_rule(std::string_view name, uint32_t position) {
  if (name.empty()) return MergeRule::kNone;
  if (const auto rule = find_merge_rule(name)) return *rule;
  return Error(ErrorCode::kUndefinedObject, "merge rule " + quoted(name) + " does not exist")
      .with_hint("There are sum, max, min, union, newest and conflict.")
      .at(position);
}

Result<void> set_identity(const TableDef& table, const sql::ColumnClause& clause, ColumnDef& column,
                          const NameTaken& taken) {
  if (clause.default_value != nullptr) {
    return invalid(ErrorCode::kSyntaxError,
                   "both default and identity specified for column " + quoted(clause.name) +
                       " of table " + quoted(table.name),
                   clause.position);
  }
  if (!type::is_integer(column.type.id)) {
    return invalid(ErrorCode::kInvalidParameterValue,
                   "identity column type must be smallint, integer, or bigint", clause.position);
  }
  if (clause.explicit_null) return conflicting_null(table, clause);
  column.identity = clause.identity;
  column.not_null = true;
  const sql::SequenceOptions* options = clause.identity_options;
  if (options != nullptr && !options->sequence_name.name.empty()) {
    const std::string_view schema = options->sequence_name.schema.empty()
                                        ? std::string_view(table.schema)
                                        : options->sequence_name.schema;
    column.sequence = qualified(schema, options->sequence_name.name);
  } else {
    column.sequence = qualified(table.schema, default_sequence_name(table, clause.name, taken));
  }
  return {};
}

// Sets what a clause says of the column alone; its slot is given later.
Result<ColumnDef> column_of_clause(const TableDef& table, const sql::ColumnClause& clause,
                                   const NameScope& scope, const NameTaken& taken) {
  ColumnDef column;
  column.name = clause.name;
  TRY_ASSIGN(column.type, column_type(clause.type));
  column.not_null = clause.not_null || clause.primary_key;
  if (is_serial(clause.type)) {
    if (clause.default_value != nullptr || clause.identity != sql::IdentityKind::kNone) {
      return invalid(ErrorCode::kSyntaxError,
                     "multiple default values specified for column " + quoted(clause.name) +
                         " of table " + quoted(table.name),
                     clause.position);
    }
    if (clause.explicit_null) return conflicting_null(table, clause);
    column.not_null = true;
    column.sequence = qualified(table.schema, default_sequence_name(table, clause.name, taken));
    column.default_sql = "nextval(" + sql::quote_literal(column.sequence) + ")";
  }
  if (clause.identity != sql::IdentityKind::kNone) TRY(set_identity(table, clause, column, taken));
  if (clause.default_value != nullptr) {
    TRY_ASSIGN(column.default_sql, default_text(*clause.default_value, table, scope));
    column.sequence = sequence_of_default(column.default_sql);
  }
  TRY_ASSIGN(column.merge_rule, merge_rule(clause.merge_rule, clause.position));
  // The other rules are asked of new definitions only: stored ones may be older than the question.
  if (column.merge_rule == MergeRule::kSum && !type::is_number(column.type.id)) {
    return invalid(
        ErrorCode::kInvalidTableDefinition,
        "merge rule sum needs a column of a number type, not " + type::type_name(column.type),
        clause.position);
  }
  TRY_ASSIGN(column.absent, absent_value(clause.absent, column.type));
  return column;
}

Error duplicate_column(const sql::ColumnClause& clause) {
  return invalid(ErrorCode::kDuplicateColumn,
                 "column " + quoted(clause.name) + " specified more than once", clause.position);
}

Error too_many_columns() {
  return Error(ErrorCode::kTooManyColumns,
               "tables can have at most " + std::to_string(kColumnsMax) + " columns");
}

Result<void> add_columns(const sql::CreateTableStmt& statement, const NameScope& scope,
                         TableDef& table, const NameTaken& taken) {
  if (statement.columns.count + statement.dropped.count > kColumnsMax) return too_many_columns();
  for (const sql::ColumnClause& clause : statement.columns) {
    if (table.find_column(clause.name)) return duplicate_column(clause);
    TRY_ASSIGN(ColumnDef column, column_of_clause(table, clause, scope, taken));
    table.columns.push_back(std::move(column));
  }
  return {};
}

// Written slots stand; the others take the lowest free numbers in column order. All slots together
// have no gap.
Result<void> assign_slots(const sql::CreateTableStmt& statement, TableDef& table) {
  const size_t total = table.columns.size() + statement.dropped.count;
  std::vector<bool> taken(total, false);
  const auto take = [&](int32_t slot, uint32_t position) -> Result<void> {
    if (static_cast<size_t>(slot) >= total) {
      return invalid(ErrorCode::kInvalidTableDefinition,
                     "slot " + std::to_string(slot) + " leaves slots below it unused", position);
    }
    if (taken[static_cast<size_t>(slot)]) {
      return invalid(ErrorCode::kInvalidTableDefinition,
                     "slot " + std::to_string(slot) + " is used twice", position);
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
    column.id = clause.has_id ? clause.id
                              : column_id(column.slot, column.name, type::type_name(column.type));
  }
  return {};
}

}  // namespace

std::optional<uint16_t> TableDef::find_column(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

std::string TableDef::path() const {
  return type::encode_name(schema) + "/" + type::encode_name(name);
}

std::string TableDef::qualified_name() const {
  const std::string own = sql::quote_ident(name);
  return schema == "public" ? own : sql::quote_ident(schema) + "." + own;
}

Result<void> TableLineKeys::append_key(Bytes line, std::string& key) const {
  return type::append_line_key(table_->layout, line, key);
}

uint64_t TableLineKeys::identity() const { return hash64(table_->definition_id.raw()); }

std::string_view merge_rule_name(MergeRule rule) {
  switch (rule) {
    case MergeRule::kNone:
      return "";
    case MergeRule::kSum:
      return "sum";
    case MergeRule::kMax:
      return "max";
    case MergeRule::kMin:
      return "min";
    case MergeRule::kUnion:
      return "union";
    case MergeRule::kNewest:
      return "newest";
    case MergeRule::kConflict:
      return "conflict";
  }
  return "";
}

bool rule_fits(MergeRule rule, type::TypeId type) {
  const bool json = type::is_json(type);
  switch (rule) {
    case MergeRule::kSum:
      return type::is_number(type);
    case MergeRule::kMax:
    case MergeRule::kMin:
      return !json;
    case MergeRule::kUnion:
      return json;
    case MergeRule::kNone:
    case MergeRule::kNewest:
    case MergeRule::kConflict:
      return true;
  }
  return true;
}

std::optional<MergeRule> find_merge_rule(std::string_view name) {
  for (const MergeRule rule : {MergeRule::kSum, MergeRule::kMax, MergeRule::kMin, MergeRule::kUnion,
                               MergeRule::kNewest, MergeRule::kConflict}) {
    if (merge_rule_name(rule) == name) return rule;
  }
  return std::nullopt;
}

bool is_serial(const sql::TypeName& name) {
  static constexpr std::string_view kNames[] = {"serial",  "serial4",     "bigserial",
                                                "serial8", "smallserial", "serial2"};
  return std::find(std::begin(kNames), std::end(kNames), name.name) != std::end(kNames);
}

Result<type::Type> column_type(const sql::TypeName& name) {
  if (is_serial(name) && name.modifiers.empty() && !name.is_array) {
    if (name.name == "serial" || name.name == "serial4") return type::Type{type::TypeId::kInt4};
    return type::Type{name.name == "bigserial" || name.name == "serial8" ? type::TypeId::kInt8
                                                                         : type::TypeId::kInt2};
  }
  Result<type::Type> type =
      type::type_from_name(name.name, name.modifiers.items, name.modifiers.count);
  if (type && type->id == type::TypeId::kOid) {
    return Error(ErrorCode::kFeatureNotSupported, "columns of type oid are not supported")
        .with_hint("An object has another oid in every repository; bigint holds them all.")
        .at(name.position);
  }
  if (type && name.is_array) type = type::array_type(*type);
  if (!type && type.error().position() == 0) return std::move(type.error()).at(name.position);
  return type;
}

Result<std::string> default_text(const sql::Expr& value, const TableDef& table,
                                 const NameScope& scope) {
  std::string text = sql::to_sql(value);
  if (sql::has_subquery(value))
    return invalid(ErrorCode::kFeatureNotSupported, "cannot use subquery in DEFAULT expression",
                   value.position);
  TRY_ASSIGN(const std::vector<std::string> sequences, sequences_of(text));
  for (const std::string& name : sequences) {
    TRY_ASSIGN(ObjectName object, parse_name(name, {}));
    if (object.schema.empty()) object.schema = scope.find ? scope.find(object.name) : table.schema;
    const std::string full = qualified(object.schema, object.name);
    if (full != name) {
      TRY_ASSIGN(text, rename_sequence_in(text, name, full));
    }
  }
  return text;
}

std::string sequence_of_default(std::string_view default_sql) {
  if (!default_sql.starts_with("nextval(")) return {};
  const auto parsed = sql::parse_expression(default_sql);
  if (!parsed || parsed->expr->kind != sql::ExprKind::kCall) return {};
  const sql::LiteralExpr* literal = sql::sequence_name(static_cast<sql::CallExpr&>(*parsed->expr));
  return literal == nullptr ? std::string() : std::string(literal->text);
}

namespace {

// SLOT n ID h of a column that is added: the next slot, and an ID that no other has.
Result<void> take_identity(const TableDef& table, const sql::ColumnClause& clause,
                           ColumnDef& column) {
  if (clause.slot != column.slot) {
    return invalid(ErrorCode::kInvalidTableDefinition,
                   "column \"" + column.name + "\" cannot have slot " + std::to_string(clause.slot),
                   clause.position)
        .with_detail("The next slot of table \"" + table.name + "\" is " +
                     std::to_string(column.slot) + ".")
        .with_hint("Leave SLOT and ID out, and they are given.");
  }
  const auto has_id = [&](const auto& other) { return other.id == clause.id; };
  if (std::any_of(table.columns.begin(), table.columns.end(), has_id) ||
      std::any_of(table.dropped.begin(), table.dropped.end(), has_id)) {
    return invalid(ErrorCode::kInvalidTableDefinition,
                   "another column of table \"" + table.name + "\" has the ID of column \"" +
                       column.name + "\"",
                   clause.position);
  }
  column.id = clause.id;
  return {};
}

}  // namespace

Result<void> add_column_clause(TableDef& table, const sql::ColumnClause& clause,
                               const NameScope& scope, const NameTaken& taken) {
  if (table.columns.size() + table.dropped.size() >= kColumnsMax) return too_many_columns();
  if (table.find_column(clause.name)) return duplicate_column(clause);
  TRY_ASSIGN(ColumnDef column, column_of_clause(table, clause, scope, taken));
  column.slot = static_cast<uint16_t>(table.columns.size() + table.dropped.size());
  column.id = column_id(column.slot, column.name, type::type_name(column.type));
  if (clause.slot >= 0) TRY(take_identity(table, clause, column));
  table.columns.push_back(std::move(column));
  return {};
}

namespace {

Result<void> add_constraints(const sql::CreateTableStmt& statement, const NameScope& scope,
                             TableDef& table, const NameTaken& taken) {
  for (const sql::ColumnClause& clause : statement.columns) {
    const sql::List<std::string_view> one{const_cast<std::string_view*>(&clause.name), 1};
    if (clause.primary_key)
      TRY(add_key_clause(table, {clause.key_name, true, one, clause.position}, taken));
  }
  for (const sql::KeyClause& key : statement.keys) {
    if (key.primary) TRY(add_key_clause(table, key, taken));
  }
  for (const sql::ColumnClause& clause : statement.columns) {
    const sql::List<std::string_view> one{const_cast<std::string_view*>(&clause.name), 1};
    if (clause.unique)
      TRY(add_key_clause(table, {clause.key_name, false, one, clause.position}, taken));
  }
  for (const sql::KeyClause& key : statement.keys) {
    if (!key.primary) TRY(add_key_clause(table, key, taken));
  }
  for (const sql::ColumnClause& clause : statement.columns) {
    for (const sql::CheckClause& check : clause.checks) TRY(add_check_clause(table, check));
  }
  for (const sql::CheckClause& check : statement.checks) TRY(add_check_clause(table, check));
  for (const sql::ColumnClause& clause : statement.columns) {
    if (clause.references != nullptr) TRY(add_foreign_key_clause(table, *clause.references, scope));
  }
  for (const sql::ForeignKeyClause& key : statement.foreign_keys)
    TRY(add_foreign_key_clause(table, key, scope));
  for (const sql::IndexClause& index : statement.indexes)
    TRY(add_index_clause(table, index, taken));
  return {};
}

}  // namespace

Result<TableDef> table_from_statement(const sql::CreateTableStmt& statement, const NameScope& scope,
                                      const NameTaken& taken) {
  TRY(sql::check_database(statement.table, scope.database));
  TableDef table;
  table.schema = statement.table.schema.empty() ? scope.schema : statement.table.schema;
  table.name = statement.table.name;
  TRY(add_columns(statement, scope, table, taken));
  TRY(assign_slots(statement, table));
  TRY(add_constraints(statement, scope, table, taken));
  TRY_ASSIGN(table.merge_rule, merge_rule(statement.merge_rule, statement.position));
  finish_table(table);
  return table;
}

void finish_table(TableDef& table) {
  table.layout = {};
  size_t slots = 0;
  for (const ColumnDef& column : table.columns) slots = std::max<size_t>(slots, column.slot + 1u);
  for (const DroppedSlot& dropped : table.dropped)
    slots = std::max<size_t>(slots, dropped.slot + 1u);
  table.layout.slots.resize(slots);
  for (const ColumnDef& column : table.columns) {
    table.layout.slots[column.slot].type = column.type;
    table.layout.slots[column.slot].absent = column.absent;
  }
  for (const DroppedSlot& dropped : table.dropped) table.layout.slots[dropped.slot].dropped = true;
  for (const uint16_t column : table.primary_key)
    table.layout.key_slots.push_back(table.columns[column].slot);
  table.layout.counted = table.primary_key.empty();
  if (!table.primary_key.empty() && table.primary_key_name.empty()) {
    table.primary_key_name = default_primary_key_name(table);
  }
  if (table.primary_key.empty()) table.primary_key_name.clear();
  table.unique_keys.resize(table.unique_constraints);
  for (const IndexDef& index : table.indexes) {
    if (!index.unique) continue;
    UniqueKey key{index.name, {}};
    for (const IndexColumnDef& column : index.columns) key.columns.push_back(column.column);
    table.unique_keys.push_back(std::move(key));
  }
  table.definition_id = store::hash_object(store::ObjectType::kBlob, table_sql(table));
}

}  // namespace rowan::catalog
