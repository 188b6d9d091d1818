// timestamp and timestamptz: microseconds since 2000-01-01 (in UTC); PostgreSQL's ISO text in lines,
// `+00` behind that of timestamptz; keys `w` and the microseconds.
#include <array>

#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment now) {
  TRY_ASSIGN(const int64_t value, parse_datetime(type.id, text, now));
  return fit_fraction(Value::of_int({type.id}, value), type);
}

std::string shown_with(Type type) {
  return "timestamp" + fraction_digits_text(type) +
         (type.id == TypeId::kTimestamptz ? " with time zone" : " without time zone");
}

void write_text(Type type, Datum value, std::string& out) {
  append_datetime(type.id, value.whole, out);
}

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY_ASSIGN(const int64_t micros, read_binary_whole(bytes, 8));
  if (!is_timestamp_in_range(micros)) {
    return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range");
  }
  return fit_fraction(Value::of_int({type.id}, micros), type);
}

int64_t floor_days(int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

Result<Value> to_date(const Value& value, Type to) {
  const int64_t micros = value.as_int();
  if (!is_finite_timestamp(micros)) {
    return Value::of_int(to, micros == kTimestampInfinity ? kDateInfinity : kDateMinusInfinity);
  }
  return Value::of_int(to, floor_days(micros));
}

Result<Value> to_time(const Value& value, Type to) {
  const int64_t micros = value.as_int();
  if (!is_finite_timestamp(micros)) return Value::null(to);
  return fit_fraction(Value::of_int({to.id}, micros - floor_days(micros) * kMicrosPerDay), to);
}

constexpr std::array<std::string_view, 2> kTimestampSpellings = {"timestamp",
                                                                 "timestamp without time zone"};
constexpr std::array<std::string_view, 2> kTimestamptzSpellings = {"timestamptz",
                                                                   "timestamp with time zone"};
constexpr std::array kTimestampCasts = {
    CastRow{TypeId::kTimestamptz, CastContext::kImplicit, fit_fraction},
    CastRow{TypeId::kDate, CastContext::kAssignment, to_date},
    CastRow{TypeId::kTime, CastContext::kAssignment, to_time},
};
constexpr std::array kTimestamptzCasts = {
    CastRow{TypeId::kTimestamp, CastContext::kAssignment, fit_fraction},
    CastRow{TypeId::kDate, CastContext::kAssignment, to_date},
    CastRow{TypeId::kTime, CastContext::kAssignment, to_time},
};

}  // namespace

constinit const TypeInfo kTimestampType = {
    .id = TypeId::kTimestamp,
    .oid = 1114,
    .array_oid = 1115,
    .name = "timestamp",
    .shown = "timestamp without time zone",
    .spellings = kTimestampSpellings,
    .category = 'D',
    .length = 8,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kTimestamp,
    .with_modifiers = with_fraction_digits,
    .shown_with = shown_with,
    .fit = fit_fraction,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<8>,
    .read_json = read_string_element,
    .write_json = write_quoted_element<TypeId::kTimestamp>,
    .write_key = write_lettered_key<'w'>,
    .key_length = lettered_key_length,
    .casts = kTimestampCasts,
    .has_extremes = true,
};

constinit const TypeInfo kTimestamptzType = {
    .id = TypeId::kTimestamptz,
    .oid = 1184,
    .array_oid = 1185,
    .name = "timestamptz",
    .shown = "timestamp with time zone",
    .spellings = kTimestamptzSpellings,
    .category = 'D',
    .preferred = true,
    .length = 8,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kTimestamp,
    .with_modifiers = with_fraction_digits,
    .shown_with = shown_with,
    .fit = fit_fraction,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<8>,
    .read_json = read_string_element,
    .write_json = write_quoted_element<TypeId::kTimestamptz>,
    .write_key = write_lettered_key<'w'>,
    .key_length = lettered_key_length,
    .casts = kTimestamptzCasts,
    .has_extremes = true,
};

}  // namespace rowan::type
