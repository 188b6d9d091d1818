#include "type/type.h"

#include <algorithm>
#include <array>

namespace rowan::type {

namespace {

struct Spelling {
  std::string_view name;
  TypeId id;
};

// Every spelling PostgreSQL takes for a type that Rowan has.
constexpr std::array kSpellings = {
    Spelling{"bool", TypeId::kBool},
    Spelling{"boolean", TypeId::kBool},
    Spelling{"int2", TypeId::kInt2},
    Spelling{"smallint", TypeId::kInt2},
    Spelling{"int4", TypeId::kInt4},
    Spelling{"int", TypeId::kInt4},
    Spelling{"integer", TypeId::kInt4},
    Spelling{"int8", TypeId::kInt8},
    Spelling{"bigint", TypeId::kInt8},
    Spelling{"float4", TypeId::kFloat4},
    Spelling{"real", TypeId::kFloat4},
    Spelling{"float8", TypeId::kFloat8},
    Spelling{"double precision", TypeId::kFloat8},
    Spelling{"float", TypeId::kFloat8},
    Spelling{"numeric", TypeId::kNumeric},
    Spelling{"decimal", TypeId::kNumeric},
    Spelling{"dec", TypeId::kNumeric},
    Spelling{"text", TypeId::kText},
    Spelling{"varchar", TypeId::kVarchar},
    Spelling{"character varying", TypeId::kVarchar},
    Spelling{"char varying", TypeId::kVarchar},
    Spelling{"char", TypeId::kChar},
    Spelling{"character", TypeId::kChar},
    Spelling{"bpchar", TypeId::kChar},
    Spelling{"bytea", TypeId::kBytea},
    Spelling{"date", TypeId::kDate},
    Spelling{"time", TypeId::kTime},
    Spelling{"time without time zone", TypeId::kTime},
    Spelling{"timestamp", TypeId::kTimestamp},
    Spelling{"timestamp without time zone", TypeId::kTimestamp},
    Spelling{"timestamptz", TypeId::kTimestamptz},
    Spelling{"timestamp with time zone", TypeId::kTimestamptz},
    Spelling{"uuid", TypeId::kUuid},
    Spelling{"json", TypeId::kJson},
    Spelling{"jsonb", TypeId::kJsonb},
    Spelling{"unknown", TypeId::kUnknown},
};

constexpr int32_t kLengthMax = 10'485'760;  // PostgreSQL's limit for char(n) and varchar(n).
constexpr int32_t kPrecisionMax = 1000;
constexpr int32_t kFractionDigits = 6;

Error bad_modifier(std::string message) {
  return Error(ErrorCode::kInvalidParameterValue, std::move(message));
}

Result<Type> length_type(TypeId id, std::string_view name, const int32_t* modifiers, size_t count) {
  const std::string shown = id == TypeId::kVarchar ? "varchar" : "char";
  if (count > 1) {
    return bad_modifier("invalid type modifier");
  }
  if (count == 0) {
    // A bare char is char(1); bpchar has no length at all.
    return Type{id, id == TypeId::kChar && name != "bpchar" ? 1 : -1};
  }
  if (modifiers[0] < 1) {
    return bad_modifier("length for type " + shown + " must be at least 1");
  }
  if (modifiers[0] > kLengthMax) {
    return bad_modifier("length for type " + shown + " cannot exceed " +
                        std::to_string(kLengthMax));
  }
  return Type{id, modifiers[0]};
}

Result<Type> numeric_type(const int32_t* modifiers, size_t count) {
  if (count == 0) {
    return Type{TypeId::kNumeric, -1};
  }
  if (count > 2) {
    return bad_modifier("invalid NUMERIC type modifier");
  }
  const int32_t precision = modifiers[0];
  const int32_t scale = count == 2 ? modifiers[1] : 0;
  if (precision < 1 || precision > kPrecisionMax) {
    return bad_modifier("NUMERIC precision " + std::to_string(precision) +
                        " must be between 1 and 1000");
  }
  if (scale < -kPrecisionMax || scale > kPrecisionMax) {
    return bad_modifier("NUMERIC scale " + std::to_string(scale) +
                        " must be between -1000 and 1000");
  }
  return Type::numeric(precision, scale);
}

// Digits of the second's fraction. More than there are mean all, as PostgreSQL warns.
Result<Type> time_type(TypeId id, const int32_t* modifiers, size_t count) {
  if (count > 1 || modifiers[0] < 0) {
    return Error(ErrorCode::kSyntaxError, "a precision is one number that is not negative");
  }
  return Type{id, std::min(modifiers[0], kFractionDigits)};
}

Result<Type> float_type(std::string_view name, const int32_t* modifiers, size_t count) {
  if (name != "float" || count != 1) {
    return Error(ErrorCode::kSyntaxError,
                 "type modifier is not allowed for type \"" + std::string(name) + "\"");
  }
  if (modifiers[0] < 1) {
    return bad_modifier("precision for type float must be at least 1 bit");
  }
  if (modifiers[0] > 53) {
    return bad_modifier("precision for type float must be less than 54 bits");
  }
  return Type{modifiers[0] <= 24 ? TypeId::kFloat4 : TypeId::kFloat8, -1};
}

std::string precision_text(Type type) {
  return type.modifier < 0 ? std::string() : "(" + std::to_string(type.modifier) + ")";
}

}  // namespace

Physical physical(TypeId id) {
  switch (id) {
    case TypeId::kBool:
    case TypeId::kInt2:
    case TypeId::kInt4:
    case TypeId::kInt8:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return Physical::kInt64;
    case TypeId::kFloat4:
    case TypeId::kFloat8:
      return Physical::kDouble;
    default:
      return Physical::kString;
  }
}

bool is_integer(TypeId id) {
  return id == TypeId::kInt2 || id == TypeId::kInt4 || id == TypeId::kInt8;
}

bool is_number(TypeId id) {
  return is_integer(id) || id == TypeId::kFloat4 || id == TypeId::kFloat8 || id == TypeId::kNumeric;
}

bool is_text(TypeId id) {
  return id == TypeId::kText || id == TypeId::kVarchar || id == TypeId::kChar ||
         id == TypeId::kUnknown;
}

bool can_be_key(TypeId id) { return id != TypeId::kJson && id != TypeId::kJsonb; }

std::string type_name(Type type) {
  const bool modified = type.modifier >= 0;
  switch (type.id) {
    case TypeId::kUnknown:
      return "unknown";
    case TypeId::kBool:
      return "boolean";
    case TypeId::kInt2:
      return "smallint";
    case TypeId::kInt4:
      return "integer";
    case TypeId::kInt8:
      return "bigint";
    case TypeId::kFloat4:
      return "real";
    case TypeId::kFloat8:
      return "double precision";
    case TypeId::kNumeric:
      return !modified ? "numeric"
                       : "numeric(" + std::to_string(type.numeric_precision()) + "," +
                             std::to_string(type.numeric_scale()) + ")";
    case TypeId::kText:
      return "text";
    case TypeId::kVarchar:
      return modified ? "character varying(" + std::to_string(type.modifier) + ")"
                      : "character varying";
    case TypeId::kChar:
      return modified ? "character(" + std::to_string(type.modifier) + ")" : "bpchar";
    case TypeId::kBytea:
      return "bytea";
    case TypeId::kDate:
      return "date";
    case TypeId::kTime:
      return "time" + precision_text(type) + " without time zone";
    case TypeId::kTimestamp:
      return "timestamp" + precision_text(type) + " without time zone";
    case TypeId::kTimestamptz:
      return "timestamp" + precision_text(type) + " with time zone";
    case TypeId::kUuid:
      return "uuid";
    case TypeId::kJson:
      return "json";
    case TypeId::kJsonb:
      return "jsonb";
  }
  return "unknown";
}

Result<Type> type_from_name(std::string_view name, const int32_t* modifiers,
                            size_t modifier_count) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.name != name) {
      continue;
    }
    switch (spelling.id) {
      case TypeId::kVarchar:
      case TypeId::kChar:
        return length_type(spelling.id, name, modifiers, modifier_count);
      case TypeId::kNumeric:
        return numeric_type(modifiers, modifier_count);
      case TypeId::kTime:
      case TypeId::kTimestamp:
      case TypeId::kTimestamptz:
        return modifier_count == 0 ? Type{spelling.id, -1}
                                   : time_type(spelling.id, modifiers, modifier_count);
      default:
        if (modifier_count == 0) {
          return Type{spelling.id, -1};
        }
        return float_type(name, modifiers, modifier_count);
    }
  }
  return Error(ErrorCode::kUndefinedObject, "type \"" + std::string(name) + "\" does not exist");
}

}  // namespace rowan::type
