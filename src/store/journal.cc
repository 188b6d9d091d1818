#include "store/journal.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/caught.h"
#include "base/ensure.h"
#include "base/limits.h"
#include "base/thread.h"
#include "store/journal_head.h"

namespace rowan::store {

namespace {

constexpr auto kFlushEvery = std::chrono::milliseconds(5);  // synchronous_commit = normal and off.
constexpr size_t kPendingBytesMax = 1u << 20;  // Above this somebody must flush, wanted or not.
constexpr size_t kSpareBuffersMax = 2;
constexpr size_t kSpareBufferBytesMax = 4u << 20;
constexpr size_t kPrepareStepBytes = 1u << 20;
constexpr size_t kSmallFileBytes = 1u << 20;
constexpr uint64_t kFileGrowth =
    4;  // From the small first file on, so that a short session prepares little.
// The state on disk is ahead of the epochs in use by this much; a journal has far fewer files.
constexpr uint64_t kEpochReserve = 64;
static_assert(kEpochReserve > 2 * kJournalFilesMax);
constexpr const char* kNoMemory = "out of memory";  // Short enough to be written down without any.
static_assert(kEnteredFilesMax >= 4 * kJournalFilesMax);

// A file with its head and zeros behind it, all of it on the disk.
Result<std::unique_ptr<File>> make_zeroed(FileSystem& files, const std::filesystem::path& path,
                                          OpenMode mode, const JournalHead& head, uint64_t bytes) {
  TRY_ASSIGN(auto file, files.open(path, mode));
  TRY(file->write(encode_journal_head(head), 0));
  const std::string zeros(std::min<uint64_t>(bytes, kPrepareStepBytes), '\0');
  for (uint64_t at = kJournalHeadBytes; at < bytes; at += zeros.size()) {
    TRY(file->write(Bytes(zeros).substr(0, bytes - at), at));
  }
  TRY(file->sync());
  return file;
}

}  // namespace

Result<void> Journal::create(FileSystem& files, const JournalOptions& options, uint64_t key) {
  TRY(files.make_folder(options.folder));
  const JournalHead head = new_journal_head(1, key);
  const uint64_t bytes = std::max<uint64_t>(options.first_file_bytes, 2 * kJournalHeadBytes);
  TRY(make_zeroed(files, options.folder / "0001", OpenMode::kCreateNew, head, bytes));
  TRY(files.sync_folder(options.folder));
  StoreState state;
  state.key = key;
  state.live_epoch = key + 1;
  state.next_epoch = key + 1;
  state.files = {{head.number, head.id, bytes}};
  return write_state(files, options.state_path, state);
}

Journal::Journal(FileSystem& files, Log& log, JournalOptions options, const StoreState& state,
                 const JournalScan& scan)
    : files_(files), log_(log), options_(std::move(options)), state_(state) {
  for (const ScannedFile& seen : scan.files) {
    auto file = std::make_unique<JournalFile>();
    file->number = seen.number;
    file->bytes = seen.bytes;
    file->id = seen.id;
    file->is_entered = std::any_of(state.files.begin(), state.files.end(), [&](const auto& each) {
      return each.number == seen.number && each.id == seen.id;
    });
    if (seen.epoch != 0 && seen.last_sequence > state.published) {
      file->epoch = seen.epoch;
      file->used = seen.bytes;
      file->last_sequence = seen.last_sequence;
    }
    all_.push_back(std::move(file));
  }
  next_epoch_ = std::max(state.next_epoch, scan.epoch_max + 1);
  state_is_dirty_ = !state.clean;
  written_ = synced_ = scan.last_sequence;
  last_ = scan.last_sequence;
  durable_ = scan.last_sequence;
}

Result<void> Journal::start() {
  if (!options_.background) return {};
  TRY_ASSIGN(flusher_, start_thread("the journal", [this] { run_flusher(); }));
  TRY_ASSIGN(preparer_, start_thread("journal files", [this] { run_preparer(); }));
  return {};
}

Journal::~Journal() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  flusher_wake_.notify_all();
  preparer_wake_.notify_all();
  if (flusher_.joinable()) flusher_.join();
  if (preparer_.joinable()) preparer_.join();
  if (is_closed_) ends_well([&] { remove_spare_files(); });  // One may have been in the making.
}

std::filesystem::path Journal::path_of(uint32_t number) const {
  std::string name = std::to_string(number);
  name.insert(0, name.size() < 4 ? 4 - name.size() : 0, '0');
  return options_.folder / name;
}

