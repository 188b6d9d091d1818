#include "engine/import/foreign_moves.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "engine/database.h"
#include "engine/import/patience.h"
#include "engine/import/take.h"
#include "git/ref_names.h"
#include "versions/revisions.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kBeside =
    "the branch has a history policy and newer commits that it does not follow";
constexpr int kAttemptsMax = 10;     // On a branch that moves while a push is looked at.
constexpr int kAncestorsMax = 1000;  // Looked at to find one that sessions may see.

Objection conflict(std::string message, bool is_rewind = false) {
  return Objection{Error(ErrorCode::kConflict, std::move(message)), {}, is_rewind};
}

// Nothing was found out about the tip: it is judged when files can be opened and read again.
bool is_of_the_machine(const Error& error) {
  return error.code() == ErrorCode::kIoError || error.code() == ErrorCode::kDiskFull;
}

ParkedTip parked_tip(const std::string& branch, const Oid& commit, const Objection& objection,
                     int64_t now_us) {
  ParkedTip tip;
  tip.branch = branch;
  tip.commit = commit;
  tip.parked_us = now_us;
  tip.sqlstate = sqlstate(objection.error.code());
  tip.place = objection.place;
  tip.reason = bare_reason(objection);
  tip.is_rewind = objection.is_rewind;
  return tip;
}

// The updates that park a tip; the blob that says why is made in `objects`.
std::vector<store::RefUpdate> park_updates(const store::ObjectStore& store,
                                           store::PendingObjects& objects, const ParkedTip& tip) {
  std::vector<store::RefUpdate> refs{reason_update(store, objects, tip)};
  const std::string ref = parked_ref(tip.branch, tip.commit);
  if (!store.ref(ref)) refs.push_back({ref, Oid{}, tip.commit});
  return refs;
}

// Whether Git cannot have a branch of that name beside those it has.
bool is_in_the_way(const store::ObjectStore& store, const std::string& branch) {
  if (!store.refs(git::branch_ref(branch) + "/").empty()) return true;
  for (size_t at = branch.find('/'); at != std::string::npos; at = branch.find('/', at + 1)) {
    if (store.ref(git::branch_ref(branch.substr(0, at)))) return true;
  }
  return false;
}

// The first parents of `tip`, newest first, down to `good` without it; with no good commit, as far
// as is worth a look. Nothing when `good` is not among them: what came does not follow it.
std::vector<Oid> commits_before(store::ObjectStore& store, const Oid& tip, const Oid& good) {
  std::vector<Oid> commits;
  Oid at = tip;
  for (int i = 0; i < kAncestorsMax; ++i) {
    const auto commit = versions::read_commit(store, at);
    if (!commit || commit->parents.empty()) break;
    at = commit->parents.front();
    if (at == good) return commits;
    commits.push_back(at);
  }
  if (!good.is_zero()) commits.clear();
  return commits;
}

// Whether a branch stands in a repository that Rowan had before, in which it is one of several: the
// first look at a clone finds all branches new, and they are what there is.
bool is_made_beside_others(txn::Manager& manager, const txn::MovedBranch& moved) {
  return moved.good.is_zero() && !manager.store().refs(git::kGoodRefs).empty() &&
         manager.branches().size() > 1;
}

// A commit that sessions may see instead of a tip that is not admitted; perhaps one of `objects`.
// Only what is beyond the newest admitted commit is held back.
Result<std::optional<Oid>> find_fallback(txn::Manager& manager, const Admission& admission,
                                         const txn::MovedBranch& moved, bool is_first_look,
                                         store::PendingObjects& objects) {
  const bool has_good = !moved.good.is_zero() && manager.store().contains(moved.good);
  const Oid good = has_good ? moved.good : Oid{};
  for (const Oid& at : commits_before(manager.store(), moved.tip, good)) {
    const size_t overruns = admission.overruns();
    const Admission::Answer answer = admission.ask({moved.name, at, good, {}, {}, is_first_look}, objects);
    if (admission.overruns() != overruns) break;  // Those below it are likely to take as long.
    const Oid* target = std::get_if<Oid>(&answer);
    if (target != nullptr && (*target == at || !manager.store().read_only()))
      return std::optional<Oid>(*target);
  }
  return has_good ? std::optional<Oid>(good) : std::optional<Oid>();
}

