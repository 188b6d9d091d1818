#include "engine/timestamp_series.h"

#include <algorithm>

#include "engine/virtual_rows.h"
#include "type/cast.h"
#include "type/interval.h"

namespace rowan::engine {

namespace {

using type::Type;
using type::TypeId;
using type::Value;

constexpr Type kIntervalType{TypeId::kInterval, -1};

class TimestampRows final : public plan::VirtualRows {
 public:
  TimestampRows(Type type, int64_t from, int64_t to, type::Interval step)
      : type_(type), next_(from), to_(to), step_(step) {}

  Result<bool> next(type::Batch& batch) override {
    type::ColumnBuilder builder(type_, batch_rows_);
    std::vector<int64_t>& values = builder.ints();
    const bool up = type::compare_intervals(step_, {}) > 0;
    while (values.size() < batch_rows_ && (up ? next_ <= to_ : next_ >= to_)) {
      values.push_back(next_);
      TRY_ASSIGN(next_, type::timestamp_add(next_, step_));
    }
    batch.rows = values.size();
    batch.columns = {builder.finish()};
    batch_rows_ = std::min(2 * batch_rows_, kBatchRows);
    return batch.rows > 0;
  }

 private:
  static constexpr size_t kFirstBatchRows = 32;  // For whoever wants only a few.

  const Type type_;
  int64_t next_;
  const int64_t to_;
  const type::Interval step_;
  size_t batch_rows_ = kFirstBatchRows;
};

class TimestampSeries final : public plan::VirtualTable {
 public:
  explicit TimestampSeries(Type type) : columns_{{"generate_series", type}} {}
  const std::vector<plan::OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>& arguments,
                                        const expr::EvalContext& context) const override {
    return all_rows(*this, arguments, context);
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const std::vector<Value>& arguments,
                                                  const expr::EvalContext& context) const override {
    const Type type = columns_[0].type;
    const type::Moment now = context.transaction_time_us;
    const auto read = [&](size_t i, Type to) {
      return type::cast(arguments[i], to, type::CastContext::kExplicit, now);
    };
    TRY_ASSIGN(const Value from, read(0, type));
    TRY_ASSIGN(const Value to, read(1, type));
    TRY_ASSIGN(const Value step, read(2, kIntervalType));
    if (from.is_null() || to.is_null() || step.is_null())
      return std::unique_ptr<plan::VirtualRows>(
          std::make_unique<TimestampRows>(type, 1, 0, type::Interval{1, 0, 0}));
    if (type::compare_intervals(step.as_interval(), {}) == 0)
      return Error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero");
    return std::unique_ptr<plan::VirtualRows>(
        std::make_unique<TimestampRows>(type, from.as_int(), to.as_int(), step.as_interval()));
  }

 private:
  std::vector<plan::OutputColumn> columns_;
};

}  // namespace

std::shared_ptr<const plan::VirtualTable> timestamp_series(
    const std::vector<Type>& arguments) {
  if (arguments.size() != 3) return nullptr;
  const auto is_day = [](Type type) { return type.id == TypeId::kDate || type::is_timestamp(type.id); };
  const auto may_be_day = [&](Type type) { return is_day(type) || type::is_text(type.id); };
  const TypeId step = arguments[2].id;
  if (!may_be_day(arguments[0]) || !may_be_day(arguments[1]) ||
      (!is_day(arguments[0]) && !is_day(arguments[1])) ||
      (step != TypeId::kInterval && !type::is_text(step))) {
    return nullptr;
  }
  // Dates alone are taken for timestamps with a time zone, which PostgreSQL prefers.
  const bool plain = arguments[0].id == TypeId::kTimestamp || arguments[1].id == TypeId::kTimestamp;
  const bool zoned =
      arguments[0].id == TypeId::kTimestamptz || arguments[1].id == TypeId::kTimestamptz;
  const TypeId id = plain && !zoned ? TypeId::kTimestamp : TypeId::kTimestamptz;
  return std::make_shared<TimestampSeries>(Type{id, -1});
}

}  // namespace rowan::engine