void Journal::give_up() {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_.emplace(ErrorCode::kOutOfMemory, kNoMemory);
}

std::optional<Error> Journal::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

size_t Journal::full_files() const {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& file : all_) count += file->epoch != 0 && file.get() != current_;
  return count;
}

// --- Appending ---

Result<std::optional<uint64_t>> Journal::append(std::string& record, RecordHead& head) {
  bool wake_flusher = false;
  uint64_t sequence = 0;
  {
    Lock lock(mutex_);
    if (failure_) return Error(*failure_);
    while (!has_room(record.size())) {
      lock.unlock();
      TRY_ASSIGN(const bool has_file, rotate(record.size()));
      if (!has_file) return std::optional<uint64_t>();
      lock.lock();
    }
    sequence = last_.load(std::memory_order_relaxed) + 1;
    head.epoch = current_->epoch;
    head.sequence = sequence;
    head.durable = synced_;
    write_record_head(record.data(), head);
    const bool was_empty = pending_.empty();
    if (was_empty || pending_.back().file != current_) {
      pending_.push_back({current_, current_->used, {}});
      if (!spare_buffers_.empty()) {
        pending_.back().bytes = std::move(spare_buffers_.back());
        spare_buffers_.pop_back();
      }
    }
    Batch& batch = pending_.back();
    batch.bytes.append(record);
    current_->used += record.size();
    current_->last_sequence = sequence;
    last_.store(sequence, std::memory_order_release);
    if (current_->used > current_->bytes / 2 && !is_file_wanted_ && !was_file_asked_for_) {
      is_file_wanted_ = was_file_asked_for_ = true;
      preparer_wake_.notify_one();
    }
    const bool is_lazy = options_.sync != SyncMode::kOn;
    wake_flusher = (is_lazy && was_empty) || (batch.bytes.size() > kPendingBytesMax && !flushing_);
  }
  if (wake_flusher) flusher_wake_.notify_one();
  return std::optional<uint64_t>(sequence);
}

// Requires: mutex_.
bool Journal::has_room(size_t bytes) const {
  return current_ != nullptr && current_->used + bytes <= current_->bytes;
}

// Before the first record after a clean close, the state must stop saying that the journal is
// empty; before the first one in a file, the file must be entered there.
Result<bool> Journal::rotate(size_t bytes) {
  const std::lock_guard writing(state_mutex_);
  const Lock lock(mutex_);
  if (failure_) return Error(*failure_);
  if (has_room(bytes)) return true;  // Somebody was faster.
  JournalFile* next = nullptr;
  for (const auto& file : all_) {
    const bool fits = file->epoch == 0 && file->bytes >= kJournalHeadBytes + bytes;
    if (fits && (next == nullptr || file->bytes > next->bytes)) next = file.get();
  }
  if (next == nullptr) {
    if (all_.size() + (is_preparing_ ? 1 : 0) >= kJournalFilesMax) return false;
    TRY_ASSIGN(next, make_file(kJournalHeadBytes + bytes));
  }
  TRY(open_file(*next));
  if (next->id == 0) TRY(write_head(*next));
  if (!state_is_dirty_ || !next->is_entered) TRY(enter(*next));
  next->epoch = next_epoch_++;
  next->used = kJournalHeadBytes;
  if (current_ != nullptr && current_->used == kJournalHeadBytes) current_->epoch = 0;
  current_ = next;
  was_file_asked_for_ = false;
  return true;
}

// Requires: state_mutex_ and mutex_.
Result<void> Journal::enter(JournalFile& file) {
  const bool before = std::exchange(file.is_entered, true);
  auto written = write_state(files_, options_.state_path, state_now());
  if (written) state_is_dirty_ = true;
  if (!written) file.is_entered = before;
  return written;
}

// A file of an earlier version, or a copied one, gets a head before it is used. Nothing in it is
// needed.
Result<void> Journal::write_head(JournalFile& file) {
  const JournalHead head = new_journal_head(file.number, state_.key);
  TRY(file.file->write(encode_journal_head(head), 0));
  TRY(file.file->sync());
  file.id = head.id;
  file.is_entered = false;
  return {};
}

Result<void> Journal::open_file(JournalFile& file) {
  if (file.file != nullptr) return {};
  TRY_ASSIGN(file.file, files_.open(path_of(file.number), OpenMode::kWrite));
  return {};
}

