#include "store/git_store.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cctype>
#include <new>
#include <random>
#include <utility>

#include "base/caught.h"
#include "base/limits.h"
#include "base/thread.h"
#include "git/commit.h"
#include "git/ref_names.h"
#include "store/git_store_impl.h"
#include "store/journal_record.h"
#include "store/layout.h"
#include "store/object_links.h"
#include "store/pack_output.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr size_t kKeptBufferBytesMax = 1u << 20;
constexpr int kFullFilesBeforeCheckpoint = 2;

// DIR/rowan with an empty journal. Made beside and renamed, so that it is there whole or not at
// all.
Result<void> make_own_folder(const fs::path& dir, const GitStoreOptions& options) {
  FileSystem& files = real_file_system();
  const fs::path made = dir / ("rowan.new." + std::to_string(::getpid()));
  std::error_code failed;
  fs::remove_all(made, failed);  // A link goes, not what it names.
  TRY(files.make_folder(made));
  fs::permissions(made, fs::perms::owner_all, failed);
  if (failed) return Error(ErrorCode::kIoError, "could not protect \"" + made.string() + "\"");
  std::random_device random;
  // Room below the key's end, so that epochs never wrap.
  const uint64_t key = ((static_cast<uint64_t>(random()) << 32) | random()) >> 1;
  JournalOptions journal = journal_options(dir, options);
  journal.folder = made / "journal";
  journal.state_path = made / "state";
  TRY(Journal::create(files, journal, key));
  TRY(files.sync_folder(made));
  TRY(files.rename(made, dir / "rowan"));
  return files.sync_folder(dir);
}

class GitBulkWriter final : public BulkWriter {
 public:
  GitBulkWriter(GitStore& store, std::unique_ptr<PackStream> stream)
      : store_(store), stream_(std::move(stream)) {}

  Result<Oid> add(ObjectType type, Bytes bytes) override {
    auto id = stream_->add(type, bytes);
    if (id) ids_.push_back(*id);
    return id;
  }

  std::shared_ptr<const void> hold() override {
    if (!hold_) hold_ = std::make_shared<int>();
    return *hold_;
  }

  Result<void> finish() override {
    TRY_ASSIGN(const WrittenPack pack, stream_->finish());
    if (pack.stem.empty()) return {};
    store_.add_bulk_pack(pack, std::move(ids_), hold_);
    return {};
  }

 private:
  GitStore& store_;
  std::unique_ptr<PackStream> stream_;
  std::vector<Oid> ids_;
  std::optional<std::shared_ptr<const void>> hold_;
};

// Of a store that is open for reading only: what is made for reading stays in memory.
class MemoryBulkWriter final : public BulkWriter {
 public:
  explicit MemoryBulkWriter(JournalIndex& index) : index_(index) {}

  Result<Oid> add(ObjectType type, Bytes bytes) override {
    auto copy = std::make_shared<const std::string>(bytes);
    made_.emplace_back(hash_object(type, bytes), ObjectRef{type, *copy, copy});
    return made_.back().first;
  }
  std::shared_ptr<const void> hold() override { return nullptr; }
  Result<void> finish() override {
    for (const auto& [id, object] : made_) index_.insert(id, object, 1);
    return {};
  }

 private:
  JournalIndex& index_;
  std::vector<std::pair<Oid, ObjectRef>> made_;
};

}  // namespace

// --- Making and opening ---

JournalOptions journal_options(const fs::path& dir, const GitStoreOptions& options) {
  JournalOptions out;
  out.folder = dir / "rowan" / "journal";
  out.state_path = dir / "rowan" / "state";
  out.file_bytes = options.journal_file_bytes;
  out.first_file_bytes = std::min(options.journal_first_file_bytes, options.journal_file_bytes);
  out.sync = options.sync;
  out.background = options.background && !options.read_only;
  return out;
}

Result<void> init_git_store(const fs::path& dir, std::string_view branch) {
  return init_git_store_with(dir, branch, {});
}

Result<void> init_git_store_with(const fs::path& dir, std::string_view branch,
                                 const GitStoreOptions& options) {
  std::error_code ignored;
  if (!git::is_valid_branch_name(branch)) {
    return Error(ErrorCode::kInvalidName,
                 "\"" + std::string(branch) + "\" is not a valid branch name")
        .with_hint(std::string(git::kNameRules));
  }
  if (fs::exists(dir, ignored)) {
    if (!fs::is_directory(dir, ignored)) {
      return Error(ErrorCode::kDuplicateFile,
                   "\"" + dir.string() + "\" exists and is not a folder");
    }
    if (!fs::is_empty(dir, ignored)) {
      return Error(ErrorCode::kDuplicateFile,
                   "folder \"" + dir.string() + "\" exists and is not empty");
    }
  }
  TRY(git::init_bare_repository(dir, branch, own_settings()));
  const fs::path whole = resolve(dir);
  // Whatever the umask says: a folder that others may write to would not be opened (git/trust.h).
  fs::permissions(whole, fs::perms::group_write | fs::perms::others_write,
                  fs::perm_options::remove, ignored);
  return make_own_folder(whole, options);
}

