#include "expr/utf8.h"

namespace rowan::expr {

uint32_t decode_character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const uint32_t first = byte(at);
  if (first < 0x80) return first;
  if (first < 0xe0) return (first & 0x1f) << 6 | (byte(at + 1) & 0x3f);
  if (first < 0xf0)
    return (first & 0x0f) << 12 | (byte(at + 1) & 0x3f) << 6 | (byte(at + 2) & 0x3f);
  return (first & 0x07) << 18 | (byte(at + 1) & 0x3f) << 12 | (byte(at + 2) & 0x3f) << 6 |
         (byte(at + 3) & 0x3f);
}

void append_character(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

static void append_mapped(std::string_view text, uint32_t (*map)(uint32_t), std::string& out) {
  if (is_ascii(text)) {
    for (const char byte : text)
      out.push_back(static_cast<char>(map(static_cast<unsigned char>(byte))));
    return;
  }
  for (size_t at = 0; at < text.size(); at = next_character(text, at))
    append_character(map(decode_character(text, at)), out);
}

void append_lower(std::string_view text, std::string& out) { append_mapped(text, to_lower, out); }
void append_upper(std::string_view text, std::string& out) { append_mapped(text, to_upper, out); }

}  // namespace rowan::expr