// A file made in haste: its space is reserved but not written, so that its syncs are somewhat
// slower. Reserving first means that a full disk is met here, where nothing has been promised yet.
Result<Journal::JournalFile*> Journal::make_file(size_t bytes_min) {
  uint32_t number = is_preparing_ ? 2 : 1;
  for (const auto& file : all_)
    number = std::max(number, file->number + 1 + (is_preparing_ ? 1 : 0));
  auto file = std::make_unique<JournalFile>();
  file->number = number;
  const auto path = path_of(number);
  TRY_ASSIGN(file->file, files_.open(path, OpenMode::kCreate));
  std::vector<size_t> sizes;
  for (const size_t size : {options_.file_bytes, options_.file_bytes / 8, kSmallFileBytes}) {
    if (size <= options_.file_bytes) sizes.push_back(std::max(size, whole_blocks(bytes_min)));
  }
  Result<void> reserved;
  for (const size_t size : sizes) {
    reserved = file->file->allocate(size);
    file->bytes = size;
    if (reserved || reserved.error().code() != ErrorCode::kDiskFull) break;
    ignore_error(file->file->truncate(0), "the next, smaller size is tried");
  }
  if (reserved) reserved = write_head(*file);
  if (reserved) reserved = files_.sync_folder(options_.folder);
  if (!reserved) {
    file->file.reset();
    ignore_error(files_.unlink(path), "an empty file does no harm");
    return std::move(reserved).error();
  }
  all_.push_back(std::move(file));
  return all_.back().get();
}

// --- Group commit ---

bool Journal::is_done(uint64_t sequence, bool needs_sync) const {
  return (needs_sync ? synced_ : durable_.load(std::memory_order_relaxed)) >= sequence;
}

Result<void> Journal::wait_durable(uint64_t sequence) {
  if (durable_sequence() >= sequence) return {};
  if (options_.sync != SyncMode::kOn) {
    // The promise is kept by the flusher; without threads, by the size of what is pending.
    bool must_flush = false;
    {
      const std::lock_guard lock(mutex_);
      if (failure_) return Error(*failure_);
      must_flush = !options_.background && !pending_.empty() &&
                   pending_.back().bytes.size() > kPendingBytesMax;
    }
    if (!must_flush) return {};
  }
  return wait(sequence, false);
}

Result<void> Journal::sync_to(uint64_t sequence) { return wait(sequence, true); }

Result<void> Journal::wait(uint64_t sequence, bool needs_sync) {
  Lock lock(mutex_);
  while (true) {
    if (is_done(sequence, needs_sync)) return {};
    if (failure_) return Error(*failure_);
    ENSURE(sequence <= last_.load(std::memory_order_relaxed));
    if (!flushing_) {
      flush(lock, needs_sync || options_.sync != SyncMode::kOff);
      continue;
    }
    if (waiters_free_.empty()) {
      waiters_free_.reserve(waiter_pool_.size() + 1);  // To come back needs no memory.
      waiter_pool_.push_back(std::make_unique<Waiter>());
      waiters_free_.push_back(waiter_pool_.back().get());
    }
    Waiter& me = *waiters_free_.back();
    waiters_free_.pop_back();
    me.sequence = sequence;
    me.needs_sync = needs_sync;
    waiters_.push_back(&me);
    lock.unlock();
    {
      std::unique_lock own(me.mutex);
      me.wake.wait(own, [&] { return me.woken; });
      me.woken = false;
    }
    if (!needs_sync && durable_sequence() >= sequence) {
      lock.lock();
      waiters_free_.push_back(&me);
      return {};
    }
    lock.lock();
    waiters_free_.push_back(&me);
  }
}

// The caller becomes the leader: it writes all that is pending while the next batch collects behind
// it.
void Journal::flush(Lock& lock, bool with_sync) {
  flushing_ = true;
  std::vector<Batch> batches = std::move(pending_);
  pending_.clear();
  const uint64_t target = last_.load(std::memory_order_relaxed);
  lock.unlock();
  Result<void> result;
  const bool ended = ends_well([&] { result = write_batches(batches, with_sync); });
  flushes_.fetch_add(1, std::memory_order_relaxed);
  lock.lock();
  flushing_ = false;
  if (ended && result) {
    written_ = target;
    if (with_sync) synced_ = target;
    durable_.store(options_.sync == SyncMode::kOff ? written_ : synced_, std::memory_order_release);
  } else if (!ended || !ends_well([&] { note_failure(result.error()); })) {
    failure_.emplace(ErrorCode::kOutOfMemory, kNoMemory);
  }
  ends_well([&] { keep_buffers(batches); });
  wake_waiters(lock);
}

