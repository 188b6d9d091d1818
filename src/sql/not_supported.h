// What PostgreSQL has and Rowan has not: told by name instead of as a syntax error.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "sql/arena.h"

namespace rowan::sql {

// The error; of a syntax error at something that is only not there yet, one that names it
// (kFeatureNotSupported). `position_base`: characters of the user's text before `source`.
Error explain_syntax_error(Error error, std::string_view source, uint32_t position_base,
                           Arena& arena);

}  // namespace rowan::sql
