#include "type/value.h"

#include <cmath>

#include "type/array.h"
#include "type/jsonb.h"
#include "type/numeric.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::type {

Value Value::of(Type type, Datum value) {
  switch (physical(type.id)) {
    case Physical::kInt64:
      return of_int(type, value.whole);
    case Physical::kDouble:
      return of_double(type, value.real);
    case Physical::kString:
      return of_string(type, std::string(value.text));
    case Physical::kInterval:
      return of_interval(type, value.interval);
  }
  return null(type);
}

Datum Value::datum() const {
  switch (physical(type_.id)) {
    case Physical::kInt64:
      return int_;
    case Physical::kDouble:
      return double_;
    case Physical::kString:
      return std::string_view(string_);
    case Physical::kInterval:
      return interval_;
  }
  return int_;
}

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

int compare_intervals(Interval a, Interval b) {
  const IntervalLength x = interval_length(a);
  const IntervalLength y = interval_length(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

int compare_strings(TypeId type, std::string_view a, std::string_view b) {
  switch (type_info(type).order) {
    case Order::kNumeric:
      return numeric_compare(a, b);
    case Order::kPadded:
      return without_padding(a).compare(without_padding(b));
    case Order::kJsonb:
      return jsonb_compare(a, b);
    case Order::kArray:
      return array_compare(a, b);
    default:
      return a.compare(b);
  }
}

int compare(TypeId type, Datum a, Datum b) {
  switch (physical(type)) {
    case Physical::kInt64:
      return a.whole < b.whole ? -1 : a.whole > b.whole ? 1 : 0;
    case Physical::kDouble:
      return compare_doubles(a.real, b.real);
    case Physical::kString:
      return compare_strings(type, a.text, b.text);
    case Physical::kInterval:
      return compare_intervals(a.interval, b.interval);
  }
  return 0;
}

int compare(const Value& a, const Value& b) { return compare(a.type().id, a.datum(), b.datum()); }

void append_identity(TypeId type, Datum value, std::string& out) {
  const auto put = [&out](const void* bytes, size_t count) {
    out.append(static_cast<const char*>(bytes), count);
  };
  // A key, where there is one, ends by itself and is the same for equal values.
  const TypeInfo& row = type_info(type);
  if (row.write_key != nullptr) {
    row.write_key(value, out);
    return;
  }
  std::string identity;
  if (row.order == Order::kJsonb) {
    append_jsonb_identity(value.text, identity);
  } else if (row.order == Order::kArray) {
    append_array_identity(value.text, identity);
  } else {
    identity = value.text;
  }
  const size_t bytes = identity.size();
  put(&bytes, sizeof bytes);
  out += identity;
}

bool is_same(Physical form, Datum a, Datum b) {
  switch (form) {
    case Physical::kInt64:
      return a.whole == b.whole;
    case Physical::kDouble:
      return compare_doubles(a.real, b.real) == 0 && std::signbit(a.real) == std::signbit(b.real);
    case Physical::kString:
      return a.text == b.text;
    case Physical::kInterval:
      return a.interval == b.interval;
  }
  return false;
}

}  // namespace rowan::type
