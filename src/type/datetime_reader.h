// DatetimeReader: what the fields of a date-and-time text say. An inner part of datetime_input.
//
// Fields are taken from left to right, as PostgreSQL takes them; what a number means depends on
// which parts are known by then.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "type/datetime.h"
#include "type/datetime_fields.h"
#include "type/datetime_words.h"

namespace rowan::type {

// The parts of a date and time, as a set.
using Parts = uint32_t;
inline constexpr Parts kYear = 1u << 0;
inline constexpr Parts kMonth = 1u << 1;
inline constexpr Parts kDay = 1u << 2;
inline constexpr Parts kHour = 1u << 3;
inline constexpr Parts kMinute = 1u << 4;
inline constexpr Parts kWholeSecond = 1u << 5;
inline constexpr Parts kFraction = 1u << 6;
inline constexpr Parts kZonePart = 1u << 7;
inline constexpr Parts kDaylightZone = 1u << 8;
inline constexpr Parts kDaylightWord = 1u << 9;
inline constexpr Parts kDayOfYear = 1u << 10;
inline constexpr Parts kHalfDay = 1u << 11;
inline constexpr Parts kEra = 1u << 12;
inline constexpr Parts kWeekday = 1u << 13;
inline constexpr Parts kNamedDayPart = 1u << 14;
inline constexpr Parts kDateParts = kYear | kMonth | kDay;
inline constexpr Parts kSecondParts = kWholeSecond | kFraction;
inline constexpr Parts kTimeParts = kHour | kMinute | kSecondParts;

inline constexpr int64_t kNoonHour = 12;
inline constexpr int64_t kJulianDayOf2000 = 2'451'545;

class DatetimeReader {
 public:
  DatetimeReader(std::vector<Field>& fields, bool time_only, Moment now)
      : fields_(fields), time_only_(time_only), now_(now) {}

  ReadStatus read();  // Once.

  bool asked_now() const { return asked_now_; }
  NamedDay endless() const { return endless_; }
  bool is_endless() const { return is_endless_; }
  int64_t days() const {
    return days_from_civil(year_, static_cast<int>(month_), static_cast<int>(day_));
  }
  int64_t micros() const { return ((hour_ * 60 + minute_) * 60 + second_) * 1'000'000 + fraction_; }
  int64_t zone_seconds() const { return zone_seconds_; }

 private:
  ReadStatus read_field(Field& field, Parts& parts);

  // ---- Numbers ----
  static ReadStatus take_integer(std::string_view text, size_t& at, int64_t& value);
  static bool take_part_of_one(std::string_view text, double& part);
  ReadStatus take_fraction(std::string_view text);
  static int64_t two_digits(std::string_view text, size_t at);
  ReadStatus read_run(std::string_view text, Parts known, Parts& parts);
  ReadStatus read_number(std::string_view text, bool month_by_name, Parts known, Parts& parts);
  ReadStatus read_number_field(std::string_view text, Parts& parts);
  ReadStatus read_labelled(std::string_view text, Parts& parts);
  static ReadStatus set(int64_t& part, int64_t value, Parts which, Parts& parts);
  void set_day(int64_t days);
  ReadStatus read_julian_day(int64_t day, std::string_view part, Parts& parts);
  void set_time(int64_t micros);

  // ---- Dates ----
  ReadStatus read_date(std::string_view text, Parts& parts);
  ReadStatus read_date_field(Field& field, Parts& parts);
  ReadStatus read_date_field_of_time(Field& field, Parts& parts);
  ReadStatus read_run_with_zone(std::string_view text, Parts known, Parts& parts);

  // ---- Times and zones ----
  ReadStatus read_clock(std::string_view text, Parts& parts);
  bool passes_a_day() const;
  static bool take_zone_part(std::string_view text, size_t& at, int64_t& value);
  ReadStatus read_zone(std::string_view text);
  ReadStatus read_zone_name(std::string_view name, Parts& parts);

  // ---- Words ----
  ReadStatus read_word(std::string_view text, Parts& parts);
  ReadStatus read_month_name(int64_t month, Parts& parts);
  ReadStatus read_time_mark();
  ReadStatus read_named_day(NamedDay day, Parts& parts);
  ReadStatus set_from_now(int64_t days_from_now, bool with_time);

  // ---- What they come to ----
  ReadStatus finish();
  bool is_enough() const;
  ReadStatus check_date();

  enum class Half : uint8_t { kNone, kMorning, kAfternoon };

  std::vector<Field>& fields_;
  bool time_only_;
  Moment now_;
  size_t at_ = 0;
  Parts known_ = 0;
  DateUnit unit_ = DateUnit::kNone;  // Stood before; the next number is its.
  bool ignored_ = false;
  bool month_by_name_ = false;
  bool short_year_ = false;       // It was written with two digits or one.
  bool year_is_counted_ = false;  // By a Julian day: astronomical already.
  bool before_christ_ = false;
  bool is_endless_ = false;
  bool asked_now_ = false;
  bool zone_by_name_ = false;
  NamedDay endless_ = NamedDay::kEpoch;
  Half half_ = Half::kNone;
  int64_t year_ = 0;
  int64_t month_ = 0;
  int64_t day_ = 0;
  int64_t day_of_year_ = 0;
  int64_t hour_ = 0;
  int64_t minute_ = 0;
  int64_t second_ = 0;
  int64_t fraction_ = 0;      // Microseconds.
  int64_t zone_seconds_ = 0;  // East of Greenwich.
};

}  // namespace rowan::type
