#include "type/text_fast.h"

#include <algorithm>

#include "type/datetime.h"
#include "type/json_text.h"
#include "type/key_codec.h"
#include "type/line_scan.h"
#include "type/number_text.h"
#include "type/row_codec.h"
#include "type/text.h"

namespace rowan::type {

namespace {

// A plain decimal that is its own shortest text: at most 15 digits, no zero at the end of its
// fraction, an exponent in the fixed range. Two different decimals of 15 digits never read as one
// double, so nothing shorter exists.
bool is_shortest_decimal(std::string_view text) {
  const char* const end = text.data() + text.size();
  if (text.empty() || text.size() > 16 || skip_line_numeric(text.data(), end) != end) {
    return false;
  }
  const size_t point = text.find('.');
  if (point == text.npos) {
    return text.size() <= 15 && text != "-0";
  }
  const std::string_view whole = text.substr(0, point);
  const bool small = (whole == "0" || whole == "-0") && text.substr(point + 1).starts_with("0000");
  return text.back() != '0' && !small;
}

// A numeric text that is canonical already and has exactly the scale and no more digits than the
// type.
bool is_fitting_numeric(Type type, std::string_view text) {
  const char* const end = text.data() + text.size();
  constexpr size_t kPlainBytesMax = 60;
  if (text.empty() || text.size() > kPlainBytesMax || skip_line_numeric(text.data(), end) != end) {
    return false;
  }
  const bool negative = text.front() == '-';
  if (negative && text.find_first_of("123456789") == text.npos) {
    return false;
  }
  if (type.modifier < 0) {
    return true;
  }
  const size_t point = std::min(text.find('.'), text.size());
  const int whole = static_cast<int>(point) - (negative ? 1 : 0);
  const int scale = point == text.size() ? 0 : static_cast<int>(text.size() - point - 1);
  return scale == type.numeric_scale() && whole <= type.numeric_precision() - scale;
}

// Integers as written when they need no bounds check: canonical and clearly shorter than the type's
// largest.
bool is_short_integer(TypeId id, std::string_view text) {
  const size_t sign = !text.empty() && text.front() == '-' ? 1 : 0;
  const size_t digits = text.size() - sign;
  const size_t digits_max = id == TypeId::kInt2 ? 4 : id == TypeId::kInt4 ? 9 : 18;
  if (digits == 0 || digits > digits_max || (text[sign] == '0' && text.size() > 1)) {
    return false;
  }
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(sign), text.end(), is_digit);
}

Result<void> append_quoted_text(std::string_view text, std::string& out) {
  TRY(check_text(text));
  const char* const end = text.data() + text.size();
  if (find_string_stop(text.data(), end) != end) {
    append_json_string(text, out);
    return {};
  }
  out += '"';
  out += text;
  out += '"';
  return {};
}

}  // namespace

Result<void> append_json_from_text(Type type, std::string_view text, std::string& out,
                                   Moment now) {
  switch (type.id) {
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8: {
      if (is_short_integer(type.id, text)) {
        out += text;
        return {};
      }
      TRY_ASSIGN(const int64_t value, parse_integer(type.id, text));
      append_integer(value, out);
      return {};
    }
    case TypeId::kFloat8:
      if (is_shortest_decimal(text)) {
        out += text;
        return {};
      }
      break;
    case TypeId::kNumeric:
      if (is_fitting_numeric(type, text)) {
        out += text;
        return {};
      }
      break;
    case TypeId::kDate: {
      int64_t days = 0;
      if (text.size() == 10 && read_plain_date(text.data(), days)) {
        out += '"';
        out += text;
        out += '"';
        return {};
      }
      break;
    }
    case TypeId::kText:
      return append_quoted_text(text, out);
    case TypeId::kVarchar:
      if (type.modifier < 0 || text.size() <= static_cast<size_t>(type.modifier)) {
        return append_quoted_text(text, out);
      }
      break;
    default:
      break;
  }
  TRY_ASSIGN(const Value value, parse_text(type, text, now));
  append_json(value, out);
  return {};
}

Result<void> append_key_from_text(Type type, std::string_view text, std::string& key, Moment now) {
  if (is_integer(type.id)) {
    TRY_ASSIGN(const int64_t value, parse_integer(type.id, text));
    append_int_key(value, key);
    return {};
  }
  TRY_ASSIGN(const Value value, parse_text(type, text, now));
  return append_key(value, key);
}

}  // namespace rowan::type
