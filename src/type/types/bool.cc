// boolean: 0 or 1; in lines true and false; keys b0 and b1.
#include <array>

#include "type/line_scan.h"
#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment) {
  const std::string_view body = trim_spaces(text);
  const auto prefix_of = [&](std::string_view word, size_t least) {
    return body.size() >= least && body.size() <= word.size() &&
           equals_ignoring_case(body, word.substr(0, body.size()));
  };
  if (prefix_of("true", 1) || prefix_of("yes", 1) || prefix_of("on", 2) || body == "1") {
    return Value::of_int(type, 1);
  }
  if (prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || body == "0") {
    return Value::of_int(type, 0);
  }
  return invalid_text(type.id, text);
}

void write_text(Type, Datum value, std::string& out) { out += value.whole != 0 ? 't' : 'f'; }

Result<Value> read_binary(Type type, Bytes bytes) {
  TRY(check_binary_length(bytes, 1));
  return Value::of_int(type, bytes[0] != 0 ? 1 : 0);
}

Result<Value> read_json(Type type, Bytes element) {
  if (element != "true" && element != "false") return damaged_line(element);
  return Value::of_int(type, element == "true" ? 1 : 0);
}

void write_json(Datum value, std::string& out) { out += value.whole != 0 ? "true" : "false"; }

void write_key(Datum value, std::string& key) { key += value.whole != 0 ? "b1" : "b0"; }

size_t key_length(Bytes, bool) { return 2; }

constexpr std::array<std::string_view, 2> kSpellings = {"bool", "boolean"};
constexpr std::array kCasts = {CastRow{TypeId::kInt4, CastContext::kExplicit}};

}  // namespace

constinit const TypeInfo kBoolType = {
    .id = TypeId::kBool,
    .oid = 16,
    .array_oid = 1000,
    .name = "bool",
    .shown = "boolean",
    .spellings = kSpellings,
    .category = 'B',
    .preferred = true,
    .length = 1,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kBool,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<1>,
    .read_json = read_json,
    .write_json = write_json,
    .write_key = write_key,
    .key_length = key_length,
    .casts = kCasts,
};

}  // namespace rowan::type
