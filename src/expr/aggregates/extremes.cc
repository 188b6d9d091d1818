// min and max.
#include "expr/aggregates/values.h"
#include "expr/compare.h"

namespace rowan::expr {
namespace {

// ---- min and max ----

template <typename Order>
class ExtremeState final : public AggregateState {
 public:
  using T = typename Order::Item;
  using Kept = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

  ExtremeState(const AggregateSpec& spec, bool maximum)
      : spec_(spec), maximum_(maximum) {}
  void resize(size_t groups) override {
    best_.resize(groups);
    found_.resize(groups);
  }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && best_.empty()) resize(1);
    const Column column = flat(arguments[0]);
    const T* values = static_cast<const T*>(column.data);
    if (groups != nullptr) {
      for_each_value(column, groups, rows,
                     [&](size_t row, uint32_t group) { offer(group, values[row]); });
      return {};
    }
    size_t first = 0;
    while (first < rows && column.nulls != nullptr && column.nulls[first] != 0) ++first;
    if (first == rows) return {};
    offer(0, maximum_ ? best_of<true>(column, values, first, rows)
                      : best_of<false>(column, values, first, rows));
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const ExtremeState&>(other);
    for (size_t g = 0; g < from.best_.size(); ++g) {
      if (from.found_[g] != 0) offer(group_map[g], from.best_[g]);
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, best_.size());
    for (size_t g = 0; g < best_.size(); ++g) {
      if (found_[g] == 0) {
        out.append_null();
      } else {
        out.append_datum(T(best_[g]));
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override {
    return best_.capacity() * (sizeof(Kept) + 1) + heap_bytes_;
  }

 private:
  template <bool maximum>
  static T best_of(const Column& column, const T* values, size_t first, size_t rows) {
    T best = values[first];
    if (column.nulls == nullptr) {
      for (size_t i = first; i < rows; ++i) {
        const bool better = maximum ? Order::less(best, values[i]) : Order::less(values[i], best);
        best = better ? values[i] : best;
      }
      return best;
    }
    for (size_t i = first; i < rows; ++i) {
      const bool better = maximum ? Order::less(best, values[i]) : Order::less(values[i], best);
      best = better && column.nulls[i] == 0 ? values[i] : best;
    }
    return best;
  }
  void offer(size_t group, const T& value) {
    if (found_[group] != 0) {
      const T current = best_[group];
      if (!(maximum_ ? Order::less(current, value) : Order::less(value, current))) return;
    }
    found_[group] = 1;
    best_[group] = value;
    if constexpr (std::is_same_v<T, std::string_view>) heap_bytes_ += value.size();
  }

  AggregateSpec spec_;
  bool maximum_;
  std::vector<Kept> best_;
  std::vector<uint8_t> found_;
  size_t heap_bytes_ = 0;  // Never less than what the kept texts take.
};

template <bool maximum>
std::unique_ptr<AggregateState> make(const AggregateSpec& spec) {
  return with_order(spec.argument.id, [&]<typename Order>() -> std::unique_ptr<AggregateState> {
    return std::make_unique<ExtremeState<Order>>(spec, maximum);
  });
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kOnce = {.by_count = false};  // The largest of distinct values is that of all.

constexpr Function kRows[] = {
    {2117, "max", {kInt2}, kInt2, make<true>, kOnce},
    {2116, "max", {kInt4}, kInt4, make<true>, kOnce},
    {2115, "max", {kInt8}, kInt8, make<true>, kOnce},
    {2118, "max", {kOid}, kOid, make<true>, kOnce},
    {2119, "max", {kFloat4}, kFloat4, make<true>, kOnce},
    {2120, "max", {kFloat8}, kFloat8, make<true>, kOnce},
    {2130, "max", {kNumeric}, kNumeric, make<true>, kOnce},
    {2129, "max", {kText}, kText, make<true>, kOnce},
    {2244, "max", {kChar}, kChar, make<true>, kOnce},
    {2122, "max", {kDate}, kDate, make<true>, kOnce},
    {2123, "max", {kTime}, kTime, make<true>, kOnce},
    {2126, "max", {kTimestamp}, kTimestamp, make<true>, kOnce},
    {2127, "max", {kTimestamptz}, kTimestamptz, make<true>, kOnce},
    {2128, "max", {kInterval}, kInterval, make<true>, kOnce},
    {2050, "max", {Any::kArray}, Any::kArray, make<true>, kOnce},
    {2133, "min", {kInt2}, kInt2, make<false>, kOnce},
    {2132, "min", {kInt4}, kInt4, make<false>, kOnce},
    {2131, "min", {kInt8}, kInt8, make<false>, kOnce},
    {2134, "min", {kOid}, kOid, make<false>, kOnce},
    {2135, "min", {kFloat4}, kFloat4, make<false>, kOnce},
    {2136, "min", {kFloat8}, kFloat8, make<false>, kOnce},
    {2146, "min", {kNumeric}, kNumeric, make<false>, kOnce},
    {2145, "min", {kText}, kText, make<false>, kOnce},
    {2245, "min", {kChar}, kChar, make<false>, kOnce},
    {2138, "min", {kDate}, kDate, make<false>, kOnce},
    {2139, "min", {kTime}, kTime, make<false>, kOnce},
    {2142, "min", {kTimestamp}, kTimestamp, make<false>, kOnce},
    {2143, "min", {kTimestamptz}, kTimestamptz, make<false>, kOnce},
    {2144, "min", {kInterval}, kInterval, make<false>, kOnce},
    {2051, "min", {Any::kArray}, Any::kArray, make<false>, kOnce},
};

}  // namespace

constinit const std::span<const Function> kExtremeAggregates = kRows;

}  // namespace rowan::expr
