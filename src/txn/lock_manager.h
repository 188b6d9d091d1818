// LockManager: locks on rows and keys, in memory: exclusive, or shared (a child row keeps its
// parent's key from going).
//
// Threads: any; a LockOwner belongs to one thread at a time (its holder's), except while it waits.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/result.h"

namespace rowan::txn {

struct Lock;

// What one transaction holds and waits for.
class LockOwner {
 public:
  LockOwner();
  ~LockOwner();  // Requires: nothing is held.
  LockOwner(const LockOwner&) = delete;
  LockOwner& operator=(const LockOwner&) = delete;

  size_t held_count() const { return held_.size() + shared_.size(); }

 private:
  friend class LockManager;
  std::vector<std::unique_ptr<Lock>> held_;
  std::vector<Lock*> shared_;  // Owned by their stripes; changed under the manager's graph mutex.
  std::vector<std::unique_ptr<Lock>> spare_;  // Kept for the next transaction.
  CountedMemory memory_;                      // Of the locks.
  // The rest is guarded by the manager's graph mutex.
  Lock* waits_for_ = nullptr;
  bool granted_ = false;
  std::condition_variable wake_;
};

struct LockName {
  uint64_t table = 0;  // Branch and table.
  Bytes key;
};

struct LockWait {
  const std::atomic<bool>* cancelled = nullptr;  // May be null.
  int64_t timeout_ms = 0;                        // 0: for ever.
};

class LockManager {
 public:
  LockManager();
  ~LockManager();

  // First come, first served; at once when `owner` has it. An owner that shares the lock waits for
  // the others who do, before all who came earlier. kDeadlock (the waiter is the victim),
  // kQueryCanceled, kLockNotAvailable.
  Result<void> lock(LockOwner& owner, const LockName& name, const LockWait& wait);
  // As lock(), together with others that share it; at once when `owner` has it in either way.
  Result<void> share(LockOwner& owner, const LockName& name, const LockWait& wait);
  void release_all(LockOwner& owner);

 private:
  static constexpr size_t kStripes = 64;
  struct Stripe;

  Stripe& stripe_of(uint64_t hash);
  Result<void> lock_slowly(LockOwner& owner, const LockName& name, uint64_t hash,
                           const LockWait& wait);
  Result<void> wait(LockOwner& owner, Lock& lock, std::unique_lock<std::mutex>& graph,
                    const LockWait& wait);
  bool would_deadlock(const LockOwner& owner, const Lock& lock) const;
  void settle(Stripe& stripe, Lock& lock);

  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
  // Taken before a stripe's mutex, and only when somebody waits: guards every queue, and the owner
  // of a lock with one.
  std::mutex graph_;
};

}  // namespace rowan::txn
