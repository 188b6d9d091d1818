// What the rows of several types share: binary numbers, JSON elements, lengths of keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "type/type_info.h"

namespace rowan::type {

// ---- The wire's big-endian numbers ----

void put_big_endian(uint64_t value, size_t bytes, std::string& out);  // Its last `bytes` bytes.
uint64_t get_big_endian(Bytes bytes);                                 // Of at most 8 bytes.
// PostgreSQL's errors where a value has too few bytes or too many.
Result<void> check_binary_length(Bytes bytes, size_t wanted);
Error bad_binary(std::string message);

// Whole numbers of `bytes` bytes with a sign.
template <size_t bytes>
void write_binary_whole(Type, Datum value, std::string& out) {
  put_big_endian(static_cast<uint64_t>(value.whole), bytes, out);
}
Result<int64_t> read_binary_whole(Bytes bytes, size_t wanted);

// A string's bytes as they lie.
void write_binary_bytes(Type, Datum value, std::string& out);

// ---- JSON elements ----

// A string that holds the type's text form.
Result<Value> read_string_element(Type type, Bytes element);
// The same, or a number that is it.
Result<Value> read_number_element(Type type, Bytes element);
// The text form in quotes, where it needs no escape.
template <TypeId id>
void write_quoted_element(Datum value, std::string& out) {
  out += '"';
  type_info(id).write_text({id, -1}, value, out);
  out += '"';
}
void write_string_element(Datum value, std::string& out);  // A string as it lies, escaped.
// The text form: a number where it is one, else in quotes ("NaN").
template <TypeId id>
void write_number_element(Datum value, std::string& out) {
  const size_t from = out.size();
  type_info(id).write_text({id, -1}, value, out);
  if (out.back() < '0' || out.back() > '9') {
    out.insert(from, 1, '"');
    out += '"';
  }
}

// ---- Out-of-line bytes ----

Result<Value> read_large_text(Type type, std::string bytes);   // The string as it lies, if UTF-8.
Result<Value> read_large_input(Type type, std::string bytes);  // As input text.
Error bad_large(Type type);

// ---- Keys ----

// A byte of a key as it was before descending order mirrored it, and back.
inline char mirrored(char c, bool descending) {
  return descending ? static_cast<char>(0x9f - c) : c;
}
size_t whole_key_length(Bytes text, bool descending);  // Of append_int_key.
// Of a key that ends with the first `end` from `from` on.
size_t key_length_until(Bytes text, size_t from, char end, bool descending);
// Of a letter and a whole number; of a letter and bytes up to '+'.
size_t lettered_key_length(Bytes text, bool descending);
size_t ended_key_length(Bytes text, bool descending);
template <char letter>
void write_lettered_key(Datum value, std::string& key);

void append_escaped_key(std::string_view text, std::string& key);  // As encode_name has it.

// ---- time(p), timestamp(p) ----

Result<Type> with_fraction_digits(TypeId id, std::string_view name, const int32_t* modifiers,
                                  size_t count);
Result<Value> fit_fraction(const Value& value, Type to);  // A time or timestamp; see to_precision.
std::string fraction_digits_text(Type type);              // "(3)"

// ---- Casts ----

// An integer as an oid: of an int4 the bits, of a wider one what fits.
Result<Value> cast_to_oid(const Value& value, Type to);
// From any number to any other, with the modifier of `to`.
Result<Value> cast_number(const Value& value, Type to);

}  // namespace rowan::type
