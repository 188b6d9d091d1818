// generate_series of integers, and of timestamps by a step that is an interval.
#pragma once

#include "system/registry.h"

namespace rowan::system {

// A literal without a type arrives as text and is read as what its place asks for.
Result<TablePtr> make_series(Context& context, const Call& call);

}  // namespace rowan::system
