// RESOLVE CONFLICT, and UPDATE and DELETE of the conflict tables: answers to a merge that waits.
#pragma once

#include "base/result.h"
#include "sql/ast.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_resolve(Context& context, const sql::ResolveStmt& statement);

// UPDATE and DELETE of rowan.conflicts_<table> settle its rows: DELETE keeps ours, UPDATE takes
// our_* columns as they then are.
bool is_conflict_change(const sql::Statement& statement);
Result<VerbResult> run_conflict_change(Context& context, const sql::Statement& statement);

}  // namespace rowan::versions