// The branch has a history policy and is ahead of its ref, which is set back with the policy's own
// commits (txn::settle_fine_chains). Here it is said why, as while the repository is open.
Result<ParkedTip> park_beside(txn::Manager& manager, const Admission& admission,
                              const txn::MovedBranch& moved, const Oid& now) {
  store::ObjectStore& store = manager.store();
  store::PendingObjects objects(store);
  const Admission::Answer answer =
      admission.ask({moved.name, moved.tip, moved.published, now}, objects);
  const auto* objection = std::get_if<Objection>(&answer);
  ParkedTip tip = parked_tip(moved.name, moved.tip,
                             objection != nullptr ? *objection : conflict(std::string(kBeside)),
                             system_clock().now_us());
  if (!store.read_only()) {
    store::PendingObjects reason(store);
    const std::vector<store::RefUpdate> refs = park_updates(store, reason, tip);
    TRY(manager.update_refs(&reason, refs));
  }
  store.mark_verified(git::branch_ref(moved.name));
  return tip;
}

}  // namespace

// ---- While nobody looked ----

Result<void> ForeignMoves::verify_moved(txn::Manager& manager, const Admission& admission) {
  const std::vector<txn::MovedBranch> all = manager.moved_branches();
  is_first_look_ = manager.store().refs(git::kGoodRefs).empty();
  for (const txn::BranchInfo& branch : manager.branches()) {
    const bool has_moved = std::any_of(
        all.begin(), all.end(), [&](const auto& moved) { return moved.name == branch.name; });
    if (!has_moved && !all.empty()) valid_ = branch.commit;
  }
  for (const txn::MovedBranch& moved : all) TRY(verify(manager, admission, moved));
  return manager.store().read_only() ? Result<void>() : sweep_parked(manager);
}

Result<void> ForeignMoves::verify(txn::Manager& manager, const Admission& admission,
                                  const txn::MovedBranch& moved) {
  if (moved.tip.is_zero()) return restore_deleted(manager, moved);
  TRY_ASSIGN(const bool is_branch, manager.has_branch(moved.name));
  if (!is_branch) return set_back_unreadable(manager, moved);
  const auto now = manager.tip_snapshot(moved.name);
  if (now && now->commit != moved.tip) {
    TRY_ASSIGN(ParkedTip tip, park_beside(manager, admission, moved, now->commit));
    if (manager.store().read_only()) unparked_.push_back(std::move(tip));
    return {};
  }
  store::PendingObjects objects(manager.store());
  const Admission::Answer answer =
      admission.ask({moved.name, moved.tip, moved.good, {}, valid_, is_first_look_}, objects);
  if (const auto* objection = std::get_if<Objection>(&answer)) {
    if (is_of_the_machine(objection->error)) return objection->error;
    if (objection->error.code() != ErrorCode::kAbsentObject)
      return hold_back(manager, admission, moved, *objection);
    log_.write(LogLevel::kWarning, fmt::format("branch \"{}\" could not be verified: {}", moved.name,
                                               objection->error.message()));
    unverified_.push_back(moved.name);
    return {};  // What is needed and not here is told when it is needed.
  }
  const Oid target = std::get<Oid>(answer);
  if (target != moved.tip && manager.store().read_only()) {
    return hold_back(manager, admission, moved,
                     {Error(ErrorCode::kObjectNotInState,
                            "it holds edits that are not in canonical form yet; open the "
                            "repository for writing once"),
                      {},
                      false});
  }
  TRY(manager.settle_moved(moved, {moved.name, moved.tip, target, &objects}));
  if (valid_.is_zero()) valid_ = target;
  if (target != moved.tip) {
    log_.write(LogLevel::kInfo,
               fmt::format("branch \"{}\" was moved by another program; its canonical form is "
                           "commit {}",
                           moved.name, target.hex()));
  }
  return {};
}

