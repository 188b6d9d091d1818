#include "catalog/foreign_types.h"

#include "type/cast.h"

namespace rowan::catalog {

bool foreign_key_types_match(type::Type child, type::Type parent) {
  if (child.id == parent.id || (type::is_integer(child.id) && type::is_integer(parent.id)))
    return true;
  const auto is_time = [](type::TypeId id) {
    return id == type::TypeId::kDate || type::is_timestamp(id);
  };
  if ((type::is_float(child.id) && type::is_float(parent.id)) || (is_time(child.id) && is_time(parent.id)))
    return true;
  if (type::is_text(child.id) && type::is_text(parent.id)) return true;
  return type::can_cast(child.id, parent.id, type::CastContext::kImplicit);
}

}  // namespace rowan::catalog
