// Operators on numbers, and dates with days. Overflow is found by a flag over the whole batch; only
// when it is up are the rows looked at one by one, since a row that is NULL must not raise it.
#include <cmath>
#include <limits>

#include "expr/function_table.h"
#include "expr/kernels.h"
#include "type/numeric.h"

namespace rowan::expr {
namespace {

Error out_of_range(TypeId id) {
  const std::string_view name = id == TypeId::kInt2   ? "smallint"
                                : id == TypeId::kInt4 ? "integer"
                                                      : "bigint";
  return Error(ErrorCode::kNumericOutOfRange, std::string(name) + " out of range");
}
Error division_by_zero() { return Error(ErrorCode::kDivisionByZero, "division by zero"); }

// ---- Integers ----

template <TypeId id>
constexpr int64_t kLow = id == TypeId::kInt2   ? INT16_MIN
                         : id == TypeId::kInt4 ? INT32_MIN
                                               : INT64_MIN;
template <TypeId id>
constexpr int64_t kHigh = id == TypeId::kInt2   ? INT16_MAX
                          : id == TypeId::kInt4 ? INT32_MAX
                                                : INT64_MAX;

// Each gives the result and ors 1 into `bad` when it does not fit 64 bits.
struct Add {
  static int64_t apply(int64_t a, int64_t b, uint64_t& bad) {
    const uint64_t r = static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
    bad |= ((static_cast<uint64_t>(a) ^ r) & (static_cast<uint64_t>(b) ^ r)) >> 63;
    return static_cast<int64_t>(r);
  }
};
struct Subtract {
  static int64_t apply(int64_t a, int64_t b, uint64_t& bad) {
    const uint64_t r = static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
    bad |=
        ((static_cast<uint64_t>(a) ^ static_cast<uint64_t>(b)) & (static_cast<uint64_t>(a) ^ r)) >>
        63;
    return static_cast<int64_t>(r);
  }
};
struct Multiply {
  static int64_t apply(int64_t a, int64_t b, uint64_t& bad) {
    int64_t r = 0;
    bad |= __builtin_mul_overflow(a, b, &r) ? 1 : 0;
    return r;
  }
};

template <typename Op, TypeId id>
inline int64_t checked(int64_t a, int64_t b, uint64_t& bad) {
  if constexpr (id == TypeId::kInt8) {
    return Op::apply(a, b, bad);
  } else {
    // Products of two 32-bit numbers fit 64 bits, so only the result's range is left to look at.
    uint64_t r = 0;
    if constexpr (std::is_same_v<Op, Add>) r = static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
    if constexpr (std::is_same_v<Op, Subtract>)
      r = static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
    if constexpr (std::is_same_v<Op, Multiply>)
      r = static_cast<uint64_t>(a) * static_cast<uint64_t>(b);
    const int64_t value = static_cast<int64_t>(r);
    bad |= static_cast<uint64_t>((value < kLow<id>) | (value > kHigh<id>));
    return value;
  }
}

template <typename Op, TypeId id>
Result<Column> int_kernel(const KernelInput& input) {
  uint64_t bad = 0;
  auto result = map2<int64_t, int64_t, int64_t>(
      input, [&bad](int64_t a, int64_t b) { return checked<Op, id>(a, b, bad); });
  if (bad != 0) [[unlikely]] {
    const Ints a(input.arguments[0]), b(input.arguments[1]);
    for (size_t i = 0; i < input.rows; ++i) {
      uint64_t row_bad = 0;
      checked<Op, id>(a[i], b[i], row_bad);
      if (row_bad != 0 && !is_null(input, i)) return out_of_range(id);
    }
  }
  return result;
}

template <TypeId id>
Result<Column> int_divide(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(input,
                                             [](int64_t a, int64_t b, int64_t& r) -> Result<void> {
                                               if (b == 0) return division_by_zero();
                                               if (b == -1) {
                                                 if (a == kLow<id>) return out_of_range(id);
                                                 r = -a;
                                               } else {
                                                 r = a / b;
                                               }
                                               return {};
                                             });
}

Result<Column> int_modulo(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t a, int64_t b, int64_t& r) -> Result<void> {
        if (b == 0) return division_by_zero();
        r = b == -1 ? 0 : a % b;  // INT64_MIN % -1 would trap.
        return {};
      });
}

