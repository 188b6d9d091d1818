#include "type/cast.h"

#include <cmath>
#include <limits>
#include <optional>

#include "type/datetime.h"
#include "type/number_text.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::type {

namespace {

bool is_float(TypeId id) { return id == TypeId::kFloat4 || id == TypeId::kFloat8; }
bool is_timestamp(TypeId id) { return id == TypeId::kTimestamp || id == TypeId::kTimestamptz; }

// Numbers widen by themselves and narrow on assignment; rank orders them from narrow to wide.
int number_rank(TypeId id) {
  switch (id) {
    case TypeId::kInt2:
      return 1;
    case TypeId::kInt4:
      return 2;
    case TypeId::kInt8:
      return 3;
    case TypeId::kNumeric:
      return 4;
    case TypeId::kFloat4:
      return 5;
    case TypeId::kFloat8:
      return 6;
    default:
      return 0;
  }
}

// The weakest context in which a cast applies; none when there is no cast.
std::optional<CastContext> weakest_context(TypeId from, TypeId to) {
  if (from == to || from == TypeId::kUnknown) {
    return CastContext::kImplicit;
  }
  if (is_number(from) && is_number(to)) {
    return number_rank(from) < number_rank(to) ? CastContext::kImplicit : CastContext::kAssignment;
  }
  if (is_text(from)) {
    // Among texts freely; into anything else by its input text, when asked for.
    return is_text(to) ? CastContext::kImplicit : CastContext::kExplicit;
  }
  if (is_text(to)) {
    return CastContext::kAssignment;
  }
  if ((from == TypeId::kBool && to == TypeId::kInt4) ||
      (from == TypeId::kInt4 && to == TypeId::kBool)) {
    return CastContext::kExplicit;
  }
  if (from == TypeId::kDate && is_timestamp(to)) {
    return CastContext::kImplicit;
  }
  if (is_timestamp(from)) {
    if (is_timestamp(to)) {
      return from == TypeId::kTimestamp ? CastContext::kImplicit : CastContext::kAssignment;
    }
    return to == TypeId::kDate || to == TypeId::kTime ? std::optional(CastContext::kAssignment)
                                                      : std::nullopt;
  }
  if ((from == TypeId::kJson && to == TypeId::kJsonb) ||
      (from == TypeId::kJsonb && to == TypeId::kJson)) {
    return CastContext::kAssignment;
  }
  if (from == TypeId::kJsonb && (is_number(to) || to == TypeId::kBool)) {
    return CastContext::kExplicit;
  }
  return std::nullopt;
}

std::string short_name(TypeId id) {
  return id == TypeId::kChar ? "character" : type_name({id, -1});
}

Error out_of_range(TypeId id) {
  return Error(ErrorCode::kNumericOutOfRange, short_name(id) + " out of range");
}

Error cannot_cast(Type from, Type to) {
  return Error(ErrorCode::kCannotCoerce,
               "cannot cast type " + short_name(from.id) + " to " + short_name(to.id));
}

Result<int64_t> narrowed(int64_t value, TypeId to) {
  if (value < integer_min(to) || value > integer_max(to)) {
    return out_of_range(to);
  }
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
    if (value.error().code() == ErrorCode::kNumericOutOfRange) {
      return out_of_range(to);
    }
    const bool nan = numeric == "NaN";
    return Error(ErrorCode::kFeatureNotSupported,
                 std::string(nan ? "cannot convert NaN to " : "cannot convert infinity to ") +
                     short_name(to));
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

Result<Value> number_to_number(const Value& value, Type to) {
  if (is_float(to.id)) {
    return number_to_float(value, to);
  }
  return is_integer(to.id) ? number_to_integer(value, to) : number_to_numeric(value, to);
}

// Cuts to n characters; an explicit cast cuts anything, the others only blanks. A char without n
// keeps the blanks it was given, until it is assigned: what is stored has none (T8).
Result<Value> text_to_text(std::string text, Type to, CastContext context) {
  if (to.id == TypeId::kChar && to.modifier < 0 && context != CastContext::kAssignment) {
    return Value::of_string(to, std::move(text));
  }
  if (context == CastContext::kExplicit && to.modifier >= 0 && to.id != TypeId::kText) {
    size_t at = 0;
    for (int32_t characters = 0; at < text.size(); ++at) {
      if ((text[at] & 0xc0) != 0x80 && characters++ == to.modifier) {
        break;
      }
    }
    text.resize(at);
  }
  return parse_text(to, text);
}

// As the casts to text and its kin spell a value.
std::string cast_text(const Value& value, TypeId to) {
  if (value.type().id == TypeId::kBool) {
    return value.as_int() != 0 ? "true"
                               : "false";  // The cast spells it out; the output function does not.
  }
  if (value.type().id == TypeId::kChar && to != TypeId::kChar) {
    return std::string(without_padding(value.as_string()));
  }
  return to_text(value);
}

int64_t floor_days(int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

Result<Value> date_to_timestamp(int64_t days, Type to) {
  if (!is_finite_date(days)) {
    return Value::of_int(to, days == kDateInfinity ? kTimestampInfinity : kTimestampMinusInfinity);
  }
  if (days >= kTimestampEnd / kMicrosPerDay) {
    return Error(ErrorCode::kDatetimeOutOfRange, "date out of range for timestamp");
  }
  return Value::of_int(to, days * kMicrosPerDay);
}

Result<Value> timestamp_to(int64_t micros, Type to) {
  if (is_timestamp(to.id)) {
    TRY_ASSIGN(micros, to_precision(to, micros));
    return Value::of_int(to, micros);
  }
  if (to.id == TypeId::kDate) {
    if (!is_finite_timestamp(micros)) {
      return Value::of_int(to, micros == kTimestampInfinity ? kDateInfinity : kDateMinusInfinity);
    }
    return Value::of_int(to, floor_days(micros));
  }
  if (!is_finite_timestamp(micros)) {
    return Value::null(to);
  }
  TRY_ASSIGN(const int64_t time, to_precision(to, micros - floor_days(micros) * kMicrosPerDay));
  return Value::of_int(to, time);
}

Result<Value> jsonb_to_scalar(const Value& value, Type to) {
  const std::string& text = value.as_string();
  const char first = text.front();
  const bool boolean = first == 't' || first == 'f';
  const bool number = first == '-' || is_digit(first);
  if (to.id == TypeId::kBool ? boolean : number) {
    if (boolean) {
      return Value::of_int(to, first == 't' ? 1 : 0);
    }
    return number_to_number(Value::of_string({TypeId::kNumeric, -1}, text), to);
  }
  const std::string kind = first == '{'   ? "object"
                           : first == '[' ? "array"
                           : first == '"' ? "string"
                           : number       ? "numeric"
                           : boolean      ? "boolean"
                                          : "null";
  return Error(ErrorCode::kInvalidParameterValue,
               "cannot cast jsonb " + kind + " to type " + short_name(to.id));
}

}  // namespace

bool can_cast(TypeId from, TypeId to, CastContext context) {
  const auto weakest = weakest_context(from, to);
  return weakest.has_value() && *weakest <= context;
}

Result<Value> cast(const Value& value, Type to, CastContext context, Moment now) {
  const Type from = value.type();
  if (!can_cast(from.id, to.id, context)) {
    return cannot_cast(from, to);
  }
  if (value.is_null()) {
    return Value::null(to);
  }
  if (is_number(from.id) && is_number(to.id)) {
    return number_to_number(value, to);
  }
  if (is_text(to.id)) {
    return text_to_text(cast_text(value, to.id), to, context);
  }
  if (is_text(from.id)) {
    return parse_text(to, to_text(value), now);  // char(n) with its blanks.
  }
  if (from.id == TypeId::kDate && is_timestamp(to.id)) {
    return date_to_timestamp(value.as_int(), to);
  }
  if (is_timestamp(from.id)) {
    return timestamp_to(value.as_int(), to);
  }
  if (from.id == TypeId::kJsonb && (is_number(to.id) || to.id == TypeId::kBool)) {
    return jsonb_to_scalar(value, to);
  }
  if (to.id == TypeId::kBool) {
    return Value::of_int(to, value.as_int() != 0 ? 1 : 0);
  }
  if (to.id == TypeId::kJson || (to.id == TypeId::kJsonb && from.id != TypeId::kJsonb)) {
    return parse_text(to, value.as_string());
  }
  // What is left keeps its physical form: a type into itself, boolean into integer.
  switch (physical(to.id)) {
    case Physical::kInt64: {
      TRY_ASSIGN(const int64_t fitted, to_precision(to, value.as_int()));
      return Value::of_int(to, fitted);
    }
    case Physical::kDouble:
      return Value::of_double(to, value.as_double());
    case Physical::kString:
      return Value::of_string(to, value.as_string());
  }
  return cannot_cast(from, to);
}

namespace {

// Casts that leave every physical value as it is share the column's data.
bool keeps_values(Type from, Type to) {
  if (from == to) {
    return true;
  }
  const bool widens =
      is_integer(from.id) && is_integer(to.id) && number_rank(from.id) <= number_rank(to.id);
  const bool frees_text = is_text(from.id) && !(from.id == TypeId::kChar && from.modifier < 0) &&
                          (to.id == TypeId::kText || to.id == TypeId::kVarchar) && to.modifier < 0;
  const bool frees_numeric =
      from.id == TypeId::kNumeric && to.id == TypeId::kNumeric && to.modifier < 0;
  const bool frees_time = from.id == to.id && is_datetime(to.id) && to.modifier < 0;
  return widens || frees_text || frees_numeric || frees_time ||
         (from.id == TypeId::kFloat4 && to.id == TypeId::kFloat8);
}

Column integers_to_doubles(const Column& column, Type to) {
  ColumnBuilder builder(to, column.size);
  auto& doubles = builder.doubles();
  doubles.resize(column.size);
  const int64_t* ints = column.ints();
  for (size_t i = 0; i < column.size; ++i) {
    doubles[i] = static_cast<double>(ints[i]);
  }
  if (column.nulls != nullptr) {
    builder.nulls().assign(column.nulls, column.nulls + column.size);
  }
  return builder.finish();
}

}  // namespace

Result<Column> cast(const Column& column, Type to, CastContext context, Moment now) {
  if (!can_cast(column.type.id, to.id, context)) {
    return cannot_cast(column.type, to);
  }
  const bool strips = to.id == TypeId::kChar && context == CastContext::kAssignment;
  if (keeps_values(column.type, to) && !strips) {
    Column result = column;
    result.type = to;
    return result;
  }
  if (column.constant) {
    if (column.size == 0) {
      return Column::of_constant(Value::null(to), 0);
    }
    TRY_ASSIGN(const Value value, cast(column.value(0), to, context, now));
    return Column::of_constant(value, column.size);
  }
  if (is_integer(column.type.id) && to.id == TypeId::kFloat8) {
    return integers_to_doubles(column, to);
  }
  ColumnBuilder builder(to, column.size);
  for (size_t i = 0; i < column.size; ++i) {
    if (column.is_null(i)) {
      builder.append_null();
      continue;
    }
    TRY_ASSIGN(const Value value, cast(column.value(i), to, context, now));
    builder.append(value);
  }
  return builder.finish();
}

}  // namespace rowan::type
