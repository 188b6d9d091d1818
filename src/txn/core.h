// What the parts of this room share: branches with their heads, and the manager's common state. Not
// for other rooms.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "derived/history_index.h"
#include "derived/index.h"
#include "derived/row_counts.h"
#include "git/ref_names.h"
#include "txn/lock_manager.h"
#include "txn/sequences.h"
#include "txn/transaction.h"

namespace rowan::txn {

// A commit on a branch. `unlocked` grows with every commit that changed rows without holding their
// locks (bulk loads, truncation, foreign moves): between heads with equal numbers, a row that a
// transaction has locked did not move.
struct Head {
  Snapshot snapshot;
  uint64_t unlocked = 0;
};

// Under a history policy a branch's commits move a ref of their own, and refs/heads/<branch> stays
// at the last roll-up (history_policy.cc).
struct FineChain {
  uint64_t number = 0;   // 0: no policy; commits move refs/heads/<branch> itself.
  std::string ref;       // "refs/rowan/fine/<branch>/<number>".
  Oid rolled_up;         // Where refs/heads/<branch> is.
  int64_t since_us = 0;  // When the interval began.
  HistoryPolicy policy;
};

struct CommitTurn;  // commit.cc

// Transactions that came to a branch while another was building its commit. One thread builds for
// all of them, one after the other, and waits for the disk for all of them: a session sleeps once
// for a commit, and the newest nodes stay with one core.
struct CommitTurns {
  std::mutex mutex;                  // Guards what follows.
  std::vector<CommitTurn*> waiting;  // By arrival.
  bool led = false;                  // A thread is building, or was told to.
};

class Branch {
 public:
  Branch(std::string name, const Head& head, uint64_t number)
      : name_(std::move(name)),
        ref_name_(git::branch_ref(name_)),
        number_(number),
        tip_(head),
        durable_(head) {}

  const std::string& name() const { return name_; }
  const std::string& ref_name() const { return ref_name_; }  // "refs/heads/<name>".
  uint64_t number() const { return number_; }                // Salts the names of its locks.

  Head tip() const;
  Head durable(const store::ObjectStore& store);
  // The newest head that is durable or was acknowledged before, but not older than the commit with
  // that sequence.
  Head readable(const store::ObjectStore& store, uint64_t own_sequence);
  // Before anybody is told that the commit with that sequence is made: from now on all read it,
  // also where nobody waited for the disk (synchronous_commit = normal or off).
  void acknowledge(uint64_t sequence);

  // The commit queue: whoever holds it builds the next commit. Nothing waits for a lock or a disk
  // inside.
  std::mutex& queue() { return queue_; }
  CommitTurns& turns() { return turns_; }
  SequenceCounters& sequences() { return sequences_; }
  // Before a commit is appended: afterwards advance() needs no memory. Requires: queue() held.
  void make_room();
  void advance(const Head& head, const store::ObjectStore& store);  // Requires: queue() held.
  // After a failed flush: what is not durable is forgotten. Requires: queue() held.
  void fall_back(const store::ObjectStore& store, uint64_t schema_generation);
  const FineChain& fine() const { return fine_; }  // Requires: queue() held, as the next three.
  void set_fine(FineChain fine) { fine_ = std::move(fine); }
  // The ref that commits move.
  const std::string& moving_ref() const { return fine_.number == 0 ? ref_name_ : fine_.ref; }
  bool dropped() const { return dropped_; }  // Requires: queue() held, as the next.
  void drop() { dropped_ = true; }
  // Why the branch's content cannot be used; fixed before the branch is shared.
  const std::optional<Error>& broken() const { return broken_; }
  void set_broken(Error error) { broken_.emplace(std::move(error)); }

 private:
  void settle(const store::ObjectStore& store);  // Requires: heads_ held.

  const std::string name_;
  const std::string ref_name_;
  const uint64_t number_;
  std::mutex queue_;
  CommitTurns turns_;
  SequenceCounters sequences_;
  FineChain fine_;  // Guarded by queue_, as the next.
  bool dropped_ = false;
  std::optional<Error> broken_;  // Fixed before the branch is shared.
  mutable std::mutex heads_;     // Guards what follows; held for some instructions only.
  Head tip_;
  Head durable_;
  std::list<Head> unflushed_;  // Commits after durable_, oldest first.
  std::list<Head> room_;       // For the next of them.
  uint64_t acknowledged_ = 0;
};

struct TransactionBody;

struct Core {
  Core(store::ObjectStore& the_store, const Clock& the_clock, const ManagerOptions& the_options);
  ~Core();