template <TypeId id>
Result<Column> int_negate(const KernelInput& input) {
  return try_map1<int64_t, int64_t>(input, [](int64_t a, int64_t& r) -> Result<void> {
    if (a == kLow<id>) return out_of_range(id);
    r = -a;
    return {};
  });
}

template <TypeId id>
Result<Column> int_absolute(const KernelInput& input) {
  return try_map1<int64_t, int64_t>(input, [](int64_t a, int64_t& r) -> Result<void> {
    if (a == kLow<id>) return out_of_range(id);
    r = a < 0 ? -a : a;
    return {};
  });
}

Result<Column> int_and(const KernelInput& input) {
  return map2<int64_t, int64_t, int64_t>(input, [](int64_t a, int64_t b) { return a & b; });
}
Result<Column> int_or(const KernelInput& input) {
  return map2<int64_t, int64_t, int64_t>(input, [](int64_t a, int64_t b) { return a | b; });
}
Result<Column> int_xor(const KernelInput& input) {
  return map2<int64_t, int64_t, int64_t>(input, [](int64_t a, int64_t b) { return a ^ b; });
}
Result<Column> int_not(const KernelInput& input) {
  return map1<int64_t, int64_t>(input, [](int64_t a) { return ~a; });
}

// Shift counts wrap at the width of the type's register, as the machines PostgreSQL runs on do it.
template <TypeId id>
int64_t wrap(uint64_t value) {
  if constexpr (id == TypeId::kInt2) return static_cast<int16_t>(value);
  if constexpr (id == TypeId::kInt4) return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}
template <TypeId id>
Result<Column> shift_left(const KernelInput& input) {
  constexpr int64_t kMask = id == TypeId::kInt8 ? 63 : 31;
  return map2<int64_t, int64_t, int64_t>(input, [](int64_t a, int64_t b) {
    return wrap<id>(static_cast<uint64_t>(a) << (b & kMask));
  });
}
template <TypeId id>
Result<Column> shift_right(const KernelInput& input) {
  constexpr int64_t kMask = id == TypeId::kInt8 ? 63 : 31;
  return map2<int64_t, int64_t, int64_t>(input,
                                         [](int64_t a, int64_t b) { return a >> (b & kMask); });
}

Result<Column> same(const KernelInput& input) {
  Column column = input.arguments[0];
  column.type = input.result_type;
  return column;
}

// ---- Floats ----

Error overflow() { return Error(ErrorCode::kNumericOutOfRange, "value out of range: overflow"); }
Error underflow() { return Error(ErrorCode::kNumericOutOfRange, "value out of range: underflow"); }

template <char op, bool single>
inline double float_apply(double a, double b) {
  double r = 0;
  if constexpr (op == '+') r = a + b;
  if constexpr (op == '-') r = a - b;
  if constexpr (op == '*') r = a * b;
  if constexpr (op == '/') r = a / b;
  return single ? static_cast<double>(static_cast<float>(r)) : r;
}

template <char op>
Result<void> check_float(double a, double b, double r) {
  if (op == '/' && b == 0 && a == a) return division_by_zero();
  if (std::isinf(r) && !std::isinf(a) && !std::isinf(b)) return overflow();
  if (op == '*' && r == 0 && a != 0 && b != 0) return underflow();
  if (op == '/' && r == 0 && a != 0 && !std::isinf(b)) return underflow();
  return {};
}

template <char op, bool single>
Result<Column> float_kernel(const KernelInput& input) {
  // r - r is 0 exactly for finite r; a product or quotient of 0 is looked at as well.
  uint64_t odd = 0;
  auto result = map2<double, double, double>(input, [&odd](double a, double b) {
    const double r = float_apply<op, single>(a, b);
    odd |= static_cast<uint64_t>(!(r - r == 0));
    if constexpr (op == '*' || op == '/') odd |= static_cast<uint64_t>(r == 0);
    if constexpr (op == '/') odd |= static_cast<uint64_t>(b == 0);
    return r;
  });
  if (odd != 0) [[unlikely]] {
    const Doubles a(input.arguments[0]), b(input.arguments[1]);
    for (size_t i = 0; i < input.rows; ++i) {
      if (!is_null(input, i)) TRY(check_float<op>(a[i], b[i], float_apply<op, single>(a[i], b[i])));
    }
  }
  return result;
}

