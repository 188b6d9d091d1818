// Refs that another program moved: while the repository was open, and while nobody had it open.
// What is admitted becomes the branch's tip; all else is set back and kept aside.
//
// Threads: answer() is called by the store's watcher; stop() waits until it is done.
#pragma once

#include <mutex>

#include "base/log.h"
#include "base/result.h"
#include "store/object_store.h"
#include "txn/transaction.h"

namespace rowan::engine {

class ForeignMoves {
 public:
  explicit ForeignMoves(Log& log) : log_(log) {}

  // Verifies the branches that moved while nobody looked (txn::ManagerOptions::verify_moved).
  Result<void> verify_moved(txn::Manager& manager);
  // From now on the store's moves come here.
  void start(txn::Manager& manager);
  void stop();

 private:
  void answer(const store::ForeignMove& move);
  Result<Oid> adopt(const store::ForeignMove& move);
  Result<void> verify(txn::Manager& manager, const txn::MovedBranch& moved);

  Log& log_;
  std::mutex mutex_;                 // Held while a move is answered; guards what follows.
  txn::Manager* manager_ = nullptr;  // nullptr: nobody is to be asked any more.
};

}  // namespace rowan::engine
