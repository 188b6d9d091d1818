// Dates and times. Days count from 2000-01-01, microseconds from its midnight UTC; the session's
// zone is UTC.
#include <array>
#include <cmath>
#include <optional>

#include "base/clock.h"
#include "expr/calendar_fields.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "type/cast.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::expr {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kMinuteUs = 60 * kSecondUs;
constexpr int64_t kHourUs = 60 * kMinuteUs;
constexpr int64_t kDayUs = 24 * kHourUs;
constexpr int64_t kUnixDays = 10'957;  // 1970-01-01 to 2000-01-01.
constexpr int64_t kUnixUs = kUnixDays * kDayUs;
constexpr int64_t kJulianDay = 2'451'545;  // Of 2000-01-01.

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

struct Civil {
  int64_t year = 2000;  // Astronomical: 0 is 1 BC.
  int month = 1;
  int day = 1;
};

// The calendar repeats every 400 years; years are counted from March, so that leap days come last.
constexpr int64_t kEraDays = 146'097;
constexpr int64_t kMarchShift = 730'425;  // 0000-03-01 to 2000-01-01.

int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = floor_divide(shifted, 400);
  const int64_t year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * kEraDays + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         kMarchShift;
}

Civil civil_from_days(int64_t days) {
  days += kMarchShift;
  const int64_t era = floor_divide(days, kEraDays);
  const int64_t day_of_era = days - era * kEraDays;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

int weekday(int64_t days) {
  return static_cast<int>(((days + 6) % 7 + 7) % 7);
}  // 0 is Sunday; 2000-01-01 was a Saturday.

struct IsoWeek {
  int64_t year;
  int64_t week;
};
IsoWeek iso_week(int64_t days) {
  // The ISO year is that of the week's Thursday.
  const int64_t monday = days - (weekday(days) + 6) % 7;
  const int64_t year = civil_from_days(monday + 3).year;
  return {year, (monday + 3 - days_from_civil(year, 1, 1)) / 7 + 1};
}

// ---- Fields ----

using Field = CalendarField;

// The astronomical year 0 is 1 BC, which PostgreSQL shows as -1.
int64_t shown_year(int64_t year) { return year > 0 ? year : year - 1; }
int64_t period(int64_t year, int64_t length) {
  return year > 0 ? (year + length - 1) / length : -((length - 1 - (year - 1)) / length);
}

std::optional<Decimal> time_field(Field field, int64_t time) {
  switch (field) {
    case Field::kMicrosecond:
      return Decimal{time % kMinuteUs};
    case Field::kMillisecond:
      return Decimal{time % kMinuteUs, 3};
    case Field::kSecond:
      return Decimal{time % kMinuteUs, 6};
    case Field::kMinute:
      return Decimal{time / kMinuteUs % 60};
    case Field::kHour:
      return Decimal{time / kHourUs};
    default:
      return std::nullopt;
  }
}

std::optional<Decimal> date_field(Field field, int64_t days) {
  const Civil civil = civil_from_days(days);
  switch (field) {
    case Field::kDay:
      return Decimal{civil.day};
    case Field::kDow:
      return Decimal{weekday(days)};
    case Field::kIsodow:
      return Decimal{weekday(days) == 0 ? 7 : weekday(days)};
    case Field::kDoy:
      return Decimal{days - days_from_civil(civil.year, 1, 1) + 1};
    case Field::kWeek:
      return Decimal{iso_week(days).week};
    case Field::kMonth:
      return Decimal{civil.month};
    case Field::kQuarter:
      return Decimal{(civil.month - 1) / 3 + 1};
    case Field::kYear:
      return Decimal{shown_year(civil.year)};
    case Field::kIsoyear:
      return Decimal{shown_year(iso_week(days).year)};
    case Field::kDecade:
      return Decimal{floor_divide(civil.year, 10)};
    case Field::kCentury:
      return Decimal{period(civil.year, 100)};
    case Field::kMillennium:
      return Decimal{period(civil.year, 1000)};
    case Field::kJulian:
      return Decimal{days + kJulianDay};
    case Field::kEpoch:
      return Decimal{(days + kUnixDays) * 86'400};
    default:
      return std::nullopt;
  }
}

bool grows_for_ever(Field field) {
  return field == Field::kYear || field == Field::kIsoyear || field == Field::kDecade ||
         field == Field::kCentury || field == Field::kMillennium || field == Field::kEpoch ||
         field == Field::kJulian;
}

std::optional<Decimal> timestamp_field(Field field, int64_t timestamp, bool with_zone) {
  if (field == Field::kTimezone) return with_zone ? std::optional(Decimal{0}) : std::nullopt;
  const int64_t days = floor_divide(timestamp, kDayUs);
  if (const auto decimal = time_field(field, timestamp - days * kDayUs)) return decimal;
  return date_field(field, days);
}

// One field of one value; null: NULL (a field of infinity that has none).
struct Extracted {
  bool null = false;
  std::string text;
};

// The day of a timestamp and, behind the point, how much of it is over.
Result<std::string> julian_date(int64_t timestamp) {
  const int64_t days = floor_divide(timestamp, kDayUs);
  TRY_ASSIGN(const std::string part,
             type::numeric_divide(type::numeric_from_int(timestamp - days * kDayUs),
                                  type::numeric_from_int(kDayUs)));
  return type::numeric_add(type::numeric_from_int(days + kJulianDay), part);
}

// Seconds since 1970. Near the end of time, where their microseconds pass 64 bits, PostgreSQL divides
// and keeps what the quotient's scale holds.
Result<std::string> epoch_seconds(int64_t timestamp) {
  int64_t micros = 0;
  if (!__builtin_add_overflow(timestamp, kUnixUs, &micros)) return decimal_text({micros, 6});
  TRY_ASSIGN(const std::string sum, type::numeric_add(type::numeric_from_int(timestamp),
                                                      type::numeric_from_int(kUnixUs)));
  TRY_ASSIGN(const std::string quotient, type::numeric_divide(sum, "1000000"));
  return type::numeric_round(quotient, 6);
}

Result<Extracted> extract_field(std::string_view name, TypeId id, int64_t value) {
  const auto field = find_calendar_field(name);
  if (!field.has_value()) return unit_error(name, id, false);
  if (*field == Field::kNone) return unit_error(name, id, id != TypeId::kTime);
  const bool is_date = id == TypeId::kDate;
  const bool low = value == (is_date ? INT32_MIN : INT64_MIN);
  const bool high = value == (is_date ? INT32_MAX : INT64_MAX);
  if (id != TypeId::kTime && (low || high)) {
    const bool within_day = *field == Field::kTimezone || time_field(*field, 0).has_value();
    if (is_date && within_day) return unit_error(name, id, true);
    if (!grows_for_ever(*field)) return Extracted{true, {}};
    return Extracted{false, low ? "-Infinity" : "Infinity"};
  }
  const bool is_timestamp = id == TypeId::kTimestamp || id == TypeId::kTimestamptz;
  if (is_timestamp && (*field == Field::kJulian || *field == Field::kEpoch)) {
    TRY_ASSIGN(std::string text,
               *field == Field::kJulian ? julian_date(value) : epoch_seconds(value));
    return Extracted{false, std::move(text)};
  }
  std::optional<Decimal> decimal;
  if (id == TypeId::kTime) {
    decimal = *field == Field::kEpoch ? Decimal{value, 6} : time_field(*field, value);
  } else if (is_date) {
    decimal = date_field(*field, value);
  } else {
    decimal = timestamp_field(*field, value, id == TypeId::kTimestamptz);
  }
  if (!decimal.has_value()) return unit_error(name, id, true);
  return Extracted{false, decimal_text(*decimal)};
}

// EXTRACT: numeric.
template <TypeId id>
Result<Column> extract(const KernelInput& input) {
  const Strings names(input.arguments[0]);
  const Ints values(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const Extracted extracted, extract_field(names[row], id, values[row]));
    if (extracted.null) {
      out.set_null(row);
    } else {
      out.set(row, extracted.text);
    }
    return {};
  });
}

