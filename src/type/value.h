// Value: one SQL value of its own type, for literals, parameters, defaults and results. Bulk data
// lives in columns (column.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "type/type.h"

namespace rowan::type {

// A span of time as PostgreSQL keeps it: three fields that do not run into one another, since a
// month has no fixed number of days, nor a day of hours.
struct Interval {
  int64_t micros;
  int32_t days;
  int32_t months;

  bool operator==(const Interval&) const = default;  // Field by field; compare() goes by length.
};
static_assert(sizeof(Interval) == 16);

// Datum: one value that is not NULL, as it lies in memory. Which member it is says physical().
union Datum {
  Datum(int64_t value) : whole(value) {}          // NOLINT: what a value lies as is a datum.
  Datum(double value) : real(value) {}            // NOLINT
  Datum(std::string_view value) : text(value) {}  // NOLINT
  Datum(Interval value) : interval(value) {}      // NOLINT

  int64_t whole;
  double real;
  std::string_view text;
  Interval interval;
};

template <typename T>
T cell_of(Datum value);
template <>
inline int64_t cell_of<int64_t>(Datum value) {
  return value.whole;
}
template <>
inline double cell_of<double>(Datum value) {
  return value.real;
}
template <>
inline std::string_view cell_of<std::string_view>(Datum value) {
  return value.text;
}
template <>
inline Interval cell_of<Interval>(Datum value) {
  return value.interval;
}

class Value {
 public:
  Value() = default;  // NULL of unknown type.
  static Value null(Type type) {
    Value v;
    v.type_ = type;
    return v;
  }
  static Value of_int(Type type, int64_t value) {
    Value v;
    v.type_ = type;
    v.is_null_ = false;
    v.int_ = value;
    return v;
  }
  static Value of_double(Type type, double value) {
    Value v;
    v.type_ = type;
    v.is_null_ = false;
    v.double_ = value;
    return v;
  }
  static Value of_string(Type type, std::string value) {
    Value v;
    v.type_ = type;
    v.is_null_ = false;
    v.string_ = std::move(value);
    return v;
  }
  static Value of_interval(Type type, Interval value) {
    Value v;
    v.type_ = type;
    v.is_null_ = false;
    v.interval_ = value;
    return v;
  }
  static Value of(Type type, Datum value);  // Copies a string's bytes.

  Type type() const { return type_; }
  bool is_null() const { return is_null_; }
  int64_t as_int() const { return int_; }                   // Requires: physical kInt64, not null.
  double as_double() const { return double_; }              // Requires: physical kDouble, not null.
  const std::string& as_string() const { return string_; }  // Requires: physical kString, not null.
  Interval as_interval() const { return interval_; }        // Requires: physical kInterval, not null.
  Datum datum() const;  // Requires: not null. A string's bytes are this value's.

 private:
  Type type_;
  bool is_null_ = true;
  union {
    int64_t int_ = 0;
    double double_;
    Interval interval_;
  };
  std::string string_;
};

// Total order of two non-null values of one type, as PostgreSQL's btree has it: NaN above all
// numbers, text by bytes, char without trailing blanks, numeric by value. <0, 0, >0.
int compare(const Value& a, const Value& b);

// The same on values of `type` as they lie, on strings (numeric text by value, everything else by
// bytes), and so on.
int compare(TypeId type, Datum a, Datum b);
int compare_strings(TypeId type, std::string_view a, std::string_view b);
int compare_doubles(double a, double b);
int compare_intervals(Interval a, Interval b);  // A month is 30 days, a day 24 hours.

// The length of an interval in microseconds, by which it compares.
__extension__ typedef __int128 IntervalLength;
inline IntervalLength interval_length(Interval interval) {
  constexpr int64_t kMonthDays = 30;
  constexpr int64_t kDayMicros = 86'400'000'000;
  return IntervalLength{interval.months * kMonthDays + interval.days} * kDayMicros +
         interval.micros;
}

// Appends bytes that two values of a type share exactly when they compare equal.
void append_identity(TypeId type, Datum value, std::string& out);

// Whether two values are one and the same, spelling for spelling: 1.0 is not 1.00, nor -0 0.
bool is_same(Physical form, Datum a, Datum b);

}  // namespace rowan::type
