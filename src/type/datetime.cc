#include "type/datetime.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "type/number_text.h"

namespace rowan::type {

namespace {

constexpr int64_t kDaysTo2000 = 730'425;  // From 0000-03-01 to 2000-01-01.
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

void append_padded(int64_t value, size_t width, std::string& out) {
  char buffer[24];
  const int length = std::snprintf(buffer, sizeof buffer, "%0*lld", static_cast<int>(width),
                                   static_cast<long long>(value));
  out.append(buffer, static_cast<size_t>(length));
}

void append_two(int value, std::string& out) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

// Without the era; the caller appends " BC" where PostgreSQL puts it.
void append_date_part(const CivilDate& date, std::string& out) {
  const int64_t shown = date.year > 0 ? date.year : 1 - date.year;
  if (shown < 10'000) {
    append_two(static_cast<int>(shown / 100), out);
    append_two(static_cast<int>(shown % 100), out);
  } else {
    append_padded(shown, 4, out);
  }
  out += '-';
  append_two(date.month, out);
  out += '-';
  append_two(date.day, out);
}

void append_time_part(int64_t micros, std::string& out) {
  const int64_t seconds = micros / 1'000'000;
  append_two(static_cast<int>(seconds / 3600), out);
  out += ':';
  append_two(static_cast<int>(seconds / 60 % 60), out);
  out += ':';
  append_two(static_cast<int>(seconds % 60), out);
  int64_t fraction = micros % 1'000'000;
  if (fraction != 0) {
    size_t width = 6;
    while (fraction % 10 == 0) {
      fraction /= 10;
      --width;
    }
    out += '.';
    append_padded(fraction, width, out);
  }
}

// What a date-and-time text says, field by field.
struct Fields {
  bool has_date = false;
  bool has_time = false;
  bool has_zone = false;
  bool month_first_overflow = false;
  int64_t year = 0;
  int month = 0;
  int day = 0;
  int64_t micros = 0;        // Since midnight; up to a day and a second.
  int64_t zone_seconds = 0;  // East of Greenwich.
};

enum class ReadStatus { kOk, kBadFormat, kOutOfRange, kMonthDayOutOfRange, kZoneOutOfRange };

// A small left-to-right reader: it takes fields in the order date, time, zone, era, as ISO and
// PostgreSQL write them.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  ReadStatus read(Fields& fields) {
    bool before_christ = false;
    while (skip_separators(), !rest_.empty()) {
      const char c = rest_.front();
      ReadStatus status = ReadStatus::kBadFormat;
      if (is_digit(c)) {
        status = looks_like_time(fields) ? read_time(fields) : read_date(fields);
      } else if ((c == '+' || c == '-') && (fields.has_time || fields.has_date)) {
        status = read_zone(fields);
      } else {
        status = read_word(fields, before_christ);
      }
      if (status != ReadStatus::kOk) {
        return status;
      }
    }
    return check(fields, before_christ);
  }

