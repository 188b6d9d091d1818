// Roots, powers, logarithms and divisors of numerics, with PostgreSQL 15's rules for the scale of
// the result: at least 16 significant digits, never fewer places than the operands have, at most
// 1000. Within its scale a result is rounded correctly.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::type {

Result<std::string> numeric_sqrt(std::string_view a);  // 2201F for a negative number.
Result<std::string> numeric_exp(std::string_view a);
Result<std::string> numeric_ln(std::string_view a);  // 2201E for zero and below.
Result<std::string> numeric_log(std::string_view base, std::string_view a);
Result<std::string> numeric_power(std::string_view base, std::string_view exponent);
Result<std::string> numeric_gcd(std::string_view a, std::string_view b);
Result<std::string> numeric_lcm(std::string_view a, std::string_view b);

}  // namespace rowan::type
