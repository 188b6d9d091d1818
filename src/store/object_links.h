// What an object names: a tree its entries, a commit its tree and parents, a tag its object.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/oid.h"
#include "store/object_store.h"

namespace rowan::store {

enum class LinkKind : uint8_t { kTree, kBlob, kCommit, kUnknown };

struct TreeLink {
  Bytes name;
  Oid id;
  LinkKind kind = LinkKind::kBlob;
};

// Takes "<mode> <name>\0<20 bytes>" off the front of a tree. Nothing at its end or where it is
// damaged.
std::optional<TreeLink> take_tree_link(Bytes& tree);

// The id on a line "<word> <40 digits>\n" at the front of `text`, which is then removed. `word`
// ends in its blank.
std::optional<Oid> take_id_line(Bytes& text, Bytes word);

// Calls visit(id, kind) for everything an object names; what is damaged names nothing.
template <typename Visit>
void visit_links(ObjectType type, Bytes bytes, Visit&& visit) {
  switch (type) {
    case ObjectType::kBlob:
      return;
    case ObjectType::kTree:
      while (const auto link = take_tree_link(bytes)) visit(link->id, link->kind);
      return;
    case ObjectType::kCommit:
      if (const auto tree = take_id_line(bytes, "tree ")) visit(*tree, LinkKind::kTree);
      while (const auto parent = take_id_line(bytes, "parent ")) visit(*parent, LinkKind::kCommit);
      return;
    case ObjectType::kTag:
      if (const auto object = take_id_line(bytes, "object ")) visit(*object, LinkKind::kUnknown);
      return;
  }
}

// Those of a transaction's objects that its refs lead to. Nothing when that is all of them, or when
// there are no refs. What was made on the way and then given up (a tree that was changed once more,
// values of a failed statement) must not be stored: stock git would list it as dangling for ever.
std::optional<std::vector<PendingObjects::Entry>> drop_unused(
    const std::vector<PendingObjects::Entry>& objects, const std::vector<RefUpdate>& refs);

}  // namespace rowan::store
