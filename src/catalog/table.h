// TableDef: a table's definition, and its one canonical text (table.sql).
#pragma once

#include <cstdint>
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
std::string_view merge_rule_name(MergeRule rule);                     // "sum"; empty for kNone.
std::optional<MergeRule> find_merge_rule(std::string_view name);

struct ColumnDef {
  std::string name;
  type::Type type;
  bool not_null = false;                     // True for primary key columns too.
  std::string default_sql;                   // Canonical expression text; empty: none.
  uint16_t slot = 0;
  uint32_t id = 0;                           // 32 bits of SHA-256(slot, name, type at birth).
  type::Value absent;                        // NULL unless ABSENT is given.
  sql::IdentityKind identity = sql::IdentityKind::kNone;   // Values come from the sequence `sequence`.
  std::string sequence;                      // "schema.name" of the sequence this column owns (identity and serial); empty: none.
  MergeRule merge_rule = MergeRule::kNone;
};

struct DroppedSlot {
  uint16_t slot = 0;
  uint32_t id = 0;
};

struct UniqueKey {                           // UNIQUE constraint (not the primary key) or UNIQUE INDEX.
  std::string name;
  std::vector<uint16_t> columns;             // Indexes into TableDef::columns.
};

struct CheckConstraint {
  std::string name;
  std::string expression_sql;                // Canonical text over the table's columns.
};

struct ForeignKey {
  std::string name;
  std::vector<uint16_t> columns;             // Indexes into TableDef::columns.
  std::string schema;                        // The referenced table.
  std::string table;
  std::vector<std::string> referenced;       // Its columns, never empty: a primary or unique key of it, in this order.
  sql::ForeignAction on_delete = sql::ForeignAction::kNoAction;
  sql::ForeignAction on_update = sql::ForeignAction::kNoAction;
};

struct IndexColumnDef {
  uint16_t column = 0;                       // Index into TableDef::columns.
  bool descending = false;
  bool nulls_first = false;
};

struct IndexDef {                            // CREATE [UNIQUE] INDEX. A unique one is enforced like a UniqueKey.
  std::string name;                          // Unique within the schema, beside tables and views.
  bool unique = false;
  std::vector<IndexColumnDef> columns;
};

// Immutable once made; shared by plans and snapshots.
struct TableDef {
  std::string schema;
  std::string name;
  std::vector<ColumnDef> columns;            // In column order; slots may differ from positions.
  std::vector<uint16_t> primary_key;         // Indexes into columns, in key order. Empty: none.
  std::string primary_key_name;              // "<table>_pkey" unless named.
  std::vector<UniqueKey> unique_keys;        // The UNIQUE constraints, then the unique indexes (finish_table adds those from `indexes`).
  size_t unique_constraints = 0;             // How many of unique_keys are constraints.
  std::vector<CheckConstraint> checks;
  std::vector<ForeignKey> foreign_keys;
  std::vector<IndexDef> indexes;
  MergeRule merge_rule = MergeRule::kNone;   // Of the table; a column's own goes before it.
  std::vector<DroppedSlot> dropped;
  type::RowLayout layout;                    // Derived from the above.
  Oid definition_id;                         // Blob id of the canonical table.sql.

  std::optional<uint16_t> find_column(std::string_view column) const;
  std::string path() const;                  // "<schema>/<table>" with encoded names.
  std::string qualified_name() const;        // "shop.orders", quoted when needed; "orders" for public.
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

// From a parsed CREATE TABLE: resolves types, assigns slots and ids that are not written, checks it (duplicate columns 42701,
// several primary keys 42P16, unknown key column 42703, key types, limits) and fills layout and definition_id.
Result<TableDef> table_from_statement(const sql::CreateTableStmt& statement, std::string_view default_schema);

// The one canonical spelling: CREATE TABLE text with SLOT, ID and ABSENT, one column a line, ending with ";\n".
std::string table_sql(const TableDef& table);

// Reads stored text back. kInvalidContent when it is not valid; non-canonical but valid text is accepted.
Result<TableDef> table_from_sql(std::string_view text, std::string_view schema, std::string_view name);

// The names keys get when none is written; table.sql names only the others.
std::string default_primary_key_name(const TableDef& table);
std::string default_unique_key_name(const TableDef& table, size_t index);

// Fills layout, primary_key_name, the unique indexes' keys and definition_id after something changed.
void finish_table(TableDef& table);

}  // namespace rowan::catalog
