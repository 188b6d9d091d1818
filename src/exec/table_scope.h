// Names of one table's columns, for expressions over its rows alone: column n of the input is the
// table's n.
//
// Threads: one.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "catalog/table.h"
#include "expr/binder.h"

namespace rowan::exec {

class TableScope final : public expr::Scope {
 public:
  // `what`: "check constraint", for messages.
  TableScope(const catalog::TableDef& table, std::string_view what)
      : table_(table), what_(what), clause_(fmt::format("{}s", what)) {}

  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override {
    if (!column.table.empty() && column.table != table_.name) {
      return Error(ErrorCode::kUndefinedTable,
                   fmt::format("missing FROM-clause entry for table \"{}\"", column.table))
          .at(column.position);
    }
    const auto index = table_.find_column(column.column);
    if (!index)
      return Error(ErrorCode::kUndefinedColumn,
                   fmt::format("column \"{}\" does not exist", column.column))
          .at(column.position);
    return expr::make_column(*index, table_.columns[*index].type);
  }
  Result<expr::NodePtr> resolve_subquery(const sql::SubqueryExpr& subquery) override {
    return Error(ErrorCode::kFeatureNotSupported, fmt::format("cannot use subquery in {}", what_))
        .at(subquery.position);
  }
  std::string_view clause() const override { return clause_; }

 private:
  const catalog::TableDef& table_;
  const std::string_view what_;
  const std::string clause_;
};

}  // namespace rowan::exec
