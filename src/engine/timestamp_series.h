// generate_series of timestamps, by a step that is an interval.
#pragma once

#include <memory>
#include <vector>

#include "plan/plan.h"

namespace rowan::engine {

// nullptr when the arguments are not from, to and step of such a series. A literal without a type
// arrives as text and is read as what its place asks for.
std::shared_ptr<const plan::VirtualTable> timestamp_series(const std::vector<type::Type>& arguments);

}  // namespace rowan::engine