Result<void> ForeignMoves::restore_deleted(txn::Manager& manager, const txn::MovedBranch& moved) {
  store::ObjectStore& store = manager.store();
  if (!store.contains(moved.good)) return {};
  if (is_in_the_way(store, moved.name)) {
    const ParkedTip tip =
        parked_tip(moved.name, moved.good,
                   conflict("the branch was deleted, and another one is in the way of its name"),
                   system_clock().now_us());
    store::PendingObjects objects(store);
    if (!store.read_only()) TRY(manager.update_refs(&objects, park_updates(store, objects, tip)));
    store.mark_verified(git::branch_ref(moved.name));
    return {};
  }
  TRY(manager.settle_moved(moved, {moved.name, Oid{}, moved.published}));
  log_.write(
      LogLevel::kWarning,
      fmt::format("branch \"{}\" was deleted by another program and is set back; DROP BRANCH "
                  "drops it",
                  moved.name));
  return {};
}

// The ref names no commit, or one that is not there: it is parked, and the branch stands where it
// was, if that is known.
Result<void> ForeignMoves::set_back_unreadable(txn::Manager& manager,
                                               const txn::MovedBranch& moved) {
  store::ObjectStore& store = manager.store();
  txn::MovedBranch back = moved;
  if (!store.contains(back.good)) back.good = back.published = Oid{};
  const auto snapshot = manager.snapshot_of(moved.tip);
  const Error why = snapshot ? Error(ErrorCode::kInvalidContent, "it cannot be read")
                             : Error(snapshot.error());
  const ParkedTip tip = parked_tip(moved.name, moved.tip, {why, {}, false},
                                   system_clock().now_us());
  if (store.read_only()) unparked_.push_back(tip);
  store::PendingObjects objects(store);
  txn::ForeignTip answer{moved.name, moved.tip, back.published, &objects};
  // What is not there cannot be kept by a ref.
  if (!store.read_only() && store.contains(moved.tip))
    answer.refs = park_updates(store, objects, tip);
  TRY(manager.settle_moved(back, answer));
  log_.write(LogLevel::kWarning,
             fmt::format("ref \"refs/heads/{}\" was moved by another program to {}, which is no "
                         "commit that can be read ({}); {}",
                         moved.name, moved.tip.hex(), why.message(),
                         back.published.is_zero()
                             ? "there is no such branch now"
                             : fmt::format("the branch is at commit {}", back.published.hex())));
  return {};
}

