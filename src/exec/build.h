// From a physical plan to running operators.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "exec/operator.h"
#include "plan/plan.h"

namespace rowan::exec {

// The plan and the context must outlive the operator.
Result<std::unique_ptr<Operator>> build(const plan::Plan& plan, ExecContext& context);

// All rows that an operator gives, counted by `account`.
Result<std::vector<type::Batch>> read_batches(Operator& input, const ExecContext& context,
                                              MemoryAccount& account);
// All rows of the plan.
Result<std::vector<type::Batch>> run_all(const plan::Plan& plan, ExecContext& context,
                                         MemoryAccount& account);

// The short way for `SELECT … FROM t WHERE <whole primary key> = <constants or parameters>` (plan
// root is a PointGet, maybe under a projection): no operators, no batches. nullopt result: not such
// a plan. An empty row list: no such row.
struct PointRow {
  bool found = false;
  std::vector<type::Value> values;
};
bool is_point_get(const plan::Plan& plan);
Result<PointRow> run_point_get(const plan::Plan& plan,
                               ExecContext& context);  // Requires: is_point_get(plan).

// Runs the plan with per-node rows and times: EXPLAIN ANALYZE.
Result<std::vector<std::string>> explain_analyze(const plan::Plan& plan, ExecContext& context);

}  // namespace rowan::exec
