#include "merge/merge.h"

#include <algorithm>

#include "merge/tree_merge.h"

namespace rowan::merge {

bool RowConflict::has(Side side, uint16_t column) const {
  const std::vector<uint16_t>& without = lacks[static_cast<size_t>(side)];
  return std::find(without.begin(), without.end(), column) == without.end();
}

bool RowConflict::takes(Side side) const {
  const bool is_whole = !line(side) || !merged;
  return is_whole || std::all_of(columns.begin(), columns.end(),
                                 [&](uint16_t column) { return has(side, column); });
}

Result<Outcome> merge_trees(store::PendingObjects& made, store::NodeCache& cache,
                            const Request& request) {
  Settled settled;
  for (;;) {
    TRY_ASSIGN(std::optional<Outcome> outcome, TreeMerge(made, cache, request, settled).run());
    if (outcome) return std::move(*outcome);
  }
}

}  // namespace rowan::merge
