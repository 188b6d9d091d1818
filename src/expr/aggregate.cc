// Aggregates. A state holds one accumulator a group; plain aggregates (groups == nullptr) run at
// memory speed over group 0. Data under a NULL is 0, so sums add it and only the counts look at
// null masks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

#include "base/ensure.h"
#include "base/limits.h"
#include "expr/array_agg.h"
#include "expr/compare.h"
#include "expr/constant_set.h"
#include "expr/functions.h"
#include "expr/interval_sum.h"
#include "expr/kernels.h"
#include "expr/resolve.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

using type::ColumnBuilder;
using type::Physical;
__extension__ typedef __int128 Int128;

uint64_t count_nulls(const uint8_t* nulls, size_t rows) {
  uint64_t count = 0;
  for (size_t i = 0; i < rows; ++i) count += nulls[i];
  return count;
}

uint64_t count_values(const Column& column, size_t rows) {
  if (column.nulls == nullptr) return rows;
  if (column.constant) return column.is_null(0) ? 0 : rows;
  return rows - count_nulls(column.nulls, rows);
}

// f(row, group) for every row that is not NULL.
template <typename F>
void for_each_value(const Column& column, const uint32_t* groups, size_t rows, F f) {
  if (column.nulls == nullptr) {
    for (size_t i = 0; i < rows; ++i) f(i, groups == nullptr ? 0 : groups[i]);
  } else {
    for (size_t i = 0; i < rows; ++i) {
      if (column.nulls[i] == 0) f(i, groups == nullptr ? 0 : groups[i]);
    }
  }
}

Column flat(const Column& column) { return column.constant ? column.flatten() : column; }

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

// ---- count ----

