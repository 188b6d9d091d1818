#include "type/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace rowan::type {

namespace {

// The number behind the `e` of to_chars's scientific form.
int read_exponent(const char* p, const char* end) {
  const bool negative = *p == '-';
  int value = 0;
  for (++p; p < end; ++p) {
    value = value * 10 + (*p - '0');
  }
  return negative ? -value : value;
}

// True when every reader, whichever way it rounds a tie, reads `digits`e`exponent` (an integer
// times a power of ten) back as `value`: the text just above and the text just below it do too.
template <typename Float>
bool reads_back_strictly(uint64_t digits, int exponent, Float value) {
  const std::string tail(30, '0');
  const std::string above = std::to_string(digits) + tail + "1e" + std::to_string(exponent - 31);
  const std::string below =
      std::to_string(digits - 1) + std::string(31, '9') + "e" + std::to_string(exponent - 31);
  Float high = 0;
  Float low = 0;
  std::from_chars(above.data(), above.data() + above.size(), high);
  std::from_chars(below.data(), below.data() + below.size(), low);
  return high == value && low == value;
}

// PostgreSQL never prints digits that lie exactly between two floats, to_chars does (1e23). That
// can only happen to numbers above all exact integers; they get the fewest digits that lie strictly
// inside.
template <typename Float>
char* to_shortest(char* begin, char* end, Float value) {
  char* stop = std::to_chars(begin, end, value, std::chars_format::scientific).ptr;
  constexpr double kExactMax =
      static_cast<double>(uint64_t{1} << std::numeric_limits<Float>::digits);
  if (std::fabs(value) < kExactMax) {
    return stop;
  }
  for (int precision = -1; precision <= std::numeric_limits<Float>::max_digits10 - 1; ++precision) {
    uint64_t digits = 0;
    int fraction_digits = 0;
    bool in_fraction = false;
    const char* p = begin;
    for (p += *p == '-' ? 1 : 0; *p != 'e'; ++p) {
      if (*p == '.') {
        in_fraction = true;
        continue;
      }
      digits = digits * 10 + static_cast<uint64_t>(*p - '0');
      fraction_digits += in_fraction ? 1 : 0;
    }
    const int exponent = read_exponent(p + 1, stop);
    if (reads_back_strictly(digits, exponent - fraction_digits, std::fabs(value))) {
      return stop;
    }
    const int next = std::max(fraction_digits + 1, precision);
    stop = std::to_chars(begin, end, value, std::chars_format::scientific, next).ptr;
    precision = next;
  }
  return stop;
}

// Fixed notation while the decimal exponent is in [-4, exponent_end); scientific otherwise, as
// PostgreSQL does.
template <typename Float>
void append_float(Float value, int exponent_end, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  char buffer[64];
  char* const end = to_shortest(buffer, buffer + sizeof buffer, value);
  const char* mark = end - 1;
  while (*mark != 'e') {
    --mark;
  }
  const int exponent = read_exponent(mark + 1, end);
  if (value == 0 || exponent < -4 || exponent >= exponent_end) {
    if (value == 0) {
      out += std::signbit(value) ? "-0" : "0";
      return;
    }
    out.append(buffer, static_cast<size_t>(end - buffer));
    return;
  }
  // The digits are the shortest already; only the point moves.
  const char* digits = buffer;
  if (*digits == '-') {
    out += '-';
    ++digits;
  }
  char significant[32];
  size_t count = 0;
  for (const char* p = digits; p != mark; ++p) {
    if (*p != '.') {
      significant[count++] = *p;
    }
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out.append(significant, count);
    return;
  }
  const size_t whole = static_cast<size_t>(exponent) + 1;
  if (count <= whole) {
    out.append(significant, count);
    out.append(whole - count, '0');
    return;
  }
  out.append(significant, whole);
  out += '.';
  out.append(significant + whole, count - whole);
}

bool has_nonzero_digit(std::string_view text) {
  for (const char c : text) {
    if (c == 'e' || c == 'E') {
      return false;
    }
    if (c >= '1' && c <= '9') {
      return true;
    }
  }
  return false;
}

template <typename Float>
bool read_special(std::string_view body, Float& value) {
  std::string_view word = body;
  const bool negative = !word.empty() && word.front() == '-';
  if (!word.empty() && (word.front() == '-' || word.front() == '+')) {
    word.remove_prefix(1);
  }
  if (equals_ignoring_case(word, "infinity") || equals_ignoring_case(word, "inf")) {
    value =
        negative ? -std::numeric_limits<Float>::infinity() : std::numeric_limits<Float>::infinity();
    return true;
  }
  if (equals_ignoring_case(word, "nan")) {
    value = std::numeric_limits<Float>::quiet_NaN();
    return true;
  }
  return false;
}

template <typename Float>
Result<double> parse_as(TypeId id, std::string_view text) {
  const std::string_view body = trim_spaces(text);
  Float value = 0;
  if (read_special(body, value)) {
    return static_cast<double>(value);
  }
  std::string_view number = body;
  if (!number.empty() && number.front() == '+') {
    number.remove_prefix(1);
    if (!number.empty() && number.front() == '-') {
      return invalid_text(id, text);
    }
  }
  const size_t first = !number.empty() && number.front() == '-' ? 1 : 0;
  if (first >= number.size() || !(is_digit(number[first]) || number[first] == '.')) {
    return invalid_text(id, text);
  }
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error == std::errc::invalid_argument || end != number.data() + number.size()) {
    return invalid_text(id, text);
  }
  if (error == std::errc::result_out_of_range || std::isinf(value) ||
      (value == 0 && has_nonzero_digit(number))) {
    return Error(ErrorCode::kNumericOutOfRange,
                 "\"" + std::string(body) + "\" is out of range for type " + type_name({id, -1}));
  }
  return static_cast<double>(value);
}

}  // namespace

