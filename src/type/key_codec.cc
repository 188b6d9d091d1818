#include "type/key_codec.h"

#include <charconv>

#include "type/type_info.h"
#include "type/types/parts.h"

namespace rowan::type {

namespace {

bool stands_for_itself(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

}  // namespace

void append_escaped_key(std::string_view text, std::string& key) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (stands_for_itself(c)) {
      key += raw;
      continue;
    }
    const char escape[3] = {c < '0' ? '-' : c < 'a' ? '_' : '~', kHex[c >> 4], kHex[c & 15]};
    key.append(escape, 3);
  }
}

void append_int_key(int64_t value, std::string& key) {
  const bool negative = value < 0;
  const uint64_t magnitude =
      negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  char buffer[24];
  char* const digits = buffer + 2;
  const char* const end = std::to_chars(digits, buffer + sizeof buffer, magnitude).ptr;
  const auto count = static_cast<int>(end - digits);
  if (!negative) {
    buffer[1] = static_cast<char>('a' + count - 1);
    key.append(buffer + 1, static_cast<size_t>(count) + 1);
    return;
  }
  buffer[0] = '1';
  buffer[1] = static_cast<char>('z' - count);
  for (char* p = digits; p != end; ++p) {
    *p = static_cast<char>('9' - (*p - '0'));
  }
  key.append(buffer, static_cast<size_t>(count) + 2);
}

Result<void> append_key(const Value& value, std::string& key, bool descending) {
  const TypeInfo& row = type_info(value.type().id);
  const size_t from = key.size();
  if (value.is_null()) {
    key += 'z';
  } else if (row.write_key == nullptr) {
    return Error(ErrorCode::kFeatureNotSupported,
                 "a value of type " + type_name(value.type()) + " cannot be a key");
  } else {
    row.write_key(value.datum(), key);
  }
  if (descending) {
    // A mirror of the printable range: strictly decreasing byte by byte, so order turns round and
    // no key becomes another's prefix.
    for (size_t i = from; i < key.size(); ++i) {
      key[i] = static_cast<char>(0x9f - key[i]);
    }
  }
  return {};
}

std::string encode_name(std::string_view name) {
  std::string encoded;
  append_escaped_key(name, encoded);
  return encoded;
}

Result<std::string> decode_name(std::string_view encoded) {
  std::string name;
  for (size_t i = 0; i < encoded.size(); ++i) {
    const char c = encoded[i];
    std::string byte(1, c);
    if (!stands_for_itself(static_cast<unsigned char>(c))) {
      if ((c != '-' && c != '_' && c != '~') || encoded.size() - i < 3 ||
          !from_hex(encoded.substr(i + 1, 2), byte)) {
        return Error(ErrorCode::kInvalidContent,
                     "\"" + std::string(encoded) + "\" is no encoded name");
      }
      i += 2;
    }
    name += byte;
  }
  // Only the one spelling counts: no escape for what stands for itself, no wrong escape, no
  // upper-case digit.
  if (encode_name(name) != encoded) {
    return Error(ErrorCode::kInvalidContent, "\"" + std::string(encoded) + "\" is no encoded name");
  }
  return name;
}

}  // namespace rowan::type
