// Expressions over one row of a table: DEFAULT and CHECK of its definition, and what else names its
// columns alone.
//
// Threads: any.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"
#include "expr/binder.h"
#include "expr/expr.h"

namespace rowan::plan {

// Names of one table's columns: column n of the input is the table's n.
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

// A scope without any column: VALUES and DEFAULT.
class EmptyScope final : public expr::Scope {
 public:
  explicit EmptyScope(std::string_view clause) : clause_(clause) {}
  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override;
  std::string_view clause() const override { return clause_; }

 private:
  std::string_view clause_;
};

// A table's DEFAULT expressions, bound and cast to their columns' types; a NULL constant where
// there is none.
Result<std::vector<expr::NodePtr>> bind_defaults(const catalog::TableDef& table);
// The same of one column.
Result<expr::NodePtr> bind_column_default(const catalog::ColumnDef& column);
// Binds and casts one DEFAULT as CREATE TABLE checks it: no columns, no aggregates, no subqueries.
Result<expr::NodePtr> bind_default(const sql::Expr& expression, const catalog::ColumnDef& column);

// A CHECK condition over the table's columns in column order.
Result<expr::NodePtr> bind_check(const catalog::TableDef& table, const sql::Expr& condition);
// Each of some equal rows is to be looked at, since a CHECK may say different things of them.
Result<bool> has_volatile_check(const catalog::TableDef& table);

}  // namespace rowan::plan
