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

struct ColumnDef {
  std::string name;
  type::Type type;
  bool not_null = false;                     // True for primary key columns too.
  std::string default_sql;                   // Canonical expression text; empty: none.
  uint16_t slot = 0;
  uint32_t id = 0;                           // 32 bits of SHA-256(slot, name, type at birth).
  type::Value absent;                        // NULL unless ABSENT is given.
};

struct DroppedSlot {
  uint16_t slot = 0;
  uint32_t id = 0;
};

struct UniqueKey {                           // UNIQUE constraint (not the primary key).
  std::string name;
  std::vector<uint16_t> columns;             // Indexes into TableDef::columns.
};

// Immutable once made; shared by plans and snapshots.
struct TableDef {
  std::string schema;
  std::string name;
  std::vector<ColumnDef> columns;            // In column order; slots may differ from positions.
  std::vector<uint16_t> primary_key;         // Indexes into columns, in key order. Empty: none.
  std::string primary_key_name;              // "<table>_pkey" unless named.
  std::vector<UniqueKey> unique_keys;
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

// Fills layout, primary_key_name and definition_id after columns changed.
void finish_table(TableDef& table);

}  // namespace rowan::catalog
