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

namespace rowan::versions {

// The commits that `tips` reach and `without` does not, parents before children. Requires: the
// history index knows all of them.
std::vector<Oid> commits_apart(const Context& context, const std::vector<Oid>& tips,
                               const std::vector<Oid>& without);

class Picks {
 public:
  Picks(const Context& context, std::vector<Oid> our_tips, const Oid& theirs);

  // A commit of theirs and one of ours that are one change. Commits of a side that make one change
  // beside each other are one; of those behind each other, with what undid it in between, the first of
  // ours goes with the first of theirs, and so on. With `paths`: only commits that may have changed one of these tables.
  struct Pair {
    Oid ours, theirs;
    bool ours_is_pick = false;  // Ours was picked from theirs; else the other way, or both.
  };
  Result<std::vector<Pair>> pairs(const std::vector<std::string>& paths = {});
  Result<std::vector<merge::SharedChange>> of_table(const std::vector<std::string>& paths);

 private:
  using Names = std::set<std::string>;
  bool is_in_base(const Oid& commit, const Names& names) const;
  Result<const Names*> names_of(const Oid& commit);
  bool held_by_both(const std::string& name) const;
  Result<bool> counted_before(const Names& shared, const std::vector<std::string>& paths);

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
  HeldChanges(const Context& context, const Oid& tip);

  // As merge::Request::shared_changes wants it, where theirs is the commit's tree: `picked`.
  Result<std::vector<merge::SharedChange>> of_picked(const Oid& commit,
                                                     const merge::CommitChange& picked,
                                                     const std::vector<std::string>& paths) {
    return of_change({commit, false}, picked, paths);
  }
  // The same for a commit that is reverted: `back` leads from its tree to the one before it. What the
  // branch has reverted, and not made again since, is reverted once.
  Result<std::vector<merge::SharedChange>> of_reverted(const Oid& commit,
                                                       const merge::CommitChange& back,
                                                       const std::vector<std::string>& paths) {
    return of_change({commit, true}, back, paths);
  }
  void add(const Oid& commit) { added_.push_back({commit, false}); }  // It was picked,
  void add_reverted(const Oid& commit) { added_.push_back({commit, true}); }  // or reverted.

 private:
  struct Change {
    Oid commit;
    bool is_back = false;  // It is reverted.
    bool operator==(const Change&) const = default;
  };
  Result<std::vector<merge::SharedChange>> of_change(const Change& change,
                                                     const merge::CommitChange& made,
                                                     const std::vector<std::string>& paths);

  const Context& context_;
  Oid tip_;
  std::vector<Change> added_;
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
