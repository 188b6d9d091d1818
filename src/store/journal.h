// Journal: the files that make a transaction durable with one write and one sync, and group commit
// over them.
//
// Files DIR/rowan/journal/NNNN hold a head (journal_head.h) and behind it records (journal_record.h),
// one after the other. A file has its head, and is entered in the state, before its first record. It
// is used under an epoch of its own, so that what an earlier use left behind never counts. A file is synced
// before its successor is written. The bytes of objects are not kept here: the store holds on to
// those its callers made.
//
// Threads: append, wait, sync_to and published may be called from any thread.
// Errors:  kDiskFull when a file cannot be had (nothing happened); after a failed write or sync
// every call fails.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "store/file_system.h"
#include "store/journal_record.h"
#include "store/journal_scan.h"
#include "store/object_store.h"
#include "store/store_state.h"

namespace rowan::store {

struct JournalOptions {
  std::filesystem::path folder;      // DIR/rowan/journal.
  std::filesystem::path state_path;  // DIR/rowan/state.
  size_t file_bytes = 0;
  size_t first_file_bytes = 0;
  SyncMode sync = SyncMode::kOn;
  bool background = true;  // The threads that flush lazily and prepare files.
};

class Journal {
 public:
  // Makes the folder with its first file, and the state.
  static Result<void> create(FileSystem& files, const JournalOptions& options, uint64_t key);
  Journal(FileSystem& files, Log& log, JournalOptions options, const StoreState& state,
          const JournalScan& scan);
  Result<void> start();  // The threads.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Takes the encoded record into the buffer of the next flush and gives its sequence; nothing when
  // every file is full.
  Result<std::optional<uint64_t>> append(std::string& record, RecordHead& head);

  Result<void> wait_durable(uint64_t sequence);  // By the promise of the sync mode.
  Result<void> sync_to(uint64_t sequence);       // Truly on the disk, whatever the mode.
  uint64_t durable_sequence() const { return durable_.load(std::memory_order_acquire); }
  uint64_t last_sequence() const { return last_.load(std::memory_order_acquire); }

  // Everything up to `sequence` is in packs and refs: remembers that durably and frees files.
  Result<void> published(uint64_t sequence);
  // The last word before destruction: with `clean`, the next open reads no journal file, and only
  // the smallest one stays.
  Result<void> close(bool clean);

  size_t full_files() const;  // Files that are full and not yet published.
  uint64_t flushes() const { return flushes_.load(std::memory_order_relaxed); }
  // What was appended could not be made known for want of memory: nothing more is taken until the
  // store is opened again.
  void give_up();
  std::optional<Error> failure() const;

 private:
  struct JournalFile {
    uint32_t number = 0;
    uint64_t bytes = 0;  // Allocated.
    uint64_t used = 0;
    uint64_t epoch = 0;  // 0: free.
    uint64_t last_sequence = 0;
    uint64_t id = 0;             // In its head; 0: it has none yet.
    bool is_entered = false;     // In the state, as the disk has it.
    std::unique_ptr<File> file;  // Opened at first use.
  };
  // What one write brings to one file.
  struct Batch {
    JournalFile* file;
    uint64_t offset;
    std::string bytes;
  };
  // A thread that waits. Pooled, so that one may be woken after its thread has gone on.
  struct Waiter {
    std::mutex mutex;
    std::condition_variable wake;
    bool woken = false;     // GUARDED_BY(mutex)
    uint64_t sequence = 0;  // GUARDED_BY(Journal::mutex_), as is needs_sync.
    bool needs_sync = false;
    Waiter* next = nullptr;  // Of those that are woken together.
  };
  using Lock = std::unique_lock<std::mutex>;

  std::filesystem::path path_of(uint32_t number) const;
  bool has_room(size_t bytes) const;
  Result<bool> rotate(size_t bytes);  // False: no file is free and none may be made.
  Result<JournalFile*> make_file(size_t bytes_min);
  Result<void> write_head(JournalFile& file);
  Result<void> enter(JournalFile& file);
  Result<void> take_in(std::unique_ptr<JournalFile> file);
  Result<void> open_file(JournalFile& file);
  Result<void> wait(uint64_t sequence, bool needs_sync);
  void flush(Lock& lock, bool with_sync);
  Result<void> write_batches(std::vector<Batch>& batches, bool with_sync);
  void note_failure(const Error& error);
  void keep_buffers(std::vector<Batch>& batches);
  void wake_waiters(Lock& lock);
  static void wake(Waiter& waiter);
  bool is_done(uint64_t sequence, bool needs_sync) const;
  StoreState state_now() const;
  void run_flusher();
  void run_preparer();
  Result<std::unique_ptr<JournalFile>> prepare_file(uint32_t number, uint64_t bytes);
  const JournalFile* choose_kept() const;
  void remove_spare_files();

  FileSystem& files_;
  Log& log_;
  const JournalOptions options_;

  mutable std::mutex mutex_;  // Guards all below but the atomics.
  std::vector<std::unique_ptr<JournalFile>> all_;
  JournalFile* current_ = nullptr;
  JournalFile* unsynced_ = nullptr;  // Has writes that were not synced. Only the leader touches it.
  std::vector<Batch> pending_;
  std::vector<std::string> spare_buffers_;
  std::deque<Waiter*> waiters_;  // By arrival.
  std::vector<std::unique_ptr<Waiter>> waiter_pool_;
  std::vector<Waiter*> waiters_free_;
  bool flushing_ = false;
  std::optional<Error> failure_;
  StoreState state_;
  bool state_is_dirty_ = false;  // The state on disk says so: not clean.
  uint64_t next_epoch_ = 0;
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
  std::atomic<uint64_t> last_{0};
  std::atomic<uint64_t> durable_{0};
  std::atomic<uint64_t> flushes_{0};

  std::mutex state_mutex_;  // Taken before mutex_; held while the state file is written.
  bool stop_ = false;
  bool is_closed_ = false;  // The state on disk says: clean. GUARDED_BY(state_mutex_)
  const JournalFile* kept_ = nullptr;  // Then: the one file that stays.
  bool is_preparing_ = false;
  bool is_file_wanted_ = false;      // The preparer has something to do.
  bool was_file_asked_for_ = false;  // Since the last rotation.
  std::condition_variable flusher_wake_;
  std::condition_variable preparer_wake_;
  std::thread flusher_;
  std::thread preparer_;
};

}  // namespace rowan::store
