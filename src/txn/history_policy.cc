// History policies. refs/heads/<branch> stays at the last roll-up, and commits chain from it under
// refs/rowan/fine/<branch>/<n>, the live chain being that of the highest n. A roll-up is a commit
// with the tree of the newest fine commit, on top of the roll-up before, with a trailer that names
// the fine commit: it moves refs/heads/<branch> and begins chain n + 1, in one record. Closed
// chains are refs until they are older than the policy keeps them. When the policy is dropped,
// refs/heads/<branch> goes forward to the newest fine commit, and closed chains move to
// refs/rowan/kept/<branch>/<n>: so a ref below refs/rowan/fine/<branch>/ alone says that the branch
// has a policy.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "git/ref_names.h"
#include "txn/core.h"

namespace rowan::txn {

namespace {

constexpr std::string_view kRollsUp = "Rowan-Rolls-Up";

struct Chain {
  std::string ref;
  uint64_t number = 0;
  Oid newest;
};

// The chains below a folder of a branch, by number.
std::vector<Chain> chains_in(const Core& core, std::string_view root, std::string_view branch) {
  const std::string folder = std::string(root) + ref_part(branch) + "/";
  std::vector<Chain> chains;
  for (const store::RefEntry& ref : core.store.refs(folder)) {
    const std::string_view digits = std::string_view(ref.name).substr(folder.size());
    uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec == std::errc() && read.ptr == digits.data() + digits.size() && number > 0)
      chains.push_back({ref.name, number, ref.value});
  }
  std::sort(chains.begin(), chains.end(),
            [](const Chain& a, const Chain& b) { return a.number < b.number; });
  return chains;
}

std::string chain_ref(std::string_view root, std::string_view branch, uint64_t number) {
  return std::string(root) + ref_part(branch) + "/" + std::to_string(number);
}

// The chains of a branch that were rolled up, by number; `live`: the number of the one that was
// not.
std::vector<Chain> closed_chains(const Core& core, std::string_view branch, uint64_t live) {
  std::vector<Chain> chains = chains_in(core, git::kKeptRefs, branch);
  for (Chain& chain : chains_in(core, git::kFineRefs, branch)) {
    if (chain.number != live) chains.push_back(std::move(chain));
  }
  std::sort(chains.begin(), chains.end(),
            [](const Chain& a, const Chain& b) { return a.number < b.number; });
  return chains;
}

int64_t time_of(const Core& core, const Oid& commit) {
  const auto info = core.history.find(commit);
  return info ? info->time_us : 0;
}

Result<git::Commit> read_commit(const Core& core, const Oid& id) {
  TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
  if (object.type != store::ObjectType::kCommit)
    return Error(ErrorCode::kCorruption, id.hex() + " is no commit");
  return git::parse_commit(object.bytes);
}

// When the interval behind a roll-up began: it was made then, whatever time its content is of.
Result<int64_t> interval_start(const Core& core, const Oid& rolled_up) {
  TRY_ASSIGN(const git::Commit commit, read_commit(core, rolled_up));
  return commit.committer.seconds * 1'000'000;
}

// The fine commit that a roll-up names, if it is one.
std::optional<Oid> rolled_up_by(const Core& core, const Oid& commit) {
  const auto read = read_commit(core, commit);
  if (!read) return std::nullopt;
  for (const auto& [name, value] : git::trailers(read->message)) {
    if (name == kRollsUp) return Oid::parse(value);
  }
  return std::nullopt;
}

std::string utc_text(int64_t time_us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                     fmt::gmtime(static_cast<std::time_t>(time_us / 1'000'000)));
}

