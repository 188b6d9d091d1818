#include "store/journal_index.h"

namespace rowan::store {

void JournalIndex::insert(const Oid& id, const ObjectRef& object, uint64_t sequence) {
  Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  const auto [at, is_new] = home.entries.try_emplace(id, Entry{object, sequence});
  if (!is_new) at->second.sequence = sequence;
}

std::optional<ObjectRef> JournalIndex::find(const Oid& id) const {
  const Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  const auto at = home.entries.find(id);
  if (at == home.entries.end()) return std::nullopt;
  return at->second.object;
}

bool JournalIndex::contains(const Oid& id) const {
  const Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  return home.entries.contains(id);
}

void JournalIndex::erase(const Oid& id, uint64_t published) {
  Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  const auto at = home.entries.find(id);
  if (at != home.entries.end() && at->second.sequence <= published) home.entries.erase(at);
}

void JournalIndex::find_prefix(std::string_view hex, std::vector<Oid>& out) const {
  for (const Shard& home : shards_) {
    const std::lock_guard lock(home.mutex);
    for (const auto& [id, entry] : home.entries) {
      if (id.hex().starts_with(hex)) out.push_back(id);
    }
  }
}

std::vector<Oid> JournalIndex::ids() const {
  std::vector<Oid> out;
  for (const Shard& home : shards_) {
    const std::lock_guard lock(home.mutex);
    for (const auto& [id, entry] : home.entries) out.push_back(id);
  }
  return out;
}

}  // namespace rowan::store
