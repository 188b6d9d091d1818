// Following the links between objects.
#include "store/object_links.h"

#include <cstring>

#include "store/oid_positions.h"

namespace rowan::store {

std::optional<TreeLink> take_tree_link(Bytes& tree) {
  const auto* const nul =
      static_cast<const char*>(tree.empty() ? nullptr : std::memchr(tree.data(), 0, tree.size()));
  if (nul == nullptr) return std::nullopt;
  const auto end = static_cast<size_t>(nul - tree.data());
  const size_t space = tree.find(' ');
  if (space >= end || tree.size() - end - 1 < Oid::kBytes) return std::nullopt;
  TreeLink link{tree.substr(space + 1, end - space - 1), Oid::from_raw(nul + 1), LinkKind::kBlob};
  if (tree.starts_with("40000")) link.kind = LinkKind::kTree;
  if (tree.starts_with("160000")) link.kind = LinkKind::kCommit;
  tree.remove_prefix(end + 1 + Oid::kBytes);
  return link;
}

std::optional<Oid> take_id_line(Bytes& text, Bytes word) {
  if (!text.starts_with(word) || text.size() < word.size() + Oid::kHexDigits + 1)
    return std::nullopt;
  const auto id = Oid::parse(text.substr(word.size(), Oid::kHexDigits));
  text.remove_prefix(word.size() + Oid::kHexDigits + 1);
  return id;
}

std::optional<std::vector<PendingObjects::Entry>> drop_unused(
    const std::vector<PendingObjects::Entry>& objects, const std::vector<RefUpdate>& refs) {
  if (objects.empty() || refs.empty()) return std::nullopt;
  const auto id_at = [&objects](size_t position) -> const Oid& { return objects[position].id; };
  OidPositions positions(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) positions.insert(objects[i].id, i, id_at);
  std::vector<bool> is_used(objects.size());
  std::vector<size_t> open;
  open.reserve(objects.size());
  const auto mark = [&](const Oid& id, LinkKind = LinkKind::kUnknown) {
    const auto at = positions.find(id, id_at);
    if (!at || is_used[*at]) return;
    is_used[*at] = true;
    open.push_back(*at);
  };
  for (const RefUpdate& update : refs) mark(update.new_value);
  size_t used = 0;
  for (; !open.empty(); ++used) {
    const ObjectRef& object = objects[open.back()].object;
    open.pop_back();
    visit_links(object.type, object.bytes, mark);
  }
  if (used == objects.size()) return std::nullopt;
  std::vector<PendingObjects::Entry> kept;
  kept.reserve(used);
  for (size_t i = 0; i < objects.size(); ++i) {
    if (is_used[i]) kept.push_back(objects[i]);
  }
  return kept;
}

}  // namespace rowan::store
