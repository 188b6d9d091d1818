#include "expr/calendar_fields.h"

#include <array>

#include "expr/utf8.h"

namespace rowan::expr {

namespace {

using enum CalendarField;

struct FieldName {
  std::string_view name;
  CalendarField field;
  bool of_span = true;  // Of a length of time too.
};
// PostgreSQL looks at ten characters of a name, so these are as long at most.
constexpr size_t kFieldNameMax = 10;
constexpr std::array kFieldNames = {
    FieldName{"microsecon", kMicrosecond},
    FieldName{"us", kMicrosecond},
    FieldName{"usec", kMicrosecond},
    FieldName{"usecond", kMicrosecond},
    FieldName{"useconds", kMicrosecond},
    FieldName{"usecs", kMicrosecond},
    FieldName{"millisecon", kMillisecond},
    FieldName{"ms", kMillisecond},
    FieldName{"msec", kMillisecond},
    FieldName{"msecond", kMillisecond},
    FieldName{"mseconds", kMillisecond},
    FieldName{"msecs", kMillisecond},
    FieldName{"s", kSecond},
    FieldName{"sec", kSecond},
    FieldName{"second", kSecond},
    FieldName{"seconds", kSecond},
    FieldName{"secs", kSecond},
    FieldName{"m", kMinute},
    FieldName{"min", kMinute},
    FieldName{"mins", kMinute},
    FieldName{"minute", kMinute},
    FieldName{"minutes", kMinute},
    FieldName{"mm", kMinute, false},
    FieldName{"h", kHour},
    FieldName{"hour", kHour},
    FieldName{"hours", kHour},
    FieldName{"hr", kHour},
    FieldName{"hrs", kHour},
    FieldName{"d", kDay},
    FieldName{"day", kDay},
    FieldName{"days", kDay},
    FieldName{"dow", kDow, false},
    FieldName{"isodow", kIsodow, false},
    FieldName{"doy", kDoy, false},
    FieldName{"w", kWeek},
    FieldName{"week", kWeek},
    FieldName{"weeks", kWeek},
    FieldName{"mon", kMonth},
    FieldName{"mons", kMonth},
    FieldName{"month", kMonth},
    FieldName{"months", kMonth},
    FieldName{"qtr", kQuarter},
    FieldName{"quarter", kQuarter},
    FieldName{"y", kYear},
    FieldName{"year", kYear},
    FieldName{"years", kYear},
    FieldName{"yr", kYear},
    FieldName{"yrs", kYear},
    FieldName{"isoyear", kIsoyear, false},
    FieldName{"dec", kDecade},
    FieldName{"decade", kDecade},
    FieldName{"decades", kDecade},
    FieldName{"decs", kDecade},
    FieldName{"c", kCentury},
    FieldName{"cent", kCentury},
    FieldName{"centuries", kCentury},
    FieldName{"century", kCentury},
    FieldName{"mil", kMillennium},
    FieldName{"mils", kMillennium},
    FieldName{"millennia", kMillennium},
    FieldName{"millennium", kMillennium},
    FieldName{"epoch", kEpoch, false},
    FieldName{"j", kJulian, false},
    FieldName{"jd", kJulian, false},
    FieldName{"julian", kJulian, false},
    FieldName{"timezone", kTimezone},
    FieldName{"timezone_h", kTimezone},
    FieldName{"timezone_m", kTimezone},
    FieldName{"now", kNone, false},
    FieldName{"today", kNone, false},
    FieldName{"tomorrow", kNone, false},
    FieldName{"yesterday", kNone, false},
    FieldName{"allballs", kNone, false},
    FieldName{"infinity", kNone, false},
    FieldName{"-infinity", kNone, false},
};

std::string lower_case(std::string_view name) {
  std::string lower;
  append_lower(name, lower);
  return lower;
}

const FieldName* find_name(std::string_view name) {
  const std::string lower = lower_case(name);
  for (const FieldName& known : kFieldNames) {
    if (known.name == std::string_view(lower).substr(0, kFieldNameMax)) return &known;
  }
  return nullptr;
}

}  // namespace

std::optional<CalendarField> find_calendar_field(std::string_view name) {
  const FieldName* known = find_name(name);
  return known == nullptr ? std::nullopt : std::optional(known->field);
}

bool is_span_field(std::string_view name) {
  const FieldName* known = find_name(name);
  return known != nullptr && known->of_span;
}

Error unit_error(std::string_view name, type::TypeId id, bool known) {
  return Error(known ? ErrorCode::kFeatureNotSupported : ErrorCode::kInvalidParameterValue,
               "unit \"" + lower_case(name) + "\" " + (known ? "not supported" : "not recognized") +
                   " for type " + type::type_name({id}));
}

std::string decimal_text(const Decimal& decimal) {
  std::string digits = std::to_string(decimal.units < 0 ? 0 - static_cast<uint64_t>(decimal.units)
                                                        : static_cast<uint64_t>(decimal.units));
  if (decimal.scale > 0) {
    const size_t scale = static_cast<size_t>(decimal.scale);
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, 1, '.');
  }
  if (decimal.units < 0) digits.insert(0, 1, '-');
  return digits;
}

}  // namespace rowan::expr
