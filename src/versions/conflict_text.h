// Conflicts of a merge as texts and values.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "merge/merge.h"
#include "store/object_store.h"
#include "type/value.h"
#include "versions/answer.h"

namespace rowan::versions {

// The row as a side has it, a JSON object by column name; empty: not there.
Result<std::string> row_json(const store::ObjectReader& objects, const catalog::TableDef& table,
                             const merge::RowConflict& conflict, merge::Side side);
// "7", or "(7, x)" for a key of several columns.
Result<std::string> key_text(const catalog::TableDef& table, const merge::RowConflict& conflict);
// The same so that no two rows have one text: of several columns as literals, `'a', 'b'`, which is how
// RESOLVE CONFLICT … KEY (…) takes them.
Result<std::string> conflict_key(const catalog::TableDef& table,
                                 const merge::RowConflict& conflict);
// One value a column, NULL when the row is not there.
Result<std::vector<type::Value>> row_values(const store::ObjectReader& objects,
                                            const catalog::TableDef& table,
                                            const merge::SideLine& line);

// Schema and name of what a conflict is about; a file beside the data has its path for a name.
std::pair<std::string, std::string> parts_of(const merge::SchemaConflict& conflict);
// The statement that settles a conflict, or what else does.
std::string way_out(const merge::SchemaConflict& conflict);
std::string way_out(const catalog::TableDef& table, const merge::RowConflict& conflict);

// CommitDB's columns: Database, Table, Key, HEAD, SOURCE. A conflict about the schema has its kind
// for a key.
Result<TableRows> conflict_rows(const store::ObjectReader& objects, const catalog::Catalog& merged,
                                const merge::Outcome& outcome,
                                const std::optional<std::pair<std::string, std::string>>& table);

}  // namespace rowan::versions
