// VersionLinks: which object of an older pack is the earlier version of which object of a newer
// one. Found by walking the trees of the packs' last commits together, along each node's path; so
// merged packs get delta chains over their seams.
//
// Threads: one at a time.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "base/result.h"
#include "store/pack_set.h"

namespace rowan::store {

class VersionLinks {
 public:
  // Tells packs apart by a pointer; nullptr: the object does not take part.
  using Home = std::function<const void*(const Oid&)>;

  VersionLinks(const PackSet& packs, Home home) : packs_(packs), home_(std::move(home)) {}

  // `commits`: all commits that take part. Damaged or strange content only costs links.
  Result<void> find(const std::vector<Oid>& commits);

  // nullptr: no newer version is known.
  const Oid* newer(const Oid& id) const;

 private:
  struct CommitInfo {
    Oid tree;
    Oid parent;              // The first; zero: none.
    bool has_child = false;  // In the same pack.
  };

  Result<void> link(const Oid& older, const Oid& newer, int depth);

  const PackSet& packs_;
  const Home home_;
  std::unordered_map<Oid, CommitInfo, OidHash> commits_;
  std::unordered_map<Oid, Oid, OidHash> newer_;
};

}  // namespace rowan::store
