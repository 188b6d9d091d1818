// Refs that somebody else moved. A fast-forward of valid content becomes our tip, followed by a
// commit "normalise" when its tree is not canonical; everything else stays parked by the store,
// which sets the ref back.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "txn/core.h"
#include "txn/foreign_content.h"

namespace rowan::txn {

namespace {

constexpr size_t kForeignCommitsMax = 100'000;
constexpr std::string_view kHeads = "refs/heads/";

// Whether `ancestor` is reached from `commit`; on the way every new commit must parse and have a
// tree.
Result<bool> descends(const Core& core, const Oid& commit, const Oid& ancestor) {
  std::vector<Oid> open{commit};
  std::unordered_set<Oid, OidHash> seen{commit};
  bool found = ancestor.is_zero();
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    if (id == ancestor) {
      found = true;
      continue;
    }
    if (core.history.find(id)) continue;  // Known: and so are all commits below it.
    TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
    if (object.type != store::ObjectType::kCommit)
      return Error(ErrorCode::kInvalidContent, id.hex() + " is no commit");
    TRY_ASSIGN(const git::Commit parsed, git::parse_commit(object.bytes));
    TRY_ASSIGN(const store::ObjectRef tree, core.store.read(parsed.tree));
    if (tree.type != store::ObjectType::kTree)
      return Error(ErrorCode::kInvalidContent, id.hex() + " has no tree");
    for (const Oid& parent : parsed.parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
    if (seen.size() > kForeignCommitsMax)
      return Error(ErrorCode::kProgramLimit, "too many foreign commits");
  }
  return found;
}

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

// What the branch becomes: the foreign commit, or a commit with the canonical form of its tree on
// top of it.
struct Answer {
  explicit Answer(const store::ObjectReader& below) : objects(below) {}
  store::PendingObjects objects;
  Head head;
};

Result<void> prepare(Core& core, const store::ForeignMove& move, const Oid& our_root,
                     Answer& answer) {
  TRY_ASSIGN(const bool forward, descends(core, move.foreign, move.published));
  if (!forward) return Error(ErrorCode::kConflict, "it does not follow the branch's last commit");
  TRY_ASSIGN(answer.head, core.head_of(move.foreign));
  TRY_ASSIGN(const Oid canonical,
             canonical_content(answer.objects, core.store, our_root, answer.head.snapshot.root));
  TRY(core.history.ensure(core.store, move.foreign));
  if (const auto info = core.history.find(move.foreign))
    answer.head.snapshot.time_us = info->time_us;
  if (canonical == answer.head.snapshot.root) return {};
  Snapshot& snapshot = answer.head.snapshot;
  snapshot.time_us = core.commit_time(snapshot.time_us);
  const git::Commit commit = normalise_commit(canonical, move.foreign, snapshot.time_us);
  snapshot.commit = answer.objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  snapshot.root = canonical;
  return core.history.ensure(answer.objects, snapshot.commit);
}

// The branch's new value; the ref that kept the foreign one is no longer needed. `fine`: the
// branch's fine commits, which stand at `tip`.
Result<uint64_t> append_answer(Core& core, const store::ForeignMove& move, const Oid& ours,
                               const Answer& answer, const FineChain& fine = {},
                               const Oid& tip = {}) {
  std::vector<store::RefUpdate> refs = {{move.name, ours, answer.head.snapshot.commit}};
  if (fine.number != 0) refs.push_back({fine.ref, tip, answer.head.snapshot.commit});
  if (!move.parked.empty()) refs.push_back({move.parked, move.foreign, Oid{}});
  return core.store.append(answer.objects, refs);
}

// Gives the branch's new tip. An error says why the move cannot be taken over.
Result<Oid> adopt(Core& core, const store::ForeignMove& move) {
  if (move.name.starts_with("refs/rowan/fine/"))
    return Error(ErrorCode::kConflict, "the ref holds the newest commits of a branch");
  if (!move.name.starts_with(kHeads))
    return Error(ErrorCode::kConflict, "a transaction moved the ref as well");
  if (move.foreign.is_zero())
    return Error(ErrorCode::kConflict, "branches are dropped with DROP BRANCH");
  const std::string name = move.name.substr(kHeads.size());
  const auto branch = core.find_branch(name);
  const Oid our_root = branch == nullptr ? Oid{} : branch->tip().snapshot.root;
  Answer answer(core.store);
  TRY(prepare(core, move, our_root, answer));
  Head& head = answer.head;
  if (branch == nullptr) {
    const std::unique_lock guard(core.branches_mutex);
    if (core.branches.contains(name))
      return Error(ErrorCode::kConflict, "a branch of that name was made here meanwhile");
    TRY_ASSIGN(head.snapshot.sequence, append_answer(core, move, Oid{}, answer));
    core.branches.emplace(name, std::make_shared<Branch>(name, head, ++core.branch_numbers));
    return head.snapshot.commit;
  }
  const std::lock_guard queue(branch->queue());
  const Head tip = branch->tip();
  FineChain fine = branch->fine();
  const bool follows = fine.number == 0
                           ? tip.snapshot.commit == move.published
                           : fine.rolled_up == move.published &&
                                 core.history.is_ancestor(tip.snapshot.commit, move.foreign);
  if (branch->dropped() || !follows)
    return Error(ErrorCode::kConflict, "the branch has newer commits that it does not follow");
  TRY_ASSIGN(head.snapshot.sequence,
             append_answer(core, move, move.published, answer, fine, tip.snapshot.commit));
  if (fine.number != 0) {
    fine.rolled_up = head.snapshot.commit;
    fine.since_us = core.clock.now_us();
    branch->set_fine(fine);
  }
  head.unlocked = tip.unlocked + 1;
  branch->sequences().follow_tree([&] { branch->advance(head, core.store); });
  const std::shared_lock guard(core.listener_mutex);
  if (core.listener) {
    core.listener(
        {name, head.snapshot.commit, tip.snapshot.commit, tip.snapshot.root, head.snapshot.root});
  }
  return head.snapshot.commit;
}

}  // namespace

Result<Oid> canonical_commit(Core& core, store::PendingObjects& objects, const Oid& commit,
                             const Oid& known_root) {
  TRY_ASSIGN(const Head head, core.head_of(commit, &objects));
  if (head.snapshot.root == known_root) return commit;
  TRY_ASSIGN(const Oid canonical,
             canonical_content(objects, core.store, known_root, head.snapshot.root));
  if (canonical == head.snapshot.root) return commit;
  TRY(core.history.ensure(objects, commit));
  const auto info = core.history.find(commit);
  const int64_t time_us = core.commit_time(info ? info->time_us : head.snapshot.time_us);
  return objects.add(store::ObjectType::kCommit,
                     git::encode_commit(normalise_commit(canonical, commit, time_us)));
}

Result<void> verify_moved_branches(Core& core) {
  for (const store::RefEntry& ref : core.store.unverified_branches()) {
    const std::string name = ref.name.substr(kHeads.size());
    const auto branch = core.find_branch(name);
    if (branch == nullptr) continue;
    Head head = branch->tip();
    store::PendingObjects objects(core.store);
    const auto canonical = canonical_content(objects, core.store, Oid{}, head.snapshot.root);
    if (!canonical && canonical.error().code() == ErrorCode::kAbsentObject) {
      core.log.write(LogLevel::kWarning,
                     "branch \"" + name + "\" could not be verified: " + canonical.error().message());
      continue;  // What is needed and not here is told when it is needed.
    }
    if (!canonical) {
      // A newer format is whoever opens the repository to refuse or to report.
      if (canonical.error().code() != ErrorCode::kUnsupportedFormat) {
        core.log.write(LogLevel::kWarning, "branch \"" + name +
                                               "\" was moved to content that cannot be used: " +
                                               canonical.error().message());
      }
      branch->set_broken(Error(ErrorCode::kInvalidContent,
                               "branch \"" + name + "\" holds content that cannot be used: " +
                                   canonical.error().message())
                             .with_hint("Set the branch to another commit with git, or drop it."));
      continue;
    }
    if (*canonical != head.snapshot.root) {
      if (core.store.read_only()) {
        branch->set_broken(
            Error(ErrorCode::kInvalidContent,
                  "branch \"" + name + "\" holds edits that are not in canonical form yet")
                .with_hint("Open the repository for writing once."));
        continue;
      }
      head.snapshot.time_us = core.commit_time(head.snapshot.time_us);
      const git::Commit commit =
          normalise_commit(*canonical, head.snapshot.commit, head.snapshot.time_us);
      const Oid before = head.snapshot.commit;
      head.snapshot.commit = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
      head.snapshot.root = *canonical;
      const std::lock_guard queue(branch->queue());
      FineChain fine = branch->fine();
      const bool is_fine =
          fine.number != 0 &&
          fine.rolled_up != before;  // Else settle_fine_chains brings the fine commits' ref here.
      TRY_ASSIGN(head.snapshot.sequence,
                 core.store.append(
                     objects, {{is_fine ? fine.ref : ref.name, before, head.snapshot.commit}}));
      if (!is_fine) fine.rolled_up = head.snapshot.commit;
      branch->set_fine(std::move(fine));
      branch->advance(head, core.store);
      core.log.write(LogLevel::kInfo,
                     "branch \"" + name +
                         "\" was moved by another program; its canonical form is commit " +
                         head.snapshot.commit.hex());
    }
    core.store.mark_verified(ref.name);
  }
  return {};
}

void adopt_foreign_move(Core& core, const store::ForeignMove& move) {
  const auto tip = adopt(core, move);
  const std::string commit = "commit " + move.foreign.hex();
  if (tip && *tip == move.foreign) {
    core.log.write(LogLevel::kInfo,
                   "ref \"" + move.name + "\": " + commit + " of another program was taken over");
  } else if (tip) {
    core.log.write(LogLevel::kInfo,
                   "ref \"" + move.name + "\": " + commit +
                       " of another program was taken over in its canonical form, commit " +
                       tip->hex());
  } else if (move.foreign.is_zero()) {
    core.log.write(LogLevel::kWarning, "ref \"" + move.name +
                                           "\" was deleted by another program and is set back: " +
                                           tip.error().message());
  } else {
    core.log.write(LogLevel::kWarning, "ref \"" + move.name + "\" is set back; " + commit +
                                           " of another program is kept as \"" + move.parked +
                                           "\": " + tip.error().message());
  }
}

}  // namespace rowan::txn
