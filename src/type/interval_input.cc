// Reading intervals as PostgreSQL 15 reads them: the text is cut into fields (datetime_fields), which
// are taken from right to left, since a unit stands behind its number. What is no such text may be
// ISO 8601's.
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "type/datetime.h"
#include "type/datetime_fields.h"
#include "type/interval.h"
#include "type/interval_units.h"
#include "type/number_text.h"

namespace rowan::type {

namespace {

constexpr int64_t kSecondMicros = 1'000'000;
constexpr int64_t kMinuteMicros = 60 * kSecondMicros;
constexpr int64_t kHourMicros = 60 * kMinuteMicros;

using Unit = IntervalUnit;

// What a number without a unit counts: the smallest field that the modifier keeps.
Unit last_unit(int32_t fields) {
  if (fields == kAllIntervalFields || (fields & kIntervalSecond) != 0) return Unit::kSecond;
  if ((fields & kIntervalMinute) != 0) return Unit::kMinute;
  if ((fields & kIntervalHour) != 0) return Unit::kHour;
  if ((fields & kIntervalDay) != 0) return Unit::kDay;
  return (fields & kIntervalMonth) != 0 ? Unit::kMonth : Unit::kYear;
}

// The parts of an interval on their way, as wide as PostgreSQL keeps them: years apart from months.
class Sum {
 public:
  // Each: false when a part leaves its integer. A fraction is below one.
  bool add_time(int64_t value, double fraction, int64_t unit) {
    int64_t micros = 0;
    return !__builtin_mul_overflow(value, unit, &micros) &&
           !__builtin_add_overflow(micros_, micros, &micros_) && add_part(fraction, unit);
  }
  bool add_days(int64_t value, double fraction, int32_t days) {
    return add_scaled(value, days, days_) && add_days_part(fraction, days);
  }
  bool add_months(int64_t value, double fraction) {
    constexpr int32_t kDaysOfMonth = 30;
    return add_scaled(value, 1, months_) && add_days_part(fraction, kDaysOfMonth);
  }
  bool add_years(int64_t value, double fraction, int32_t years) {
    const auto months = static_cast<int32_t>(std::rint(fraction * years * 12));
    return add_scaled(value, years, years_) && !__builtin_add_overflow(months_, months, &months_);
  }
  bool add_part(double fraction, int64_t unit) {
    fraction *= static_cast<double>(unit);
    auto micros = static_cast<int64_t>(fraction);
    fraction -= static_cast<double>(micros);
    micros += fraction > 0.5 ? 1 : fraction < -0.5 ? -1 : 0;
    return !__builtin_add_overflow(micros_, micros, &micros_);
  }
  void set_time(int64_t micros) { micros_ = micros; }

  bool negate() {
    if (micros_ == INT64_MIN || days_ == INT32_MIN || months_ == INT32_MIN || years_ == INT32_MIN)
      return false;
    micros_ = -micros_;
    days_ = -days_;
    months_ = -months_;
    years_ = -years_;
    return true;
  }
  Result<Interval> finish() const {
    return interval_from(int64_t{years_} * 12 + months_, days_, micros_);
  }

 private:
  static bool add_scaled(int64_t value, int32_t unit, int32_t& part) {
    int32_t scaled = 0;
    return value >= INT32_MIN && value <= INT32_MAX &&
           !__builtin_mul_overflow(static_cast<int32_t>(value), unit, &scaled) &&
           !__builtin_add_overflow(part, scaled, &part);
  }
  bool add_days_part(double fraction, int32_t days) {
    fraction *= days;
    const auto whole = static_cast<int32_t>(fraction);
    return !__builtin_add_overflow(days_, whole, &days_) &&
           add_part(fraction - whole, kMicrosPerDay);
  }

