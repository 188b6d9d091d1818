#include "type/datetime_reader.h"

#include "type/number_text.h"

namespace rowan::type {

ReadStatus DatetimeReader::read() {
  for (at_ = 0; at_ < fields_.size(); ++at_) {
    Parts parts = 0;
    ignored_ = false;
    const ReadStatus status = read_field(fields_[at_], parts);
    if (status != ReadStatus::kOk) {
      return status;
    }
    if (ignored_) {
      continue;
    }
    if ((parts & known_) != 0) {
      return ReadStatus::kBadFormat;
    }
    known_ |= parts;
  }
  return finish();
}

ReadStatus DatetimeReader::read_field(Field& field, Parts& parts) {
  switch (field.kind) {
    case FieldKind::kDate:
      return time_only_ ? read_date_field_of_time(field, parts) : read_date_field(field, parts);
    case FieldKind::kTime:
      return read_clock(field.text, parts);
    case FieldKind::kZone:
      parts = kZonePart;
      return read_zone(field.text);
    case FieldKind::kNumber:
      return read_number_field(field.text, parts);
    case FieldKind::kWord:
      return read_word(field.text, parts);
  }
  return ReadStatus::kBadFormat;
}

// HH:MM, HH:MM:SS, HH:MM:SS.ffffff; MM:SS.ffffff when there are two parts and a fraction.
ReadStatus DatetimeReader::read_clock(std::string_view text, Parts& parts) {
  if (!time_only_) {
    if (unit_ != DateUnit::kNone && unit_ != DateUnit::kTime) {
      return ReadStatus::kBadFormat;
    }
    unit_ = DateUnit::kNone;
  }
  parts = kTimeParts;
  size_t at = 0;
  ReadStatus status = take_integer(text, at, hour_);
  if (status == ReadStatus::kOk) {
    status = take_integer(text, ++at, minute_);
  }
  if (status != ReadStatus::kOk) {
    return status;
  }
  second_ = 0;
  fraction_ = 0;
  if (at < text.size() && text[at] == '.') {
    status = take_fraction(text.substr(at));
    second_ = minute_;
    minute_ = hour_;
    hour_ = 0;
  } else if (at < text.size()) {
    status = take_integer(text, ++at, second_);
    if (status == ReadStatus::kOk && at < text.size()) {
      status = text[at] == '.' ? take_fraction(text.substr(at)) : ReadStatus::kBadFormat;
    }
  }
  if (status != ReadStatus::kOk) {
    return status;
  }
  if (minute_ > 59 || second_ > 60) {
    return ReadStatus::kOutOfRange;
  }
  return !time_only_ && passes_a_day() ? ReadStatus::kOutOfRange : ReadStatus::kOk;
}

bool DatetimeReader::passes_a_day() const {
  return hour_ > 24 || minute_ > 59 || second_ > 60 || micros() > kMicrosPerDay;
}

// False: it is too large, or has a sign of its own.
bool DatetimeReader::take_zone_part(std::string_view text, size_t& at, int64_t& value) {
  const bool is_signed = at + 1 < text.size() && text[at] == '-' && is_digit(text[at + 1]);
  at += is_signed ? 1 : 0;
  return take_integer(text, at, value) == ReadStatus::kOk && !is_signed;
}

// +H, +HH, +HHMM, +HH:MM, +HH:MM:SS
ReadStatus DatetimeReader::read_zone(std::string_view text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) {
    return ReadStatus::kBadFormat;
  }
  int64_t hours = 0, minutes = 0, seconds = 0;
  size_t at = 1;
  bool fits = take_zone_part(text, at, hours);
  if (at < text.size() && text[at] == ':') {
    fits = take_zone_part(text, ++at, minutes) && fits;
    if (at < text.size() && text[at] == ':') {
      fits = take_zone_part(text, ++at, seconds) && fits;
    }
  } else if (at == text.size() && text.size() > 3) {
    minutes = hours % 100;
    hours /= 100;
  }
  constexpr int64_t kZoneHoursMax = 15;
  if (!fits || hours > kZoneHoursMax || minutes > 59 || seconds > 59) {
    return ReadStatus::kZoneOutOfRange;
  }
  zone_seconds_ = (text.front() == '-' ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds);
  return at == text.size() ? ReadStatus::kOk : ReadStatus::kBadFormat;
}

