#include "type/cast.h"

#include <optional>

#include "type/array.h"
#include "type/text.h"
#include "type/type_info.h"

namespace rowan::type {

namespace {

const CastRow* find_cast(TypeId from, TypeId to) {
  for (const CastRow& row : type_info(from).casts) {
    if (row.to == to) return &row;
  }
  return nullptr;
}

// The weakest context in which a cast applies; none when there is no cast.
std::optional<CastContext> weakest_context(TypeId from, TypeId to) {
  if (from == to || from == TypeId::kUnknown) {
    return CastContext::kImplicit;
  }
  if (is_array(from) && is_array(to)) {
    return weakest_context(element_of(from), element_of(to));
  }
  if (is_text(from)) {
    // Among texts freely; into anything else by its input text, when asked for.
    return is_text(to) ? CastContext::kImplicit : CastContext::kExplicit;
  }
  if (is_text(to)) {
    return CastContext::kAssignment;
  }
  const CastRow* row = find_cast(from, to);
  return row == nullptr ? std::nullopt : std::optional(row->weakest);
}

Error cannot_cast(Type from, Type to) {
  return Error(ErrorCode::kCannotCoerce, "cannot cast type " + plain_type_name(from.id) + " to " +
                                             plain_type_name(to.id));
}

// Cuts to n characters; an explicit cast cuts anything, the others only blanks. A char without n
// keeps the blanks it was given, until it is assigned: what is stored has none (T8).
Result<Value> text_to_text(std::string text, Type to, CastContext context) {
  if (to.id == TypeId::kChar && to.modifier < 0 && context != CastContext::kAssignment) {
    return Value::of_string(to, std::move(text));
  }
  if (context == CastContext::kExplicit && to.modifier >= 0 && to.id != TypeId::kText) {
    size_t at = 0;
    for (int32_t characters = 0; at < text.size(); ++at) {
      if ((text[at] & 0xc0) != 0x80 && characters++ == to.modifier) {
        break;
      }
    }
    text.resize(at);
  }
  return parse_text(to, text);
}

// As the casts to text and its kin spell a value.
std::string cast_text(const Value& value, TypeId to) {
  if (value.type().id == TypeId::kBool) {
    return value.as_int() != 0 ? "true"
                               : "false";  // The cast spells it out; the output function does not.
  }
  if (value.type().id == TypeId::kChar && to != TypeId::kChar) {
    return std::string(without_padding(value.as_string()));
  }
  return to_text(value);
}

// Element by element.
Result<Value> cast_array(const Value& value, Type to, CastContext context, Moment now) {
  const Type element{element_of(to.id), to.modifier};
  ArrayBuilder builder(element.id);
  for (ArrayReader reader(value.as_string()); !reader.at_end();) {
    const Type from{reader.element(), value.type().modifier};
    const auto item = reader.next();
    if (!item) {
      builder.append_null();
      continue;
    }
    TRY_ASSIGN(const Value made, cast(Value::of(from, *item), element, context, now));
    if (made.is_null()) {
      builder.append_null();
    } else {
      builder.append(made.datum());
    }
  }
  return Value::of_string(to, builder.finish());
}

}  // namespace

bool can_cast(TypeId from, TypeId to, CastContext context) {
  const auto weakest = weakest_context(from, to);
  return weakest.has_value() && *weakest <= context;
}

Result<Value> cast(const Value& value, Type to, CastContext context, Moment now) {
  const Type from = value.type();
  if (!can_cast(from.id, to.id, context)) {
    return cannot_cast(from, to);
  }
  if (value.is_null()) {
    return Value::null(to);
  }
  if (is_text(to.id)) {
    return text_to_text(cast_text(value, to.id), to, context);
  }
  if (is_text(from.id)) {
    // char(n) with its blanks. Only of a literal does the modifier say how it is read.
    const bool guided = from.id != TypeId::kUnknown && type_info(to.id).modifier_guides_text;
    TRY_ASSIGN(const Value read, parse_text(guided ? Type{to.id} : to, to_text(value), now));
    return guided && to.modifier != -1 ? type_info(to.id).fit(read, to) : read;
  }
  if (is_array(from.id) && is_array(to.id)) {
    return from == to ? value : cast_array(value, to, context, now);
  }
  if (from.id == to.id) {
    const auto fit = type_info(to.id).fit;
    return to.modifier != -1 && fit != nullptr ? fit(value, to) : Value::of(to, value.datum());
  }
  const CastRow* row = find_cast(from.id, to.id);
  if (row != nullptr && row->run != nullptr) {
    return row->run(value, to);
  }
  return Value::of(to, value.datum());
}

namespace {

// Casts that leave every physical value as it is share the column's data.
bool keeps_values(Type from, Type to) {
  if (from == to) {
    return true;
  }
  const bool widens = is_integer(from.id) && is_integer(to.id) &&
                      type_info(from.id).length <= type_info(to.id).length;
  const bool frees_text = is_text(from.id) && !(from.id == TypeId::kChar && from.modifier < 0) &&
                          (to.id == TypeId::kText || to.id == TypeId::kVarchar) && to.modifier < 0;
  const bool frees_numeric =
      from.id == TypeId::kNumeric && to.id == TypeId::kNumeric && to.modifier < 0;
  const bool frees_time = from.id == to.id && is_datetime(to.id) && to.modifier < 0;
  return widens || frees_text || frees_numeric || frees_time ||
         (from.id == TypeId::kFloat4 && to.id == TypeId::kFloat8);
}

Column integers_to_doubles(const Column& column, Type to) {
  ColumnBuilder builder(to, column.size);
  auto& doubles = builder.doubles();
  doubles.resize(column.size);
  const int64_t* ints = column.ints();
  for (size_t i = 0; i < column.size; ++i) {
    doubles[i] = static_cast<double>(ints[i]);
  }
  if (column.nulls != nullptr) {
    builder.nulls().assign(column.nulls, column.nulls + column.size);
  }
  return builder.finish();
}

}  // namespace

Result<Column> cast(const Column& column, Type to, CastContext context, Moment now) {
  if (!can_cast(column.type.id, to.id, context)) {
    return cannot_cast(column.type, to);
  }
  const bool strips = to.id == TypeId::kChar && context == CastContext::kAssignment;
  if (keeps_values(column.type, to) && !strips) {
    Column result = column;
    result.type = to;
    return result;
  }
  if (column.constant) {
    if (column.size == 0) {
      return Column::of_constant(Value::null(to), 0);
    }
    TRY_ASSIGN(const Value value, cast(column.value(0), to, context, now));
    return Column::of_constant(value, column.size);
  }
  if (is_integer(column.type.id) && to.id == TypeId::kFloat8) {
    return integers_to_doubles(column, to);
  }
  ColumnBuilder builder(to, column.size);
  for (size_t i = 0; i < column.size; ++i) {
    if (column.is_null(i)) {
      builder.append_null();
      continue;
    }
    TRY_ASSIGN(const Value value, cast(column.value(i), to, context, now));
    builder.append(value);
  }
  return builder.finish();
}

}  // namespace rowan::type
