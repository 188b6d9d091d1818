// The words that stand in dates and times: months, weekdays, units, zones. An inner part of
// datetime_input.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowan::type {

enum class WordKind : uint8_t {
  kUnknown,
  kIgnored,       // "at", "on"
  kMonth,         // 1 to 12
  kWeekday,
  kUnit,          // DateUnit: what the number behind it counts
  kTimeMark,      // ISO's T
  kHalfDay,       // 0: AM, 1: PM
  kEra,           // 0: AD, 1: BC
  kDaylight,      // "dst" behind a zone
  kZone,          // minutes east of Greenwich
  kDaylightZone,  // the same, of a summer time
  kMovedZone,     // a zone whose distance depends on the date
  kNamedDay,      // NamedDay
};

enum class DateUnit : uint8_t {
  kNone,
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kJulianDay,
  kTime,
  kOther,  // Known, but of no use in a date.
};

enum class NamedDay : uint8_t {
  kNow,
  kToday,
  kTomorrow,
  kYesterday,
  kMidnight,  // "allballs"
  kEpoch,
  kEnd,
  kBeginning,
};

struct Word {
  WordKind kind = WordKind::kUnknown;
  int value = 0;
};

// Words are in lower case.
Word find_date_word(std::string_view word);          // All but zones.
Word find_zone_abbreviation(std::string_view word);  // Those of PostgreSQL's set "Default".
bool is_utc_name(std::string_view name);             // "etc/utc", "greenwich"
bool is_zone_name(std::string_view word);            // "japan": a name of letters alone.

}  // namespace rowan::type
