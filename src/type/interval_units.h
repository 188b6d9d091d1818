// The units that stand behind numbers in an interval's text. An inner part of interval_input.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowan::type {

enum class IntervalUnit : uint8_t {
  kNone,     // The modifier says what the number counts.
  kUseless,  // Known, but of no use with a number.
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kAgo,
  kUnknown,
};

IntervalUnit find_interval_unit(std::string_view word);  // In lower case; kUnknown: it is none.

}  // namespace rowan::type
