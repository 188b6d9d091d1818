#include "type/text.h"

#include <cstdio>
#include <cstring>

#include "base/bytes.h"
#include "type/datetime.h"
#include "type/json_text.h"
#include "type/number_text.h"
#include "type/numeric.h"
#include "type/text_fast.h"

namespace rowan::type {

namespace {

// Bytes of the well-formed character at `p`, or 0. Overlong forms, surrogates and values past
// U+10FFFF are malformed.
size_t character_bytes(const unsigned char* p, size_t left) {
  const unsigned char lead = p[0];
  const auto follows = [&](size_t i) { return i < left && (p[i] & 0xc0) == 0x80; };
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xc2 && lead < 0xe0) {
    return follows(1) ? 2 : 0;
  }
  if (lead >= 0xe0 && lead < 0xf0) {
    const bool fits = follows(1) && follows(2) && !(lead == 0xe0 && p[1] < 0xa0) &&
                      !(lead == 0xed && p[1] >= 0xa0);
    return fits ? 3 : 0;
  }
  if (lead >= 0xf0 && lead < 0xf5) {
    const bool fits = follows(1) && follows(2) && follows(3) && !(lead == 0xf0 && p[1] < 0x90) &&
                      !(lead == 0xf4 && p[1] >= 0x90);
    return fits ? 4 : 0;
  }
  return 0;
}

// The first byte that is no part of a well-formed character, or size().
size_t first_bad_byte(std::string_view text, bool allow_nul) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      uint64_t word;
      std::memcpy(&word, p + at, 8);
      const bool ascii = (word & 0x8080808080808080) == 0;
      const bool no_nul = ((word - 0x0101010101010101) & ~word & 0x8080808080808080) == 0;
      if (ascii && (allow_nul || no_nul)) {
        at += 8;
        continue;
      }
    }
    const size_t bytes = character_bytes(p + at, text.size() - at);
    if (bytes == 0 || (!allow_nul && p[at] == 0)) {
      return at;
    }
    at += bytes;
  }
  return at;
}

// The bytes of the first `characters` characters. Requires: valid UTF-8.
size_t prefix_bytes(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xc0) != 0x80 && characters-- == 0) {
      break;
    }
  }
  return at;
}

Result<bool> parse_bool(std::string_view text) {
  const std::string_view body = trim_spaces(text);
  const auto prefix_of = [&](std::string_view word, size_t least) {
    return body.size() >= least && body.size() <= word.size() &&
           equals_ignoring_case(body, word.substr(0, body.size()));
  };
  if (prefix_of("true", 1) || prefix_of("yes", 1) || prefix_of("on", 2) || body == "1") {
    return true;
  }
  if (prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || body == "0") {
    return false;
  }
  return invalid_text(TypeId::kBool, text);
}

// 32 digits, a hyphen allowed behind every fourth, braces around it all.
Result<std::string> parse_uuid(std::string_view text) {
  std::string_view body = text;
  const bool braced = !body.empty() && body.front() == '{';
  if (braced) {
    if (body.back() != '}') {
      return invalid_text(TypeId::kUuid, text);
    }
    body = body.substr(1, body.size() - 2);
  }
  std::string out;
  out.reserve(36);
  size_t digits = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    char c = body[i];
    if (c == '-') {
      if (digits == 0 || digits % 4 != 0 || digits == 32 || body[i - 1] == '-') {
        return invalid_text(TypeId::kUuid, text);
      }
      continue;
    }
    c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (digits == 32 || !(is_digit(c) || (c >= 'a' && c <= 'f'))) {
      return invalid_text(TypeId::kUuid, text);
    }
    if (digits == 8 || digits == 12 || digits == 16 || digits == 20) {
      out += '-';
    }
    out += c;
    ++digits;
  }
  if (digits != 32) {
    return invalid_text(TypeId::kUuid, text);
  }
  return out;
}