// Fields with a fraction as PostgreSQL computes them in double precision; nullopt: no such field.
std::optional<double> approximate_field(Field field, TypeId id, int64_t value) {
  const int64_t days = id == TypeId::kTime ? 0 : floor_divide(value, kDayUs);
  const int64_t time = value - days * kDayUs;
  const auto seconds = static_cast<double>(time / kSecondUs % 60);
  const auto fraction = static_cast<double>(time % kSecondUs);
  switch (field) {
    case Field::kMicrosecond:
      return seconds * 1e6 + fraction;
    case Field::kMillisecond:
      return seconds * 1e3 + fraction / 1e3;
    case Field::kSecond:
      return seconds + fraction / 1e6;
    case Field::kJulian:
      if (id == TypeId::kTime) return std::nullopt;
      return static_cast<double>(days + kJulianDay) +
             (static_cast<double>(time / kSecondUs) + fraction / 1e6) / 86'400.0;
    case Field::kEpoch: {
      if (id == TypeId::kTime) return static_cast<double>(value) / 1e6;
      int64_t since = 0;
      const bool far = __builtin_add_overflow(value, kUnixUs, &since);
      return (far ? static_cast<double>(value) + static_cast<double>(kUnixUs)
                  : static_cast<double>(since)) /
             1e6;
    }
    default:
      return std::nullopt;
  }
}

