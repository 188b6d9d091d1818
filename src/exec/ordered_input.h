// OrderedInput: the rows of an aggregate with ORDER BY or DISTINCT, kept until all are there and then
// handed on in order.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "expr/functions.h"
#include "plan/physical.h"
#include "type/column.h"

namespace rowan::exec {

class OrderedInput {
 public:
  explicit OrderedInput(const plan::AggregateItem& item);  // The item outlives this.

  // `groups`: as in AggregateState::add.
  void add(const std::vector<type::Column>& arguments, const uint32_t* groups, size_t rows);
  Result<void> hand_on(expr::AggregateState& state);  // Once, behind the last row.
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  const plan::AggregateItem& item_;
  std::vector<type::ColumnBuilder> builders_;
  std::vector<uint32_t> groups_;
  bool grouped_ = false;
  size_t memory_bytes_ = 0;
};

}  // namespace rowan::exec
