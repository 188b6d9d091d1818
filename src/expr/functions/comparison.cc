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
  for (const TypeId id :
       {TypeId::kBool, TypeId::kDate, TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestamptz}) {
    add_type<IntOrder>(table, id, id);
  }
  for (const TypeId id :
       {TypeId::kText, TypeId::kChar, TypeId::kBytea, TypeId::kUuid, TypeId::kJsonb})
    add_type<BytesOrder>(table, id, id);
  add_type<NumericOrder>(table, TypeId::kNumeric, TypeId::kNumeric);

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
