// MERGE, COMMIT MERGE, ABORT MERGE, SHOW MERGE CONFLICTS and RESOLVE CONFLICT.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/conflicts.h"
#include "engine/session.h"
#include "engine/version_control.h"
#include "exec/validator.h"
#include "merge/merge.h"
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

// ---- A merge without a statement of its own ----

struct SourceMerge {
  Oid source;               // Canonical and in the store.
  bool clean_only = false;  // Whatever is left to a choice stops it, where MERGE would settle it.
  std::string message;      // Empty: "Merge commit …".
  std::string body;
  std::function<std::vector<store::RefUpdate>()> refs;  // Others that move in the same record.
};
// The session's branch takes the source in, by a fast-forward or a merge that keeps all
// constraints. Gives the branch's tip; nothing was written after an error.
Result<Oid> merge_source(SessionImpl& session, const SourceMerge& merge);

// ---- A merge worked out, not written ----

struct MergeOptions {
  merge::Policy policy = merge::Policy::kRowLevel;
  bool renumber = false;
  bool allow_unrelated = false;
  const Answers* answers = nullptr;     // Of the pending merge; null: none.
  const Answers* remembered = nullptr;  // Null: not to be used.
};

// The trees of several commits merged one after the other into the tip's.
struct MergeRun {
  // Trees of virtual bases, which no commit will name; and what the merged tree needs. `made` reads
  // through `bases`.
  std::unique_ptr<store::PendingObjects> bases, made;
  Oid root;
  merge::Outcome outcome;             // Of all of them together.
  std::vector<Oid> merged;            // The commits that went in, in order.
  std::optional<size_t> conflicting;  // Which of the sources had the open conflicts; what comes
                                      // after it was not tried.
  uint64_t remembered = 0;            // Conflicts that remembered answers settled.
};

// `sources` are not contained in `tip`.
Result<MergeRun> run_merge_of(SessionImpl& session, const Oid& tip, const std::vector<Oid>& sources,
                              const MergeOptions& options);
// The pending merge of a branch on its tip as it is now.
Result<MergeRun> rerun_pending(SessionImpl& session, const PendingMerge& pending,
                               const txn::Snapshot& tip);

}  // namespace rowan::engine
