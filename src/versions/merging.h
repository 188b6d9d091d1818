// MERGE, COMMIT MERGE, ABORT MERGE and SHOW MERGE CONFLICTS; merging without a statement.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "sql/ast.h"
#include "store/object_store.h"
#include "versions/answer.h"
#include "versions/context.h"

namespace rowan::versions {

Result<VerbResult> run_merge(Context& context, const sql::MergeStmt& statement);
Result<VerbResult> run_commit_merge(Context& context, const sql::MergeStmt& statement);
Result<VerbResult> run_abort_merge(Context& context, const sql::Statement& statement);
Result<VerbResult> show_conflicts(Context& context, const sql::ShowStmt& statement);

// ---- A merge without a statement of its own ----

struct SourceMerge {
  Oid source;               // Canonical and in the store.
  Oid named;                // What the user knows it by: the commit that `source` stands for.
  bool clean_only = false;  // Whatever is left to a choice stops it, where MERGE would settle it.
  std::string message;      // Empty: "Merge commit …".
  std::string body;
  std::function<std::vector<store::RefUpdate>()> refs;  // Others that move in the same record.
};
// The asker's branch takes the source in, by a fast-forward or a merge that keeps all
// constraints. Gives the branch's tip; nothing was written after an error.
Result<Oid> merge_source(Context& context, const SourceMerge& merge);

}  // namespace rowan::versions