// The tip is not admitted: the branch stands at a commit that is.
Result<void> ForeignMoves::hold_back(txn::Manager& manager, const Admission& admission,
                                     const txn::MovedBranch& moved, const Objection& objection) {
  store::ObjectStore& store = manager.store();
  ParkedTip tip = parked_tip(moved.name, moved.tip, objection, system_clock().now_us());
  store::PendingObjects objects(store);
  std::optional<Oid> target;
  // A newer format is whoever opens the repository to refuse, unless the last good commit is known:
  // what went before is not the content.
  if (is_made_beside_others(manager, moved) &&
      objection.error.code() != ErrorCode::kObjectNotInState) {
    target = Oid{};
  } else if (objection.error.code() != ErrorCode::kUnsupportedFormat || !moved.good.is_zero()) {
    TRY_ASSIGN(target, find_fallback(manager, admission, moved, is_first_look_, objects));
  }
  const bool may_park = git::is_valid_ref(parked_ref(moved.name, moved.tip));
  if (!target || !may_park) {
    unparked_.push_back(tip);
    if (objection.error.code() != ErrorCode::kUnsupportedFormat) {
      log_.write(LogLevel::kWarning,
                 fmt::format("branch \"{}\" was moved to content that cannot be used: {}",
                             moved.name, objection.error.message()));
    }
    const ErrorCode code = objection.error.code() == ErrorCode::kUnsupportedFormat
                               ? ErrorCode::kUnsupportedFormat
                               : ErrorCode::kInvalidContent;
    manager.set_unusable(moved.name,
                         Error(code,
                               fmt::format("branch \"{}\" holds content that cannot be used: {}",
                                           moved.name, objection.error.message()))
                             .with_hint("Set the branch to another commit with git, or drop it."));
    return {};
  }
  txn::ForeignTip answer{moved.name, moved.tip, *target, &objects};
  if (store.read_only()) {
    unparked_.push_back(tip);
  } else {
    answer.refs = park_updates(store, objects, tip);
  }
  TRY(manager.settle_moved(moved, answer));
  if (target->is_zero()) {
    log_.write(LogLevel::kWarning,
               fmt::format("branch \"{}\" of another program is not taken over; commit {} is {}: {}",
                           moved.name, moved.tip.hex(),
                           store.read_only() ? "not used" : "parked", objection.error.message()));
    return {};
  }
  log_.write(LogLevel::kWarning,
             fmt::format("branch \"{}\" {} at commit {}; commit {} of another program is {}: {}",
                         moved.name, store.read_only() ? "is read" : "is set back", target->hex(),
                         moved.tip.hex(), store.read_only() ? "not used" : "parked",
                         objection.error.message()));
  return {};
}

// ---- While the repository is open ----

void ForeignMoves::start(DatabaseImpl& database) {
  {
    const std::lock_guard lock(mutex_);
    database_ = &database;
  }
  database.store().set_foreign_handler([this](const store::ForeignMove& move) { answer(move); });
}

void ForeignMoves::stop() {
  ending_ = true;
  const std::lock_guard lock(mutex_);
  if (database_ != nullptr) database_->store().set_foreign_handler(nullptr);
  database_ = nullptr;
}

// A push beside a tip that moved becomes a merge.
Admission::Answer ForeignMoves::merge_beside(const store::ForeignMove& move, const Oid& target,
                                             store::PendingObjects& objects) {
  const std::string branch = move.name.substr(git::kBranchRefs.size());
  if (!database_->branch_settings().find(branch).history_every.empty())
    return conflict(std::string(kBeside));
  Patience patience;
  if (const auto watched = patience.watch_all(kForeignMergeMax, &ending_); !watched)
    return Objection{watched.error(), {}, false};
  versions::Context context = database_->context_on(branch);
  context.cancelled = context.eval.cancelled = &patience.is_over();
  const auto merged = merge_foreign_tip(context, {branch, move.foreign, target, &objects}, true);
  if (merged) return *merged;
  const auto& violations = context.effects.violations;
  if (violations && !violations->empty()) {
    const auto pushed = versions::read_commit(database_->store(), move.foreign);
    if (pushed) return violation_objection(database_->store(), pushed->tree, *violations);
  }
  if (patience.is_over() && merged.error().code() == ErrorCode::kQueryCanceled && !patience.was_cut_short())
    return Objection{Error(ErrorCode::kProgramLimit, "it takes too long to merge it"), {}, false};
  return Objection{merged.error(), {}, false};
}

bool ForeignMoves::is_sound(std::string_view branch) const {
  return std::none_of(unparked_.begin(), unparked_.end(),
                      [&](const ParkedTip& each) { return each.branch == branch; }) &&
         std::find(unverified_.begin(), unverified_.end(), branch) == unverified_.end();
}

// A tip that a new branch is compared with: most of what it holds is there, most often.
Oid ForeignMoves::valid_tip() const {
  const std::string branch = database_->default_branch();
  const auto tip = database_->manager().tip_snapshot(branch);
  return tip && is_sound(branch) ? tip->commit : Oid{};
}

