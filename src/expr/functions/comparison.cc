// Comparisons, IS DISTINCT FROM, GREATEST and LEAST.
#include "expr/compare.h"
#include "expr/function_table.h"
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

// The best of the arguments that are not NULL. `greatest`: the larger wins, else the smaller.
template <bool greatest>
Result<Column> extreme_kernel(const KernelInput& input) {
  return with_order(input.result_type.id, [&]<typename Order>() -> Result<Column> {
    using T = typename Order::Item;
    type::ColumnBuilder out(input.result_type, input.rows);
    for (size_t row = 0; row < input.rows; ++row) {
      const Column* best = nullptr;
      for (const Column& argument : input.arguments) {
        if (argument.is_null(row)) continue;
        if (best != nullptr) {
          const T& a = Arg<T>(argument)[row];
          const T& b = Arg<T>(*best)[row];
          if (!(greatest ? Order::less(b, a) : Order::less(a, b))) continue;
        }
        best = &argument;
      }
      if (best == nullptr) {
        out.append_null();
      } else {
        out.append_from(*best, row);
      }
    }
    return out.finish();
  });
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

template <bool date_left>
void add_day(FunctionTable& table, TypeId timestamp) {
  const auto add = [&](std::string_view name, Kernel kernel, bool strict) {
    table.push_back({.name = name,
                     .arguments = {date_left ? TypeId::kDate : timestamp,
                                   date_left ? timestamp : TypeId::kDate},
                     .result = TypeId::kBool,
                     .kernel = kernel,
                     .strict = strict});
  };
  add("=", compare_day_kernel<CompareOp::kEqual, date_left>, true);
  add("<>", compare_day_kernel<CompareOp::kNotEqual, date_left>, true);
  add("<", compare_day_kernel<CompareOp::kLess, date_left>, true);
  add("<=", compare_day_kernel<CompareOp::kLessEqual, date_left>, true);
  add(">", compare_day_kernel<CompareOp::kGreater, date_left>, true);
  add(">=", compare_day_kernel<CompareOp::kGreaterEqual, date_left>, true);
  add(kIsDistinctName, distinct_day_kernel<date_left>, false);
}

template <typename Order>
void add_type(FunctionTable& table, TypeId left, TypeId right) {
  const auto add = [&](std::string_view name, Kernel kernel) {
    table.push_back(
        {.name = name, .arguments = {left, right}, .result = TypeId::kBool, .kernel = kernel});
  };
  add("=", compare_kernel<CompareOp::kEqual, Order>);
  add("<>", compare_kernel<CompareOp::kNotEqual, Order>);
  add("<", compare_kernel<CompareOp::kLess, Order>);
  add("<=", compare_kernel<CompareOp::kLessEqual, Order>);
  add(">", compare_kernel<CompareOp::kGreater, Order>);
  add(">=", compare_kernel<CompareOp::kGreaterEqual, Order>);
  table.push_back({.name = kIsDistinctName,
                   .arguments = {left, right},
                   .result = TypeId::kBool,
                   .kernel = distinct_kernel<Order>,
                   .strict = false});
}

}  // namespace

void add_comparison(FunctionTable& table) {
  const TypeId integers[] = {TypeId::kInt2, TypeId::kInt4, TypeId::kInt8};
  for (const TypeId left : integers) {
    for (const TypeId right : integers) add_type<IntOrder>(table, left, right);
  }
  const TypeId floats[] = {TypeId::kFloat4, TypeId::kFloat8};
  for (const TypeId left : floats) {
    for (const TypeId right : floats) add_type<DoubleOrder>(table, left, right);
  }
  for (const TypeId id : {TypeId::kTimestamp, TypeId::kTimestamptz}) {
    add_day<true>(table, id);
    add_day<false>(table, id);
  }
  add_type<IntOrder>(table, TypeId::kTimestamp, TypeId::kTimestamptz);
  add_type<IntOrder>(table, TypeId::kTimestamptz, TypeId::kTimestamp);
  for (const type::TypeInfo* row : type::all_types()) {
    const bool has_own = row->id != TypeId::kUnknown && row->operators == row->id &&
                         row->order != type::Order::kNone;
    if (!has_own || type::is_integer(row->id) || type::is_float(row->id)) continue;
    with_order(row->id, [&]<typename Order>() { add_type<Order>(table, row->id, row->id); });
  }
  for (const type::TypeInfo* row : type::all_types()) {
    const TypeId array = type::array_of(row->id);
    if (row->id != TypeId::kUnknown && row->order != type::Order::kNone)
      add_type<ArrayOrder>(table, array, array);
  }

  const auto add_extreme = [&](std::string_view name, Kernel kernel) {
    table.push_back({.name = name,
                     .arguments = {TypeId::kUnknown},
                     .result = TypeId::kUnknown,
                     .kernel = kernel,
                     .strict = false,
                     .variadic = true});
  };
  add_extreme("greatest", extreme_kernel<true>);
  add_extreme("least", extreme_kernel<false>);
}

}  // namespace rowan::expr