git::Commit roll_up_commit(const Core& core, const Head& tip, const Oid& before, int64_t time_us) {
  const uint64_t count = core.history.ahead_behind(tip.snapshot.commit, before).ahead;
  git::Commit commit;
  commit.tree = tip.snapshot.root;
  commit.parents = {before};
  commit.author = {"rowan", "rowan@localhost", time_us / 1'000'000, 0};
  commit.committer = commit.author;
  commit.committer.seconds = std::max(core.clock.now_us(), time_us) / 1'000'000;
  const std::string subject = fmt::format("roll up {} commit{}", count, count == 1 ? "" : "s");
  const std::string body =
      fmt::format("After {} UTC, until {} UTC.", utc_text(time_of(core, before)),
                  utc_text(tip.snapshot.time_us));
  commit.message = git::message_with_trailers(subject, body,
                                              {{"Rowan-Time", std::to_string(time_us)},
                                               {std::string(kRollsUp), tip.snapshot.commit.hex()}});
  return commit;
}

// Whether another branch began in the middle of a chain: merging it needs the commits there.
bool is_fork_needed(Core& core, const Branch& own, const Oid& newest) {
  const Oid tip = own.tip().snapshot.commit;
  const std::shared_lock guard(core.branches_mutex);
  for (const auto& [name, branch] : core.branches) {
    if (branch.get() == &own) continue;
    const Oid other = branch->tip().snapshot.commit;
    if (!core.history.ensure(core.store, other)) return true;
    if (core.history.is_ancestor(other, tip)) continue;
    for (const Oid& base : core.history.merge_bases(newest, other)) {
      if (!core.history.is_ancestor(base, tip)) return true;
    }
  }
  return false;
}

// The closed chains whose newest commit is older than the policy keeps. Requires: the branch's
// queue held.
void add_expired(Core& core, const Branch& branch, std::vector<store::RefUpdate>& refs) {
  const int64_t keep_us = branch.fine().policy.keep_us;
  if (keep_us == 0) return;
  const int64_t now = core.clock.now_us();
  for (const Chain& chain :
       closed_chains(core, branch.name(), 0)) {  // The live one is being closed.
    if (!core.history.find(chain.newest) || now - time_of(core, chain.newest) < keep_us) break;
    if (!is_fork_needed(core, branch, chain.newest))
      refs.push_back({chain.ref, chain.newest, Oid{}});
  }
}

// Requires: the branch's queue held.
Result<void> roll_up(Core& core, Branch& branch) {
  FineChain fine = branch.fine();
  const Head tip = branch.tip();
  const Oid before = fine.rolled_up;
  store::PendingObjects objects(core.store);
  Head next = tip;
  // It says what was then, whenever it is made.
  next.snapshot.time_us = git::bounded_time_us(tip.snapshot.time_us + 1);
  const git::Commit commit = roll_up_commit(core, tip, before, next.snapshot.time_us);
  next.snapshot.commit = objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
  ++fine.number;
  fine.ref = chain_ref(git::kFineRefs, branch.name(), fine.number);
  fine.rolled_up = next.snapshot.commit;
  fine.since_us = core.clock.now_us();
  std::vector<store::RefUpdate> refs{{branch.ref_name(), before, next.snapshot.commit},
                                     {fine.ref, Oid{}, next.snapshot.commit}};
  add_expired(core, branch, refs);
  TRY_ASSIGN(next.snapshot.sequence, core.store.append(objects, refs));
  core.history.add(next.snapshot.commit, before, next.snapshot.time_us,
                   std::vector<uint32_t>(derived::kChangesMax + 1));
  branch.advance(next, core.store);
  branch.set_fine(std::move(fine));
  const std::shared_lock guard(core.listener_mutex);
  if (core.listener)
    core.listener(
        {branch.name(), next.snapshot.commit, before, tip.snapshot.root, tip.snapshot.root});
  return {};
}

// A roll-up and the newest of the fine commits that it stands for.
struct RolledUp {
  Oid roll_up;
  Oid newest;
};