void append_integer(int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void append_float8(double value, std::string& out) { append_float(value, 15, out); }
void append_float4(double value, std::string& out) {
  append_float(static_cast<float>(value), 6, out);
}

int64_t integer_min(TypeId id) {
  return id == TypeId::kInt2   ? std::numeric_limits<int16_t>::min()
         : id == TypeId::kInt4 ? std::numeric_limits<int32_t>::min()
                               : std::numeric_limits<int64_t>::min();
}

int64_t integer_max(TypeId id) {
  return id == TypeId::kInt2   ? std::numeric_limits<int16_t>::max()
         : id == TypeId::kInt4 ? std::numeric_limits<int32_t>::max()
                               : std::numeric_limits<int64_t>::max();
}

Result<int64_t> parse_integer(TypeId id, std::string_view text) {
  const std::string_view body = trim_spaces(text);
  size_t at = !body.empty() && (body.front() == '-' || body.front() == '+') ? 1 : 0;
  if (at == body.size()) {
    return invalid_text(id, text);
  }
  const bool negative = body.front() == '-';
  uint64_t magnitude = 0;
  bool overflow = false;
  for (; at < body.size(); ++at) {
    if (!is_digit(body[at])) {
      return invalid_text(id, text);
    }
    overflow |= __builtin_mul_overflow(magnitude, uint64_t{10}, &magnitude);
    overflow |=
        __builtin_add_overflow(magnitude, static_cast<uint64_t>(body[at] - '0'), &magnitude);
  }
  const uint64_t limit = static_cast<uint64_t>(integer_max(id)) + (negative ? 1 : 0);
  if (overflow || magnitude > limit) {
    return Error(
        ErrorCode::kNumericOutOfRange,
        "value \"" + std::string(text) + "\" is out of range for type " + type_name({id, -1}));
  }
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

Result<double> parse_float(TypeId id, std::string_view text) {
  return id == TypeId::kFloat4 ? parse_as<float>(id, text) : parse_as<double>(id, text);
}

std::string_view trim_spaces(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) {
    return false;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) {
      return false;
    }
  }
  return true;
}

Error invalid_text(TypeId id, std::string_view text) {
  return Error(ErrorCode::kInvalidText, "invalid input syntax for type " + type_name({id, -1}) +
                                            ": \"" + std::string(text) + "\"");
}

}  // namespace rowan::type
