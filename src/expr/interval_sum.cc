#include "expr/interval_sum.h"

#include "type/interval.h"

namespace rowan::expr {
namespace {

__extension__ typedef __int128 Int128;

// Fields are summed apart and wide, so only a sum that fits no interval fails, whatever the order.
class IntervalSumState final : public AggregateState {
 public:
  explicit IntervalSumState(const AggregateSpec& spec) : spec_(spec) {}
  void resize(size_t groups) override { groups_.resize(groups); }
  Result<void> add(std::span<const type::Column> arguments, const uint32_t* groups,
                   size_t rows) override {
    if (groups == nullptr && groups_.empty()) groups_.resize(1);
    const type::Column& column = arguments[0];
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
  Result<type::Column> finish() const override {
    type::ColumnBuilder out(spec_.result, groups_.size());
    for (const Group& group : groups_) {
      if (group.count == 0) {
        out.append_null();
        continue;
      }
      if (group.micros < INT64_MIN || group.micros > INT64_MAX)
        return Error(ErrorCode::kDatetimeOutOfRange, "interval out of range");
      TRY_ASSIGN(type::Interval sum, type::interval_from(group.months, group.days,
                                                         static_cast<int64_t>(group.micros)));
      if (spec_.kind == AggregateKind::kAvg) {
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

}  // namespace

std::unique_ptr<AggregateState> make_interval_sum(const AggregateSpec& spec) {
  return std::make_unique<IntervalSumState>(spec);
}

}  // namespace rowan::expr
