// What the statements that define things share: names, stored files, foreign keys and sequences of
// new columns.
//
// Threads: the transaction's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/operator.h"
#include "sql/ast.h"

namespace rowan::exec {

// What a written name means; a catalog part is refused. Without a schema it is looked for along the
// search path, and a new one goes to the path's first schema that is there.
struct RelationName {
  std::string schema;
  std::string name;
};
Result<RelationName> relation_name(const sql::QualifiedName& name, const ExecContext& context);
Result<RelationName> new_relation_name(const sql::QualifiedName& name, const ExecContext& context);
// For what the catalog makes of clauses.
catalog::NameScope name_scope(const ExecContext& context);
Result<std::string> schema_by_path(std::string_view name, const ExecContext& context);
std::string shown_name(std::string_view schema,
                       std::string_view name);  // "t", "shop.orders": as messages name it.
// `"v" is not a table`, with the hint `Use DROP VIEW to remove a view.`
Error wrong_kind(std::string_view name, sql::ObjectKind kind,
                 std::string_view wanted);

Result<void> require_schema(std::string_view schema, uint32_t position,
                            const ExecContext& context);  // kInvalidSchemaName
// kDuplicateTable when anything of the schema has the name.
Result<void> require_free_name(std::string_view schema, std::string_view name, uint32_t position,
                               const ExecContext& context);
// For names that are made: taken in the schema, or `own`.
catalog::NameTaken names_taken(const ExecContext& context, std::string schema,
                               std::string own = {});
// The table, or kUndefinedTable, or kWrongObjectType (`"v" is not a table`).
Result<catalog::TableVersion> require_table(const sql::QualifiedName& name,
                                            const ExecContext& context);

Result<void> put_table(catalog::TableDef& table, ExecContext& context);  // Finishes it first.
Result<void> put_sequence(const catalog::SequenceDef& sequence, ExecContext& context);

// The sequence of a serial or identity column, as its clause asks for.
Result<void> create_owned_sequence(const catalog::TableDef& table, const sql::ColumnClause& clause,
                                   ExecContext& context);
// The column's merge rule can settle something in it: kInvalidTableDefinition. Asked of new definitions
// only; stored ones may be older than the question.
Result<void> require_merge_rule(const catalog::TableDef& table, const catalog::ColumnDef& column);
// The table's own rule fits one of its columns, if it has any that a rule is for.
Result<void> require_merge_rule(const catalog::TableDef& table);
// No rule stands where nothing is ever settled by one, in a table without a key or on a key's
// column; but for those that stood so in `before` (may be null). As require_merge_rule.
Result<void> require_rules_at_work(const catalog::TableDef& table, const catalog::TableDef* before);
// Every CHECK binds.
Result<void> require_checks(const catalog::TableDef& table);
// Sequences that a default names must be there.
Result<void> require_sequences(std::string_view default_sql, const ExecContext& context);
Result<void> require_sequence(std::string_view name, const ExecContext& context);

// Fills in the referenced columns, brings them into the order of the key that they are, and checks
// all of it. `position` is the clause's.
Result<void> resolve_foreign_key(const catalog::TableDef& table, catalog::ForeignKey& key,
                                 uint32_t position, const ExecContext& context);

}  // namespace rowan::exec