Result<Column> float_negate(const KernelInput& input) {
  return map1<double, double>(input, [](double a) { return -a; });
}
Result<Column> float_absolute(const KernelInput& input) {
  return map1<double, double>(input, [](double a) { return std::fabs(a); });
}

// ---- Numeric ----

template <Result<std::string> (*f)(std::string_view, std::string_view)>
Result<Column> numeric_kernel(const KernelInput& input) {
  const Strings a(input.arguments[0]), b(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const std::string result, f(a[row], b[row]));
    out.set(row, result);
    return {};
  });
}

Result<Column> numeric_minus(const KernelInput& input) {
  const Strings a(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    out.set(row, type::numeric_negate(a[row]));
    return {};
  });
}

bool is_infinite_numeric(std::string_view a) {
  return a == "Infinity" || a == "-Infinity";
}

Result<Column> numeric_absolute(const KernelInput& input) {
  const Strings a(input.arguments[0]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    std::string_view text = a[row];
    if (!text.empty() && text[0] == '-') text.remove_prefix(1);
    out.set(row, text);
    return {};
  });
}

// ---- Dates ----

bool is_infinite_date(int64_t date) { return date == INT32_MIN || date == INT32_MAX; }

// PostgreSQL's dates end at 5874897-12-31 and start at 4714-11-24 BC.
constexpr int64_t kDateMin = -2451545;
constexpr int64_t kDateMax = 2145031948;

template <int sign>
Result<Column> date_shift(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t date, int64_t days, int64_t& r) -> Result<void> {
        r = date;
        if (is_infinite_date(date)) return {};
        r = date + sign * days;
        if (r < kDateMin || r > kDateMax)
          return Error(ErrorCode::kDatetimeOutOfRange, "date out of range");
        return {};
      });
}

Result<Column> days_plus_date(const KernelInput& input) {
  const Column swapped[] = {input.arguments[1], input.arguments[0]};
  KernelInput turned = input;
  turned.arguments = swapped;
  return date_shift<1>(turned);
}

Result<Column> date_difference(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t a, int64_t b, int64_t& r) -> Result<void> {
        if (is_infinite_date(a) || is_infinite_date(b))
          return Error(ErrorCode::kDatetimeOutOfRange, "cannot subtract infinite dates");
        r = a - b;
        return {};
      });
}

