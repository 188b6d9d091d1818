#include "engine/import/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "engine/import/patience.h"
#include "engine/virtual_rows.h"
#include "exec/validator.h"
#include "git/commit.h"
#include "git/object_form.h"
#include "git/ref_names.h"
#include "system/registry.h"
#include "versions/revisions.h"

namespace rowan::engine {

namespace {

constexpr size_t kForeignCommitsMax = 100'000;
// Of several tips that take too long, each gets a part of what the one before it got.
constexpr int kLessPatience = 4;
constexpr std::chrono::milliseconds kPatienceMin{100};

git::Commit normalise_commit(const Oid& tree, const Oid& parent, int64_t time_us) {
  git::Commit commit;
  commit.tree = tree;
  commit.parents = {parent};
  commit.author = {"rowan", "rowan@localhost", time_us / 1'000'000, 0};
  commit.committer = commit.author;
  commit.message =
      git::message_with_trailers("normalise", "", {{"Rowan-Time", std::to_string(time_us)}});
  return commit;
}

// Reads the commits from `tip` down to those that are known: each must parse and have a tree.
Result<void> read_new_commits(txn::Manager& manager, const Oid& tip) {
  const store::ObjectStore& store = manager.store();
  std::vector<Oid> open{tip};
  std::unordered_set<Oid, OidHash> seen{tip};
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    if (manager.history().find(id)) continue;  // Known: and so are all commits below it.
    TRY_ASSIGN(const git::Commit parsed, versions::read_commit(store, id));
    TRY_ASSIGN(const store::ObjectRef tree, store.read(parsed.tree));
    if (tree.type != store::ObjectType::kTree)
      return Error(ErrorCode::kInvalidContent, id.hex() + " has no tree");
    for (const Oid& parent : parsed.parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
    if (seen.size() > kForeignCommitsMax)
      return Error(ErrorCode::kProgramLimit, "too many foreign commits");
  }
  return {};
}

// Whether `ancestor` is reached from `tip`, whose commits must parse. A zero `ancestor` is.
Result<bool> descends(txn::Manager& manager, const Oid& tip, const Oid& ancestor) {
  TRY(read_new_commits(manager, tip));
  TRY(manager.history().ensure(manager.store(), tip));
  if (ancestor.is_zero()) return true;
  TRY(manager.history().ensure(manager.store(), ancestor));
  return manager.history().is_ancestor(ancestor, tip);
}

// What stock git would object to in the repository for as long as the commit is there.
Result<void> check_form(const store::ObjectStore& store, const Oid& commit) {
  TRY_ASSIGN(const store::ObjectRef object, store.read(commit));
  const auto formed = git::check_commit_form(object.bytes);
  if (formed) return {};
  return Error(formed.error().code(), "the commit is malformed: " + formed.error().message());
}

Objection unfit_name(const std::string& branch) {
  return {Error(ErrorCode::kInvalidName,
                fmt::format("no branch can be called \"{}\" here", branch))
              .with_detail(std::string(git::kNameRules))
              .with_hint("Push it under another name."),
          {},
          false};
}

Result<Oid> root_of(const store::ObjectReader& objects, const Oid& commit) {
  if (commit.is_zero()) return Oid{};
  TRY_ASSIGN(const git::Commit parsed, versions::read_commit(objects, commit));
  return parsed.tree;
}

}  // namespace

Admission::Admission(txn::Manager& manager, const versions::BranchSettings& settings, const Clock& clock,
                     std::string user, std::string database, const std::atomic<bool>* ending)
    : manager_(manager),
      settings_(settings),
      clock_(clock),
      user_(std::move(user)),
      database_(std::move(database)),
      ending_(ending) {}

std::optional<Objection> Admission::ask_history(const Question& question) const {
  const auto forward = descends(manager_, question.tip, question.good);
  if (!forward) return Objection{forward.error(), {}, false};
  if (!*forward) {
    return Objection{
        Error(ErrorCode::kConflict, "it does not follow the branch's last commit"), {}, true};
  }
  if (!question.good.is_zero() && settings_.is_protected(question.branch)) {
    return Objection{Error(ErrorCode::kInsufficientPrivilege,
                           fmt::format("branch \"{}\" is protected", question.branch))
                         .with_hint("Push to another branch and merge that one, or lift the "
                                    "protection first."),
                     {},
                     false};
  }
  // Its own or that of a commit below, whichever is later: what is built upon it comes after both.
  const auto info = manager_.history().find(question.tip);
  const int64_t ahead_us = info ? info->time_us - clock_.now_us() : 0;
  if (ahead_us <= settings_.max_clock_skew_us()) return std::nullopt;
  return Objection{
      Error(ErrorCode::kInvalidContent,
            fmt::format("the commit's time is {} seconds ahead of this machine's, more than {}",
                        ahead_us / 1'000'000, settings_.max_clock_skew_us() / 1'000'000))
          .with_hint("git config rowan.maxClockSkew says how far it may be ahead."),
      {},
      false};
}

std::optional<Objection> Admission::ask_ancestors(const Question& question,
                                                  const Oid& known_root) const {
  if (question.is_first_look || manager_.history().is_own(question.tip)) return std::nullopt;
  if (auto known = manager_.history().ensure(manager_.store(), question.tip); !known)
    return Objection{known.error(), {}, false};
  std::vector<Oid> held;
  for (const Oid& each : {question.good, question.beside, question.valid}) {
    if (!each.is_zero() && manager_.history().ensure(manager_.store(), each)) held.push_back(each);
  }
  // What nobody looked at yet holds nothing.
  const std::vector<store::UnverifiedBranch> moved = manager_.store().unverified_branches();
  for (const txn::BranchInfo& branch : manager_.branches()) {
    const std::string ref = git::branch_ref(branch.name);
    const bool is_moved =
        std::any_of(moved.begin(), moved.end(), [&](const auto& each) { return each.name == ref; });
    if (!is_moved && manager_.history().ensure(manager_.store(), branch.commit))
      held.push_back(branch.commit);
  }
  const std::lock_guard lock(mutex_);
  auto found = new_commits_.find_unreadable(manager_, question.tip, held, known_root);
  if (!found) return Objection{found.error(), {}, false};
  if (!*found) return std::nullopt;
  NewCommits::Unreadable& unreadable = **found;
  const std::string id = unreadable.commit.hex().substr(0, 12);
  const std::string why = bare_reason({unreadable.error, unreadable.place, false});
  return Objection{
      Error(ErrorCode::kInvalidContent, fmt::format("commit {} below it does not read: {}", id, why))
          .with_hint(fmt::format("Amend commit {} (git rebase -i {}~1) and push again: a commit on "
                                 "top of it does not mend it.",
                                 id, id)),
      std::move(unreadable.place), false};
}

Objection Admission::unfit_tip(const Oid& tip, const Oid& known_root, Error error,
                               Place place) const {
  const std::lock_guard lock(mutex_);
  const auto found = new_commits_.find_unreadable_in(manager_, tip, known_root);
  const bool is_unreadable = found && *found;
  if (!is_unreadable) return {std::move(error), std::move(place), false};
  return {std::move(error).with_hint(std::string(versions::kAmendForeign)), std::move(place), false};
}

Admission::Answer Admission::ask(const Question& question, store::PendingObjects& objects) const {
  try {
    return judge(question, objects);
  } catch (const CountedMemory::Exceeded& exceeded) {
    return Objection{memory_limit_exceeded(exceeded.bytes_max), {}, false};
  }
}

Admission::Answer Admission::judge(const Question& question,
                                   store::PendingObjects& objects) const {
  if (!git::is_valid_branch_name(question.branch)) return unfit_name(question.branch);
  if (auto objection = ask_history(question)) return std::move(*objection);
  if (!question.is_first_look) {
    if (const auto formed = check_form(manager_.store(), question.tip); !formed)
      return Objection{Error(formed.error()).with_hint(std::string(versions::kAmendForeign)), {}, false};
  }
  const Oid& known = !question.beside.is_zero() ? question.beside
                     : !question.good.is_zero() ? question.good
                                                : question.valid;
  const auto known_root = root_of(manager_.store(), known);
  if (!known_root) return Objection{known_root.error(), {}, false};
  Place place;
  const auto target = canonical_commit(manager_, objects, question.tip, *known_root, &place);
  if (!target) return unfit_tip(question.tip, *known_root, target.error(), std::move(place));
  if (auto objection = ask_ancestors(question, *known_root)) return std::move(*objection);
  const auto root = root_of(objects, *target);
  if (!root) return Objection{root.error(), {}, false};
  const Scope scope = question.beside.is_zero() ? Scope::kAll : Scope::kDefinitions;
  exec::ValidateRequest request{objects, *known_root, *root};
  request.branch = question.branch;
  request.commit = question.tip;
  const auto violations = find_violations(std::move(request), scope);
  if (!violations) return Objection{violations.error(), {}, false};
  if (violations->empty()) return *target;
  const auto pushed = root_of(manager_.store(), question.tip);
  return violation_objection(manager_.store(), pushed ? *pushed : Oid{}, *violations);
}

Result<std::vector<exec::Violation>> Admission::find_violations(const store::ObjectReader& objects,
                                                                const Oid& valid_root,
                                                                const Oid& root) const {
  return find_violations({objects, valid_root, root}, Scope::kAll);
}

Result<std::vector<exec::Violation>> Admission::find_violations(exec::ValidateRequest request,
                                                                Scope scope) const {
  std::chrono::milliseconds most = kExpressionsMax;
  for (size_t i = overruns_; i > 0 && most > kPatienceMin; --i)
    most = std::max(most / kLessPatience, kPatienceMin);
  Patience patience;
  // Without a thread for it nothing can be judged, which is nobody's fault but this machine's.
  if (!patience.watch_expressions(most, ending_)) throw std::bad_alloc();
  expr::EvalContext eval;
  eval.transaction_time_us = clock_.now_us() - kMicrosFrom1970To2000;
  eval.user = user_;
  eval.database = database_;
  eval.cancelled = &patience.is_over();
  request.with_rules = true;
  request.system = &system::tables_without_session();
  request.time = &patience.time();
  const auto look = scope == Scope::kAll ? exec::validate : exec::validate_definitions;
  auto found = look(request, manager_, manager_.indexes(), eval);
  if (found || found.error().code() != ErrorCode::kQueryCanceled) return found;
  if (patience.was_cut_short())
    return Error(ErrorCode::kQueryCanceled, "the database was closed while it was looked at");
  ++overruns_;
  if (patience.time().table.empty())
    return Error(ErrorCode::kProgramLimit, "it takes too long to see whether its rows keep their constraints");
  return std::vector<exec::Violation>{
      {ErrorCode::kProgramLimit, patience.time().schema, patience.time().table, {}, {},
       fmt::format("its check constraints take too long, over {} seconds for {} rows",
                   static_cast<double>(most.count()) / 1000, patience.time().rows()),
       {}}};
}

Error objection_error(const Objection& objection) {
  std::string where = objection.place.file;
  if (objection.place.line != 0) where += fmt::format(", line {}", objection.place.line);
  const std::string& hint = objection.error.hint();
  return Error(objection.error.code(), bare_reason(objection))
      .with_detail(std::move(where))
      .with_hint(hint.empty() ? std::string(versions::kMendForeign) : hint);
}

Objection violation_objection(store::ObjectStore& store, const Oid& root,
                              const std::vector<exec::Violation>& violations) {
  const exec::Violation& first = violations.front();
  std::string message = fmt::format("{}.{}{}{}: {}", first.schema, first.table,
                                    first.key.empty() ? "" : " row ", first.key, first.message);
  if (violations.size() > 1) message += fmt::format(" (and {} more)", violations.size() - 1);
  Objection objection{Error(first.code, std::move(message)), {}, false};
  const catalog::Catalog catalog(store, store.cache(), root);
  const auto table = catalog.find_table(first.schema, first.table);
  if (!table || !*table) {
    const auto view = catalog.find_view(first.schema, first.table);
    if (view && *view != nullptr)
      objection.place.file =
          (*view)->path() + ((*view)->materialized() ? "/matview.sql" : "/view.sql");
    const auto sequence = catalog.find_sequence(first.schema, first.table);
    if (sequence && *sequence) objection.place.file = (*sequence)->path() + "/sequence.json";
    return objection;
  }
  objection.place.file = (*table)->table->path() + "/table.sql";
  if (first.line.empty()) return objection;
  if (auto at = find_line(store, **table, first.line)) objection.place = std::move(*at);
  return objection;
}

Result<Oid> canonical_commit(txn::Manager& manager, store::PendingObjects& objects,
                             const Oid& commit, const Oid& known_root, Place* at) {
  TRY_ASSIGN(const git::Commit parsed, versions::read_commit(objects, commit));
  if (parsed.tree == known_root) return commit;
  TRY_ASSIGN(const Oid canonical,
             canonical_content(objects, manager.store(), known_root, parsed.tree, at));
  if (canonical == parsed.tree) return commit;
  TRY(manager.history().ensure(objects, commit));
  const auto info = manager.history().find(commit);
  const int64_t time_us = manager.commit_time(info ? info->time_us : git::commit_time_us(parsed));
  return objects.add(store::ObjectType::kCommit,
                     git::encode_commit(normalise_commit(canonical, commit, time_us)));
}

}  // namespace rowan::engine