ReadStatus DatetimeReader::read_zone_name(std::string_view name, Parts& parts) {
  parts = kZonePart;
  zone_seconds_ = 0;
  zone_by_name_ = true;
  return is_utc_name(name) ? ReadStatus::kOk : ReadStatus::kUnknownZone;
}

ReadStatus DatetimeReader::read_word(std::string_view text, Parts& parts) {
  Word word = find_zone_abbreviation(text);
  if (word.kind == WordKind::kUnknown) {
    word = find_date_word(text);
  }
  switch (word.kind) {
    case WordKind::kIgnored:
      ignored_ = true;
      return ReadStatus::kOk;
    case WordKind::kMonth:
      return read_month_name(word.value, parts);
    case WordKind::kWeekday:
      parts = kWeekday;
      return time_only_ ? ReadStatus::kBadFormat : ReadStatus::kOk;
    case WordKind::kUnit:
      unit_ = static_cast<DateUnit>(word.value);
      return ReadStatus::kOk;
    case WordKind::kTimeMark:
      return read_time_mark();
    case WordKind::kHalfDay:
      parts = kHalfDay;
      half_ = word.value == 0 ? Half::kMorning : Half::kAfternoon;
      return ReadStatus::kOk;
    case WordKind::kEra:
      parts = kEra;
      before_christ_ = word.value == 1;
      return ReadStatus::kOk;
    case WordKind::kDaylight:
      parts = kDaylightWord | kDaylightZone;
      zone_seconds_ += 3600;
      return ReadStatus::kOk;
    case WordKind::kZone:
    case WordKind::kDaylightZone:
      parts = kZonePart | (word.kind == WordKind::kDaylightZone ? kDaylightZone : 0);
      zone_seconds_ = word.value * 60;
      return ReadStatus::kOk;
    case WordKind::kMovedZone:
      return ReadStatus::kUnknownZone;
    case WordKind::kNamedDay:
      return read_named_day(static_cast<NamedDay>(word.value), parts);
    case WordKind::kUnknown:
      break;
  }
  if (is_utc_name(text) || is_zone_name(text)) {
    return read_zone_name(text, parts);
  }
  return ReadStatus::kBadFormat;
}

// A number that was taken for the month is the day, now that the month has a name.
ReadStatus DatetimeReader::read_month_name(int64_t month, Parts& parts) {
  if (time_only_) {
    return ReadStatus::kBadFormat;
  }
  parts = kMonth;
  if ((known_ & kMonth) != 0 && !month_by_name_ && (known_ & kDay) == 0 && month_ >= 1 &&
      month_ <= 31) {
    day_ = month_;
    parts = kDay;
  }
  month_by_name_ = true;
  month_ = month;
  return ReadStatus::kOk;
}

// ISO's T: before it the date, behind it the time.
ReadStatus DatetimeReader::read_time_mark() {
  if (!time_only_ && (known_ & kDateParts) != kDateParts) {
    return ReadStatus::kBadFormat;
  }
  const bool time_follows = at_ + 1 < fields_.size() &&
                            (fields_[at_ + 1].kind == FieldKind::kNumber ||
                             fields_[at_ + 1].kind == FieldKind::kTime ||
                             fields_[at_ + 1].kind == FieldKind::kDate);
  unit_ = DateUnit::kTime;
  return time_follows ? ReadStatus::kOk : ReadStatus::kBadFormat;
}

