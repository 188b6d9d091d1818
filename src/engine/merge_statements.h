// MERGE, COMMIT MERGE, ABORT MERGE, SHOW MERGE CONFLICTS and RESOLVE CONFLICT.
#pragma once

#include "base/result.h"
#include "engine/merge_run.h"
#include "engine/session.h"
#include "engine/version_control.h"
#include "sql/ast.h"

namespace rowan::engine {

Result<VersionResult> run_merge(SessionImpl& session, const sql::MergeStmt& statement);
Result<VersionResult> run_commit_merge(SessionImpl& session, const sql::MergeStmt& statement);
Result<VersionResult> run_abort_merge(SessionImpl& session);
Result<VersionResult> run_resolve(SessionImpl& session, const sql::ResolveStmt& statement);

// UPDATE and DELETE of rowan.conflicts_<table> settle its rows: DELETE keeps ours, UPDATE takes
// our_* columns as they then are. These and SHOW MERGE CONFLICTS:
bool is_conflict_statement(const sql::Statement& statement);
Result<VersionResult> run_conflict_statement(SessionImpl& session, const sql::Statement& statement);

Result<VersionResult> show_conflicts(SessionImpl& session, const sql::ShowStmt& statement);

}  // namespace rowan::engine
