// REVERT, CHERRY-PICK and REBASE: changes of commits applied to another tree, three-way.
#pragma once

#include "engine/version_control.h"

namespace rowan::engine {

Result<VersionResult> run_revert(SessionImpl& session, const sql::RevisionsStmt& statement);
Result<VersionResult> run_cherry_pick(SessionImpl& session, const sql::RevisionsStmt& statement);
Result<VersionResult> run_rebase(SessionImpl& session, const sql::RevisionsStmt& statement);

}  // namespace rowan::engine
