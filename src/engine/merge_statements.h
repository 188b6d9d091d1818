// MERGE, COMMIT MERGE, ABORT MERGE, SHOW MERGE CONFLICTS and RESOLVE CONFLICT.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/merge_run.h"
#include "engine/session.h"
#include "engine/version_control.h"
#include "sql/ast.h"

namespace rowan::engine {

Result<VersionResult> run_merge(SessionImpl& session, const sql::MergeStmt& statement);
Result<VersionResult> run_commit_merge(SessionImpl& session, const sql::MergeStmt& statement);
Result<VersionResult> run_abort_merge(SessionImpl& session, const sql::Statement& statement);
Result<VersionResult> run_resolve(SessionImpl& session, const sql::ResolveStmt& statement);

// UPDATE and DELETE of rowan.conflicts_<table> settle its rows: DELETE keeps ours, UPDATE takes
// our_* columns as they then are.
bool is_conflict_change(const sql::Statement& statement);
Result<VersionResult> run_conflict_change(SessionImpl& session, const sql::Statement& statement);

Result<VersionResult> show_conflicts(SessionImpl& session, const sql::ShowStmt& statement);

// ---- A merge without a statement of its own ----

struct SourceMerge {
  Oid source;               // Canonical and in the store.
  Oid named;                // What the user knows it by: the commit that `source` stands for.
  bool clean_only = false;  // Whatever is left to a choice stops it, where MERGE would settle it.
  std::string message;      // Empty: "Merge commit …".
  std::string body;
  std::function<std::vector<store::RefUpdate>()> refs;  // Others that move in the same record.
};
// The session's branch takes the source in, by a fast-forward or a merge that keeps all
// constraints. Gives the branch's tip; nothing was written after an error.
Result<Oid> merge_source(SessionImpl& session, const SourceMerge& merge);

}  // namespace rowan::engine
