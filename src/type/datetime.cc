#include "type/datetime.h"

#include <array>
#include <cstdio>

#include "type/number_text.h"

namespace rowan::type {

namespace {

constexpr int64_t kDaysTo2000 = 730'425;  // From 0000-03-01 to 2000-01-01.
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

Result<int64_t> to_precision(Type type, int64_t value) {
  const bool is_stamp = type.id == TypeId::kTimestamp || type.id == TypeId::kTimestamptz;
  if (type.modifier < 0 || (type.id != TypeId::kTime && !is_stamp) ||
      (is_stamp && !is_finite_timestamp(value)))
    return value;
  int64_t unit = 1;
  for (int32_t digits = type.modifier; digits < 6; ++digits) unit *= 10;
  const int64_t half = unit / 2;
  const int64_t rounded = value >= 0 ? (value + half) / unit * unit : (value - half) / unit * unit;
  // PostgreSQL makes one that it does not read again.
  if (is_stamp && !is_timestamp_in_range(rounded))
    return Error(ErrorCode::kDatetimeOutOfRange, "timestamp out of range");
  return rounded;
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
