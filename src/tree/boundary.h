// The boundary rule of format 1: where a node of a row tree ends (docs/format.md, "Boundaries").
//
// A node is cut *before* an item when a hash of the item's key falls below a threshold that grows
// with the bytes the node already holds. Only integers take part, so that every machine cuts alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/limits.h"

namespace rowan::tree {

// Sixteen steps of an eighth of the target each: round(2^32 * (((s+1)/8)^4 - (s/8)^4) / 1.1033^4 /
// (target/8)), a Weibull hazard of shape 4 whose mean is the target; the last step always cuts.
// Stored format: never change.
using StepTable = std::array<uint64_t, 16>;
inline constexpr StepTable kLeafSteps = {1382,     20732,    89840,    241876,    510014,  927423,
                                         1527277,  2342746,  3407002,  4753217,   6414563, 8424210,
                                         10815331, 13621098, 16874681, 4294967296};
inline constexpr StepTable kInteriorSteps = {
    2527,    37910,   164279,   442288,   932596,   1695860,  2792735,  4283878,
    6229947, 8691597, 11729486, 15404270, 19776606, 24907150, 30856560, 4294967296};

inline constexpr size_t kLeafStepBytes = kLeafTargetBytes / 8;
inline constexpr size_t kInteriorStepBytes = kInteriorTargetBytes / 8;
inline constexpr uint64_t kLargeSalt = 64;  // Large trees salt with 64 + level. Stored format.
inline constexpr int kTreeLevelsMax = 24;   // Deeper trees are refused; a billion rows need 6.

inline constexpr std::string_view kLeafSuffix = ".jsonl";
inline constexpr std::string_view kLeftmostName = "0";

// The rule of one level. Level 0 are the rows; level n >= 1 the entries of the trees n steps above
// the rows.
struct Boundary {
  bool rows = true;
  uint64_t salt = 0;

  size_t step(size_t bytes_before) const {
    const size_t step = rows ? bytes_before / kLeafStepBytes : bytes_before / kInteriorStepBytes;
    return step < 15 ? step : 15;
  }

  bool cuts_before(Bytes key, size_t bytes_before, size_t item_bytes) const {
    if (bytes_before == 0) return false;
    const uint64_t threshold =
        (rows ? kLeafSteps : kInteriorSteps)[step(bytes_before)] * item_bytes;
    if (threshold >= (uint64_t{1} << 32)) return true;
    return (hash64(key, salt) >> 32) < threshold;
  }
};

// A row may start a leaf only if its name differs from the name the row before it would give.
inline bool may_start_leaf(Bytes previous_key, Bytes key) {
  if (key.size() < kNodeNameBytesMax || previous_key.size() < kNodeNameBytesMax) return true;
  return key.substr(0, kNodeNameBytesMax) != previous_key.substr(0, kNodeNameBytesMax);
}

// What distinguishes row trees from trees of large values.
struct TreeShape {
  bool large = false;

  Boundary boundary(int level) const {
    return {.rows = level == 0, .salt = (large ? kLargeSalt : 0) + static_cast<uint64_t>(level)};
  }
  // What follows the key in the name of an entry of a level-`level` node.
  std::string_view suffix(int level) const {
    return level == 1 && !large ? kLeafSuffix : std::string_view();
  }
  // Bytes of such an entry in Git's form: mode, space, name, NUL, id.
  size_t entry_bytes(int level, Bytes key) const {
    return (level == 1 ? 7 : 6) + key.size() + suffix(level).size() + 21;
  }
};

}  // namespace rowan::tree
