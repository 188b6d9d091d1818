// Admission: whether a commit that somebody else made may stand on a branch, and what the branch
// then becomes. Pushes, fetches, hand edits, opens and the pre-receive hook ask here; nothing else
// decides.
//
// A tip is admitted (N7 in ../README.md) when it follows what sessions saw of its branch, the
// branch is not protected, its time is not too far ahead (rowan.maxClockSkew), its tree is Rowan's and holds
// what its definitions promise, and where it differs from what sessions saw, it keeps what SQL would
// have asked: of definitions that defaults and CHECKs bind, that foreign keys join like types and
// refer to keys that are there, that sequences exist, that merge rules can settle something and that
// views bind (those over system tables bind when they are read); of rows CHECK, NOT NULL, UNIQUE and
// FOREIGN KEY. Its ancestors need only parse: those that no branch has yet are read where they differ
// from what was there (new_commits.h). The cost is that of the difference.
//
// Tags are not asked about: they move no branch, and what is built on their commits is asked then.
//
// Threads: any.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/oid.h"
#include "base/result.h"
#include "versions/branch_settings.h"
#include "engine/import/new_commits.h"
#include "engine/import/parked.h"
#include "exec/validator.h"
#include "expr/expr.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

class Admission {
 public:
  // Borrows all; they must outlive it. `user` and `database`: what CHECK expressions see. `ending`: true
  // cuts judging short, with kQueryCanceled; may be null.
  Admission(txn::Manager& manager, const versions::BranchSettings& settings, const Clock& clock,
            std::string user, std::string database, const std::atomic<bool>* ending = nullptr);

  struct Question {
    std::string branch;
    Oid tip;
    Oid good;  // The last commit that sessions saw there; zero: none.
    Oid beside =
        {};  // The branch's tip now, when it has moved on from `good`: they are to be merged.
    Oid valid = {};  // Without either: some other branch's tip, to compare with; zero: none.
    // The repository is new to us, and the branch what it is: its history is not asked about.
    bool is_first_look = false;
  };
  // The commit to stand on the branch: the tip, or a commit "normalise" on top of it, made in
  // `objects`. With `beside`, its rows' constraints are for the merge to check.
  using Answer = std::variant<Oid, Objection>;
  // A tip that takes more memory to judge than statements may hold is objected to (kOutOfMemory).
  Answer ask(const Question& question, store::PendingObjects& objects) const;
  // The part of it that asks whether what stands below the tip can be read. `known_root`: the tree of
  // some branch's tip; zero: none.
  std::optional<Objection> ask_ancestors(const Question& question, const Oid& known_root) const;
  // The objection to a tip for which `error` stands in the way of its canonical form.
  Objection unfit_tip(const Oid& tip, const Oid& known_root, Error error, Place place) const;

  // What of a tree breaks its constraints where it differs from `valid_root`, which keeps them
  // (zero: none does).
  Result<std::vector<exec::Violation>> find_violations(const store::ObjectReader& objects,
                                                       const Oid& valid_root,
                                                       const Oid& root) const;

  // How many trees had CHECKs that took too long. Each makes the time for the next ones shorter, so that
  // many of them have a bound together.
  size_t overruns() const { return overruns_; }

 private:
  Answer judge(const Question& question, store::PendingObjects& objects) const;
  // All that breaks, or what stands in definitions alone.
  enum class Scope { kAll, kDefinitions };
  Result<std::vector<exec::Violation>> find_violations(exec::ValidateRequest request,
                                                       Scope scope) const;
  std::optional<Objection> ask_history(const Question& question) const;

  txn::Manager& manager_;
  const versions::BranchSettings& settings_;
  const Clock& clock_;
  const std::string user_, database_;
  const std::atomic<bool>* const ending_;
  mutable std::atomic<size_t> overruns_ = 0;
  mutable std::mutex mutex_;
  mutable NewCommits new_commits_;  // Guarded by mutex_.
};

// As an error of a statement. The place goes along as its detail.
Error objection_error(const Objection& objection);

// The objection to rows that break constraints; `root`: the tree that was pushed, to say where the
// first of them stands.
Objection violation_objection(store::ObjectStore& store, const Oid& root,
                              const std::vector<exec::Violation>& violations);

// A commit that a branch may stand on: `commit` itself when its tree is canonical and valid, else a
// commit "normalise" on top of it, made in `objects`. Reads what differs from `known_root`, the
// tree of some branch's tip. `at`: where an error is; may be null.
Result<Oid> canonical_commit(txn::Manager& manager, store::PendingObjects& objects,
                             const Oid& commit, const Oid& known_root, Place* at = nullptr);

}  // namespace rowan::engine
