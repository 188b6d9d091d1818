// Integers and floats as PostgreSQL's text: the quick inner parts of text, key and row codecs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "type/type.h"

namespace rowan::type {

void append_integer(int64_t value, std::string& out);

// Shortest digits that read back as the same float; exponents from 1e+15 (double) or 1e+06 (real)
// and below 1e-04.
void append_float8(double value, std::string& out);
void append_float4(double value, std::string& out);  // The value is already rounded to float.

int64_t integer_min(TypeId id);  // Requires: is_integer(id).
int64_t integer_max(TypeId id);

Result<int64_t> parse_integer(TypeId id, std::string_view text);
Result<double> parse_float(TypeId id, std::string_view text);

// PostgreSQL's isspace in the C locale.
inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
std::string_view trim_spaces(std::string_view text);
bool equals_ignoring_case(std::string_view text, std::string_view lower);

Error invalid_text(TypeId id, std::string_view text);  // 22P02: invalid input syntax for type …

}  // namespace rowan::type
