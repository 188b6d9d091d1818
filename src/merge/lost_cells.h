// What a side wrote and the merged table does not have for its definition's sake, told one by one
// from the trees: nothing is gathered.
//
// Threads: one. Errors: those of reading; kQueryCanceled.
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "catalog/catalog.h"
#include "merge/definition.h"
#include "merge/merge.h"
#include "merge/rows.h"

namespace rowan::merge {

// A table's versions: of the sides, by Side, and the merged one.
struct TableVersions {
  const std::array<catalog::TableVersion, 3>& sides;
  catalog::TableVersion merged;
  const DefinitionMerge& definition;
  const RowMerge& rows;
};

// The holder's new and changed cells of the column that the merged rows do not have as they were, and
// that no other settlement tells of: one between cells, or of a row that went.
Result<void> tell_lost_cells(store::PendingObjects& objects, store::NodeCache& cache,
                             const Request& request, const TableVersions& versions,
                             const LostColumn& column);

// Rows that a side changed, put or took away in a table where another side, or the base, stands as a
// whole.
Result<void> tell_lost_rows(store::PendingObjects& objects, store::NodeCache& cache,
                            const Request& request,
                            const std::array<catalog::TableVersion, 3>& sides, Side stands,
                            std::string_view kind, bool answered);

// "ours", "theirs", "base".
std::string_view side_word(Side side);

}  // namespace rowan::merge
