// sum() and avg() of intervals.
#pragma once

#include <memory>

#include "expr/functions.h"

namespace rowan::expr {

std::unique_ptr<AggregateState> make_interval_sum(const AggregateSpec& spec);

}  // namespace rowan::expr
