// What `rowan check` asks of DIR/rowan/derived: whether the caches say what the commits say. Their
// checksums only tell of accidents; whoever wrote the folder wrote those too (docs/security.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "derived/history_index.h"
#include "derived/row_counts.h"
#include "store/object_store.h"

namespace rowan::engine {

struct DerivedData {
  const derived::HistoryIndex& history;
  const derived::RowCounts& counts;  // As the process has them,
  std::filesystem::path folder;      // and the folder they and the indexes come from. Empty: none.
};

// A line for each thing that the caches say otherwise than `commits`: parents, times and changed
// rows of the commits, row counts and indexes of their tables. Nothing is said of what no commit
// leads to: no answer comes from it. Commits that do not read are somebody else's problem.
Result<std::vector<std::string>> check_derived(store::ObjectStore& store,
                                               const std::vector<Oid>& commits,
                                               const DerivedData& derived);

}  // namespace rowan::engine
