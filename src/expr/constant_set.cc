#include "expr/constant_set.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "type/array.h"
#include "type/jsonb.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::expr {

using type::Physical;
using type::TypeId;

namespace {

std::string_view normalised_numeric(std::string_view numeric) {
  if (numeric.find('.') == std::string_view::npos)
    return numeric == "-0" ? std::string_view("0") : numeric;
  while (numeric.back() == '0') numeric.remove_suffix(1);
  if (numeric.back() == '.') numeric.remove_suffix(1);
  return numeric == "-0" ? std::string_view("0") : numeric;
}

}  // namespace

std::string_view normalised_string(TypeId id, std::string_view text, std::string& scratch) {
  switch (type::type_info(id).order) {
    case type::Order::kNumeric:
      return normalised_numeric(text);
    case type::Order::kPadded:
      return type::without_padding(text);
    case type::Order::kArray:
      scratch.clear();
      type::append_array_identity(text, scratch);
      return scratch;
    case type::Order::kJsonb:
      scratch.clear();
      type::append_jsonb_identity(text, scratch);
      return scratch;
    default:
      return text;
  }
}

IntervalKey interval_key(type::Interval interval) {
  const type::IntervalLength length = type::interval_length(interval);
  IntervalKey key;
  std::memcpy(key.data(), &length, key.size());
  return key;
}

int64_t normalised_double(double value) {
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (value == 0) value = 0;
  return std::bit_cast<int64_t>(value);
}

void ConstantSet::add(const type::Value& value) {
  if (value.is_null()) {
    has_null_ = true;
    return;
  }
  switch (physical(type_.id)) {
    case Physical::kInt64:
      ints_.insert(value.as_int());
      break;
    case Physical::kDouble:
      ints_.insert(normalised_double(value.as_double()));
      break;
    case Physical::kString: {
      std::string scratch;
      strings_.insert(std::string(normalised_string(type_.id, value.as_string(), scratch)));
      break;
    }
    case Physical::kInterval: {
      const IntervalKey key = interval_key(value.as_interval());
      strings_.emplace(key.data(), key.size());
      break;
    }
  }
}

bool ConstantSet::contains(const type::Column& column, size_t row) const {
  const size_t i = column.index(row);
  switch (physical(type_.id)) {
    case Physical::kInt64:
      return ints_.contains(column.ints()[i]);
    case Physical::kDouble:
      return ints_.contains(normalised_double(column.doubles()[i]));
    case Physical::kInterval: {
      const IntervalKey key = interval_key(column.intervals()[i]);
      return strings_.find(std::string_view(key.data(), key.size())) != strings_.end();
    }
    case Physical::kString:
      break;
  }
  std::string scratch;
  return strings_.find(normalised_string(type_.id, column.strings()[i], scratch)) !=
         strings_.end();
}

}  // namespace rowan::expr
