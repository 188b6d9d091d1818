// Arrays: one-dimensional lists of values of one type, in one string that says itself what it holds.
//
// In memory only, never stored:
//   byte 0      the elements' TypeId
//   an element  0 for NULL, else 1 and the value as it lies: 8 bytes (integers, floats), 16 bytes
//               (intervals), or 4 bytes of length and the string's bytes
// The empty string, as it lies under a NULL, counts as an array without elements.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/datetime.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Walks the elements. Lifetime: datums point into the array.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view array);
  TypeId element() const { return element_; }
  bool at_end() const { return rest_.empty(); }
  std::optional<Datum> next();  // Nothing: NULL. Requires: !at_end().

 private:
  TypeId element_ = TypeId::kUnknown;
  Physical form_ = Physical::kString;
  std::string_view rest_;
};

class ArrayBuilder {
 public:
  explicit ArrayBuilder(TypeId element);
  void append_null() { bytes_ += '\0'; }
  void append(Datum value);
  void append(const std::optional<Datum>& value);
  size_t bytes() const { return bytes_.size(); }
  std::string finish() { return std::move(bytes_); }  // Once.

 private:
  Physical form_;
  std::string bytes_;
};

size_t array_size(std::string_view array);

// PostgreSQL's order: element by element, NULL above all values, a beginning before the whole.
int array_compare(std::string_view a, std::string_view b);
// Appends bytes that two arrays share exactly when they compare equal.
void append_array_identity(std::string_view array, std::string& out);

// PostgreSQL's text: {1,2,NULL,"a b"}. One dimension that begins with 1; others are 0A000.
Result<Value> parse_array(Type type, std::string_view text, Moment now);
void append_array_text(Type type, std::string_view array, std::string& out);

}  // namespace rowan::type