Result<std::unique_ptr<ObjectStore>> open_git_store(const fs::path& dir,
                                                    const GitStoreOptions& options) {
  return open_git_store_on(dir, options, real_file_system());
}

Result<std::unique_ptr<ObjectStore>> open_git_store_on(const fs::path& dir,
                                                       const GitStoreOptions& options,
                                                       FileSystem& files) {
  TRY_ASSIGN(auto store, GitStore::open(resolve(dir), options, files));
  return std::unique_ptr<ObjectStore>(std::move(store));
}

GitStore::GitStore(const fs::path& dir, const GitStoreOptions& options, FileSystem& files)
    : dir_(dir),
      options_(options),
      files_(files),
      log_(options.log != nullptr ? *options.log : stderr_log()),
      cache_(std::make_unique<NodeCache>(options.cache_bytes)),
      record_bytes_max_(
          std::min<size_t>(2 * kJournalObjectBytesMax, options.journal_file_bytes / 4)),
      handler_(std::make_shared<const std::function<void(const ForeignMove&)>>()),
      private_packs_(files, dir / "objects" / "pack"),
      ref_files_(files, dir, dir / "rowan" / "publishing") {}

GitStore::~GitStore() { close(); }

Result<std::unique_ptr<GitStore>> GitStore::open(const fs::path& dir,
                                                 const GitStoreOptions& options,
                                                 FileSystem& files) {
  TRY_ASSIGN(const auto config, check_layout(dir, files));
  if (!options.read_only && git::has_working_tree(dir, config)) {
    return Error(ErrorCode::kObjectNotInState,
                 "\"" + dir.string() + "\" is the repository of a working tree, whose files commits "
                 "of Rowan would leave behind")
        .with_hint("Work on a bare clone of it (git clone --bare), or read it "
                   "(rowan sql --read-only).");
  }
  std::unique_ptr<GitStore> store(new GitStore(dir, options, files));
  store->partial_ = git::is_partial_clone(config);
  TRY(store->start());
  return store;
}

Result<void> GitStore::start() {
  bool is_made = false;
  if (!options_.read_only) {
    if (!has_entry(own_folder())) {
      is_made = true;
      TRY(git::write_settings(dir_, own_settings()));
      // Nothing tells which marked packs of a copied repository are in use: they stay.
      TRY(release_kept_packs(pack_folder(), files_));
      TRY(make_own_folder(dir_, options_));
    }
    TRY_ASSIGN(auto lock, LockFile::take(own_folder() / "lock"));
    lock_.emplace(std::move(lock));
    remove_temporary_files();
    TRY(ref_files_.remove_stale_locks());
    TRY(remove_temporary_packs(pack_folder(), files_));
  }
  TRY_ASSIGN(packs_, PackSet::open(dir_ / "objects", resolve(options_.quarantine)));
  TRY(find_limits());
  TRY(recover());
  if (is_made && refs_.lower_bound(git::kGoodRefs) != refs_.end() &&
      refs_.lower_bound(git::kGoodRefs)->first.starts_with(git::kGoodRefs)) {
    log_.write(LogLevel::kWarning, "\"" + own_folder().string() +
                                       "\" was not there and is made anew: every branch is judged, "
                                       "and what was committed but not published is gone");
  }
  if (options_.read_only) return {};
  find_stale_keeps();
  TRY(private_packs_.find_left_over(*packs_));
  if (records_.empty()) TRY(private_packs_.settle(*packs_, [](const auto&) {}));
  if (options_.background) {
    watch_ = std::make_unique<RefWatch>(dir_);
    TRY_ASSIGN(checkpointer_, start_thread("checkpoints", [this] { run_checkpointer(); }));
    TRY_ASSIGN(watcher_, start_thread("watching refs", [this] { run_watcher(); }));
  }
  return {};
}

void GitStore::release_keep(const fs::path& stem) {
  fs::path path = stem;
  path += ".keep";
  ignore_error(files_.unlink(path), "a pack marked for too long is only kept for longer");
}