ReadStatus DatetimeReader::read_named_day(NamedDay day, Parts& parts) {
  parts = kDateParts;
  is_endless_ = false;
  switch (day) {
    case NamedDay::kNow:
      parts = time_only_ ? kTimeParts : kDateParts | kTimeParts | kZonePart;
      return set_from_now(0, true);
    case NamedDay::kMidnight:
      parts = kTimeParts | kZonePart;
      set_time(0);
      zone_seconds_ = 0;
      return ReadStatus::kOk;
    case NamedDay::kToday:
      return time_only_ ? ReadStatus::kBadFormat : set_from_now(0, false);
    case NamedDay::kTomorrow:
      return time_only_ ? ReadStatus::kBadFormat : set_from_now(1, false);
    case NamedDay::kYesterday:
      return time_only_ ? ReadStatus::kBadFormat : set_from_now(-1, false);
    case NamedDay::kEpoch:
    case NamedDay::kEnd:
    case NamedDay::kBeginning:
      parts = kNamedDayPart;  // Whatever stands beside it is read, and means nothing.
      is_endless_ = true;
      endless_ = day;
      return time_only_ ? ReadStatus::kBadFormat : ReadStatus::kOk;
  }
  return ReadStatus::kBadFormat;
}

ReadStatus DatetimeReader::set_from_now(int64_t days_from_now, bool with_time) {
  asked_now_ = true;
  if (!now_.has_value()) {
    return ReadStatus::kBadFormat;
  }
  const int64_t days = *now_ / kMicrosPerDay - (*now_ % kMicrosPerDay < 0 ? 1 : 0);
  set_day(days + days_from_now);
  if (with_time) {
    set_time(*now_ - days * kMicrosPerDay);
    zone_seconds_ = 0;
  }
  return ReadStatus::kOk;
}

ReadStatus DatetimeReader::finish() {
  const ReadStatus status = check_date();
  if (status != ReadStatus::kOk) {
    return status;
  }
  if (half_ != Half::kNone && hour_ > kNoonHour) {
    return ReadStatus::kOutOfRange;
  }
  if (half_ == Half::kMorning && hour_ == kNoonHour) {
    hour_ = 0;
  } else if (half_ == Half::kAfternoon && hour_ != kNoonHour) {
    hour_ += kNoonHour;
  }
  if (is_endless_) {
    return ReadStatus::kOk;
  }
  if (time_only_ && passes_a_day()) {
    return ReadStatus::kOutOfRange;
  }
  return is_enough() ? ReadStatus::kOk : ReadStatus::kBadFormat;
}

bool DatetimeReader::is_enough() const {
  const bool has_zone = (known_ & kZonePart) != 0;
  if ((known_ & kDaylightWord) != 0 && (!has_zone || zone_by_name_)) {
    return false;
  }
  const Parts date = known_ & kDateParts;
  if (!time_only_) {
    return date == kDateParts;
  }
  // Part of a date tells no zone, which PostgreSQL looks for even where it needs none.
  return (known_ & kTimeParts) == kTimeParts && (has_zone || date == 0 || date == kDateParts);
}

ReadStatus DatetimeReader::check_date() {
  if ((known_ & kYear) != 0 && !year_is_counted_) {
    if (before_christ_ || !short_year_) {
      if (year_ <= 0) {
        return ReadStatus::kOutOfRange;
      }
      year_ = before_christ_ ? 1 - year_ : year_;
    } else if (year_ < 100) {  // A year of two digits lies near ours.
      year_ += year_ < 70 ? 2000 : 1900;
    }
  }
  if ((known_ & kDayOfYear) != 0) {
    set_day(days_from_civil(year_, 1, 1) + day_of_year_ - 1);
  }
  if ((known_ & kMonth) != 0 && (month_ < 1 || month_ > 12)) {
    return ReadStatus::kMonthDayOutOfRange;
  }
  if ((known_ & kDay) != 0 && (day_ < 1 || day_ > 31)) {
    return ReadStatus::kMonthDayOutOfRange;
  }
  const bool whole = (known_ & kDateParts) == kDateParts;
  return whole && day_ > days_in_month(year_, static_cast<int>(month_)) ? ReadStatus::kOutOfRange
                                                                        : ReadStatus::kOk;
}

}  // namespace rowan::type
