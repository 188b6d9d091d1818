#include "versions/branches.h"

#include <fmt/format.h>

#include <algorithm>

#include "exec/validator.h"
#include "git/ref_names.h"
#include "sql/statements.h"
#include "txn/transaction.h"
#include "versions/branch_hints.h"
#include "versions/change_branch.h"
#include "versions/history_policy.h"
#include "versions/pending_merge.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

using sql::StatementKind;

Error undefined_branch(const BranchWords& words, std::string_view name) {
  return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", name))
      .with_hint(std::string(words.list_branches));
}

Error protected_branch(const HintWords& words, std::string_view name) {
  return Error(ErrorCode::kInsufficientPrivilege, fmt::format("branch \"{}\" is protected", name))
      .with_hint(hint_with(words, branch_words(words).unprotect, name) + " lifts that.");
}

// Where a new branch begins. The tips of branches are known to be sound; another commit may have
// come from elsewhere and is looked at.
Result<void> make_branch(const Context& context, std::string_view name, std::string_view from) {
  txn::Manager& manager = context.manager;
  store::PendingObjects objects(context.store);
  TRY_ASSIGN(Oid commit,
             manager.resolve_revision(from.empty() ? "HEAD" : from, context.head.branch));
  TRY_ASSIGN(const bool from_branch, manager.has_branch(from.empty() ? context.head.branch : from));
  if (!from_branch) {
    TRY_ASSIGN(const txn::Snapshot known,
               manager.tip_snapshot(context.head.is_pinned ? context.repository.default_branch()
                                                           : context.head.branch));
    const Oid named = commit;
    TRY_ASSIGN(commit, context.repository.canonical_commit(objects, commit, known.root));
    TRY(context.repository.check_history(named, known.root));
    TRY_ASSIGN(const git::Commit sound, read_commit(objects, commit));
    TRY(check_constraints(context, objects, known.root, sound.tree, "the branch", {named}));
  }
  return manager.create_branch(name, commit, &objects);
}

// What is said of a branch that has just got its name: nothing, or that a tag has it too.
std::string notice_of_name(const Context& context, std::string_view name) {
  return context.store.ref(git::tag_ref(name)) ? same_name_notice(name) : std::string();
}

}  // namespace

Result<VerbResult> run_create_branch(Context& context, const sql::BranchStmt& statement) {
  TRY_ASSIGN(const bool exists, context.manager.has_branch(statement.name));
  if (exists && statement.if_exists) {
    return verb_done("CREATE BRANCH",
                     fmt::format("branch \"{}\" already exists, skipping", statement.name));
  }
  TRY(make_branch(context, statement.name, statement.from));
  return verb_done("CREATE BRANCH", notice_of_name(context, statement.name));
}

namespace {

// DROP BRANCH without FORCE: another branch or a tag must still reach the branch's newest commit.
Result<void> check_no_commit_is_lost(const Context& context, std::string_view branch,
                                     const Oid& tip) {
  store::ObjectStore& store = context.store;
  txn::Manager& manager = context.manager;
  TRY(manager.history().ensure(store, tip));
  for (const txn::BranchInfo& other : manager.branches()) {
    if (other.name == branch || !manager.history().ensure(store, other.commit)) continue;
    if (manager.history().is_ancestor(tip, other.commit)) return {};
  }
  for (const std::string_view folder : {git::kTagRefs, git::kRemoteRefs}) {
    for (const store::RefEntry& other : store.refs(folder)) {
      const auto commit = manager.resolve_revision(other.name, "");
      if (!commit || !manager.history().ensure(store, *commit))
        continue;  // A tag of something else.
      if (manager.history().is_ancestor(tip, *commit)) return {};
    }
  }
  return Error(ErrorCode::kObjectNotInState,
               fmt::format("branch \"{}\" has commits that no other branch or tag reaches", branch))
      .with_hint(fmt::format("{} drops it all the same; its reflog keeps the commits.",
                             branch_words(context.words).force_drop));
}

Result<void> drop_at_tip(const Context& context, const std::string& name, bool force) {
  txn::Manager& manager = context.manager;
  TRY_ASSIGN(const txn::Snapshot tip, manager.tip_snapshot(name));
  if (!force) TRY(check_no_commit_is_lost(context, name, tip.commit));
  store::PendingObjects objects(context.store);
  TRY_ASSIGN(const store::RefUpdate entry,
             manager.reflog_entry(objects, name, tip.commit, Oid{}, context.author,
                                  "drop: branch dropped"));
  std::vector<store::RefUpdate> refs{entry};
  if (const auto state = context.store.ref(merge_ref(name)))
    refs.push_back({merge_ref(name), *state, Oid{}});
  return manager.drop_branch(name, {tip.commit, &objects, std::move(refs)});
}

}  // namespace

