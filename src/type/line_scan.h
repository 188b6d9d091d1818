// The quick inner steps over the canonical text of a line, shared by the row codec and the line
// decoder.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "type/json_text.h"
#include "type/number_text.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::type {

// Eight bytes at once: a bit in every byte that is `"`, `\` or a control. Exact for the first such
// byte (little endian).
inline uint64_t string_stops(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
          ((word - kOnes * 0x20) & ~word)) &
         kHighs;
}

// From inside a string to its first `"`, `\` or control byte; `end` when there is none.
inline const char* find_string_stop(const char* p, const char* end) {
  while (end - p >= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    if (string_stops(word) != 0) {
      break;
    }
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) {
    ++p;
  }
  return p;
}

// Over one element of a line; nullptr when it is malformed. Strings without escapes and integers
// take the short way.
inline const char* skip_element(const char* p, const char* end) {
  if (p < end && *p == '"') {
    const char* stop = find_string_stop(p + 1, end);
    if (stop < end && *stop == '"') {
      return stop + 1;
    }
  }
  return p < end && !is_space(*p) ? skip_json(p, end) : nullptr;
}

// A canonical JSON integer that fits in 64 bits. Advances p; false otherwise.
inline bool read_line_integer(const char*& p, const char* end, int64_t& value) {
  const char* at = p;
  const bool negative = at < end && *at == '-';
  at += negative ? 1 : 0;
  const char* const first = at;
  uint64_t magnitude = 0;
  while (at < end && is_digit(*at)) {
    magnitude = magnitude * 10 + static_cast<uint64_t>(*at++ - '0');
  }
  const auto digits = at - first;
  if (digits == 0 || digits > 19 || (*first == '0' && (digits > 1 || negative)) ||
      magnitude > uint64_t{INT64_MAX} + (negative ? 1 : 0)) {
    return false;
  }
  p = at;
  value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

// A canonical finite numeric: digits, perhaps a point and digits. Returns its end, or nullptr.
inline const char* skip_line_numeric(const char* p, const char* end) {
  p += p < end && *p == '-' ? 1 : 0;
  const char* const first = p;
  while (p < end && is_digit(*p)) {
    ++p;
  }
  if (p == first || (*first == '0' && p - first > 1)) {
    return nullptr;
  }
  if (p < end && *p == '.') {
    const char* const fraction = ++p;
    while (p < end && is_digit(*p)) {
      ++p;
    }
    return p == fraction ? nullptr : p;
  }
  return p;
}

Error damaged_line(Bytes line);  // kCorruption with the line's beginning.
Result<Value> value_from_large(Type type,
                               std::string bytes);  // Out-of-line bytes are the physical string.

}  // namespace rowan::type
