// JournalIndex: the objects of every transaction that is not in a pack yet, by id.
//
// Threads: sharded; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "store/object_store.h"

namespace rowan::store {

class JournalIndex {
 public:
  // An object already there is kept, under the newer sequence: a later transaction names it as
  // well.
  void insert(const Oid& id, const ObjectRef& object, uint64_t sequence);
  std::optional<ObjectRef> find(const Oid& id) const;
  bool contains(const Oid& id) const;
  // Forgets `id` unless a transaction after `published` brought it again.
  void erase(const Oid& id, uint64_t published);
  // Adds every id that begins with the lower-case digits `hex`.
  void find_prefix(std::string_view hex, std::vector<Oid>& out) const;
  std::vector<Oid> ids() const;

 private:
  static constexpr size_t kSlotsAtFirst = 16;  // A power of two.

  struct Slot {
    Oid id;
    uint64_t sequence = 0;  // Zero: the slot is free.
    ObjectRef object;
  };
  // An open-addressed table by linear probing: a commit puts in some eight objects that nobody may
  // ever ask for, so that an insertion must not cost a block of memory and a walk over cold
  // neighbours.
  struct Shard {
    size_t probe(
        const Oid& id) const;  // The slot of `id`, or the free slot where its probing ends.
    void grow();
    void remove(size_t at);

    mutable std::mutex mutex;  // Guards what follows.
    std::vector<Slot> slots = std::vector<Slot>(kSlotsAtFirst);
    size_t count = 0;
  };

  // The hash uses the first bytes of the id; the shard takes the last.
  Shard& shard(const Oid& id) { return shards_[id.bytes[Oid::kBytes - 1] % shards_.size()]; }
  const Shard& shard(const Oid& id) const {
    return shards_[id.bytes[Oid::kBytes - 1] % shards_.size()];
  }

  std::array<Shard, 64> shards_;
};

}  // namespace rowan::store
