// KeyHeads: binary search over the ascending keys of one node, mostly without touching the keys.
//
// It keeps, for every key, the eight bytes after the part that all keys of the node share, as an
// integer that compares as the bytes do. The keys themselves are asked for only where these are
// equal.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/bytes.h"

namespace rowan::tree {

class KeyHeads {
 public:
  // `key_at(i)` gives the i-th of `count` ascending keys.
  template <typename KeyAt>
  void build(size_t count, const KeyAt& key_at) {
    heads_.clear();
    shared_ = 0;
    if (count == 0) return;
    const Bytes first = key_at(0);
    const Bytes last = key_at(count - 1);
    const size_t common_max = first.size() < last.size() ? first.size() : last.size();
    while (count > 1 && shared_ < common_max && first[shared_] == last[shared_]) ++shared_;
    heads_.resize(count);
    for (size_t i = 0; i < count; ++i) heads_[i] = head(key_at(i));
  }

  // The first index whose key is not below `key`; the count when all are.
  template <typename KeyAt>
  size_t lower_bound(Bytes key, const KeyAt& key_at) const {
    const size_t count = heads_.size();
    if (count == 0) return 0;
    if (shared_ > 0) {
      const int order = key.substr(0, shared_).compare(key_at(0).substr(0, shared_));
      if (order != 0) return order < 0 ? 0 : count;
    }
    const uint64_t wanted = head(key);
    size_t low = first_not_below(wanted);
    if (low == count || heads_[low] != wanted) return low;
    size_t high = wanted == UINT64_MAX ? count : first_not_below(wanted + 1);
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (key_at(middle) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  size_t memory_bytes() const { return heads_.capacity() * sizeof(uint64_t); }

 private:
  uint64_t head(Bytes key) const {
    if (key.size() <= shared_) return 0;
    const size_t left = key.size() - shared_;
    uint64_t raw = 0;
    std::memcpy(&raw, key.data() + shared_, left < sizeof raw ? left : sizeof raw);
    if constexpr (std::endian::native == std::endian::little) raw = __builtin_bswap64(raw);
    return raw;
  }

  size_t first_not_below(uint64_t wanted) const {
    const uint64_t* base = heads_.data();
    size_t left = heads_.size();
    while (left > 1) {
      const size_t half = left / 2;
      base += base[half - 1] < wanted ? half : 0;
      left -= half;
    }
    return static_cast<size_t>(base - heads_.data()) + (*base < wanted ? 1 : 0);
  }

  size_t shared_ = 0;  // Bytes that all keys begin with.
  std::vector<uint64_t> heads_;
};

}  // namespace rowan::tree
