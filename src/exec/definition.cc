#include "exec/definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/expression_text.h"
#include "catalog/foreign_types.h"
#include "exec/constraints.h"
#include "plan/table_expressions.h"
#include "exec/table_check.h"
#include "sql/parser.h"

namespace rowan::exec {

using sql::ObjectKind;

Result<RelationName> relation_name(const sql::QualifiedName& name, const ExecContext& context) {
  TRY(sql::check_database(name, context.eval.database));
  RelationName found{std::string(name.schema), std::string(name.name)};
  if (found.schema.empty()) {
    TRY_ASSIGN(found.schema, schema_by_path(name.name, context));
  }
  return found;
}

Result<RelationName> new_relation_name(const sql::QualifiedName& name, const ExecContext& context) {
  TRY(sql::check_database(name, context.eval.database));
  return RelationName{std::string(name.schema.empty() ? context.eval.schema : name.schema),
                      std::string(name.name)};
}

catalog::NameScope name_scope(const ExecContext& context) {
  catalog::NameScope scope{context.eval.database, context.eval.schema};
  if (context.eval.path.size() < 2) return scope;
  scope.find = [&context](std::string_view name) {
    auto found = schema_by_path(name, context);  // What cannot be read is told by whoever reads it.
    return found ? std::move(*found) : std::string(context.eval.schema);
  };
  return scope;
}

Result<std::string> schema_by_path(std::string_view name, const ExecContext& context) {
  if (context.eval.path.size() < 2) return std::string(context.eval.schema);
  return context.transaction.catalog().schema_of(context.eval.path, name);
}

std::string shown_name(std::string_view schema, std::string_view name) {
  const std::string own = sql::quote_ident(name);
  return schema == catalog::kDefaultSchema ? own : sql::quote_ident(schema) + "." + own;
}

Error wrong_kind(std::string_view name, ObjectKind kind, std::string_view wanted) {
  return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not {}", name, wanted))
      .with_hint(fmt::format("Use DROP {} to remove {} {}.", sql::object_words(kind),
                             kind == ObjectKind::kIndex ? "an" : "a", sql::object_word(kind)));
}

Result<void> require_schema(std::string_view schema, uint32_t position,
                            const ExecContext& context) {
  TRY_ASSIGN(const bool known, context.transaction.catalog().has_schema(schema));
  if (known) return {};
  return Error(ErrorCode::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", schema))
      .at(position);
}

Result<void> require_free_name(std::string_view schema, std::string_view name, uint32_t position,
                               const ExecContext& context) {
  TRY_ASSIGN(const ObjectKind kind, context.transaction.catalog().find_relation(schema, name));
  if (kind == ObjectKind::kNone) return {};
  return Error(ErrorCode::kDuplicateTable, fmt::format("relation \"{}\" already exists", name))
      .at(position);
}

catalog::NameTaken names_taken(const ExecContext& context, std::string schema, std::string own) {
  return [&context, schema = std::move(schema), own = std::move(own)](std::string_view name) {
    if (!own.empty() && name == own) return true;
    const auto kind = context.transaction.catalog().find_relation(schema, name);
    return kind &&
           *kind != ObjectKind::kNone;  // What cannot be read is reported by whoever needs it.
  };
}

Result<catalog::TableVersion> require_table(const sql::QualifiedName& name,
                                            const ExecContext& context) {
  TRY_ASSIGN(const RelationName wanted, relation_name(name, context));
  TRY(require_schema(wanted.schema, name.position, context));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(wanted.schema, wanted.name));
  if (kind == ObjectKind::kTable)
    return context.transaction.get_table(wanted.schema, wanted.name);
  if (kind == ObjectKind::kNone) {
    const std::string written =
        name.schema.empty() ? wanted.name : shown_name(wanted.schema, wanted.name);
    return Error(ErrorCode::kUndefinedTable,
                 fmt::format("relation \"{}\" does not exist", written))
        .at(name.position);
  }
  return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a table", wanted.name))
      .at(name.position);
}

Result<void> put_table(catalog::TableDef& table, ExecContext& context) {
  catalog::finish_table(table);
  return context.transaction.put_file(table.path() + "/table.sql", catalog::table_sql(table));
}

Result<void> put_sequence(const catalog::SequenceDef& sequence, ExecContext& context) {
  return context.transaction.put_file(sequence.path() + "/sequence.json",
                                      catalog::sequence_json(sequence));
}

Result<void> create_owned_sequence(const catalog::TableDef& table, const sql::ColumnClause& clause,
                                   ExecContext& context) {
  const catalog::ColumnDef& column = table.columns[*table.find_column(clause.name)];
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(column.sequence, table.schema));
  if (name.schema != table.schema) {
    return Error(ErrorCode::kObjectNotInState,
                 "sequence must be in same schema as table it is linked to")
        .at(clause.position);
  }
  TRY(require_free_name(name.schema, name.name, clause.position, context));
  catalog::SequenceDef sequence = catalog::new_sequence(name.schema, name.name, column.type);
  if (clause.identity_options != nullptr) {
    if (clause.identity_options->has_owner)
      return Error(ErrorCode::kSyntaxError, "conflicting or redundant options").at(clause.position);
    TRY_ASSIGN(sequence,
               catalog::sequence_from_options(*clause.identity_options, std::move(sequence), true));
  }
  sequence.owner_table = catalog::qualified(table.schema, table.name);
  sequence.owner_column = column.name;
  return put_sequence(sequence, context);
}

