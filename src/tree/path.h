// TreePath: a place in one level of a tree, found by key and moved sideways. Interior nodes only.
#pragma once

#include <memory>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "store/node_cache.h"
#include "store/object_store.h"
#include "tree/git_tree.h"

namespace rowan::tree {

class TreePath {
 public:
  TreePath(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root)
      : objects_(objects), cache_(cache), root_(root) {}

  Result<void> open(Bytes key);  // Finds the height; before anything else. The root is not zero.
  int height() const { return static_cast<int>(frames_.size()); }  // The root's level.

  // All below speak of the node of `level` that the last move at this level reached.
  Result<void> seek(int level, Bytes key);  // To the node where `key` belongs.
  Result<void> next(int level);             // Requires: has_next().
  Result<void> previous(int level);         // Requires: !at_first().
  bool has_next(int level) const;
  bool at_first(int level) const;
  Bytes next_key(
      int level) const;  // The next node's name. Requires: has_next(). Valid until the next move.
  Bytes node_key(int level) const;  // This node's name; empty at the root.
  Oid node_id(int level) const;
  Result<std::shared_ptr<const GitTree>> node(int level);  // Level 1 and above.

 private:
  // Frames stand from the root down; frame d holds a node of level height() - d and the entry
  // chosen in it.
  struct Frame {
    Oid id;
    std::shared_ptr<const GitTree> node;
    size_t index = 0;
  };
  size_t depth(int level) const { return frames_.size() - static_cast<size_t>(level); }
  Result<void> load(size_t depth, const Oid& id);
  Result<Oid> chosen(size_t depth) const;  // The id of the chosen entry, whose kind is checked.

  const store::ObjectReader& objects_;
  store::NodeCache& cache_;
  Oid root_;
  std::vector<Frame> frames_;
};

}  // namespace rowan::tree
