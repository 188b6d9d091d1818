// unnest(array) in FROM: a row for each element.
#pragma once

#include "system/registry.h"

namespace rowan::system {

Result<TablePtr> make_unnest(Context& context, const Call& call);

}  // namespace rowan::system