Result<std::optional<double>> date_part_of(std::string_view name, TypeId id, int64_t value) {
  const auto field = find_calendar_field(name);
  const bool endless = id != TypeId::kTime && (value == INT64_MIN || value == INT64_MAX);
  if (field.has_value() && !endless) {
    if (const auto part = approximate_field(*field, id, value)) return part;
  }
  TRY_ASSIGN(const Extracted extracted, extract_field(name, id, value));
  if (extracted.null) return std::optional<double>();
  return std::optional<double>(type::numeric_to_double(extracted.text));
}

// The same in double precision.
template <TypeId id>
Result<Column> date_part(const KernelInput& input) {
  const Strings names(input.arguments[0]);
  const Ints values(input.arguments[1]);
  auto out = make_nullable<double>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    TRY_ASSIGN(const std::optional<double> part, date_part_of(names[row], id, values[row]));
    out.data[row] = part.value_or(0);
    out.nulls[row] = part.has_value() ? 0 : 1;
  }
  return std::move(out.column);
}

// Of a date: of the timestamp it begins with.
Result<Column> date_part_of_date(const KernelInput& input) {
  TRY_ASSIGN(Column timestamps, type::cast(input.arguments[1], {TypeId::kTimestamp},
                                           type::CastContext::kImplicit));
  const Column arguments[] = {input.arguments[0], std::move(timestamps)};
  KernelInput inner = input;
  inner.arguments = arguments;
  return date_part<TypeId::kTimestamp>(inner);
}

// ---- date_trunc ----

std::optional<int64_t> truncate_days(Field field, int64_t days) {
  const Civil civil = civil_from_days(days);
  const auto first_year = [&](int64_t length) {  // Centuries start with a year that ends in 1.
    return civil.year > 0 ? (civil.year + length - 1) / length * length - length + 1
                          : -((length - 1 - (civil.year - 1)) / length) * length + 1;
  };
  switch (field) {
    case Field::kDay:
      return days;
    case Field::kWeek:
      return days - (weekday(days) + 6) % 7;
    case Field::kMonth:
      return days_from_civil(civil.year, civil.month, 1);
    case Field::kQuarter:
      return days_from_civil(civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    case Field::kYear:
      return days_from_civil(civil.year, 1, 1);
    case Field::kDecade:
      return days_from_civil(floor_divide(civil.year, 10) * 10, 1, 1);
    case Field::kCentury:
      return days_from_civil(first_year(100), 1, 1);
    case Field::kMillennium:
      return days_from_civil(first_year(1000), 1, 1);
    default:
      return std::nullopt;
  }
}

template <TypeId id>
Result<void> truncate(std::string_view name, int64_t timestamp, int64_t& r) {
  r = timestamp;
  if (timestamp == INT64_MIN || timestamp == INT64_MAX) return {};
  const auto field = find_calendar_field(name);
  if (!field.has_value()) return unit_error(name, id, false);
  int64_t step = 0;
  switch (*field) {
    case Field::kMicrosecond:
      step = 1;
      break;
    case Field::kMillisecond:
      step = 1000;
      break;
    case Field::kSecond:
      step = kSecondUs;
      break;
    case Field::kMinute:
      step = kMinuteUs;
      break;
    case Field::kHour:
      step = kHourUs;
      break;
    default:
      break;
  }
  if (step != 0) {
    r = floor_divide(timestamp, step) * step;
    return {};
  }
  const auto days = truncate_days(*field, floor_divide(timestamp, kDayUs));
  if (!days.has_value()) return unit_error(name, id, *field == Field::kTimezone);
  if (__builtin_mul_overflow(*days, kDayUs, &r))
    return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range");
  return {};
}

template <TypeId id>
Result<Column> date_trunc(const KernelInput& input) {
  return try_map2<int64_t, std::string_view, int64_t>(input, truncate<id>);
}

// ---- Making ----

int days_in_month(int64_t year, int64_t month) {
  const int64_t next =
      month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
  return static_cast<int>(next - days_from_civil(year, month, 1));
}

Result<Column> make_date(const KernelInput& input) {
  const Ints years(input.arguments[0]), months(input.arguments[1]), days(input.arguments[2]);
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    const int64_t month = months[row], day = days[row];
    const int64_t year = years[row] < 0 ? years[row] + 1 : years[row];  // Negative years are BC.
    const bool valid = years[row] != 0 && month >= 1 && month <= 12 && day >= 1 &&
                       day <= days_in_month(year, month);
    if (!valid || years[row] > 5'874'897 || years[row] < -4714) {
      std::string text = "date field value out of range: " + std::to_string(years[row]);
      for (const int64_t part : {month, day}) {
        text += part >= 0 && part < 10 ? "-0" : "-";
        text += std::to_string(part);
      }
      return Error(ErrorCode::kDatetimeOutOfRange, std::move(text));
    }
    out.data[row] = days_from_civil(year, month, day);
  }
  return std::move(out.column);
}

