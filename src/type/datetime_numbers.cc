// The numbers of a date-and-time text: what they mean by their place and length.
#include "type/datetime_reader.h"

#include <charconv>
#include <cmath>

#include "type/number_text.h"

namespace rowan::type {

// The digits from `at` on; nothing there is 0. Advances.
ReadStatus DatetimeReader::take_integer(std::string_view text, size_t& at, int64_t& value) {
  value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    value = value * 10 + (text[at] - '0');
    if (value > INT32_MAX) {
      return ReadStatus::kOutOfRange;
    }
  }
  return ReadStatus::kOk;
}

// ".25", whole: a part of one.
bool DatetimeReader::take_part_of_one(std::string_view text, double& part) {
  part = 0;
  if (text.size() == 1) {
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
  return error == std::errc() && end == text.data() + text.size();
}

ReadStatus DatetimeReader::take_fraction(std::string_view text) {
  double part = 0;
  if (!take_part_of_one(text, part)) {
    return ReadStatus::kBadFormat;
  }
  fraction_ = static_cast<int64_t>(std::rint(part * 1'000'000));
  return ReadStatus::kOk;
}

int64_t DatetimeReader::two_digits(std::string_view text, size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// Digits without separators: YYYYMMDD, HHMMSS, HHMM. With a point they are no date.
ReadStatus DatetimeReader::read_run(std::string_view text, Parts known, Parts& parts) {
  const size_t point = text.find('.');
  if (point != text.npos) {
    if (take_fraction(text.substr(point)) != ReadStatus::kOk) {
      return ReadStatus::kBadFormat;
    }
    text = text.substr(0, point);
  } else if ((known & kDateParts) != kDateParts && text.size() >= 6) {
    parts = kDateParts;
    day_ = two_digits(text, text.size() - 2);
    month_ = two_digits(text, text.size() - 4);
    size_t at = 0;
    if (take_integer(text.substr(0, text.size() - 4), at, year_) != ReadStatus::kOk) {
      year_ = -1;  // Out of every range.
    }
    short_year_ = short_year_ || text.size() == 6;
    return ReadStatus::kOk;
  }
  if ((known & kTimeParts) == kTimeParts || (text.size() != 6 && text.size() != 4)) {
    return ReadStatus::kBadFormat;
  }
  parts = kTimeParts;
  hour_ = two_digits(text, 0);
  minute_ = two_digits(text, 2);
  second_ = text.size() == 6 ? two_digits(text, 4) : 0;
  return ReadStatus::kOk;
}

// One number of a date, or the time when all of the date is known. It means what is still missing,
// in the order month, day, year; year first when it has more than two digits.
ReadStatus DatetimeReader::read_number(std::string_view text, bool month_by_name, Parts known,
                                       Parts& parts) {
  size_t at = 0;
  int64_t value = 0;
  const ReadStatus status = take_integer(text, at, value);
  if (status != ReadStatus::kOk) {
    return status;
  }
  if (at == 0) {
    return ReadStatus::kBadFormat;
  }
  if (at < text.size() && text[at] == '.') {
    if (at > 2) {
      return read_run(text, known | kDateParts, parts);
    }
    if (take_fraction(text.substr(at)) != ReadStatus::kOk) {
      return ReadStatus::kBadFormat;
    }
  } else if (at < text.size()) {
    return ReadStatus::kBadFormat;
  }
  const Parts date = known & kDateParts;
  const bool is_long = text.size() >= 3;
  if (text.size() == 3 && date == kYear && value >= 1 && value <= 366) {
    day_of_year_ = value;
    parts = kDayOfYear | kMonth | kDay;
    return ReadStatus::kOk;
  }
  if (date == kDateParts) {
    return read_run(text, known, parts);
  }
  if (date == (kYear | kDay)) {
    return ReadStatus::kBadFormat;
  }
  if (date == (kYear | kMonth) && month_by_name && is_long && short_year_) {
    day_ = year_;  // The number before was the day after all: 08-Jan-1999.
    year_ = value;
    short_year_ = false;
    parts = kDay;
    return ReadStatus::kOk;
  }
  const bool is_year = date == (kMonth | kDay) || (date == 0 && is_long) ||
                       (date == kMonth && month_by_name && is_long);
  if (is_year) {
    year_ = value;
    short_year_ = text.size() <= 2;
    parts = kYear;
  } else if (date == 0 || date == kYear || date == kDay) {
    month_ = value;
    parts = kMonth;
  } else {
    day_ = value;
    parts = kDay;
  }
  return ReadStatus::kOk;
}

ReadStatus DatetimeReader::read_number_field(std::string_view text, Parts& parts) {
  if (unit_ != DateUnit::kNone) {
    return read_labelled(text, parts);
  }
  const size_t point = text.find('.');
  const bool has_point = point != text.npos;
  if (time_only_) {
    if (has_point) {
      if (at_ == 0 && fields_.size() >= 2 && fields_.back().kind == FieldKind::kDate) {
        return read_date(text, parts);
      }
      return point > 2 ? read_run(text, known_ | kDateParts, parts) : ReadStatus::kBadFormat;
    }
    return text.size() > 4 ? read_run(text, known_ | kDateParts, parts)
                           : read_number(text, false, known_ | kDateParts, parts);
  }
  if (has_point && (known_ & kDateParts) == 0) {
    return read_date(text, parts);
  }
  const bool lacks_some =
      (known_ & kDateParts) == 0 || (known_ & kTimeParts) == 0;
  if ((has_point && point > 2) || (text.size() >= 6 && lacks_some)) {
    return read_run(text, known_, parts);
  }
  return read_number(text, month_by_name_, known_, parts);
}

// The number behind a unit: "y2024", "j2451187", "T101112".
ReadStatus DatetimeReader::read_labelled(std::string_view text, Parts& parts) {
  const DateUnit unit = unit_;
  unit_ = DateUnit::kNone;
  is_endless_ = false;
  size_t at = 0;
  int64_t value = 0;
  const ReadStatus status = take_integer(text, at, value);
  if (status != ReadStatus::kOk) {
    return status;
  }
  const bool may_have_point =
      unit == DateUnit::kJulianDay || unit == DateUnit::kTime || unit == DateUnit::kSecond;
  if (at < text.size() && !(text[at] == '.' && may_have_point)) {
    return ReadStatus::kBadFormat;
  }
  switch (unit) {
    case DateUnit::kYear:
      return set(year_, value, kYear, parts);
    case DateUnit::kMonth: {
      const bool means_minute = (known_ & kMonth) != 0 && (known_ & kHour) != 0;
      return means_minute ? set(minute_, value, kMinute, parts)
                          : set(month_, value, kMonth, parts);
    }
    case DateUnit::kDay:
      return set(day_, value, kDay, parts);
    case DateUnit::kHour:
      return set(hour_, value, kHour, parts);
    case DateUnit::kMinute:
      return set(minute_, value, kMinute, parts);
    case DateUnit::kSecond:
      set(second_, value, at < text.size() ? kSecondParts : kWholeSecond, parts);
      return at < text.size() ? take_fraction(text.substr(at)) : ReadStatus::kOk;
    case DateUnit::kJulianDay:
      return read_julian_day(value, text.substr(at), parts);
    case DateUnit::kTime:
      if (read_run(text, known_ | kDateParts, parts) != ReadStatus::kOk || parts != kTimeParts) {
        return ReadStatus::kBadFormat;
      }
      return ReadStatus::kOk;
    case DateUnit::kNone:
    case DateUnit::kOther:
      break;
  }
  return ReadStatus::kBadFormat;
}

ReadStatus DatetimeReader::set(int64_t& part, int64_t value, Parts which, Parts& parts) {
  part = value;
  parts = which;
  return ReadStatus::kOk;
}

void DatetimeReader::set_day(int64_t days) {
  const CivilDate civil = civil_from_days(days);
  year_ = civil.year;
  month_ = civil.month;
  day_ = civil.day;
}

ReadStatus DatetimeReader::read_julian_day(int64_t day, std::string_view part, Parts& parts) {
  set_day(day - kJulianDayOf2000);
  year_is_counted_ = true;
  parts = kDateParts;
  if (part.empty()) {
    return ReadStatus::kOk;
  }
  double share = 0;
  if (!take_part_of_one(part, share)) {
    return ReadStatus::kBadFormat;
  }
  const auto micros = static_cast<int64_t>(share * static_cast<double>(kMicrosPerDay));
  set_time(micros);
  parts |= kTimeParts;
  return ReadStatus::kOk;
}

void DatetimeReader::set_time(int64_t micros) {
  hour_ = micros / 3'600'000'000;
  minute_ = micros / 60'000'000 % 60;
  second_ = micros / 1'000'000 % 60;
  fraction_ = micros % 1'000'000;
}

// Three parts with separators. A month by its name is looked for first.
ReadStatus DatetimeReader::read_date(std::string_view text, Parts& parts) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < text.size();) {
    while (at < text.size() && !is_digit(text[at]) && !is_letter(text[at])) {
      ++at;
    }
    if (at == text.size()) {
      return ReadStatus::kBadFormat;
    }
    const size_t from = at;
    const auto belongs = is_digit(text[at]) ? is_digit : is_letter;
    while (at < text.size() && belongs(text[at])) {
      ++at;
    }
    pieces.push_back(text.substr(from, at - from));
    ++at;  // Whatever stands behind a piece parts it from the next.
  }
  parts = 0;
  Parts known = known_;
  const auto note = [&](Parts more) {
    const bool is_new = (known & more) == 0;
    known |= more;
    parts |= more;
    return is_new;
  };
  bool named = false;
  for (std::string_view& piece : pieces) {
    if (is_digit(piece.front())) {
      continue;
    }
    const Word word = find_date_word(piece);
    if (word.kind != WordKind::kIgnored) {
      if (word.kind != WordKind::kMonth || !note(kMonth)) {
        return ReadStatus::kBadFormat;
      }
      month_ = word.value;
      named = true;
      piece = {};
    }
  }
  for (const std::string_view piece : pieces) {
    if (piece.empty()) {
      continue;
    }
    Parts more = 0;
    const ReadStatus status = read_number(piece, named, known, more);
    if (status != ReadStatus::kOk) {
      return status;
    }
    if (!note(more)) {
      return ReadStatus::kBadFormat;
    }
  }
  return (known & ~(kDayOfYear | kZonePart)) == kDateParts ? ReadStatus::kOk
                                                           : ReadStatus::kBadFormat;
}

