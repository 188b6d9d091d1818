// Commits that two histories hold both, because one was picked from the other.
//
// A commit is known by its id; by those it was picked from, all the way
// (`Rowan-Cherry-Picked-From`, and git's "(cherry picked from commit …)"); and a revert by what it
// reverts. Two commits that share one of these are one change, unless both sides held what they share before they parted. A pick
// that does not say where it comes from is a change of its own.
//
// Threads: one; the context must outlive it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "merge/merge.h"
#include "versions/context.h"
#include "versions/table_past.h"

namespace rowan::versions {

// The commits that `tips` reach and `without` does not, parents before children. Requires: the
// history index knows all of them.
std::vector<Oid> commits_apart(const Context& context, const std::vector<Oid>& tips,
                               const std::vector<Oid>& without);

class Picks {
 public:
  Picks(const Context& context, std::vector<Oid> our_tips, const Oid& theirs);

  // As merge::Request::shared_changes wants it; `ours_root` is what our tips are together.
  Result<std::vector<merge::SharedChange>> of_table(const store::ObjectReader& objects,
                                                    const Oid& ours_root,
                                                    const merge::TablePlaces& places);

 private:
  // A commit of theirs and one of ours that are one change. Commits of a side that make one change
  // beside each other are one; of those behind each other, with what undid it in between, the first of
  // ours goes with the first of theirs, and so on.
  struct Pair {
    Oid ours, theirs;
    bool ours_is_pick = false;  // Ours was picked from theirs; else the other way, or both.
  };
  // Commits that may have changed a table, and where it stands in them.
  using Places = std::map<Oid, std::string>;
  Result<std::vector<Pair>> pairs(const Places& ours_changing, const Places& theirs_changing,
                                  const TablePast& past);
  using Names = std::set<std::string>;
  bool is_in_base(const Oid& commit, const Names& names) const;
  Result<const Names*> names_of(const Oid& commit);
  bool held_by_both(const std::string& name) const;
  Result<bool> counted_before(const Names& shared, TablePast past);

  const Context& context_;
  std::vector<Oid> our_tips_;
  Oid theirs_tip_;
  std::vector<Oid> ours_, theirs_;  // The commits of one side alone.
  std::map<Oid, Names> names_;
};

// What a branch holds already of commits that are picked onto it one after the other. A commit that
// it holds, itself or by a pick, and that is in effect there, changes nothing where changes add up:
// in effect is what was made oftener than undone, by reverts, reverts of reverts, and picks of
// these. What was undone comes again.
class HeldChanges {
 public:
  // `objects` has what is made on the tip.
  HeldChanges(const Context& context, const store::ObjectReader& objects, const Oid& tip);

  // As merge::Request::shared_changes wants it, where theirs is the commit's tree: `picked`.
  Result<std::vector<merge::SharedChange>> of_picked(const Oid& commit,
                                                     const merge::CommitChange& picked,
                                                     const merge::TablePlaces& places) {
    return of_change({commit, false}, picked, places);
  }
  // The same for a commit that is reverted: `back` leads from its tree to the one before it. What the
  // branch has reverted, and not made again since, is reverted once.
  Result<std::vector<merge::SharedChange>> of_reverted(const Oid& commit,
                                                       const merge::CommitChange& back,
                                                       const merge::TablePlaces& places) {
    return of_change({commit, true}, back, places);
  }
  // It was picked, or reverted, which led from one tree to another.
  void add(const Oid& commit, const Oid& from_root, const Oid& to_root) {
    added_.push_back({{commit, false}, from_root, to_root});
  }
  void add_reverted(const Oid& commit, const Oid& from_root, const Oid& to_root) {
    added_.push_back({{commit, true}, from_root, to_root});
  }

 private:
  struct Change {
    Oid commit;
    bool is_back = false;  // It is reverted.
    bool operator==(const Change&) const = default;
  };
  struct Added {
    Change change;
    Oid from_root, to_root;
  };
  // A change, and where a table stands in what it was made on.
  struct Placed {
    Change change;
    std::string path;        // In `root`.
    std::optional<Oid> root;  // Nothing: the change's own commit.
  };
  Result<std::vector<merge::SharedChange>> of_change(const Change& change,
                                                     const merge::CommitChange& made,
                                                     const merge::TablePlaces& places);
  Result<std::vector<Placed>> changing(const std::set<std::string>& names, std::string path,
                                       size_t& held_count) const;
  Result<std::optional<merge::CommitChange>> made_by(const Placed& holder) const;

  const Context& context_;
  const store::ObjectReader& objects_;
  Oid tip_;
  std::vector<Added> added_;
};

// The commits of `tip`'s history that were picked from this one.
Result<std::vector<Oid>> picks_of(const Context& context, const Oid& tip, const Oid& commit);

// Those of a branch's own commits that a rebase onto `onto` leaves out, so that it gives what a
// merge gives: `onto` has their change, by whichever commit, however far back and whether or not it
// was undone there since; or another of them makes it, on a line beside that was merged. What was
// undone and made again on one line counts each time. `own`: those that `onto` does not hold,
// parents before children. Work: own, and the commits of `onto` back to the oldest original.
Result<std::set<Oid>> made_already(const Context& context, const Oid& onto,
                                   const std::vector<Oid>& own);

}  // namespace rowan::versions