Result<VerbResult> run_drop_branch(Context& context, const sql::BranchStmt& statement) {
  txn::Manager& manager = context.manager;
  const std::string name(statement.name);
  TRY_ASSIGN(const bool exists, manager.has_branch(name));
  if (!exists && statement.if_exists)
    return verb_done("DROP BRANCH", fmt::format("branch \"{}\" does not exist, skipping", name));
  if (!exists) return undefined_branch(branch_words(context.words), name);
  if (!context.head.is_pinned && name == context.head.branch) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("cannot drop the current branch \"{}\"", name))
        .with_hint(std::string(branch_words(context.words).leave_branch));
  }
  if (name == context.repository.default_branch()) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("cannot drop the default branch \"{}\"", name))
        .with_hint("Git's HEAD names it: clones check it out and sessions begin on it.");
  }
  if (context.settings.is_protected(name))
    return protected_branch(context.words, name);
  TRY(until_it_stands(context, kChangeAttemptsMax,
                      [&] { return drop_at_tip(context, name, statement.force); }));
  TRY(context.settings.set(name, {}));
  return verb_done("DROP BRANCH");
}

Result<VerbResult> run_rename_branch(Context& context, const sql::BranchStmt& statement) {
  txn::Manager& manager = context.manager;
  const std::string from(statement.name);
  const std::string to(statement.from);
  TRY_ASSIGN(const bool exists, manager.has_branch(from));
  if (!exists) return undefined_branch(branch_words(context.words), from);
  if (context.settings.is_protected(from))
    return protected_branch(context.words, from);
  TRY_ASSIGN(const bool taken, manager.has_branch(to));
  if (taken)
    return Error(ErrorCode::kDuplicateBranch, fmt::format("branch \"{}\" already exists", to));
  store::PendingObjects objects(context.store);
  TRY_ASSIGN(auto entries, manager.rename_reflog(objects, from, to, context.author));
  if (const auto state = context.store.ref(merge_ref(from))) {  // A merge that waits goes along.
    entries.push_back({merge_ref(from), *state, Oid{}});
    entries.push_back({merge_ref(to), Oid{}, *state});
  }
  auto renamed = manager.rename_branch(from, to, {Oid{}, &objects, entries});
  if (!renamed) return with_policy_hint(context, from, std::move(renamed).error());
  TRY(context.settings.rename(from, to));
  TRY(context.repository.follow_rename(from, to));
  if (!context.head.is_pinned && context.head.branch == from) context.head.branch = to;
  return verb_done("RENAME BRANCH", notice_of_name(context, to));
}

Result<VerbResult> run_checkout(Context& context, const sql::BranchStmt& statement) {
  if (statement.create) TRY(make_branch(context, statement.name, statement.from));
  TRY_ASSIGN(context.head, find_head(context.manager, context.head, statement.name, context.words));
  context.effects.checked_out = true;
  std::string notice = statement.create ? notice_of_name(context, statement.name) : std::string();
  if (context.head.is_pinned)
    notice = fmt::format("the session reads commit {} and cannot write",
                         context.head.branch.substr(0, 12));
  return verb_done("CHECKOUT", std::move(notice));
}

namespace {

Result<void> check_can_be_set(const Context& context, std::string_view branch) {
  TRY_ASSIGN(const bool exists, context.manager.has_branch(branch));
  if (!exists) return undefined_branch(branch_words(context.words), branch);
  if (context.store.read_only())
    return Error(ErrorCode::kReadOnlyTransaction, "the repository is open for reading only");
  return {};
}

}  // namespace

Result<VerbResult> run_protect_branch(Context& context, const sql::BranchSettingStmt& statement) {
  TRY(check_can_be_set(context, statement.name));
  const bool protects = statement.kind == StatementKind::kProtectBranch;
  BranchSetting setting = context.settings.find(statement.name);
  std::string notice;
  if (setting.is_protected == protects)
    notice =
        fmt::format("branch \"{}\" is {} protected", statement.name, protects ? "already" : "not");
  setting.is_protected = protects;
  TRY(context.settings.set(statement.name, setting));
  return verb_done(sql::tag_of(statement), std::move(notice));
}

Result<VerbResult> run_set_history_policy(Context& context,
                                          const sql::BranchSettingStmt& statement) {
  TRY(check_can_be_set(context, statement.name));
  TRY(set_history_policy(context.manager, context.settings, statement.name, statement.every,
                         statement.keep));
  return verb_done(sql::tag_of(statement));
}

Result<VerbResult> run_drop_history_policy(Context& context,
                                           const sql::BranchSettingStmt& statement) {
  TRY(check_can_be_set(context, statement.name));
  TRY_ASSIGN(std::string no_policy,
             drop_history_policy(context.manager, context.settings, statement.name));
  return verb_done(sql::tag_of(statement), std::move(no_policy));
}

}  // namespace rowan::versions
