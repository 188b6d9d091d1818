// SQL's forms of arrays, which the parser hands on as calls under names that no function has.
#pragma once

#include <string_view>

namespace rowan::expr {

inline constexpr std::string_view kArrayName = "array[]";      // ARRAY[a, b]
inline constexpr std::string_view kSubscriptName = "[]";       // a[i]
inline constexpr std::string_view kAnyEnding = " any";         // "= any": x = ANY (array)
inline constexpr std::string_view kAllEnding = " all";

}  // namespace rowan::expr