// --- Reading ---

// A commit's header as if it had been the first one.
ObjectRef GitStore::without_parents(const ObjectRef& commit) {
  constexpr Bytes kParent = "parent ";
  const size_t first = commit.bytes.find('\n') + 1;  // Behind "tree <id>".
  size_t end = first;
  while (commit.bytes.substr(end).starts_with(kParent)) end = commit.bytes.find('\n', end) + 1;
  auto bytes = std::make_shared<const std::string>(std::string(commit.bytes.substr(0, first)) +
                                                   std::string(commit.bytes.substr(end)));
  return {commit.type, *bytes, bytes};
}

Result<ObjectRef> GitStore::read(const Oid& id) const {
  objects_read_.fetch_add(1, std::memory_order_relaxed);
  if (auto object = index_.find(id)) return std::move(*object);
  // A checkpoint adds its pack before it takes objects out of the index, so nothing falls between
  // the two.
  TRY_ASSIGN(auto object, packs_->find(id));
  if (object) {
    if (boundary_.empty() || !boundary_.contains(id)) return std::move(*object);
    return without_parents(*object);
  }
  if (partial_) {
    return Error(ErrorCode::kAbsentObject,
                 "object " + id.hex() + " is not in this partial clone: its remote has it")
        .with_hint("Stock git brings it when asked: git -C \"" + dir_.string() + "\" cat-file -e " +
                   id.hex() + "; a clone without --filter has everything.");
  }
  return Error(ErrorCode::kCorruption,
               "object " + id.hex() + " is missing from \"" + dir_.string() + "\"");
}

bool GitStore::contains(const Oid& id) const { return index_.contains(id) || packs_->contains(id); }

std::vector<Oid> GitStore::find_prefix(std::string_view hex, size_t limit) const {
  std::string digits(hex);
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const bool is_hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex || digits.size() < 4 || digits.size() > Oid::kHexDigits) return {};
  std::vector<Oid> found = packs_->find_prefix(digits, limit);
  index_.find_prefix(digits, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::optional<Oid> GitStore::ref(std::string_view name) const {
  const std::shared_lock lock(refs_mutex_);
  const auto at = refs_.find(name);
  if (at == refs_.end()) return std::nullopt;
  return at->second;
}

std::vector<RefEntry> GitStore::refs(std::string_view prefix) const {
  std::vector<RefEntry> out;
  const std::shared_lock lock(refs_mutex_);
  for (auto at = refs_.lower_bound(prefix); at != refs_.end() && at->first.starts_with(prefix);
       ++at) {
    out.push_back({at->first, at->second});
  }
  return out;
}

StoreStats GitStore::stats() const {
  StoreStats out;
  {
    const std::lock_guard lock(work_mutex_);
    out.journal_bytes = record_bytes_;
  }
  out.packs = packs_->packs().size();
  out.objects_read = objects_read_.load(std::memory_order_relaxed);
  out.commits_appended = commits_appended_.load(std::memory_order_relaxed);
  out.flushes = journal_ == nullptr ? 0 : journal_->flushes();
  return out;
}

// --- Appending ---

// Requires: append_mutex_.
Result<void> GitStore::check_refs(const std::vector<RefUpdate>& refs) const {
  RefMap changed;  // What earlier updates of the same transaction left.
  const auto value_of = [&](std::string_view name) {
    if (const auto at = changed.find(name); at != changed.end()) return at->second;
    const auto at = refs_.find(name);
    return at == refs_.end() ? Oid{} : at->second;
  };
  for (const RefUpdate& update : refs) {
    if (value_of(update.name) != update.old_value) {
      return Error(
          ErrorCode::kSerializationFailure,
          "could not serialize access due to concurrent update of ref \"" + update.name + "\"");
    }
    changed[update.name] = update.new_value;
  }
  // Refs are files: "a" and "a/b" cannot both stand.
  for (const RefUpdate& update : refs) {
    if (!update.old_value.is_zero() || update.new_value.is_zero()) continue;
    const auto conflict = [&](const std::string& other) {
      return Error(ErrorCode::kDuplicateBranch,
                   "ref \"" + update.name + "\" cannot exist beside \"" + other + "\"");
    };
    for (size_t slash = update.name.find('/', 5); slash != std::string::npos;
         slash = update.name.find('/', slash + 1)) {
      const std::string parent = update.name.substr(0, slash);
      if (!value_of(parent).is_zero()) return conflict(parent);
    }
    const std::string below = update.name + "/";
    for (const RefMap* map : {&refs_, static_cast<const RefMap*>(&changed)}) {
      for (auto at = map->lower_bound(below); at != map->end() && at->first.starts_with(below);
           ++at) {
        if (!value_of(at->first).is_zero()) return conflict(at->first);
      }
    }
  }
  return {};
}

// Objects that are too large for the journal go to a pack of their own, which is durable before the
// record is.
Result<std::vector<PendingObjects::Entry>> GitStore::spill(
    const std::vector<PendingObjects::Entry>& objects, const std::vector<RefUpdate>& refs,
    PrivatePacks::Hold& spilled) {
  std::vector<PendingObjects::Entry> rest;
  std::vector<PackObject> large;
  const bool takes_all = record_bytes(objects, refs) > record_bytes_max_;
  std::vector<Oid> ids;
  for (const auto& entry : objects) {
    if (takes_all || entry.object.bytes.size() > kJournalObjectBytesMax) {
      large.push_back({entry.id, entry.type, entry.object.bytes, entry.previous});
      ids.push_back(entry.id);
    } else {
      rest.push_back(entry);
    }
  }
  PackOptions options;
  options.files = &files_;
  options.is_private = true;
  TRY_ASSIGN(const WrittenPack pack, write_pack(pack_folder(), large, options));
  if (!pack.stem.empty()) {
    packs_->add_pack(pack.stem);
    auto hold = std::make_shared<int>();
    // Without refs nothing could tell later that the objects are wanted.
    private_packs_.add(pack.stem, std::move(ids),
                       refs.empty() ? std::nullopt : std::optional<PrivatePacks::Hold>(hold));
    spilled = std::move(hold);
  }
  return rest;
}

Result<void> GitStore::check_in_place() const {
  if (!lock_ || lock_->is_at(own_folder() / "lock")) return {};
  return Error(ErrorCode::kIoError,
               "\"" + dir_.string() + "\" is not the repository that was opened: it was moved, removed or replaced")
      .with_hint("Open it again where it is now; what was committed is in its journal.");
}

Result<void> GitStore::check_in_place_lately() {
  constexpr int64_t kEveryUs = 5000;
  const int64_t now = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now().time_since_epoch())
                          .count();
  if (now - in_place_at_us_.load(std::memory_order_relaxed) < kEveryUs) return {};
  TRY(check_in_place());
  in_place_at_us_.store(now, std::memory_order_relaxed);
  return {};
}

