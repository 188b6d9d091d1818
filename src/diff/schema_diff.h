// How the definitions of two trees differ, object by object.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "diff/changes.h"

namespace rowan::diff {

// One difference. `object` is "public.t", "public.t.c" for a column, a constraint or an index,
// "shop" for a schema, always by the names of the newer side that has it. `kind` is what of it:
// "table", "table name", "column", "column name", "column type", "default", "not null", "identity",
// "merge rule", "primary key", "unique", "check", "foreign key", "index", "view", "materialized
// view", "sequence", "schema", "file".
struct SchemaChange {
  std::string object;
  std::string kind;
  std::string from_sql;  // Empty: not there.
  std::string to_sql;
};

// In the order of changed_objects(), and within a table as its text has it.
Result<std::vector<SchemaChange>> schema_changes(const Source& source, const Oid& from_root,
                                                 const Oid& to_root);

// A column as a user writes it: without slot and ID.
std::string column_sql(const catalog::ColumnDef& column);

// The named parts of a table behind its columns, each as ALTER TABLE … ADD takes it.
struct TablePart {
  std::string kind;  // "primary key", "unique", "check", "foreign key", "index".
  std::string name;
  std::string sql;  // Without the name: "UNIQUE (a, b)"; an index: "UNIQUE INDEX (a DESC)".
  bool operator==(const TablePart&) const = default;
};
std::vector<TablePart> table_parts(const catalog::TableDef& table);

}  // namespace rowan::diff
