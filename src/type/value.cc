#include "type/value.h"

#include <cmath>

#include "type/jsonb.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::type {

int compare_doubles(double a, double b) {
  if (a < b) {
    return -1;
  }
  if (a > b) {
    return 1;
  }
  // Equal, or at least one NaN: NaN stands above every number and equals itself.
  return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
}

int compare_strings(TypeId type, std::string_view a, std::string_view b) {
  switch (type) {
    case TypeId::kNumeric:
      return numeric_compare(a, b);
    case TypeId::kChar:
      return without_padding(a).compare(without_padding(b));
    case TypeId::kJsonb:
      return jsonb_compare(a, b);
    default:
      return a.compare(b);
  }
}

int compare(const Value& a, const Value& b) {
  switch (physical(a.type().id)) {
    case Physical::kInt64:
      return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
    case Physical::kDouble:
      return compare_doubles(a.as_double(), b.as_double());
    case Physical::kString:
      return compare_strings(a.type().id, a.as_string(), b.as_string());
  }
  return 0;
}

}  // namespace rowan::type