// Those whose fine commits are kept.
std::vector<RolledUp> kept_roll_ups(Core& core) {
  std::vector<RolledUp> found;
  if (!has_fine_chains(core)) return found;
  std::vector<std::pair<std::string, Oid>> tips;
  {
    const std::shared_lock guard(core.branches_mutex);
    for (const auto& [name, branch] : core.branches)
      tips.emplace_back(name, branch->tip().snapshot.commit);
  }
  for (const auto& [name, tip] : tips) {
    for (const Chain& chain : closed_chains(core, name, 0)) {
      if (!core.history.ensure(core.store, chain.newest)) continue;
      const auto after = core.history.oldest_after(tip, time_of(core, chain.newest));
      if (after && rolled_up_by(core, *after) == chain.newest)
        found.push_back({*after, chain.newest});
    }
  }
  return found;
}

bool holds(const Core& core, const std::vector<RolledUp>& all, const Oid& tip, const Oid& commit) {
  if (core.history.is_ancestor(commit, tip)) return true;
  return std::any_of(all.begin(), all.end(), [&](const RolledUp& each) {
    return core.history.is_ancestor(each.roll_up, tip) &&
           core.history.is_ancestor(commit, each.newest);
  });
}

// `tip`, and what roll-ups that it has and `other` has not stand for.
std::vector<Oid> with_rolled_up(const Core& core, const std::vector<RolledUp>& all, const Oid& tip,
                                const Oid& other) {
  std::vector<Oid> tips{tip};
  for (const RolledUp& each : all) {
    if (core.history.is_ancestor(each.roll_up, tip) &&
        !core.history.is_ancestor(each.roll_up, other))
      tips.push_back(each.newest);
  }
  return tips;
}

Result<void> append_now(Core& core, const std::vector<store::RefUpdate>& refs) {
  const store::PendingObjects none(core.store);
  TRY_ASSIGN(const uint64_t sequence, core.store.append(none, refs));
  return wait_durable(core, sequence);
}

// Where refs/heads/<branch> or the live chain are not what the branch is at, because another
// program moved the former.
Result<void> settle_chain(Core& core, Branch& branch) {
  const std::lock_guard queue(branch.queue());
  const FineChain& fine = branch.fine();
  if (fine.number == 0 || branch.broken()) return {};
  std::vector<store::RefUpdate> refs;
  const Oid tip = branch.tip().snapshot.commit;
  const Oid chain = core.store.ref(fine.ref).value_or(Oid{});
  const Oid head = core.store.ref(branch.ref_name()).value_or(Oid{});
  if (chain != tip) refs.push_back({fine.ref, chain, tip});
  if (head != fine.rolled_up) {
    const std::string parked = std::string(git::kForeignRefs) + branch.name() + "/" + head.hex();
    if (!core.store.ref(parked)) refs.push_back({parked, Oid{}, head});
    refs.push_back({branch.ref_name(), head, fine.rolled_up});
    core.log.write(
        LogLevel::kWarning,
        "branch \"" + branch.name() + "\" is set back; commit " + head.hex() +
            " of another program is kept as \"" + parked +
            "\": the branch has a history policy and newer commits that it does not follow");
  }
  if (refs.empty()) return {};
  return append_now(core, refs);
}

}  // namespace

bool has_fine_chains(const Core& core) {
  return !core.store.refs(git::kFineRefs).empty() || !core.store.refs(git::kKeptRefs).empty();
}

Error has_history_policy(std::string_view branch) {
  return Error(ErrorCode::kObjectNotInState,
               fmt::format("branch \"{}\" has a history policy: it only goes forward", branch));
}

