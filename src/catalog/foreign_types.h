// Which columns a foreign key may join.
//
// Threads: any.
#pragma once

#include "type/type.h"

namespace rowan::catalog {

// Whether a foreign key may join columns of these types: child's, parent's.
bool foreign_key_types_match(type::Type child, type::Type parent);

}  // namespace rowan::catalog
