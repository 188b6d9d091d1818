// Intervals: arithmetic with numbers, dates and times, their fields, and making them.
#include "type/interval.h"

#include <cmath>

#include "expr/calendar_fields.h"
#include "expr/families.h"
#include "expr/kernels.h"
#include "type/datetime.h"
#include "type/numeric.h"
#include "type/type_info.h"

namespace rowan::expr {
namespace {

using type::Interval;
using Intervals = Arg<Interval>;

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kMinuteUs = 60 * kSecondUs;
constexpr int64_t kHourUs = 60 * kMinuteUs;

// ---- Kernels from one function of values ----

template <typename R, typename A, Result<R> (*f)(A)>
Result<Column> unary(const KernelInput& input) {
  return try_map1<R, A>(input, [](A a, R& r) -> Result<void> {
    TRY_ASSIGN(r, f(a));
    return {};
  });
}
template <typename R, typename A, typename B, Result<R> (*f)(A, B)>
Result<Column> binary(const KernelInput& input) {
  return try_map2<R, A, B>(input, [](A a, B b, R& r) -> Result<void> {
    TRY_ASSIGN(r, f(a, b));
    return {};
  });
}
// The same with the arguments the other way round.
template <typename R, typename A, typename B, Result<R> (*f)(A, B)>
Result<Column> turned(const KernelInput& input) {
  return try_map2<R, B, A>(input, [](B b, A a, R& r) -> Result<void> {
    TRY_ASSIGN(r, f(a, b));
    return {};
  });
}

Result<int64_t> date_start(int64_t date) {
  TRY_ASSIGN(const Value start,
             type::cast(Value::of_int({TypeId::kDate}, date), {TypeId::kTimestamp},
                        type::CastContext::kImplicit));
  return start.as_int();
}
Result<int64_t> date_add(int64_t date, Interval interval) {
  TRY_ASSIGN(const int64_t start, date_start(date));
  return type::timestamp_add(start, interval);
}
Result<int64_t> date_subtract(int64_t date, Interval interval) {
  TRY_ASSIGN(const int64_t start, date_start(date));
  return type::timestamp_subtract(start, interval);
}
Result<int64_t> time_add(int64_t time, Interval interval) {
  return type::time_add(time, interval.micros);
}
Result<int64_t> time_subtract(int64_t time, Interval interval) {
  return type::time_add(time, -(interval.micros % type::kMicrosPerDay));
}
Result<Interval> time_difference(int64_t a, int64_t b) { return Interval{a - b, 0, 0}; }

Result<Column> is_finite(const KernelInput& input) {
  return map1<int64_t, Interval>(input, [](Interval) { return int64_t{1}; });
}

// age(t): of the midnight at which today began.
Result<Column> age_today(const KernelInput& input) {
  const int64_t now = input.context->transaction_time_us;
  const int64_t in_day = now % type::kMicrosPerDay;
  const int64_t today = now - (in_day < 0 ? in_day + type::kMicrosPerDay : in_day);
  return try_map1<Interval, int64_t>(input, [today](int64_t a, Interval& r) -> Result<void> {
    TRY_ASSIGN(r, type::timestamp_age(today, a));
    return {};
  });
}

// ---- make_interval(years, months, weeks, days, hours, mins, secs) ----

Result<Interval> made(const int64_t (&parts)[6], double seconds) {
  const Error out_of_range(ErrorCode::kDatetimeOutOfRange, "interval out of range");
  seconds = std::rint(seconds * static_cast<double>(kSecondUs));
  constexpr double kEnd = 9223372036854775808.0;
  if (!(seconds >= -kEnd && seconds < kEnd)) return out_of_range;
  int64_t micros = parts[4] * kHourUs + parts[5] * kMinuteUs;  // Of 32 bits each.
  if (__builtin_add_overflow(micros, static_cast<int64_t>(seconds), &micros)) return out_of_range;
  return type::interval_from(parts[0] * 12 + parts[1], parts[2] * 7 + parts[3], micros);
}

Result<Column> make_interval(const KernelInput& input) {
  auto out = make_fixed<Interval>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = {};
    if (is_null(input, row)) continue;
    int64_t parts[6] = {};
    double seconds = 0;
    for (size_t i = 0; i < input.arguments.size(); ++i) {
      const Column& argument = input.arguments[i];
      if (i < std::size(parts)) {
        parts[i] = argument.ints()[argument.index(row)];
      } else {
        seconds = argument.doubles()[argument.index(row)];
      }
    }
    TRY_ASSIGN(out.data[row], made(parts, seconds));
  }
  return std::move(out.column);
}

// ---- Fields ----

struct Fields {
  int64_t years, months, days, hours, minutes, seconds, micros;
};
Fields fields_of(Interval interval) {
  return {interval.months / 12,
          interval.months % 12,
          interval.days,
          interval.micros / kHourUs,
          interval.micros / kMinuteUs % 60,
          interval.micros / kSecondUs % 60,
          interval.micros % kSecondUs};
}

// Seconds, a year of twelve months having 365.25 days and a month alone 30.
int64_t calendar_seconds(Interval interval) {
  constexpr int64_t kQuarterDay = 86'400 / 4;
  const Fields fields = fields_of(interval);
  return (fields.years * 1461 + fields.months * 120 + fields.days * 4) * kQuarterDay;
}

Result<std::string> epoch_of(Interval interval) {
  const int64_t seconds = calendar_seconds(interval);
  int64_t micros = 0;
  if (!__builtin_mul_overflow(seconds, kSecondUs, &micros) &&
      !__builtin_add_overflow(micros, interval.micros, &micros)) {
    return decimal_text({micros, 6});
  }
  return type::numeric_add(decimal_text({interval.micros, 6}), type::numeric_from_int(seconds));
}

std::optional<Decimal> field_of(CalendarField field, Interval interval) {
  const Fields fields = fields_of(interval);
  switch (field) {
    case CalendarField::kMicrosecond:
      return Decimal{fields.seconds * kSecondUs + fields.micros};
    case CalendarField::kMillisecond:
      return Decimal{fields.seconds * kSecondUs + fields.micros, 3};
    case CalendarField::kSecond:
      return Decimal{fields.seconds * kSecondUs + fields.micros, 6};
    case CalendarField::kMinute:
      return Decimal{fields.minutes};
    case CalendarField::kHour:
      return Decimal{fields.hours};
    case CalendarField::kDay:
      return Decimal{fields.days};
    case CalendarField::kMonth:
      return Decimal{fields.months};
    case CalendarField::kQuarter:
      return Decimal{fields.months / 3 + 1};
    case CalendarField::kYear:
      return Decimal{fields.years};
    case CalendarField::kDecade:
      return Decimal{fields.years / 10};
    case CalendarField::kCentury:
      return Decimal{fields.years / 100};
    case CalendarField::kMillennium:
      return Decimal{fields.years / 1000};
    default:
      return std::nullopt;
  }
}

Result<CalendarField> known_field(std::string_view name) {
  const auto field = find_calendar_field(name);
  if (!field.has_value() || *field == CalendarField::kNone)
    return unit_error(name, TypeId::kInterval, false);
  return *field;
}

Result<Column> extract(const KernelInput& input) {
  const Strings names(input.arguments[0]);
  const Intervals values(input.arguments[1]);
  return map_strings(input, [&](size_t row, StringOutput& out) -> Result<void> {
    TRY_ASSIGN(const CalendarField field, known_field(names[row]));
    if (field == CalendarField::kEpoch) {
      TRY_ASSIGN(const std::string text, epoch_of(values[row]));
      out.set(row, text);
      return {};
    }
    const auto decimal = field_of(field, values[row]);
    if (!decimal.has_value()) return unit_error(names[row], TypeId::kInterval, true);
    out.set(row, decimal_text(*decimal));
    return {};
  });
}

// The same in double precision, in PostgreSQL's order of adding.
Result<void> date_part(std::string_view name, Interval interval, double& r) {
  TRY_ASSIGN(const CalendarField field, known_field(name));
  const Fields fields = fields_of(interval);
  const auto seconds = static_cast<double>(fields.seconds);
  const auto micros = static_cast<double>(fields.micros);
  switch (field) {
    case CalendarField::kMicrosecond:
      r = seconds * 1e6 + micros;
      return {};
    case CalendarField::kMillisecond:
      r = seconds * 1e3 + micros / 1e3;
      return {};
    case CalendarField::kSecond:
      r = seconds + micros / 1e6;
      return {};
    case CalendarField::kEpoch:
      r = static_cast<double>(interval.micros) / 1e6;
      r += 365.25 * 86'400 * static_cast<double>(fields.years);
      r += 30.0 * 86'400 * static_cast<double>(fields.months);
      r += 86'400.0 * static_cast<double>(fields.days);
      return {};
    default:
      break;
  }
  const auto decimal = field_of(field, interval);
  if (!decimal.has_value()) return unit_error(name, TypeId::kInterval, true);
  r = static_cast<double>(decimal->units);
  return {};
}

Result<void> truncate(std::string_view name, Interval interval, Interval& r) {
  const auto field = find_calendar_field(name);
  if (!field.has_value() || !is_span_field(name))
    return unit_error(name, TypeId::kInterval, false);
  const auto years = [&](int64_t unit) {
    const int64_t months = unit * 12;
    r = {0, 0, static_cast<int32_t>(interval.months / months * months)};
  };
  const auto months = [&](int64_t unit) {
    const int64_t of_year = interval.months % 12;
    r = {0, 0, static_cast<int32_t>(interval.months - of_year % unit)};
  };
  const auto time = [&](int64_t unit) {
    r = interval;
    r.micros -= interval.micros % unit;
  };
  switch (*field) {
    case CalendarField::kMillennium:
      years(1000);
      return {};
    case CalendarField::kCentury:
      years(100);
      return {};
    case CalendarField::kDecade:
      years(10);
      return {};
    case CalendarField::kYear:
      years(1);
      return {};
    case CalendarField::kQuarter:
      months(3);
      return {};
    case CalendarField::kMonth:
      months(1);
      return {};
    case CalendarField::kDay:
      r = {0, interval.days, interval.months};
      return {};
    case CalendarField::kHour:
      time(kHourUs);
      return {};
    case CalendarField::kMinute:
      time(kMinuteUs);
      return {};
    case CalendarField::kSecond:
      time(kSecondUs);
      return {};
    case CalendarField::kMillisecond:
      time(1000);
      return {};
    case CalendarField::kMicrosecond:
      time(1);
      return {};
    case CalendarField::kWeek:
      return unit_error(name, TypeId::kInterval, true)
          .with_detail("Months usually have fractional weeks.");
    default:
      return unit_error(name, TypeId::kInterval, true);
  }
}

// ---- date_bin(stride, source, origin) ----

Result<int64_t> binned(Interval stride, int64_t source, int64_t origin) {
  if (!type::is_finite_timestamp(source)) return source;
  const auto failure = [](const char* message) {
    return Error(ErrorCode::kDatetimeOutOfRange, message);
  };
  if (!type::is_finite_timestamp(origin)) return failure("origin out of range");
  if (stride.months != 0) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "timestamps cannot be binned into intervals containing months or years");
  }
  int64_t step = 0;
  int64_t distance = 0;
  if (__builtin_mul_overflow(int64_t{stride.days}, type::kMicrosPerDay, &step) ||
      __builtin_add_overflow(step, stride.micros, &step)) {
    return failure("interval out of range");
  }
  if (step <= 0) return failure("stride must be greater than zero");
  if (__builtin_sub_overflow(source, origin, &distance)) return failure("interval out of range");
  int64_t start = source - distance % step;
  if (distance % step < 0 && __builtin_sub_overflow(start, step, &start))
    return failure("timestamp out of range");
  return start;
}

