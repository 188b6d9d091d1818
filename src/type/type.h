// Type: a SQL type with its modifier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::type {

// Kept in derived data: never renumber.
enum class TypeId : uint8_t {
  kUnknown = 0,  // An untyped literal, NULL, or a parameter not yet inferred. Physically a string.
  kBool = 1,
  kInt2 = 2,
  kInt4 = 3,
  kInt8 = 4,
  kFloat4 = 5,
  kFloat8 = 6,
  kNumeric = 7,
  kText = 8,
  kVarchar = 9,
  kChar = 10,
  kBytea = 11,
  kDate = 12,
  kTime = 13,
  kTimestamp = 14,
  kTimestamptz = 15,
  kUuid = 16,
  kJson = 17,
  kJsonb = 18,
};

// How values of a type lie in memory.
//   kInt64:  bool 0/1; integers; date = days since 2000-01-01; time = µs since midnight; timestamps
//   = µs since
//            2000-01-01 (UTC for timestamptz). INT64_MIN/MAX (timestamps) and INT32_MIN/MAX (dates)
//            are -infinity/infinity.
//   kDouble: float4 (already rounded to float) and float8.
//   kString: text, varchar: UTF-8. char(n): UTF-8 without trailing blanks. bytea: raw bytes.
//   numeric: PostgreSQL's text
//            ("12.50", "NaN", "-Infinity"). uuid: 36 lower-case characters. json: the text as
//            given. jsonb: PostgreSQL's canonical text (its key order, its spacing).
enum class Physical : uint8_t { kInt64, kDouble, kString };

struct Type {
  TypeId id = TypeId::kUnknown;
  // varchar(n), char(n): n characters. numeric(p,s): p << 16 | (s & 0xffff). time(p),
  // timestamp(p): p digits of the second's fraction. -1: none.
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
bool is_number(TypeId id);   // Integers, floats, numeric.
bool is_text(TypeId id);     // text, varchar, char, unknown.
bool can_be_key(TypeId id);  // All but json (jsonb keys come later: false).

// PostgreSQL's format_type: "integer", "character varying(20)", "numeric(10,2)", "timestamp with
// time zone".
std::string type_name(Type type);

// From a name as written in SQL, already lower case and with single blanks ("int", "int4", "double
// precision", "timestamp with time zone", "varchar"), and its modifiers. kUndefinedObject for an
// unknown name, kInvalidParameterValue for a bad modifier.
Result<Type> type_from_name(std::string_view name, const int32_t* modifiers, size_t modifier_count);

}  // namespace rowan::type