Result<std::shared_ptr<Branch>> open_branch(Core& core, const store::RefEntry& ref) {
  // The index takes a commit only behind its parents: without a branch's first ones it would miss
  // all that come.
  ignore_error(core.history.ensure(core.store, ref.value),
               "a branch that cannot be read is reported when it is used");
  const std::string name = ref.name.substr(git::kBranchRefs.size());
  const std::vector<Chain> chains = chains_in(core, git::kFineRefs, name);
  FineChain fine;
  Oid at = ref.value;
  if (!chains.empty()) {
    const Chain& live = chains.back();
    TRY(core.history.ensure(core.store, live.newest));
    for (const Chain& chain : closed_chains(core, name, live.number)) {
      ignore_error(core.history.ensure(core.store, chain.newest),
                   "a chain that cannot be read is not used");
    }
    fine.number = live.number;
    fine.ref = live.ref;
    fine.rolled_up = ref.value;
    if (!core.history.is_ancestor(live.newest, ref.value)) {
      // Fine commits that refs/heads/<branch> lacks. One that another program made beside them is
      // not theirs to follow.
      at = live.newest;
      const auto bases = core.history.merge_bases(ref.value, live.newest);
      if (std::find(bases.begin(), bases.end(), ref.value) == bases.end())
        fine.rolled_up = bases.empty() ? live.newest : bases[0];
    }
    TRY_ASSIGN(fine.since_us, interval_start(core, fine.rolled_up));
  }
  TRY_ASSIGN(const Head head, core.head_of(at));
  auto branch = std::make_shared<Branch>(name, head, ++core.branch_numbers);
  branch->set_fine(std::move(fine));
  return branch;
}

Result<void> settle_fine_chains(Core& core) {
  if (core.store.read_only()) return {};
  std::vector<store::RefUpdate>
      left;  // Of branches that are gone: no branch made under the name later begins there.
  std::map<std::string, bool, std::less<>> parts;
  for (const auto& [name, branch] : core.branches) {
    parts.emplace(ref_part(name), true);
    TRY(settle_chain(core, *branch));
  }
  for (const store::RefEntry& ref : core.store.refs(git::kFineRefs)) {
    const std::string rest = ref.name.substr(git::kFineRefs.size());
    const std::string kept = std::string(git::kKeptRefs) + rest;
    if (parts.contains(rest.substr(0, rest.find('/')))) continue;
    left.push_back({ref.name, ref.value, Oid{}});
    if (!core.store.ref(kept)) left.push_back({kept, Oid{}, ref.value});
  }
  if (left.empty()) return {};
  return append_now(core, left);
}

Result<void> roll_up_if_due(Core& core, Branch& branch) {
  const FineChain& fine = branch.fine();
  if (fine.number == 0 || fine.policy.every_us == 0 ||
      branch.tip().snapshot.commit == fine.rolled_up)
    return {};
  if (core.clock.now_us() - fine.since_us < fine.policy.every_us) return {};
  return roll_up(core, branch);
}

std::vector<store::RefUpdate> end_of_chains(const Core& core, std::string_view branch) {
  std::vector<store::RefUpdate> refs;
  for (const Chain& chain : closed_chains(core, branch, 0))
    refs.push_back({chain.ref, chain.newest, Oid{}});
  return refs;
}

std::vector<store::RefUpdate> rename_chains(const Core& core, std::string_view from,
                                            std::string_view to) {
  std::vector<store::RefUpdate> refs;
  uint64_t number = 0;
  for (const Chain& chain : closed_chains(core, to, 0)) number = std::max(number, chain.number);
  for (const Chain& chain : closed_chains(core, from, 0)) {
    refs.push_back({chain.ref, chain.newest, Oid{}});
    refs.push_back({chain_ref(git::kKeptRefs, to, ++number), Oid{}, chain.newest});
  }
  return refs;
}

std::optional<Oid> kept_chain(const Core& core, const Oid& commit) {
  const auto newest = rolled_up_by(core, commit);
  if (!newest) return std::nullopt;
  for (const std::string_view folder : {git::kFineRefs, git::kKeptRefs}) {
    for (const store::RefEntry& ref : core.store.refs(folder)) {
      // A message may claim anything: what it names must be of the same content, and older.
      if (ref.value != *newest) continue;
      const auto rolled = read_commit(core, *newest);
      const auto by = read_commit(core, commit);
      if (rolled && by && rolled->tree == by->tree &&
          git::commit_time_us(*rolled) < time_of(core, commit))
        return newest;
    }
  }
  return std::nullopt;
}

