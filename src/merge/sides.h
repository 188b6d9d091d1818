// The three sides of a merge, one after the other.
#pragma once

#include <cstddef>

#include "merge/merge.h"

namespace rowan::merge {

inline constexpr Side kSides[] = {Side::kBase, Side::kOurs, Side::kTheirs};

inline size_t at(Side side) { return static_cast<size_t>(side); }
inline Side other_side(Side side) { return side == Side::kOurs ? Side::kTheirs : Side::kOurs; }

}  // namespace rowan::merge
