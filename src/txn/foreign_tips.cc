// How a branch comes to stand at what another program made of it, or goes back to what it was.
// Whether it may is for the caller to say.
#include <utility>

#include "git/ref_names.h"
#include "txn/core.h"
#include "txn/tree_changes.h"

namespace rowan::txn {

namespace {

// What the branch becomes in one record: the foreign tip's target. `fine`: the branch's fine
// commits, which stand at `tip`.
Result<uint64_t> append_tip(Core& core, const ForeignTip& foreign, const FineChain& fine,
                            const Oid& tip) {
  std::vector<store::RefUpdate> refs = {
      {git::branch_ref(foreign.branch), foreign.published, foreign.target}};
  if (fine.number != 0) refs.push_back({fine.ref, tip, foreign.target});
  refs.insert(refs.end(), foreign.refs.begin(), foreign.refs.end());
  const store::PendingObjects none(core.store);
  return core.store.append(foreign.objects != nullptr ? *foreign.objects : none, refs);
}

Result<void> take_over_new(Core& core, const ForeignTip& foreign, Head head) {
  const std::unique_lock guard(core.branches_mutex);
  if (core.branches.contains(foreign.branch))
    return Error(ErrorCode::kConflict, "a branch of that name was made here meanwhile");
  TRY_ASSIGN(head.snapshot.sequence, append_tip(core, foreign, {}, Oid{}));
  core.branches.emplace(foreign.branch,
                        std::make_shared<Branch>(foreign.branch, head, ++core.branch_numbers));
  return {};
}

// The head of a commit that may be one of `objects`, known to the history index.
Result<Head> known_head(Core& core, const Oid& commit, const store::PendingObjects* objects) {
  const store::PendingObjects none(core.store);
  const store::PendingObjects& all = objects != nullptr ? *objects : none;
  TRY(core.history.ensure(all, commit));
  return core.head_of(commit, &all);
}

// A branch that another program deleted while nobody looked, or put where no commit is, stands again
// where it was. Without such a place its ref goes.
Result<void> stand_again(Core& core, const MovedBranch& moved, const ForeignTip& answer) {
  const std::string name = git::branch_ref(moved.name);
  if (!core.store.read_only()) {
    std::vector<store::RefUpdate> all{{name, moved.tip, moved.published}};
    all.insert(all.end(), answer.refs.begin(), answer.refs.end());
    const store::PendingObjects none(core.store);
    TRY(core.store.append(answer.objects != nullptr ? *answer.objects : none, all));
  }
  if (moved.published.is_zero()) return {};
  TRY_ASSIGN(auto branch, open_branch(core, {name, moved.published}));
  core.branches.emplace(moved.name, std::move(branch));
  return {};
}

// The branch goes from where the other program put it to `answer.target`. Gives the record's
// sequence.
Result<uint64_t> go_to_answer(Core& core, Branch& branch, const MovedBranch& moved,
                              const ForeignTip& answer) {
  TRY_ASSIGN(Head head, known_head(core, answer.target, answer.objects));
  const std::lock_guard queue(branch.queue());
  FineChain fine = branch.fine();
  const Oid head_ref = answer.target == moved.good ? moved.published : answer.target;
  if (!core.store.read_only()) {
    std::vector<store::RefUpdate> refs{{branch.ref_name(), moved.tip, head_ref}};
    refs.insert(refs.end(), answer.refs.begin(), answer.refs.end());
    const store::PendingObjects none(core.store);
    TRY_ASSIGN(head.snapshot.sequence,
               core.store.append(answer.objects != nullptr ? *answer.objects : none, refs));
  }
  fine.rolled_up = head_ref;  // settle_fine_chains brings the fine commits' ref here.
  branch.set_fine(std::move(fine));
  branch.advance(head, core.store);
  return head.snapshot.sequence;
}

// A branch that another program made does not stand.
Result<void> go_away(Core& core, Branch& branch, const MovedBranch& moved,
                     const ForeignTip& answer) {
  if (!core.store.read_only()) {
    std::vector<store::RefUpdate> refs{{branch.ref_name(), moved.tip, Oid{}}};
    refs.insert(refs.end(), answer.refs.begin(), answer.refs.end());
    const store::PendingObjects none(core.store);
    TRY_ASSIGN(const uint64_t sequence,
               core.store.append(answer.objects != nullptr ? *answer.objects : none, refs));
    TRY(wait_durable(core, sequence));
  }
  branch.drop();
  const std::unique_lock guard(core.branches_mutex);
  core.branches.erase(moved.name);
  return {};
}

}  // namespace

std::vector<MovedBranch> moved_branches(Core& core) {
  std::vector<MovedBranch> all;
  for (const store::UnverifiedBranch& ref : core.store.unverified_branches()) {
    MovedBranch moved{ref.name.substr(git::kBranchRefs.size()), ref.value, ref.good, ref.good};
    if (const auto branch = core.find_branch(moved.name);
        branch != nullptr && branch->fine().number != 0) {
      // Fine commits are ours. A ref that stands beside them is set back with them
      // (settle_fine_chains).
      moved.good = core.store.ref(branch->fine().ref).value_or(Oid{});
      if (moved.published.is_zero()) moved.published = moved.good;
      FineChain fine = branch->fine();
      if (branch->tip().snapshot.commit != moved.tip && !ref.good.is_zero() &&
          core.history.is_ancestor(ref.good, moved.good)) {
        fine.rolled_up = ref.good;  // Else a rewind would pass for the last roll-up.
        branch->set_fine(std::move(fine));
      }
    }
    all.push_back(std::move(moved));
  }
  return all;
}

Result<void> settle_moved(Core& core, const MovedBranch& moved, const ForeignTip& answer) {
  const std::string ref = git::branch_ref(moved.name);
  const auto branch = core.find_branch(moved.name);
  if (branch == nullptr) {
    TRY(stand_again(core, moved, answer));
  } else if (answer.target.is_zero()) {
    TRY(go_away(core, *branch, moved, answer));
  } else if (answer.target != moved.tip) {
    TRY_ASSIGN(const uint64_t sequence, go_to_answer(core, *branch, moved, answer));
    if (!core.store.read_only()) TRY(wait_durable(core, sequence));  // Before anybody reads.
    branch->acknowledge(sequence);
  }
  core.store.mark_verified(ref);
  return {};
}

Result<void> take_over(Core& core, const ForeignTip& foreign) {
  TRY_ASSIGN(Head head, known_head(core, foreign.target, foreign.objects));
  const auto branch = core.find_branch(foreign.branch);
  if (branch == nullptr) return take_over_new(core, foreign, std::move(head));
  const store::PendingObjects none(core.store);
  const Oid root = branch->tip().snapshot.root;
  TRY_ASSIGN(const TreeChanges changes,
             tree_changes(foreign.objects != nullptr ? *foreign.objects : none, core.store.cache(),
                          root, head.snapshot.root));
  const std::lock_guard queue(branch->queue());
  const Head tip = branch->tip();
  FineChain fine = branch->fine();
  const bool follows = fine.number == 0
                           ? tip.snapshot.commit == foreign.published
                           : fine.rolled_up == foreign.published &&
                                 core.history.is_ancestor(tip.snapshot.commit, foreign.target);
  if (branch->dropped() || !follows)
    return Error(ErrorCode::kSerializationFailure,
                 "the branch has newer commits that it does not follow");
  TRY_ASSIGN(head.snapshot.sequence, append_tip(core, foreign, fine, tip.snapshot.commit));
  for (const TreeChanges::Rows& rows : changes.rows)
    core.row_counts.note(rows.from, rows.to, rows.delta);
  if (fine.number != 0) {
    fine.rolled_up = head.snapshot.commit;
    fine.since_us = core.clock.now_us();
    branch->set_fine(std::move(fine));
  }
  head.unlocked = tip.unlocked + 1;
  branch->sequences().follow_tree([&] { branch->advance(head, core.store); });
  branch->acknowledge(head.snapshot.sequence);
  const std::shared_lock guard(core.listener_mutex);
  if (core.listener) {
    core.listener({foreign.branch, head.snapshot.commit, tip.snapshot.commit, tip.snapshot.root,
                   head.snapshot.root});
  }
  return {};
}

}  // namespace rowan::txn
