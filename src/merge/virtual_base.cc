// The base of histories that crossed: their several merge bases, merged.
#include <algorithm>
#include <map>
#include <optional>

#include "merge/merge.h"

namespace rowan::merge {
namespace {

// Histories may have crossed any number of times, each crossing with a virtual base of its own: so
// the walk keeps its own stack, and what it found for a set of commits.
class Walk {
 public:
  Walk(store::PendingObjects& made, store::NodeCache& cache, const BaseQuestions& questions)
      : made_(made), cache_(cache), questions_(questions) {}

  Result<Oid> root(const std::vector<Oid>& bases) {
    TRY(enter(bases));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.seen == level.bases.size()) {
        found_[level.bases] = level.root;
        levels_.pop_back();
        continue;
      }
      if (!level.below) {
        TRY_ASSIGN(level.below, bases_below(level));
      }
      const auto known = found_.find(*level.below);
      if (known == found_.end()) {
        TRY(enter(std::vector<Oid>(*level.below)));
        continue;
      }
      TRY(merge_next(level, known->second));
    }
    return found_[bases];
  }

 private:
  // Commits that are merged, from the last of `bases` to the first.
  struct Level {
    std::vector<Oid> bases;
    size_t seen;  // How many of them `root` holds.
    Oid root;
    std::optional<std::vector<Oid>> below;  // The bases of those and the next one, once asked for.
  };

  static const Oid& next_of(const Level& level) {
    return level.bases[level.bases.size() - 1 - level.seen];
  }

  Result<void> enter(const std::vector<Oid>& bases) {
    Oid first;
    if (!bases.empty()) {
      TRY_ASSIGN(first, questions_.root_of(bases.back()));
    }
    found_[bases] = first;  // For a history that leads back here, which Git's graph rules out.
    levels_.push_back({bases, std::min<size_t>(bases.size(), 1), first, {}});
    return {};
  }

  Result<std::vector<Oid>> bases_below(const Level& level) const {
    std::vector<Oid> below;
    for (size_t i = 0; i < level.seen; ++i) {
      TRY_ASSIGN(const std::vector<Oid> found,
                 questions_.bases_of(level.bases[level.bases.size() - 1 - i], next_of(level)));
      for (const Oid& base : found) {
        if (std::find(below.begin(), below.end(), base) == below.end()) below.push_back(base);
      }
    }
    return below;
  }

  Result<void> merge_next(Level& level, const Oid& base_root) {
    Request request;
    request.base_root = base_root;
    request.ours_root = level.root;
    TRY_ASSIGN(request.theirs_root, questions_.root_of(next_of(level)));
    request.policy = Policy::kOurs;
    request.conflicts_take_base = true;
    if (questions_.shared_changes) {
      const std::vector<Oid> seen(level.bases.end() - static_cast<ptrdiff_t>(level.seen),
                                  level.bases.end());
      const Oid next = next_of(level);
      request.shared_changes = [this, seen, root = level.root, next](const TablePlaces& places) {
        return questions_.shared_changes(seen, root, next, places);
      };
    }
    TRY_ASSIGN(const Outcome outcome, merge_trees(made_, cache_, request));
    level.root = outcome.root;
    ++level.seen;
    level.below.reset();
    return {};
  }

  store::PendingObjects& made_;
  store::NodeCache& cache_;
  const BaseQuestions& questions_;
  std::vector<Level> levels_;
  std::map<std::vector<Oid>, Oid> found_;
};

}  // namespace

Result<Oid> virtual_base(store::PendingObjects& made, store::NodeCache& cache,
                         const std::vector<Oid>& bases, const BaseQuestions& questions) {
  return Walk(made, cache, questions).root(bases);
}

}  // namespace rowan::merge
