#include "expr/constant_set.h"

#include <bit>
#include <cmath>
#include <limits>

namespace rowan::expr {

using type::Physical;
using type::TypeId;

std::string_view normalised_numeric(std::string_view numeric) {
  if (numeric.find('.') == std::string_view::npos)
    return numeric == "-0" ? std::string_view("0") : numeric;
  while (numeric.back() == '0') numeric.remove_suffix(1);
  if (numeric.back() == '.') numeric.remove_suffix(1);
  return numeric == "-0" ? std::string_view("0") : numeric;
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
    case Physical::kString:
      strings_.insert(std::string(type_.id == TypeId::kNumeric
                                      ? normalised_numeric(value.as_string())
                                      : value.as_string()));
      break;
  }
}

bool ConstantSet::contains(const type::Column& column, size_t row) const {
  const size_t i = column.index(row);
  switch (physical(type_.id)) {
    case Physical::kInt64:
      return ints_.contains(column.ints()[i]);
    case Physical::kDouble:
      return ints_.contains(normalised_double(column.doubles()[i]));
    case Physical::kString:
      break;
  }
  const std::string_view text = column.strings()[i];
  return strings_.find(type_.id == TypeId::kNumeric ? normalised_numeric(text) : text) !=
         strings_.end();
}

}  // namespace rowan::expr
