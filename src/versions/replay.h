// REVERT, CHERRY-PICK and REBASE: changes of commits applied to another tree, three-way.
#pragma once

#include "base/result.h"
#include "sql/ast.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_revert(Context& context, const sql::RevisionsStmt& statement);
Result<VerbResult> run_cherry_pick(Context& context, const sql::RevisionsStmt& statement);
Result<VerbResult> run_rebase(Context& context, const sql::RevisionsStmt& statement);

}  // namespace rowan::versions
