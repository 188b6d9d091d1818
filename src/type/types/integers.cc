// smallint, integer, bigint: numbers in lines; keys are a letter for the digit count and the digits.
#include <array>

#include "type/key_codec.h"
#include "type/line_scan.h"
#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

Result<Value> read_text(Type type, std::string_view text, Moment) {
  TRY_ASSIGN(const int64_t value, parse_integer(type.id, text));
  return Value::of_int(type, value);
}

void write_text(Type, Datum value, std::string& out) { append_integer(value.whole, out); }

template <size_t bytes>
Result<Value> read_binary(Type type, Bytes from) {
  TRY_ASSIGN(const int64_t value, read_binary_whole(from, bytes));
  return Value::of_int(type, value);
}

Result<Value> read_json(Type type, Bytes element) {
  int64_t value = 0;
  const char* p = element.data();
  const char* const end = p + element.size();
  if (!read_line_integer(p, end, value) || p != end || value < integer_min(type.id) ||
      value > integer_max(type.id)) {
    return damaged_line(element);
  }
  return Value::of_int(type, value);
}

void write_json(Datum value, std::string& out) { append_integer(value.whole, out); }

void write_key(Datum value, std::string& key) { append_int_key(value.whole, key); }

Result<Value> to_bool(const Value& value, Type to) {
  return Value::of_int(to, value.as_int() != 0 ? 1 : 0);
}

constexpr std::array<std::string_view, 2> kInt2Spellings = {"int2", "smallint"};
constexpr std::array<std::string_view, 3> kInt4Spellings = {"int4", "int", "integer"};
constexpr std::array<std::string_view, 2> kInt8Spellings = {"int8", "bigint"};

using enum CastContext;
constexpr std::array kInt2Casts = {
    CastRow{TypeId::kInt4, kImplicit, cast_number},
    CastRow{TypeId::kInt8, kImplicit, cast_number},
    CastRow{TypeId::kNumeric, kImplicit, cast_number},
    CastRow{TypeId::kFloat4, kImplicit, cast_number},
    CastRow{TypeId::kFloat8, kImplicit, cast_number},
    CastRow{TypeId::kOid, kImplicit, cast_to_oid},
};
constexpr std::array kInt4Casts = {
    CastRow{TypeId::kInt2, kAssignment, cast_number},
    CastRow{TypeId::kInt8, kImplicit, cast_number},
    CastRow{TypeId::kNumeric, kImplicit, cast_number},
    CastRow{TypeId::kFloat4, kImplicit, cast_number},
    CastRow{TypeId::kFloat8, kImplicit, cast_number},
    CastRow{TypeId::kOid, kImplicit, cast_to_oid},
    CastRow{TypeId::kBool, kExplicit, to_bool},
};
constexpr std::array kInt8Casts = {
    CastRow{TypeId::kInt2, kAssignment, cast_number},
    CastRow{TypeId::kInt4, kAssignment, cast_number},
    CastRow{TypeId::kNumeric, kImplicit, cast_number},
    CastRow{TypeId::kFloat4, kImplicit, cast_number},
    CastRow{TypeId::kFloat8, kImplicit, cast_number},
    CastRow{TypeId::kOid, kImplicit, cast_to_oid},
};

}  // namespace

constinit const TypeInfo kInt2Type = {
    .id = TypeId::kInt2,
    .oid = 21,
    .array_oid = 1005,
    .name = "int2",
    .shown = "smallint",
    .spellings = kInt2Spellings,
    .category = 'N',
    .length = 2,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kInteger,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary<2>,
    .write_binary = write_binary_whole<2>,
    .read_json = read_json,
    .write_json = write_json,
    .write_key = write_key,
    .key_length = whole_key_length,
    .casts = kInt2Casts,
    .sum = TypeId::kInt8,
    .average = TypeId::kNumeric,
    .has_extremes = true,
};

constinit const TypeInfo kInt4Type = {
    .id = TypeId::kInt4,
    .oid = 23,
    .array_oid = 1007,
    .name = "int4",
    .shown = "integer",
    .spellings = kInt4Spellings,
    .category = 'N',
    .length = 4,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kInteger,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary<4>,
    .write_binary = write_binary_whole<4>,
    .read_json = read_json,
    .write_json = write_json,
    .write_key = write_key,
    .key_length = whole_key_length,
    .casts = kInt4Casts,
    .sum = TypeId::kInt8,
    .average = TypeId::kNumeric,
    .has_extremes = true,
};

constinit const TypeInfo kInt8Type = {
    .id = TypeId::kInt8,
    .oid = 20,
    .array_oid = 1016,
    .name = "int8",
    .shown = "bigint",
    .spellings = kInt8Spellings,
    .category = 'N',
    .length = 8,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kInteger,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary<8>,
    .write_binary = write_binary_whole<8>,
    .read_json = read_json,
    .write_json = write_json,
    .write_key = write_key,
    .key_length = whole_key_length,
    .casts = kInt8Casts,
    .sum = TypeId::kNumeric,
    .average = TypeId::kNumeric,
    .has_extremes = true,
};

}  // namespace rowan::type