Result<uint64_t> GitStore::append(const PendingObjects& objects,
                                  const std::vector<RefUpdate>& refs) {
  if (journal_ == nullptr) {
    return Error(ErrorCode::kReadOnlyTransaction, "the repository is open for reading only");
  }
  TRY(check_in_place_lately());
  for (const RefUpdate& update : refs) {
    if (!git::is_valid_ref(update.name)) {
      return Error(ErrorCode::kInvalidName, "\"" + update.name + "\" is not a valid ref name");
    }
  }
  PrivatePacks::Hold spilled;  // Until the record is appended or given up.
  std::vector<PendingObjects::Entry> rest;
  const auto used = drop_unused(objects.entries(), refs);
  const std::vector<PendingObjects::Entry>* entries = used ? &*used : &objects.entries();
  if (objects.bytes() > std::min(record_bytes_max_, kJournalObjectBytesMax)) {
    const bool has_large = std::any_of(entries->begin(), entries->end(), [](const auto& entry) {
      return entry.object.bytes.size() > kJournalObjectBytesMax;
    });
    if (has_large || record_bytes(*entries, refs) > record_bytes_max_) {
      TRY_ASSIGN(rest, spill(*entries, refs, spilled));
      entries = &rest;
    }
  }
  thread_local std::string record;
  record.clear();
  if (record.capacity() > kKeptBufferBytesMax) record.shrink_to_fit();
  RecordHead head = encode_record(*entries, refs, record);
  const auto try_append = [&]() -> Result<std::optional<uint64_t>> {
    const std::lock_guard lock(append_mutex_);
    if (auto checked = check_refs(refs); !checked) {
      // After a failed flush the refs here are ahead of what callers were told: trying again would
      // not help.
      if (auto failed = journal_->failure()) return std::move(*failed);
      return std::move(checked).error();
    }
    if (is_above_bound()) return std::optional<uint64_t>();
    TRY_ASSIGN(const auto sequence, journal_->append(record, head));
    if (!sequence) return sequence;
    if (!ends_well([&] { remember(*sequence, head.epoch, *entries, refs); })) {
      journal_->give_up();
      throw std::bad_alloc();
    }
    return sequence;
  };
  while (true) {
    auto sequence = try_append();
    if (!sequence) return std::move(sequence).error();
    if (*sequence) return **sequence;
    TRY(wait_for_room());
  }
}

