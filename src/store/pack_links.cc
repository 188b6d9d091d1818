// Pairing the versions of a node across packs.
#include "store/pack_links.h"

#include <optional>
#include <utility>

#include "store/object_links.h"

namespace rowan::store {

namespace {

constexpr int kTreeDepthMax = 64;

}  // namespace

Result<void> VersionLinks::find(const std::vector<Oid>& commits) {
  for (const Oid& id : commits) {
    TRY_ASSIGN(const auto object, packs_.find(id));
    if (!object || object->type != ObjectType::kCommit) continue;
    Bytes text = object->bytes;
    const auto tree = take_id_line(text, "tree ");
    if (!tree) continue;
    commits_.emplace(id, CommitInfo{*tree, take_id_line(text, "parent ").value_or(Oid{})});
  }
  for (const auto& [id, info] : commits_) {
    const auto parent = commits_.find(info.parent);
    if (parent != commits_.end() && home_(id) == home_(info.parent))
      parent->second.has_child = true;
  }
  // From each pack's last commits back to the first ancestor in another pack: between those two
  // lies all that changed.
  for (const Oid& tip : commits) {
    const auto last = commits_.find(tip);
    if (last == commits_.end() || last->second.has_child) continue;
    auto at = last;
    for (size_t steps = 0; steps < commits_.size(); ++steps) {
      if (at == commits_.end() || home_(at->first) != home_(tip)) break;
      at = commits_.find(at->second.parent);
    }
    if (at != commits_.end() && home_(at->first) != home_(tip))
      TRY(link(at->second.tree, last->second.tree, 0));
  }
  commits_.clear();
  return {};
}

Result<void> VersionLinks::link(const Oid& older, const Oid& newer, int depth) {
  if (older == newer || depth > kTreeDepthMax) return {};
  if (home_(older) == nullptr || home_(newer) == nullptr) return {};
  if (!newer_.emplace(older, newer).second) return {};
  TRY_ASSIGN(const auto new_object, packs_.find(newer));
  if (!new_object || new_object->type != ObjectType::kTree) return {};
  TRY_ASSIGN(const auto old_object, packs_.find(older));
  if (!old_object || old_object->type != ObjectType::kTree) return {};

  std::unordered_map<Bytes, Oid> old_entries;
  for (Bytes rest = old_object->bytes; const auto entry = take_tree_link(rest);) {
    old_entries.emplace(entry->name, entry->id);
  }
  for (Bytes rest = new_object->bytes; const auto entry = take_tree_link(rest);) {
    const auto before = old_entries.find(entry->name);
    if (before != old_entries.end()) TRY(link(before->second, entry->id, depth + 1));
  }
  return {};
}

const Oid* VersionLinks::newer(const Oid& id) const {
  const auto found = newer_.find(id);
  return found == newer_.end() ? nullptr : &found->second;
}

}  // namespace rowan::store
