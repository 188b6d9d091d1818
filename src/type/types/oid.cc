// oid: what the catalogue calls its objects by, a whole number without a sign. No column can be of
// it: what it names is another in every repository.
#include <array>
#include <string>

#include "type/line_scan.h"
#include "type/number_text.h"
#include "type/types/parts.h"
#include "type/types/rows.h"

namespace rowan::type {

namespace {

constexpr int64_t kOidMax = 0xFFFF'FFFF;

Result<Value> in_range(int64_t value, Type type) {
  if (value >= 0 && value <= kOidMax) return Value::of_int(type, value);
  return Error(ErrorCode::kNumericOutOfRange, "OID out of range: " + std::to_string(value));
}

// As PostgreSQL: a negative number is counted from the other end.
Result<Value> read_text(Type type, std::string_view text, Moment) {
  auto whole = parse_integer(TypeId::kInt8, text);
  if (!whole || *whole > kOidMax || *whole < INT32_MIN) return invalid_text(type.id, text);
  return Value::of_int(type, *whole & kOidMax);
}

void write_text(Type, Datum value, std::string& out) { append_integer(value.whole, out); }

Result<Value> read_binary(Type type, Bytes from) {
  TRY_ASSIGN(const int64_t value, read_binary_whole(from, 4));
  return Value::of_int(type, value & kOidMax);
}

void write_json(Datum value, std::string& out) { append_integer(value.whole, out); }

Result<Value> read_json(Type, Bytes element) { return damaged_line(element); }

Result<Value> from_oid(const Value& value, Type to) { return Value::of_int(to, value.as_int()); }

Result<Value> to_int4(const Value& value, Type to) {
  return Value::of_int(to, static_cast<int32_t>(static_cast<uint32_t>(value.as_int())));
}

using enum CastContext;
constexpr std::array kCasts = {
    CastRow{TypeId::kInt8, kAssignment, from_oid},
    CastRow{TypeId::kInt4, kAssignment, to_int4},
};
constexpr std::array<std::string_view, 1> kSpellings = {"oid"};

}  // namespace

Result<Value> cast_to_oid(const Value& value, Type to) {
  if (value.type().id == TypeId::kInt4) return Value::of_int(to, value.as_int() & kOidMax);
  return in_range(value.as_int(), to);
}

constinit const TypeInfo kOidType = {
    .id = TypeId::kOid,
    .oid = 26,
    .array_oid = 1028,
    .name = "oid",
    .shown = "oid",
    .spellings = kSpellings,
    .category = 'N',
    .length = 4,
    .physical = Physical::kInt64,
    .order = Order::kInt,
    .shape = Shape::kInteger,
    .read_text = read_text,
    .write_text = write_text,
    .read_binary = read_binary,
    .write_binary = write_binary_whole<4>,
    .read_json = read_json,
    .write_json = write_json,
    .casts = kCasts,
    .has_extremes = true,
};

}  // namespace rowan::type
