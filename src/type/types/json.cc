// json: the text as given, a string in lines. No key, and no order at all.
#include "type/json_text.h"

#include <array>

#include "type/text_fast.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY(check_text(text));
  TRY(check_json(text));
  return Value::of_string(type, std::string(text));
}

void write_text(Type, Datum value, std::string& out) { out += value.text; }

Result<Value> read_binary(Type type, Bytes bytes) { return read_text(type, bytes, {}); }

Result<Value> to_jsonb(const Value& value, Type to) {
  return type_info(to.id).read_text(to, value.as_string(), {});
}

constexpr std::array<std::string_view, 1> kSpellings = {"json"};
constexpr std::array kCasts = {CastRow{TypeId::kJsonb, CastContext::kAssignment, to_jsonb}};

}  // namespace

constinit const TypeInfo kJsonType = {
    .id = TypeId::kJson,
    .oid = 114,
    .array_oid = 199,
    .name = "json",
    .shown = "json",
    .spellings = kSpellings,
    .category = 'U',
    .order = Order::kNone,
    .shape = Shape::kJson,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_bytes,
    .read_json = read_string_element,
    .write_json = write_string_element,
    .read_large = read_large_input,
    .is_utf8 = true,
    .casts = kCasts,
};

}  // namespace rowan::type
