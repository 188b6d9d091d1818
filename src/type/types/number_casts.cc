// Casts from any number to any other.
#include <cmath>

#include "type/number_text.h"
#include "type/numeric.h"
#include "type/types/parts.h"

namespace rowan::type {

namespace {

Error out_of_range(TypeId id) {
  return Error(ErrorCode::kNumericOutOfRange, plain_type_name(id) + " out of range");
}

Result<int64_t> narrowed(int64_t value, TypeId to) {
  if (value < integer_min(to) || value > integer_max(to)) return out_of_range(to);
  return value;
}

// Floats round to the even neighbour, as rint does; numerics away from zero.
Result<int64_t> float_to_integer(double value, TypeId to) {
  const double rounded = std::rint(value);
  if (!(rounded >= static_cast<double>(integer_min(to)) &&
        rounded < -static_cast<double>(integer_min(to)))) {
    return out_of_range(to);
  }
  return static_cast<int64_t>(rounded);
}

Result<int64_t> numeric_to_integer(const std::string& numeric, TypeId to) {
  auto value = numeric_to_int(numeric);
  if (!value.has_value()) {
    if (value.error().code() == ErrorCode::kNumericOutOfRange) return out_of_range(to);
    const bool nan = numeric == "NaN";
    return Error(ErrorCode::kFeatureNotSupported,
                 std::string(nan ? "cannot convert NaN to " : "cannot convert infinity to ") +
                     plain_type_name(to));
  }
  return narrowed(*value, to);
}

Result<double> to_real(double value) {
  const auto rounded = static_cast<float>(value);
  if (std::isinf(rounded) && !std::isinf(value)) {
    return Error(ErrorCode::kNumericOutOfRange, "value out of range: overflow");
  }
  if (rounded == 0 && value != 0) {
    return Error(ErrorCode::kNumericOutOfRange, "value out of range: underflow");
  }
  return static_cast<double>(rounded);
}

Result<Value> number_to_float(const Value& value, Type to) {
  const TypeId from = value.type().id;
  double result = 0;
  if (is_integer(from)) {
    // Straight to float for real: going through double would round twice.
    result = to.id == TypeId::kFloat4 ? static_cast<double>(static_cast<float>(value.as_int()))
                                      : static_cast<double>(value.as_int());
  } else if (is_float(from)) {
    result = value.as_double();
    if (to.id == TypeId::kFloat4) {
      TRY_ASSIGN(result, to_real(result));
    }
  } else {
    TRY_ASSIGN(result, parse_float(to.id, value.as_string()));
  }
  return Value::of_double(to, result);
}

Result<Value> number_to_integer(const Value& value, Type to) {
  const TypeId from = value.type().id;
  if (is_integer(from)) {
    TRY_ASSIGN(const int64_t result, narrowed(value.as_int(), to.id));
    return Value::of_int(to, result);
  }
  if (is_float(from)) {
    TRY_ASSIGN(const int64_t result, float_to_integer(value.as_double(), to.id));
    return Value::of_int(to, result);
  }
  TRY_ASSIGN(const int64_t result, numeric_to_integer(value.as_string(), to.id));
  return Value::of_int(to, result);
}

Result<Value> number_to_numeric(const Value& value, Type to) {
  const TypeId from = value.type().id;
  std::string text = is_integer(from)          ? numeric_from_int(value.as_int())
                     : from == TypeId::kFloat4 ? numeric_from_float(value.as_double())
                     : from == TypeId::kFloat8 ? numeric_from_double(value.as_double())
                                               : value.as_string();
  if (to.modifier >= 0) {
    TRY_ASSIGN(text, numeric_apply_modifier(text, to));
  }
  return Value::of_string(to, std::move(text));
}

}  // namespace

Result<Value> cast_number(const Value& value, Type to) {
  if (is_float(to.id)) return number_to_float(value, to);
  return is_integer(to.id) ? number_to_integer(value, to) : number_to_numeric(value, to);
}

}  // namespace rowan::type
