#include "type/type_info.h"

#include <array>

#include "type/types/rows.h"

namespace rowan::type {

namespace {

constexpr std::array kRows = {
#define ROWAN_TYPE(id, number, row) &row,
#include "type/types.def"
#undef ROWAN_TYPE
};

#define ROWAN_TYPE(id, number, row) static_assert(static_cast<size_t>(TypeId::id) < kRows.size());
#include "type/types.def"
#undef ROWAN_TYPE

}  // namespace

const TypeInfo& type_info(TypeId id) {
  return is_array(id) ? array_info(element_of(id)) : *kRows[static_cast<size_t>(id)];
}

std::span<const TypeInfo* const> all_types() { return kRows; }

const TypeInfo* find_type(uint32_t oid) {
  for (const TypeInfo* row : kRows) {
    if (row->oid == oid) return row;
    if (row->array_oid == oid && oid != 0) return &array_info(row->id);
  }
  return nullptr;
}

const TypeInfo* find_type(std::string_view spelling) {
  for (const TypeInfo* row : kRows) {
    for (const std::string_view known : row->spellings) {
      if (known == spelling) return row;
    }
  }
  return nullptr;
}

}  // namespace rowan::type
