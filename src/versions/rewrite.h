// RESTORE, RESET and SQUASH.
#pragma once

#include "base/result.h"
#include "sql/ast.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_restore(Context& context, const sql::RestoreStmt& statement);
Result<VerbResult> run_reset(Context& context, const sql::RevisionsStmt& statement);
Result<VerbResult> run_squash(Context& context, const sql::RevisionsStmt& statement);

}  // namespace rowan::versions