void Journal::note_failure(const Error& error) {
  failure_ = Error(error.code() == ErrorCode::kDiskFull ? ErrorCode::kDiskFull : ErrorCode::kIoError,
                   error.message() + "; the repository is read-only until it is opened again");
  log_.write(LogLevel::kError, failure_->message());
}

// For the next batches.
void Journal::keep_buffers(std::vector<Batch>& batches) {
  for (Batch& batch : batches) {
    if (spare_buffers_.size() >= kSpareBuffersMax || batch.bytes.capacity() > kSpareBufferBytesMax)
      continue;
    batch.bytes.clear();
    spare_buffers_.push_back(std::move(batch.bytes));
  }
}

Result<void> Journal::write_batches(std::vector<Batch>& batches, bool with_sync) {
  const bool is_log = options_.sync == SyncMode::kOn;  // Nothing is ever written but durably.
  for (Batch& batch : batches) {
    if (with_sync && is_log) {
      TRY(batch.file->file->append_durably(batch.bytes, batch.offset));
      continue;
    }
    if (unsynced_ != nullptr && unsynced_ != batch.file) {
      TRY(unsynced_->file->sync());
      unsynced_ = nullptr;
    }
    TRY(batch.file->file->write(batch.bytes, batch.offset));
    unsynced_ = batch.file;
  }
  if (with_sync && unsynced_ != nullptr) {
    TRY(unsynced_->file->sync());
    unsynced_ = nullptr;
  }
  return {};
}

// Only those whose wait is over are woken, and before them one other, who leads the next flush.
void Journal::wake_waiters(Lock& lock) {
  Waiter* ready = nullptr;
  Waiter** end = &ready;
  std::erase_if(waiters_, [&](Waiter* waiter) {
    if (!failure_ && !is_done(waiter->sequence, waiter->needs_sync)) return false;
    waiter->next = nullptr;
    *end = waiter;
    end = &waiter->next;
    return true;
  });
  Waiter* leader = nullptr;
  if (!waiters_.empty()) {
    leader = waiters_.front();
    waiters_.pop_front();
  }
  lock.unlock();
  if (leader != nullptr) wake(*leader);
  while (ready != nullptr) wake(*std::exchange(ready, ready->next));
  lock.lock();
}

void Journal::wake(Waiter& waiter) {
  const std::lock_guard lock(waiter.mutex);
  waiter.woken = true;
  waiter.wake.notify_one();
}

void Journal::run_flusher() {
  const bool is_lazy = options_.sync != SyncMode::kOn;
  Lock lock(mutex_);
  while (!stop_) {
    flusher_wake_.wait(lock, [&] { return stop_ || !pending_.empty(); });
    if (stop_) return;
    if (is_lazy) flusher_wake_.wait_for(lock, kFlushEvery, [&] { return stop_; });
    if (stop_ || failure_) return;
    const bool is_due =
        is_lazy || (!pending_.empty() && pending_.front().bytes.size() > kPendingBytesMax);
    if (!flushing_ && is_due && !pending_.empty()) {
      flush(lock, options_.sync != SyncMode::kOff);
    } else {
      flusher_wake_.wait_for(lock, kFlushEvery);
    }
  }
}

// --- Files ---

StoreState Journal::state_now() const {
  StoreState state = state_;
  state.next_epoch = next_epoch_ + kEpochReserve;
  state.live_epoch = next_epoch_;
  for (const auto& file : all_) {
    if (file->epoch != 0) state.live_epoch = std::min(state.live_epoch, file->epoch);
  }
  state.clean = false;
  state.files.clear();
  for (const auto& file : all_) {
    if (file->is_entered) state.files.push_back({file->number, file->id, file->bytes});
  }
  return state;
}

