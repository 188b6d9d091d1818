// interval: months, days and microseconds apart; ISO 8601 in lines ("P1Y2M-3DT4.5S"), one text for
// each value. Keys are `i` and the length in microseconds, a month having 30 days, so that intervals
// that compare equal are one key.
#include "type/interval.h"

#include <algorithm>
#include <array>

#include "type/datetime.h"
#include "type/key_codec.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

struct FieldsName {
  std::string_view words;  // Behind "interval ".
  int32_t fields;
};
constexpr std::array kFieldsNames = {
    FieldsName{"year", kIntervalYear},
    FieldsName{"month", kIntervalMonth},
    FieldsName{"day", kIntervalDay},
    FieldsName{"hour", kIntervalHour},
    FieldsName{"minute", kIntervalMinute},
    FieldsName{"second", kIntervalSecond},
    FieldsName{"year to month", kIntervalYear | kIntervalMonth},
    FieldsName{"day to hour", kIntervalDay | kIntervalHour},
    FieldsName{"day to minute", kIntervalDay | kIntervalHour | kIntervalMinute},
    FieldsName{"day to second",
               kIntervalDay | kIntervalHour | kIntervalMinute | kIntervalSecond},
    FieldsName{"hour to minute", kIntervalHour | kIntervalMinute},
    FieldsName{"hour to second", kIntervalHour | kIntervalMinute | kIntervalSecond},
    FieldsName{"minute to second", kIntervalMinute | kIntervalSecond},
};
constexpr std::string_view kName = "interval";

// `interval`, `interval(p)`, `interval day to second(p)`. More digits than there are is all of them.
Result<Type> with_modifiers(TypeId id, std::string_view name, const int32_t* modifiers,
                            size_t count) {
  int32_t fields = kAllIntervalFields;
  const std::string_view words = name.substr(std::min(name.size(), kName.size() + 1));
  for (const FieldsName& known : kFieldsNames) {
    if (known.words == words) fields = known.fields;
  }
  const bool may_have_digits = (fields & kIntervalSecond) != 0;
  if (count > 1 || (count == 1 && !may_have_digits)) {
    return Error(ErrorCode::kInvalidParameterValue, "invalid INTERVAL type modifier");
  }
  if (count == 1 && modifiers[0] < 0) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "INTERVAL(" + std::to_string(modifiers[0]) + ") precision must not be negative");
  }
  if (count == 0) {
    const bool any = fields == kAllIntervalFields;
    return Type{id, any ? -1 : interval_modifier(fields, kAllIntervalDigits)};
  }
  return Type{id, interval_modifier(fields, std::min(modifiers[0], kIntervalDigitsMax))};
}

std::string shown_with(Type type) {
  std::string shown(kName);
  for (const FieldsName& known : kFieldsNames) {
    if (known.fields == interval_fields(type.modifier)) shown.append(" ").append(known.words);
  }
  const int32_t digits = type.modifier & kAllIntervalDigits;
  if (digits != kAllIntervalDigits) shown += "(" + std::to_string(digits) + ")";
  return shown;
}

Result<Value> fit(const Value& value, Type to) {
  TRY_ASSIGN(const Interval fitted, fit_interval(value.as_interval(), to.modifier));
  return Value::of_interval(to, fitted);
}

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY_ASSIGN(const Interval interval, parse_interval(text, type.modifier));
  return fit(Value::of_interval(type, interval), type);
}

void write_text(Type, Datum value, std::string& out) { append_interval(value.interval, out); }

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY(check_binary_length(bytes, sizeof(Interval)));
  TRY_ASSIGN(const int64_t micros, read_binary_whole(bytes.substr(0, 8), 8));
  TRY_ASSIGN(const int64_t days, read_binary_whole(bytes.substr(8, 4), 4));
  TRY_ASSIGN(const int64_t months, read_binary_whole(bytes.substr(12), 4));
  TRY_ASSIGN(const Interval interval, interval_from(months, days, micros));
  return fit(Value::of_interval(type, interval), type);
}

void write_binary(Type, Datum value, std::string& out) {
  put_big_endian(static_cast<uint64_t>(value.interval.micros), 8, out);
  put_big_endian(static_cast<uint64_t>(value.interval.days), 4, out);
  put_big_endian(static_cast<uint64_t>(value.interval.months), 4, out);
}

Result<Value> read_json(Type type, Bytes element) {
  Interval interval{};
  const bool is_plain = element.size() > 2 && element.front() == '"' && element.back() == '"' &&
                        read_iso_interval(element.substr(1, element.size() - 2), interval);
  return is_plain ? Value::of_interval(type, interval) : read_string_element(type, element);
}

void write_json(Datum value, std::string& out) {
  out += '"';
  append_iso_interval(value.interval, out);
  out += '"';
}

// As append_int_key, of a number with up to 22 digits.
void write_key(Datum value, std::string& key) {
  const IntervalLength length = interval_length(value.interval);
  const bool negative = length < 0;
  __extension__ unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(length) : static_cast<unsigned __int128>(length);
  std::array<char, 40> buffer;
  size_t at = buffer.size();
  do {
    const int digit = static_cast<int>(rest % 10);
    buffer[--at] = static_cast<char>(negative ? '9' - digit : '0' + digit);
    rest /= 10;
  } while (rest != 0);
  const auto count = static_cast<int>(buffer.size() - at);
  key += 'i';
  if (negative) key += '1';
  key += static_cast<char>(negative ? 'z' - count : 'a' + count - 1);
  key.append(buffer.data() + at, static_cast<size_t>(count));
}

// The part of an interval within a day.
Result<Value> to_time(const Value& value, Type to) {
  return Value::of_int(to, time_add(0, value.as_interval().micros));
}

constexpr std::array<std::string_view, 14> kSpellings = {
    "interval",
    "interval year",
    "interval month",
    "interval day",
    "interval hour",
    "interval minute",
    "interval second",
    "interval year to month",
    "interval day to hour",
    "interval day to minute",
    "interval day to second",
    "interval hour to minute",
    "interval hour to second",
    "interval minute to second",
};
constexpr std::array kCasts = {CastRow{TypeId::kTime, CastContext::kAssignment, to_time}};

}  // namespace

constinit const TypeInfo kIntervalType = {
    .id = TypeId::kInterval,
    .oid = 1186,
    .array_oid = 1187,
    .name = "interval",
    .shown = "interval",
    .spellings = kSpellings,
    .category = 'T',
    .preferred = true,
    .length = 16,
    .physical = Physical::kInterval,
    .order = Order::kInterval,
    .shape = Shape::kInterval,
    .with_modifiers = with_modifiers,
    .shown_with = shown_with,
    .fit = fit,
    .read_text = read_text,
    .write_text = write_text,
    .modifier_guides_text = true,
    .read_binary = read_binary,
    .write_binary = write_binary,
    .read_json = read_json,
    .write_json = write_json,
    .write_key = write_key,
    .key_length = lettered_key_length,
    .casts = kCasts,
    .sum = TypeId::kInterval,
    .average = TypeId::kInterval,
    .has_extremes = true,
};

}  // namespace rowan::type
