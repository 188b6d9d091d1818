// Lines of any version of a table into fixed columns.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "diff/table_diff.h"
#include "plan/plan.h"
#include "type/value.h"

namespace rowan::system {

// Reads lines of any version of a table into fixed columns, found by ID, else by name. What a
// version did not have is NULL. A value shows as it was: in a type that holds it, never cast to
// less. Threads:  one at a time; copies are independent.
class RowReader {
 public:
  // All columns of `table`, or those of `columns`. With `past`, each in a type that holds what it
  // was in those definitions too.
  using Definitions = std::vector<std::shared_ptr<const catalog::TableDef>>;
  RowReader(const catalog::TableDef& table, const Definitions& past);
  RowReader(const catalog::TableDef& table, const std::vector<uint16_t>& columns,
            const Definitions& past);
  // These columns, each of the type beside it.
  RowReader(std::vector<diff::ColumnName> columns, const std::vector<type::Type>& types);

  const std::vector<plan::OutputColumn>& columns() const { return columns_; }
  // Appends a value a column to `row`. An empty line: NULLs.
  Result<void> append(const catalog::TableDef& table, Bytes line, const diff::LargeValues& large,
                      std::vector<type::Value>& row) const;

 private:
  std::vector<diff::ColumnName> names_;  // Of all columns of the table.
  std::vector<uint16_t> shown_;          // Indexes into them, one a column of columns_.
  std::vector<plan::OutputColumn> columns_;
  // Where the lines of the last definition have them.
  mutable Oid known_;
  mutable std::vector<std::optional<uint16_t>> places_;
};

}  // namespace rowan::system
