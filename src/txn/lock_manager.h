// LockManager: exclusive locks on rows and keys, in memory.
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
#include "base/result.h"

namespace rowan::txn {

struct Lock;

// What one transaction holds and waits for.
class LockOwner {
 public:
  LockOwner();
  ~LockOwner();                        // Requires: nothing is held.
  LockOwner(const LockOwner&) = delete;
  LockOwner& operator=(const LockOwner&) = delete;

  size_t held_count() const { return held_.size(); }

 private:
  friend class LockManager;
  std::vector<std::unique_ptr<Lock>> held_;
  std::vector<std::unique_ptr<Lock>> spare_;   // Kept for the next transaction.
  // The rest is guarded by the manager's graph mutex.
  Lock* waits_for_ = nullptr;
  bool granted_ = false;
  std::condition_variable wake_;
};

struct LockName {
  uint64_t table = 0;                  // Branch and table.
  Bytes key;
};

struct LockWait {
  const std::atomic<bool>* cancelled = nullptr;   // May be null.
  int64_t timeout_ms = 0;                         // 0: for ever.
};

class LockManager {
 public:
  LockManager();
  ~LockManager();

  // First come, first served; at once when `owner` has it. kDeadlock (the waiter is the victim), kQueryCanceled,
  // kLockNotAvailable.
  Result<void> lock(LockOwner& owner, const LockName& name, const LockWait& wait);
  void release_all(LockOwner& owner);

 private:
  static constexpr size_t kStripes = 64;
  struct Stripe;

  Stripe& stripe_of(uint64_t hash);
  Result<void> wait(LockOwner& owner, const LockName& name, uint64_t hash, const LockWait& wait);
  bool would_deadlock(const LockOwner& owner, const Lock& lock) const;
  void hand_over(std::unique_ptr<Lock> lock);

  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
  // Taken before a stripe's mutex, and only when somebody waits: guards every queue, and the owner of a lock with one.
  std::mutex graph_;
};

}  // namespace rowan::txn