  int64_t micros_ = 0;
  int32_t days_ = 0;
  int32_t months_ = 0;
  int32_t years_ = 0;
};

// ---- Numbers ----

// As strtol reads: blanks, a sign, digits; without a digit nothing at all is taken.
template <typename Integer>
ReadStatus take_integer(std::string_view& text, Integer& value) {
  std::string_view rest = text;
  while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
  if (!rest.empty() && rest.front() == '+') {
    rest.remove_prefix(1);
    if (rest.empty() || !is_digit(rest.front())) return ReadStatus::kOk;
  }
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc::result_out_of_range) return ReadStatus::kOutOfRange;
  if (error == std::errc()) text = rest.substr(static_cast<size_t>(stop - rest.data()));
  return ReadStatus::kOk;
}

// A point and digits, perhaps none.
ReadStatus read_fraction(std::string_view text, double& fraction) {
  fraction = 0;
  if (text.size() == 1) return ReadStatus::kOk;
  const std::string digits(text);
  char* stop = nullptr;
  fraction = std::strtod(digits.c_str(), &stop);
  return *stop == '\0' && stop == digits.c_str() + digits.size() ? ReadStatus::kOk
                                                                 : ReadStatus::kBadFormat;
}

// ---- PostgreSQL's own texts ----

// What has been read, as a set: no part may come twice.
using PartSet = uint32_t;
constexpr PartSet part(Unit unit) { return 1u << static_cast<unsigned>(unit); }
constexpr PartSet kSubSeconds =
    part(Unit::kSecond) | part(Unit::kMillisecond) | part(Unit::kMicrosecond);
constexpr PartSet kClock = part(Unit::kHour) | part(Unit::kMinute) | kSubSeconds;

class FieldReader {
 public:
  FieldReader(const std::vector<Field>& fields, int32_t kept) : fields_(fields), kept_(kept) {}

  ReadStatus read() {
    bool is_ago = false;
    PartSet seen = 0;
    for (size_t i = fields_.size(); i > 0; --i) {
      const Field& field = fields_[i - 1];
      PartSet parts = 0;
      ReadStatus status = ReadStatus::kOk;
      if (field.kind == FieldKind::kWord) {
        unit_ = find_interval_unit(field.text);
        if (unit_ == Unit::kUnknown) return ReadStatus::kBadFormat;
        is_ago = is_ago || unit_ == Unit::kAgo;
      } else if (field.kind == FieldKind::kTime) {
        status = read_clock(field.text, false, parts);
      } else {
        status = read_number(field, parts);
      }
      if (status != ReadStatus::kOk) return status;
      if ((parts & seen) != 0) return ReadStatus::kBadFormat;
      seen |= parts;
    }
    if (seen == 0) return ReadStatus::kBadFormat;
    return !is_ago || sum_.negate() ? ReadStatus::kOk : ReadStatus::kOutOfRange;
  }

  const Sum& sum() const { return sum_; }

 private:
  // hours:minutes, hours:minutes:seconds, minutes:seconds.fraction
  ReadStatus read_clock(std::string_view text, bool negative, PartSet& parts) {
    int64_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    double fraction = 0;
    if (take_integer(text, hours) != ReadStatus::kOk) return ReadStatus::kOutOfRange;
    if (!text.starts_with(':')) return ReadStatus::kBadFormat;
    text.remove_prefix(1);
    if (take_integer(text, minutes) != ReadStatus::kOk) return ReadStatus::kOutOfRange;
    bool is_short = false;
    if (text.empty()) {
      is_short = kept_ == (kIntervalMinute | kIntervalSecond);
    } else if (text.front() == ':') {
      text.remove_prefix(1);
      if (take_integer(text, seconds) != ReadStatus::kOk) return ReadStatus::kOutOfRange;
      if (!text.empty() && text.front() != '.') return ReadStatus::kBadFormat;
    } else if (text.front() == '.') {
      is_short = true;
    } else {
      return ReadStatus::kBadFormat;
    }
    if (!text.empty() && read_fraction(text, fraction) != ReadStatus::kOk)
      return ReadStatus::kBadFormat;
    if (is_short) {
      if (hours > INT32_MAX || hours < INT32_MIN) return ReadStatus::kOutOfRange;
      seconds = minutes;
      minutes = static_cast<int32_t>(hours);
      hours = 0;
    }
    if (hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60)
      return ReadStatus::kOutOfRange;
    // With its sign from the start: so the least of all intervals can be read, which PostgreSQL
    // writes but does not read.
    int64_t micros = 0;
    const int64_t rest = (int64_t{minutes} * 60 + seconds) * kSecondMicros +
                         static_cast<int64_t>(std::rint(fraction * 1e6));
    if (__builtin_mul_overflow(negative ? -hours : hours, kHourMicros, &micros) ||
        __builtin_add_overflow(micros, negative ? -rest : rest, &micros)) {
      return ReadStatus::kOutOfRange;
    }
    sum_.set_time(micros);
    parts = kClock;
    unit_ = Unit::kDay;  // Of a number before it.
    return ReadStatus::kOk;
  }

