// Commits whose tree was made outside a transaction, branches that go to another commit, and refs
// that are no branches.
#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "catalog/bounds.h"
#include "catalog/format_file.h"
#include "git/ref_names.h"
#include "txn/tree_changes.h"
#include "txn/workspace.h"

namespace rowan::txn {

namespace {

constexpr size_t kQueueBytesMax =
    8u << 20;  // More objects than this are written before the queue is entered.

using Hold = std::shared_ptr<const void>;

// Large results go past the journal, so that nobody waits for them in the queue. They stay while
// the hold does, or something leads to them.
Result<Hold> write_ahead(store::ObjectStore& store, store::PendingObjects& objects) {
  if (objects.bytes() <= kQueueBytesMax) return Hold();
  TRY_ASSIGN(const auto bulk, store.begin_bulk());
  Hold hold = bulk->hold();
  for (const auto& entry : objects.entries()) TRY(bulk->add(entry.type, entry.object.bytes));
  TRY(bulk->finish());
  objects.clear();
  return hold;
}

// The newest effective time of the commits: what is made on top of them comes later.
Result<int64_t> newest_time(Core& core, const store::ObjectReader& objects,
                            const std::vector<Oid>& commits) {
  int64_t newest = 0;
  for (const Oid& commit : commits) {
    TRY(core.history.ensure(objects, commit));
    if (const auto info = core.history.find(commit)) newest = std::max(newest, info->time_us);
  }
  return newest;
}

// What the new commits of a chain changed: those of `objects`, from `target` down.
Result<void> note_chain(Core& core, const store::PendingObjects& objects, const Oid& target) {
  std::vector<std::pair<Oid, git::Commit>> chain;
  for (Oid id = target; !id.is_zero() && !core.history.find(id) && !core.store.contains(id);) {
    TRY_ASSIGN(const store::ObjectRef object, objects.read(id));
    TRY_ASSIGN(git::Commit commit, git::parse_commit(object.bytes));
    const Oid parent = commit.parents.empty() ? Oid{} : commit.parents[0];
    chain.emplace_back(id, std::move(commit));
    id = parent;
  }
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    const auto& [id, commit] = *at;
    for (const Oid& parent : commit.parents) TRY(core.history.ensure(objects, parent));
    if (commit.parents.empty()) break;
    TRY_ASSIGN(const Head before, core.head_of(commit.parents[0], &objects));
    auto changes = tree_changes(objects, core.store.cache(), before.snapshot.root, commit.tree);
    if (!changes && changes.error().code() != ErrorCode::kInvalidContent)
      return std::move(changes).error();
    // Of a commit on one that another program spelled freely anything may differ.
    if (!changes) changes = TreeChanges{std::vector<uint32_t>(derived::kChangesMax + 1), {}};
    for (const TreeChanges::Rows& rows : changes->rows)
      core.row_counts.note(rows.from, rows.to, rows.delta);
    core.history.add(id, commit.parents, git::commit_time_us(commit), changes->hashes);
  }
  return {};
}

// No feature that the branch's tip names is lost, and what came is named.
Result<Oid> root_with_features(Core& core, store::PendingObjects& objects, const Oid& old_root,
                               const Oid& root) {
  if (root == old_root) return root;
  store::NodeCache& cache = core.store.cache();
  TRY_ASSIGN(const catalog::FeatureSet named, catalog::named_features(objects, cache, old_root));
  return catalog::with_features(objects, cache, old_root, root, named);
}

Oid add_commit(const TreeCommit& made, const Oid& root, const std::vector<Oid>& parents,
               int64_t time_us, store::PendingObjects& objects) {
  git::Commit commit;
  commit.tree = root;
  commit.parents = parents;
  commit.author = made.author;
  if (commit.author.seconds == 0) commit.author.seconds = time_us / 1'000'000;
  commit.committer = made.committer.name.empty() ? made.author : made.committer;
  commit.committer.seconds = time_us / 1'000'000;
  std::vector<std::pair<std::string, std::string>> trailers;
  trailers.emplace_back("Rowan-Time", std::to_string(time_us));
  trailers.insert(trailers.end(), made.trailers.begin(), made.trailers.end());
  commit.message = git::message_with_trailers(made.message, made.body, trailers);
  return objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
}

// Requires: the branch's queue held.
Result<void> check_tip(const Branch& branch, const Oid& expected) {
  if (branch.dropped()) {
    return Error(ErrorCode::kUndefinedBranch, "branch \"" + branch.name() + "\" does not exist");
  }
  if (branch.tip().snapshot.commit != expected) return serialization_failure();
  return {};
}

// Requires: the branch's queue held. `next` was appended: the branch goes there.
void go_to(Core& core, Branch& branch, const Head& tip, Head next) {
  next.unlocked = tip.unlocked + 1;
  branch.sequences().follow_tree([&] { branch.advance(next, core.store); });
  const std::shared_lock guard(core.listener_mutex);
  if (core.listener) {
    core.listener({branch.name(), next.snapshot.commit, tip.snapshot.commit, tip.snapshot.root,
                   next.snapshot.root});
  }
}

Result<std::shared_ptr<Branch>> usable_branch(const Core& core, const std::string& name) {
  TRY_ASSIGN(auto branch, core.get_branch(name));
  if (branch->broken()) return Error(*branch->broken());
  return branch;
}

std::vector<store::RefUpdate> with_branch(const Branch& branch, const Oid& from, const Oid& to,
                                          const std::vector<store::RefUpdate>& others) {
  std::vector<store::RefUpdate> refs{{branch.moving_ref(), from, to}};
  refs.insert(refs.end(), others.begin(), others.end());
  return refs;
}

}  // namespace

