// TableDef: a table's definition, and its one canonical text (table.sql).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "sql/ast.h"
#include "tree/row_tree.h"
#include "type/row_codec.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::catalog {

// How a merge settles a cell that both sides changed; stored by name in table.sql.
enum class MergeRule : uint8_t { kNone, kSum, kMax, kMin, kUnion, kNewest, kConflict };
std::string_view merge_rule_name(MergeRule rule);  // "sum"; empty for kNone.
std::optional<MergeRule> find_merge_rule(std::string_view name);
// Whether the rule can settle anything in a column of the type: sum numbers, union arrays in JSON, max
// and min what has an order.
bool rule_fits(MergeRule rule, type::TypeId type);

struct ColumnDef {
  std::string name;
  type::Type type;
  bool not_null = false;    // True for primary key columns too.
  std::string default_sql;  // Canonical expression text; empty: none.
  uint16_t slot = 0;
  uint32_t id = 0;     // 32 bits of SHA-256(slot, name, type at birth).
  type::Value absent;  // NULL unless ABSENT is given.
  sql::IdentityKind identity =
      sql::IdentityKind::kNone;  // Values come from the sequence `sequence`.
  std::string sequence;  // "schema.name" of the sequence this column owns (identity and serial);
                         // empty: none.
  MergeRule merge_rule = MergeRule::kNone;
};

struct DroppedSlot {
  uint16_t slot = 0;
  uint32_t id = 0;
};

struct UniqueKey {  // UNIQUE constraint (not the primary key) or UNIQUE INDEX.
  std::string name;
  std::vector<uint16_t> columns;  // Indexes into TableDef::columns.
};

struct CheckConstraint {
  std::string name;
  std::string expression_sql;  // Canonical text over the table's columns.
};

struct ForeignKey {
  std::string name;
  std::vector<uint16_t> columns;  // Indexes into TableDef::columns.
  std::string schema;             // The referenced table.
  std::string table;
  std::vector<std::string>
      referenced;  // Its columns, never empty: a primary or unique key of it, in this order.
  sql::ForeignAction on_delete = sql::ForeignAction::kNoAction;
  sql::ForeignAction on_update = sql::ForeignAction::kNoAction;
};

struct IndexColumnDef {
  uint16_t column = 0;  // Index into TableDef::columns.
  bool descending = false;
  bool nulls_first = false;
};

struct IndexDef {    // CREATE [UNIQUE] INDEX. A unique one is enforced like a UniqueKey.
  std::string name;  // Unique within the schema, beside tables and views.
  bool unique = false;
  std::vector<IndexColumnDef> columns;
};

// Immutable once made; shared by plans and snapshots.
struct TableDef {
  std::string schema;
  std::string name;
  std::vector<ColumnDef> columns;      // In column order; slots may differ from positions.
  std::vector<uint16_t> primary_key;   // Indexes into columns, in key order. Empty: none.
  std::string primary_key_name;        // "<table>_pkey" unless named.
  std::vector<UniqueKey> unique_keys;  // The UNIQUE constraints, then the unique indexes
                                       // (finish_table adds those from `indexes`).
  size_t unique_constraints = 0;       // How many of unique_keys are constraints.
  std::vector<CheckConstraint> checks;
  std::vector<ForeignKey> foreign_keys;
  std::vector<IndexDef> indexes;
  MergeRule merge_rule = MergeRule::kNone;  // Of the table; a column's own goes before it.
  std::vector<DroppedSlot> dropped;
  type::RowLayout layout;  // Derived from the above.
  Oid definition_id;       // Blob id of the canonical table.sql.

  std::optional<uint16_t> find_column(std::string_view column) const;
  std::string path() const;            // "<schema>/<table>" with encoded names.
  std::string qualified_name() const;  // "shop.orders", quoted when needed; "orders" for public.
};

// LineKeys for a table's row tree.
class TableLineKeys final : public tree::LineKeys {
 public:
  explicit TableLineKeys(std::shared_ptr<const TableDef> table) : table_(std::move(table)) {}
  Result<void> append_key(Bytes line, std::string& key) const override;
  uint64_t identity() const override;

