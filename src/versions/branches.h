// CREATE, DROP, RENAME, PROTECT BRANCH, CHECKOUT, and the history policies of branches.
#pragma once

#include "base/result.h"
#include "sql/ast.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_create_branch(Context& context, const sql::BranchStmt& statement);
Result<VerbResult> run_drop_branch(Context& context, const sql::BranchStmt& statement);
Result<VerbResult> run_rename_branch(Context& context, const sql::BranchStmt& statement);
Result<VerbResult> run_checkout(Context& context, const sql::BranchStmt& statement);
Result<VerbResult> run_protect_branch(  // And UNPROTECT.
    Context& context, const sql::BranchSettingStmt& statement);
Result<VerbResult> run_set_history_policy(Context& context,
                                          const sql::BranchSettingStmt& statement);
Result<VerbResult> run_drop_history_policy(Context& context,
                                           const sql::BranchSettingStmt& statement);

}  // namespace rowan::versions
