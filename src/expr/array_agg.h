// array_agg().
#pragma once

#include <memory>

#include "expr/functions.h"

namespace rowan::expr {

std::unique_ptr<AggregateState> make_array_agg(const AggregateSpec& spec);

}  // namespace rowan::expr
