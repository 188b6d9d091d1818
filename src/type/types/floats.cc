// real and double precision: numbers in lines, shortest digits; keys are the bits in order.
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY_ASSIGN(const double value, parse_float(type.id, text));
  return Value::of_double(type, value);
}

void write_float4(Type, Datum value, std::string& out) { append_float4(value.real, out); }
void write_float8(Type, Datum value, std::string& out) { append_float8(value.real, out); }

Result<Value> read_binary4(Type type, Bytes bytes) {
  TRY(check_binary_length(bytes, 4));
  const auto bits = static_cast<uint32_t>(get_big_endian(bytes));
  return Value::of_double(type, std::bit_cast<float>(bits));
}
Result<Value> read_binary8(Type type, Bytes bytes) {
  TRY(check_binary_length(bytes, 8));
  return Value::of_double(type, std::bit_cast<double>(get_big_endian(bytes)));
}
void write_binary4(Type, Datum value, std::string& out) {
  put_big_endian(std::bit_cast<uint32_t>(static_cast<float>(value.real)), 4, out);
}
void write_binary8(Type, Datum value, std::string& out) {
  put_big_endian(std::bit_cast<uint64_t>(value.real), 8, out);
}

// -0 becomes 0 and every NaN one NaN; then negative numbers have all bits turned, the others only
// the sign.
void write_key(Datum datum, std::string& key) {
  double value = datum.real;
  if (std::isnan(value)) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (value == 0) {
    value = 0;
  }
  uint64_t bits = std::bit_cast<uint64_t>(value);
  bits = (bits >> 63) != 0 ? ~bits : bits | uint64_t{1} << 63;
  key += 'f';
  for (int shift = 60; shift >= 0; shift -= 4) {
    key += "0123456789abcdef"[bits >> shift & 15];
  }
}

size_t key_length(Bytes, bool) { return 17; }

// float(n) is one of the two, by the bits asked for.
Result<Type> with_modifiers(TypeId id, std::string_view name, const int32_t* modifiers,
                            size_t count) {
  const auto bad = [](std::string message) {
    return Error(ErrorCode::kInvalidParameterValue, std::move(message));
  };
  if (count == 0) return Type{id, -1};
  if (name != "float" || count != 1) {
    return Error(ErrorCode::kSyntaxError,
                 "type modifier is not allowed for type \"" + std::string(name) + "\"");
  }
  if (modifiers[0] < 1) return bad("precision for type float must be at least 1 bit");
  if (modifiers[0] > 53) return bad("precision for type float must be less than 54 bits");
  return Type{modifiers[0] <= 24 ? TypeId::kFloat4 : TypeId::kFloat8, -1};
}

constexpr std::array<std::string_view, 2> kFloat4Spellings = {"float4", "real"};
constexpr std::array<std::string_view, 3> kFloat8Spellings = {"float8", "double precision", "float"};

using enum CastContext;
constexpr std::array kFloat4Casts = {
    CastRow{TypeId::kInt2, kAssignment, cast_number},
    CastRow{TypeId::kInt4, kAssignment, cast_number},
    CastRow{TypeId::kInt8, kAssignment, cast_number},
    CastRow{TypeId::kNumeric, kAssignment, cast_number},
    CastRow{TypeId::kFloat8, kImplicit, cast_number},
};
constexpr std::array kFloat8Casts = {
    CastRow{TypeId::kInt2, kAssignment, cast_number},
    CastRow{TypeId::kInt4, kAssignment, cast_number},
    CastRow{TypeId::kInt8, kAssignment, cast_number},
    CastRow{TypeId::kNumeric, kAssignment, cast_number},
    CastRow{TypeId::kFloat4, kAssignment, cast_number},
};

}  // namespace

constinit const TypeInfo kFloat4Type = {
    .id = TypeId::kFloat4,
    .oid = 700,
    .array_oid = 1021,
    .name = "float4",
    .shown = "real",
    .spellings = kFloat4Spellings,
    .category = 'N',
    .length = 4,
    .physical = Physical::kDouble,
    .order = Order::kDouble,
    .shape = Shape::kFloat,
    .with_modifiers = with_modifiers,
    .read_text = read_text,
    .write_text = write_float4,
    .read_binary = read_binary4,
    .write_binary = write_binary4,
    .read_json = read_number_element,
    .write_json = write_number_element<TypeId::kFloat4>,
    .write_key = write_key,
    .key_length = key_length,
    .casts = kFloat4Casts,
    .sum = TypeId::kFloat4,
    .average = TypeId::kFloat8,
    .has_extremes = true,
};

constinit const TypeInfo kFloat8Type = {
    .id = TypeId::kFloat8,
    .oid = 701,
    .array_oid = 1022,
    .name = "float8",
    .shown = "double precision",
    .spellings = kFloat8Spellings,
    .category = 'N',
    .preferred = true,
    .length = 8,
    .physical = Physical::kDouble,
    .order = Order::kDouble,
    .shape = Shape::kFloat,
    .with_modifiers = with_modifiers,
    .read_text = read_text,
    .write_text = write_float8,
    .read_binary = read_binary8,
    .write_binary = write_binary8,
    .read_json = read_number_element,
    .write_json = write_number_element<TypeId::kFloat8>,
    .write_key = write_key,
    .key_length = key_length,
    .casts = kFloat8Casts,
    .sum = TypeId::kFloat8,
    .average = TypeId::kFloat8,
    .has_extremes = true,
};

}  // namespace rowan::type
