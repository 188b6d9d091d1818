// ConstantSet: the items of an IN list of constants, hashed.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include "type/column.h"
#include "type/value.h"

namespace rowan::expr {

// Equal values have equal keys: numerics lose zeros behind the point, char(n) its blanks, jsonb both
// kinds of zeros; -0 is 0, all NaNs are one. The result may lie in `scratch`.
std::string_view normalised_string(type::TypeId id, std::string_view text, std::string& scratch);
int64_t normalised_double(double value);
using IntervalKey = std::array<char, sizeof(type::IntervalLength)>;
IntervalKey interval_key(type::Interval interval);  // Of its length.

class ConstantSet {
 public:
  explicit ConstantSet(type::Type type) : type_(type) {}

  void add(const type::Value& value);
  bool has_null() const { return has_null_; }
  bool contains(const type::Column& column,
                size_t row) const;  // Requires: of the set's type, not NULL there.

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  type::Type type_;
  bool has_null_ = false;
  std::unordered_set<int64_t> ints_;  // Doubles by their normalised bits.
  std::unordered_set<std::string, Hash, std::equal_to<>> strings_;
};

}  // namespace rowan::expr
