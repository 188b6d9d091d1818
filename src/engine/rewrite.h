// RESTORE, RESET and SQUASH.
#pragma once

#include "engine/version_control.h"

namespace rowan::engine {

Result<VersionResult> run_restore(SessionImpl& session, const sql::RestoreStmt& statement);
Result<VersionResult> run_reset(SessionImpl& session, const sql::RevisionsStmt& statement);
Result<VersionResult> run_squash(SessionImpl& session, const sql::RevisionsStmt& statement);

}  // namespace rowan::engine
