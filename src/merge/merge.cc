#include "merge/merge.h"

#include "merge/tree_merge.h"

namespace rowan::merge {

Result<Outcome> merge_trees(store::PendingObjects& made, store::NodeCache& cache,
                            const Request& request) {
  WholeTables whole;
  for (;;) {
    TRY_ASSIGN(std::optional<Outcome> outcome, TreeMerge(made, cache, request, whole).run());
    if (outcome) return std::move(*outcome);
  }
}

}  // namespace rowan::merge
