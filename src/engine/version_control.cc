#include "engine/version_control.h"

#include <fmt/format.h>

#include <algorithm>

#include "versions/branch_hints.h"
#include "engine/history.h"
#include "versions/history_policy.h"
#include "engine/conflicts.h"
#include "engine/import/admission.h"
#include "exec/validator.h"
#include "git/tag.h"
#include "sql/statements.h"
#include "txn/transaction.h"

namespace rowan::engine {

namespace {

using sql::StatementKind;

constexpr int kAttemptsMax = 100;
constexpr std::string_view kTags = "refs/tags/";

Error undefined_branch(const versions::BranchWords& words, std::string_view name) {
  return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", name))
      .with_hint(std::string(words.list_branches));
}

Error protected_branch(const versions::BranchWords& words, std::string_view name) {
  return Error(ErrorCode::kInsufficientPrivilege, fmt::format("branch \"{}\" is protected", name))
      .with_hint(fmt::format(fmt::runtime(words.unprotect), name) + " lifts that.");
}

// ---- Branches ----

// Where a new branch begins. The tips of branches are known to be sound; another commit may have
// come from elsewhere and is looked at.
Result<void> make_branch(SessionImpl& session, std::string_view name, std::string_view from) {
  txn::Manager& manager = session.owner().manager();
  store::PendingObjects objects(session.owner().store());
  TRY_ASSIGN(Oid commit,
             manager.resolve_revision(from.empty() ? "HEAD" : from, session.branch_name()));
  TRY_ASSIGN(const bool from_branch,
             manager.has_branch(from.empty() ? session.branch_name() : from));
  if (!from_branch) {
    TRY_ASSIGN(const txn::Snapshot known,
               manager.tip_snapshot(session.is_pinned() ? session.owner().default_branch()
                                                        : session.branch_name()));
    const Oid named = commit;
    TRY_ASSIGN(commit, canonical_commit(manager, objects, commit, known.root));
    TRY(check_history(session, named, known.root));
    TRY_ASSIGN(const git::Commit sound, read_commit(objects, commit));
    TRY(check_constraints(session, objects, known.root, sound.tree, "the branch", {named}));
  }
  return manager.create_branch(name, commit, &objects);
}

}  // namespace

Result<VersionResult> run_create_branch(SessionImpl& session, const sql::BranchStmt& statement) {
  TRY_ASSIGN(const bool exists, session.owner().manager().has_branch(statement.name));
  if (exists && statement.if_exists) {
    return verb_done("CREATE BRANCH",
                        fmt::format("branch \"{}\" already exists, skipping", statement.name));
  }
  TRY(make_branch(session, statement.name, statement.from));
  return verb_done("CREATE BRANCH");
}

namespace {

// DROP BRANCH without FORCE: another branch or a tag must still reach the branch's newest commit.
Result<void> check_no_commit_is_lost(SessionImpl& session, std::string_view branch,
                                     const Oid& tip) {
  store::ObjectStore& store = session.owner().store();
  txn::Manager& manager = session.owner().manager();
  TRY(manager.history().ensure(store, tip));
  for (const txn::BranchInfo& other : manager.branches()) {
    if (other.name == branch || !manager.history().ensure(store, other.commit)) continue;
    if (manager.history().is_ancestor(tip, other.commit)) return {};
  }
  for (const std::string_view folder : {"refs/tags/", "refs/remotes/"}) {
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
                             branch_words(session.owner().hints()).force_drop));
}

}  // namespace

Result<VersionResult> run_drop_branch(SessionImpl& session, const sql::BranchStmt& statement) {
  DatabaseImpl& database = session.owner();
  txn::Manager& manager = database.manager();
  const std::string name(statement.name);
  TRY_ASSIGN(const bool exists, manager.has_branch(name));
  if (!exists && statement.if_exists)
    return verb_done("DROP BRANCH", fmt::format("branch \"{}\" does not exist, skipping", name));
  if (!exists) return undefined_branch(branch_words(database.hints()), name);
  if (!session.is_pinned() && name == session.branch_name()) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("cannot drop the current branch \"{}\"", name))
        .with_hint(std::string(branch_words(database.hints()).leave_branch));
  }
  if (name == database.default_branch()) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("cannot drop the default branch \"{}\"", name))
        .with_hint("Git's HEAD names it: clones check it out and sessions begin on it.");
  }
  if (database.branch_settings().is_protected(name))
    return protected_branch(branch_words(database.hints()), name);
  for (int attempt = 0;; ++attempt) {
    TRY_ASSIGN(const txn::Snapshot tip, manager.tip_snapshot(name));
    if (!statement.force) TRY(check_no_commit_is_lost(session, name, tip.commit));
    store::PendingObjects objects(database.store());
    TRY_ASSIGN(const store::RefUpdate entry,
               manager.reflog_entry(objects, name, tip.commit, Oid{}, database.author(),
                                    "drop: branch dropped"));
    std::vector<store::RefUpdate> refs{entry};
    if (const auto state = database.store().ref(merge_ref(name)))
      refs.push_back({merge_ref(name), *state, Oid{}});
    auto dropped = manager.drop_branch(name, {tip.commit, &objects, std::move(refs)});
    if (dropped) break;
    if (dropped.error().code() != ErrorCode::kSerializationFailure || attempt == kAttemptsMax)
      return std::move(dropped).error();
  }
  TRY(database.branch_settings().set(name, {}));
  return verb_done("DROP BRANCH");
}

