// Keys: the order of encoded keys is the order of values, no key is the prefix of another, and
// names decode to one spelling. Input: a byte for the type, then two values in text form with a
// zero byte between them.
#include <string>

#include "fuzz_input.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace {

using namespace rowan;
using fuzz::require;

int sign(int order) { return (order > 0) - (order < 0); }

void check_names(std::string_view text) {
  const std::string encoded = type::encode_name(text);
  const auto decoded = type::decode_name(encoded);
  require(decoded.has_value() && *decoded == text, "an encoded name decodes to itself", text);
  if (const auto name = type::decode_name(text)) {
    require(type::encode_name(*name) == text, "a decoded name has one spelling", text);
  }
}

void check_order(const type::Value& a, const type::Value& b, bool descending) {
  std::string a_key;
  std::string b_key;
  if (!type::append_key(a, a_key, descending) || !type::append_key(b, b_key, descending)) {
    return;
  }
  const int order = type::compare(a, b) * (descending ? -1 : 1);
  require(sign(a_key.compare(b_key)) == sign(order), "keys order as values do",
          a_key + " " + b_key);
  const bool is_prefix = a_key.starts_with(b_key) || b_key.starts_with(a_key);
  require(!is_prefix || order == 0, "no key begins with another one", a_key + " " + b_key);
  for (const char c : descending ? std::string_view() : std::string_view(a_key)) {
    require(c > ' ' && c != '/' && c != '\x7f' && !(c >= 'A' && c <= 'Z'), "a key fits into a path",
            a_key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const type::Type type{static_cast<type::TypeId>(input.byte() % 19), -1};
  check_names(input.rest());
  const std::string_view first = input.take_until('\0');
  const auto a = type::parse_text(type, first);
  const auto b = type::parse_text(type, input.rest());
  if (!a || !b) {
    return 0;
  }
  const auto again = type::parse_text(type, type::to_text(*a));
  require(again.has_value() && (!type::can_be_key(type.id) || type::compare(*again, *a) == 0),
          "the text of a value reads back", first);
  check_order(*a, *b, false);
  check_order(*a, *b, true);
  return 0;
}
