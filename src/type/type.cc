#include "type/type.h"

#include "type/type_info.h"

namespace rowan::type {

Physical physical(TypeId id) { return type_info(id).physical; }

bool is_integer(TypeId id) {
  return type_info(id).shape == Shape::kInteger && id != TypeId::kOid;
}
bool is_float(TypeId id) { return type_info(id).physical == Physical::kDouble; }
bool is_number(TypeId id) { return type_info(id).category == 'N' && id != TypeId::kOid; }
bool is_text(TypeId id) { return type_info(id).category == 'S' || id == TypeId::kUnknown; }
bool is_timestamp(TypeId id) { return type_info(id).shape == Shape::kTimestamp; }
bool is_json(TypeId id) { return type_info(id).shape == Shape::kJson; }
bool can_be_key(TypeId id) { return type_info(id).write_key != nullptr; }

std::string type_name(Type type) {
  const TypeInfo& row = type_info(type.id);
  if (type.modifier >= 0 && row.shown_with != nullptr) return row.shown_with(type);
  return std::string(row.shown);
}

std::string plain_type_name(TypeId id) { return std::string(type_info(id).plain); }

Result<Type> type_from_name(std::string_view name, const int32_t* modifiers,
                            size_t modifier_count) {
  const TypeInfo* row = find_type(name);
  if (row == nullptr) {
    return Error(ErrorCode::kUndefinedObject, "type \"" + std::string(name) + "\" does not exist");
  }
  if (row->with_modifiers != nullptr) {
    return row->with_modifiers(row->id, name, modifiers, modifier_count);
  }
  if (modifier_count > 0) {
    return Error(ErrorCode::kSyntaxError,
                 "type modifier is not allowed for type \"" + std::string(name) + "\"");
  }
  return Type{row->id, -1};
}

Result<Type> array_type(Type element) {
  if (is_array(element.id) || type_info(element.id).array_oid == 0) {
    return Error(ErrorCode::kUndefinedObject,
                 "type \"" + plain_type_name(element.id) + "[]\" does not exist");
  }
  return Type{array_of(element.id), element.modifier};
}

}  // namespace rowan::type
