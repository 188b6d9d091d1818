#include "catalog/sequence_bounds.h"

#include <algorithm>

namespace rowan::catalog {

bool is_out_of_bounds(const SequenceDef& sequence) {
  const auto is_within = [&](int64_t value) {
    return value >= sequence.min && value <= sequence.max;
  };
  if (!sequence.called || is_within(sequence.last)) return false;
  int64_t next = 0;
  const bool over = __builtin_add_overflow(sequence.last, sequence.increment, &next);
  return over || !is_within(next);
}

void keep_in_bounds(SequenceDef& sequence) {
  if (is_out_of_bounds(sequence))
    sequence.last = std::clamp(sequence.last, sequence.min, sequence.max);
}

}  // namespace rowan::catalog