Result<Column> to_timestamp(const KernelInput& input) {
  return try_map1<int64_t, double>(input, [](double seconds, int64_t& r) -> Result<void> {
    if (std::isnan(seconds))
      return Error(ErrorCode::kDatetimeOutOfRange, "timestamp cannot be NaN");
    if (std::isinf(seconds)) {
      r = seconds < 0 ? INT64_MIN : INT64_MAX;
      return {};
    }
    constexpr double kSecondsMax = 9.2e12;
    if (std::fabs(seconds) > kSecondsMax)
      return Error(ErrorCode::kDatetimeOutOfRange,
                   "timestamp out of range: \"" + std::to_string(seconds) + "\"");
    r = static_cast<int64_t>(std::nearbyint((seconds - static_cast<double>(kUnixUs / kSecondUs)) *
                                            static_cast<double>(kSecondUs)));
    return {};
  });
}

template <TypeId id>
Result<Column> is_finite(const KernelInput& input) {
  return map1<int64_t, int64_t>(input, [](int64_t value) {
    return static_cast<int64_t>(id == TypeId::kDate ? value != INT32_MIN && value != INT32_MAX
                                                    : value != INT64_MIN && value != INT64_MAX);
  });
}

// ---- The clock ----

Column of_int(const KernelInput& input, int64_t value) {
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) out.data[row] = value;
  return std::move(out.column);
}

Result<Column> now(const KernelInput& input) {
  return of_int(input, input.context->transaction_time_us);
}
Result<Column> current_date(const KernelInput& input) {
  return of_int(input, floor_divide(input.context->transaction_time_us, kDayUs));
}
Result<Column> current_time(const KernelInput& input) {
  const int64_t time = input.context->transaction_time_us;
  return of_int(input, time - floor_divide(time, kDayUs) * kDayUs);
}
Result<Column> clock_timestamp(const KernelInput& input) {
  return of_int(input, system_clock().now_us() - kUnixUs);
}

// ---- The rows ----

using enum TypeId;

constexpr Traits kStable = {.volatility = Volatility::kStable};

constexpr ArgumentName kMakeDate[] = {{"year"}, {"month"}, {"day"}};

constexpr Function kRows[] = {
    {6199, "extract", {kText, kDate}, kNumeric, extract<kDate>},
    {6200, "extract", {kText, kTime}, kNumeric, extract<kTime>},
    {6202, "extract", {kText, kTimestamp}, kNumeric, extract<kTimestamp>},
    {6203, "extract", {kText, kTimestamptz}, kNumeric, extract<kTimestamptz>},
    {1384, "date_part", {kText, kDate}, kFloat8, date_part_of_date},
    {1385, "date_part", {kText, kTime}, kFloat8, date_part<kTime>},
    {2021, "date_part", {kText, kTimestamp}, kFloat8, date_part<kTimestamp>},
    {1171, "date_part", {kText, kTimestamptz}, kFloat8, date_part<kTimestamptz>},
    {2020, "date_trunc", {kText, kTimestamp}, kTimestamp, date_trunc<kTimestamp>},
    {1217, "date_trunc", {kText, kTimestamptz}, kTimestamptz, date_trunc<kTimestamptz>},
    {3846, "make_date", {kInt4, kInt4, kInt4}, kDate, make_date, {.names = kMakeDate}},
    {1158, "to_timestamp", {kFloat8}, kTimestamptz, to_timestamp},
    {1373, "isfinite", {kDate}, kBool, is_finite<kDate>},
    {2048, "isfinite", {kTimestamp}, kBool, is_finite<kTimestamp>},
    {1389, "isfinite", {kTimestamptz}, kBool, is_finite<kTimestamptz>},
    {1299, "now", {}, kTimestamptz, now, kStable},
    {0, "current_timestamp", {}, kTimestamptz, now, kStable},
    {2647, "transaction_timestamp", {}, kTimestamptz, now, kStable},
    {2648, "statement_timestamp", {}, kTimestamptz, now, kStable},
    {0, "localtimestamp", {}, kTimestamp, now, kStable},
    {0, "current_date", {}, kDate, current_date, kStable},
    {0, "localtime", {}, kTime, current_time, kStable},
    {2649, "clock_timestamp", {}, kTimestamptz, clock_timestamp, {.volatility = Volatility::kVolatile}},
};

}  // namespace

constinit const std::span<const Function> kDatetimeFunctions = kRows;

}  // namespace rowan::expr
