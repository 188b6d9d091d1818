// jsonb: PostgreSQL's canonical text; wrapped in an array in lines, so that it is never taken for a
// reference. No key yet.
#include <array>

#include "type/json_text.h"
#include "type/line_scan.h"
#include "type/text_fast.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY(check_text(text));
  TRY_ASSIGN(std::string canonical, jsonb_from_text(text));
  return Value::of_string(type, std::move(canonical));
}

void write_text(Type, Datum value, std::string& out) { out += value.text; }

// A version, then the text.
constexpr char kVersion = 1;

Result<Value> read_binary(Type type, Bytes bytes) {
  if (bytes.empty()) TRY(check_binary_length(bytes, 1));
  if (bytes[0] != kVersion) {
    return bad_binary("unsupported jsonb version number " +
                      std::to_string(static_cast<unsigned char>(bytes[0])));
  }
  return read_text(type, bytes.substr(1), {});
}

void write_binary(Type, Datum value, std::string& out) {
  out += kVersion;
  out += value.text;
}

Result<Value> read_json(Type type, Bytes element) {
  if (element.size() < 3 || element.front() != '[' || element.back() != ']') {
    return damaged_line(element);
  }
  auto text = jsonb_from_text(element.substr(1, element.size() - 2));
  if (!text.has_value()) return damaged_line(element);
  return Value::of_string(type, std::move(text).value());
}

void write_json(Datum value, std::string& out) {
  out += '[';
  append_compact_json(value.text, out);
  out += ']';
}

Result<Value> to_json(const Value& value, Type to) {
  return type_info(to.id).read_text(to, value.as_string(), {});
}

Result<Value> to_scalar(const Value& value, Type to) {
  const std::string& text = value.as_string();
  const char first = text.front();
  const bool boolean = first == 't' || first == 'f';
  const bool number = first == '-' || is_digit(first);
  if (to.id == TypeId::kBool ? boolean : number) {
    if (boolean) return Value::of_int(to, first == 't' ? 1 : 0);
    return cast_number(Value::of_string({TypeId::kNumeric, -1}, text), to);
  }
  const std::string kind = first == '{'   ? "object"
                           : first == '[' ? "array"
                           : first == '"' ? "string"
                           : number       ? "numeric"
                           : boolean      ? "boolean"
                                          : "null";
  return Error(ErrorCode::kInvalidParameterValue,
               "cannot cast jsonb " + kind + " to type " + plain_type_name(to.id));
}

constexpr std::array<std::string_view, 1> kSpellings = {"jsonb"};

using enum CastContext;
constexpr std::array kCasts = {
    CastRow{TypeId::kJson, kAssignment, to_json},    CastRow{TypeId::kBool, kExplicit, to_scalar},
    CastRow{TypeId::kInt2, kExplicit, to_scalar},    CastRow{TypeId::kInt4, kExplicit, to_scalar},
    CastRow{TypeId::kInt8, kExplicit, to_scalar},    CastRow{TypeId::kFloat4, kExplicit, to_scalar},
    CastRow{TypeId::kFloat8, kExplicit, to_scalar},  CastRow{TypeId::kNumeric, kExplicit, to_scalar},
};

}  // namespace

constinit const TypeInfo kJsonbType = {
    .id = TypeId::kJsonb,
    .oid = 3802,
    .array_oid = 3807,
    .name = "jsonb",
    .shown = "jsonb",
    .spellings = kSpellings,
    .category = 'U',
    .order = Order::kJsonb,
    .shape = Shape::kJson,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary,
    .read_json = read_json,
    .write_json = write_json,
    .read_large = read_large_input,
    .is_utf8 = true,
    .spaced_json = true,
    .casts = kCasts,
};

}  // namespace rowan::type
