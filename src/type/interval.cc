#include "type/interval.h"

#include <array>
#include <cmath>
#include <limits>

#include "type/datetime.h"
#include "type/number_text.h"

namespace rowan::type {

namespace {

constexpr int64_t kSecondMicros = 1'000'000;
constexpr int64_t kMinuteMicros = 60 * kSecondMicros;
constexpr int64_t kHourMicros = 60 * kMinuteMicros;
constexpr int64_t kMonthsOfYear = 12;
constexpr int64_t kDaysOfMonth = 30;
constexpr double kSecondsOfDay = 86'400;

Error out_of_range() { return Error(ErrorCode::kDatetimeOutOfRange, "interval out of range"); }
Error timestamp_out_of_range() {
  return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range");
}

bool fits_32(int64_t value) { return value >= INT32_MIN && value <= INT32_MAX; }

uint64_t magnitude(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

// The smallest unit of time that is kept, and the days and months that are not.
struct Kept {
  bool days = true;
  bool months_of_year = true;
  int64_t unit = 1;  // 0: no time at all.
};

Kept kept_by(int32_t fields) {
  if (fields == kAllIntervalFields) return {};
  Kept kept;
  kept.unit = (fields & kIntervalSecond) != 0   ? 1
              : (fields & kIntervalMinute) != 0 ? kMinuteMicros
              : (fields & kIntervalHour) != 0   ? kHourMicros
                                                : 0;
  kept.days = kept.unit != 0 || (fields & kIntervalDay) != 0;
  kept.months_of_year = fields != kIntervalYear;
  return kept;
}

}  // namespace

Result<Interval> interval_from(int64_t months, int64_t days, int64_t micros) {
  if (!fits_32(months) || !fits_32(days)) return out_of_range();
  return Interval{micros, static_cast<int32_t>(days), static_cast<int32_t>(months)};
}

Result<Interval> fit_interval(Interval interval, int32_t modifier) {
  if (modifier < 0) return interval;
  const Kept kept = kept_by(interval_fields(modifier));
  if (!kept.months_of_year) interval.months -= interval.months % static_cast<int32_t>(kMonthsOfYear);
  if (!kept.days) interval.days = 0;
  interval.micros = kept.unit == 0 ? 0 : interval.micros - interval.micros % kept.unit;
  const int32_t digits = modifier & kAllIntervalDigits;
  if (digits < kIntervalDigitsMax) {
    constexpr std::array<int64_t, 6> kUnits = {1'000'000, 100'000, 10'000, 1'000, 100, 10};
    const int64_t unit = kUnits[static_cast<size_t>(digits)];
    const int64_t half = interval.micros < 0 ? -unit / 2 : unit / 2;
    if (__builtin_add_overflow(interval.micros, half, &interval.micros)) return out_of_range();
    interval.micros -= interval.micros % unit;
  }
  return interval;
}

// ---- Output ----

namespace {

// The fields that are shown, each with the sign of what it came from.
struct Shown {
  int64_t years;
  int64_t months;
  int64_t days;
  bool negative_time;
  uint64_t hours;
  uint64_t minutes;
  uint64_t seconds;
  uint64_t fraction;
};

Shown shown_fields(Interval interval) {
  const uint64_t time = magnitude(interval.micros);
  return {interval.months / kMonthsOfYear,
          interval.months % kMonthsOfYear,
          interval.days,
          interval.micros < 0,
          time / kHourMicros,
          time / kMinuteMicros % 60,
          time / kSecondMicros % 60,
          time % kSecondMicros};
}

void append_two_digits(uint64_t value, std::string& out) {
  if (value < 10) out += '0';
  append_integer(static_cast<int64_t>(value), out);
}

void append_fraction(uint64_t micros, std::string& out) {
  if (micros == 0) return;
  std::string digits = std::to_string(micros);
  digits.insert(0, 6 - digits.size(), '0');
  out += '.';
  out.append(digits, 0, digits.find_last_not_of('0') + 1);
}

// One field with its unit. Behind a negative field a positive one has its sign.
void append_part(int64_t value, std::string_view unit, bool& behind_negative, size_t from,
                 std::string& out) {
  if (value == 0) return;
  if (out.size() > from) out += ' ';
  if (behind_negative && value > 0) out += '+';
  append_integer(value, out);
  out += ' ';
  out += unit;
  if (value != 1) out += 's';
  behind_negative = value < 0;
}

void append_iso_part(int64_t value, char unit, std::string& out) {
  if (value == 0) return;
  append_integer(value, out);
  out += unit;
}

}  // namespace

void append_interval(Interval interval, std::string& out) {
  const Shown shown = shown_fields(interval);
  const size_t from = out.size();
  bool behind_negative = false;
  append_part(shown.years, "year", behind_negative, from, out);
  append_part(shown.months, "mon", behind_negative, from, out);
  append_part(shown.days, "day", behind_negative, from, out);
  if (out.size() > from && interval.micros == 0) return;
  if (out.size() > from) out += ' ';
  if (shown.negative_time) {
    out += '-';
  } else if (behind_negative) {
    out += '+';
  }
  append_two_digits(shown.hours, out);
  out += ':';
  append_two_digits(shown.minutes, out);
  out += ':';
  append_two_digits(shown.seconds, out);
  append_fraction(shown.fraction, out);
}

void append_iso_interval(Interval interval, std::string& out) {
  const Shown shown = shown_fields(interval);
  const size_t from = out.size();
  out += 'P';
  append_iso_part(shown.years, 'Y', out);
  append_iso_part(shown.months, 'M', out);
  append_iso_part(shown.days, 'D', out);
  if (interval.micros == 0) {
    if (out.size() == from + 1) out += "T0S";
    return;
  }
  const int64_t sign = shown.negative_time ? -1 : 1;
  out += 'T';
  append_iso_part(sign * static_cast<int64_t>(shown.hours), 'H', out);
  append_iso_part(sign * static_cast<int64_t>(shown.minutes), 'M', out);
  if (shown.seconds != 0 || shown.fraction != 0) {
    if (shown.negative_time) out += '-';
    append_integer(static_cast<int64_t>(shown.seconds), out);
    append_fraction(shown.fraction, out);
    out += 'S';
  }
}

namespace {

// Takes the numbers and units of a stored interval. What it takes is written again and compared, so
// it need not be strict itself.
class IsoReader {
 public:
  explicit IsoReader(std::string_view text) : text_(text) {}

  bool read(Interval& interval) {
    if (!take('P')) return false;
    int64_t months = 0;
    int64_t days = 0;
    int64_t micros = 0;
    bool in_time = false;
    while (at_ < text_.size()) {
      if (!in_time && take('T')) {
        in_time = true;
        continue;
      }
      int64_t value = 0;
      int64_t fraction = 0;
      if (!take_number(value, fraction) || at_ == text_.size()) return false;
      const char unit = text_[at_++];
      if (fraction != 0 && unit != 'S') return false;
      int64_t* part = in_time ? &micros : unit == 'D' ? &days : &months;
      int64_t scale = 1;
      if (in_time) {
        scale = unit == 'H'   ? kHourMicros
                : unit == 'M' ? kMinuteMicros
                : unit == 'S' ? kSecondMicros
                              : 0;
      } else {
        scale = unit == 'Y' ? kMonthsOfYear : unit == 'M' || unit == 'D' ? 1 : 0;
      }
      if (scale == 0 || __builtin_mul_overflow(value, scale, &value) ||
          __builtin_add_overflow(value, fraction, &value) ||
          __builtin_add_overflow(*part, value, part)) {
        return false;
      }
    }
    if (!fits_32(months) || !fits_32(days)) return false;
    interval = {micros, static_cast<int32_t>(days), static_cast<int32_t>(months)};
    return true;
  }

 private:
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_number(int64_t& value, int64_t& fraction) {
    const bool negative = take('-');
    const size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) value = value * 10 + (text_[at_++] - '0');
    if (at_ == first || at_ - first > 10) return false;  // No field has more digits.
    if (take('.')) {
      int64_t unit = kSecondMicros;
      while (at_ < text_.size() && is_digit(text_[at_]) && unit > 1) {
        unit /= 10;
        fraction += (text_[at_++] - '0') * unit;
      }
    }
    value = negative ? -value : value;
    fraction = negative ? -fraction : fraction;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool read_iso_interval(std::string_view text, Interval& interval) {
  constexpr size_t kBytesMax = 80;
  if (text.size() > kBytesMax || !IsoReader(text).read(interval)) return false;
  std::string again;
  append_iso_interval(interval, again);
  return again == text;
}

// ---- Arithmetic ----

Result<Interval> interval_add(Interval a, Interval b) {
  int64_t micros = 0;
  if (__builtin_add_overflow(a.micros, b.micros, &micros)) return out_of_range();
  return interval_from(int64_t{a.months} + b.months, int64_t{a.days} + b.days, micros);
}

Result<Interval> interval_subtract(Interval a, Interval b) {
  int64_t micros = 0;
  if (__builtin_sub_overflow(a.micros, b.micros, &micros)) return out_of_range();
  return interval_from(int64_t{a.months} - b.months, int64_t{a.days} - b.days, micros);
}

Result<Interval> interval_negate(Interval a) { return interval_subtract({}, a); }

namespace {

// PostgreSQL rounds the parts it carries to microseconds, so that 0.1 months are 3 days.
double rounded(double value) { return std::rint(value * 1e6) / 1e6; }

bool fits_32(double value) { return value >= INT32_MIN && value <= INT32_MAX; }

// The fields times a factor, as they come out in double precision.
Result<Interval> scaled(double months, double days, double micros) {
  if (!fits_32(months) || !fits_32(days)) return out_of_range();
  const auto whole_months = static_cast<int32_t>(months);
  int64_t whole_days = static_cast<int32_t>(days);
  const double month_days =
      rounded((months - whole_months) * static_cast<double>(kDaysOfMonth));
  double seconds = rounded((days - static_cast<double>(whole_days) + month_days -
                            static_cast<double>(static_cast<int64_t>(month_days))) *
                           kSecondsOfDay);
  if (std::fabs(seconds) >= kSecondsOfDay) {
    const auto carried = static_cast<int64_t>(seconds / kSecondsOfDay);
    whole_days += carried;
    seconds -= static_cast<double>(carried) * kSecondsOfDay;
  }
  whole_days += static_cast<int64_t>(month_days);
  const double time = std::rint(micros + seconds * static_cast<double>(kSecondMicros));
  constexpr double kEnd = 9223372036854775808.0;
  if (!(time >= -kEnd && time < kEnd)) return out_of_range();
  return interval_from(whole_months, whole_days, static_cast<int64_t>(time));
}

// Whole units out of `from` into `to`, which then have one sign.
template <typename From>
void carry(From& from, int64_t& to, int64_t unit) {
  to += from / unit;
  from -= from / unit * unit;
}
void align(int64_t& large, int64_t& small, int64_t unit) {
  if (large > 0 && small < 0) {
    small += unit;
    --large;
  } else if (large < 0 && small > 0) {
    small -= unit;
    ++large;
  }
}

struct Wide {
  int64_t months;
  int64_t days;
  int64_t micros;
};
Wide widen(Interval a) { return {a.months, a.days, a.micros}; }
Result<Interval> narrow(const Wide& wide) {
  return interval_from(wide.months, wide.days, wide.micros);
}

}  // namespace

Result<Interval> interval_multiply(Interval a, double factor) {
  return scaled(a.months * factor, a.days * factor, static_cast<double>(a.micros) * factor);
}

Result<Interval> interval_divide(Interval a, double divisor) {
  if (divisor == 0) return Error(ErrorCode::kDivisionByZero, "division by zero");
  return scaled(a.months / divisor, a.days / divisor, static_cast<double>(a.micros) / divisor);
}

Result<Interval> justify_hours(Interval a) {
  Wide wide = widen(a);
  carry(wide.micros, wide.days, kMicrosPerDay);
  align(wide.days, wide.micros, kMicrosPerDay);
  return narrow(wide);
}

Result<Interval> justify_days(Interval a) {
  Wide wide = widen(a);
  carry(wide.days, wide.months, kDaysOfMonth);
  align(wide.months, wide.days, kDaysOfMonth);
  return narrow(wide);
}

Result<Interval> justify_interval(Interval a) {
  Wide wide = widen(a);
  carry(wide.micros, wide.days, kMicrosPerDay);
  carry(wide.days, wide.months, kDaysOfMonth);
  if (wide.months > 0 && (wide.days < 0 || (wide.days == 0 && wide.micros < 0))) {
    wide.days += kDaysOfMonth;
    --wide.months;
  } else if (wide.months < 0 && (wide.days > 0 || (wide.days == 0 && wide.micros > 0))) {
    wide.days -= kDaysOfMonth;
    ++wide.months;
  }
  align(wide.days, wide.micros, kMicrosPerDay);
  return narrow(wide);
}

namespace {

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since 2000 and the time of one of them.
Result<int64_t> timestamp_of(int64_t days, int64_t time) {
  int64_t micros = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &micros) ||
      __builtin_add_overflow(micros, time, &micros) || micros < kTimestampMin ||
      micros >= kTimestampEnd) {
    return timestamp_out_of_range();
  }
  return micros;
}

int64_t months_later(int64_t days, int64_t months) {
  const CivilDate date = civil_from_days(days);
  const int64_t month = date.year * kMonthsOfYear + date.month - 1 + months;
  const int64_t year = floor_divide(month, kMonthsOfYear);
  const int month_of_year = static_cast<int>(month - year * kMonthsOfYear) + 1;
  return days_from_civil(year, month_of_year, std::min(date.day, days_in_month(year, month_of_year)));
}

Result<int64_t> moved(int64_t timestamp, int64_t months, int64_t days, int64_t micros) {
  if (!is_finite_timestamp(timestamp)) return timestamp;
  int64_t day = floor_divide(timestamp, kMicrosPerDay);
  const int64_t time = timestamp - day * kMicrosPerDay;
  if (months != 0) {
    day = months_later(day, months);
    TRY(timestamp_of(day, time));
  }
  TRY_ASSIGN(const int64_t start, timestamp_of(day + days, time));
  int64_t result = 0;
  if (__builtin_add_overflow(start, micros, &result) || !is_timestamp_in_range(result) ||
      !is_finite_timestamp(result)) {
    return timestamp_out_of_range();
  }
  return result;
}

}  // namespace

Result<int64_t> timestamp_add(int64_t timestamp, Interval interval) {
  return moved(timestamp, interval.months, interval.days, interval.micros);
}

Result<int64_t> timestamp_subtract(int64_t timestamp, Interval interval) {
  if (interval.micros == INT64_MIN) return timestamp_out_of_range();
  return moved(timestamp, -int64_t{interval.months}, -int64_t{interval.days}, -interval.micros);
}

Result<Interval> timestamp_difference(int64_t a, int64_t b) {
  if (!is_finite_timestamp(a) || !is_finite_timestamp(b)) {
    return Error(ErrorCode::kDatetimeOutOfRange, "cannot subtract infinite timestamps");
  }
  int64_t micros = 0;
  if (__builtin_sub_overflow(a, b, &micros)) return out_of_range();
  return justify_hours({micros, 0, 0});
}

Result<Interval> timestamp_age(int64_t a, int64_t b) {
  if (a < kTimestampMin || b < kTimestampMin) return timestamp_out_of_range();
  const bool negative = a < b;
  const int64_t later = negative ? b : a;
  const int64_t earlier = negative ? a : b;
  const int64_t later_day = floor_divide(later, kMicrosPerDay);
  const int64_t earlier_day = floor_divide(earlier, kMicrosPerDay);
  const CivilDate to = civil_from_days(later_day);
  const CivilDate from = civil_from_days(earlier_day);
  int64_t micros = (later - later_day * kMicrosPerDay) - (earlier - earlier_day * kMicrosPerDay);
  int64_t days = to.day - from.day;
  int64_t months = (to.year - from.year) * kMonthsOfYear + to.month - from.month;
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  // A day that the earlier month has and the later one has not: counted from the earlier month.
  while (days < 0) {
    days += days_in_month(from.year, from.month);
    --months;
  }
  return negative ? interval_from(-months, -days, -micros) : interval_from(months, days, micros);
}

int64_t time_add(int64_t time, int64_t micros) {
  const int64_t moved = (time + micros % kMicrosPerDay) % kMicrosPerDay;
  return moved < 0 ? moved + kMicrosPerDay : moved;
}

}  // namespace rowan::type
