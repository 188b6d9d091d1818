#include "type/types/parts.h"

#include <algorithm>

#include "type/key_codec.h"
#include "type/line_scan.h"
#include "type/text.h"
#include "type/text_fast.h"

namespace rowan::type {

void put_big_endian(uint64_t value, size_t bytes, std::string& out) {
  for (size_t i = bytes; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
}

uint64_t get_big_endian(Bytes bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Error bad_binary(std::string message) {
  return Error(ErrorCode::kInvalidBinary, std::move(message));
}

Result<void> check_binary_length(Bytes bytes, size_t wanted) {
  if (bytes.size() < wanted) {
    return Error(ErrorCode::kProtocolViolation, "insufficient data left in message");
  }
  if (bytes.size() > wanted) return bad_binary("incorrect binary data format");
  return {};
}

Result<int64_t> read_binary_whole(Bytes bytes, size_t wanted) {
  TRY(check_binary_length(bytes, wanted));
  const uint64_t value = get_big_endian(bytes);
  const size_t unused = 64 - 8 * wanted;  // The sign is in the highest bit that was read.
  return static_cast<int64_t>(value << unused) >> unused;
}

void write_binary_bytes(Type, Datum value, std::string& out) { out += value.text; }

namespace {

// The modifier is the writer's business: what is stored is read as it is.
Result<Value> from_text_form(Type type, std::string_view text, Bytes element) {
  auto value = type_info(type.id).read_text({type.id, -1}, text, {});
  if (!value.has_value()) return damaged_line(element);
  return Value::of(type, value->datum());
}

}  // namespace

Result<Value> read_string_element(Type type, Bytes element) {
  std::string text;
  if (element.front() != '"' || !read_json_string(element, text)) return damaged_line(element);
  return from_text_form(type, text, element);
}

Result<Value> read_number_element(Type type, Bytes element) {
  if (element.front() == '"') return read_string_element(type, element);
  if (element.front() != '-' && !is_digit(element.front())) return damaged_line(element);
  return from_text_form(type, element, element);
}

void write_string_element(Datum value, std::string& out) { append_json_string(value.text, out); }

Error bad_large(Type type) {
  return Error(ErrorCode::kCorruption, "a value stored out of line is no " + type_name(type));
}

Result<Value> read_large_text(Type type, std::string bytes) {
  if (!check_text(bytes).has_value()) return bad_large(type);
  return Value::of_string(type, std::move(bytes));
}

Result<Value> read_large_input(Type type, std::string bytes) {
  auto value = type_info(type.id).read_text({type.id, -1}, bytes, {});
  if (!value.has_value()) return bad_large(type);
  return Value::of_string(type, value->as_string());
}

size_t whole_key_length(Bytes text, bool descending) {
  if (text.empty()) return 0;
  const char first = mirrored(text[0], descending);
  if (first != '1') return static_cast<size_t>(first - 'a') + 2;
  if (text.size() < 2) return text.size();
  return static_cast<size_t>('z' - mirrored(text[1], descending)) + 2;
}

size_t key_length_until(Bytes text, size_t from, char end, bool descending) {
  const size_t at = text.find(mirrored(end, descending), from);
  return at == Bytes::npos ? text.size() : at + 1;
}

size_t lettered_key_length(Bytes text, bool descending) {
  return 1 + whole_key_length(text.substr(1), descending);
}

size_t ended_key_length(Bytes text, bool descending) {
  return key_length_until(text, 1, '+', descending);
}

template <char letter>
void write_lettered_key(Datum value, std::string& key) {
  key += letter;
  append_int_key(value.whole, key);
}
template void write_lettered_key<'d'>(Datum, std::string&);
template void write_lettered_key<'h'>(Datum, std::string&);
template void write_lettered_key<'w'>(Datum, std::string&);

// More digits than there are mean all, as PostgreSQL warns.
Result<Type> with_fraction_digits(TypeId id, std::string_view /*name*/, const int32_t* modifiers,
                                  size_t count) {
  constexpr int32_t kFractionDigits = 6;
  if (count == 0) return Type{id};
  if (count > 1 || modifiers[0] < 0) {
    return Error(ErrorCode::kSyntaxError, "a precision is one number that is not negative");
  }
  return Type{id, std::min(modifiers[0], kFractionDigits)};
}

Result<Value> fit_fraction(const Value& value, Type to) {
  TRY_ASSIGN(const int64_t fitted, to_precision(to, value.as_int()));
  return Value::of_int(to, fitted);
}

std::string fraction_digits_text(Type type) { return "(" + std::to_string(type.modifier) + ")"; }

}  // namespace rowan::type
