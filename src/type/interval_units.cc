#include "type/interval_units.h"

#include <array>

namespace rowan::type {

namespace {

using Unit = IntervalUnit;

struct UnitName {
  std::string_view name;
  Unit unit;
};
constexpr size_t kUnitNameMax = 10;  // PostgreSQL looks at ten characters.
constexpr std::array kUnitNames = {
    UnitName{"ago", Unit::kAgo},
    UnitName{"c", Unit::kCentury},
    UnitName{"cent", Unit::kCentury},
    UnitName{"centuries", Unit::kCentury},
    UnitName{"century", Unit::kCentury},
    UnitName{"d", Unit::kDay},
    UnitName{"day", Unit::kDay},
    UnitName{"days", Unit::kDay},
    UnitName{"dec", Unit::kDecade},
    UnitName{"decade", Unit::kDecade},
    UnitName{"decades", Unit::kDecade},
    UnitName{"decs", Unit::kDecade},
    UnitName{"h", Unit::kHour},
    UnitName{"hour", Unit::kHour},
    UnitName{"hours", Unit::kHour},
    UnitName{"hr", Unit::kHour},
    UnitName{"hrs", Unit::kHour},
    UnitName{"m", Unit::kMinute},
    UnitName{"microsecon", Unit::kMicrosecond},
    UnitName{"mil", Unit::kMillennium},
    UnitName{"millennia", Unit::kMillennium},
    UnitName{"millennium", Unit::kMillennium},
    UnitName{"millisecon", Unit::kMillisecond},
    UnitName{"mils", Unit::kMillennium},
    UnitName{"min", Unit::kMinute},
    UnitName{"mins", Unit::kMinute},
    UnitName{"minute", Unit::kMinute},
    UnitName{"minutes", Unit::kMinute},
    UnitName{"mon", Unit::kMonth},
    UnitName{"mons", Unit::kMonth},
    UnitName{"month", Unit::kMonth},
    UnitName{"months", Unit::kMonth},
    UnitName{"ms", Unit::kMillisecond},
    UnitName{"msec", Unit::kMillisecond},
    UnitName{"msecs", Unit::kMillisecond},
    UnitName{"mseconds", Unit::kMillisecond},
    UnitName{"qtr", Unit::kUseless},
    UnitName{"quarter", Unit::kUseless},
    UnitName{"s", Unit::kSecond},
    UnitName{"sec", Unit::kSecond},
    UnitName{"second", Unit::kSecond},
    UnitName{"seconds", Unit::kSecond},
    UnitName{"secs", Unit::kSecond},
    UnitName{"timezone", Unit::kUseless},
    UnitName{"timezone_h", Unit::kUseless},
    UnitName{"timezone_m", Unit::kUseless},
    UnitName{"us", Unit::kMicrosecond},
    UnitName{"usec", Unit::kMicrosecond},
    UnitName{"usecs", Unit::kMicrosecond},
    UnitName{"useconds", Unit::kMicrosecond},
    UnitName{"w", Unit::kWeek},
    UnitName{"week", Unit::kWeek},
    UnitName{"weeks", Unit::kWeek},
    UnitName{"y", Unit::kYear},
    UnitName{"year", Unit::kYear},
    UnitName{"years", Unit::kYear},
    UnitName{"yr", Unit::kYear},
    UnitName{"yrs", Unit::kYear},
};

}  // namespace

IntervalUnit find_interval_unit(std::string_view word) {
  for (const UnitName& known : kUnitNames) {
    if (known.name == word.substr(0, kUnitNameMax)) return known.unit;
  }
  return Unit::kUnknown;
}

}  // namespace rowan::type