Result<void> require_merge_rule(const catalog::TableDef& table, const catalog::ColumnDef& column) {
  if (catalog::rule_fits(column.merge_rule, column.type.id)) return {};
  const bool is_union = column.merge_rule == catalog::MergeRule::kUnion;
  const std::string_view wanted = column.merge_rule == catalog::MergeRule::kSum ? "a number type"
                                  : is_union                                    ? "type json or jsonb"
                                                                                : "a type with an order";
  return Error(ErrorCode::kInvalidTableDefinition,
               fmt::format("merge rule {} needs a column of {}, not {}",
                           catalog::merge_rule_name(column.merge_rule), wanted,
                           type::type_name(column.type)))
      .with_detail(fmt::format("It could settle nothing in column \"{}\" of relation \"{}\".",
                               column.name, table.name));
}

Result<void> require_merge_rule(const catalog::TableDef& table) {
  bool any = false;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const auto& key = table.primary_key;
    if (std::find(key.begin(), key.end(), i) != key.end()) continue;
    if (catalog::rule_fits(table.merge_rule, table.columns[i].type.id)) return {};
    any = true;
  }
  if (!any) return {};
  return Error(ErrorCode::kInvalidTableDefinition,
               fmt::format("merge rule {} fits no column of relation \"{}\"",
                           catalog::merge_rule_name(table.merge_rule), table.name))
      .with_hint("sum is for numbers, union for json and jsonb, max and min for all others.");
}

namespace {

constexpr catalog::MergeRule kNoRule = catalog::MergeRule::kNone;

bool is_key_column(const catalog::TableDef& table, const catalog::ColumnDef& column) {
  const auto& key = table.primary_key;
  const auto index = static_cast<uint16_t>(&column - table.columns.data());
  return std::find(key.begin(), key.end(), index) != key.end();
}

bool is_idle(const catalog::TableDef& table, const catalog::ColumnDef& column) {
  return column.merge_rule != kNoRule && (table.primary_key.empty() || is_key_column(table, column));
}

bool was_idle(const catalog::TableDef* before, const catalog::ColumnDef& column) {
  return before != nullptr &&
         std::any_of(before->columns.begin(), before->columns.end(), [&](const auto& old) {
           return old.id == column.id && old.merge_rule == column.merge_rule &&
                  is_idle(*before, old);
         });
}

Error idle_rule(const std::string& rule, const std::string& why, std::string_view hint) {
  return Error(ErrorCode::kInvalidTableDefinition,
               fmt::format("merge rule {} would settle nothing: {}", rule, why))
      .with_hint(std::string(hint));
}

}  // namespace

Result<void> require_rules_at_work(const catalog::TableDef& table, const catalog::TableDef* before) {
  constexpr std::string_view kNeedsKey =
      "Rules are for tables with a PRIMARY KEY; DROP MERGE RULE takes one away.";
  constexpr std::string_view kNotInKey =
      "Rules are for columns that are not part of the key; DROP MERGE RULE takes one away.";
  const std::string keyless = fmt::format("relation \"{}\" has no primary key", table.name);
  const bool idle = table.merge_rule != kNoRule && table.primary_key.empty();
  const bool stood = before != nullptr && before->primary_key.empty() &&
                     before->merge_rule == table.merge_rule;
  if (idle && !stood)
    return idle_rule(std::string(catalog::merge_rule_name(table.merge_rule)), keyless, kNeedsKey);
  for (const catalog::ColumnDef& column : table.columns) {
    if (!is_idle(table, column) || was_idle(before, column)) continue;
    const std::string rule = fmt::format(
        "{} of column \"{}\"", catalog::merge_rule_name(column.merge_rule), column.name);
    if (is_key_column(table, column))
      return idle_rule(rule, "the column is part of the primary key", kNotInKey);
    return idle_rule(rule, keyless, kNeedsKey);
  }
  return {};
}

Result<void> require_checks(const catalog::TableDef& table) {
  for (const catalog::CheckConstraint& check : table.checks) {
    TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(check.expression_sql));
    auto bound = plan::bind_check(table, *parsed.expr);
    if (!bound)
      return std::move(bound.error())
          .at(0);  // Positions count in the stored text, which is not the user's.
  }
  return {};
}