 private:
  std::shared_ptr<const TableDef> table_;
};

// Whether a name is in use in the schema already; names made here go round it.
using NameTaken = std::function<bool(std::string_view name)>;

// Where the names of a statement are read: the database they may name, and the schema of
// unqualified ones. A text in a tree names no database.
struct NameScope {
  std::string_view database;
  std::string_view schema;  // Of a table without one.
  // Where a relation named without a schema is, by the search path; null: in `schema`, and what a
  // DEFAULT names in the table's own.
  std::function<std::string(std::string_view name)> find = nullptr;
};

// From a parsed CREATE TABLE: resolves types, assigns slots and ids that are not written, names
// what has no name as PostgreSQL does, checks it (duplicate columns 42701, several primary keys
// 42P16, unknown key column 42703, key types, limits) and fills layout and definition_id. A serial
// column gets its default; a foreign key without referenced columns keeps `referenced` empty;
// expressions are not bound.
Result<TableDef> table_from_statement(const sql::CreateTableStmt& statement, const NameScope& scope,
                                      const NameTaken& taken = {});

// The pieces of it that ALTER TABLE and CREATE INDEX need, on a table that has its columns. Call
// finish_table() afterwards.
Result<void> add_column_clause(TableDef& table, const sql::ColumnClause& clause,
                               const NameScope& scope,
                               const NameTaken& taken = {});  // The column alone, in the next slot.
Result<void> add_key_clause(TableDef& table, const sql::KeyClause& clause,
                            const NameTaken& taken = {});
Result<void> add_check_clause(TableDef& table, const sql::CheckClause& clause);
Result<void> add_foreign_key_clause(TableDef& table, const sql::ForeignKeyClause& clause,
                                    const NameScope& scope);
Result<void> check_key_type(type::Type type, uint32_t position);  // Of a column in a key or an index.
Result<void> add_index_clause(TableDef& table, const sql::IndexClause& clause,
                              const NameTaken& taken = {});
Result<type::Type> column_type(const sql::TypeName& name);  // Serial types give their integer type.
bool is_serial(const sql::TypeName& name);
// The canonical text of a DEFAULT; sequences named in it get their schema.
Result<std::string> default_text(const sql::Expr& value, const TableDef& table,
                                 const NameScope& scope);
// "schema.sequence" that a default's text draws from: nextval('…') alone. Empty: it is none of that
// kind.
std::string sequence_of_default(std::string_view default_sql);
// A name for a column's own sequence: "<table>_<column>_seq".
std::string default_sequence_name(const TableDef& table, std::string_view column,
                                  const NameTaken& taken);
bool constraint_exists(const TableDef& table, std::string_view name);

// The one canonical spelling: CREATE TABLE text with SLOT, ID and ABSENT, one column a line, ending
// with ";\n".
std::string table_sql(const TableDef& table);

// Pieces of it: "FOREIGN KEY (a) REFERENCES public.p (id) ON DELETE CASCADE", "(a, b DESC)".
std::string stored_columns_sql(
    const TableDef& table);  // The columns alone, a line each, without a newline at the end.
std::string foreign_key_sql(const TableDef& table, const ForeignKey& key);
// The parent has a primary or unique key over just the columns that the foreign key refers to.
bool references_key(const ForeignKey& key, const TableDef& parent);
std::string index_columns_sql(const TableDef& table, const IndexDef& index);
std::string column_list_sql(const TableDef& table,
                            const std::vector<uint16_t>& columns);  // "(a, b)"

// Reads stored text back. kInvalidContent when it is not valid; non-canonical but valid text is
// accepted.
Result<TableDef> table_from_sql(std::string_view text, std::string_view schema,
                                std::string_view name);

// The names keys get when none is written; table.sql names only the others.
std::string default_primary_key_name(const TableDef& table);
std::string default_unique_key_name(const TableDef& table, size_t index);
std::string default_check_name(const TableDef& table, size_t index);
std::string default_foreign_key_name(const TableDef& table, size_t index);

// Fills layout, primary_key_name, the unique indexes' keys and definition_id after something
// changed.
void finish_table(TableDef& table);

}  // namespace rowan::catalog
