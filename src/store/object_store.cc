// What every ObjectStore shares: names of object types, ids, and a transaction's own objects.
#include "store/object_store.h"

#include <charconv>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/ensure.h"
#include "base/hash.h"

namespace rowan::store {

namespace {

// Below this a scan from the back is cheaper than a map.
constexpr size_t kLinearSearchMax = 32;

}  // namespace

std::string_view type_word(ObjectType type) {
  switch (type) {
    case ObjectType::kCommit:
      return "commit";
    case ObjectType::kTree:
      return "tree";
    case ObjectType::kBlob:
      return "blob";
    case ObjectType::kTag:
      return "tag";
  }
  ENSURE(false);
}

Oid hash_object(ObjectType type, Bytes bytes) {
  char head[32];
  const std::string_view word = type_word(type);
  std::memcpy(head, word.data(), word.size());
  char* end = head + word.size();
  *end++ = ' ';
  end = std::to_chars(end, head + sizeof head - 1, bytes.size()).ptr;
  *end++ = '\0';
  Oid id;
  id.bytes = sha1({head, static_cast<size_t>(end - head)}, bytes);
  return id;
}

struct PendingObjects::Index {
  std::unordered_map<Oid, size_t, OidHash> positions;
};

PendingObjects::PendingObjects(const ObjectReader& below) : below_(below) {}
PendingObjects::~PendingObjects() = default;

const PendingObjects::Entry* PendingObjects::find(const Oid& id) const {
  if (index_ != nullptr) {
    const auto found = index_->positions.find(id);
    return found == index_->positions.end() ? nullptr : &entries_[found->second];
  }
  for (size_t i = entries_.size(); i-- > 0;) {
    if (entries_[i].id == id) return &entries_[i];
  }
  return nullptr;
}

Oid PendingObjects::add(ObjectType type, std::string bytes, const Oid& previous) {
  const Oid id = hash_object(type, bytes);
  if (find(id) != nullptr) return id;

  // The string sits behind the owner, so that the view holds however the entries move.
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const Bytes view = *owner;
  bytes_ += view.size();
  entries_.push_back({id, type, previous, ObjectRef{type, view, std::move(owner)}});

  if (index_ != nullptr) {
    index_->positions.emplace(id, entries_.size() - 1);
  } else if (entries_.size() > kLinearSearchMax) {
    index_ = std::make_unique<Index>();
    for (size_t i = 0; i < entries_.size(); ++i) index_->positions.emplace(entries_[i].id, i);
  }
  return id;
}

Result<ObjectRef> PendingObjects::read(const Oid& id) const {
  if (const Entry* entry = find(id)) return entry->object;
  return below_.read(id);
}

void PendingObjects::clear() {
  entries_.clear();
  bytes_ = 0;
  index_.reset();
}

}  // namespace rowan::store
