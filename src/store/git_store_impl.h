// GitStore: the ObjectStore on a bare Git repository. Internal to the room; callers use
// git_store.h.
//
// Locks, in the order in which they may be taken together:
//   checkpoint_mutex_ -> append_mutex_ -> Journal's -> (refs_mutex_ | work_mutex_ | a shard of
//   index_)
// No lock is held while the foreign handler runs, and append_mutex_ never while waiting for room in
// the journal.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "git/ref_names.h"
#include "git/repository.h"
#include "store/file_system.h"
#include "store/git_store.h"
#include "store/journal.h"
#include "store/journal_index.h"
#include "store/lock_file.h"
#include "store/node_cache.h"
#include "store/pack_set.h"
#include "store/pack_writer.h"
#include "store/private_packs.h"
#include "store/ref_files.h"
#include "store/ref_watch.h"
#include "store/remembered_refs.h"

namespace rowan::store {

// As open_git_store, on other file operations than the real ones (tests).
Result<std::unique_ptr<ObjectStore>> open_git_store_on(const std::filesystem::path& dir,
                                                       const GitStoreOptions& options,
                                                       FileSystem& files);

// As init_git_store, with the journal sizes of `options`.
Result<void> init_git_store_with(const std::filesystem::path& dir, std::string_view branch,
                                 const GitStoreOptions& options);

JournalOptions journal_options(const std::filesystem::path& dir, const GitStoreOptions& options);

// The ref that names the last commit of a branch ("refs/heads/main") that sessions may see.
inline std::string good_ref(std::string_view branch) {
  return std::string(git::kGoodRefs) + std::string(branch.substr(git::kBranchRefs.size()));
}

class GitStore final : public ObjectStore {
 public:
  bool is_boundary(const Oid& commit) const override { return boundary_.contains(commit); }
  std::vector<Oid> boundary() const override { return {boundary_.begin(), boundary_.end()}; }
  static Result<std::unique_ptr<GitStore>> open(const std::filesystem::path& dir,
                                                const GitStoreOptions& options, FileSystem& files);
  ~GitStore() override;

  Result<ObjectRef> read(const Oid& id) const override;
  bool contains(const Oid& id) const override;
  std::vector<Oid> find_prefix(std::string_view hex, size_t limit) const override;
  std::optional<Oid> ref(std::string_view name) const override;
  std::vector<RefEntry> refs(std::string_view prefix) const override;
  std::vector<UnverifiedBranch> unverified_branches() const override;
  void mark_verified(std::string_view name) override;
  Result<uint64_t> append(const PendingObjects& objects,
                          const std::vector<RefUpdate>& refs) override;
  Result<void> wait_durable(uint64_t sequence) override;
  uint64_t durable_sequence() const override;
  Result<std::unique_ptr<BulkWriter>> begin_bulk() override;
  Result<void> checkpoint() override;
  Result<void> maintain() override;
  void set_foreign_handler(std::function<void(const ForeignMove&)> handler) override;
  bool read_only() const override { return options_.read_only; }
  StoreStats stats() const override;
  NodeCache& cache() const override { return *cache_; }

  const JournalIndex& journal_index() const { return index_; }
  void add_bulk_pack(const WrittenPack& pack, std::vector<Oid> ids,
                     const std::optional<PrivatePacks::Hold>& hold);

 private:
  Result<void> find_limits();  // recovery.cc
  static ObjectRef without_parents(const ObjectRef& commit);

  // A transaction whose objects are in the journal but in no published pack yet.
  struct LoggedRecord {
    uint64_t sequence = 0;
    std::vector<PendingObjects::Entry> objects;
    std::vector<RefUpdate> refs;
  };
  using Records = std::vector<std::shared_ptr<const LoggedRecord>>;
  // What an object takes in memory until it is published: itself, and its places in the record and
  // in the index.
  static size_t memory_of(const PendingObjects::Entry& entry) {
    constexpr size_t kPlacesBytes = 300;
    return entry.object.bytes.size() + kPlacesBytes;
  }

  GitStore(const std::filesystem::path& dir, const GitStoreOptions& options, FileSystem& files);

  Result<void> start();
  // recovery.cc
  void remove_temporary_files();
  Result<void> recover();
  void adopt_scan(JournalScan& scan);
  Result<void> find_unverified(const JournalScan& scan);
  void find_deleted(const std::set<std::string, std::less<>>& journalled);
  Result<void> mend_head();
  void find_stale_keeps();
  // git_store.cc
  Result<void> check_refs(const std::vector<RefUpdate>& refs) const;
  Result<std::vector<PendingObjects::Entry>> spill(
      const std::vector<PendingObjects::Entry>& objects, const std::vector<RefUpdate>& refs,
      PrivatePacks::Hold& spilled);
  void remember(uint64_t sequence, uint64_t epoch,
                const std::vector<PendingObjects::Entry>& objects,
                const std::vector<RefUpdate>& refs);
  bool is_above_bound() const;
  Result<void> wait_for_room();
  void release_keep(const std::filesystem::path& stem);
  std::filesystem::path pack_folder() const { return dir_ / "objects" / "pack"; }
  std::filesystem::path own_folder() const { return dir_ / "rowan"; }

