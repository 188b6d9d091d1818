// Type: a SQL type with its modifier. What there is to know of a type stands in its row
// (type_info.h), which its file under types/ fills.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::type {

// kUnknown: an untyped literal, NULL, or a parameter not yet inferred. Physically a string.
enum class TypeId : uint8_t {
#define ROWAN_TYPE(id, number, row) id = number,
#include "type/types.def"
#undef ROWAN_TYPE
};

// The array of a type has its number with the highest bit set; its row is made from the element's.
// kUnknown has no array.
inline constexpr uint8_t kArrayBit = 0x80;
constexpr bool is_array(TypeId id) { return (static_cast<uint8_t>(id) & kArrayBit) != 0; }
constexpr TypeId array_of(TypeId element) {
  return static_cast<TypeId>(static_cast<uint8_t>(element) | kArrayBit);
}
constexpr TypeId element_of(TypeId array) {  // Of no array: kUnknown.
  return is_array(array) ? static_cast<TypeId>(static_cast<uint8_t>(array) & ~kArrayBit)
                         : TypeId::kUnknown;
}

// How values of a type lie in memory.
//   kInt64:    bool 0/1; integers; date = days since 2000-01-01; time = µs since midnight;
//              timestamps = µs since 2000-01-01 (UTC for timestamptz). INT64_MIN/MAX (timestamps)
//              and INT32_MIN/MAX (dates) are -infinity/infinity.
//   kDouble:   float4 (already rounded to float) and float8.
//   kString:   text, varchar: UTF-8. char(n): UTF-8 without trailing blanks. bytea: raw bytes.
//              numeric: PostgreSQL's text ("12.50", "NaN", "-Infinity"). uuid: 36 lower-case
//              characters. json: the text as given. jsonb: PostgreSQL's canonical text (its key
//              order, its spacing).
//              Arrays: see array.h.
//   kInterval: 16 bytes, an Interval (value.h).
enum class Physical : uint8_t { kInt64, kDouble, kString, kInterval };

struct Type {
  TypeId id = TypeId::kUnknown;
  // varchar(n), char(n): n characters. numeric(p,s): p << 16 | (s & 0xffff). time(p),
  // timestamp(p): p digits of the second's fraction. interval: see type/interval.h.
  // An array: its elements'. -1: none.
  int32_t modifier = -1;

  bool operator==(const Type&) const = default;

  static Type numeric(int precision, int scale) {
    return {TypeId::kNumeric, static_cast<int32_t>(static_cast<uint32_t>(precision) << 16 |
                                                   (static_cast<uint32_t>(scale) & 0xffff))};
  }
  int numeric_precision() const { return modifier >> 16; }  // Requires: modifier >= 0.
  int numeric_scale() const {
    return static_cast<int16_t>(modifier & 0xffff);
  }  // Requires: modifier >= 0.
};

Physical physical(TypeId id);
bool is_integer(TypeId id);
bool is_float(TypeId id);
bool is_number(TypeId id);     // Integers, floats, numeric.
bool is_text(TypeId id);       // text, varchar, char, unknown.
bool is_timestamp(TypeId id);  // With a time zone or without.
bool is_json(TypeId id);       // json, jsonb.
bool can_be_key(TypeId id);    // All but json (jsonb keys come later: false).

// PostgreSQL's format_type: "integer", "character varying(20)", "numeric(10,2)", "timestamp with
// time zone".
std::string type_name(Type type);
// The same of the type alone, as messages about it have it: "character", not "bpchar".
std::string plain_type_name(TypeId id);

// From a name as written in SQL, already lower case and with single blanks ("int", "int4", "double
// precision", "timestamp with time zone", "varchar"), and its modifiers. kUndefinedObject for an
// unknown name, kInvalidParameterValue for a bad modifier.
Result<Type> type_from_name(std::string_view name, const int32_t* modifiers, size_t modifier_count);
// Its array, with its modifier. kUndefinedObject of what has none.
Result<Type> array_type(Type element);

}  // namespace rowan::type
