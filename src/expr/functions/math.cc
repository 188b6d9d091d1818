// Mathematical functions: in double precision, and exact ones of numeric.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

#include "expr/families.h"
#include "expr/kernels.h"
#include "type/numeric.h"
#include "type/numeric_math.h"

namespace rowan::expr {
namespace {

Error overflow() { return Error(ErrorCode::kNumericOutOfRange, "value out of range: overflow"); }
Error out_of_domain() { return Error(ErrorCode::kNumericOutOfRange, "input is out of range"); }

// ---- double precision ----

template <double (*f)(double)>
Result<Column> double_function(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    r = f(a);
    if (std::isinf(r) && !std::isinf(a)) return overflow();
    return {};
  });
}

// Infinite where the result is too large.
template <double (*f)(double)>
Result<Column> unbounded_function(const KernelInput& input) {
  return map1<double, double>(input, f);
}

// As double_function, but what is no number's result lies outside the function's domain.
template <double (*f)(double)>
Result<Column> domain_function(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    r = f(a);
    if ((std::isnan(r) && !std::isnan(a)) || (std::isinf(r) && !std::isinf(a)))
      return out_of_domain();
    return {};
  });
}

double half_even(double a) { return std::nearbyint(a); }
double sign_of(double a) { return a > 0 ? 1 : a < 0 ? -1 : 0; }  // Of NaN: 0.
double to_degrees(double a) { return a / (std::numbers::pi / 180.0); }
double to_radians(double a) { return a * (std::numbers::pi / 180.0); }

// Of 0 it is infinite.
Result<Column> cotangent(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    if (std::isinf(a)) return out_of_domain();
    r = 1.0 / std::tan(a);
    return {};
  });
}

Result<Column> square_root(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    if (a < 0)
      return Error(ErrorCode::kInvalidPowerArgument,
                   "cannot take square root of a negative number");
    r = std::sqrt(a);
    return {};
  });
}

Result<Column> exponential(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    r = std::exp(a);
    if (std::isinf(r) && !std::isinf(a)) return overflow();
    if (r == 0 && !std::isinf(a))
      return Error(ErrorCode::kNumericOutOfRange, "value out of range: underflow");
    return {};
  });
}

template <double (*f)(double)>
Result<Column> logarithm(const KernelInput& input) {
  return try_map1<double, double>(input, [](double a, double& r) -> Result<void> {
    if (a == 0) return Error(ErrorCode::kInvalidLogArgument, "cannot take logarithm of zero");
    if (a < 0)
      return Error(ErrorCode::kInvalidLogArgument, "cannot take logarithm of a negative number");
    r = f(a);
    return {};
  });
}

Result<Column> power(const KernelInput& input) {
  return try_map2<double, double, double>(input, [](double a, double b, double& r) -> Result<void> {
    if (a == 0 && b < 0)
      return Error(ErrorCode::kInvalidPowerArgument,
                   "zero raised to a negative power is undefined");
    if (a < 0 && std::floor(b) != b && !std::isnan(b)) {
      return Error(ErrorCode::kInvalidPowerArgument,
                   "a negative number raised to a non-integer power yields a complex result");
    }
    r = std::pow(a, b);
    if (std::isinf(r) && !std::isinf(a) && !std::isinf(b)) return overflow();
    if (r == 0 && a != 0 && !std::isinf(a) && !std::isinf(b))
      return Error(ErrorCode::kNumericOutOfRange, "value out of range: underflow");
    return {};
  });
}

Result<Column> arc_tangent_2(const KernelInput& input) {
  return map2<double, double, double>(input, [](double a, double b) { return std::atan2(a, b); });
}

