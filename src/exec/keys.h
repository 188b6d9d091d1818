// Keys of hash tables: equal SQL values have equal bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "type/column.h"

namespace rowan::exec {

inline uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0x9e37'79b9'7f4a'7c15;
  return h ^ (h >> 29);
}

// For hash tables only: may change freely.
inline uint64_t hash_bytes(std::string_view bytes) {
  uint64_t h = bytes.size() * 0xa076'1d64'78bd'642f;
  const char* at = bytes.data();
  size_t left = bytes.size();
  while (left >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    h = mix(h ^ word);
    at += 8;
    left -= 8;
  }
  uint64_t tail = 0;
  for (size_t i = 0; i < left; ++i)
    tail |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
  return mix(h ^ tail);
}

// Text whose equality is that of its bytes (numeric, char(n) and jsonb have several spellings of one
// value).
bool plain_strings(type::TypeId id);
// Appends one cell so that two cells have equal bytes exactly when they are not distinct (NULLs
// alike).
void append_cell_key(const type::Column& column, size_t row, std::string& key);

// Open addressing from keys to 0, 1, 2, … in order of appearance.
class IntTable {
 public:
  explicit IntTable(size_t reserve = 64);
  uint32_t find_or_add(int64_t key) {
    if (direct_) {
      const uint64_t at = static_cast<uint64_t>(key) - static_cast<uint64_t>(direct_first_);
      if (at < kDirectSize) [[likely]] {
        uint32_t& slot = direct_slots_[at];
        if (slot == kNone) slot = add(key);
        return slot;
      }
      leave_direct();
    }
    return probe(key);
  }
  uint32_t find(int64_t key) const;  // kNone when absent.
  const std::vector<int64_t>& keys() const { return keys_; }
  // What grows with the keys: not the slots for a small range, which every table has.
  size_t memory_bytes() const { return slots_.size() * 4 + keys_.size() * 8; }
  static constexpr uint32_t kNone = UINT32_MAX;

 private:
  static constexpr uint64_t kDirectSize = 1u << 16;  // Small ranges need no hashing at all.
  uint32_t add(int64_t key) {
    keys_.push_back(key);
    return static_cast<uint32_t>(keys_.size() - 1);
  }
  uint32_t probe(int64_t key);
  void leave_direct();
  void grow();

  bool direct_ = true;
  int64_t direct_first_ = -static_cast<int64_t>(kDirectSize / 4);
  std::vector<uint32_t> direct_slots_;
  std::vector<uint32_t> slots_;
  std::vector<int64_t> keys_;
};

class StringTable {
 public:
  explicit StringTable(size_t reserve = 64);
  uint32_t find_or_add(std::string_view key);  // Copies a new key.
  uint32_t find(std::string_view key) const;
  size_t size() const { return keys_.size(); }
  std::string_view key(uint32_t index) const { return keys_[index]; }
  size_t memory_bytes() const {
    return slots_.size() * 8 + keys_.size() * sizeof(std::string_view) + arena_bytes_;
  }
  static constexpr uint32_t kNone = UINT32_MAX;

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t index = kNone;
  };
  std::string_view copy(std::string_view key);
  void grow();

  std::vector<Slot> slots_;
  std::vector<std::string_view> keys_;
  std::vector<std::unique_ptr<char[]>> arena_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t arena_bytes_ = 0;
};

}  // namespace rowan::exec
