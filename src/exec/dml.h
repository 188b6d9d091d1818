// INSERT, UPDATE, DELETE, TRUNCATE: planned once, run many times.
//
// Threads: a plan is immutable after planning; running one uses the caller's transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/operator.h"
#include "exec/row_writer.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::exec {

struct DmlOutcome {
  uint64_t rows = 0;
  bool restart = false;                // READ COMMITTED: undo, move the snapshot, run again.
  std::vector<type::Batch> returning;  // Rows of RETURNING, and what counts them.
  MemoryAccount returning_account{nullptr};
};

class DmlPlan {
 public:
  virtual ~DmlPlan() = default;
  // With what foreign keys do and check at the end of the statement.
  Result<DmlOutcome> run(ExecContext& context) const;
  virtual std::string_view tag() const = 0;  // "INSERT 0", "UPDATE", "DELETE".
  virtual std::vector<std::string> explain() const = 0;
  const std::vector<plan::OutputColumn>& returning() const { return returning_.outputs; }
  bool cacheable() const { return cacheable_; }

 protected:
  virtual Result<DmlOutcome> write_rows(ExecContext& context) const = 0;

  plan::Returning returning_;
  bool cacheable_ = true;
};

Result<std::unique_ptr<DmlPlan>> plan_insert(const sql::InsertStmt& statement,
                                             plan::PlanContext& context);
Result<std::unique_ptr<DmlPlan>> plan_update(const sql::UpdateStmt& statement,
                                             plan::PlanContext& context);
Result<std::unique_ptr<DmlPlan>> plan_delete(const sql::DeleteStmt& statement,
                                             plan::PlanContext& context);
Result<std::string> run_truncate(const sql::TruncateStmt& statement, ExecContext& context);

// A table's DEFAULT expressions, bound and cast to their columns' types; a NULL constant where
// there is none.
Result<std::vector<expr::NodePtr>> bind_defaults(const catalog::TableDef& table);
// The same of one column.
Result<expr::NodePtr> bind_column_default(const catalog::ColumnDef& column);
// Binds and casts one DEFAULT as CREATE TABLE checks it: no columns, no aggregates, no subqueries.
Result<expr::NodePtr> bind_default(const sql::Expr& expression, const catalog::ColumnDef& column);

}  // namespace rowan::exec