Result<void> Journal::published(uint64_t sequence) {
  const std::lock_guard writing(state_mutex_);
  StoreState state;
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return Error(*failure_);
    if (sequence <= state_.published) return {};
    state = state_now();
    state.published = sequence;
    // Files that hold nothing after `sequence` count as free for whoever reads this state, and only
    // then for us.
    state.live_epoch = next_epoch_;
    for (const auto& file : all_) {
      const bool is_done = file->last_sequence <= sequence && file.get() != current_;
      if (file->epoch != 0 && !is_done) state.live_epoch = std::min(state.live_epoch, file->epoch);
    }
  }
  TRY(write_state(files_, options_.state_path, state));
  const std::lock_guard lock(mutex_);
  state_.published = sequence;
  for (const auto& file : all_) {
    if (file->epoch != 0 && file.get() != current_ && file->last_sequence <= sequence) {
      file->epoch = 0;
      file->used = 0;
    }
  }
  return {};
}

Result<void> Journal::close(bool clean) {
  const uint64_t last = last_sequence();
  TRY(sync_to(last));
  const std::lock_guard writing(state_mutex_);
  StoreState state;
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return Error(*failure_);
    if (!state_is_dirty_ || !clean || state_.published != last) return {};
    state = state_now();
    state.live_epoch = next_epoch_;
    state.clean = true;
    kept_ = choose_kept();
    std::erase_if(state.files, [&](const EnteredFile& file) {
      return kept_ == nullptr || file.number != kept_->number;
    });
  }
  TRY(write_state(files_, options_.state_path, state));
  is_closed_ = true;
  return {};
}

// A closed repository keeps one file, so that it takes little more room than its content: the
// smallest of those that the state may name.
const Journal::JournalFile* Journal::choose_kept() const {
  const auto kept = std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
    return std::pair(!a->is_entered, a->bytes) < std::pair(!b->is_entered, b->bytes);
  });
  return kept == all_.end() ? nullptr : kept->get();
}

void Journal::remove_spare_files() {
  for (const auto& file : all_) {
    if (file.get() != kept_)
      ignore_error(files_.unlink(path_of(file->number)), "a spare file does no harm");
  }
}

// A prepared file comes into use once the state knows of it.
Result<void> Journal::take_in(std::unique_ptr<JournalFile> file) {
  const std::lock_guard writing(state_mutex_);
  JournalFile& added = *file;
  StoreState state;
  {
    const Lock lock(mutex_);
    is_preparing_ = false;
    all_.push_back(std::move(file));
    if (is_closed_ || failure_) return {};
    added.is_entered = true;
    state = state_now();
  }
  auto written = write_state(files_, options_.state_path, state);
  if (!written) {
    const Lock lock(mutex_);
    added.is_entered = false;
  }
  return written;
}

// Keeps one written file in reserve from the moment the current one is half full.
void Journal::run_preparer() {
  Lock lock(mutex_);
  while (!stop_) {
    preparer_wake_.wait(lock, [&] { return stop_ || is_file_wanted_; });
    if (stop_) return;
    is_file_wanted_ = false;
    bool has_spare = false;
    uint32_t number = 1;
    const uint64_t bytes = std::min<uint64_t>(
        options_.file_bytes, kFileGrowth * (current_ == nullptr ? 0 : current_->bytes));
    for (const auto& file : all_) {
      has_spare = has_spare || (file->epoch == 0 && file->bytes >= bytes);
      number = std::max(number, file->number + 1);
    }
    if (has_spare || all_.size() >= kJournalFilesMax || failure_) continue;
    is_preparing_ = true;
    lock.unlock();
    // Without memory the file is left lying until the next open, or until its number is used again.
    ends_well([&] {
      auto made = prepare_file(number, bytes);
      const auto taken = made ? take_in(std::move(*made)) : Result<void>(made.error());
      if (!taken) {
        log_.write(LogLevel::kWarning, "no journal file was prepared: " + taken.error().message());
      }
    });
    lock.lock();
    is_preparing_ = false;
  }
}

Result<std::unique_ptr<Journal::JournalFile>> Journal::prepare_file(uint32_t number,
                                                                    uint64_t bytes) {
  auto file = std::make_unique<JournalFile>();
  file->number = number;
  file->bytes = bytes;
  const auto path = path_of(number);
  const JournalHead head = new_journal_head(number, state_.key);
  const auto prepare = [&]() -> Result<void> {
    TRY_ASSIGN(file->file, make_zeroed(files_, path, OpenMode::kCreate, head, bytes));
    file->id = head.id;
    return files_.sync_folder(options_.folder);
  };
  if (auto result = prepare(); !result) {
    file->file.reset();
    ignore_error(files_.unlink(path), "an unfinished file does no harm");
    return std::move(result).error();
  }
  return file;
}

}  // namespace rowan::store
