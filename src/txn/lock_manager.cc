// Locks: striped chained hash tables for the common case, one mutex over the wait-for graph for the
// rare one.
#include "txn/lock_manager.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/caught.h"
#include "base/ensure.h"
#include "base/hash.h"

namespace rowan::txn {

namespace {

constexpr size_t kBucketsAtFirst = 64;  // A power of two.
constexpr size_t kSpareLocksMax = 64;
constexpr size_t kLockPlaceBytes = 48;  // A lock's places in its bucket and its owner's list, and the allocator's part.
// How often a waiter looks whether it was cancelled.
constexpr std::chrono::milliseconds kCancelPoll(5);

}  // namespace

struct Waiter {
  LockOwner* owner = nullptr;
  bool shared = false;
};

// A lock that has an exclusive owner belongs to that owner's list, any other one to its stripe.
struct Lock {
  uint64_t hash = 0;
  uint64_t table = 0;
  std::string key;
  LockOwner* owner = nullptr;  // Exclusive; guarded by the stripe's mutex, as `next`.
  Lock* next = nullptr;        // In the bucket.
  bool wanted = false;  // The queue is not empty. As the next two: changed under graph and stripe
                        // together, read under either.
  std::vector<LockOwner*> sharers;
  std::list<Waiter> queue;  // Nearly always empty: it takes no memory then.

