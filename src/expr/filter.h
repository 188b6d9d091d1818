// What evaluation and filters share.
#pragma once

#include <span>

#include "expr/expr.h"
#include "type/column.h"

namespace rowan::expr {

type::Column null_column(type::Type type, size_t rows);
type::Column bool_column(bool value, size_t rows);

// True when a cast changes nothing but the type's name.
bool is_relabel(type::Type from, type::Type to);

// The given rows of the columns that `node` reads; the others stay empty.
type::Batch gather_used(const Node& node, const type::Batch& input, std::span<const uint32_t> rows);

Result<void> check_cancelled(const EvalContext& context);  // kQueryCanceled

}  // namespace rowan::expr
