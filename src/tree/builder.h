// InteriorBuilder: the levels above the rows (or above the entries of a large-value tree), built
// from the left.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "tree/boundary.h"

namespace rowan::tree {

// Receives the bytes of each finished node of a level.
using LevelSink = std::function<Result<Oid>(int level, Bytes bytes)>;

class InteriorBuilder {
 public:
  // Entries are added to nodes of level `bottom_level` (1 for whole trees).
  InteriorBuilder(TreeShape shape, int bottom_level, LevelSink sink);
  // Keys ascend strictly; the first one added to a row tree is "0".
  Result<void> add(Bytes key, const Oid& id) { return add_at(bottom_level_, key, id); }
  Result<Oid> finish();  // T4: the first level with one node. Zero when nothing was added.

 private:
  struct Level {
    std::string text;  // The node in the making.
    std::string first_key;
    uint64_t nodes = 0;  // Finished ones.
  };
  Result<void> add_at(int level, Bytes key, const Oid& id);
  Result<void> flush(int level);
  Level& at(int level) { return levels_[static_cast<size_t>(level - bottom_level_)]; }

  TreeShape shape_;
  int bottom_level_;
  LevelSink sink_;
  std::vector<Level> levels_;  // Never reallocated: references stay valid through the recursion.
};

}  // namespace rowan::tree
