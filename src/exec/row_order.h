// The order of rows by sort keys.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/physical.h"
#include "type/column.h"

namespace rowan::exec {

inline int compare_cells(const type::Column& left, size_t a, const type::Column& right, size_t b) {
  switch (type::physical(left.type.id)) {
    case type::Physical::kInt64: {
      const int64_t x = left.ints()[a], y = right.ints()[b];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case type::Physical::kDouble:
      return type::compare_doubles(left.doubles()[a], right.doubles()[b]);
    case type::Physical::kString:
      return type::compare_strings(left.type.id, left.strings()[a], right.strings()[b]);
    case type::Physical::kInterval:
      return type::compare_intervals(left.intervals()[a], right.intervals()[b]);
  }
  return 0;
}

// Columns must not be constant.
class RowOrder {
 public:
  RowOrder(const std::vector<plan::SortKey>& keys, const type::Batch& batch)
      : keys_(keys), batch_(batch) {}
  int compare(uint32_t a, uint32_t b) const {
    for (const plan::SortKey& key : keys_) {
      const type::Column& column = batch_.columns[key.column];
      const bool a_null = column.is_null(a), b_null = column.is_null(b);
      if (a_null || b_null) {
        if (a_null == b_null) continue;
        return a_null == key.nulls_first ? -1 : 1;
      }
      const int order = compare_cells(column, a, column, b);
      if (order != 0) return key.descending ? -order : order;
    }
    return 0;
  }
  bool operator()(uint32_t a, uint32_t b) const {
    const int order = compare(a, b);
    return order != 0 ? order < 0 : a < b;
  }

 private:
  const std::vector<plan::SortKey>& keys_;
  const type::Batch& batch_;
};

}  // namespace rowan::exec
