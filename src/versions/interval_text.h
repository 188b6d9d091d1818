// The intervals of settings that are about time.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace rowan::versions {

// '1 hour', '90 minutes', '1 day 12:00', '0.5 seconds' as microseconds, with a month as 30 days and
// a year as 365.25, as PostgreSQL counts them where it must. kInvalidDatetimeFormat;
// kInvalidParameterValue when it is not above zero.
Result<int64_t> parse_interval(std::string_view text);

}  // namespace rowan::versions
