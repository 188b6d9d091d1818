// Intervals: PostgreSQL's arithmetic on months, days and microseconds, and their texts.
//
// Threads: no state. Errors: kDatetimeOutOfRange "interval out of range" where a field leaves its
// integer; PostgreSQL 15 wraps around in some of these places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// ---- Modifiers: which fields an interval keeps, and digits of its seconds, as PostgreSQL packs them ----

inline constexpr int32_t kAllIntervalFields = 0x7fff;
inline constexpr int32_t kAllIntervalDigits = 0xffff;
inline constexpr int32_t kIntervalDigitsMax = 6;
constexpr int32_t interval_field(int bit) { return 1 << bit; }
inline constexpr int32_t kIntervalMonth = interval_field(1);
inline constexpr int32_t kIntervalYear = interval_field(2);
inline constexpr int32_t kIntervalDay = interval_field(3);
inline constexpr int32_t kIntervalHour = interval_field(10);
inline constexpr int32_t kIntervalMinute = interval_field(11);
inline constexpr int32_t kIntervalSecond = interval_field(12);
constexpr int32_t interval_modifier(int32_t fields, int32_t digits) {
  return fields << 16 | digits;
}
constexpr int32_t interval_fields(int32_t modifier) {
  return modifier < 0 ? kAllIntervalFields : modifier >> 16 & kAllIntervalFields;
}
// Cuts off what the modifier leaves out, and rounds seconds to its digits. -1: nothing.
Result<Interval> fit_interval(Interval interval, int32_t modifier);

// ---- Texts ----

// PostgreSQL's input: "1 year 2 mons", "1 day 02:03:04", "1-2", "P1Y2MT3H", "2 hours ago".
// `modifier` says what a number without a unit counts; fitting it is the caller's.
Result<Interval> parse_interval(std::string_view text, int32_t modifier);
// Its output with IntervalStyle postgres: "1 year 2 mons -3 days +04:05:06.7".
void append_interval(Interval interval, std::string& out);
// ISO 8601 as PostgreSQL prints it, "P1Y2M-3DT4H5M6.7S": the form that is stored. Each value has
// one, and read_iso_interval takes no other.
void append_iso_interval(Interval interval, std::string& out);
bool read_iso_interval(std::string_view text, Interval& interval);

// ---- Arithmetic ----

Result<Interval> interval_from(int64_t months, int64_t days, int64_t micros);
Result<Interval> interval_add(Interval a, Interval b);
Result<Interval> interval_subtract(Interval a, Interval b);
Result<Interval> interval_negate(Interval a);
// What of a month or day is no whole one goes to days and time, a month having 30 days.
Result<Interval> interval_multiply(Interval a, double factor);
Result<Interval> interval_divide(Interval a, double divisor);
Result<Interval> justify_hours(Interval a);     // 24 hours are a day.
Result<Interval> justify_days(Interval a);      // 30 days are a month.
Result<Interval> justify_interval(Interval a);  // Both, and all signs alike.

// A timestamp moved by months (to the month's last day at most), then days, then time. Infinities
// stay.
Result<int64_t> timestamp_add(int64_t timestamp, Interval interval);
Result<int64_t> timestamp_subtract(int64_t timestamp, Interval interval);
// In days and time; and in years, months, days and time as a calendar counts them, where PostgreSQL
// takes infinity for the moment at the end of its 64 bits, and refuses -infinity.
Result<Interval> timestamp_difference(int64_t a, int64_t b);
Result<Interval> timestamp_age(int64_t a, int64_t b);
int64_t time_add(int64_t time, int64_t micros);  // Round the clock.

}  // namespace rowan::type