  bool is(uint64_t other_hash, const LockName& name) const {
    return hash == other_hash && table == name.table && key == name.key;
  }
};

struct alignas(64) LockManager::Stripe {
  std::mutex mutex;  // Guards what follows.
  std::vector<Lock*> buckets = std::vector<Lock*>(kBucketsAtFirst, nullptr);
  size_t count = 0;
  std::unordered_map<Lock*, std::unique_ptr<Lock>>
      not_exclusive;  // Shared locks, and those just let go of.

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

Result<void> LockManager::lock(LockOwner& owner, const LockName& name,
                               const LockWait& wait_options) {
  const uint64_t hash = hash64(name.key, name.table);
  Stripe& stripe = stripe_of(hash);
  {
    const std::lock_guard guard(stripe.mutex);
    Lock* found = stripe.find(hash, name);
    if (found == nullptr) {
      owner.memory_.add(sizeof(Lock) + name.key.size() + kLockPlaceBytes);
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
  return lock_slowly(owner, name, hash, wait_options);
}

// Follows who waits for whom. Those that wait ahead of one in a queue wait for the same holders, so
// that looking at the holders is enough; when a lock is handed over, its new holders wait for
// nothing. Requires: graph_ held.
bool LockManager::would_deadlock(const LockOwner& owner, const Lock& lock) const {
  struct Step {
    const LockOwner* waiter;
    const Lock* lock;
  };
  std::vector<Step> open = {{&owner, &lock}};
  std::unordered_set<const LockOwner*> seen;
  while (!open.empty()) {
    const Step step = open.back();
    open.pop_back();
    const auto follow = [&](const LockOwner* holder) {
      if (holder == nullptr || holder == step.waiter)
        return false;  // Its own share is not in its way.
      if (holder == &owner) return true;
      if (holder->waits_for_ != nullptr && seen.insert(holder).second)
        open.push_back({holder, holder->waits_for_});
      return false;
    };
    if (follow(step.lock->owner)) return true;
    for (const LockOwner* sharer : step.lock->sharers) {
      if (follow(sharer)) return true;
    }
  }
  return false;
}

Result<void> LockManager::lock_slowly(LockOwner& owner, const LockName& name, uint64_t hash,
                                      const LockWait& options) {
  std::unique_lock graph(graph_);
  Stripe& stripe = stripe_of(hash);
  Lock* found = nullptr;
  {
    const std::lock_guard guard(stripe.mutex);
    found = stripe.find(hash, name);
    if (found == nullptr) {  // Released while we came here.
      owner.memory_.add(sizeof(Lock) + name.key.size() + kLockPlaceBytes);
      auto fresh = std::make_unique<Lock>();
      fresh->hash = hash;
      fresh->table = name.table;
      fresh->key.assign(name.key);
      fresh->owner = &owner;
      stripe.insert(fresh.get());
      owner.held_.push_back(std::move(fresh));
      return {};
    }
    const bool shares =
        std::find(found->sharers.begin(), found->sharers.end(), &owner) != found->sharers.end();
    // Whoever shares it already goes first: those in the queue wait for its share in any case.
    found->queue.insert(shares ? found->queue.begin() : found->queue.end(), Waiter{&owner, false});
    found->wanted = true;
    owner.granted_ = false;
    owner.waits_for_ = found;
    settle(stripe, *found);
    if (owner.granted_) return {};
  }
  return wait(owner, *found, graph, options);
}

Result<void> LockManager::share(LockOwner& owner, const LockName& name, const LockWait& options) {
  const uint64_t hash = hash64(name.key, name.table);
  Stripe& stripe = stripe_of(hash);
  std::unique_lock graph(graph_);
  Lock* found = nullptr;
  {
    const std::lock_guard guard(stripe.mutex);
    found = stripe.find(hash, name);
    if (found == nullptr) {
      owner.memory_.add(sizeof(Lock) + name.key.size() + kLockPlaceBytes);
      auto fresh = std::make_unique<Lock>();
      fresh->hash = hash;
      fresh->table = name.table;
      fresh->key.assign(name.key);
      found = fresh.get();
      stripe.insert(found);
      stripe.not_exclusive.emplace(found, std::move(fresh));
    }
    if (found->owner == &owner ||
        std::find(found->sharers.begin(), found->sharers.end(), &owner) != found->sharers.end())
      return {};
    found->queue.push_back({&owner, true});
    found->wanted = true;
    owner.granted_ = false;
    owner.waits_for_ = found;
    settle(stripe, *found);
    if (owner.granted_) return {};
  }
  return wait(owner, *found, graph, options);
}

// Waits in the queue of `lock`. Requires: graph_ held.
Result<void> LockManager::wait(LockOwner& owner, Lock& lock, std::unique_lock<std::mutex>& graph,
                               const LockWait& options) {
  Stripe& stripe = stripe_of(lock.hash);
  const auto leave = [&] {
    const std::lock_guard guard(stripe.mutex);
    std::erase_if(lock.queue, [&](const Waiter& waiter) { return waiter.owner == &owner; });
    lock.wanted = !lock.queue.empty();
    owner.waits_for_ = nullptr;
    settle(stripe, lock);  // Those behind may share with the holders.
  };
  if (would_deadlock(owner, lock)) {
    leave();
    return Error(ErrorCode::kDeadlock, "deadlock detected").with_hint("Run the transaction again.");
  }
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options.timeout_ms);
  while (!owner.granted_) {
    const bool cancelled =
        options.cancelled != nullptr && options.cancelled->load(std::memory_order_relaxed);
    const bool late = options.timeout_ms > 0 && std::chrono::steady_clock::now() >= deadline;
    if (cancelled || late) {
      leave();
      if (cancelled)
        return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      return Error(ErrorCode::kLockNotAvailable, "canceling statement due to lock timeout");
    }
    owner.wake_.wait_for(graph, kCancelPoll);
  }
  return {};
}

// Gives a lock to those in its queue who can have it now; forgets one that nobody has or wants.
// Requires: graph_ and the stripe held.
void LockManager::settle(Stripe& stripe, Lock& lock) {
  while (lock.owner == nullptr && !lock.queue.empty()) {
    const Waiter next = lock.queue.front();
    const bool alone =
        lock.sharers.empty() || (lock.sharers.size() == 1 && lock.sharers.front() == next.owner);
    if (!next.shared && !alone) break;
    lock.queue.pop_front();
    lock.wanted = !lock.queue.empty();
    if (next.shared) {
      lock.sharers.push_back(next.owner);
      next.owner->shared_.push_back(&lock);
    } else {
      if (!lock.sharers.empty()) std::erase(next.owner->shared_, &lock);
      lock.sharers.clear();
      lock.owner = next.owner;
      const auto own = stripe.not_exclusive.find(&lock);
      next.owner->held_.push_back(
          std::move(own->second));  // Its thread sleeps until it sees granted_, under graph_.
      stripe.not_exclusive.erase(own);
    }
    next.owner->waits_for_ = nullptr;
    next.owner->granted_ = true;
    next.owner->wake_.notify_one();
  }
  if (lock.owner != nullptr || !lock.sharers.empty() || !lock.queue.empty()) return;
  stripe.remove(&lock);
  stripe.not_exclusive.erase(&lock);
}

void LockManager::release_all(LockOwner& owner) {
  owner.memory_.clear();
  // Newest first. A lock that somebody waits for is handed over in a second round.
  bool contended = false;
  for (auto at = owner.held_.rbegin(); at != owner.held_.rend(); ++at) {
    std::unique_ptr<Lock>& lock = *at;
    Stripe& stripe = stripe_of(lock->hash);
    const std::lock_guard guard(stripe.mutex);
    if (lock->wanted) {
      contended = true;
      continue;
    }
    stripe.remove(lock.get());
    lock->owner = nullptr;
    const bool is_kept = owner.spare_.size() < kSpareLocksMax &&
                         ends_well([&] { owner.spare_.push_back(std::move(lock)); });
    if (!is_kept) lock.reset();
  }
  if (!contended && owner.shared_.empty()) return owner.held_.clear();
  const std::lock_guard graph(graph_);
  for (auto at = owner.held_.rbegin(); at != owner.held_.rend(); ++at) {
    if (*at == nullptr) continue;
    Lock& lock = **at;
    Stripe& stripe = stripe_of(lock.hash);
    const std::lock_guard guard(stripe.mutex);
    lock.owner = nullptr;
    stripe.not_exclusive.emplace(&lock, std::move(*at));
    settle(stripe, lock);
  }
  owner.held_.clear();
  for (Lock* lock : std::exchange(owner.shared_, {})) {
    Stripe& stripe = stripe_of(lock->hash);
    const std::lock_guard guard(stripe.mutex);
    std::erase(lock->sharers, &owner);
    settle(stripe, *lock);
  }
}

}  // namespace rowan::txn