  // checkpoint.cc
  Result<void> checkpoint_round(bool look_at_refs, std::vector<ForeignMove>& moves);
  Result<void> checkpoint_pass(std::vector<ForeignMove>& moves);
  // kIoError once another folder stands where this one was opened: nothing may be written there.
  Result<void> check_in_place() const;
  // The same, asked often: looked at every so many milliseconds.
  Result<void> check_in_place_lately();
  Result<void> write_records(const Records& records);
  Result<void> publish_refs(const Records& records, std::vector<ForeignMove>& moves);
  Result<void> settle(const std::string& name, const Oid& before, const Oid& now);
  Result<void> scan_refs(std::vector<ForeignMove>& moves);
  Result<void> note_foreign(const std::string& name, const Oid& published, const Oid& found,
                            std::vector<ForeignMove>& moves);
  std::optional<std::string> head_to_remember() const;
  void remember_refs();
  void add_good(std::vector<RefChange>& changes);
  void adopt_ref(const std::string& name, const Oid& value);
  void deliver(const std::vector<ForeignMove>& moves);
  Result<void> settle_private_packs(const Records& records);
  void run_checkpointer();
  void run_watcher();
  void care(bool has_moved, bool wants_maintenance, std::vector<ForeignMove>& moves);
  void close();

  const std::filesystem::path dir_;
  const GitStoreOptions options_;
  FileSystem& files_;
  Log& log_;
  git::Library library_;
  // Fixed since open.
  std::set<Oid> boundary_;  // Commits whose parents a shallow clone does not have.
  bool partial_ = false;    // A remote keeps objects back (git clone --filter).
  std::optional<LockFile> lock_;
  std::atomic<int64_t> in_place_at_us_{0};  // When that was seen last.
  std::unique_ptr<NodeCache> cache_;
  std::unique_ptr<PackSet> packs_;
  std::unique_ptr<Journal> journal_;  // nullptr when read-only.
  JournalIndex index_;
  size_t record_bytes_max_ = 0;
  mutable std::atomic<uint64_t> objects_read_{0};
  std::atomic<uint64_t> commits_appended_{0};
  std::atomic<uint64_t> published_{0};

  std::mutex append_mutex_;  // Orders transactions; refs_ changes only under it.
  uint64_t last_epoch_ = 0;  // GUARDED_BY(append_mutex_)
  mutable std::shared_mutex refs_mutex_;
  RefMap refs_;  // GUARDED_BY(refs_mutex_): as the last transaction left them.
  std::set<std::string, std::less<>>
      unverified_;                              // Branches that moved while the store was closed.
  RefMap deleted_;  // Those that are not there any more, and where they were.
  // Branches whose refs/rowan/good/<branch> is not what settled_ says of them.
  std::set<std::string, std::less<>> good_due_;

  mutable std::mutex work_mutex_;  // Guards down to moves_.
  std::deque<std::shared_ptr<const LoggedRecord>> records_;
  uint64_t record_bytes_ = 0;  // Of memory_of.
  std::chrono::steady_clock::time_point oldest_at_;  // When records_ became non-empty.
  bool is_urgent_ = false;
  bool is_stopping_ = false;
  bool wants_maintenance_ = false;
  uint64_t rounds_ = 0;               // Checkpoints that ended, well or not.
  std::optional<Error> round_error_;  // Of the last one.
  std::vector<ForeignMove> moves_;    // To be told by the watcher.
  std::shared_ptr<const std::function<void(const ForeignMove&)>> handler_;
  std::condition_variable work_wake_;
  std::condition_variable room_wake_;

  PrivatePacks private_packs_;
  std::mutex checkpoint_mutex_;  // Guards down to stale_keeps_.
  RefFiles ref_files_;
  RefMap settled_;  // Our values as of the last checkpoint.
  RefMap seen_;     // What Git had when we last looked; foreign values are parked.
  std::set<std::string, std::less<>>
      republish_;           // Refs to be set to our value though nothing was appended.
  std::string remembered_text_;  // What DIR/rowan/refs holds,
  RememberedRefs remembered_;    // and what that says.
  std::vector<std::filesystem::path> stale_keeps_;  // Packs to release after the next checkpoint.

  std::mutex maintain_mutex_;
  std::unique_ptr<RefWatch> watch_;
  std::thread checkpointer_;
  std::thread watcher_;
};

}  // namespace rowan::store