  ReadStatus read_number(const Field& field, PartSet& parts) {
    std::string_view text = field.text;
    const bool negative = text.starts_with('-');
    if (field.kind == FieldKind::kZone && text.find(':') != text.npos &&
        read_clock(text.substr(1), negative, parts) == ReadStatus::kOk) {
      return ReadStatus::kOk;
    }
    if (unit_ == Unit::kNone) unit_ = last_unit(kept_);
    int64_t value = 0;
    double fraction = 0;
    if (take_integer(text, value) != ReadStatus::kOk) return ReadStatus::kOutOfRange;
    if (text.starts_with('-')) {  // Years and months.
      text.remove_prefix(1);
      int32_t months = 0;
      if (take_integer(text, months) != ReadStatus::kOk || months < 0 || months >= 12)
        return ReadStatus::kOutOfRange;
      if (!text.empty()) return ReadStatus::kBadFormat;
      unit_ = Unit::kMonth;
      if (__builtin_mul_overflow(value, int64_t{12}, &value) ||
          __builtin_add_overflow(value, int64_t{negative ? -months : months}, &value)) {
        return ReadStatus::kOutOfRange;
      }
    } else if (text.starts_with('.')) {
      if (read_fraction(text, fraction) != ReadStatus::kOk) return ReadStatus::kBadFormat;
      fraction = negative ? -fraction : fraction;
    } else if (!text.empty()) {
      return ReadStatus::kBadFormat;
    }
    parts = unit_ == Unit::kSecond && fraction != 0 ? kSubSeconds : part(unit_);
    return add(value, fraction);
  }

  ReadStatus add(int64_t value, double fraction) {
    bool fits = true;
    switch (unit_) {
      case Unit::kMicrosecond:
        fits = sum_.add_time(value, fraction, 1);
        break;
      case Unit::kMillisecond:
        fits = sum_.add_time(value, fraction, 1000);
        break;
      case Unit::kSecond:
        fits = sum_.add_time(value, fraction, kSecondMicros);
        break;
      case Unit::kMinute:
        fits = sum_.add_time(value, fraction, kMinuteMicros);
        break;
      case Unit::kHour:
        fits = sum_.add_time(value, fraction, kHourMicros);
        unit_ = Unit::kDay;  // Of a number before it.
        break;
      case Unit::kDay:
        fits = sum_.add_days(value, 0, 1) && sum_.add_part(fraction, kMicrosPerDay);
        break;
      case Unit::kWeek:
        fits = sum_.add_days(value, fraction, 7);
        break;
      case Unit::kMonth:
        fits = sum_.add_months(value, fraction);
        break;
      case Unit::kYear:
        fits = sum_.add_years(value, fraction, 1);
        break;
      case Unit::kDecade:
        fits = sum_.add_years(value, fraction, 10);
        break;
      case Unit::kCentury:
        fits = sum_.add_years(value, fraction, 100);
        break;
      case Unit::kMillennium:
        fits = sum_.add_years(value, fraction, 1000);
        break;
      case Unit::kNone:
      case Unit::kUseless:
      case Unit::kAgo:
      case Unit::kUnknown:
        return ReadStatus::kBadFormat;
    }
    return fits ? ReadStatus::kOk : ReadStatus::kOutOfRange;
  }

