// sum and avg. Data under a NULL is 0, so sums add it and only the counts look at null masks.
#include <algorithm>
#include <cmath>

#include "expr/aggregates/values.h"
#include "type/interval.h"
#include "type/numeric.h"

namespace rowan::expr {
namespace {

__extension__ typedef __int128 Int128;

std::string to_text(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  __extension__ unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string digits;
  while (rest != 0) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// ---- sum and avg of integers ----

// 64-bit values split in halves, so that the loop vectorises and nothing overflows for 2^31 rows.
Int128 sum_wide(const int64_t* values, size_t rows) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  uint64_t low = 0;
  uint64_t high = 0;
  for (size_t i = 0; i < rows; ++i) {
    const uint64_t value =
        static_cast<uint64_t>(values[i]) ^ kSign;  // Now without sign, 2^63 too large.
    low += value & 0xffffffff;
    high += value >> 32;
  }
  return (static_cast<Int128>(high) << 32) + static_cast<Int128>(low) -
         static_cast<Int128>(rows) * static_cast<Int128>(kSign);
}

int64_t sum_narrow(const int64_t* values, size_t rows) {
  int64_t sum = 0;
  for (size_t i = 0; i < rows; ++i) sum += values[i];
  return sum;
}

template <bool average>
class IntSumState final : public AggregateState {
 public:
  explicit IntSumState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    const Column column = flat(arguments[0]);
    const int64_t* values = column.ints();
    if (groups == nullptr) {
      constexpr size_t kRowsMax = size_t{1} << 30;
      if (groups_.empty()) groups_.resize(1);
      for (size_t from = 0; from < rows; from += kRowsMax) {
        const size_t count = std::min(kRowsMax, rows - from);
        groups_[0].sum += spec_.argument.id == TypeId::kInt8
                              ? sum_wide(values + from, count)
                              : Int128{sum_narrow(values + from, count)};
      }
      groups_[0].count += count_values(column, rows);
      return {};
    }
    for_each_value(column, groups, rows, [&](size_t row, uint32_t group) {
      groups_[group].sum += values[row];
      ++groups_[group].count;
    });
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const IntSumState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) {
      groups_[group_map[g]].sum += from.groups_[g].sum;
      groups_[group_map[g]].count += from.groups_[g].count;
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, groups_.size());
    for (const Group& group : groups_) {
      if (group.count == 0) {
        out.append_null();
      } else if (average) {
        TRY_ASSIGN(
            const std::string quotient,
            type::numeric_divide(to_text(group.sum), to_text(static_cast<Int128>(group.count))));
        out.append_string(quotient);
      } else if (spec_.result.id == TypeId::kNumeric) {
        out.append_string(to_text(group.sum));
      } else {
        if (group.sum > INT64_MAX || group.sum < INT64_MIN)
          return Error(ErrorCode::kNumericOutOfRange, "bigint out of range");
        out.append_int(static_cast<int64_t>(group.sum));
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group); }

 private:
  struct Group {
    Int128 sum = 0;
    uint64_t count = 0;
  };
  AggregateSpec spec_;
  std::vector<Group> groups_;
};

// ---- sum and avg of floats ----

// Added up in row order, as PostgreSQL does, so that a result does not depend on how rows came in
// batches.
template <bool average>
class FloatSumState final : public AggregateState {
 public:
  explicit FloatSumState(const AggregateSpec& spec)
      : spec_(spec), single_(spec.result.id == TypeId::kFloat4) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    const Column column = flat(arguments[0]);
    const double* values = column.doubles();
    if (groups == nullptr) {
      if (groups_.empty()) groups_.resize(1);
      Group& group = groups_[0];
      if (single_) {
        float sum = static_cast<float>(group.sum);
        for (size_t i = 0; i < rows; ++i) sum += static_cast<float>(values[i]);
        group.sum = sum;
      } else {
        double sum = group.sum;
        for (size_t i = 0; i < rows; ++i) sum += values[i];
        group.sum = sum;
      }
      group.count += count_values(column, rows);
      if (!std::isfinite(group.sum)) note_infinities(column, nullptr, rows);
      return {};
    }
    bool odd = false;
    for_each_value(column, groups, rows, [&](size_t row, uint32_t index) {
      Group& group = groups_[index];
      group.sum = single_ ? static_cast<float>(group.sum) + static_cast<float>(values[row])
                          : group.sum + values[row];
      ++group.count;
      odd |= !std::isfinite(group.sum);
    });
    if (odd) note_infinities(column, groups, rows);
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const FloatSumState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) {
      Group& to = groups_[group_map[g]];
      to.sum = single_ ? static_cast<float>(to.sum) + static_cast<float>(from.groups_[g].sum)
                       : to.sum + from.groups_[g].sum;
      to.count += from.groups_[g].count;
      to.has_infinity |= from.groups_[g].has_infinity;
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, groups_.size());
    for (const Group& group : groups_) {
      if (group.count == 0) {
        out.append_null();
        continue;
      }
      if (std::isinf(group.sum) && !group.has_infinity)
        return Error(ErrorCode::kNumericOutOfRange, "value out of range: overflow");
      out.append_double(average
                            ? group.sum / static_cast<double>(group.count)
                            : group.sum);
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group); }

 private:
  struct Group {
    double sum = -0.0;  // Neutral for every number, -0 included.
    uint64_t count = 0;
    bool has_infinity = false;  // An infinite sum is then no overflow.
  };
  void note_infinities(const Column& column, const uint32_t* groups, size_t rows) {
    for_each_value(column, groups, rows, [&](size_t row, uint32_t group) {
      if (!std::isfinite(column.doubles()[row])) groups_[group].has_infinity = true;
    });
  }

  AggregateSpec spec_;
  bool single_;
  std::vector<Group> groups_;
};