namespace {

// A branch with a history policy only goes forward.
Error with_policy_hint(SessionImpl& session, const std::string& branch, Error error) {
  DatabaseImpl& database = session.owner();
  if (error.code() != ErrorCode::kObjectNotInState || !error.hint().empty() ||
      database.branch_settings().find(branch).history_every.empty())
    return error;
  const versions::BranchWords& words = branch_words(database.hints());
  return std::move(error).with_hint(fmt::format(fmt::runtime(words.drop_policy), branch));
}

}  // namespace

Result<VersionResult> run_rename_branch(SessionImpl& session, const sql::BranchStmt& statement) {
  DatabaseImpl& database = session.owner();
  txn::Manager& manager = database.manager();
  const std::string from(statement.name);
  const std::string to(statement.from);
  TRY_ASSIGN(const bool exists, manager.has_branch(from));
  if (!exists) return undefined_branch(branch_words(database.hints()), from);
  if (database.branch_settings().is_protected(from))
    return protected_branch(branch_words(database.hints()), from);
  TRY_ASSIGN(const bool taken, manager.has_branch(to));
  if (taken)
    return Error(ErrorCode::kDuplicateBranch, fmt::format("branch \"{}\" already exists", to));
  store::PendingObjects objects(database.store());
  TRY_ASSIGN(auto entries, manager.rename_reflog(objects, from, to, database.author()));
  if (const auto state = database.store().ref(merge_ref(from))) {  // A merge that waits goes along.
    entries.push_back({merge_ref(from), *state, Oid{}});
    entries.push_back({merge_ref(to), Oid{}, *state});
  }
  auto renamed = manager.rename_branch(from, to, {Oid{}, &objects, entries});
  if (!renamed) return with_policy_hint(session, from, std::move(renamed).error());
  TRY(database.branch_settings().rename(from, to));
  TRY(database.follow_rename(from, to));
  session.follow_rename(from, to);
  return verb_done("RENAME BRANCH");
}

Result<VersionResult> run_checkout(SessionImpl& session, const sql::BranchStmt& statement) {
  if (statement.create) TRY(make_branch(session, statement.name, statement.from));
  TRY(session.check_out(statement.name));
  std::string notice;
  if (session.is_pinned())
    notice = fmt::format("the session reads commit {} and cannot write",
                         session.branch_name().substr(0, 12));
  return verb_done("CHECKOUT", std::move(notice));
}

namespace {

Result<void> check_can_be_set(DatabaseImpl& database, std::string_view branch) {
  TRY_ASSIGN(const bool exists, database.manager().has_branch(branch));
  if (!exists) return undefined_branch(branch_words(database.hints()), branch);
  if (database.store().read_only())
    return Error(ErrorCode::kReadOnlyTransaction, "the repository is open for reading only");
  return {};
}

}  // namespace

Result<VersionResult> run_protect_branch(SessionImpl& session,
                                         const sql::BranchSettingStmt& statement) {
  DatabaseImpl& database = session.owner();
  TRY(check_can_be_set(database, statement.name));
  const bool protects = statement.kind == StatementKind::kProtectBranch;
  versions::BranchSetting setting = database.branch_settings().find(statement.name);
  std::string notice;
  if (setting.is_protected == protects)
    notice =
        fmt::format("branch \"{}\" is {} protected", statement.name, protects ? "already" : "not");
  setting.is_protected = protects;
  TRY(database.branch_settings().set(statement.name, setting));
  return verb_done(sql::tag_of(statement), std::move(notice));
}

Result<VersionResult> run_set_history_policy(SessionImpl& session,
                                             const sql::BranchSettingStmt& statement) {
  TRY(check_can_be_set(session.owner(), statement.name));
  TRY(set_history_policy(session.owner().manager(), session.owner().branch_settings(), statement.name, statement.every, statement.keep));
  return verb_done(sql::tag_of(statement));
}

Result<VersionResult> run_drop_history_policy(SessionImpl& session,
                                              const sql::BranchSettingStmt& statement) {
  TRY(check_can_be_set(session.owner(), statement.name));
  TRY_ASSIGN(std::string no_policy, drop_history_policy(session.owner().manager(), session.owner().branch_settings(), statement.name));
  return verb_done(sql::tag_of(statement), std::move(no_policy));
}

// ---- Tags ----

namespace {

Error duplicate_tag(const versions::BranchWords& words, std::string_view name) {
  return Error(ErrorCode::kDuplicateBranch, fmt::format("tag \"{}\" already exists", name))
      .with_hint(fmt::format("A tag is never moved; {} takes it away.", words.drop_tag));
}

}  // namespace

