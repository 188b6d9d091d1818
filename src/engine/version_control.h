// The statements of branches and tags, and what all statements share that make or move commits past
// a transaction. Each makes its own commit (if any) and is refused inside a transaction block.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/rows.h"
#include "engine/session.h"
#include "engine/system_tables.h"
#include "sql/ast.h"

namespace rowan::engine {

using VersionResult = versions::VerbResult;
using versions::verb_done;

// 25006 naming the statement, when it or an answer to a conflict would change the repository.
Result<void> check_only_reads(const sql::Statement& statement);

Result<VersionResult> run_create_branch(SessionImpl& session, const sql::BranchStmt& statement);
Result<VersionResult> run_drop_branch(SessionImpl& session, const sql::BranchStmt& statement);
Result<VersionResult> run_rename_branch(SessionImpl& session, const sql::BranchStmt& statement);
Result<VersionResult> run_checkout(SessionImpl& session, const sql::BranchStmt& statement);
Result<VersionResult> run_protect_branch(  // And UNPROTECT.
    SessionImpl& session, const sql::BranchSettingStmt& statement);
Result<VersionResult> run_set_history_policy(SessionImpl& session,
                                             const sql::BranchSettingStmt& statement);
Result<VersionResult> run_drop_history_policy(SessionImpl& session,
                                              const sql::BranchSettingStmt& statement);
Result<VersionResult> run_create_tag(  // And CREATE SNAPSHOT.
    SessionImpl& session, const sql::TagStmt& statement);
Result<VersionResult> run_drop_tag(SessionImpl& session, const sql::TagStmt& statement);

// ---- For the statements that change a branch ----

// A branch as a statement that changes it found it. check_writable() has been asked.
struct BranchTarget {
  std::string branch;
  Oid tip;
  Oid root;
};
Result<BranchTarget> writable_target(SessionImpl& session);
// A revision of the session: its commit and tree.
Result<txn::Snapshot> find_revision(SessionImpl& session, std::string_view revision);

// Runs `attempt` on the branch's tip, and again when somebody else moved the branch meanwhile.
// Tells the session of what was made.
Result<txn::CommitOutcome> change_branch(
    SessionImpl& session,
    const std::function<Result<txn::CommitOutcome>(const BranchTarget&)>& attempt);

// Refuses a commit that stands on others which no branch has and which cannot be read: history would be
// read through them. `known_root`: the tree of some branch's tip.
Result<void> check_history(SessionImpl& session, const Oid& commit, const Oid& known_root);

// Refuses content that breaks its constraints, where it differs from `valid_root`, which keeps
// them. `what` begins the error: "the revert". `of`: the commits that the content comes from; of those
// that another program made, definitions are asked all that a push is asked.
Result<void> check_constraints(SessionImpl& session, const store::ObjectReader& objects,
                               const Oid& valid_root, const Oid& root, std::string_view what,
                               const std::vector<Oid>& of);

}  // namespace rowan::engine
