// uuid: 36 lower-case characters; in keys `u` and the 32 digits.
#include <array>

#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

constexpr size_t kBytes = 16;

bool is_hyphen_before(size_t digits) {
  return digits == 8 || digits == 12 || digits == 16 || digits == 20;
}

// 32 digits, a hyphen allowed behind every fourth, braces around it all.
Result<Value> read_text(Type type, std::string_view text, Moment) {
  std::string_view body = text;
  const bool braced = !body.empty() && body.front() == '{';
  if (braced) {
    if (body.back() != '}') return invalid_text(type.id, text);
    body = body.substr(1, body.size() - 2);
  }
  std::string out;
  out.reserve(36);
  size_t digits = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    char c = body[i];
    if (c == '-') {
      if (digits == 0 || digits % 4 != 0 || digits == 32 || body[i - 1] == '-') {
        return invalid_text(type.id, text);
      }
      continue;
    }
    c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (digits == 32 || !(is_digit(c) || (c >= 'a' && c <= 'f'))) {
      return invalid_text(type.id, text);
    }
    if (is_hyphen_before(digits)) out += '-';
    out += c;
    ++digits;
  }
  if (digits != 32) return invalid_text(type.id, text);
  return Value::of_string(type, std::move(out));
}

void write_text(Type, Datum value, std::string& out) { out += value.text; }

std::string hex_digits(std::string_view uuid) {
  std::string digits;
  for (const char c : uuid) {
    if (c != '-') digits += c;
  }
  return digits;
}

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY(check_binary_length(bytes, kBytes));
  return read_text(type, to_hex(bytes), {});
}

void write_binary(Type, Datum value, std::string& out) {
  std::string bytes;
  if (from_hex(hex_digits(value.text), bytes)) out += bytes;
}

void write_key(Datum value, std::string& key) {
  key += 'u';
  key += hex_digits(value.text);
}

size_t key_length(Bytes, bool) { return 33; }

constexpr std::array<std::string_view, 1> kSpellings = {"uuid"};

}  // namespace

constinit const TypeInfo kUuidType = {
    .id = TypeId::kUuid,
    .oid = 2950,
    .array_oid = 2951,
    .name = "uuid",
    .shown = "uuid",
    .spellings = kSpellings,
    .category = 'U',
    .length = 16,
    .order = Order::kBytes,
    .shape = Shape::kUuid,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .write_key = write_key,
    .key_length = key_length,
};

}  // namespace rowan::type
