// The hint of a syntax error at a revision that is written without quotes.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "sql/arena.h"

namespace rowan::sql {

// The error, with a hint how the revision is written where it stands at one: behind AS OF and `@`, and
// in statements of version control where it is more than a word. `position_base`: characters of the
// user's text before `source`.
Error with_revision_hint(Error error, std::string_view source, uint32_t position_base, Arena& arena);

}  // namespace rowan::sql