Result<CommitOutcome> commit_tree(Core& core, const TreeCommit& commit) {
  TRY_ASSIGN(const auto branch, usable_branch(core, commit.branch));
  store::PendingObjects own(core.store);
  store::PendingObjects& objects = commit.objects != nullptr ? *commit.objects : own;
  TRY_ASSIGN(const int64_t parents_us, newest_time(core, objects, commit.parents));
  TRY_ASSIGN(const Head old, core.head_of(commit.expected_tip));
  TRY_ASSIGN(const Oid root, root_with_features(core, objects, old.snapshot.root, commit.root));
  const bool nothing = root == old.snapshot.root && commit.parents.size() == 1;
  TRY_ASSIGN(const TreeChanges changes,
             tree_changes(objects, core.store.cache(), old.snapshot.root, root));
  TRY(catalog::check_bounds(objects, core.store.cache(), root));
  TRY_ASSIGN(const Hold hold, write_ahead(core.store, objects));

  CommitOutcome outcome{!nothing, commit.expected_tip, 0};
  {
    const std::lock_guard queue(branch->queue());
    TRY(check_tip(*branch, commit.expected_tip));
    if (nothing && commit.refs.empty()) return outcome;
    if (nothing) {
      TRY_ASSIGN(outcome.sequence, core.store.append(objects, commit.refs));
    } else {
      TRY(roll_up_if_due(core, *branch));
      const Head tip = branch->tip();  // With the same tree as before.
      std::vector<Oid> parents = commit.parents;
      std::replace(parents.begin(), parents.end(), commit.expected_tip, tip.snapshot.commit);
      Head next;
      next.snapshot.time_us = core.commit_time(std::max(tip.snapshot.time_us, parents_us));
      next.snapshot.commit = outcome.commit =
          add_commit(commit, root, parents, next.snapshot.time_us, objects);
      next.snapshot.root = root;
      next.snapshot.schema_generation = core.fresh_generation();
      branch->make_room();
      TRY_ASSIGN(outcome.sequence,
                 core.store.append(objects, with_branch(*branch, tip.snapshot.commit,
                                                        outcome.commit, commit.refs)));
      next.snapshot.sequence = outcome.sequence;
      go_to(core, *branch, tip, next);
      ends_well([&] {  // It is made; what was known of it is found out again when it must be.
        for (const TreeChanges::Rows& rows : changes.rows)
          core.row_counts.note(rows.from, rows.to, rows.delta);
        core.history.add(outcome.commit, parents, next.snapshot.time_us, changes.hashes);
      });
    }
  }
  if (commit.sync != store::SyncMode::kOff) TRY(wait_durable(core, outcome.sequence));
  branch->acknowledge(outcome.sequence);
  return outcome;
}

Result<CommitOutcome> move_branch(Core& core, const BranchMove& move) {
  TRY_ASSIGN(const auto branch, usable_branch(core, move.branch));
  store::PendingObjects own(core.store);
  store::PendingObjects& objects = move.objects != nullptr ? *move.objects : own;
  const bool nothing = move.target == move.expected_tip;
  TRY(note_chain(core, objects, move.target));
  TRY(core.history.ensure(objects, move.target));
  TRY_ASSIGN(Head next, core.head_of(move.target, &objects));
  TRY_ASSIGN(const Hold hold, write_ahead(core.store, objects));

  CommitOutcome outcome{!nothing, move.target, 0};
  {
    const std::lock_guard queue(branch->queue());
    TRY(check_tip(*branch, move.expected_tip));
    const Head tip = branch->tip();
    if (nothing && move.refs.empty()) return outcome;
    if (branch->fine().number != 0 && !core.history.is_ancestor(move.expected_tip, move.target))
      return has_history_policy(move.branch);
    branch->make_room();
    TRY_ASSIGN(outcome.sequence,
               core.store.append(objects, nothing ? move.refs
                                                  : with_branch(*branch, tip.snapshot.commit,
                                                                move.target, move.refs)));
    next.snapshot.sequence = outcome.sequence;
    if (!nothing) go_to(core, *branch, tip, next);
    if (!nothing) TRY(roll_up_if_due(core, *branch));  // Not before: `target` stands on the tip.
  }
  if (move.sync != store::SyncMode::kOff) TRY(wait_durable(core, outcome.sequence));
  branch->acknowledge(outcome.sequence);
  return outcome;
}

Result<void> update_refs(Core& core, const store::PendingObjects* objects,
                         const std::vector<store::RefUpdate>& refs, store::SyncMode sync) {
  for (const store::RefUpdate& update : refs) {
    if (update.name.starts_with(git::kBranchRefs)) {
      return Error(ErrorCode::kInternal,
                   "branch \"" + update.name + "\" was to be moved past its queue");
    }
  }
  const store::PendingObjects none(core.store);
  TRY_ASSIGN(const uint64_t sequence,
             core.store.append(objects != nullptr ? *objects : none, refs));
  if (sync != store::SyncMode::kOff) TRY(wait_durable(core, sequence));
  return {};
}

}  // namespace rowan::txn