// More is in the journal alone than memory should hold: the next transaction waits for a checkpoint.
bool GitStore::is_above_bound() const {
  const std::lock_guard lock(work_mutex_);
  return record_bytes_ > options_.unpublished_bytes_max;
}

// Requires: append_mutex_. Makes the transaction visible: objects before the refs that lead to
// them.
void GitStore::remember(uint64_t sequence, uint64_t epoch,
                        const std::vector<PendingObjects::Entry>& objects,
                        const std::vector<RefUpdate>& refs) {
  auto record = std::make_shared<LoggedRecord>();
  record->sequence = sequence;
  record->objects = objects;
  record->refs = refs;
  size_t bytes = 0;
  for (const auto& entry : objects) {
    index_.insert(entry.id, entry.object, sequence);
    bytes += memory_of(entry);
  }
  if (!refs.empty()) {
    const std::unique_lock lock(refs_mutex_);
    for (const RefUpdate& update : refs) {
      if (update.new_value.is_zero()) {
        refs_.erase(update.name);
      } else {
        refs_[update.name] = update.new_value;
      }
    }
  }
  commits_appended_.fetch_add(1, std::memory_order_relaxed);
  const bool has_rotated = epoch != last_epoch_;
  last_epoch_ = epoch;
  const bool is_full = has_rotated && journal_->full_files() >= kFullFilesBeforeCheckpoint;
  bool wakes = false;
  {
    const std::lock_guard lock(work_mutex_);
    if (records_.empty()) {
      oldest_at_ = std::chrono::steady_clock::now();
      wakes = true;
    }
    records_.push_back(std::move(record));
    record_bytes_ += bytes;
    if ((is_full || records_.size() == kCheckpointCommits) && !is_urgent_)
      is_urgent_ = wakes = true;
  }
  if (wakes) work_wake_.notify_one();
}

// Every journal file is full, or memory is: nothing can be taken until a checkpoint has published
// what there is. If it cannot, its reason is ours.
Result<void> GitStore::wait_for_room() {
  if (!options_.background) return checkpoint();
  std::unique_lock lock(work_mutex_);
  const uint64_t before = rounds_;
  is_urgent_ = true;
  work_wake_.notify_one();
  room_wake_.wait(lock, [&] { return rounds_ != before || is_stopping_; });
  if (round_error_) {
    return Error(ErrorCode::kDiskFull,
                 "the journal is full and cannot be emptied: " + round_error_->message());
  }
  return {};
}

Result<void> GitStore::wait_durable(uint64_t sequence) {
  if (journal_ == nullptr) return {};
  TRY(journal_->wait_durable(sequence));
  while (options_.publish_each && published_.load(std::memory_order_acquire) < sequence)
    TRY(checkpoint());
  return {};
}

uint64_t GitStore::durable_sequence() const {
  return journal_ == nullptr ? 0 : journal_->durable_sequence();
}

Result<std::unique_ptr<BulkWriter>> GitStore::begin_bulk() {
  if (journal_ == nullptr)
    return std::unique_ptr<BulkWriter>(std::make_unique<MemoryBulkWriter>(index_));
  PackOptions options;
  options.files = &files_;
  options.threads = 2;
  options.is_private = true;
  TRY_ASSIGN(auto stream, PackStream::open(pack_folder(), options));
  return std::unique_ptr<BulkWriter>(std::make_unique<GitBulkWriter>(*this, std::move(stream)));
}

void GitStore::add_bulk_pack(const WrittenPack& pack, std::vector<Oid> ids,
                             const std::optional<PrivatePacks::Hold>& hold) {
  packs_->add_pack(pack.stem);
  private_packs_.add(pack.stem, std::move(ids), hold);
}

Result<void> GitStore::maintain() {
  if (journal_ == nullptr) return {};
  TRY(checkpoint());  // What ended without being appended goes first.
  const std::lock_guard lock(maintain_mutex_);
  auto merged = consolidate_packs(*packs_, pack_folder(), &files_);
  if (!merged) return std::move(merged).error();
  return *merged == 0 ? Result<void>() : packs_->refresh();
}

void GitStore::set_foreign_handler(std::function<void(const ForeignMove&)> handler) {
  auto shared = std::make_shared<const std::function<void(const ForeignMove&)>>(std::move(handler));
  const std::lock_guard lock(work_mutex_);
  handler_ = std::move(shared);
}

}  // namespace rowan::store
