// Rewriting a table: all its rows under another definition, as a tree of their own past the
// journal.
#pragma once

#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/operator.h"
#include "expr/expr.h"

namespace rowan::exec {

// Where a column's values come from.
struct ColumnSource {
  int from = -1;        // A column of the old definition, as it is; -1: `value`.
  expr::NodePtr value;  // Over the old definition's columns, of the new column's type.
};

// Requires: the transaction's catalog holds `after` already; `before` is the version as it was. One
// source a column of `after`. Dropped slots lose their bytes. kNotNullViolation; kUniqueViolation
// when two rows get one primary key.
Result<void> rewrite_table(ExecContext& context, const catalog::TableVersion& before,
                           const catalog::TableVersion& after,
                           const std::vector<ColumnSource>& sources);

}  // namespace rowan::exec
