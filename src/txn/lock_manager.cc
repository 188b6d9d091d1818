// Locks: striped chained hash tables for the common case, one mutex over the wait-for graph for the rare one.
#include "txn/lock_manager.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ensure.h"
#include "base/hash.h"

namespace rowan::txn {

namespace {

constexpr size_t kBucketsAtFirst = 64;     // A power of two.
constexpr size_t kSpareLocksMax = 64;
// How often a waiter looks whether it was cancelled.
constexpr std::chrono::milliseconds kCancelPoll(5);

}  // namespace

struct Lock {
  uint64_t hash = 0;
  uint64_t table = 0;
  std::string key;
  LockOwner* owner = nullptr;              // Guarded by the stripe's mutex.
  Lock* next = nullptr;                    // In the bucket; guarded by the stripe's mutex.
  std::deque<LockOwner*>* waiters = nullptr;   // Guarded by graph and stripe together; read under either.
  std::unique_ptr<std::deque<LockOwner*>> queue;

  bool is(uint64_t other_hash, const LockName& name) const {
    return hash == other_hash && table == name.table && key == name.key;
  }
};

struct alignas(64) LockManager::Stripe {
  std::mutex mutex;                        // Guards what follows.
  std::vector<Lock*> buckets = std::vector<Lock*>(kBucketsAtFirst, nullptr);
  size_t count = 0;

  Lock*& bucket(uint64_t hash) { return buckets[hash & (buckets.size() - 1)]; }

  Lock* find(uint64_t hash, const LockName& name) {
    Lock* at = bucket(hash);
    while (at != nullptr && !at->is(hash, name)) at = at->next;
    return at;
  }

  void insert(Lock* lock) {
    if (++count > buckets.size()) grow();
    Lock*& head = bucket(lock->hash);
    lock->next = head;
    head = lock;
  }

  void remove(Lock* lock) {
    Lock** at = &bucket(lock->hash);
    while (*at != lock) at = &(*at)->next;
    *at = lock->next;
    --count;
  }