 private:
  void skip_separators() {
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == ',')) {
      rest_.remove_prefix(1);
    }
  }

  size_t digit_run(size_t from = 0) const {
    size_t at = from;
    while (at < rest_.size() && is_digit(rest_[at])) {
      ++at;
    }
    return at - from;
  }

  // Requires: at most nine digits.
  int take_number(size_t digits) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool looks_like_time(const Fields& fields) const {
    const size_t digits = digit_run();
    if (digits < rest_.size() && rest_[digits] == ':') {
      return true;
    }
    return after_t_ ||
           (fields.has_date && !fields.has_time && !month_by_name_ && (digits == 6 || digits == 4));
  }

  ReadStatus read_date(Fields& fields) {
    if (month_by_name_ && fields.has_date == false) {
      return read_number_beside_name(fields);
    }
    if (fields.has_date) {
      return ReadStatus::kBadFormat;
    }
    const size_t digits = digit_run();
    if (digits > 9) {
      return ReadStatus::kBadFormat;
    }
    const char separator = digits < rest_.size() ? rest_[digits] : '\0';
    if (separator != '-' && separator != '/' && separator != '.') {
      return read_packed_date(fields, digits);
    }
    const int first = take_number(digits);
    rest_.remove_prefix(1);
    if (!rest_.empty() && !is_digit(rest_.front())) {
      return read_named_middle(fields, first, digits, separator);
    }
    const size_t second_digits = digit_run();
    if (second_digits == 0 || second_digits > 2) {
      return ReadStatus::kBadFormat;
    }
    const int second = take_number(second_digits);
    if (!take(separator)) {
      return ReadStatus::kBadFormat;
    }
    const size_t third_digits = digit_run();
    if (third_digits == 0 || third_digits > 9) {
      return ReadStatus::kBadFormat;
    }
    const int third = take_number(third_digits);
    fields.has_date = true;
    if (digits > 2) {
      set(fields, first, second, third);
    } else {
      set(fields, full_year(third, third_digits), first,
          second);  // Month, day, year: PostgreSQL's default order.
    }
    return ReadStatus::kOk;
  }

  // 20240229, or a number waiting for the name of its month (29 Feb 2024).
  ReadStatus read_packed_date(Fields& fields, size_t digits) {
    if (digits == 8) {
      const int packed = take_number(8);
      set(fields, packed / 10'000, packed / 100 % 100, packed % 100);
      fields.has_date = true;
      return ReadStatus::kOk;
    }
    if (digits > 2 || pending_day_ != 0) {
      return ReadStatus::kBadFormat;
    }
    pending_day_ = take_number(digits);
    return pending_day_ == 0 ? ReadStatus::kMonthDayOutOfRange : ReadStatus::kOk;
  }

  // 29-Feb-2024 or 2024-Feb-29.
  ReadStatus read_named_middle(Fields& fields, int first, size_t first_digits, char separator) {
    const int month = take_month();
    if (month == 0 || !take(separator)) {
      return ReadStatus::kBadFormat;
    }
    const size_t digits = digit_run();
    if (digits == 0 || digits > 9) {
      return ReadStatus::kBadFormat;
    }
    const int last = take_number(digits);
    fields.has_date = true;
    if (first_digits > 2) {
      set(fields, first, month, last);
    } else {
      set(fields, full_year(last, digits), month, first);
    }
    return ReadStatus::kOk;
  }

  ReadStatus read_number_beside_name(Fields& fields) {
    const size_t digits = digit_run();
    if (digits > 9) {
      return ReadStatus::kBadFormat;
    }
    const int number = take_number(digits);
    if (pending_day_ == 0 && digits <= 2) {
      pending_day_ = number;
      return ReadStatus::kOk;
    }
    if (pending_year_digits_ == 0) {
      pending_year_ = number;
      pending_year_digits_ = digits;
    }
    if (pending_day_ != 0) {
      fields.has_date = true;
      set(fields, full_year(pending_year_, pending_year_digits_), named_month_, pending_day_);
    }
    return ReadStatus::kOk;
  }

  ReadStatus read_time(Fields& fields) {
    if (fields.has_time) {
      return ReadStatus::kBadFormat;
    }
    after_t_ = false;
    fields.has_time = true;
    const size_t digits = digit_run();
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (digits < rest_.size() && rest_[digits] == ':' && digits <= 2) {
      hour = take_number(digits);
      rest_.remove_prefix(1);
      if (digit_run() == 0 || digit_run() > 2) {
        return ReadStatus::kBadFormat;
      }
      minute = take_number(digit_run());
      if (take(':')) {
        if (digit_run() == 0 || digit_run() > 2) {
          return ReadStatus::kBadFormat;
        }
        second = take_number(digit_run());
      }
    } else if (digits == 6 || digits == 4) {
      const int packed = take_number(digits) * (digits == 4 ? 100 : 1);
      hour = packed / 10'000;
      minute = packed / 100 % 100;
      second = packed % 100;
    } else {
      return ReadStatus::kBadFormat;
    }
    int64_t fraction = 0;
    if (take('.')) {
      fraction = take_fraction();
    }
    if (hour > 24 || minute > 59 || second > 60) {
      return ReadStatus::kOutOfRange;
    }
    fields.micros = ((hour * 60LL + minute) * 60 + second) * 1'000'000 + fraction;
    return fields.micros > kMicrosPerDay && hour == 24 ? ReadStatus::kOutOfRange : ReadStatus::kOk;
  }

  // Rounded to whole microseconds.
  int64_t take_fraction() {
    const size_t digits = digit_run();
    double value = 0;
    double unit = 0.1;
    for (size_t i = 0; i < digits && i < 17; ++i) {
      value += (rest_[i] - '0') * unit;
      unit /= 10;
    }
    rest_.remove_prefix(digits);
    return static_cast<int64_t>(std::llrint(value * 1'000'000));
  }

  ReadStatus read_zone(Fields& fields) {
    if (fields.has_zone) {
      return ReadStatus::kBadFormat;
    }
    fields.has_zone = true;
    const int sign = rest_.front() == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    size_t digits = digit_run();
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (digits == 1 || digits == 2) {
      hours = take_number(digits);
      if (take(':')) {
        digits = digit_run();
        if (digits != 2) {
          return ReadStatus::kBadFormat;
        }
        minutes = take_number(2);
        if (take(':')) {
          if (digit_run() != 2) {
            return ReadStatus::kBadFormat;
          }
          seconds = take_number(2);
        }
      }
    } else if (digits == 4 || digits == 3) {
      const int packed = take_number(digits);
      hours = packed / 100;
      minutes = packed % 100;
    } else {
      return ReadStatus::kBadFormat;
    }
    if (hours > 15 || minutes > 59 || seconds > 59) {
      return ReadStatus::kZoneOutOfRange;
    }
    fields.zone_seconds = sign * ((hours * 60 + minutes) * 60 + seconds);
    return ReadStatus::kOk;
  }

  std::string_view take_word() {
    size_t length = 0;
    while (length < rest_.size() && ((rest_[length] | 32) >= 'a' && (rest_[length] | 32) <= 'z')) {
      ++length;
    }
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

  static int find_month(std::string_view word) {
    for (size_t i = 0; i < kMonths.size(); ++i) {
      if (equals_ignoring_case(word, kMonths[i]) ||
          equals_ignoring_case(word, kMonths[i].substr(0, 3)) ||
          (i == 8 && equals_ignoring_case(word, "sept"))) {
        return static_cast<int>(i) + 1;
      }
    }
    return 0;
  }

  int take_month() { return find_month(take_word()); }

  ReadStatus read_word(Fields& fields, bool& before_christ) {
    const std::string_view word = take_word();
    if (word.empty()) {
      return ReadStatus::kBadFormat;
    }
    if (equals_ignoring_case(word, "t") && fields.has_date && !fields.has_time) {
      after_t_ = true;
      return ReadStatus::kOk;
    }
    if (equals_ignoring_case(word, "z") || equals_ignoring_case(word, "utc") ||
        equals_ignoring_case(word, "gmt") || equals_ignoring_case(word, "zulu")) {
      if (fields.has_zone) {
        return ReadStatus::kBadFormat;
      }
      fields.has_zone = true;
      return ReadStatus::kOk;
    }
    if (equals_ignoring_case(word, "bc") || equals_ignoring_case(word, "ad")) {
      before_christ = equals_ignoring_case(word, "bc");
      return fields.has_date ? ReadStatus::kOk : ReadStatus::kBadFormat;
    }
    if ((equals_ignoring_case(word, "am") || equals_ignoring_case(word, "pm")) && fields.has_time) {
      return apply_half_day(fields, equals_ignoring_case(word, "pm"));
    }
    for (const std::string_view weekday : kWeekdays) {
      if (equals_ignoring_case(word, weekday) || equals_ignoring_case(word, weekday.substr(0, 3))) {
        return ReadStatus::kOk;
      }
    }
    const int month = find_month(word);
    if (month == 0 || fields.has_date || month_by_name_) {
      return ReadStatus::kBadFormat;
    }
    month_by_name_ = true;
    named_month_ = month;
    take('-');
    return ReadStatus::kOk;
  }

  static ReadStatus apply_half_day(Fields& fields, bool afternoon) {
    constexpr int64_t kHalf = kMicrosPerDay / 2;
    const int64_t hour = fields.micros / 3'600'000'000;
    if (hour > 12) {
      return ReadStatus::kOutOfRange;
    }
    if (afternoon && hour != 12) {
      fields.micros += kHalf;
    } else if (!afternoon && hour == 12) {
      fields.micros -= kHalf;
    }
    return ReadStatus::kOk;
  }

  // A year of two digits lies near ours, unless BC follows.
  int full_year(int year, size_t digits) {
    if (digits > 2) {
      return year;
    }
    short_year_ = year;
    return year < 70 ? year + 2000 : year + 1900;
  }

  static void set(Fields& fields, int year, int month, int day) {
    fields.year = year;
    fields.month = month;
    fields.day = day;
  }

  ReadStatus check(Fields& fields, bool before_christ) const {
    if (after_t_ || (!fields.has_date && (month_by_name_ || pending_day_ != 0))) {
      // PostgreSQL takes a lone number for a month before it misses the rest.
      const bool no_month = !after_t_ && !month_by_name_ && pending_day_ > 12;
      return no_month ? ReadStatus::kMonthDayOutOfRange : ReadStatus::kBadFormat;
    }
    if (!fields.has_date) {
      return fields.has_time ? ReadStatus::kOk : ReadStatus::kBadFormat;
    }
    if (before_christ && short_year_ >= 0) {
      fields.year = short_year_;
    }
    if (fields.year <= 0) {
      return ReadStatus::kOutOfRange;
    }
    if (before_christ) {
      fields.year = 1 - fields.year;
    }
    if (fields.month < 1 || fields.month > 12 || fields.day < 1 || fields.day > 31) {
      return ReadStatus::kMonthDayOutOfRange;
    }
    return fields.day > days_in_month(fields.year, fields.month) ? ReadStatus::kOutOfRange
                                                                 : ReadStatus::kOk;
  }

  std::string_view rest_;
  bool after_t_ = false;
  bool month_by_name_ = false;
  int named_month_ = 0;
  int pending_day_ = 0;
  int pending_year_ = 0;
  size_t pending_year_digits_ = 0;
  int short_year_ = -1;  // As written, when it had two digits or one.
};

Error bad_format(TypeId id, std::string_view text) {
  const std::string name = id == TypeId::kTime ? "time" : type_name({id, -1});
  const std::string shown = id == TypeId::kTimestamp ? "timestamp" : name;
  return Error(ErrorCode::kInvalidDatetimeFormat,
               "invalid input syntax for type " + shown + ": \"" + std::string(text) + "\"");
}

Error read_failure(ReadStatus status, TypeId id, std::string_view text) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  switch (status) {
    case ReadStatus::kOutOfRange:
      return Error(ErrorCode::kDatetimeOutOfRange, "date/time field value out of range: " + quoted);
    case ReadStatus::kMonthDayOutOfRange:
      return Error(ErrorCode::kDatetimeOutOfRange, "date/time field value out of range: " + quoted)
          .with_hint("Perhaps you need a different \"datestyle\" setting.");
    case ReadStatus::kZoneOutOfRange:
      return Error(ErrorCode::kDatetimeOutOfRange,
                   "time zone displacement out of range: " + quoted);
    default:
      return bad_format(id, text);
  }
}

