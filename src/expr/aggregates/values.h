// What the states of aggregates share: going over the values of a column by their groups.
#pragma once

#include "expr/families.h"
#include "expr/functions.h"
#include "expr/kernels.h"

namespace rowan::expr {

using type::ColumnBuilder;

inline uint64_t count_nulls(const uint8_t* nulls, size_t rows) {
  uint64_t count = 0;
  for (size_t i = 0; i < rows; ++i) count += nulls[i];
  return count;
}

inline uint64_t count_values(const Column& column, size_t rows) {
  if (column.nulls == nullptr) return rows;
  if (column.constant) return column.is_null(0) ? 0 : rows;
  return rows - count_nulls(column.nulls, rows);
}

// f(row, group) for every row that is not NULL.
template <typename F>
void for_each_value(const Column& column, const uint32_t* groups, size_t rows, F f) {
  if (column.nulls == nullptr) {
    for (size_t i = 0; i < rows; ++i) f(i, groups == nullptr ? 0 : groups[i]);
  } else {
    for (size_t i = 0; i < rows; ++i) {
      if (column.nulls[i] == 0) f(i, groups == nullptr ? 0 : groups[i]);
    }
  }
}

inline Column flat(const Column& column) { return column.constant ? column.flatten() : column; }

}  // namespace rowan::expr
