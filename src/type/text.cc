#include "type/text.h"

#include <cstring>

#include "base/bytes.h"
#include "type/text_fast.h"
#include "type/type_info.h"

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
  return type_info(type.id).read_text(type, text, now);
}

std::string to_text(const Value& value) {
  std::string out;
  append_text(value.type(), value.datum(), out);
  return out;
}

void append_text(Type type, Datum value, std::string& out) {
  type_info(type.id).write_text(type, value, out);
}

bool is_valid_utf8(std::string_view text) { return first_bad_byte(text, true) == text.size(); }

size_t utf8_length(std::string_view text) {
  size_t characters = 0;
  for (const char c : text) {
    characters += (c & 0xc0) != 0x80 ? 1 : 0;
  }
  return characters;
}

std::string clipped(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace rowan::type
