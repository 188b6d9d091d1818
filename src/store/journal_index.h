// JournalIndex: the objects of every transaction that is not in a pack yet, by id.
//
// Threads: sharded; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/oid.h"
#include "store/object_store.h"

namespace rowan::store {

class JournalIndex {
 public:
  // An object already there is kept, under the newer sequence: a later transaction names it as well.
  void insert(const Oid& id, const ObjectRef& object, uint64_t sequence);
  std::optional<ObjectRef> find(const Oid& id) const;
  bool contains(const Oid& id) const;
  // Forgets `id` unless a transaction after `published` brought it again.
  void erase(const Oid& id, uint64_t published);
  // Adds every id that begins with the lower-case digits `hex`.
  void find_prefix(std::string_view hex, std::vector<Oid>& out) const;
  std::vector<Oid> ids() const;

 private:
  struct Entry {
    ObjectRef object;
    uint64_t sequence;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Oid, Entry, OidHash> entries;  // GUARDED_BY(mutex)
  };

  // The hash uses the first bytes of the id; the shard takes the last.
  Shard& shard(const Oid& id) { return shards_[id.bytes[Oid::kBytes - 1] % shards_.size()]; }
  const Shard& shard(const Oid& id) const { return shards_[id.bytes[Oid::kBytes - 1] % shards_.size()]; }

  std::array<Shard, 64> shards_;
};

}  // namespace rowan::store
