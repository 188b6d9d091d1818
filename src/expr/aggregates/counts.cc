// count, bool_and, bool_or.
#include "expr/aggregates/values.h"

namespace rowan::expr {
namespace {

// ---- count ----

class CountState final : public AggregateState {
 public:
  explicit CountState(const AggregateSpec& spec) : star_(counts_rows(spec)) {}
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

std::unique_ptr<AggregateState> make_count(const AggregateSpec& spec) {
  return std::make_unique<CountState>(spec);
}

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

template <bool conjunction>
std::unique_ptr<AggregateState> make_bool(const AggregateSpec&) {
  return std::make_unique<BoolState>(conjunction);
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {2803, "count", {}, kInt8, make_count},
    {2147, "count", {Any::kAny}, kInt8, make_count},
    {2517, "bool_and", {kBool}, kBool, make_bool<true>, {.by_count = false}},
    {2519, "every", {kBool}, kBool, make_bool<true>, {.by_count = false}},
    {2518, "bool_or", {kBool}, kBool, make_bool<false>, {.by_count = false}},
};

}  // namespace

constinit const std::span<const Function> kCountAggregates = kRows;

}  // namespace rowan::expr