Result<void> require_sequences(std::string_view default_sql, const ExecContext& context) {
  TRY_ASSIGN(const std::vector<std::string> names, catalog::sequences_of(default_sql));
  for (const std::string& text : names) TRY(require_sequence(text, context));
  return {};
}

Result<void> require_sequence(std::string_view text, const ExecContext& context) {
  TRY_ASSIGN(const catalog::ObjectName name, catalog::parse_name(text, context.eval.schema));
  TRY_ASSIGN(const ObjectKind kind,
             context.transaction.catalog().find_relation(name.schema, name.name));
  if (kind == ObjectKind::kSequence) return {};
  if (kind == ObjectKind::kNone) {
    return Error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist",
                                                         shown_name(name.schema, name.name)));
  }
  return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a sequence", name.name));
}

namespace {

// The parent's columns as indexes, in the key's order as far as the clause names them.
Result<std::vector<uint16_t>> referenced_columns(const catalog::TableDef& parent,
                                                 const catalog::ForeignKey& key,
                                                 uint32_t position) {
  std::vector<uint16_t> columns;
  if (key.referenced.empty()) {
    if (parent.primary_key.empty()) {
      return Error(ErrorCode::kUndefinedObject,
                   fmt::format("there is no primary key for referenced table \"{}\"", parent.name))
          .at(position);
    }
    columns = parent.primary_key;
  }
  for (const std::string& name : key.referenced) {
    const auto column = parent.find_column(name);
    if (!column) {
      return Error(ErrorCode::kUndefinedColumn,
                   fmt::format("column \"{}\" referenced in foreign key constraint does not exist",
                               name))
          .at(position);
    }
    columns.push_back(*column);
  }
  if (columns.size() != key.columns.size()) {
    return Error(ErrorCode::kInvalidForeignKey,
                 "number of referencing and referenced columns for foreign key disagree")
        .at(position);
  }
  return columns;
}

// The key of the parent that has exactly these columns, in any order; nullptr: none.
const std::vector<uint16_t>* matching_key(const catalog::TableDef& parent,
                                          const std::vector<uint16_t>& columns) {
  const auto same = [&](const std::vector<uint16_t>& key) {
    return !key.empty() && key.size() == columns.size() &&
           std::is_permutation(key.begin(), key.end(), columns.begin());
  };
  if (same(parent.primary_key)) return &parent.primary_key;
  for (const catalog::UniqueKey& unique : parent.unique_keys) {
    if (same(unique.columns)) return &unique.columns;
  }
  return nullptr;
}

}  // namespace

Result<void> resolve_foreign_key(const catalog::TableDef& table, catalog::ForeignKey& key,
                                 uint32_t position, const ExecContext& context) {
  std::shared_ptr<const catalog::TableDef> other;
  const bool own = key.schema == table.schema && key.table == table.name;
  if (!own) {
    sql::QualifiedName name;
    name.schema = key.schema;
    name.name = key.table;
    auto found = require_table(name, context);
    if (!found) {
      if (found.error().code() != ErrorCode::kWrongObjectType)
        return std::move(found.error()).at(position);
      return Error(ErrorCode::kWrongObjectType,
                   fmt::format("referenced relation \"{}\" is not a table", key.table))
          .at(position);
    }
    other = found->table;
  }
  const catalog::TableDef& parent = own ? table : *other;
  TRY_ASSIGN(const std::vector<uint16_t> columns, referenced_columns(parent, key, position));
  const std::vector<uint16_t>* unique = matching_key(parent, columns);
  if (unique == nullptr) {
    return Error(
               ErrorCode::kInvalidForeignKey,
               fmt::format(
                   "there is no unique constraint matching given keys for referenced table \"{}\"",
                   parent.name))
        .at(position);
  }
  std::vector<uint16_t> children;
  key.referenced.clear();
  for (const uint16_t column : *unique) {
    const auto at = std::find(columns.begin(), columns.end(), column) - columns.begin();
    children.push_back(key.columns[static_cast<size_t>(at)]);
    key.referenced.push_back(parent.columns[column].name);
    const catalog::ColumnDef& child = table.columns[children.back()];
    if (catalog::foreign_key_types_match(child.type, parent.columns[column].type)) continue;
    return Error(ErrorCode::kDatatypeMismatch,
                 fmt::format("foreign key constraint \"{}\" cannot be implemented", key.name))
        .with_detail(
            fmt::format("Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                        child.name, parent.columns[column].name, type::type_name(child.type),
                        type::type_name(parent.columns[column].type)))
        .at(position);
  }
  key.columns = std::move(children);
  return {};
}

}  // namespace rowan::exec
