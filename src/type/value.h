// Value: one SQL value of its own type, for literals, parameters, defaults and results. Bulk data
// lives in columns (column.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "type/type.h"

namespace rowan::type {

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

  Type type() const { return type_; }
  bool is_null() const { return is_null_; }
  int64_t as_int() const { return int_; }                   // Requires: physical kInt64, not null.
  double as_double() const { return double_; }              // Requires: physical kDouble, not null.
  const std::string& as_string() const { return string_; }  // Requires: physical kString, not null.

 private:
  Type type_;
  bool is_null_ = true;
  union {
    int64_t int_ = 0;
    double double_;
  };
  std::string string_;
};

// Total order of two non-null values of one type, as PostgreSQL's btree has it: NaN above all
// numbers, text by bytes, char without trailing blanks, numeric by value. <0, 0, >0.
int compare(const Value& a, const Value& b);

// The same on physical strings of `type` (numeric text by value, everything else by bytes).
int compare_strings(TypeId type, std::string_view a, std::string_view b);
int compare_doubles(double a, double b);

}  // namespace rowan::type