// ---- sum and avg of numeric ----

template <bool average>
class NumericSumState final : public AggregateState {
 public:
  explicit NumericSumState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    const Column column = flat(arguments[0]);
    const std::string_view* values = column.strings();
    for_each_value(column, groups, rows,
                   [&](size_t row, uint32_t group) { groups_[group].add(values[row]); });
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const NumericSumState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) groups_[group_map[g]].merge(from.groups_[g]);
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, groups_.size());
    for (const type::NumericSum& group : groups_) {
      if (group.count() == 0) {
        out.append_null();
      } else if (average) {
        TRY_ASSIGN(const std::string quotient, group.average());
        out.append_string(quotient);
      } else {
        out.append_string(group.sum());
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override {
    constexpr size_t kGroupBytes = 96;  // About what a sum keeps behind its pointer.
    return groups_.capacity() * (sizeof(type::NumericSum) + kGroupBytes);
  }

 private:
  AggregateSpec spec_;
  std::vector<type::NumericSum> groups_;
};

// ---- sum and avg of intervals ----

// Fields are summed apart and wide, so only a sum that fits no interval fails, whatever the order.
template <bool average>
class IntervalSumState final : public AggregateState {
 public:
  explicit IntervalSumState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    const Column& column = arguments[0];
    for (size_t row = 0; row < rows; ++row) {
      if (column.is_null(row)) continue;
      const type::Interval value = column.intervals()[column.index(row)];
      Group& group = groups_[groups == nullptr ? 0 : groups[row]];
      group.months += value.months;
      group.days += value.days;
      group.micros += value.micros;
      ++group.count;
    }
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const IntervalSumState&>(other);
    for (size_t g = 0; g < from.groups_.size(); ++g) {
      Group& group = groups_[group_map[g]];
      group.months += from.groups_[g].months;
      group.days += from.groups_[g].days;
      group.micros += from.groups_[g].micros;
      group.count += from.groups_[g].count;
    }
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out(spec_.result, groups_.size());
    for (const Group& group : groups_) {
      if (group.count == 0) {
        out.append_null();
        continue;
      }
      if (group.micros < INT64_MIN || group.micros > INT64_MAX)
        return Error(ErrorCode::kDatetimeOutOfRange, "interval out of range");
      TRY_ASSIGN(type::Interval sum, type::interval_from(group.months, group.days,
                                                         static_cast<int64_t>(group.micros)));
      if (average) {
        TRY_ASSIGN(sum, type::interval_divide(sum, static_cast<double>(group.count)));
      }
      out.append_interval(sum);
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group); }

 private:
  struct Group {
    Int128 micros = 0;
    int64_t months = 0;
    int64_t days = 0;
    uint64_t count = 0;
  };
  AggregateSpec spec_;
  std::vector<Group> groups_;
};

template <typename State>
std::unique_ptr<AggregateState> make(const AggregateSpec& spec) {
  return std::make_unique<State>(spec);
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kByOrder = {.by_order = true};

constexpr Function kRows[] = {
    {2109, "sum", {kInt2}, kInt8, make<IntSumState<false>>},
    {2108, "sum", {kInt4}, kInt8, make<IntSumState<false>>},
    {2107, "sum", {kInt8}, kNumeric, make<IntSumState<false>>},
    {2114, "sum", {kNumeric}, kNumeric, make<NumericSumState<false>>},
    {2110, "sum", {kFloat4}, kFloat4, make<FloatSumState<false>>, kByOrder},
    {2111, "sum", {kFloat8}, kFloat8, make<FloatSumState<false>>, kByOrder},
    {2113, "sum", {kInterval}, kInterval, make<IntervalSumState<false>>},
    {2102, "avg", {kInt2}, kNumeric, make<IntSumState<true>>},
    {2101, "avg", {kInt4}, kNumeric, make<IntSumState<true>>},
    {2100, "avg", {kInt8}, kNumeric, make<IntSumState<true>>},
    {2103, "avg", {kNumeric}, kNumeric, make<NumericSumState<true>>},
    {2104, "avg", {kFloat4}, kFloat8, make<FloatSumState<true>>, kByOrder},
    {2105, "avg", {kFloat8}, kFloat8, make<FloatSumState<true>>, kByOrder},
    {2106, "avg", {kInterval}, kInterval, make<IntervalSumState<true>>},
};

}  // namespace

constinit const std::span<const Function> kSumAggregates = kRows;

}  // namespace rowan::expr
