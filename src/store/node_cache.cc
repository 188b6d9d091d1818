// The decoded-node cache: sixteen shards, each an open-addressed table with a second-chance hand.
#include "store/node_cache.h"

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

namespace rowan::store {

namespace {

constexpr size_t kShards = 16;
constexpr size_t kSlotsAtFirst = 64;  // A power of two.
constexpr int kSpinsBeforeYield = 64;
constexpr size_t kSupersededKept = 16;  // In each shard.

// Held for some tens of instructions, so that spinning costs less than a mutex would.
class SpinLock {
 public:
  void lock() {
    for (int spins = 0; flag_.test_and_set(std::memory_order_acquire); ++spins) {
      if (spins >= kSpinsBeforeYield) std::this_thread::yield();
    }
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

struct Slot {
  std::shared_ptr<const CachedNode> node;  // Null: the slot is free.
  uint64_t hash = 0;
  uint64_t kind = 0;
  size_t bytes = 0;
  Oid id;
  bool used = false;  // Found since the hand passed last.
};

// What one entry costs beside its node: its slot, at a table load of about a half.
constexpr size_t kEntryOverheadBytes = 2 * sizeof(Slot);

uint64_t hash_key(const Oid& id, uint64_t kind) {
  uint64_t h = OidHash{}(id) ^ (kind * 0x9e3779b97f4a7c15ULL);
  h = (h ^ (h >> 32)) * 0xff51afd7ed558ccdULL;
  return h ^ (h >> 29);
}

}  // namespace

struct alignas(64) NodeCache::Shard {
  using Evicted = std::vector<std::shared_ptr<const CachedNode>>;

  mutable SpinLock lock;                                       // Guards all that follows.
  std::vector<Slot> slots = std::vector<Slot>(kSlotsAtFirst);  // By linear probing.
  size_t count = 0;
  size_t bytes = 0;
  size_t hand = 0;
  struct Key {
    Oid id;
    uint64_t kind = 0;
  };
  std::array<Key, kSupersededKept> superseded;  // A ring: the oldest is dropped for the newest.
  size_t superseded_at = 0;

  size_t mask() const { return slots.size() - 1; }

  // The slot of the key, or the free slot where its probing ends.
  size_t probe(const Oid& id, uint64_t kind, uint64_t hash) const {
    size_t at = hash & mask();
    while (slots[at].node != nullptr &&
           !(slots[at].hash == hash && slots[at].kind == kind && slots[at].id == id)) {
      at = (at + 1) & mask();
    }
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots.size() * 2);
    old.swap(slots);
    for (Slot& slot : old) {
      if (slot.node == nullptr) continue;
      size_t at = slot.hash & mask();
      while (slots[at].node != nullptr) at = (at + 1) & mask();
      slots[at] = std::move(slot);
    }
    hand = 0;
  }

  // Frees one slot and closes the gap, so that probing needs no tombstones.
  void remove(size_t at, Evicted& evicted) {
    bytes -= slots[at].bytes;
    --count;
    evicted.push_back(std::move(slots[at].node));
    slots[at].node = nullptr;
    for (size_t next = (at + 1) & mask(); slots[next].node != nullptr; next = (next + 1) & mask()) {
      const size_t home = slots[next].hash & mask();
      if (((next - home) & mask()) < ((next - at) & mask()))
        continue;  // It would land before its home.
      slots[at] = std::move(slots[next]);
      slots[next].node = nullptr;
      at = next;
    }
  }

  void evict_until(size_t budget, Evicted& evicted) {
    // Two rounds at most: the first may only take away second chances.
    for (size_t steps = 0; bytes > budget && count > 0 && steps < 4 * slots.size(); ++steps) {
      Slot& slot = slots[hand];
      if (slot.node != nullptr && !slot.used) {
        remove(hand, evicted);  // Another entry may have moved here: look at the same place again.
        continue;
      }
      slot.used = false;
      hand = (hand + 1) & mask();
    }
  }
};

NodeCache::NodeCache(size_t bytes_max) : bytes_max_(bytes_max) {
  shards_.reserve(kShards);
  for (size_t i = 0; i < kShards; ++i) shards_.push_back(std::make_unique<Shard>());
}

NodeCache::~NodeCache() = default;

std::shared_ptr<const CachedNode> NodeCache::find(const Oid& id, uint64_t kind) {
  const uint64_t hash = hash_key(id, kind);
  Shard& shard = *shards_[hash >> 60];
  const std::lock_guard guard(shard.lock);
  Slot& slot = shard.slots[shard.probe(id, kind, hash)];
  if (slot.node == nullptr) return nullptr;
  slot.used = true;
  return slot.node;
}

std::shared_ptr<const CachedNode> NodeCache::insert(const Oid& id, uint64_t kind,
                                                    std::shared_ptr<const CachedNode> node) {
  const size_t bytes = node->memory_bytes() + kEntryOverheadBytes;
  const size_t budget = bytes_max_ / kShards;
  const uint64_t hash = hash_key(id, kind);
  Shard& shard = *shards_[hash >> 60];
  Shard::Evicted evicted;  // Destroyed after the lock is free: a node's destructor may be slow.
  const std::lock_guard guard(shard.lock);
  if (const Slot& there = shard.slots[shard.probe(id, kind, hash)]; there.node != nullptr)
    return there.node;
  if (bytes > budget) return node;
  shard.evict_until(budget - bytes, evicted);
  if ((shard.count + 1) * 3 > shard.slots.size() * 2) shard.grow();
  Slot& slot = shard.slots[shard.probe(id, kind, hash)];
  slot = {node, hash, kind, bytes, id, true};
  shard.bytes += bytes;
  ++shard.count;
  return node;
}

void NodeCache::supersede(const Oid& id, uint64_t kind) {
  const uint64_t hash = hash_key(id, kind);
  Shard& shard = *shards_[hash >> 60];
  Shard::Evicted evicted;  // Destroyed after the lock is free.
  const std::lock_guard guard(shard.lock);
  Shard::Key& oldest = shard.superseded[shard.superseded_at++ % kSupersededKept];
  const size_t at = shard.probe(oldest.id, oldest.kind, hash_key(oldest.id, oldest.kind));
  if (shard.slots[at].node != nullptr) shard.remove(at, evicted);
  oldest = {id, kind};
}

size_t NodeCache::memory_bytes() const {
  size_t sum = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard guard(shard->lock);
    sum += shard->bytes;
  }
  return sum;
}

size_t NodeCache::bytes_max() const { return bytes_max_; }

void NodeCache::clear() {
  for (const auto& shard : shards_) {
    std::vector<Slot> old(kSlotsAtFirst);  // Destroyed after the lock is free.
    const std::lock_guard guard(shard->lock);
    old.swap(shard->slots);
    shard->count = 0;
    shard->bytes = 0;
    shard->hand = 0;
  }
}

}  // namespace rowan::store