Result<Column> pi(const KernelInput& input) {
  auto out = make_fixed<double>(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = std::numbers::pi;
  return std::move(out.column);
}

Result<Column> random_number(const KernelInput& input) {
  // A generator a thread, seeded by the system: random() promises no order and no secrecy.
  thread_local std::mt19937_64 generator{std::random_device{}()};
  std::uniform_real_distribution<double> distribution(0, 1);
  auto out = make_fixed<double>(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) out.data[i] = distribution(generator);
  return std::move(out.column);
}

// ---- numeric ----

template <Result<std::string> (*f)(std::string_view)>
Result<Column> exact_function(const KernelInput& input) {
  const Strings a(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const std::string result, f(a[row]));
    out.set(row, result);
    return {};
  });
}

template <Result<std::string> (*f)(std::string_view, std::string_view)>
Result<Column> exact_function_2(const KernelInput& input) {
  const Strings a(input.arguments[0]), b(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const std::string result, f(a[row], b[row]));
    out.set(row, result);
    return {};
  });
}

Result<std::string> logarithm_of_ten(std::string_view a) { return type::numeric_log("10", a); }

template <std::string (*f)(std::string_view)>
Result<Column> numeric_function(const KernelInput& input) {
  const Strings a(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, f(a[row]));
    return {};
  });
}

std::string numeric_sign_text(std::string_view a) {
  return a == "NaN" ? "NaN" : std::to_string(type::numeric_sign(a));
}

// round(x [, digits]) and trunc(x [, digits]).
template <Result<std::string> (*f)(std::string_view, int32_t)>
Result<Column> numeric_to_scale(const KernelInput& input) {
  constexpr int64_t kScaleMin = -131'072;  // No numeric has more digits on that side.
  constexpr int64_t kScaleMax = 16'383;
  const Strings a(input.arguments[0]);
  const Column* digits = input.arguments.size() > 1 ? &input.arguments[1] : nullptr;
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    const int64_t scale =
        digits == nullptr ? 0
                          : std::clamp(digits->ints()[digits->index(row)], kScaleMin, kScaleMax);
    TRY_ASSIGN(const std::string result, f(a[row], static_cast<int32_t>(scale)));
    out.set(row, result);
    return {};
  });
}

// ---- integers ----

uint64_t magnitude(int64_t a) {
  return a < 0 ? 0 - static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
}

template <TypeId id>
Result<void> fit(uint64_t value, int64_t& r) {
  constexpr uint64_t kMax = id == TypeId::kInt4 ? INT32_MAX : INT64_MAX;
  if (value > kMax) {
    return Error(ErrorCode::kNumericOutOfRange,
                 id == TypeId::kInt4 ? "integer out of range" : "bigint out of range");
  }
  r = static_cast<int64_t>(value);
  return {};
}

template <TypeId id>
Result<Column> greatest_divisor(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t a, int64_t b, int64_t& r) -> Result<void> {
        return fit<id>(std::gcd(magnitude(a), magnitude(b)), r);
      });
}

