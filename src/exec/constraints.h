// CHECK and NOT NULL: what a row must be by itself; and walks over all rows of a table for
// constraints that are new.
//
// Threads: RowChecks are immutable once bound; evaluation may run on many threads.
// Errors:  kCheckViolation, kNotNullViolation in PostgreSQL's words; those of reading.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "exec/operator.h"
#include "expr/expr.h"
#include "sql/ast.h"
#include "type/column.h"
#include "type/value.h"

namespace rowan::exec {

// The CHECK constraints of one table definition, bound over its columns in column order.
class RowChecks {
 public:
  static Result<std::shared_ptr<const RowChecks>> bind(
      std::shared_ptr<const catalog::TableDef> table);

  bool empty() const { return conditions_.empty(); }
  bool is_volatile() const { return volatile_; }  // Each of some equal rows is to be looked at.
  const catalog::TableDef& table() const { return *table_; }
  const std::vector<uint32_t>& columns() const {
    return columns_;
  }  // Those that any condition reads, sorted.
  // kCheckViolation names the first constraint that a row breaks; a condition that is NULL holds.
  // One value a column.
  Result<void> check(const std::vector<type::Value>& row, const expr::EvalContext& context) const;
  Result<void> check(const type::Batch& rows, const expr::EvalContext& context) const;
  // As the first, but says which: nullptr when all hold.
  Result<const catalog::CheckConstraint*> find_broken(const std::vector<type::Value>& row,
                                                      const expr::EvalContext& context) const;
  // The same for many rows: the first constraint that some row breaks, and that row.
  struct Broken {
    const catalog::CheckConstraint* check = nullptr;
    size_t row = 0;
  };
  Result<std::optional<Broken>> find_broken(const type::Batch& rows,
                                            const expr::EvalContext& context) const;

 private:
  explicit RowChecks(std::shared_ptr<const catalog::TableDef> table) : table_(std::move(table)) {}

  std::shared_ptr<const catalog::TableDef> table_;
  std::vector<expr::NodePtr> conditions_;  // As table_->checks.
  std::vector<uint32_t> columns_;
  bool volatile_ = false;
};

// Many rows on their way into a table, for one evaluation of its CHECKs.
class CheckBatch {
 public:
  explicit CheckBatch(std::shared_ptr<const RowChecks> checks);

  const std::vector<uint32_t>& columns() const { return checks_->columns(); }
  size_t rows() const { return rows_; }
  // A row: one value for each of columns(), each appended to its builder; then end_row().
  type::ColumnBuilder& builder(size_t index) { return builders_[index]; }
  void end_row() { ++rows_; }
  void add(const std::vector<type::Value>& row);  // One value a column of the table.
  // The first constraint that some row breaks, and which row; the batch is empty again.
  Result<std::optional<RowChecks::Broken>> finish(const expr::EvalContext& context);

 private:
  std::shared_ptr<const RowChecks> checks_;
  std::vector<type::ColumnBuilder> builders_;
  size_t rows_ = 0;
};
inline constexpr size_t kCheckBatchRows = 2048;

// A session's bound CHECKs, by table definition.
class CheckCache {
 public:
  Result<std::shared_ptr<const RowChecks>> of(
      const std::shared_ptr<const catalog::TableDef>& table);

 private:
  std::unordered_map<Oid, std::shared_ptr<const RowChecks>, OidHash> checks_;
};

Error check_violation(const catalog::TableDef& table, const catalog::CheckConstraint& check,
                      const std::vector<type::Value>& row);
Error not_null_violation(const catalog::TableDef& table, const catalog::ColumnDef& column,
                         const std::vector<type::Value>& row);

// A row's values in column order.
Result<std::vector<type::Value>> row_values(const catalog::TableDef& table, Bytes line,
                                            const store::ObjectReader& objects,
                                            uint64_t* count = nullptr);

// Every row of the table as the transaction sees it (its own changes included), in key order; false
// from `visit` stops.
using RowVisitor = std::function<Result<bool>(Bytes key, Bytes line)>;
Result<void> visit_rows(const txn::Transaction& transaction, store::NodeCache& cache,
                        const catalog::TableVersion& table, const RowVisitor& visit);

// Whether all rows of `table` keep the constraints of `wanted` (the same rows under a definition
// that has the new ones): those CHECKs, and NOT NULL. PostgreSQL's words for ALTER TABLE: `check
// constraint "c" of relation "t" is violated by some row`, `column "c" of relation "t" contains
// null values`. The rows must be what they are when the transaction commits
// (Transaction::watch_rows).
Result<void> check_all_rows(ExecContext& context, const catalog::TableVersion& table,
                            const RowChecks& checks);
Result<void> check_all_not_null(ExecContext& context, const catalog::TableVersion& table,
                                uint16_t column);

}  // namespace rowan::exec