Result<Column> date_plus_time(const KernelInput& input) {
  return try_map2<int64_t, int64_t, int64_t>(
      input, [](int64_t date, int64_t time, int64_t& r) -> Result<void> {
        if (is_infinite_date(date)) {
          r = date == INT32_MIN ? INT64_MIN : INT64_MAX;
        } else if (__builtin_mul_overflow(date, int64_t{86'400'000'000}, &r) ||
                   __builtin_add_overflow(r, time, &r)) {
          return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range");
        }
        return {};
      });
}

Result<Column> time_plus_date(const KernelInput& input) {
  const Column swapped[] = {input.arguments[1], input.arguments[0]};
  KernelInput turned = input;
  turned.arguments = swapped;
  return date_plus_time(turned);
}

// ---- The table ----

void add_row(FunctionTable& table, std::string_view name, std::vector<TypeId> arguments,
             TypeId result, Kernel kernel) {
  table.push_back(
      {.name = name, .arguments = std::move(arguments), .result = result, .kernel = kernel});
}

template <TypeId result>
void add_integer_pair(FunctionTable& table, TypeId left, TypeId right) {
  add_row(table, "+", {left, right}, result, int_kernel<Add, result>);
  add_row(table, "-", {left, right}, result, int_kernel<Subtract, result>);
  add_row(table, "*", {left, right}, result, int_kernel<Multiply, result>);
  add_row(table, "/", {left, right}, result, int_divide<result>);
}

template <TypeId id>
void add_integer(FunctionTable& table) {
  add_integer_pair<id>(table, id, id);
  add_row(table, "%", {id, id}, id, int_modulo);
  add_row(table, "&", {id, id}, id, int_and);
  add_row(table, "|", {id, id}, id, int_or);
  add_row(table, "#", {id, id}, id, int_xor);
  add_row(table, "~", {id}, id, int_not);
  add_row(table, "<<", {id, TypeId::kInt4}, id, shift_left<id>);
  add_row(table, ">>", {id, TypeId::kInt4}, id, shift_right<id>);
  add_row(table, "-", {id}, id, int_negate<id>);
  add_row(table, "+", {id}, id, same);
  add_row(table, "@", {id}, id, int_absolute<id>);
  add_row(table, "abs", {id}, id, int_absolute<id>);
  add_row(table, "mod", {id, id}, id, int_modulo);
}

template <bool single>
void add_float_pair(FunctionTable& table, TypeId left, TypeId right) {
  const TypeId result = single ? TypeId::kFloat4 : TypeId::kFloat8;
  add_row(table, "+", {left, right}, result, float_kernel<'+', single>);
  add_row(table, "-", {left, right}, result, float_kernel<'-', single>);
  add_row(table, "*", {left, right}, result, float_kernel<'*', single>);
  add_row(table, "/", {left, right}, result, float_kernel<'/', single>);
}

void add_dates(FunctionTable& table) {
  add_row(table, "+", {TypeId::kDate, TypeId::kInt4}, TypeId::kDate, date_shift<1>);
  add_row(table, "+", {TypeId::kInt4, TypeId::kDate}, TypeId::kDate, days_plus_date);
  add_row(table, "-", {TypeId::kDate, TypeId::kInt4}, TypeId::kDate, date_shift<-1>);
  add_row(table, "-", {TypeId::kDate, TypeId::kDate}, TypeId::kInt4, date_difference);
  add_row(table, "+", {TypeId::kDate, TypeId::kTime}, TypeId::kTimestamp, date_plus_time);
  add_row(table, "+", {TypeId::kTime, TypeId::kDate}, TypeId::kTimestamp, time_plus_date);
}

}  // namespace

void add_arithmetic(FunctionTable& table) {
  using enum TypeId;
  add_integer<kInt2>(table);
  add_integer<kInt4>(table);
  add_integer<kInt8>(table);
  add_integer_pair<kInt4>(table, kInt2, kInt4);
  add_integer_pair<kInt4>(table, kInt4, kInt2);
  add_integer_pair<kInt8>(table, kInt2, kInt8);
  add_integer_pair<kInt8>(table, kInt8, kInt2);
  add_integer_pair<kInt8>(table, kInt4, kInt8);
  add_integer_pair<kInt8>(table, kInt8, kInt4);
  add_float_pair<true>(table, kFloat4, kFloat4);
  add_float_pair<false>(table, kFloat4, kFloat8);
  add_float_pair<false>(table, kFloat8, kFloat4);
  add_float_pair<false>(table, kFloat8, kFloat8);
  for (const TypeId id : {kFloat4, kFloat8}) {
    add_row(table, "-", {id}, id, float_negate);
    add_row(table, "+", {id}, id, same);
    add_row(table, "@", {id}, id, float_absolute);
    add_row(table, "abs", {id}, id, float_absolute);
  }
  add_row(table, "+", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_add>);
  add_row(table, "-", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_subtract>);
  add_row(table, "*", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_multiply>);
  add_row(table, "/", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_divide>);
  add_row(table, "div", {kNumeric, kNumeric}, kNumeric,
          [](const KernelInput& input) -> Result<Column> {
            const Strings a(input.arguments[0]), b(input.arguments[1]);
            return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
              // Of infinities the quotient; else (a - a mod b) / b has no remainder, so its division
              // is exact.
              if (is_infinite_numeric(a[row]) || is_infinite_numeric(b[row])) {
                TRY_ASSIGN(const std::string result, type::numeric_divide(a[row], b[row]));
                out.set(row, result);
                return {};
              }
              TRY_ASSIGN(const std::string remainder, type::numeric_modulo(a[row], b[row]));
              TRY_ASSIGN(const std::string whole, type::numeric_subtract(a[row], remainder));
              TRY_ASSIGN(const std::string quotient, type::numeric_divide(whole, b[row]));
              TRY_ASSIGN(const std::string result, type::numeric_truncate(quotient, 0));
              out.set(row, result);
              return {};
            });
          });
  add_row(table, "%", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_modulo>);
  add_row(table, "mod", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_modulo>);
  add_row(table, "-", {kNumeric}, kNumeric, numeric_minus);
  add_row(table, "+", {kNumeric}, kNumeric, same);
  add_row(table, "@", {kNumeric}, kNumeric, numeric_absolute);
  add_row(table, "abs", {kNumeric}, kNumeric, numeric_absolute);
  add_dates(table);
}

}  // namespace rowan::expr