Result<Column> date_bin(const KernelInput& input) {
  const Intervals strides(input.arguments[0]);
  const Ints sources(input.arguments[1]), origins(input.arguments[2]);
  auto out = make_fixed<int64_t>(input.result_type, input.rows);
  for (size_t row = 0; row < input.rows; ++row) {
    out.data[row] = 0;
    if (is_null(input, row)) continue;
    TRY_ASSIGN(out.data[row], binned(strides[row], sources[row], origins[row]));
  }
  return std::move(out.column);
}

Result<Column> date_part_kernel(const KernelInput& input) {
  return try_map2<double, std::string_view, Interval>(input, date_part);
}
Result<Column> truncate_kernel(const KernelInput& input) {
  return try_map2<Interval, std::string_view, Interval>(input, truncate);
}

// ---- The rows ----

using enum TypeId;

constexpr ArgumentName kMakeInterval[] = {{"years", "0"}, {"months", "0"}, {"weeks", "0"}, {"days", "0"},
                                          {"hours", "0"}, {"mins", "0"},   {"secs", "0"}};

constexpr Function kRows[] = {
    {1336, "-", {kInterval}, kInterval, unary<Interval, Interval, type::interval_negate>},
    {1337, "+", {kInterval, kInterval}, kInterval, binary<Interval, Interval, Interval, type::interval_add>},
    {1338, "-", {kInterval, kInterval}, kInterval, binary<Interval, Interval, Interval, type::interval_subtract>},
    {1583, "*", {kInterval, kFloat8}, kInterval, binary<Interval, Interval, double, type::interval_multiply>},
    {1584, "*", {kFloat8, kInterval}, kInterval, turned<Interval, Interval, double, type::interval_multiply>},
    {1585, "/", {kInterval, kFloat8}, kInterval, binary<Interval, Interval, double, type::interval_divide>},
    {2066, "+", {kTimestamp, kInterval}, kTimestamp, binary<int64_t, int64_t, Interval, type::timestamp_add>},
    {2553, "+", {kInterval, kTimestamp}, kTimestamp, turned<int64_t, int64_t, Interval, type::timestamp_add>},
    {2068, "-", {kTimestamp, kInterval}, kTimestamp, binary<int64_t, int64_t, Interval, type::timestamp_subtract>},
    {2067, "-", {kTimestamp, kTimestamp}, kInterval, binary<Interval, int64_t, int64_t, type::timestamp_difference>},
    {2058, "age", {kTimestamp, kTimestamp}, kInterval, binary<Interval, int64_t, int64_t, type::timestamp_age>},
    {2059, "age", {kTimestamp}, kInterval, age_today, {.volatility = Volatility::kStable}},
    {6177, "date_bin", {kInterval, kTimestamp, kTimestamp}, kTimestamp, date_bin},
    {1327, "+", {kTimestamptz, kInterval}, kTimestamptz, binary<int64_t, int64_t, Interval, type::timestamp_add>},
    {2554, "+", {kInterval, kTimestamptz}, kTimestamptz, turned<int64_t, int64_t, Interval, type::timestamp_add>},
    {1329, "-", {kTimestamptz, kInterval}, kTimestamptz, binary<int64_t, int64_t, Interval, type::timestamp_subtract>},
    {1328, "-", {kTimestamptz, kTimestamptz}, kInterval, binary<Interval, int64_t, int64_t, type::timestamp_difference>},
    {1199, "age", {kTimestamptz, kTimestamptz}, kInterval, binary<Interval, int64_t, int64_t, type::timestamp_age>},
    {1386, "age", {kTimestamptz}, kInterval, age_today, {.volatility = Volatility::kStable}},
    {6178, "date_bin", {kInterval, kTimestamptz, kTimestamptz}, kTimestamptz, date_bin},
    {1076, "+", {kDate, kInterval}, kTimestamp, binary<int64_t, int64_t, Interval, date_add>},
    {2551, "+", {kInterval, kDate}, kTimestamp, turned<int64_t, int64_t, Interval, date_add>},
    {1077, "-", {kDate, kInterval}, kTimestamp, binary<int64_t, int64_t, Interval, date_subtract>},
    {1800, "+", {kTime, kInterval}, kTime, binary<int64_t, int64_t, Interval, time_add>},
    {1849, "+", {kInterval, kTime}, kTime, turned<int64_t, int64_t, Interval, time_add>},
    {1801, "-", {kTime, kInterval}, kTime, binary<int64_t, int64_t, Interval, time_subtract>},
    {1399, "-", {kTime, kTime}, kInterval, binary<Interval, int64_t, int64_t, time_difference>},
    {1175, "justify_hours", {kInterval}, kInterval, unary<Interval, Interval, type::justify_hours>},
    {1295, "justify_days", {kInterval}, kInterval, unary<Interval, Interval, type::justify_days>},
    {2711, "justify_interval", {kInterval}, kInterval, unary<Interval, Interval, type::justify_interval>},
    {1390, "isfinite", {kInterval}, kBool, is_finite},
    {6204, "extract", {kText, kInterval}, kNumeric, extract},
    {1172, "date_part", {kText, kInterval}, kFloat8, date_part_kernel},
    {1218, "date_trunc", {kText, kInterval}, kInterval, truncate_kernel},
    {3464, "make_interval", {kInt4, kInt4, kInt4, kInt4, kInt4, kInt4, kFloat8}, kInterval, make_interval, {.optional = 7, .names = kMakeInterval}},
};

}  // namespace

constinit const std::span<const Function> kIntervalFunctions = kRows;

}  // namespace rowan::expr