  const std::vector<Field>& fields_;
  int32_t kept_;
  Unit unit_ = Unit::kNone;  // Of the number to the left.
  Sum sum_;
};

// ---- ISO 8601 ----

class IsoReader {
 public:
  explicit IsoReader(std::string_view text) : text_(text), at_(text_.c_str()) {}

  ReadStatus read() {
    if (text_.size() < 2 || *at_++ != 'P') return ReadStatus::kBadFormat;
    while (*at_ != '\0') {
      if (*at_ == 'T') {
        begin_time();
        ++at_;
        continue;
      }
      bool is_done = false;
      const ReadStatus status = in_time_ ? read_time(is_done) : read_date(is_done);
      if (status != ReadStatus::kOk || is_done) return status;
    }
    return ReadStatus::kOk;
  }

  const Sum& sum() const { return sum_; }

 private:
  void begin_time() {
    in_time_ = true;
    has_field_ = false;
  }

  ReadStatus take_number() {
    if (!is_digit(*at_) && *at_ != '-' && *at_ != '.') return ReadStatus::kBadFormat;
    char* stop = nullptr;
    errno = 0;
    const double number = std::strtod(at_, &stop);
    if (stop == at_ || errno != 0) return ReadStatus::kBadFormat;
    at_ = stop;
    if (!(number >= -1e15 && number <= 1e15)) return ReadStatus::kOutOfRange;
    value_ = static_cast<int64_t>(number);
    fraction_ = number - static_cast<double>(value_);
    return ReadStatus::kOk;
  }

  static size_t digits_at(const char* p) {
    p += *p == '-' ? 1 : 0;
    size_t digits = 0;
    while (is_digit(p[digits])) ++digits;
    return digits;
  }

  static ReadStatus when(bool fits) { return fits ? ReadStatus::kOk : ReadStatus::kOutOfRange; }
  bool add_days() {
    return sum_.add_days(value_, 0, 1) && sum_.add_part(fraction_, kMicrosPerDay);
  }

  ReadStatus read_date(bool& is_done) {
    const char* const first = at_;
    if (const ReadStatus status = take_number(); status != ReadStatus::kOk) return status;
    const char unit = *at_;
    at_ += unit == '\0' ? 0 : 1;
    const bool is_first = !has_field_;
    has_field_ = true;
    switch (unit) {
      case 'Y':
        return when(sum_.add_years(value_, fraction_, 1));
      case 'M':
        return when(sum_.add_months(value_, fraction_));
      case 'W':
        return when(sum_.add_days(value_, fraction_, 7));
      case 'D':
        return when(add_days());
      case 'T':
      case '\0':
      case '-':
        break;
      default:
        return ReadStatus::kBadFormat;
    }
    is_done = unit == '\0';
    if (unit == 'T') begin_time();
    if (unit != '-' && digits_at(first) == 8 && is_first) {  // yyyymmdd
      return when(sum_.add_years(value_ / 10000, 0, 1) && sum_.add_months(value_ / 100 % 100, 0) &&
                  sum_.add_days(value_ % 100, 0, 1) && sum_.add_part(fraction_, kMicrosPerDay));
    }
    if (!is_first) return ReadStatus::kBadFormat;
    if (!sum_.add_years(value_, fraction_, 1)) return ReadStatus::kOutOfRange;
    return unit == '-' ? read_extended_date(is_done) : ReadStatus::kOk;
  }

