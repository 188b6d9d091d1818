// date: days since 2000-01-01; PostgreSQL's ISO text in lines; keys `d` and the days.
#include <array>

#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment now) {
  TRY_ASSIGN(const int64_t value, parse_datetime(type.id, text, now));
  return Value::of_int(type, value);
}

void write_text(Type type, Datum value, std::string& out) {
  append_datetime(type.id, value.whole, out);
}

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY_ASSIGN(const int64_t days, read_binary_whole(bytes, 4));
  if (!is_date_in_range(days)) {
    return Error(ErrorCode::kDatetimeOutOfRange, "date out of range");
  }
  return Value::of_int(type, days);
}

Result<Value> to_timestamp(const Value& value, Type to) {
  const int64_t days = value.as_int();
  if (!is_finite_date(days)) {
    return Value::of_int(to, days == kDateInfinity ? kTimestampInfinity : kTimestampMinusInfinity);
  }
  if (days >= kTimestampEnd / kMicrosPerDay) {
    return Error(ErrorCode::kDatetimeOutOfRange, "date out of range for timestamp");
  }
  return Value::of_int(to, days * kMicrosPerDay);  // Any number of digits holds a whole day.
}

constexpr std::array<std::string_view, 1> kSpellings = {"date"};
constexpr std::array kCasts = {
    CastRow{TypeId::kTimestamp, CastContext::kImplicit, to_timestamp},
    CastRow{TypeId::kTimestamptz, CastContext::kImplicit, to_timestamp},
};

}  // namespace

constinit const TypeInfo kDateType = {
    .id = TypeId::kDate,
    .oid = 1082,
    .array_oid = 1182,
    .name = "date",
    .shown = "date",
    .spellings = kSpellings,
    .category = 'D',
    .length = 4,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kDate,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<4>,
    .read_json = read_string_element,
    .write_json = write_quoted_element<TypeId::kDate>,
    .write_key = write_lettered_key<'d'>,
    .key_length = lettered_key_length,
    .casts = kCasts,
    .has_extremes = true,
};

}  // namespace rowan::type