Result<std::string> parse_hex_bytea(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (is_space(c) && digits.size() % 2 == 0) {
      continue;
    }
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
Result<std::string> parse_escaped_bytea(std::string_view text) {
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

Result<std::string> parse_characters(Type type, std::string_view text) {
  TRY(check_text(text));
  if (type.id == TypeId::kText || type.id == TypeId::kUnknown) {
    return std::string(text);
  }
  const std::string_view kept =
      type.id == TypeId::kChar ? without_padding(text) : text;
  if (type.modifier < 0 || kept.size() <= static_cast<size_t>(type.modifier)) {
    return std::string(kept);
  }
  const size_t bytes = prefix_bytes(kept, static_cast<size_t>(type.modifier));
  if (kept.find_first_not_of(' ', bytes) != kept.npos) {
    return Error(ErrorCode::kStringTooLong, "value too long for type " + type_name(type));
  }
  return std::string(kept.substr(0, bytes));
}

Result<std::string> parse_string(Type type, std::string_view text) {
  switch (type.id) {
    case TypeId::kNumeric: {
      TRY_ASSIGN(std::string parsed, numeric_parse(text));
      return type.modifier < 0 ? Result<std::string>(std::move(parsed))
                               : numeric_apply_modifier(parsed, type);
    }
    case TypeId::kBytea:
      return text.starts_with("\\x") ? parse_hex_bytea(text.substr(2)) : parse_escaped_bytea(text);
    case TypeId::kUuid:
      return parse_uuid(text);
    case TypeId::kJson:
      TRY(check_text(text));
      TRY(check_json(text));
      return std::string(text);
    case TypeId::kJsonb:
      TRY(check_text(text));
      return jsonb_from_text(text);
    default:
      return parse_characters(type, text);
  }
}

Result<int64_t> parse_whole(Type type, std::string_view text, Moment now) {
  if (type.id == TypeId::kBool) {
    TRY_ASSIGN(const bool value, parse_bool(text));
    return static_cast<int64_t>(value);
  }
  if (is_integer(type.id)) return parse_integer(type.id, text);
  TRY_ASSIGN(const int64_t value, parse_datetime(type.id, text, now));
  return to_precision(type, value);
}

}  // namespace

Result<void> check_text(std::string_view text) {
  const size_t bad = first_bad_byte(text, false);
  if (bad == text.size()) {
    return {};
  }
  // As many bytes as the lead byte promises, which is what PostgreSQL shows.
  const auto lead = static_cast<unsigned char>(text[bad]);
  const size_t promised = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
  std::string message = "invalid byte sequence for encoding \"UTF8\":";
  for (const char c : text.substr(bad, promised)) {
    message += " 0x";
    message += to_hex({&c, 1});
  }
  return Error(ErrorCode::kUntranslatableCharacter, std::move(message));
}

Result<Value> parse_text(Type type, std::string_view text, Moment now) {
  switch (physical(type.id)) {
    case Physical::kInt64: {
      TRY_ASSIGN(const int64_t value, parse_whole(type, text, now));
      return Value::of_int(type, value);
    }
    case Physical::kDouble: {
      TRY_ASSIGN(const double value, parse_float(type.id, text));
      return Value::of_double(type, value);
    }
    case Physical::kString: {
      TRY_ASSIGN(std::string value, parse_string(type, text));
      return Value::of_string(type, std::move(value));
    }
  }
  return Error(ErrorCode::kInternal, "a type without a physical form");
}

Result<void> append_column_from_text(std::string_view text, ColumnBuilder& column, Moment now) {
  const Type type = column.type();
  switch (physical(type.id)) {
    case Physical::kInt64: {
      TRY_ASSIGN(const int64_t value, parse_whole(type, text, now));
      column.append_int(value);
      return {};
    }
    case Physical::kDouble: {
      TRY_ASSIGN(const double value, parse_float(type.id, text));
      column.append_double(value);
      return {};
    }
    case Physical::kString: {
      TRY_ASSIGN(const std::string value, parse_string(type, text));
      column.append_string(value);
      return {};
    }
  }
  return {};
}

std::string to_text(const Value& value) {
  std::string out;
  switch (physical(value.type().id)) {
    case Physical::kInt64:
      append_text(value.type(), value.as_int(), out);
      break;
    case Physical::kDouble:
      append_text(value.type(), value.as_double(), out);
      break;
    case Physical::kString:
      append_text(value.type(), std::string_view(value.as_string()), out);
      break;
  }
  return out;
}

void append_text(Type type, int64_t value, std::string& out) {
  if (type.id == TypeId::kBool) {
    out += value != 0 ? 't' : 'f';
  } else if (is_integer(type.id)) {
    append_integer(value, out);
  } else {
    append_datetime(type.id, value, out);
  }
}

void append_text(Type type, double value, std::string& out) {
  if (type.id == TypeId::kFloat4) {
    append_float4(value, out);
  } else {
    append_float8(value, out);
  }
}

void append_text(Type type, std::string_view value, std::string& out) {
  if (type.id == TypeId::kBytea) {
    out += "\\x";
    out += to_hex(value);
    return;
  }
  out += value;
  if (type.id == TypeId::kChar && type.modifier > 0) {
    const size_t length = utf8_length(value);
    const auto width = static_cast<size_t>(type.modifier);
    out.append(width > length ? width - length : 0, ' ');
  }
}

bool is_valid_utf8(std::string_view text) { return first_bad_byte(text, true) == text.size(); }

size_t utf8_length(std::string_view text) {
  size_t characters = 0;
  for (const char c : text) {
    characters += (c & 0xc0) != 0x80 ? 1 : 0;
  }
  return characters;
}

}  // namespace rowan::type
