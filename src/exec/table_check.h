// All rows that a transaction sees of a table, in blocks, for ALTER TABLE and CREATE INDEX: whether
// a unique key can hold, and what expressions make of them.
//
// Threads: the transaction's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/operator.h"
#include "expr/expr.h"
#include "sql/ast.h"
#include "type/column.h"

namespace rowan::exec {

// Some rows of a table; equal rows of a table without a primary key are one, with their number,
// unless each is asked for.
enum class EqualRows : uint8_t { kOnce, kEach };
struct RowBlock {
  type::Batch batch;  // The columns asked for.
  std::vector<uint64_t> counts;
};
// Every row in key order, the transaction's own changes included. `columns`: indexes into the
// table's.
Result<void> visit_blocks(ExecContext& context, const catalog::TableVersion& version,
                          const std::vector<uint16_t>& columns, EqualRows equal_rows,
                          const std::function<Result<void>(const RowBlock&)>& visit);
Result<bool> has_rows(ExecContext& context, const catalog::TableVersion& version);

// The USING expression of ALTER TYPE: over a table's columns (column n of the input is the table's
// n), cast to `to`. kDatatypeMismatch when it cannot be assigned to that type.
Result<expr::NodePtr> bind_transform(const sql::Expr& expression, const catalog::TableDef& table,
                                     std::string_view column, type::Type to);
// The same of a plain column of that table.
Result<expr::NodePtr> bind_column_cast(const catalog::TableDef& table, uint16_t column,
                                       type::Type to);

// Whether the columns can be a unique key: kUniqueViolation in PostgreSQL's words for ALTER TABLE.
// Watches the rows.
Result<void> check_unique(ExecContext& context, const catalog::TableVersion& version,
                          std::string_view name, const std::vector<uint16_t>& columns);

}  // namespace rowan::exec
