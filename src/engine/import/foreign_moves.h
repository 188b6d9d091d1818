// Refs that another program moved: while the repository was open, and while nobody had it open.
// What is admitted (admission.h) becomes the branch's tip, or part of it by a merge; all else is
// set back and parked with its reason (parked.h).
//
// Threads: answer() is called by the store's watcher; stop() waits until it is done.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "engine/import/admission.h"
#include "engine/import/parked.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

class DatabaseImpl;

class ForeignMoves {
 public:
  explicit ForeignMoves(Log& log) : log_(log) {}

  // Sees to the branches that moved while nobody looked (txn::ManagerOptions::verify_moved):
  // sessions see the tip where it is admitted, else the last good commit, else the newest first
  // parent that is.
  Result<void> verify_moved(txn::Manager& manager, const Admission& admission);
  // From now on the store's moves come here. The database must outlive stop().
  void start(DatabaseImpl& database);
  void stop();

  // Set by stop(): what is being judged is cut short.
  const std::atomic<bool>& ending() const { return ending_; }
  // Tips that could not be parked: of a repository that is open for reading only, and of branches
  // without any usable commit. Fixed once verify_moved() returned.
  const std::vector<ParkedTip>& unparked() const { return unparked_; }
  // Whether the branch held a tip that keeps all rules, as verify_moved() found it.
  bool is_sound(std::string_view branch) const;

 private:
  Result<void> verify(txn::Manager& manager, const Admission& admission,
                      const txn::MovedBranch& moved);
  Result<void> restore_deleted(txn::Manager& manager, const txn::MovedBranch& moved);
  Result<void> set_back_unreadable(txn::Manager& manager, const txn::MovedBranch& moved);
  Result<void> hold_back(txn::Manager& manager, const Admission& admission,
                         const txn::MovedBranch& moved, const Objection& objection);

  void answer(const store::ForeignMove& move);
  Admission::Answer adopt(const store::ForeignMove& move);
  Admission::Answer adopt_branch(const store::ForeignMove& move);
  Admission::Answer merge_beside(const store::ForeignMove& move, const Oid& target,
                                 store::PendingObjects& objects);
  Oid valid_tip() const;
  Result<void> note_reason(const store::ForeignMove& move, const Objection& objection);

  Log& log_;
  std::atomic<bool> ending_ = false;
  std::mutex mutex_;                  // Held while a move is answered; guards the next.
  DatabaseImpl* database_ = nullptr;  // nullptr: nobody is to be asked any more.
  std::vector<ParkedTip> unparked_;
  std::vector<std::string> unverified_;  // Branches of a partial clone that could not be verified.
  Oid valid_;  // A tip that keeps all rules, for verify_moved().
  bool is_first_look_ = false;  // verify_moved() finds a repository that is new to Rowan.
};

}  // namespace rowan::engine