ReadStatus DatetimeReader::read_date_field(Field& field, Parts& parts) {
  if (unit_ == DateUnit::kJulianDay) {  // J2451187-08: a whole day with its zone.
    unit_ = DateUnit::kNone;
    size_t at = 0;
    int64_t day = 0;
    if (take_integer(field.text, at, day) != ReadStatus::kOk) {
      return ReadStatus::kOutOfRange;
    }
    const ReadStatus status = read_julian_day(day, {}, parts);
    parts = kDateParts | kTimeParts | kZonePart;
    return status == ReadStatus::kOk ? read_zone(std::string_view(field.text).substr(at)) : status;
  }
  const bool has_day = (known_ & (kMonth | kDay)) == (kMonth | kDay);
  if (unit_ == DateUnit::kNone && !has_day) {
    return read_date(field.text, parts);
  }
  if (!is_digit(field.text.front()) && unit_ == DateUnit::kNone) {
    return read_zone_name(field.text, parts);
  }
  if (unit_ != DateUnit::kNone && unit_ != DateUnit::kTime) {
    return ReadStatus::kBadFormat;
  }
  unit_ = DateUnit::kNone;
  return read_run_with_zone(field.text, known_, parts);
}

ReadStatus DatetimeReader::read_date_field_of_time(Field& field, Parts& parts) {
  const bool may_be_date =
      at_ == 0 && fields_.size() >= 2 &&
      (fields_.back().kind == FieldKind::kDate || fields_[1].kind == FieldKind::kTime);
  if (may_be_date) {
    return read_date(field.text, parts);
  }
  if (!is_digit(field.text.front())) {
    return read_zone_name(field.text, parts);
  }
  return read_run_with_zone(field.text, known_ | kDateParts, parts);
}

// 101112-08
ReadStatus DatetimeReader::read_run_with_zone(std::string_view text, Parts known, Parts& parts) {
  const size_t minus = text.find('-');
  if ((known_ & kTimeParts) == kTimeParts || minus == text.npos) {
    return ReadStatus::kBadFormat;
  }
  ReadStatus status = read_zone(text.substr(minus));
  if (status == ReadStatus::kOk) {
    status = read_run(text.substr(0, minus), known, parts);
    parts |= kZonePart;
  }
  return status;
}

}  // namespace rowan::type
