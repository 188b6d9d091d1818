#include "system/series.h"

#include <algorithm>

#include "base/limits.h"
#include "type/cast.h"
#include "type/interval.h"

namespace rowan::system {

namespace {

using type::Type;
using type::TypeId;
using type::Value;

constexpr Type kIntervalType{TypeId::kInterval, -1};

// How integers go on. A series may pass the largest value of its type.
struct IntegerStep {
  using At = __int128;
  using By = int64_t;
  static constexpr By kOne = 1;
  static By step_of(const Value& value) { return value.as_int(); }
  static int sign(By step) { return step > 0 ? 1 : step < 0 ? -1 : 0; }
  static Result<At> next(At at, By step) { return at + step; }
};

struct TimestampStep {
  using At = int64_t;
  using By = type::Interval;
  static constexpr By kOne{1, 0, 0};
  static By step_of(const Value& value) { return value.as_interval(); }
  static int sign(const By& step) { return type::compare_intervals(step, {}); }
  static Result<At> next(At at, const By& step) { return type::timestamp_add(at, step); }
};

// As many values as are asked for.
template <typename Step>
class SeriesRows final : public plan::VirtualRows {
 public:
  SeriesRows(Type type, int64_t from, int64_t to, typename Step::By step)
      : type_(type), next_(from), to_(to), step_(step) {}

  Result<bool> next(type::Batch& batch) override {
    type::ColumnBuilder builder(type_, batch_rows_);
    std::vector<int64_t>& values = builder.ints();
    const bool up = Step::sign(step_) > 0;
    while (values.size() < batch_rows_ && (up ? next_ <= to_ : next_ >= to_)) {
      values.push_back(static_cast<int64_t>(next_));
      TRY_ASSIGN(next_, Step::next(next_, step_));
    }
    batch.rows = values.size();
    batch.columns = {builder.finish()};
    batch_rows_ = std::min(2 * batch_rows_, kBatchRows);
    return batch.rows > 0;
  }

 private:
  static constexpr size_t kFirstBatchRows = 32;  // For whoever wants only a few.

  const Type type_;
  typename Step::At next_;
  const int64_t to_;
  const typename Step::By step_;
  size_t batch_rows_ = kFirstBatchRows;
};

template <typename Step>
class Series final : public plan::VirtualTable {
 public:
  // Of each argument its type: those of `from` and `to` are the series'.
  Series(Type type, Type step) : columns_{{"generate_series", type}}, step_(step) {}

  const std::vector<plan::OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const Values& arguments,
                                        const expr::EvalContext& context) const override {
    return all_rows(*this, arguments, context);
  }
  Result<std::unique_ptr<plan::VirtualRows>> open(const Values& arguments,
                                                  const expr::EvalContext& context) const override {
    const Type type = columns_[0].type;
    const auto read = [&](size_t i, Type to) {
      return type::cast(arguments[i], to, type::CastContext::kExplicit,
                        context.transaction_time_us);
    };
    TRY_ASSIGN(const Value from, read(0, type));
    TRY_ASSIGN(const Value to, read(1, type));
    bool has_null = from.is_null() || to.is_null();
    typename Step::By step = Step::kOne;
    if (arguments.size() > 2) {
      TRY_ASSIGN(const Value given, read(2, step_));
      has_null = has_null || given.is_null();
      if (!has_null) step = Step::step_of(given);
    }
    if (Step::sign(step) == 0)
      return Error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero");
    return std::unique_ptr<plan::VirtualRows>(std::make_unique<SeriesRows<Step>>(
        type, has_null ? 1 : from.as_int(), has_null ? 0 : to.as_int(), step));
  }

 private:
  std::vector<plan::OutputColumn> columns_;
  Type step_;
};

bool is_day(Type type) { return type.id == TypeId::kDate || type::is_timestamp(type.id); }
bool may_be_day(Type type) { return is_day(type) || type::is_text(type.id); }

TablePtr timestamp_series(const std::vector<Type>& types) {
  const TypeId step = types[2].id;
  if (!may_be_day(types[0]) || !may_be_day(types[1]) || (!is_day(types[0]) && !is_day(types[1])) ||
      (step != TypeId::kInterval && !type::is_text(step))) {
    return nullptr;
  }
  // Dates alone are taken for timestamps with a time zone, which PostgreSQL prefers.
  const bool plain = types[0].id == TypeId::kTimestamp || types[1].id == TypeId::kTimestamp;
  const bool zoned = types[0].id == TypeId::kTimestamptz || types[1].id == TypeId::kTimestamptz;
  const TypeId id = plain && !zoned ? TypeId::kTimestamp : TypeId::kTimestamptz;
  return std::make_shared<Series<TimestampStep>>(Type{id, -1}, kIntervalType);
}

}  // namespace

Result<TablePtr> make_series(Context& /*context*/, const Call& call) {
  const std::vector<Type>& types = call.types;
  const auto is_integer = [](Type type) { return type::is_integer(type.id); };
  if (std::all_of(types.begin(), types.end(), is_integer)) {
    Type type = types[0];
    for (const Type other : types) type = other.id == TypeId::kInt8 ? other : type;
    return TablePtr(std::make_shared<Series<IntegerStep>>(type, kBigintType));
  }
  return types.size() == 3 ? timestamp_series(types) : nullptr;
}

}  // namespace rowan::system
