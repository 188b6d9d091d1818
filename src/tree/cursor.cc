// Cursor, leaf_runs and the reading side of large-value trees.
#include <algorithm>
#include <utility>

#include "base/ensure.h"
#include "base/hash.h"
#include "tree/boundary.h"
#include "tree/row_tree.h"

namespace rowan::tree {
namespace {

Error too_deep(const Oid& root) {
  return Error(ErrorCode::kCorruption, "row tree " + root.hex() + " is too deep");
}

Result<std::shared_ptr<const GitTree>> read_node(const store::ObjectReader& objects,
                                                 store::NodeCache& cache, const Oid& id) {
  TRY_ASSIGN(auto node, GitTree::read(objects, cache, id));
  if (node->size() == 0)
    return Error(ErrorCode::kCorruption, "row tree has an empty node " + id.hex());
  return node;
}

}  // namespace

Result<Cursor> Cursor::open(const TreeReader& reader, const Oid& root) {
  Cursor cursor(reader);
  cursor.root_ = root;
  if (!root.is_zero()) TRY(cursor.descend(root, nullptr));
  return cursor;
}

// From `id`, below what path_ holds already.
Result<void> Cursor::descend(const Oid& id, const Bytes* key) {
  for (Oid next = id;;) {
    if (path_.size() == kTreeLevelsMax) return too_deep(root_);
    TRY_ASSIGN(auto node, read_node(reader_.objects, reader_.cache, next));
    const size_t index = key == nullptr ? 0 : node->child_index(*key);
    const TreeEntry& entry = node->entries()[index];
    next = entry.id;
    const bool is_tree = entry.is_tree();
    path_.push_back({std::move(node), index});
    if (!is_tree) break;
  }
  const Level& last = path_.back();
  TRY_ASSIGN(leaf_, Leaf::read(reader_, last.node->entries()[last.index].id));
  index_ = 0;
  return {};
}

Result<void> Cursor::seek(Bytes key) {
  if (root_.is_zero()) return {};
  path_.clear();
  TRY(descend(root_, &key));
  index_ = leaf_->lower_bound(key);
  if (index_ == leaf_->size()) return next_leaf();
  return {};
}

Result<void> Cursor::next() {
  DCHECK(!at_end());
  if (++index_ < leaf_->size()) return {};
  return next_leaf();
}

Result<void> Cursor::next_leaf() {
  while (!path_.empty() && path_.back().index + 1 == path_.back().node->size()) path_.pop_back();
  index_ = 0;
  if (path_.empty()) {
    leaf_ = nullptr;
    return {};
  }
  Level& level = path_.back();
  const TreeEntry& entry = level.node->entries()[++level.index];
  if (entry.is_tree()) return descend(entry.id, nullptr);
  TRY_ASSIGN(leaf_, Leaf::read(reader_, entry.id));
  return {};
}

bool Cursor::at_end() const { return leaf_ == nullptr; }
Bytes Cursor::key() const { return leaf_->key(index_); }
Bytes Cursor::line() const { return leaf_->line(index_); }
const std::shared_ptr<const Leaf>& Cursor::leaf() const { return leaf_; }
size_t Cursor::index_in_leaf() const { return index_; }

namespace {

Result<void> collect_runs(const TreeReader& reader, const Oid& id, int depth, Bytes lower,
                          Bytes upper, std::vector<LeafRun>& runs) {
  if (depth == kTreeLevelsMax) return too_deep(id);
  TRY_ASSIGN(const auto node, read_node(reader.objects, reader.cache, id));
  if (node->entries()[0].is_tree()) {
    const size_t first = lower.empty() ? 0 : node->child_index(lower);
    for (size_t i = first;
         i < node->size() && (i == first || upper.empty() || node->key(i) < upper); ++i) {
      const TreeEntry& entry = node->entries()[i];
      if (!entry.is_tree())
        return Error(ErrorCode::kCorruption, "row tree node " + id.hex() + " mixes levels");
      TRY(collect_runs(reader, entry.id, depth + 1, lower, upper, runs));
    }
    return {};
  }
  LeafRun run;
  run.parent = id;
  run.first_key = node->key(0);
  run.leaves.reserve(node->size());
  for (const TreeEntry& entry : node->entries()) {
    if (entry.is_tree())
      return Error(ErrorCode::kCorruption, "row tree node " + id.hex() + " mixes levels");
    run.leaves.push_back(entry.id);
  }
  runs.push_back(std::move(run));
  return {};
}

using LargeVisitor = std::function<Result<bool>(std::string_view name, const Oid& blob)>;

Result<bool> walk_large_node(const store::ObjectReader& objects, store::NodeCache& cache,
                             const Oid& id, int depth, const LargeVisitor& visit) {
  if (depth == kTreeLevelsMax) return too_deep(id);
  TRY_ASSIGN(const auto node, read_node(objects, cache, id));
  for (const TreeEntry& entry : node->entries()) {
    bool goes_on = true;
    if (entry.is_tree()) {
      TRY_ASSIGN(goes_on, walk_large_node(objects, cache, entry.id, depth + 1, visit));
    } else {
      TRY_ASSIGN(goes_on, visit(entry.name, entry.id));
    }
    if (!goes_on) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<LeafRun>> leaf_runs(const TreeReader& reader, const Oid& root, Bytes lower,
                                       Bytes upper) {
  std::vector<LeafRun> runs;
  if (!root.is_zero()) TRY(collect_runs(reader, root, 0, lower, upper, runs));
  return runs;
}

Result<double> key_place(const TreeReader& reader, const Oid& root, Bytes key) {
  double place = 0, width = 1;
  Oid id = root;
  for (int depth = 0; !id.is_zero(); ++depth) {
    if (depth == kTreeLevelsMax) return too_deep(root);
    TRY_ASSIGN(const auto node, read_node(reader.objects, reader.cache, id));
    const size_t index = node->child_index(key);
    width /= static_cast<double>(node->size());
    place += width * static_cast<double>(index);
    const TreeEntry& entry = node->entries()[index];
    id = entry.id;
    if (entry.is_tree()) continue;
    TRY_ASSIGN(const auto leaf, Leaf::read(reader, id));
    return place + width * static_cast<double>(leaf->lower_bound(key)) /
                       static_cast<double>(std::max<size_t>(leaf->size(), 1));
  }
  return place;
}

std::string large_name(Bytes key, uint16_t slot) {
  const auto hash = sha256_128(key);
  return to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}) + "-" +
         std::to_string(slot);
}

Result<std::optional<Oid>> find_large(const store::ObjectReader& objects, store::NodeCache& cache,
                                      const Oid& root, std::string_view name) {
  Oid id = root;
  for (int depth = 0; !id.is_zero(); ++depth) {
    if (depth == kTreeLevelsMax) return too_deep(root);
    TRY_ASSIGN(const auto node, read_node(objects, cache, id));
    const TreeEntry& entry = node->entries()[node->child_index(name)];
    if (!entry.is_tree()) return entry.name == name ? std::optional<Oid>(entry.id) : std::nullopt;
    id = entry.id;
  }
  return std::optional<Oid>();
}

Result<void> walk_large(const store::ObjectReader& objects, store::NodeCache& cache,
                        const Oid& root, const LargeVisitor& visit) {
  if (root.is_zero()) return {};
  TRY_ASSIGN(const bool finished, walk_large_node(objects, cache, root, 0, visit));
  static_cast<void>(finished);
  return {};
}

}  // namespace rowan::tree
