// Comparisons and IS DISTINCT FROM.
#include <array>

#include "expr/compare.h"
#include "expr/families.h"
#include "expr/kernels.h"

namespace rowan::expr {
namespace {

template <CompareOp op, typename Order>
Result<Column> compare_kernel(const KernelInput& input) {
  using T = typename Order::Item;
  return map2<int64_t, T, T>(
      input, [](const T& a, const T& b) { return static_cast<int64_t>(holds<op, Order>(a, b)); });
}

template <typename Order>
Result<Column> distinct_kernel(const KernelInput& input) {
  using T = typename Order::Item;
  const Column& left = input.arguments[0];
  const Column& right = input.arguments[1];
  const Arg<T> a(left), b(right);
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) {
    const bool a_null = left.is_null(i);
    const bool b_null = right.is_null(i);
    out.data[i] = a_null || b_null ? a_null != b_null : !Order::equal(a[i], b[i]);
  }
  return std::move(out.column);
}

// ---- A date and a timestamp: by the moment the day begins, which may lie beyond all timestamps ----

int64_t start_of_day(int64_t date) {
  constexpr int64_t kDayUs = 86'400'000'000;
  if (date == INT32_MIN) return INT64_MIN;
  if (date == INT32_MAX) return INT64_MAX;
  int64_t micros = 0;
  // Later than every timestamp, but not infinity.
  if (__builtin_mul_overflow(date, kDayUs, &micros)) return INT64_MAX - 1;
  return micros;
}

template <CompareOp op, bool date_left>
Result<Column> compare_day_kernel(const KernelInput& input) {
  return map2<int64_t, int64_t, int64_t>(input, [](int64_t a, int64_t b) {
    const int64_t x = date_left ? start_of_day(a) : a;
    const int64_t y = date_left ? b : start_of_day(b);
    return static_cast<int64_t>(holds<op, IntOrder>(x, y));
  });
}

template <bool date_left>
Result<Column> distinct_day_kernel(const KernelInput& input) {
  const Column& left = input.arguments[0];
  const Column& right = input.arguments[1];
  const Ints a(left), b(right);
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t i = 0; i < input.rows; ++i) {
    const bool a_null = left.is_null(i);
    const bool b_null = right.is_null(i);
    const int64_t x = date_left ? start_of_day(a[i]) : a[i];
    const int64_t y = date_left ? b[i] : start_of_day(b[i]);
    out.data[i] = a_null || b_null ? a_null != b_null : x != y;
  }
  return std::move(out.column);
}

// ---- The rows: = <> < <= > >= and IS DISTINCT FROM for each pair of types ----

using Oids = std::array<uint32_t, 6>;  // In that order.
using Comparisons = std::array<Function, 7>;

template <typename Order>
consteval Comparisons pair(ArgumentType left, ArgumentType right, Oids oids) {
  constexpr TypeId kBool = TypeId::kBool;
  return {{
      {oids[0], "=", {left, right}, kBool, compare_kernel<CompareOp::kEqual, Order>},
      {oids[1], "<>", {left, right}, kBool, compare_kernel<CompareOp::kNotEqual, Order>},
      {oids[2], "<", {left, right}, kBool, compare_kernel<CompareOp::kLess, Order>},
      {oids[3], "<=", {left, right}, kBool, compare_kernel<CompareOp::kLessEqual, Order>},
      {oids[4], ">", {left, right}, kBool, compare_kernel<CompareOp::kGreater, Order>},
      {oids[5], ">=", {left, right}, kBool, compare_kernel<CompareOp::kGreaterEqual, Order>},
      {0, kIsDistinctName, {left, right}, kBool, distinct_kernel<Order>, {.strict = false}},
  }};
}

template <typename Order>
consteval Comparisons same(ArgumentType type, Oids oids) {
  return pair<Order>(type, type, oids);
}

template <bool date_left>
consteval Comparisons day(TypeId left, TypeId right, Oids oids, Traits traits) {
  constexpr TypeId kBool = TypeId::kBool;
  return {{
      {oids[0], "=", {left, right}, kBool, compare_day_kernel<CompareOp::kEqual, date_left>, traits},
      {oids[1], "<>", {left, right}, kBool, compare_day_kernel<CompareOp::kNotEqual, date_left>, traits},
      {oids[2], "<", {left, right}, kBool, compare_day_kernel<CompareOp::kLess, date_left>, traits},
      {oids[3], "<=", {left, right}, kBool, compare_day_kernel<CompareOp::kLessEqual, date_left>, traits},
      {oids[4], ">", {left, right}, kBool, compare_day_kernel<CompareOp::kGreater, date_left>, traits},
      {oids[5], ">=", {left, right}, kBool, compare_day_kernel<CompareOp::kGreaterEqual, date_left>, traits},
      {0, kIsDistinctName, {left, right}, kBool, distinct_day_kernel<date_left>, {.strict = false}},
  }};
}

