// bytea: raw bytes; `\x` and hexadecimal digits in text and lines, the digits in keys.
#include <array>

#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<std::string> parse_hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (is_space(c) && digits.size() % 2 == 0) continue;
    const char lower = static_cast<char>(c | 32);
    if (!is_digit(c) && !(lower >= 'a' && lower <= 'f')) {
      return Error(ErrorCode::kInvalidParameterValue,
                   "invalid hexadecimal digit: \"" + std::string(1, c) + "\"");
    }
    digits += c;
  }
  std::string bytes;
  if (!from_hex(digits, bytes)) {
    return Error(ErrorCode::kInvalidParameterValue,
                 "invalid hexadecimal data: odd number of digits");
  }
  return bytes;
}

// PostgreSQL's older spelling: `\\` is a backslash, `\ooo` a byte in octal.
Result<std::string> parse_escaped(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '\\') {
      bytes += '\\';
      ++i;
      continue;
    }
    const auto octal = [&](size_t at, char most) {
      return at < text.size() && text[at] >= '0' && text[at] <= most;
    };
    if (!octal(i + 1, '3') || !octal(i + 2, '7') || !octal(i + 3, '7')) {
      return Error(ErrorCode::kInvalidText, "invalid input syntax for type bytea");
    }
    bytes += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                               (text[i + 3] - '0'));
    i += 3;
  }
  return bytes;
}

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY_ASSIGN(std::string bytes,
             text.starts_with("\\x") ? parse_hex(text.substr(2)) : parse_escaped(text));
  return Value::of_string(type, std::move(bytes));
}

void write_text(Type, Datum value, std::string& out) {
  out += "\\x";
  out += to_hex(value.text);
}

Result<Value> read_binary(Type type, Bytes bytes) {
  return Value::of_string(type, std::string(bytes));
}

void write_json(Datum value, std::string& out) {
  out += "\"\\\\x";
  out += to_hex(value.text);
  out += '"';
}

Result<Value> read_large(Type type, std::string bytes) {
  return Value::of_string(type, std::move(bytes));
}

void write_key(Datum value, std::string& key) {
  key += 'x';
  key += to_hex(value.text);
  key += '+';
}

constexpr std::array<std::string_view, 1> kSpellings = {"bytea"};

}  // namespace

constinit const TypeInfo kByteaType = {
    .id = TypeId::kBytea,
    .oid = 17,
    .array_oid = 1001,
    .name = "bytea",
    .shown = "bytea",
    .spellings = kSpellings,
    .category = 'U',
    .order = Order::kBytes,
    .shape = Shape::kBytes,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_bytes,
    .read_json = read_string_element,
    .write_json = write_json,
    .read_large = read_large,
    .write_key = write_key,
    .key_length = ended_key_length,
};

}  // namespace rowan::type
