#include "type/key_codec.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "type/number_text.h"

namespace rowan::type {

namespace {

constexpr char kEnd = '+';  // Below every byte that continues a text, so a prefix sorts first.

bool stands_for_itself(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

void append_escaped(std::string_view text, std::string& key) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (stands_for_itself(c)) {
      key += raw;
      continue;
    }
    const char escape[3] = {c < '0' ? '-' : c < 'a' ? '_' : '~', kHex[c >> 4], kHex[c & 15]};
    key.append(escape, 3);
  }
}

// -0 becomes 0 and every NaN one NaN; then negative numbers have all bits turned, the others only
// the sign.
void append_float_key(double value, std::string& key) {
  if (std::isnan(value)) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (value == 0) {
    value = 0;
  }
  uint64_t bits = std::bit_cast<uint64_t>(value);
  bits = (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
  key += 'f';
  for (int shift = 60; shift >= 0; shift -= 4) {
    key += "0123456789abcdef"[bits >> shift & 15];
  }
}

void append_numeric_key(std::string_view numeric, std::string& key) {
  key += 'n';
  const bool negative = !numeric.empty() && numeric.front() == '-';
  const std::string_view body = numeric.substr(negative ? 1 : 0);
  if (body.empty() || !is_digit(body.front())) {
    key += body == "NaN" ? '9' : negative ? '1' : '8';
    return;
  }
  const size_t point = body.find('.');
  const size_t whole = point == body.npos ? body.size() : point;
  std::string digits;
  digits.reserve(body.size());
  digits.append(body.substr(0, whole));
  if (point != body.npos) {
    digits.append(body.substr(point + 1));
  }
  const size_t first = digits.find_first_not_of('0');
  if (first == digits.npos) {
    key += '5';
    return;
  }
  const size_t last = digits.find_last_not_of('0');
  const int64_t exponent = static_cast<int64_t>(whole) - static_cast<int64_t>(first);
  key += negative ? '4' : '6';
  append_int_key(negative ? -exponent : exponent, key);
  for (size_t i = first; i <= last; ++i) {
    key += negative ? static_cast<char>('9' - (digits[i] - '0')) : digits[i];
  }
  key += negative ? '~' : kEnd;
}

void append_string_key(TypeId id, std::string_view text, std::string& key) {
  switch (id) {
    case TypeId::kNumeric:
      append_numeric_key(text, key);
      return;
    case TypeId::kBytea:
      key += 'x';
      key += to_hex(text);
      key += kEnd;
      return;
    case TypeId::kUuid:
      key += 'u';
      for (const char c : text) {
        if (c != '-') {
          key += c;
        }
      }
      return;
    default:
      if (id == TypeId::kChar) {
        text = text.substr(0, text.find_last_not_of(' ') + 1);
      }
      key += 't';
      append_escaped(text, key);
      key += kEnd;
  }
}

void append_whole_key(TypeId id, int64_t value, std::string& key) {
  switch (id) {
    case TypeId::kBool:
      key += value != 0 ? "b1" : "b0";
      return;
    case TypeId::kDate:
      key += 'd';
      break;
    case TypeId::kTime:
      key += 'h';
      break;
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      key += 'w';
      break;
    default:
      break;
  }
  append_int_key(value, key);
}

}  // namespace

void append_int_key(int64_t value, std::string& key) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  char buffer[24];
  char* const digits = buffer + 2;
  const char* const end = std::to_chars(digits, buffer + sizeof buffer, magnitude).ptr;
  const auto count = static_cast<int>(end - digits);
  if (!negative) {
    buffer[1] = static_cast<char>('a' + count - 1);
    key.append(buffer + 1, static_cast<size_t>(count) + 1);
    return;
  }
  buffer[0] = '1';
  buffer[1] = static_cast<char>('z' - count);
  for (char* p = digits; p != end; ++p) {
    *p = static_cast<char>('9' - (*p - '0'));
  }
  key.append(buffer, static_cast<size_t>(count) + 2);
}

Result<void> append_key(const Value& value, std::string& key, bool descending) {
  const TypeId id = value.type().id;
  const size_t from = key.size();
  if (value.is_null()) {
    key += 'z';
  } else if (!can_be_key(id)) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "a value of type " + type_name(value.type()) + " cannot be a key");
  } else {
    switch (physical(id)) {
      case Physical::kInt64:
        append_whole_key(id, value.as_int(), key);
        break;
      case Physical::kDouble:
        append_float_key(value.as_double(), key);
        break;
      case Physical::kString:
        append_string_key(id, value.as_string(), key);
        break;
    }
  }
  if (descending) {
    // A mirror of the printable range: strictly decreasing byte by byte, so order turns round and
    // no key becomes another's prefix.
    for (size_t i = from; i < key.size(); ++i) {
      key[i] = static_cast<char>(0x9f - key[i]);
    }
  }
  return {};
}

std::string encode_name(std::string_view name) {
  std::string encoded;
  append_escaped(name, encoded);
  return encoded;
}

Result<std::string> decode_name(std::string_view encoded) {
  std::string name;
  for (size_t i = 0; i < encoded.size(); ++i) {
    const char c = encoded[i];
    std::string byte(1, c);
    if (!stands_for_itself(static_cast<unsigned char>(c))) {
      if ((c != '-' && c != '_' && c != '~') || encoded.size() - i < 3 ||
          !from_hex(encoded.substr(i + 1, 2), byte)) {
        return Error(ErrorCode::kInvalidContent,
                     "\"" + std::string(encoded) + "\" is no encoded name");
      }
      i += 2;
    }
    name += byte;
  }
  // Only the one spelling counts: no escape for what stands for itself, no wrong escape, no
  // upper-case digit.
  if (encode_name(name) != encoded) {
    return Error(ErrorCode::kInvalidContent, "\"" + std::string(encoded) + "\" is no encoded name");
  }
  return name;
}

}  // namespace rowan::type
