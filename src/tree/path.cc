#include "tree/path.h"

#include "tree/boundary.h"

namespace rowan::tree {

Result<void> TreePath::open(Bytes key) {
  Oid id = root_;
  for (int depth = 0; depth < kTreeLevelsMax; ++depth) {
    frames_.emplace_back();
    TRY(load(frames_.size() - 1, id));
    Frame& frame = frames_.back();
    frame.index = frame.node->child_index(key);
    const TreeEntry& entry = frame.node->entries()[frame.index];
    if (!entry.is_tree()) return {};
    id = entry.id;
  }
  return Error(ErrorCode::kCorruption, "row tree " + root_.hex() + " is too deep");
}

Result<void> TreePath::load(size_t depth, const Oid& id) {
  Frame& frame = frames_[depth];
  if (frame.node != nullptr && frame.id == id) return {};
  TRY_ASSIGN(frame.node, GitTree::read(objects_, cache_, id));
  frame.id = id;
  frame.index = 0;
  if (frame.node->size() == 0)
    return Error(ErrorCode::kCorruption, "row tree " + root_.hex() + " has an empty node");
  return {};
}

Result<Oid> TreePath::chosen(size_t depth) const {
  const Frame& frame = frames_[depth];
  const TreeEntry& entry = frame.node->entries()[frame.index];
  if (entry.is_tree() != (depth + 1 < frames_.size())) {
    return Error(ErrorCode::kCorruption,
                 "row tree " + root_.hex() + " has leaves at different depths");
  }
  return entry.id;
}

Result<void> TreePath::seek(int level, Bytes key) {
  Oid id = root_;
  for (size_t d = 0; d < depth(level); ++d) {
    TRY(load(d, id));
    frames_[d].index = frames_[d].node->child_index(key);
    TRY_ASSIGN(id, chosen(d));
  }
  return {};
}

Result<void> TreePath::next(int level) {
  size_t d = depth(level) - 1;
  while (frames_[d].index + 1 == frames_[d].node->size()) --d;
  ++frames_[d].index;
  for (; d + 1 < depth(level); ++d) {
    TRY_ASSIGN(const Oid id, chosen(d));
    TRY(load(d + 1, id));
    frames_[d + 1].index = 0;
  }
  return {};
}

Result<void> TreePath::previous(int level) {
  size_t d = depth(level) - 1;
  while (frames_[d].index == 0) --d;
  --frames_[d].index;
  for (; d + 1 < depth(level); ++d) {
    TRY_ASSIGN(const Oid id, chosen(d));
    TRY(load(d + 1, id));
    frames_[d + 1].index = frames_[d + 1].node->size() - 1;
  }
  return {};
}

bool TreePath::has_next(int level) const {
  for (size_t d = 0; d < depth(level); ++d) {
    if (frames_[d].index + 1 < frames_[d].node->size()) return true;
  }
  return false;
}

bool TreePath::at_first(int level) const {
  for (size_t d = 0; d < depth(level); ++d) {
    if (frames_[d].index != 0) return false;
  }
  return true;
}

Bytes TreePath::next_key(int level) const {
  size_t d = depth(level) - 1;
  while (frames_[d].index + 1 == frames_[d].node->size()) --d;
  return frames_[d].node->key(frames_[d].index + 1);
}

Bytes TreePath::node_key(int level) const {
  if (depth(level) == 0) return {};
  const Frame& frame = frames_[depth(level) - 1];
  return frame.node->key(frame.index);
}

Oid TreePath::node_id(int level) const {
  if (depth(level) == 0) return root_;
  const Frame& frame = frames_[depth(level) - 1];
  return frame.node->entries()[frame.index].id;
}

Result<std::shared_ptr<const GitTree>> TreePath::node(int level) {
  const size_t d = depth(level);
  TRY(load(d, node_id(level)));
  return frames_[d].node;
}

}  // namespace rowan::tree