Result<VersionResult> run_create_tag(SessionImpl& session, const sql::TagStmt& statement) {
  DatabaseImpl& database = session.owner();
  const std::string name(statement.name);
  const std::string ref = std::string(kTags) + name;
  const std::string words = sql::tag_of(statement);
  if (!git::is_valid_ref_name(name))
    return Error(ErrorCode::kInvalidName, fmt::format("\"{}\" is not a valid tag name", name));
  if (database.store().ref(ref)) {
    if (!statement.if_exists) return duplicate_tag(branch_words(database.hints()), name);
    return verb_done(words, fmt::format("tag \"{}\" already exists, skipping", name));
  }
  TRY_ASSIGN(Oid id, database.manager().resolve_revision(
                         statement.from.empty() ? "HEAD" : statement.from, session.branch_name()));
  store::PendingObjects objects(database.store());
  const bool is_snapshot = statement.kind == StatementKind::kCreateSnapshot;
  if (is_snapshot || statement.has_message) {
    git::Tag tag;
    tag.object = id;
    tag.name = name;
    tag.tagger = database.author();
    tag.tagger.seconds = database.clock().now_us() / 1'000'000;
    tag.message = statement.has_message ? std::string(statement.message) : "snapshot " + name;
    id = objects.add(store::ObjectType::kTag, git::encode_tag(tag));
  }
  auto made = database.manager().update_refs(&objects, {{ref, Oid{}, id}},
                                             session.settings().synchronous_commit());
  if (!made && made.error().code() == ErrorCode::kSerializationFailure)
    return duplicate_tag(branch_words(database.hints()), name);
  if (!made) return std::move(made).error();
  return verb_done(words);
}

Result<VersionResult> run_drop_tag(SessionImpl& session, const sql::TagStmt& statement) {
  DatabaseImpl& database = session.owner();
  const std::string ref = std::string(kTags) + std::string(statement.name);
  const std::optional<Oid> id = database.store().ref(ref);
  if (!id) {
    if (statement.if_exists)
      return verb_done(sql::tag_of(statement),
                          fmt::format("tag \"{}\" does not exist, skipping", statement.name));
    return Error(ErrorCode::kUndefinedRevision,
                 fmt::format("tag \"{}\" does not exist", statement.name))
        .with_hint(fmt::format("{} lists them.", branch_words(database.hints()).list_tags));
  }
  const auto commit = database.manager().resolve_revision(ref, "");
  TRY(database.manager().update_refs(nullptr, {{ref, *id, Oid{}}},
                                     session.settings().synchronous_commit()));
  return verb_done(
      sql::tag_of(statement),
      fmt::format("tag \"{}\" was at commit {}", statement.name, (commit ? *commit : *id).hex()));
}

namespace {

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

// ---- For the statements that change a branch ----

Result<BranchTarget> writable_target(SessionImpl& session) {
  TRY(session.check_writable());
  TRY_ASSIGN(const txn::Snapshot tip,
             session.owner().manager().tip_snapshot(session.branch_name()));
  return BranchTarget{session.branch_name(), tip.commit, tip.root};
}

Result<txn::Snapshot> find_revision(SessionImpl& session, std::string_view revision) {
  txn::Manager& manager = session.owner().manager();
  TRY_ASSIGN(const Oid commit, manager.resolve_revision(revision, session.branch_name()));
  return manager.snapshot_of(commit);
}

Result<txn::CommitOutcome> change_branch(
    SessionImpl& session,
    const std::function<Result<txn::CommitOutcome>(const BranchTarget&)>& attempt) {
  for (int attempts = 1;; ++attempts) {
    TRY_ASSIGN(const BranchTarget target, writable_target(session));
    auto outcome = attempt(target);
    if (outcome) {
      if (outcome->changed) session.note_commit(outcome->commit, outcome->sequence);
      return outcome;
    }
    if (outcome.error().code() != ErrorCode::kSerializationFailure || attempts == kAttemptsMax)
      return with_policy_hint(session, target.branch, std::move(outcome).error());
    if (session.cancelled())
      return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  }
}

Result<void> check_history(SessionImpl& session, const Oid& commit, const Oid& known_root) {
  const auto objection = session.owner().admission().ask_ancestors({{}, commit}, known_root);
  return objection ? Result<void>(objection_error(*objection)) : Result<void>();
}

Result<void> check_constraints(SessionImpl& session, const store::ObjectReader& objects,
                               const Oid& valid_root, const Oid& root, std::string_view what,
                               const std::vector<Oid>& of) {
  exec::ValidateRequest request{objects, valid_root, root};
  const derived::HistoryIndex& history = session.owner().manager().history();
  request.with_rules =
      std::any_of(of.begin(), of.end(), [&](const Oid& commit) { return !history.is_own(commit); });
  TRY_ASSIGN(const auto violations,
             exec::validate(request, session.owner().manager(), session.owner().unique_indexes(),
                            session.eval_context()));
  if (violations.empty()) return {};
  return exec::violation_error(violations, what);
}

}  // namespace rowan::engine
