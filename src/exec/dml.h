// INSERT, UPDATE, DELETE, TRUNCATE as they run. What they mean is bound in plan/modify.
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
  virtual const std::vector<plan::OutputColumn>& returning() const = 0;
  virtual bool cacheable() const = 0;

 protected:
  virtual Result<DmlOutcome> write_rows(ExecContext& context) const = 0;
};

Result<std::unique_ptr<DmlPlan>> plan_insert(const sql::InsertStmt& statement,
                                             plan::PlanContext& context);
Result<std::unique_ptr<DmlPlan>> plan_update(const sql::UpdateStmt& statement,
                                             plan::PlanContext& context);
Result<std::unique_ptr<DmlPlan>> plan_delete(const sql::DeleteStmt& statement,
                                             plan::PlanContext& context);
Result<std::string> run_truncate(const sql::TruncateStmt& statement, ExecContext& context);

}  // namespace rowan::exec