using enum TypeId;

constexpr auto kRows = flat(std::to_array<Comparisons>({
    pair<IntOrder>(kInt2, kInt2, {94, 519, 95, 522, 520, 524}),
    pair<IntOrder>(kInt2, kInt4, {532, 538, 534, 540, 536, 542}),
    pair<IntOrder>(kInt2, kInt8, {1862, 1863, 1864, 1866, 1865, 1867}),
    pair<IntOrder>(kInt4, kInt2, {533, 539, 535, 541, 537, 543}),
    pair<IntOrder>(kInt4, kInt4, {96, 518, 97, 523, 521, 525}),
    pair<IntOrder>(kInt4, kInt8, {15, 36, 37, 80, 76, 82}),
    pair<IntOrder>(kInt8, kInt2, {1868, 1869, 1870, 1872, 1871, 1873}),
    pair<IntOrder>(kInt8, kInt4, {416, 417, 418, 420, 419, 430}),
    pair<IntOrder>(kInt8, kInt8, {410, 411, 412, 414, 413, 415}),
    pair<DoubleOrder>(kFloat4, kFloat4, {620, 621, 622, 624, 623, 625}),
    pair<DoubleOrder>(kFloat4, kFloat8, {1120, 1121, 1122, 1124, 1123, 1125}),
    pair<DoubleOrder>(kFloat8, kFloat4, {1130, 1131, 1132, 1134, 1133, 1135}),
    pair<DoubleOrder>(kFloat8, kFloat8, {670, 671, 672, 673, 674, 675}),
    day<true>(kDate, kTimestamp, {2347, 2350, 2345, 2346, 2349, 2348}, {}),
    day<false>(kTimestamp, kDate, {2373, 2376, 2371, 2372, 2375, 2374}, {}),
    day<true>(kDate, kTimestamptz, {2360, 2363, 2358, 2359, 2362, 2361}, {}),
    day<false>(kTimestamptz, kDate, {2386, 2389, 2384, 2385, 2388, 2387}, {}),
    pair<IntOrder>(kTimestamp, kTimestamptz, {2536, 2539, 2534, 2535, 2538, 2537}),
    pair<IntOrder>(kTimestamptz, kTimestamp, {2542, 2545, 2540, 2541, 2544, 2543}),
    same<IntOrder>(kOid, {607, 608, 609, 611, 610, 612}),
    same<IntOrder>(kBool, {91, 85, 58, 1694, 59, 1695}),
    same<NumericOrder>(kNumeric, {1752, 1753, 1754, 1755, 1756, 1757}),
    same<BytesOrder>(kText, {98, 531, 664, 665, 666, 667}),
    same<PaddedOrder>(kChar, {1054, 1057, 1058, 1059, 1060, 1061}),
    same<BytesOrder>(kBytea, {1955, 1956, 1957, 1958, 1959, 1960}),
    same<IntOrder>(kDate, {1093, 1094, 1095, 1096, 1097, 1098}),
    same<IntOrder>(kTime, {1108, 1109, 1110, 1111, 1112, 1113}),
    same<IntOrder>(kTimestamp, {2060, 2061, 2062, 2063, 2064, 2065}),
    same<IntOrder>(kTimestamptz, {1320, 1321, 1322, 1323, 1324, 1325}),
    same<BytesOrder>(kUuid, {2972, 2973, 2974, 2976, 2975, 2977}),
    same<JsonbOrder>(kJsonb, {3240, 3241, 3242, 3244, 3243, 3245}),
    same<IntervalOrder>(kInterval, {1330, 1331, 1332, 1333, 1334, 1335}),
    same<ArrayOrder>(Any::kArray, {1070, 1071, 1072, 1074, 1073, 1075}),
}));

}  // namespace

constinit const std::span<const Function> kComparisonFunctions = kRows;

}  // namespace rowan::expr
