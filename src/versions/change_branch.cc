#include "versions/change_branch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "exec/validator.h"
#include "sql/statements.h"
#include "versions/branch_hints.h"

namespace rowan::versions {

namespace {

using sql::StatementKind;

// Whether a statement leaves the repository as it is.
bool only_reads(const sql::Statement& statement) {
  if (statement.kind == StatementKind::kCheckout)
    return !static_cast<const sql::BranchStmt&>(statement).create;
  if (statement.kind == StatementKind::kMerge)
    return static_cast<const sql::MergeStmt&>(statement).dry_run;
  return statement.kind == StatementKind::kShowConflicts;
}

}  // namespace

Result<void> check_only_reads(const sql::Statement& statement) {
  if (only_reads(statement)) return {};
  return Error(
      ErrorCode::kReadOnlyTransaction,
      fmt::format("cannot execute {} in a read-only transaction", sql::words_of(statement)));
}

Result<void> check_no_block(const Context& context, std::string_view words) {
  if (context.transaction == nullptr) return {};
  return Error(ErrorCode::kActiveTransaction,
               fmt::format("{} cannot run inside a transaction block", words));
}

Result<BranchTarget> writable_target(const Context& context) {
  TRY(check_writable(context));
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
  return BranchTarget{context.head.branch, tip.commit, tip.root};
}

Result<txn::CommitOutcome> change_branch(
    Context& context,
    const std::function<Result<txn::CommitOutcome>(const BranchTarget&)>& attempt) {
  auto outcome = until_it_stands(context, kChangeAttemptsMax, [&]() -> Result<txn::CommitOutcome> {
    TRY_ASSIGN(const BranchTarget target, writable_target(context));
    return attempt(target);
  });
  if (!outcome) return with_policy_hint(context, context.head.branch, std::move(outcome).error());
  if (outcome->changed) note_commit(context, *outcome);
  return outcome;
}

Error with_policy_hint(const Context& context, std::string_view branch, Error error) {
  if (error.code() != ErrorCode::kObjectNotInState || !error.hint().empty() ||
      context.settings.find(branch).history_every.empty())
    return error;
  return std::move(error).with_hint(
      hint_with(context.words, branch_words(context.words).drop_policy, branch));
}

Result<void> check_constraints(const Context& context, const store::ObjectReader& objects,
                               const Oid& valid_root, const Oid& root, std::string_view what,
                               const std::vector<Oid>& of) {
  exec::ValidateRequest request{objects, valid_root, root};
  request.system = &context.repository.system_tables();
  const derived::HistoryIndex& history = context.manager.history();
  request.with_rules =
      std::any_of(of.begin(), of.end(), [&](const Oid& commit) { return !history.is_own(commit); });
  TRY_ASSIGN(const auto violations,
             exec::validate(request, context.manager, context.indexes, context.eval));
  if (violations.empty()) return {};
  return exec::violation_error(violations, what);
}

}  // namespace rowan::versions
