// The base of histories that crossed: their several merge bases, merged.
#include <algorithm>

#include "base/limits.h"
#include "merge/merge.h"

namespace rowan::merge {
namespace {

using BasesOf = std::function<Result<std::vector<Oid>>(const Oid&, const Oid&)>;
using RootOf = std::function<Result<Oid>(const Oid&)>;

struct Walk {
  store::PendingObjects& made;
  store::NodeCache& cache;
  const BasesOf& bases_of;
  const RootOf& root_of;

  // `bases`: newest first, as merge_bases gives them.
  Result<Oid> root(const std::vector<Oid>& bases, int depth) const {
    if (bases.empty()) return Oid{};
    TRY_ASSIGN(Oid merged, root_of(bases.back()));
    // Histories that cross again and again: what lies far below changes little, and any common
    // ancestor will do.
    if (depth == kVirtualBaseDepthMax) return merged;
    std::vector<Oid> seen{bases.back()};
    for (auto next = bases.rbegin() + 1; next != bases.rend(); ++next) {
      std::vector<Oid> below;
      for (const Oid& earlier : seen) {
        TRY_ASSIGN(const std::vector<Oid> found, bases_of(earlier, *next));
        for (const Oid& base : found) {
          if (std::find(below.begin(), below.end(), base) == below.end()) below.push_back(base);
        }
      }
      Request request;
      TRY_ASSIGN(request.base_root, root(below, depth + 1));
      request.ours_root = merged;
      TRY_ASSIGN(request.theirs_root, root_of(*next));
      request.policy = Policy::kOurs;
      request.conflicts_take_base = true;
      TRY_ASSIGN(const Outcome outcome, merge_trees(made, cache, request));
      merged = outcome.root;
      seen.push_back(*next);
    }
    return merged;
  }
};

}  // namespace

Result<Oid> virtual_base(store::PendingObjects& made, store::NodeCache& cache,
                         const std::vector<Oid>& bases, const BasesOf& bases_of,
                         const RootOf& root_of) {
  return Walk{made, cache, bases_of, root_of}.root(bases, 0);
}

}  // namespace rowan::merge