template <TypeId id>
Result<Column> least_multiple(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t a, int64_t b, int64_t& r) -> Result<void> {
        if (a == 0 || b == 0) return {};
        uint64_t product = 0;
        if (__builtin_mul_overflow(magnitude(a) / std::gcd(magnitude(a), magnitude(b)),
                                   magnitude(b), &product))
          product = UINT64_MAX;
        return fit<id>(product, r);
      });
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {2308, "ceil", {kFloat8}, kFloat8, double_function<std::ceil>},
    {1711, "ceil", {kNumeric}, kNumeric, numeric_function<type::numeric_ceil>},
    {2320, "ceiling", {kFloat8}, kFloat8, double_function<std::ceil>},
    {2167, "ceiling", {kNumeric}, kNumeric, numeric_function<type::numeric_ceil>},
    {2309, "floor", {kFloat8}, kFloat8, double_function<std::floor>},
    {1712, "floor", {kNumeric}, kNumeric, numeric_function<type::numeric_floor>},
    {1342, "round", {kFloat8}, kFloat8, double_function<half_even>},
    {1708, "round", {kNumeric}, kNumeric, numeric_to_scale<type::numeric_round>},
    {1707, "round", {kNumeric, kInt4}, kNumeric, numeric_to_scale<type::numeric_round>},
    {1343, "trunc", {kFloat8}, kFloat8, double_function<std::trunc>},
    {1710, "trunc", {kNumeric}, kNumeric, numeric_to_scale<type::numeric_truncate>},
    {1709, "trunc", {kNumeric, kInt4}, kNumeric, numeric_to_scale<type::numeric_truncate>},
    {2310, "sign", {kFloat8}, kFloat8, double_function<sign_of>},
    {1706, "sign", {kNumeric}, kNumeric, numeric_function<numeric_sign_text>},
    {1344, "sqrt", {kFloat8}, kFloat8, square_root},
    {596, "|/", {kFloat8}, kFloat8, square_root},
    {1345, "cbrt", {kFloat8}, kFloat8, double_function<std::cbrt>},
    {597, "||/", {kFloat8}, kFloat8, double_function<std::cbrt>},
    {1347, "exp", {kFloat8}, kFloat8, exponential},
    {1341, "ln", {kFloat8}, kFloat8, logarithm<std::log>},
    {1340, "log", {kFloat8}, kFloat8, logarithm<std::log10>},
    {1741, "log", {kNumeric}, kNumeric, exact_function<logarithm_of_ten>},
    {1194, "log10", {kFloat8}, kFloat8, logarithm<std::log10>},
    {1481, "log10", {kNumeric}, kNumeric, exact_function<logarithm_of_ten>},
    {1736, "log", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_log>},
    {1368, "power", {kFloat8, kFloat8}, kFloat8, power},
    {2169, "power", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_power>},
    {1346, "pow", {kFloat8, kFloat8}, kFloat8, power},
    {1738, "pow", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_power>},
    {965, "^", {kFloat8, kFloat8}, kFloat8, power},
    {1038, "^", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_power>},
    {1730, "sqrt", {kNumeric}, kNumeric, exact_function<type::numeric_sqrt>},
    {1732, "exp", {kNumeric}, kNumeric, exact_function<type::numeric_exp>},
    {1734, "ln", {kNumeric}, kNumeric, exact_function<type::numeric_ln>},
    {1608, "degrees", {kFloat8}, kFloat8, double_function<to_degrees>},
    {1609, "radians", {kFloat8}, kFloat8, double_function<to_radians>},
    {1604, "sin", {kFloat8}, kFloat8, domain_function<std::sin>},
    {1605, "cos", {kFloat8}, kFloat8, domain_function<std::cos>},
    {1606, "tan", {kFloat8}, kFloat8, domain_function<std::tan>},
    {1607, "cot", {kFloat8}, kFloat8, cotangent},
    {1600, "asin", {kFloat8}, kFloat8, domain_function<std::asin>},
    {1601, "acos", {kFloat8}, kFloat8, domain_function<std::acos>},
    {1602, "atan", {kFloat8}, kFloat8, double_function<std::atan>},
    {2462, "sinh", {kFloat8}, kFloat8, unbounded_function<std::sinh>},
    {2463, "cosh", {kFloat8}, kFloat8, unbounded_function<std::cosh>},
    {2464, "tanh", {kFloat8}, kFloat8, double_function<std::tanh>},
    {1603, "atan2", {kFloat8, kFloat8}, kFloat8, arc_tangent_2},
    {1610, "pi", {}, kFloat8, pi},
    {1598, "random", {}, kFloat8, random_number, {.volatility = Volatility::kVolatile}},
    {5044, "gcd", {kInt4, kInt4}, kInt4, greatest_divisor<kInt4>},
    {5045, "gcd", {kInt8, kInt8}, kInt8, greatest_divisor<kInt8>},
    {5048, "gcd", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_gcd>},
    {5046, "lcm", {kInt4, kInt4}, kInt4, least_multiple<kInt4>},
    {5047, "lcm", {kInt8, kInt8}, kInt8, least_multiple<kInt8>},
    {5049, "lcm", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_lcm>},
};

}  // namespace

constinit const std::span<const Function> kMathFunctions = kRows;

}  // namespace rowan::expr
