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

// Latin Extended-A alternates capital and small letters; in two stretches the capital is the odd
// code.
static bool is_odd_stretch(uint32_t code) {
  return (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e);
}
static bool is_paired(uint32_t code) {
  return (code >= 0x100 && code <= 0x17e) && code != 0x130 && code != 0x131 && code != 0x138 &&
         code != 0x149 && code != 0x178;
}

uint32_t to_lower(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  if (code >= 0xc0 && code <= 0xde && code != 0xd7) return code + 32;
  if (code == 0x178) return 0xff;
  if (is_paired(code)) return is_odd_stretch(code) ? (code & 1 ? code + 1 : code) : code | 1;
  if (code >= 0x391 && code <= 0x3a9 && code != 0x3a2) return code + 32;
  if (code >= 0x410 && code <= 0x42f) return code + 32;
  if (code >= 0x400 && code <= 0x40f) return code + 80;
  return code;
}

uint32_t to_upper(uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  if (code >= 0xe0 && code <= 0xfe && code != 0xf7) return code - 32;
  if (code == 0xff) return 0x178;
  if (is_paired(code))
    return is_odd_stretch(code) ? (code & 1 ? code : code - 1) : code & ~uint32_t{1};
  if (code >= 0x3b1 && code <= 0x3c9 && code != 0x3c2) return code - 32;
  if (code >= 0x430 && code <= 0x44f) return code - 32;
  if (code >= 0x450 && code <= 0x45f) return code - 80;
  return code;
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

bool is_alphanumeric(uint32_t code) {
  if (code >= '0' && code <= '9') return true;
  return to_lower(code) != code || to_upper(code) != code || code == 0xdf ||
         (code >= 0x3400 && code <= 0x9fff);
}

}  // namespace rowan::expr