Admission::Answer ForeignMoves::adopt_branch(const store::ForeignMove& move) {
  txn::Manager& manager = database_->manager();
  const std::string branch = move.name.substr(git::kBranchRefs.size());
  const Admission admission = database_->admission();
  for (int attempt = 0;; ++attempt) {
    const auto tip = manager.tip_snapshot(branch);
    if (tip && move.published.is_zero())
      return conflict("a branch of that name was made here meanwhile");
    store::PendingObjects objects(database_->store());
    Admission::Question question{branch, move.foreign, move.published, {}, valid_tip()};
    // A branch with a history policy is ahead of its ref; a tip that holds all of it follows.
    const bool follows = !tip || tip->commit == move.published ||
                         (manager.history().ensure(manager.store(), move.foreign) &&
                          manager.history().is_ancestor(tip->commit, move.foreign));
    // What an unusable branch holds is no ground to stand on.
    if (tip && follows) question.good = is_sound(branch) ? tip->commit : Oid{};
    if (!follows) question.beside = tip->commit;
    Admission::Answer answer = admission.ask(question, objects);
    const Oid* target = std::get_if<Oid>(&answer);
    if (target == nullptr) return answer;
    if (!follows) return merge_beside(move, *target, objects);
    const auto taken =
        manager.take_over({branch, move.published, *target, &objects,
                           forget_updates(database_->store(), branch, move.foreign)});
    if (taken) return answer;
    const bool again = taken.error().code() == ErrorCode::kSerializationFailure;
    if (!again || attempt + 1 == kAttemptsMax) return Objection{taken.error(), {}, false};
  }
}

Admission::Answer ForeignMoves::adopt(const store::ForeignMove& move) {
  if (move.name.starts_with(git::kFineRefs))
    return conflict("the ref holds the newest commits of a branch");
  if (!move.name.starts_with(git::kBranchRefs))
    return conflict("a transaction moved the ref as well");
  if (move.foreign.is_zero()) return conflict("branches are dropped with DROP BRANCH");
  return adopt_branch(move);
}

Result<void> ForeignMoves::note_reason(const store::ForeignMove& move, const Objection& objection) {
  if (move.parked.empty() || !move.name.starts_with(git::kBranchRefs)) return {};
  store::PendingObjects objects(database_->store());
  const ParkedTip tip = parked_tip(move.name.substr(git::kBranchRefs.size()), move.foreign,
                                   objection, database_->clock().now_us());
  return database_->manager().update_refs(&objects, park_updates(database_->store(), objects, tip));
}

void ForeignMoves::answer(const store::ForeignMove& move) {
  const std::lock_guard lock(mutex_);
  if (database_ == nullptr) return;
  const BudgetScope counted(&database_->memory());
  auto adopted = caught([&]() -> Result<Admission::Answer> { return adopt(move); });
  const Admission::Answer answer =
      adopted ? std::move(*adopted) : Objection{adopted.error(), {}, false};
  if (const Oid* tip = std::get_if<Oid>(&answer)) {
    log_.write(LogLevel::kInfo,
               fmt::format("ref \"{}\": commit {} of another program was taken over{}", move.name,
                           move.foreign.hex(),
                           *tip == move.foreign ? "" : "; the branch is at commit " + tip->hex()));
    ignore_error(sweep_parked(database_->manager()), "the next open looks again");
    return;
  }
  const Objection& objection = std::get<Objection>(answer);
  ignore_error(note_reason(move, objection),
               "the tip is parked all the same, and the log says why");
  if (move.foreign.is_zero()) {
    log_.write(LogLevel::kWarning,
               fmt::format("ref \"{}\" was deleted by another program and is set back: {}",
                           move.name, objection.error.message()));
  } else {
    log_.write(LogLevel::kWarning,
               fmt::format("ref \"{}\" is set back; commit {} of another program is kept as "
                           "\"{}\": {}",
                           move.name, move.foreign.hex(), move.parked, objection.error.message()));
  }
}

}  // namespace rowan::engine
