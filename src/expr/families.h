// What a family's file defines: its rows, as one span.
#pragma once

#include <span>

#include "expr/functions.h"

namespace rowan::expr {

#define ROWAN_FAMILY(rows, title) extern const std::span<const Function> rows;
#include "expr/families.def"
#undef ROWAN_FAMILY

// The name the binder calls for IS DISTINCT FROM: no user can write it.
inline constexpr std::string_view kIsDistinctName = "is distinct from";

// One list of rows out of several of them.
template <size_t count, size_t size>
consteval std::array<Function, count * size> flat(
    const std::array<std::array<Function, size>, count>& groups) {
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return std::array<Function, count * size>{groups[i / size][i % size]...};
  }(std::make_index_sequence<count * size>());
}

}  // namespace rowan::expr
