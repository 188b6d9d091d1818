#include "merge/merge.h"

#include "merge/tree_merge.h"

namespace rowan::merge {

Result<Outcome> merge_trees(store::PendingObjects& made, store::NodeCache& cache,
                            const Request& request) {
  return TreeMerge(made, cache, request).run();
}

}  // namespace rowan::merge
