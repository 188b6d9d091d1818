// Whether a sequence stands where its options let it.
#pragma once

#include "catalog/objects.h"

namespace rowan::catalog {

// Whether neither its last value nor the next one is within its bounds. RESTART leaves a sequence one
// step before its next value, which may be a step before its bounds.
bool is_out_of_bounds(const SequenceDef& sequence);

// What may have been given out is rounded up to a block, which ends at the bounds: a sequence that is
// out of them is at their end.
void keep_in_bounds(SequenceDef& sequence);

}  // namespace rowan::catalog
