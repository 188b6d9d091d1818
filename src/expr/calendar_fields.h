// The fields of dates, times and intervals by PostgreSQL's names, for extract, date_part and
// date_trunc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/type.h"

namespace rowan::expr {

enum class CalendarField : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kDow,
  kIsodow,
  kDoy,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kIsoyear,
  kDecade,
  kCentury,
  kMillennium,
  kEpoch,
  kJulian,
  kTimezone,  // Also its hours and minutes: the zone is UTC.
  kNone,      // Known words that are no field of anything.
};

std::optional<CalendarField> find_calendar_field(std::string_view name);
bool is_span_field(std::string_view name);  // One of a length of time too, as `dow` is not.
Error unit_error(std::string_view name, type::TypeId id, bool known);

// A field's value as a decimal: units / 10^scale.
struct Decimal {
  int64_t units = 0;
  int scale = 0;
};
std::string decimal_text(const Decimal& decimal);

}  // namespace rowan::expr
