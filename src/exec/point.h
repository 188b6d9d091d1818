// Point statements: one row by its whole primary key, without operators or batches.
//
// Threads: as the transaction they read through.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "exec/build.h"
#include "exec/operator.h"
#include "plan/plan.h"
#include "type/value.h"

namespace rowan::exec {

// One row that UPDATE or DELETE … WHERE <whole primary key> = … touches.
struct PointModifyRow {
  bool found = false;
  std::string key;                       // Encoded.
  std::string line;                      // As stored.
  std::vector<type::Value> columns;      // The target's, in column order; empty unless asked for.
  std::vector<type::Value> expressions;  // Those of the ModifyRequest.
};
bool is_point_modify(const plan::ModifyPlan& plan);
// Requires: is_point_modify(plan). `want_columns`: fill `columns` (RETURNING).
Result<PointModifyRow> run_point_modify_source(const plan::ModifyPlan& plan, ExecContext& context,
                                               bool want_columns);

}  // namespace rowan::exec