  std::shared_ptr<Branch> find_branch(std::string_view name) const;
  Result<std::shared_ptr<Branch>> get_branch(std::string_view name) const;  // kUndefinedBranch.
  uint64_t fresh_generation() { return ++generations; }
  // A commit's tree and effective time, as a head of its own generation.
  Result<Head> head_of(const Oid& commit, const store::ObjectReader* objects = nullptr);
  std::filesystem::path sequence_notes_file() const {  // Empty: none is kept.
    return options.derived_folder.empty() ? std::filesystem::path()
                                          : options.derived_folder / "sequences";
  }
  // Empty: none is read. Where history ends early today it may go on tomorrow (git fetch
  // --unshallow), so nothing is kept of it.
  std::filesystem::path history_file() const {
    if (!store.boundary().empty()) return {};
    return options.derived_folder.empty() ? options.history_to_read
                                          : options.derived_folder / "history";
  }
  // A flush failed: every branch falls back to what is durable.
  void fall_back_all();
  int64_t commit_time(int64_t after);  // As the Manager's.

  store::ObjectStore& store;
  const Clock& clock;
  const ManagerOptions options;
  Log& log;
  derived::RowCounts row_counts;
  derived::HistoryIndex history;
  derived::Indexes indexes;
  LockManager locks;
  std::atomic<uint64_t> generations = 0;
  std::atomic<uint64_t> branch_numbers = 0;
  std::atomic<int64_t> newest_time_us = 0;  // By the clock, of commit_time.
  std::atomic<int64_t> times_ahead = 0;     // That it gave where parents are ahead of the clock.

  mutable std::shared_mutex branches_mutex;
  std::map<std::string, std::shared_ptr<Branch>, std::less<>> branches;

  std::shared_mutex listener_mutex;
  std::function<void(const CommitEvent&)> listener;

  std::mutex pool_mutex;  // Guards the states of finished transactions, kept for the next ones.
  std::vector<std::unique_ptr<TransactionBody>> pool;

  std::mutex known_mutex;  // Guards the snapshots of commits that were asked for by id.
  std::unordered_map<Oid, Snapshot, OidHash> known;
};

// What another program made of branches (foreign_tips.cc), as the Manager's.
std::vector<MovedBranch> moved_branches(Core& core);
Result<void> settle_moved(Core& core, const MovedBranch& moved, const ForeignTip& answer);
Result<void> take_over(Core& core, const ForeignTip& foreign);

// Waits until the record is on disk. When that fails, every branch falls back and the outcome is
// unknown (commit.cc).
Result<void> wait_durable(Core& core, uint64_t sequence);

// History policies (history_policy.cc).
// The branch that the ref stands for, at its newest fine commit when it has any.
Result<std::shared_ptr<Branch>> open_branch(Core& core, const store::RefEntry& head);
// After all branches are open and verified: refs that another program moved while nobody looked
// come to agree with what branches are at.
Result<void> settle_fine_chains(Core& core);
// Rolls up when the branch's interval has passed and there are fine commits. Requires: the branch's
// queue held.
Result<void> roll_up_if_due(Core& core, Branch& branch);
// The updates that delete the refs of a branch's fine chains, or hand those of a branch without a
// policy to its new name.
std::vector<store::RefUpdate> end_of_chains(const Core& core, std::string_view branch);
std::vector<store::RefUpdate> rename_chains(const Core& core, std::string_view from,
                                            std::string_view to);
Error has_history_policy(std::string_view branch);
// The newest of the fine commits that `commit` rolled up, when they are kept.
std::optional<Oid> kept_chain(const Core& core, const Oid& commit);
bool has_fine_chains(const Core& core);
// As the Manager's.
Result<void> set_history_policy(Core& core, std::string_view branch, const HistoryPolicy& policy);
Result<bool> drop_history_policy(Core& core, std::string_view branch);
Result<void> roll_up_due(Core& core);
std::vector<Oid> merge_bases(Core& core, const Oid& a, const Oid& b);
std::vector<Oid> held_tips(Core& core, const Oid& tip);

// As the Manager's (tree_commit.cc).
Result<CommitOutcome> commit_tree(Core& core, const TreeCommit& commit);
Result<CommitOutcome> move_branch(Core& core, const BranchMove& move);
Result<void> update_refs(Core& core, const store::PendingObjects* objects,
                         const std::vector<store::RefUpdate>& refs, store::SyncMode sync);

// A branch's name as one part of a ref's (reflog.cc): the refs of "a" and of "a/1" must not stand
// in each other's way.
std::string ref_part(std::string_view branch);

// Reflogs (reflog.cc), as the Manager's.
Result<store::RefUpdate> reflog_entry(Core& core, store::PendingObjects& objects,
                                      std::string_view branch, const Oid& from, const Oid& to,
                                      const git::Signature& author, std::string_view what);
Result<std::vector<store::RefUpdate>> rename_reflog(Core& core, store::PendingObjects& objects,
                                                    std::string_view from, std::string_view to,
                                                    const git::Signature& author);
Result<void> walk_reflog(Core& core, std::string_view branch,
                         const std::function<Result<bool>(const ReflogEntry&)>& visit);
// The commit that the branch was at `n` moves ago. kUndefinedRevision.
Result<Oid> reflog_commit(Core& core, std::string_view branch, uint64_t n);

// Revisions (revision.cc).
Result<Oid> resolve_revision(Core& core, std::string_view revision, std::string_view branch);
Result<Oid> revision_at(Core& core, int64_t time_us, const Oid& from);

}  // namespace rowan::txn
