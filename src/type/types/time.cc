// time: microseconds since midnight; PostgreSQL's text in lines; keys `h` and the microseconds.
#include <array>

#include "type/interval.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment now) {
  TRY_ASSIGN(const int64_t value, parse_datetime(type.id, text, now));
  return fit_fraction(Value::of_int({type.id}, value), type);
}

std::string shown_with(Type type) {
  return "time" + fraction_digits_text(type) + " without time zone";
}

void write_text(Type type, Datum value, std::string& out) {
  append_datetime(type.id, value.whole, out);
}

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY_ASSIGN(const int64_t micros, read_binary_whole(bytes, 8));
  if (micros < 0 || micros > kMicrosPerDay) {
    return Error(ErrorCode::kDatetimeOutOfRange, "time out of range");
  }
  return fit_fraction(Value::of_int({type.id}, micros), type);
}

Result<Value> to_interval(const Value& value, Type to) {
  TRY_ASSIGN(const Interval fitted, fit_interval({value.as_int(), 0, 0}, to.modifier));
  return Value::of_interval(to, fitted);
}

constexpr std::array kCasts = {CastRow{TypeId::kInterval, CastContext::kImplicit, to_interval}};
constexpr std::array<std::string_view, 2> kSpellings = {"time", "time without time zone"};

}  // namespace

constinit const TypeInfo kTimeType = {
    .id = TypeId::kTime,
    .oid = 1083,
    .array_oid = 1183,
    .name = "time",
    .shown = "time without time zone",
    .spellings = kSpellings,
    .category = 'D',
    .length = 8,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kTime,
    .with_modifiers = with_fraction_digits,
    .shown_with = shown_with,
    .fit = fit_fraction,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<8>,
    .read_json = read_string_element,
    .write_json = write_quoted_element<TypeId::kTime>,
    .write_key = write_lettered_key<'h'>,
    .key_length = lettered_key_length,
    .casts = kCasts,
    .has_extremes = true,
};

}  // namespace rowan::type
