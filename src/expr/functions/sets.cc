// Functions that give rows: generate_series, unnest, generate_subscripts.
#include <algorithm>

#include "expr/families.h"
#include "expr/kernels.h"
#include "type/array.h"
#include "type/interval.h"

namespace rowan::expr {
namespace {

using type::Batch;

constexpr size_t kFirstBatchRows = 32;  // For whoever wants only a few.
constexpr size_t kBatchRowsMax = 8192;

Error zero_step() {
  return Error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero");
}

// ---- generate_series ----

// As many values as are asked for.
class IntSeries final : public SetRows {
 public:
  IntSeries(Type type, int64_t from, int64_t to, int64_t step)
      : type_(type), next_(from), to_(to), step_(step) {}

  Result<bool> next(Batch& batch) override {
    type::ColumnBuilder builder(type_, batch_rows_);
    std::vector<int64_t>& values = builder.ints();
    for (; values.size() < batch_rows_ && (step_ > 0 ? next_ <= to_ : next_ >= to_); next_ += step_)
      values.push_back(static_cast<int64_t>(next_));
    batch.rows = values.size();
    batch.columns = {builder.finish()};
    batch_rows_ = std::min(2 * batch_rows_, kBatchRowsMax);
    return batch.rows > 0;
  }

 private:
  const Type type_;
  __extension__ __int128 next_;  // It may pass the largest value of its type.
  const int64_t to_;
  const int64_t step_;
  size_t batch_rows_ = kFirstBatchRows;
};

Result<std::unique_ptr<SetRows>> int_series(const SetInput& input) {
  const auto& arguments = input.arguments;
  const int64_t step = arguments.size() < 3 ? 1 : arguments[2].as_int();
  if (step == 0) return zero_step();
  return std::unique_ptr<SetRows>(std::make_unique<IntSeries>(
      input.results[0], arguments[0].as_int(), arguments[1].as_int(), step));
}

class TimestampSeries final : public SetRows {
 public:
  TimestampSeries(Type type, int64_t from, int64_t to, type::Interval step)
      : type_(type), next_(from), to_(to), step_(step) {}

  Result<bool> next(Batch& batch) override {
    type::ColumnBuilder builder(type_, batch_rows_);
    std::vector<int64_t>& values = builder.ints();
    const bool up = type::compare_intervals(step_, {}) > 0;
    while (values.size() < batch_rows_ && (up ? next_ <= to_ : next_ >= to_)) {
      values.push_back(next_);
      TRY_ASSIGN(next_, type::timestamp_add(next_, step_));
    }
    batch.rows = values.size();
    batch.columns = {builder.finish()};
    batch_rows_ = std::min(2 * batch_rows_, kBatchRowsMax);
    return batch.rows > 0;
  }

 private:
  const Type type_;
  int64_t next_;
  const int64_t to_;
  const type::Interval step_;
  size_t batch_rows_ = kFirstBatchRows;
};

Result<std::unique_ptr<SetRows>> timestamp_series(const SetInput& input) {
  const type::Interval step = input.arguments[2].as_interval();
  if (type::compare_intervals(step, {}) == 0) return zero_step();
  return std::unique_ptr<SetRows>(std::make_unique<TimestampSeries>(
      input.results[0], input.arguments[0].as_int(), input.arguments[1].as_int(), step));
}

// ---- unnest ----

class Elements final : public SetRows {
 public:
  Elements(Type type, std::string array) : type_(type), array_(std::move(array)), reader_(array_) {}

  Result<bool> next(Batch& batch) override {
    type::ColumnBuilder builder(type_);
    while (!reader_.at_end() && builder.size() < kBatchRowsMax) {
      if (const auto value = reader_.next()) {
        builder.append_datum(*value);
      } else {
        builder.append_null();
      }
    }
    batch.rows = builder.size();
    batch.columns = {builder.finish()};
    return batch.rows > 0;
  }

 private:
  const Type type_;
  const std::string array_;
  type::ArrayReader reader_;
};

Result<std::unique_ptr<SetRows>> unnest(const SetInput& input) {
  return std::unique_ptr<SetRows>(
      std::make_unique<Elements>(input.results[0], input.arguments[0].as_string()));
}

// ---- generate_subscripts ----

Result<std::unique_ptr<SetRows>> subscripts(const SetInput& input) {
  const auto size = input.arguments[1].as_int() == 1
                        ? static_cast<int64_t>(type::array_size(input.arguments[0].as_string()))
                        : 0;
  const bool backward = input.arguments.size() > 2 && input.arguments[2].as_int() != 0;
  return std::unique_ptr<SetRows>(backward
                                      ? std::make_unique<IntSeries>(input.results[0], size, 1, -1)
                                      : std::make_unique<IntSeries>(input.results[0], 1, size, 1));
}

// ---- The rows ----

using enum TypeId;

constexpr Function kRows[] = {
    {1067, "generate_series", {kInt4, kInt4}, kInt4, int_series},
    {1066, "generate_series", {kInt4, kInt4, kInt4}, kInt4, int_series},
    {1069, "generate_series", {kInt8, kInt8}, kInt8, int_series},
    {1068, "generate_series", {kInt8, kInt8, kInt8}, kInt8, int_series},
    {938, "generate_series", {kTimestamp, kTimestamp, kInterval}, kTimestamp, timestamp_series},
    {939, "generate_series", {kTimestamptz, kTimestamptz, kInterval}, kTimestamptz, timestamp_series, {.volatility = Volatility::kStable}},
    {2331, "unnest", {Any::kArray}, Any::kElement, unnest},
    {1192, "generate_subscripts", {Any::kArray, kInt4}, kInt4, subscripts},
    {1191, "generate_subscripts", {Any::kArray, kInt4, kBool}, kInt4, subscripts},
};

}  // namespace

constinit const std::span<const Function> kSetFunctions = kRows;

}  // namespace rowan::expr
