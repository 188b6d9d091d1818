#include "engine/import/foreign_moves.h"

#include <string>

#include "engine/history.h"
#include "engine/import/admission.h"

namespace rowan::engine {

namespace {

constexpr std::string_view kHeads = "refs/heads/";

}  // namespace

Result<Oid> ForeignMoves::adopt(const store::ForeignMove& move) {
  if (move.name.starts_with("refs/rowan/fine/"))
    return Error(ErrorCode::kConflict, "the ref holds the newest commits of a branch");
  if (!move.name.starts_with(kHeads))
    return Error(ErrorCode::kConflict, "a transaction moved the ref as well");
  if (move.foreign.is_zero())
    return Error(ErrorCode::kConflict, "branches are dropped with DROP BRANCH");
  TRY_ASSIGN(const bool forward, descends(*manager_, move.foreign, move.published));
  if (!forward) return Error(ErrorCode::kConflict, "it does not follow the branch's last commit");
  const std::string branch = move.name.substr(kHeads.size());
  Oid our_root;
  TRY_ASSIGN(const bool exists, manager_->has_branch(branch));
  if (exists) {
    TRY_ASSIGN(const txn::Snapshot tip, manager_->tip_snapshot(branch));
    our_root = tip.root;
  }
  store::PendingObjects objects(manager_->store());
  txn::ForeignTip tip{branch, move.published, Oid{}, &objects};
  TRY_ASSIGN(tip.target, canonical_commit(*manager_, objects, move.foreign, our_root));
  // The ref that kept the foreign commit is no longer needed.
  if (!move.parked.empty()) tip.refs.push_back({move.parked, move.foreign, Oid{}});
  TRY(manager_->take_over(tip));
  return tip.target;
}

Result<void> ForeignMoves::verify(txn::Manager& manager, const txn::MovedBranch& moved) {
  store::PendingObjects objects(manager.store());
  const auto target = canonical_commit(manager, objects, moved.tip, Oid{});
  if (!target) {
    // A newer format is whoever opens the repository to refuse or to report.
    if (target.error().code() != ErrorCode::kUnsupportedFormat) {
      log_.write(LogLevel::kWarning,
                 "branch \"" + moved.name +
                     "\" was moved to content that cannot be used: " + target.error().message());
    }
    manager.set_unusable(
        moved.name, Error(ErrorCode::kInvalidContent,
                          "branch \"" + moved.name +
                              "\" holds content that cannot be used: " + target.error().message())
                        .with_hint("Set the branch to another commit with git, or drop it."));
    return {};
  }
  if (*target != moved.tip && manager.store().read_only()) {
    manager.set_unusable(moved.name, Error(ErrorCode::kInvalidContent,
                                           "branch \"" + moved.name +
                                               "\" holds edits that are not in canonical form yet")
                                         .with_hint("Open the repository for writing once."));
    return {};
  }
  TRY(manager.settle_moved(moved, {moved.name, moved.tip, *target, &objects}));
  if (*target != moved.tip) {
    log_.write(LogLevel::kInfo, "branch \"" + moved.name +
                                    "\" was moved by another program; its canonical form is "
                                    "commit " +
                                    target->hex());
  }
  return {};
}

Result<void> ForeignMoves::verify_moved(txn::Manager& manager) {
  for (const txn::MovedBranch& moved : manager.moved_branches()) TRY(verify(manager, moved));
  return {};
}

void ForeignMoves::start(txn::Manager& manager) {
  {
    const std::lock_guard lock(mutex_);
    manager_ = &manager;
  }
  manager.store().set_foreign_handler([this](const store::ForeignMove& move) { answer(move); });
}

void ForeignMoves::stop() {
  const std::lock_guard lock(mutex_);
  if (manager_ != nullptr) manager_->store().set_foreign_handler(nullptr);
  manager_ = nullptr;
}

void ForeignMoves::answer(const store::ForeignMove& move) {
  const std::lock_guard lock(mutex_);
  if (manager_ == nullptr) return;
  const auto tip = adopt(move);
  const std::string commit = "commit " + move.foreign.hex();
  if (tip && *tip == move.foreign) {
    log_.write(LogLevel::kInfo,
               "ref \"" + move.name + "\": " + commit + " of another program was taken over");
  } else if (tip) {
    log_.write(LogLevel::kInfo,
               "ref \"" + move.name + "\": " + commit +
                   " of another program was taken over in its canonical form, commit " +
                   tip->hex());
  } else if (move.foreign.is_zero()) {
    log_.write(LogLevel::kWarning,
               "ref \"" + move.name +
                   "\" was deleted by another program and is set back: " + tip.error().message());
  } else {
    log_.write(LogLevel::kWarning, "ref \"" + move.name + "\" is set back; " + commit +
                                       " of another program is kept as \"" + move.parked +
                                       "\": " + tip.error().message());
  }
}

}  // namespace rowan::engine