  // Behind the year: mm, and perhaps -dd.
  ReadStatus read_extended_date(bool& is_done) {
    for (const bool months : {true, false}) {
      if (const ReadStatus status = take_number(); status != ReadStatus::kOk) return status;
      if (!(months ? sum_.add_months(value_, fraction_) : add_days()))
        return ReadStatus::kOutOfRange;
      is_done = *at_ == '\0';
      if (is_done) return ReadStatus::kOk;
      const char mark = *at_;
      if (mark == 'T') {
        ++at_;
        begin_time();
        return ReadStatus::kOk;
      }
      if (!months || mark != '-') return ReadStatus::kBadFormat;
      ++at_;
    }
    return ReadStatus::kBadFormat;
  }

  ReadStatus read_time(bool& is_done) {
    const char* const first = at_;
    if (const ReadStatus status = take_number(); status != ReadStatus::kOk) return status;
    const char unit = *at_;
    at_ += unit == '\0' ? 0 : 1;
    const bool is_first = !has_field_;
    has_field_ = true;
    switch (unit) {
      case 'H':
        return when(sum_.add_time(value_, fraction_, kHourMicros));
      case 'M':
        return when(sum_.add_time(value_, fraction_, kMinuteMicros));
      case 'S':
        return when(sum_.add_time(value_, fraction_, kSecondMicros));
      case '\0':
      case ':':
        break;
      default:
        return ReadStatus::kBadFormat;
    }
    is_done = true;
    if (unit == '\0' && digits_at(first) == 6 && is_first) {  // hhmmss
      return when(sum_.add_time(value_ / 10000, 0, kHourMicros) &&
                  sum_.add_time(value_ / 100 % 100, 0, kMinuteMicros) &&
                  sum_.add_time(value_ % 100, 0, kSecondMicros) && sum_.add_part(fraction_, 1));
    }
    if (!is_first) return ReadStatus::kBadFormat;
    if (!sum_.add_time(value_, fraction_, kHourMicros)) return ReadStatus::kOutOfRange;
    return unit == ':' ? read_extended_time() : ReadStatus::kOk;
  }

  // Behind the hour: mm, and perhaps :ss.
  ReadStatus read_extended_time() {
    for (const int64_t scale : {kMinuteMicros, kSecondMicros}) {
      if (const ReadStatus status = take_number(); status != ReadStatus::kOk) return status;
      if (!sum_.add_time(value_, fraction_, scale)) return ReadStatus::kOutOfRange;
      if (*at_ == '\0') return ReadStatus::kOk;
      if (*at_ != ':') break;
      ++at_;
    }
    return ReadStatus::kBadFormat;
  }

  std::string text_;  // Ends with the 0 that strtod stops at.
  const char* at_;
  bool in_time_ = false;
  bool has_field_ = false;
  int64_t value_ = 0;
  double fraction_ = 0;
  Sum sum_;
};

}  // namespace

Result<Interval> parse_interval(std::string_view text, int32_t modifier) {
  constexpr size_t kFieldBytesMax = 256;  // What PostgreSQL keeps fields in while it reads.
  std::vector<Field> fields;
  ReadStatus status = cut_fields(text, kFieldBytesMax, fields);
  Sum sum;
  if (status == ReadStatus::kOk) {
    FieldReader reader(fields, interval_fields(modifier));
    status = reader.read();
    sum = reader.sum();
  }
  if (status == ReadStatus::kBadFormat) {
    IsoReader reader(text);
    status = reader.read();
    sum = reader.sum();
  }
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (status == ReadStatus::kOk) return sum.finish();
  if (status == ReadStatus::kOutOfRange) {
    return Error(ErrorCode::kIntervalOutOfRange, "interval field value out of range: " + quoted);
  }
  return Error(ErrorCode::kInvalidDatetimeFormat,
               "invalid input syntax for type interval: " + quoted);
}

}  // namespace rowan::type
