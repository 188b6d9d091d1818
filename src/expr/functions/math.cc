// Mathematical functions: in double precision, and exact ones of numeric.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

#include "expr/function_table.h"
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

void add_row(FunctionTable& table, std::string_view name, std::vector<TypeId> arguments,
             TypeId result, Kernel kernel) {
  table.push_back(
      {.name = name, .arguments = std::move(arguments), .result = result, .kernel = kernel});
}

void add_double(FunctionTable& table, std::string_view name, Kernel kernel) {
  add_row(table, name, {TypeId::kFloat8}, TypeId::kFloat8, kernel);
}

}  // namespace

void add_math(FunctionTable& table) {
  using enum TypeId;
  for (const std::string_view name : {"ceil", "ceiling"}) {
    add_double(table, name, double_function<std::ceil>);
    add_row(table, name, {kNumeric}, kNumeric, numeric_function<type::numeric_ceil>);
  }
  add_double(table, "floor", double_function<std::floor>);
  add_row(table, "floor", {kNumeric}, kNumeric, numeric_function<type::numeric_floor>);
  add_double(table, "round", double_function<half_even>);
  add_row(table, "round", {kNumeric}, kNumeric, numeric_to_scale<type::numeric_round>);
  add_row(table, "round", {kNumeric, kInt4}, kNumeric, numeric_to_scale<type::numeric_round>);
  add_double(table, "trunc", double_function<std::trunc>);
  add_row(table, "trunc", {kNumeric}, kNumeric, numeric_to_scale<type::numeric_truncate>);
  add_row(table, "trunc", {kNumeric, kInt4}, kNumeric, numeric_to_scale<type::numeric_truncate>);
  add_double(table, "sign", double_function<sign_of>);
  add_row(table, "sign", {kNumeric}, kNumeric, numeric_function<numeric_sign_text>);
  for (const std::string_view name : {"sqrt", "|/"}) add_double(table, name, square_root);
  for (const std::string_view name : {"cbrt", "||/"})
    add_double(table, name, double_function<std::cbrt>);
  add_double(table, "exp", exponential);
  add_double(table, "ln", logarithm<std::log>);
  for (const std::string_view name : {"log", "log10"}) {
    add_double(table, name, logarithm<std::log10>);
    add_row(table, name, {kNumeric}, kNumeric, exact_function<logarithm_of_ten>);
  }
  add_row(table, "log", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_log>);
  for (const std::string_view name : {"power", "pow", "^"}) {
    add_row(table, name, {kFloat8, kFloat8}, kFloat8, power);
    add_row(table, name, {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_power>);
  }
  add_row(table, "sqrt", {kNumeric}, kNumeric, exact_function<type::numeric_sqrt>);
  add_row(table, "exp", {kNumeric}, kNumeric, exact_function<type::numeric_exp>);
  add_row(table, "ln", {kNumeric}, kNumeric, exact_function<type::numeric_ln>);
  add_double(table, "degrees", double_function<to_degrees>);
  add_double(table, "radians", double_function<to_radians>);
  add_double(table, "sin", domain_function<std::sin>);
  add_double(table, "cos", domain_function<std::cos>);
  add_double(table, "tan", domain_function<std::tan>);
  add_double(table, "cot", cotangent);
  add_double(table, "asin", domain_function<std::asin>);
  add_double(table, "acos", domain_function<std::acos>);
  add_double(table, "atan", double_function<std::atan>);
  add_double(table, "sinh", unbounded_function<std::sinh>);
  add_double(table, "cosh", unbounded_function<std::cosh>);
  add_double(table, "tanh", double_function<std::tanh>);
  add_row(table, "atan2", {kFloat8, kFloat8}, kFloat8, arc_tangent_2);
  add_row(table, "pi", {}, kFloat8, pi);
  table.push_back({.name = "random",
                   .arguments = {},
                   .result = kFloat8,
                   .kernel = random_number,
                   .is_volatile = true});
  add_row(table, "gcd", {kInt4, kInt4}, kInt4, greatest_divisor<kInt4>);
  add_row(table, "gcd", {kInt8, kInt8}, kInt8, greatest_divisor<kInt8>);
  add_row(table, "gcd", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_gcd>);
  add_row(table, "lcm", {kNumeric, kNumeric}, kNumeric, exact_function_2<type::numeric_lcm>);
  add_row(table, "lcm", {kInt4, kInt4}, kInt4, least_multiple<kInt4>);
  add_row(table, "lcm", {kInt8, kInt8}, kInt8, least_multiple<kInt8>);
}

}  // namespace rowan::expr
