// OidPositions: finds the place of an id in a list that the caller keeps. A flat table, since it is
// asked for every object of a pack and for every entry of a tree; most of the time the answer is
// no, and then one look at an empty slot is all.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/ensure.h"
#include "base/oid.h"

namespace rowan::store {

class OidPositions {
 public:
  explicit OidPositions(size_t count_max)
      : slots_(std::bit_ceil(count_max * 2 + 2)), mask_(slots_.size() - 1) {
    ENSURE(count_max < UINT32_MAX);
  }

  // `id_at(position)` gives the id that stands there.
  template <typename IdAt>
  std::optional<size_t> find(const Oid& id, const IdAt& id_at) const {
    for (size_t at = first_slot(id); slots_[at].position != 0; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag_of(id) && id_at(slots_[at].position - 1) == id)
        return slots_[at].position - 1;
    }
    return std::nullopt;
  }

  // False when the id is there already. Requires: at most count_max ids are inserted.
  template <typename IdAt>
  bool insert(const Oid& id, size_t position, const IdAt& id_at) {
    size_t at = first_slot(id);
    for (; slots_[at].position != 0; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag_of(id) && id_at(slots_[at].position - 1) == id) return false;
    }
    slots_[at] = {tag_of(id), static_cast<uint32_t>(position + 1)};
    return true;
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t position = 0;  // + 1; zero: empty.
  };

  // Ids are hashes, so their bytes serve as they are.
  size_t first_slot(const Oid& id) const { return OidHash()(id) & mask_; }
  static uint32_t tag_of(const Oid& id) {
    uint32_t tag;
    std::memcpy(&tag, id.bytes.data() + 8, sizeof tag);
    return tag;
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace rowan::store
