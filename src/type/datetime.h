// Dates and times: the proleptic Gregorian calendar and PostgreSQL's ISO text, in and out.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/type.h"

namespace rowan::type {

inline constexpr int64_t kMicrosPerDay = 86'400'000'000;
inline constexpr int64_t kDateInfinity = std::numeric_limits<int32_t>::max();
inline constexpr int64_t kDateMinusInfinity = std::numeric_limits<int32_t>::min();
inline constexpr int64_t kTimestampInfinity = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kTimestampMinusInfinity = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kDateMin = -2'451'545;     // 4714-11-24 BC
inline constexpr int64_t kDateEnd = 2'145'031'949;  // The day after 5874897-12-31.
inline constexpr int64_t kTimestampMin = -211'813'488'000'000'000;
inline constexpr int64_t kTimestampEnd = 9'223'371'331'200'000'000;

struct CivilDate {
  int64_t year;  // Astronomical: 0 is 1 BC.
  int month;
  int day;
};

int64_t days_from_civil(int64_t year, int month, int day);  // Since 2000-01-01.
CivilDate civil_from_days(int64_t days);
int days_in_month(int64_t year, int month);

bool is_finite_date(int64_t days);
bool is_finite_timestamp(int64_t micros);
bool is_date_in_range(int64_t days);  // Infinities count as in range.
bool is_timestamp_in_range(int64_t micros);

constexpr bool is_datetime(TypeId id) {
  return id == TypeId::kDate || id == TypeId::kTime || id == TypeId::kTimestamp ||
         id == TypeId::kTimestamptz;
}

// The time of the transaction, in microseconds since 2000 (UTC), where there is one.
using Moment = std::optional<int64_t>;

// Input text of date, time, timestamp or timestamptz (datetime_input.cc).
Result<int64_t> parse_datetime(TypeId id, std::string_view text, Moment now);
// A time or timestamp with as many digits of its second as the type's modifier says, rounded as
// PostgreSQL does: away from zero, which is midnight or 2000-01-01. Other types stay as they are.
Result<int64_t> to_precision(Type type, int64_t value);
// Whether the text can be read, but as something else tomorrow: 'now', 'today', 'yesterday noon'.
bool depends_on_now(TypeId id, std::string_view text);
void append_datetime(TypeId id, int64_t value, std::string& out);

// The plain form YYYY-MM-DD, ten characters: false when it is not that or no day of the calendar.
bool read_plain_date(const char* text, int64_t& days);
// HH:MM:SS[.f{1,6}] without trailing zeros, whole `text`.
bool read_plain_time(std::string_view text, int64_t& micros);
// YYYY-MM-DD HH:MM:SS[.f] with "+00" for timestamptz: the canonical form of the years 1 to 9999.
bool read_plain_timestamp(TypeId id, std::string_view text, int64_t& micros);

}  // namespace rowan::type
