#include "exec/keys.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "expr/constant_set.h"
#include "type/type_info.h"

namespace rowan::exec {

namespace {

void append_u64(uint64_t value, std::string& key) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

bool plain_strings(type::TypeId id) {
  return type::physical(id) == type::Physical::kString &&
         (type::type_info(id).order == type::Order::kBytes ||
          type::type_info(id).order == type::Order::kNone);
}

void append_cell_key(const type::Column& column, size_t row, std::string& key) {
  if (column.is_null(row)) {
    key += '\0';
    return;
  }
  key += '\1';
  const size_t at = column.index(row);
  switch (type::physical(column.type.id)) {
    case type::Physical::kInt64:
      append_u64(static_cast<uint64_t>(column.ints()[at]), key);
      return;
    case type::Physical::kDouble: {
      double value = column.doubles()[at];
      if (value == 0) value = 0;  // −0 = 0
      if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
      uint64_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      append_u64(bits, key);
      return;
    }
    case type::Physical::kString: {
      std::string scratch;
      const std::string_view text =
          expr::normalised_string(column.type.id, column.strings()[at], scratch);
      append_u64(text.size(), key);
      key += text;
      return;
    }
    case type::Physical::kInterval: {
      const expr::IntervalKey length = expr::interval_key(column.intervals()[at]);
      key.append(length.data(), length.size());
      return;
    }
  }
}

IntTable::IntTable(size_t reserve) : direct_slots_(kDirectSize, kNone) { keys_.reserve(reserve); }

void IntTable::leave_direct() {
  direct_ = false;
  direct_slots_ = {};
  slots_.assign(std::max<size_t>(256, std::bit_ceil(keys_.size() * 2 + 2)), kNone);
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    size_t at = mix(static_cast<uint64_t>(keys_[i])) & (slots_.size() - 1);
    while (slots_[at] != kNone) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = i;
  }
}

void IntTable::grow() { leave_direct(); }

uint32_t IntTable::probe(int64_t key) {
  if (slots_.size() < keys_.size() * 2 + 2) grow();
  size_t at = mix(static_cast<uint64_t>(key)) & (slots_.size() - 1);
  for (; slots_[at] != kNone; at = (at + 1) & (slots_.size() - 1)) {
    if (keys_[slots_[at]] == key) return slots_[at];
  }
  slots_[at] = add(key);
  return slots_[at];
}

uint32_t IntTable::find(int64_t key) const {
  if (direct_) {
    const uint64_t at = static_cast<uint64_t>(key) - static_cast<uint64_t>(direct_first_);
    return at < kDirectSize ? direct_slots_[at] : kNone;
  }
  for (size_t at = mix(static_cast<uint64_t>(key)) & (slots_.size() - 1); slots_[at] != kNone;
       at = (at + 1) & (slots_.size() - 1)) {
    if (keys_[slots_[at]] == key) return slots_[at];
  }
  return kNone;
}

StringTable::StringTable(size_t reserve) : slots_(std::bit_ceil(reserve * 2 + 2)) {}

std::string_view StringTable::copy(std::string_view key) {
  constexpr size_t kBlockBytes = 64u << 10;
  if (key.size() > left_) {
    const size_t bytes = std::max(kBlockBytes, key.size());
    arena_.push_back(std::make_unique<char[]>(bytes));
    arena_bytes_ += bytes;
    next_ = arena_.back().get();
    left_ = bytes;
  }
  if (!key.empty()) std::memcpy(next_, key.data(), key.size());
  const std::string_view kept(next_, key.size());
  next_ += key.size();
  left_ -= key.size();
  return kept;
}

void StringTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.index == kNone) continue;
    size_t at = hash_bytes(keys_[slot.index]) & (slots_.size() - 1);
    while (slots_[at].index != kNone) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

uint32_t StringTable::find_or_add(std::string_view key) {
  if (slots_.size() < keys_.size() * 2 + 2) grow();
  const uint64_t h = hash_bytes(key);
  const auto tag = static_cast<uint32_t>(h >> 32);
  size_t at = h & (slots_.size() - 1);
  for (; slots_[at].index != kNone; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag == tag && keys_[slots_[at].index] == key) return slots_[at].index;
  }
  keys_.push_back(copy(key));
  slots_[at] = {tag, static_cast<uint32_t>(keys_.size() - 1)};
  return slots_[at].index;
}

uint32_t StringTable::find(std::string_view key) const {
  const uint64_t h = hash_bytes(key);
  const auto tag = static_cast<uint32_t>(h >> 32);
  for (size_t at = h & (slots_.size() - 1); slots_[at].index != kNone;
       at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag == tag && keys_[slots_[at].index] == key) return slots_[at].index;
  }
  return kNone;
}

}  // namespace rowan::exec