class CountState final : public AggregateState {
 public:
  explicit CountState(bool star) : star_(star) {}
  void resize(size_t groups) override { counts_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr) {
      if (counts_.empty()) counts_.resize(1);
      counts_[0] += star_ ? rows : count_values(arguments[0], rows);
    } else if (star_ || arguments[0].nulls == nullptr) {
      for (size_t i = 0; i < rows; ++i) ++counts_[groups[i]];
    } else {
      for (size_t i = 0; i < rows; ++i) counts_[groups[i]] += arguments[0].is_null(i) ? 0 : 1;
    }
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const CountState&>(other);
    for (size_t g = 0; g < from.counts_.size(); ++g) counts_[group_map[g]] += from.counts_[g];
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out({TypeId::kInt8}, counts_.size());
    for (const uint64_t count : counts_) out.append_int(static_cast<int64_t>(count));
    return out.finish();
  }
  size_t memory_bytes() const override { return counts_.capacity() * sizeof(uint64_t); }

 private:
  bool star_;
  std::vector<uint64_t> counts_;
};

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
      } else if (spec_.kind == AggregateKind::kAvg) {
        TRY_ASSIGN(
            const std::string average,
            type::numeric_divide(to_text(group.sum), to_text(static_cast<Int128>(group.count))));
        out.append_string(average);
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
      out.append_double(spec_.kind == AggregateKind::kAvg
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
      } else if (spec_.kind == AggregateKind::kAvg) {
        TRY_ASSIGN(const std::string average, group.average());
        out.append_string(average);
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

// ---- min and max ----

template <typename Order>
class ExtremeState final : public AggregateState {
 public:
  using T = typename Order::Item;
  using Kept = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

  explicit ExtremeState(const AggregateSpec& spec)
      : spec_(spec), maximum_(spec.kind == AggregateKind::kMax) {}
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

// ---- bool_and and bool_or ----

class BoolState final : public AggregateState {
 public:
  explicit BoolState(bool conjunction) : conjunction_(conjunction) {}
  void resize(size_t groups) override { states_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && states_.empty()) states_.resize(1);
    const Column column = flat(arguments[0]);
    const int64_t* values = column.ints();
    for_each_value(column, groups, rows, [&](size_t row, uint32_t group) {
      states_[group] |= values[row] != 0 ? kSawTrue : kSawFalse;
    });
    return {};
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    const auto& from = static_cast<const BoolState&>(other);
    for (size_t g = 0; g < from.states_.size(); ++g) states_[group_map[g]] |= from.states_[g];
    return {};
  }
  Result<Column> finish() const override {
    ColumnBuilder out({TypeId::kBool}, states_.size());
    for (const uint8_t state : states_) {
      if (state == 0) {
        out.append_null();
      } else {
        out.append_int(conjunction_ ? (state & kSawFalse) == 0 : (state & kSawTrue) != 0);
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return states_.capacity(); }

 private:
  static constexpr uint8_t kSawTrue = 1;
  static constexpr uint8_t kSawFalse = 2;
  bool conjunction_;
  std::vector<uint8_t> states_;
};

// ---- string_agg ----

class StringAggState final : public AggregateState {
 public:
  explicit StringAggState(Type result) : result_(result) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    const Column column = flat(arguments[0]);
    const std::string_view* values = column.strings();
    for_each_value(column, groups, rows, [&](size_t row, uint32_t index) {
      const Column& delimiter = arguments[1];
      append(
          groups_[index],
          delimiter.is_null(row) ? std::string_view() : delimiter.strings()[delimiter.index(row)],
          values[row]);
    });
    return check_length();
  }
  Result<void> merge(const AggregateState& other, const uint32_t* group_map) override {
    for (size_t g = 0; const Group& from : static_cast<const StringAggState&>(other).groups_) {
      if (from.found) append(groups_[group_map[g]], from.first_delimiter, from.text);
      ++g;
    }
    return check_length();
  }
  Result<Column> finish() const override {
    ColumnBuilder out(result_, groups_.size());
    for (const Group& group : groups_) {
      if (group.found) {
        out.append_string(group.text);
      } else {
        out.append_null();
      }
    }
    return out.finish();
  }
  size_t memory_bytes() const override { return groups_.capacity() * sizeof(Group) + heap_bytes_; }

 private:
  struct Group {
    bool found = false;
    std::string first_delimiter;  // Of the first row: written only when another state's text stands
                                  // before it.
    std::string text;
  };
  Result<void> check_length() const {
    if (!too_long_) return {};
    return Error(ErrorCode::kProgramLimit, "requested length too large");
  }
  void append(Group& group, std::string_view delimiter, std::string_view text) {
    if (too_long_ || group.text.size() + delimiter.size() + text.size() > kValueBytesMax) {
      too_long_ = true;
      return;
    }
    if (group.found) {
      group.text += delimiter;
    } else {
      group.first_delimiter = delimiter;
    }
    group.found = true;
    group.text += text;
    heap_bytes_ += delimiter.size() + text.size();
  }

  Type result_;
  std::vector<Group> groups_;
  size_t heap_bytes_ = 0;
  bool too_long_ = false;
};

// ---- DISTINCT ----

// Hands each value of a group on once. A key is the group's number and the value's normalised
// bytes.
class DistinctState final : public AggregateState {
 public:
  DistinctState(const AggregateSpec& spec, std::unique_ptr<AggregateState> inner)
      : spec_(spec), inner_(std::move(inner)) {}
  void resize(size_t groups) override { inner_->resize(groups); }
  Result<void> add(std::span<const Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    const Column column = flat(arguments[0]);
    std::vector<uint32_t> fresh;
    std::vector<uint32_t> fresh_groups;
    std::string key;
    for_each_value(column, groups, rows, [&](size_t row, uint32_t group) {
      make_key(column, row, group, key);
      if (!seen_.insert(key).second) return;
      key_bytes_ += key.size();
      fresh.push_back(static_cast<uint32_t>(row));
      fresh_groups.push_back(group);
    });
    std::vector<Column> values = {column.gather(fresh.data(), fresh.size())};
    for (const Column& more : arguments.subspan(1))
      values.push_back(flat(more).gather(fresh.data(), fresh.size()));
    return inner_->add(values, groups == nullptr ? nullptr : fresh_groups.data(), fresh.size());
  }
  Result<void> merge(const AggregateState&, const uint32_t*) override {
    return Error(ErrorCode::kInternal, "DISTINCT aggregates are not merged");
  }
  Result<Column> finish() const override { return inner_->finish(); }
  size_t memory_bytes() const override {
    constexpr size_t kEntryBytes = 64;  // A hash node with its string.
    return inner_->memory_bytes() + seen_.size() * kEntryBytes + key_bytes_;
  }

 private:
  void make_key(const Column& column, size_t row, uint32_t group, std::string& key) const {
    key.assign(reinterpret_cast<const char*>(&group), sizeof group);
    const auto append = [&](int64_t bits) {
      key.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    };
    switch (physical(spec_.argument.id)) {
      case Physical::kInt64:
        append(column.ints()[row]);
        break;
      case Physical::kDouble:
        append(normalised_double(column.doubles()[row]));
        break;
      case Physical::kString: {
        std::string scratch;
        key += normalised_string(spec_.argument.id, column.strings()[row], scratch);
        break;
      }
      case Physical::kInterval: {
        const IntervalKey length = interval_key(column.intervals()[row]);
        key.append(length.data(), length.size());
        break;
      }
    }
  }

  AggregateSpec spec_;
  std::unique_ptr<AggregateState> inner_;
  std::unordered_set<std::string> seen_;
  size_t key_bytes_ = 0;
};

std::unique_ptr<AggregateState> make_plain(const AggregateSpec& spec) {
  switch (spec.kind) {
    case AggregateKind::kCountStar:
      return std::make_unique<CountState>(true);
    case AggregateKind::kCount:
      return std::make_unique<CountState>(false);
    case AggregateKind::kBoolAnd:
      return std::make_unique<BoolState>(true);
    case AggregateKind::kBoolOr:
      return std::make_unique<BoolState>(false);
    case AggregateKind::kStringAgg:
      return std::make_unique<StringAggState>(spec.result);
    case AggregateKind::kArrayAgg:
      return make_array_agg(spec);
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      if (physical(spec.argument.id) == Physical::kString)
        return std::make_unique<NumericSumState>(spec);
      if (physical(spec.argument.id) == Physical::kDouble)
        return std::make_unique<FloatSumState>(spec);
      if (physical(spec.argument.id) == Physical::kInterval) return make_interval_sum(spec);
      return std::make_unique<IntSumState>(spec);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return with_order(spec.argument.id, [&]<typename Order>() -> std::unique_ptr<AggregateState> {
        return std::make_unique<ExtremeState<Order>>(spec);
      });
  }
  return nullptr;
}

struct AggregateName {
  std::string_view name;
  AggregateKind kind;
};
constexpr AggregateName kAggregates[] = {
    {"count", AggregateKind::kCount},
    {"sum", AggregateKind::kSum},
    {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},
    {"max", AggregateKind::kMax},
    {"bool_and", AggregateKind::kBoolAnd},
    {"every", AggregateKind::kBoolAnd},
    {"bool_or", AggregateKind::kBoolOr},
    {"string_agg", AggregateKind::kStringAgg},
    {"array_agg", AggregateKind::kArrayAgg},
};

const AggregateName* find_aggregate(std::string_view name) {
  for (const AggregateName& aggregate : kAggregates) {
    if (aggregate.name == name) return &aggregate;
  }
  return nullptr;
}

// The argument and result types of one aggregate; false when it does not take the argument.
bool type_sum_or_avg(AggregateSpec& spec) {
  const auto take = [&](TypeId argument) {
    const type::TypeInfo& row = type::type_info(argument);
    spec.result = {spec.kind == AggregateKind::kSum ? row.sum : row.average};
    return spec.result.id != TypeId::kUnknown;
  };
  if (take(spec.argument.id)) return true;
  // Times are summed as intervals.
  for (const type::CastRow& cast : type::type_info(spec.argument.id).casts) {
    if (cast.weakest == type::CastContext::kImplicit && take(cast.to)) {
      spec.argument = {cast.to};
      return true;
    }
  }
  return false;
}

bool type_extreme(AggregateSpec& spec) {
  if (spec.argument.id == TypeId::kUnknown) spec.argument = {TypeId::kText};
  const type::TypeInfo& row = type::type_info(spec.argument.id);
  if (!row.has_extremes) return false;
  spec.argument = spec.result = {row.operators};  // Of char(n): with its blanks.
  return true;
}

bool type_aggregate(AggregateSpec& spec, std::span<const Type> arguments) {
  const size_t wanted = spec.kind == AggregateKind::kStringAgg ? 2 : 1;
  if (arguments.size() != wanted) return false;
  spec.argument = arguments[0];
  switch (spec.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      spec.result = {TypeId::kInt8};
      return true;
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return type_sum_or_avg(spec);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return type_extreme(spec);
    case AggregateKind::kArrayAgg:
      if (spec.argument.id == TypeId::kUnknown) spec.argument = {TypeId::kText};
      spec.result = {type::array_of(spec.argument.id), spec.argument.modifier};
      return !type::is_array(spec.argument.id);
    case AggregateKind::kBoolAnd:
    case AggregateKind::kBoolOr:
      if (spec.argument.id == TypeId::kUnknown) spec.argument = {TypeId::kBool};
      spec.result = {TypeId::kBool};
      return spec.argument.id == TypeId::kBool;
    case AggregateKind::kStringAgg:
      if (spec.argument.id == TypeId::kBytea ||
          (spec.argument.id == TypeId::kUnknown && arguments[1].id == TypeId::kBytea)) {
        spec.argument = spec.result = {TypeId::kBytea};
        return arguments[1].id == TypeId::kBytea || arguments[1].id == TypeId::kUnknown;
      }
      spec.result = {TypeId::kText};
      if (!type::is_text(spec.argument.id) || !type::is_text(arguments[1].id)) return false;
      spec.argument = {TypeId::kText};
      return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<AggregateState> AggregateState::make(const AggregateSpec& spec) {
  auto state = make_plain(spec);
  // The largest of distinct values is the largest of all, and so on.
  const bool matters = spec.kind == AggregateKind::kCount || spec.kind == AggregateKind::kSum ||
                       spec.kind == AggregateKind::kAvg || spec.kind == AggregateKind::kStringAgg ||
                       spec.kind == AggregateKind::kArrayAgg;
  if (!spec.distinct || !matters) return state;
  return std::make_unique<DistinctState>(spec, std::move(state));
}

bool depends_on_order(const AggregateSpec& spec) {
  if (spec.kind == AggregateKind::kStringAgg || spec.kind == AggregateKind::kArrayAgg) return true;
  const bool adds = spec.kind == AggregateKind::kSum || spec.kind == AggregateKind::kAvg;
  return adds && physical(spec.argument.id) == Physical::kDouble;
}

bool is_aggregate(std::string_view name) { return find_aggregate(name) != nullptr; }

Result<AggregateSpec> resolve_aggregate(std::string_view name, std::span<const Type> arguments,
                                        bool star, bool distinct, uint32_t position) {
  const AggregateName* aggregate = find_aggregate(name);
  if (aggregate == nullptr) return no_such_function(name, arguments, position);
  AggregateSpec spec;
  spec.kind = aggregate->kind;
  spec.distinct = distinct;
  if (star) {
    if (spec.kind != AggregateKind::kCount) return no_such_function(name, {}, position);
    if (distinct)
      return Error(ErrorCode::kSyntaxError, "DISTINCT specified, but * has no distinct values")
          .at(position);
    spec.kind = AggregateKind::kCountStar;
    spec.result = {TypeId::kInt8};
    return spec;
  }
  if (spec.kind == AggregateKind::kCount && arguments.empty()) {
    return Error(ErrorCode::kWrongObjectType,
                 "count(*) must be used to call a parameterless aggregate function")
        .at(position);
  }
  if (!type_aggregate(spec, arguments)) {
    const bool ambiguous = arguments.size() == 1 && arguments[0].id == TypeId::kUnknown;
    return ambiguous ? not_unique_function(name, arguments, position)
                     : no_such_function(name, arguments, position);
  }
  if (distinct) TRY(check_groupable(spec.argument, position));
  return spec;
}

}  // namespace rowan::expr
