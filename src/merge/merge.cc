#include "merge/merge.h"

#include "merge/tree_merge.h"

namespace rowan::merge {

Result<Outcome> merge_trees(store::PendingObjects& made, store::NodeCache& cache,
                            const Request& request) {
  Settled settled;
  for (;;) {
    TRY_ASSIGN(std::optional<Outcome> outcome, TreeMerge(made, cache, request, settled).run());
    if (outcome) return std::move(*outcome);
  }
}

}  // namespace rowan::merge
