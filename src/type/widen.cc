#include "type/widen.h"

#include <utility>

#include "type/cast.h"
#include "type/text.h"

namespace rowan::type {

namespace {

constexpr Type kAnyNumeric{TypeId::kNumeric, -1};
constexpr Type kAnyText{TypeId::kText, -1};

int digits_of(TypeId id) { return id == TypeId::kInt2 ? 5 : id == TypeId::kInt4 ? 10 : 19; }

bool is_unbounded_text(Type type) {
  return type.id == TypeId::kText || (type.id == TypeId::kVarchar && type.modifier < 0);
}

bool numeric_holds(Type wide, Type narrow) {
  if (!is_integer(narrow.id) && narrow.id != TypeId::kNumeric) return false;
  if (wide.modifier < 0) return true;
  if (is_integer(narrow.id))
    return wide.numeric_scale() == 0 && wide.numeric_precision() >= digits_of(narrow.id);
  return narrow.modifier >= 0 && wide.numeric_scale() == narrow.numeric_scale() &&
         wide.numeric_precision() >= narrow.numeric_precision();
}

// A numeric without a fraction that has no more digits.
bool is_whole(Type type, int digits) {
  return type.id == TypeId::kNumeric && type.modifier >= 0 && type.numeric_scale() <= 0 &&
         type.numeric_precision() - type.numeric_scale() <= digits;
}

}  // namespace

bool holds(Type wide, Type narrow) {
  if (wide == narrow || is_unbounded_text(wide)) return true;
  switch (wide.id) {
    case TypeId::kVarchar:
      return narrow.id == TypeId::kVarchar && narrow.modifier >= 0 &&
             narrow.modifier <= wide.modifier;
    case TypeId::kNumeric:
      return numeric_holds(wide, narrow);
    case TypeId::kInt8:
    case TypeId::kInt4:
      return is_integer(narrow.id) && narrow.id <= wide.id;  // Ascending by size.
    case TypeId::kJson:  // Kept as it is spelled.
      return narrow.id == TypeId::kJsonb;
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:  // The fraction's last zeros are never written.
      return narrow.id == wide.id &&
             (wide.modifier < 0 || (narrow.modifier >= 0 && narrow.modifier <= wide.modifier));
    case TypeId::kFloat8:
      return narrow.id == TypeId::kInt2 || narrow.id == TypeId::kInt4 || is_whole(narrow, 15);
    case TypeId::kFloat4:  // Prints more than six digits with an exponent.
      return narrow.id == TypeId::kInt2 || is_whole(narrow, 6);
    default:
      return false;
  }
}

Type widened(Type a, Type b) {
  const Type unbounded = a.id == b.id ? Type{a.id, -1} : kAnyNumeric;
  for (const Type candidate : {a, b, unbounded, kAnyNumeric}) {
    if (holds(candidate, a) && holds(candidate, b)) return candidate;
  }
  return kAnyText;
}

Result<Value> widen(const Value& value, Type to) {
  if (value.is_null()) return Value::null(to);
  if (value.type() == to) return value;
  std::string text = to_text(value);
  if (is_unbounded_text(to)) return Value::of_string(to, std::move(text));
  Result<Value> there = cast(value, to, CastContext::kExplicit);
  if (there && to_text(*there) == text) return there;
  return Error(ErrorCode::kDatatypeMismatch,
               "type " + type_name(to) + " does not hold a value of type " +
                   type_name(value.type()));
}

}  // namespace rowan::type
