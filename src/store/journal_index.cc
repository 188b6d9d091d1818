#include "store/journal_index.h"

#include <utility>

namespace rowan::store {

namespace {

constexpr size_t kSlotsKept = 4096;  // A larger table is given back once it is empty.

}  // namespace

size_t JournalIndex::Shard::probe(const Oid& id) const {
  const size_t mask = slots.size() - 1;
  size_t at = OidHash{}(id)&mask;
  while (slots[at].sequence != 0 && slots[at].id != id) at = (at + 1) & mask;
  return at;
}

void JournalIndex::Shard::grow() {
  std::vector<Slot> old(slots.size() * 2);
  old.swap(slots);
  for (Slot& slot : old) {
    if (slot.sequence != 0) slots[probe(slot.id)] = std::move(slot);
  }
}

// Closes the gap, so that probing needs no tombstones.
void JournalIndex::Shard::remove(size_t at) {
  const size_t mask = slots.size() - 1;
  for (size_t next = (at + 1) & mask; slots[next].sequence != 0; next = (next + 1) & mask) {
    const size_t home = OidHash{}(slots[next].id) & mask;
    if (((next - home) & mask) < ((next - at) & mask)) continue;  // It would land before its home.
    slots[at] = std::move(slots[next]);
    at = next;
  }
  slots[at] = Slot{};
  if (--count == 0 && slots.size() > kSlotsKept) slots = std::vector<Slot>(kSlotsAtFirst);
}

void JournalIndex::insert(const Oid& id, const ObjectRef& object, uint64_t sequence) {
  Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  size_t at = home.probe(id);
  if (home.slots[at].sequence != 0) {
    home.slots[at].sequence = sequence;
    return;
  }
  if ((home.count + 1) * 3 > home.slots.size() * 2) {
    home.grow();
    at = home.probe(id);
  }
  ++home.count;
  home.slots[at] = {id, sequence, object};
}

std::optional<ObjectRef> JournalIndex::find(const Oid& id) const {
  const Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  const Slot& slot = home.slots[home.probe(id)];
  if (slot.sequence == 0) return std::nullopt;
  return slot.object;
}

bool JournalIndex::contains(const Oid& id) const {
  const Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  return home.slots[home.probe(id)].sequence != 0;
}

void JournalIndex::erase(const Oid& id, uint64_t published) {
  Shard& home = shard(id);
  const std::lock_guard lock(home.mutex);
  const size_t at = home.probe(id);
  if (home.slots[at].sequence != 0 && home.slots[at].sequence <= published) home.remove(at);
}

void JournalIndex::find_prefix(std::string_view hex, std::vector<Oid>& out) const {
  for (const Shard& home : shards_) {
    const std::lock_guard lock(home.mutex);
    for (const Slot& slot : home.slots) {
      if (slot.sequence != 0 && slot.id.hex().starts_with(hex)) out.push_back(slot.id);
    }
  }
}

std::vector<Oid> JournalIndex::ids() const {
  std::vector<Oid> out;
  for (const Shard& home : shards_) {
    const std::lock_guard lock(home.mutex);
    for (const Slot& slot : home.slots) {
      if (slot.sequence != 0) out.push_back(slot.id);
    }
  }
  return out;
}

}  // namespace rowan::store
