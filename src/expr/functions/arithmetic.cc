// Operators on numbers, and dates with days. Overflow is found by a flag over the whole batch; only
// when it is up are the rows looked at one by one, since a row that is NULL must not raise it.
#include <cmath>
#include <limits>

#include "expr/families.h"
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

// div(): of infinities the quotient; else (a - a mod b) / b has no remainder, so its division is
// exact.
Result<Column> numeric_whole_quotient(const KernelInput& input) {
  const Strings a(input.arguments[0]), b(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
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
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {550, "+", {kInt2, kInt2}, kInt2, int_kernel<Add, kInt2>},
    {554, "-", {kInt2, kInt2}, kInt2, int_kernel<Subtract, kInt2>},
    {526, "*", {kInt2, kInt2}, kInt2, int_kernel<Multiply, kInt2>},
    {527, "/", {kInt2, kInt2}, kInt2, int_divide<kInt2>},
    {529, "%", {kInt2, kInt2}, kInt2, int_modulo},
    {1874, "&", {kInt2, kInt2}, kInt2, int_and},
    {1875, "|", {kInt2, kInt2}, kInt2, int_or},
    {1876, "#", {kInt2, kInt2}, kInt2, int_xor},
    {1877, "~", {kInt2}, kInt2, int_not},
    {1878, "<<", {kInt2, kInt4}, kInt2, shift_left<kInt2>},
    {1879, ">>", {kInt2, kInt4}, kInt2, shift_right<kInt2>},
    {559, "-", {kInt2}, kInt2, int_negate<kInt2>},
    {1917, "+", {kInt2}, kInt2, same},
    {682, "@", {kInt2}, kInt2, int_absolute<kInt2>},
    {1398, "abs", {kInt2}, kInt2, int_absolute<kInt2>},
    {940, "mod", {kInt2, kInt2}, kInt2, int_modulo},
    {551, "+", {kInt4, kInt4}, kInt4, int_kernel<Add, kInt4>},
    {555, "-", {kInt4, kInt4}, kInt4, int_kernel<Subtract, kInt4>},
    {514, "*", {kInt4, kInt4}, kInt4, int_kernel<Multiply, kInt4>},
    {528, "/", {kInt4, kInt4}, kInt4, int_divide<kInt4>},
    {530, "%", {kInt4, kInt4}, kInt4, int_modulo},
    {1880, "&", {kInt4, kInt4}, kInt4, int_and},
    {1881, "|", {kInt4, kInt4}, kInt4, int_or},
    {1882, "#", {kInt4, kInt4}, kInt4, int_xor},
    {1883, "~", {kInt4}, kInt4, int_not},
    {1884, "<<", {kInt4, kInt4}, kInt4, shift_left<kInt4>},
    {1885, ">>", {kInt4, kInt4}, kInt4, shift_right<kInt4>},
    {558, "-", {kInt4}, kInt4, int_negate<kInt4>},
    {1918, "+", {kInt4}, kInt4, same},
    {773, "@", {kInt4}, kInt4, int_absolute<kInt4>},
    {1397, "abs", {kInt4}, kInt4, int_absolute<kInt4>},
    {941, "mod", {kInt4, kInt4}, kInt4, int_modulo},
    {684, "+", {kInt8, kInt8}, kInt8, int_kernel<Add, kInt8>},
    {685, "-", {kInt8, kInt8}, kInt8, int_kernel<Subtract, kInt8>},
    {686, "*", {kInt8, kInt8}, kInt8, int_kernel<Multiply, kInt8>},
    {687, "/", {kInt8, kInt8}, kInt8, int_divide<kInt8>},
    {439, "%", {kInt8, kInt8}, kInt8, int_modulo},
    {1886, "&", {kInt8, kInt8}, kInt8, int_and},
    {1887, "|", {kInt8, kInt8}, kInt8, int_or},
    {1888, "#", {kInt8, kInt8}, kInt8, int_xor},
    {1889, "~", {kInt8}, kInt8, int_not},
    {1890, "<<", {kInt8, kInt4}, kInt8, shift_left<kInt8>},
    {1891, ">>", {kInt8, kInt4}, kInt8, shift_right<kInt8>},
    {484, "-", {kInt8}, kInt8, int_negate<kInt8>},
    {1916, "+", {kInt8}, kInt8, same},
    {473, "@", {kInt8}, kInt8, int_absolute<kInt8>},
    {1396, "abs", {kInt8}, kInt8, int_absolute<kInt8>},
    {947, "mod", {kInt8, kInt8}, kInt8, int_modulo},
    {552, "+", {kInt2, kInt4}, kInt4, int_kernel<Add, kInt4>},
    {556, "-", {kInt2, kInt4}, kInt4, int_kernel<Subtract, kInt4>},
    {544, "*", {kInt2, kInt4}, kInt4, int_kernel<Multiply, kInt4>},
    {546, "/", {kInt2, kInt4}, kInt4, int_divide<kInt4>},
    {553, "+", {kInt4, kInt2}, kInt4, int_kernel<Add, kInt4>},
    {557, "-", {kInt4, kInt2}, kInt4, int_kernel<Subtract, kInt4>},
    {545, "*", {kInt4, kInt2}, kInt4, int_kernel<Multiply, kInt4>},
    {547, "/", {kInt4, kInt2}, kInt4, int_divide<kInt4>},
    {822, "+", {kInt2, kInt8}, kInt8, int_kernel<Add, kInt8>},
    {823, "-", {kInt2, kInt8}, kInt8, int_kernel<Subtract, kInt8>},
    {824, "*", {kInt2, kInt8}, kInt8, int_kernel<Multiply, kInt8>},
    {825, "/", {kInt2, kInt8}, kInt8, int_divide<kInt8>},
    {818, "+", {kInt8, kInt2}, kInt8, int_kernel<Add, kInt8>},
    {819, "-", {kInt8, kInt2}, kInt8, int_kernel<Subtract, kInt8>},
    {820, "*", {kInt8, kInt2}, kInt8, int_kernel<Multiply, kInt8>},
    {821, "/", {kInt8, kInt2}, kInt8, int_divide<kInt8>},
    {692, "+", {kInt4, kInt8}, kInt8, int_kernel<Add, kInt8>},
    {693, "-", {kInt4, kInt8}, kInt8, int_kernel<Subtract, kInt8>},
    {694, "*", {kInt4, kInt8}, kInt8, int_kernel<Multiply, kInt8>},
    {695, "/", {kInt4, kInt8}, kInt8, int_divide<kInt8>},
    {688, "+", {kInt8, kInt4}, kInt8, int_kernel<Add, kInt8>},
    {689, "-", {kInt8, kInt4}, kInt8, int_kernel<Subtract, kInt8>},
    {690, "*", {kInt8, kInt4}, kInt8, int_kernel<Multiply, kInt8>},
    {691, "/", {kInt8, kInt4}, kInt8, int_divide<kInt8>},
    {586, "+", {kFloat4, kFloat4}, kFloat4, float_kernel<'+', true>},
    {587, "-", {kFloat4, kFloat4}, kFloat4, float_kernel<'-', true>},
    {589, "*", {kFloat4, kFloat4}, kFloat4, float_kernel<'*', true>},
    {588, "/", {kFloat4, kFloat4}, kFloat4, float_kernel<'/', true>},
    {1116, "+", {kFloat4, kFloat8}, kFloat8, float_kernel<'+', false>},
    {1117, "-", {kFloat4, kFloat8}, kFloat8, float_kernel<'-', false>},
    {1119, "*", {kFloat4, kFloat8}, kFloat8, float_kernel<'*', false>},
    {1118, "/", {kFloat4, kFloat8}, kFloat8, float_kernel<'/', false>},
    {1126, "+", {kFloat8, kFloat4}, kFloat8, float_kernel<'+', false>},
    {1127, "-", {kFloat8, kFloat4}, kFloat8, float_kernel<'-', false>},
    {1129, "*", {kFloat8, kFloat4}, kFloat8, float_kernel<'*', false>},
    {1128, "/", {kFloat8, kFloat4}, kFloat8, float_kernel<'/', false>},
    {591, "+", {kFloat8, kFloat8}, kFloat8, float_kernel<'+', false>},
    {592, "-", {kFloat8, kFloat8}, kFloat8, float_kernel<'-', false>},
    {594, "*", {kFloat8, kFloat8}, kFloat8, float_kernel<'*', false>},
    {593, "/", {kFloat8, kFloat8}, kFloat8, float_kernel<'/', false>},
    {584, "-", {kFloat4}, kFloat4, float_negate},
    {1919, "+", {kFloat4}, kFloat4, same},
    {590, "@", {kFloat4}, kFloat4, float_absolute},
    {1394, "abs", {kFloat4}, kFloat4, float_absolute},
    {585, "-", {kFloat8}, kFloat8, float_negate},
    {1920, "+", {kFloat8}, kFloat8, same},
    {595, "@", {kFloat8}, kFloat8, float_absolute},
    {1395, "abs", {kFloat8}, kFloat8, float_absolute},
    {1758, "+", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_add>},
    {1759, "-", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_subtract>},
    {1760, "*", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_multiply>},
    {1761, "/", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_divide>},
    {1973, "div", {kNumeric, kNumeric}, kNumeric, numeric_whole_quotient},
    {1762, "%", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_modulo>},
    {1728, "mod", {kNumeric, kNumeric}, kNumeric, numeric_kernel<type::numeric_modulo>},
    {1751, "-", {kNumeric}, kNumeric, numeric_minus},
    {1921, "+", {kNumeric}, kNumeric, same},
    {1763, "@", {kNumeric}, kNumeric, numeric_absolute},
    {1705, "abs", {kNumeric}, kNumeric, numeric_absolute},
    {1100, "+", {kDate, kInt4}, kDate, date_shift<1>},
    {2555, "+", {kInt4, kDate}, kDate, days_plus_date},
    {1101, "-", {kDate, kInt4}, kDate, date_shift<-1>},
    {1099, "-", {kDate, kDate}, kInt4, date_difference},
    {1360, "+", {kDate, kTime}, kTimestamp, date_plus_time},
    {1363, "+", {kTime, kDate}, kTimestamp, time_plus_date},
};

}  // namespace

constinit const std::span<const Function> kArithmeticFunctions = kRows;

}  // namespace rowan::expr