  void grow() {
    std::vector<Lock*> old(buckets.size() * 2, nullptr);
    old.swap(buckets);
    for (Lock* lock : old) {
      while (lock != nullptr) {
        Lock* next = lock->next;
        Lock*& head = bucket(lock->hash);
        lock->next = head;
        head = lock;
        lock = next;
      }
    }
  }
};

LockOwner::LockOwner() = default;
LockOwner::~LockOwner() { ENSURE(held_.empty()); }

LockManager::LockManager() {
  for (auto& stripe : stripes_) stripe = std::make_unique<Stripe>();
}
LockManager::~LockManager() = default;

LockManager::Stripe& LockManager::stripe_of(uint64_t hash) { return *stripes_[hash >> 58]; }

Result<void> LockManager::lock(LockOwner& owner, const LockName& name, const LockWait& wait_options) {
  const uint64_t hash = hash64(name.key, name.table);
  Stripe& stripe = stripe_of(hash);
  {
    const std::lock_guard guard(stripe.mutex);
    Lock* found = stripe.find(hash, name);
    if (found == nullptr) {
      std::unique_ptr<Lock> fresh;
      if (owner.spare_.empty()) {
        fresh = std::make_unique<Lock>();
      } else {
        fresh = std::move(owner.spare_.back());
        owner.spare_.pop_back();
      }
      fresh->hash = hash;
      fresh->table = name.table;
      fresh->key.assign(name.key);
      fresh->owner = &owner;
      stripe.insert(fresh.get());
      owner.held_.push_back(std::move(fresh));
      return {};
    }
    if (found->owner == &owner) return {};
  }
  return wait(owner, name, hash, wait_options);
}

// Follows the one lock each owner waits for. Waiters ahead in a queue wait for the same holder, so that its chain is
// enough; when a lock is handed over, its new holder waits for nothing. Requires: graph_ held.
bool LockManager::would_deadlock(const LockOwner& owner, const Lock& lock) const {
  const Lock* at = &lock;
  while (at != nullptr) {
    if (at->owner == &owner) return true;
    at = at->owner->waits_for_;
  }
  return false;
}

Result<void> LockManager::wait(LockOwner& owner, const LockName& name, uint64_t hash, const LockWait& options) {
  std::unique_lock graph(graph_);
  Stripe& stripe = stripe_of(hash);
  {
    const std::lock_guard guard(stripe.mutex);
    Lock* found = stripe.find(hash, name);
    if (found == nullptr) {                // Released while we came here.
      auto fresh = std::make_unique<Lock>();
      fresh->hash = hash;
      fresh->table = name.table;
      fresh->key.assign(name.key);
      fresh->owner = &owner;
      stripe.insert(fresh.get());
      owner.held_.push_back(std::move(fresh));
      return {};
    }
    if (would_deadlock(owner, *found)) {
      return Error(ErrorCode::kDeadlock, "deadlock detected")
          .with_hint("Run the transaction again.");
    }
    if (found->queue == nullptr) found->queue = std::make_unique<std::deque<LockOwner*>>();
    found->waiters = found->queue.get();
    found->queue->push_back(&owner);
    owner.waits_for_ = found;
    owner.granted_ = false;
  }

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.timeout_ms);
  while (!owner.granted_) {
    const bool cancelled = options.cancelled != nullptr && options.cancelled->load(std::memory_order_relaxed);
    const bool late = options.timeout_ms > 0 && std::chrono::steady_clock::now() >= deadline;
    if (cancelled || late) {
      Lock* lock = owner.waits_for_;
      const std::lock_guard guard(stripe.mutex);
      std::erase(*lock->queue, &owner);
      if (lock->queue->empty()) lock->waiters = nullptr;
      owner.waits_for_ = nullptr;
      if (cancelled) return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      return Error(ErrorCode::kLockNotAvailable, "canceling statement due to lock timeout");
    }
    owner.wake_.wait_for(graph, kCancelPoll);
  }
  return {};
}

// Gives a lock with waiters to the first of them. Requires: graph_ held.
void LockManager::hand_over(std::unique_ptr<Lock> lock) {
  Stripe& stripe = stripe_of(lock->hash);
  const std::lock_guard guard(stripe.mutex);
  LockOwner* next = lock->queue->front();
  lock->queue->pop_front();
  if (lock->queue->empty()) lock->waiters = nullptr;
  lock->owner = next;
  next->waits_for_ = nullptr;
  next->granted_ = true;
  next->held_.push_back(std::move(lock));  // Its thread sleeps until it sees granted_, under graph_.
  next->wake_.notify_one();
}

void LockManager::release_all(LockOwner& owner) {
  // Newest first. A lock that somebody waits for is handed over in a second round.
  std::vector<std::unique_ptr<Lock>> contended;
  while (!owner.held_.empty()) {
    std::unique_ptr<Lock> lock = std::move(owner.held_.back());
    owner.held_.pop_back();
    Stripe& stripe = stripe_of(lock->hash);
    {
      const std::lock_guard guard(stripe.mutex);
      if (lock->waiters == nullptr) {
        stripe.remove(lock.get());
        if (owner.spare_.size() < kSpareLocksMax) owner.spare_.push_back(std::move(lock));
        continue;
      }
    }
    contended.push_back(std::move(lock));
  }
  if (contended.empty()) return;
  const std::lock_guard graph(graph_);
  for (std::unique_ptr<Lock>& lock : contended) {
    bool wanted = true;
    {
      Stripe& stripe = stripe_of(lock->hash);
      const std::lock_guard guard(stripe.mutex);
      wanted = lock->waiters != nullptr;
      if (!wanted) stripe.remove(lock.get());  // The waiter was cancelled in between.
    }
    if (wanted) hand_over(std::move(lock));
  }
}

}  // namespace rowan::txn
