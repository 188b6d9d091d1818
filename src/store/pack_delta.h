// Git's delta form: how to make one object from another by copies and insertions.
//
//   varint(size of base) varint(size of result) op*
//   op: 1xxxxxxx  copy: bits 0-3 tell which bytes of a 32-bit offset follow, bits 4-6 which of a
//   24-bit size (0: 65536)
//       0nnnnnnn  insert the next n bytes (n from 1 to 127)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::store {

// A smaller object gains nothing from a delta.
inline constexpr size_t kDeltaObjectBytesMin = 64;

// Makes deltas; keeps its tables between calls. One thread at a time.
class DeltaMaker {
 public:
  // The delta that turns `base` into `target`. Empty when it would be longer than `bytes_max`.
  // Valid until the next call.
  const std::string& make(Bytes base, Bytes target, size_t bytes_max);

 private:
  void match_middle(Bytes base, Bytes target, size_t from, size_t base_end, size_t target_end,
                    size_t bytes_max);
  void copy(size_t offset, size_t size);
  void insert(Bytes bytes);

  std::string out_;
  std::vector<uint32_t> table_;  // Hash of an aligned block of the base -> its number + 1.
};

struct DeltaSizes {
  uint64_t base = 0;
  uint64_t result = 0;
};

// The two sizes a delta begins with; kCorruption when they are cut short.
Result<DeltaSizes> read_delta_sizes(Bytes delta);

// Writes the result into `out`, whose size must be the delta's result size. False when the delta is
// malformed or does not fit `base`; `out` is then unspecified. Never reads or writes out of bounds.
bool apply_delta(Bytes base, Bytes delta, char* out, size_t out_bytes);

}  // namespace rowan::store
