// NodeCache: decoded objects by id, within a byte budget. Results never depend on it.
//
// Threads: sharded; any thread. A node handed out stays alive while its pointer does, evicted or
// not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/oid.h"
#include "base/result.h"

namespace rowan::store {

// What a cached node derives from. `kind` separates several decoded forms of one object.
class CachedNode {
 public:
  virtual ~CachedNode() = default;
  virtual size_t memory_bytes() const = 0;  // Fixed once the node is in the cache.
};

class NodeCache {
 public:
  explicit NodeCache(size_t bytes_max);
  ~NodeCache();
  NodeCache(const NodeCache&) = delete;
  NodeCache& operator=(const NodeCache&) = delete;

  // nullptr when absent. Marks the node as used.
  std::shared_ptr<const CachedNode> find(const Oid& id, uint64_t kind);
  // Keeps `node`, or the one that got there first, and gives back whichever was kept.
  std::shared_ptr<const CachedNode> insert(const Oid& id, uint64_t kind,
                                           std::shared_ptr<const CachedNode> node);

  // A newer version of the node was made: this one gives way before any other, though not before
  // some hundred more are superseded, because readers of a recent snapshot may still come for it.
  // Without this a busy table's old versions would fill the budget.
  void supersede(const Oid& id, uint64_t kind);

  // find, else build() and insert. `kind` must name T's layout completely.
  template <typename T, typename Build>
  Result<std::shared_ptr<const T>> get(const Oid& id, uint64_t kind, Build&& build) {
    if (auto found = find(id, kind)) return std::static_pointer_cast<const T>(std::move(found));
    Result<std::shared_ptr<const T>> made = build();
    if (!made) return made;
    return std::static_pointer_cast<const T>(insert(id, kind, std::move(*made)));
  }

  size_t memory_bytes() const;
  size_t bytes_max() const;
  void clear();

 private:
  struct Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
  size_t bytes_max_;
};

}  // namespace rowan::store