bool read_infinity(TypeId id, std::string_view body, int64_t& value) {
  const bool date = id == TypeId::kDate;
  if (equals_ignoring_case(body, "infinity")) {
    value = date ? kDateInfinity : kTimestampInfinity;
    return true;
  }
  if (equals_ignoring_case(body, "-infinity")) {
    value = date ? kDateMinusInfinity : kTimestampMinusInfinity;
    return true;
  }
  if (equals_ignoring_case(body, "epoch")) {
    value = date ? -10'957 : -10'957 * kMicrosPerDay;
    return true;
  }
  return false;
}

int two_digits(const char* p) {
  const unsigned tens = static_cast<unsigned char>(p[0] - '0');
  const unsigned ones = static_cast<unsigned char>(p[1] - '0');
  return tens > 9 || ones > 9 ? -1 : static_cast<int>(tens * 10 + ones);
}

}  // namespace

int days_in_month(int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Years start in March here, so that the leap day is the last of its year.
int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - kDaysTo2000;
}

CivilDate civil_from_days(int64_t days) {
  const int64_t shifted = days + kDaysTo2000;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  const int month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

bool is_finite_date(int64_t days) { return days != kDateInfinity && days != kDateMinusInfinity; }
bool is_finite_timestamp(int64_t micros) {
  return micros != kTimestampInfinity && micros != kTimestampMinusInfinity;
}
bool is_date_in_range(int64_t days) {
  return (days >= kDateMin && days < kDateEnd) || !is_finite_date(days);
}
bool is_timestamp_in_range(int64_t micros) {
  return (micros >= kTimestampMin && micros < kTimestampEnd) || !is_finite_timestamp(micros);
}

bool read_plain_date(const char* text, int64_t& days) {
  const int century = two_digits(text);
  const int year_of_century = two_digits(text + 2);
  const int month = two_digits(text + 5);
  const int day = two_digits(text + 8);
  if ((century | year_of_century | month | day) < 0 || text[4] != '-' || text[7] != '-') {
    return false;
  }
  const int year = century * 100 + year_of_century;
  if (year == 0 || month < 1 || month > 12 || day < 1 ||
      (day > 28 && day > days_in_month(year, month))) {
    return false;
  }
  days = days_from_civil(year, month, day);
  return true;
}

bool read_plain_time(std::string_view text, int64_t& micros) {
  if (text.size() < 8 || text.size() == 9 || text.size() > 15 || text[2] != ':' || text[5] != ':') {
    return false;
  }
  const int hour = two_digits(text.data());
  const int minute = two_digits(text.data() + 3);
  const int second = two_digits(text.data() + 6);
  if ((hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 59) {
    return false;
  }
  int64_t fraction = 0;
  if (text.size() > 8) {
    if (text[8] != '.' || text.back() == '0') {
      return false;
    }
    for (size_t i = 9; i < 15; ++i) {
      if (i < text.size() && !is_digit(text[i])) {
        return false;
      }
      fraction = fraction * 10 + (i < text.size() ? text[i] - '0' : 0);
    }
  }
  micros = ((hour * 60LL + minute) * 60 + second) * 1'000'000 + fraction;
  return true;
}

bool read_plain_timestamp(TypeId id, std::string_view text, int64_t& micros) {
  if (id == TypeId::kTimestamptz) {
    if (text.size() < 3 || text.substr(text.size() - 3) != "+00") {
      return false;
    }
    text.remove_suffix(3);
  }
  int64_t days = 0;
  int64_t time = 0;
  if (text.size() < 19 || text[10] != ' ' || !read_plain_date(text.data(), days) ||
      !read_plain_time(text.substr(11), time)) {
    return false;
  }
  micros = days * kMicrosPerDay + time;
  return true;
}

// A time may stand behind a date, which is then dropped, but only where neither can be taken for
// something else: a date in one word with separators, a blank, a time with colons. Nor may a word
// stand before it, save ISO's T.
bool is_shape_of_time(std::string_view body, bool has_date) {
  if (!has_date) {
    const bool after_t = body.size() > 1 && (body[0] | 32) == 't' && is_digit(body[1]);
    return after_t || is_digit(body[0]) || std::none_of(body.begin(), body.end(), is_digit);
  }
  const size_t blank = static_cast<size_t>(std::find_if(body.begin(), body.end(), is_space) -
                                           body.begin());
  if (blank == body.size() || body.substr(0, blank).find_first_of("-/.") == body.npos) {
    return false;
  }
  const std::string_view time = trim_spaces(body.substr(blank));
  const size_t digits = time.find_first_not_of("0123456789");
  return digits != 0 && digits != time.npos && time[digits] == ':';
}

Result<int64_t> parse_datetime(TypeId id, std::string_view text) {
  int64_t value = 0;
  if (id == TypeId::kDate && text.size() == 10 && read_plain_date(text.data(), value)) {
    return value;
  }
  if ((id == TypeId::kTimestamp || id == TypeId::kTimestamptz) &&
      read_plain_timestamp(id, text, value)) {
    return value;
  }
  const std::string_view body = trim_spaces(text);
  if (id != TypeId::kTime && read_infinity(id, body, value)) {
    return value;
  }
  constexpr size_t kDatetimeBytesMax = 128;  // PostgreSQL's MAXDATELEN.
  if (body.empty() || body.size() > kDatetimeBytesMax) {
    return bad_format(id, text);
  }
  Fields fields;
  const ReadStatus status = FieldReader(body).read(fields);
  if (status != ReadStatus::kOk) {
    return read_failure(status, id, text);
  }
  if (id == TypeId::kTime) {
    if (!fields.has_time || !is_shape_of_time(body, fields.has_date)) {
      return bad_format(id, text);
    }
    return fields.micros > kMicrosPerDay
               ? Result<int64_t>(read_failure(ReadStatus::kOutOfRange, id, text))
               : Result<int64_t>(fields.micros);
  }
  if (!fields.has_date) {
    return bad_format(id, text);
  }
  const int64_t days = days_from_civil(fields.year, fields.month, fields.day);
  const std::string quoted = "\"" + std::string(text) + "\"";
  if (id == TypeId::kDate) {
    if (!is_date_in_range(days) || !is_finite_date(days)) {
      return Error(ErrorCode::kDatetimeOutOfRange, "date out of range: " + quoted);
    }
    return days;
  }
  const bool overflow = __builtin_mul_overflow(days, kMicrosPerDay, &value) ||
                        __builtin_add_overflow(value, fields.micros, &value) ||
                        (id == TypeId::kTimestamptz &&
                         __builtin_sub_overflow(value, fields.zone_seconds * 1'000'000, &value));
  if (overflow || value < kTimestampMin || value >= kTimestampEnd) {
    return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range: " + quoted);
  }
  return value;
}

void append_datetime(TypeId id, int64_t value, std::string& out) {
  if (id == TypeId::kTime) {
    append_time_part(value, out);
    return;
  }
  const bool date_only = id == TypeId::kDate;
  if (value == (date_only ? kDateInfinity : kTimestampInfinity)) {
    out += "infinity";
    return;
  }
  if (value == (date_only ? kDateMinusInfinity : kTimestampMinusInfinity)) {
    out += "-infinity";
    return;
  }
  int64_t days = value;
  if (!date_only) {
    days = value / kMicrosPerDay - (value % kMicrosPerDay < 0 ? 1 : 0);
  }
  const CivilDate date = civil_from_days(days);
  append_date_part(date, out);
  if (!date_only) {
    out += ' ';
    append_time_part(value - days * kMicrosPerDay, out);
    if (id == TypeId::kTimestamptz) {
      out += "+00";
    }
  }
  if (date.year <= 0) {
    out += " BC";
  }
}

}  // namespace rowan::type
