// Characters in UTF-8 text that is known to be valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowan::expr {

inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

inline bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char byte : text) all |= static_cast<unsigned char>(byte);
  return all < 0x80;
}

// Where the character after the one at `at` begins.
inline size_t next_character(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

// The byte offset of character `index` (from 0), or the text's size when it is shorter.
inline size_t character_offset(std::string_view text, size_t index) {
  if (index >= text.size()) return text.size();  // No character is shorter than a byte.
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at = next_character(text, at);
  return at;
}

uint32_t decode_character(std::string_view text, size_t at);
void append_character(uint32_t code, std::string& out);  // Requires: a valid code point.
// One character to one, without a language: ß and ŉ stay (letters.cc).
uint32_t to_lower(uint32_t code);
uint32_t to_upper(uint32_t code);
void append_lower(std::string_view text, std::string& out);
void append_upper(std::string_view text, std::string& out);
bool is_alphanumeric(uint32_t code);  // For initcap().

}  // namespace rowan::expr
