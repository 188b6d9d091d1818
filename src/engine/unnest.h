// unnest(array) in FROM: a row for each element.
#pragma once

#include <memory>

#include "plan/plan.h"

namespace rowan::engine {

std::shared_ptr<const plan::VirtualTable> unnest_table(type::Type array);  // Requires: an array.

}  // namespace rowan::engine