Result<void> set_history_policy(Core& core, std::string_view name, const HistoryPolicy& policy) {
  TRY_ASSIGN(const auto branch, core.get_branch(name));
  if (branch->broken()) return Error(*branch->broken());
  uint64_t sequence = 0;
  {
    const std::lock_guard queue(branch->queue());
    if (branch->dropped())
      return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", name));
    FineChain fine = branch->fine();
    fine.policy = policy;
    if (fine.number == 0) {
      const Oid tip = branch->tip().snapshot.commit;
      for (const Chain& chain : closed_chains(core, name, 0))
        fine.number = std::max(fine.number, chain.number);
      fine.ref = chain_ref(git::kFineRefs, name, ++fine.number);
      fine.rolled_up = tip;
      fine.since_us = core.clock.now_us();
      const store::PendingObjects none(core.store);
      TRY_ASSIGN(sequence, core.store.append(none, {{fine.ref, Oid{}, tip}}));
    }
    branch->set_fine(std::move(fine));
  }
  if (sequence != 0) TRY(wait_durable(core, sequence));
  return {};
}

Result<bool> drop_history_policy(Core& core, std::string_view name) {
  TRY_ASSIGN(const auto branch, core.get_branch(name));
  uint64_t sequence = 0;
  {
    const std::lock_guard queue(branch->queue());
    if (branch->dropped())
      return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", name));
    const FineChain& fine = branch->fine();
    if (fine.number == 0) return false;
    const Oid tip = branch->tip().snapshot.commit;
    std::vector<store::RefUpdate> refs{{fine.ref, tip, Oid{}}};
    if (tip != fine.rolled_up) refs.push_back({branch->ref_name(), fine.rolled_up, tip});
    for (const Chain& chain : chains_in(core, git::kFineRefs, name)) {
      if (chain.number == fine.number) continue;
      refs.push_back({chain.ref, chain.newest, Oid{}});
      refs.push_back({chain_ref(git::kKeptRefs, name, chain.number), Oid{}, chain.newest});
    }
    const store::PendingObjects none(core.store);
    TRY_ASSIGN(sequence, core.store.append(none, refs));
    branch->set_fine({});
  }
  TRY(wait_durable(core, sequence));
  return true;
}

Result<void> roll_up_due(Core& core) {
  if (core.store.read_only()) return {};
  std::vector<std::shared_ptr<Branch>> all;
  {
    const std::shared_lock guard(core.branches_mutex);
    for (const auto& [name, branch] : core.branches) all.push_back(branch);
  }
  for (const auto& branch : all) {
    const std::lock_guard queue(branch->queue());
    if (!branch->dropped() && !branch->broken()) TRY(roll_up_if_due(core, *branch));
  }
  return {};
}

std::vector<Oid> merge_bases(Core& core, const Oid& a, const Oid& b) {
  const std::vector<RolledUp> rolled = kept_roll_ups(core);
  if (rolled.empty()) return core.history.merge_bases(a, b);
  std::vector<Oid> all;
  for (const Oid& ours : with_rolled_up(core, rolled, a, b)) {
    for (const Oid& theirs : with_rolled_up(core, rolled, b, a)) {
      for (const Oid& base : core.history.merge_bases(ours, theirs)) {
        if (std::find(all.begin(), all.end(), base) == all.end()) all.push_back(base);
      }
    }
  }
  std::vector<Oid> best;
  for (const Oid& base : all) {
    const bool is_older = std::any_of(all.begin(), all.end(), [&](const Oid& other) {
      return other != base && holds(core, rolled, other, base);
    });
    if (!is_older) best.push_back(base);
  }
  std::sort(best.begin(), best.end(), [&](const Oid& x, const Oid& y) {
    return std::pair(time_of(core, x), x) > std::pair(time_of(core, y), y);
  });
  return best;
}

std::vector<Oid> held_tips(Core& core, const Oid& tip) {
  std::vector<Oid> tips{tip};
  for (const RolledUp& each : kept_roll_ups(core)) {
    if (core.history.is_ancestor(each.roll_up, tip)) tips.push_back(each.newest);
  }
  return tips;
}

}  // namespace rowan::txn
