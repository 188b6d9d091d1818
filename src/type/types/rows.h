// The rows that the files of this folder fill. Read them through type_info().
#pragma once

#include "type/type_info.h"

namespace rowan::type {

#define ROWAN_TYPE(id, number, row) extern const TypeInfo row;
#include "type/types.def"
#undef ROWAN_TYPE

}  // namespace rowan::type
