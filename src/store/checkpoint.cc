// GitStore's other half: from the journal into packs and refs, foreign moves, and the threads that
// see to both.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/caught.h"
#include "base/limits.h"
#include "git/commit.h"
#include "git/head.h"
#include "git/ref_names.h"
#include "store/git_store_impl.h"
#include "store/object_links.h"

namespace rowan::store {

namespace {

constexpr auto kPublishAfter = std::chrono::seconds(1);
constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr int kWatchTimeoutMs = 60'000;
constexpr int kRoundsMax =
    4;  // A foreign writer who never stops must not hold a checkpoint for ever.
constexpr int kPackTries = 5;  // More, where another program took the temporary file away.
constexpr int kBackgroundNice = 5;

Oid value_in(const RefMap& map, std::string_view name) {
  const auto at = map.find(name);
  return at == map.end() ? Oid{} : at->second;
}

void set_in(RefMap& map, const std::string& name, const Oid& value) {
  if (value.is_zero()) {
    map.erase(name);
  } else {
    map[name] = value;
  }
}

// Statements come before upkeep: on a machine with few cores a checkpoint must not crowd out
// writers.
void lower_priority() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kBackgroundNice);
}

}  // namespace

// --- One checkpoint ---

Result<void> GitStore::checkpoint() {
  if (journal_ == nullptr) return {};
  for (int i = 0; i < kRoundsMax; ++i) {
    std::vector<ForeignMove> moves;
    TRY(checkpoint_round(true, moves));
    if (moves.empty()) return {};
    if (options_.background) {
      const std::lock_guard lock(work_mutex_);
      moves_.insert(moves_.end(), moves.begin(), moves.end());
      watch_->wake();
      return {};
    }
    deliver(moves);
  }
  return {};
}

Result<void> GitStore::checkpoint_round(bool look_at_refs, std::vector<ForeignMove>& moves) {
  Result<void> result;
  const bool ended = ends_well([&] {
    const std::lock_guard lock(checkpoint_mutex_);
    result = check_in_place();
    if (result && look_at_refs) result = scan_refs(moves);
    if (result) result = checkpoint_pass(moves);
  });
  const std::lock_guard lock(work_mutex_);
  ++rounds_;
  round_error_.reset();
  if (!ended || (!result && !ends_well([&] { round_error_ = Error(result.error()); })))
    round_error_.emplace(ErrorCode::kOutOfMemory, "out of memory");
  room_wake_.notify_all();
  if (!ended) throw std::bad_alloc();
  return result;
}

// Requires: checkpoint_mutex_. Each step leaves a state that recovery completes (S4): the pack is
// durable before the refs move, the refs before the journal forgets, and doing a step twice changes
// nothing.
Result<void> GitStore::checkpoint_pass(std::vector<ForeignMove>& moves) {
  private_packs_.note_ended();
  Records records;
  {
    const std::lock_guard lock(work_mutex_);
    records.assign(records_.begin(), records_.end());
  }
  bool is_good_due = false;
  {
    const std::shared_lock lock(refs_mutex_);
    is_good_due = !good_due_.empty();
  }
  if (records.empty() && republish_.empty() && !is_good_due) return settle_private_packs(records);
  if (!records.empty()) {
    TRY(journal_->sync_to(records.back()->sequence));
    TRY(write_records(records));
  }
  TRY(publish_refs(records, moves));
  remember_refs();
  TRY(settle_private_packs(records));
  if (records.empty()) return {};
  for (const auto& stem : stale_keeps_) release_keep(stem);
  stale_keeps_.clear();
  const uint64_t last = records.back()->sequence;
  TRY(journal_->published(last));
  published_.store(last, std::memory_order_release);

  for (const auto& record : records) {
    for (const auto& entry : record->objects) index_.erase(entry.id, last);
  }
  const std::lock_guard lock(work_mutex_);
  for (const auto& record : records) {
    for (const auto& entry : record->objects) record_bytes_ -= memory_of(entry);
  }
  records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(records.size()));
  oldest_at_ = std::chrono::steady_clock::now();
  wants_maintenance_ = true;
  return {};
}

Result<void> GitStore::write_records(const Records& records) {
  std::vector<PackObject> objects;
  for (const auto& record : records) {
    for (const auto& entry : record->objects) {
      objects.push_back({entry.id, entry.type, entry.object.bytes, entry.previous});
    }
  }
  if (objects.empty()) return {};
  PackOptions options;
  options.files = &files_;
  auto written = write_pack(pack_folder(), objects, options);
  // git prune takes a temporary file away that it thinks a dead process left.
  for (int i = 0; i < kPackTries && !written && written.error().code() == ErrorCode::kUndefinedFile; ++i)
    written = write_pack(pack_folder(), objects, options);
  TRY_ASSIGN(const WrittenPack pack, std::move(written));
  if (pack.stem.empty()) return {};
  packs_->add_pack(pack.stem);
  if (std::find(stale_keeps_.begin(), stale_keeps_.end(), pack.stem) == stale_keeps_.end()) {
    stale_keeps_.push_back(pack.stem);
  }
  return {};
}

// Requires: checkpoint_mutex_.
Result<void> GitStore::publish_refs(const Records& records, std::vector<ForeignMove>& moves) {
  std::map<std::string, std::vector<Oid>, std::less<>>
      journalled;  // Every value a ref took, in order.
  for (const auto& record : records) {
    for (const RefUpdate& update : record->refs)
      journalled[update.name].push_back(update.new_value);
  }
  for (const std::string& name : republish_) journalled.try_emplace(name);

  std::vector<RefChange> changes;
  for (const auto& [name, values] : journalled) {
    changes.push_back(
        {name, value_in(seen_, name), values.empty() ? value_in(settled_, name) : values.back()});
  }
  add_good(changes);
  // The second try is for refs that stand at a value a crashed checkpoint gave them: that is ours
  // as well.
  for (int attempt = 0; attempt < 2 && !changes.empty(); ++attempt) {
    TRY_ASSIGN(const auto found, ref_files_.publish(changes));
    std::vector<RefChange> again;
    for (size_t i = 0; i < changes.size(); ++i) {
      const RefChange& change = changes[i];
      if (!found[i]) {
        TRY(settle(change.name, change.expected, change.desired));
        if (change.name.starts_with(git::kGoodRefs)) adopt_ref(change.name, change.desired);
        continue;
      }
      const auto& values = journalled[change.name];
      const bool is_ours = change.name.starts_with(git::kGoodRefs) ||
                           std::find(values.begin(), values.end(), *found[i]) != values.end();
      if (is_ours && attempt == 0) {
        again.push_back({change.name, *found[i], change.desired});
        continue;
      }
      if (change.name.starts_with(git::kGoodRefs)) {
        adopt_ref(change.name, *found[i]);  // The next checkpoint tries again.
        continue;
      }
      const Oid published = value_in(settled_, change.name);
      set_in(settled_, change.name, change.desired);
      TRY(note_foreign(change.name, published, *found[i], moves));
    }
    changes = std::move(again);
  }
  return {};
}

// With each branch, the ref that says what sessions may see of it (refs/rowan/good/<branch>):
// whatever another program makes of the branch meanwhile.
void GitStore::add_good(std::vector<RefChange>& changes) {
  std::map<std::string, Oid, std::less<>> wanted;
  {
    const std::unique_lock lock(refs_mutex_);
    for (const std::string& branch : good_due_) {
      if (!unverified_.contains(branch) && !deleted_.contains(branch))
        wanted[branch] = value_in(settled_, branch);
    }
    good_due_.clear();
  }
  for (const RefChange& change : changes) {
    if (change.name.starts_with(git::kBranchRefs)) wanted[change.name] = change.desired;
  }
  for (const auto& [branch, value] : wanted) {
    std::string name = good_ref(branch);
    const Oid before = value_in(seen_, name);
    if (before != value) changes.push_back({std::move(name), before, value});
  }
}

// The ref `name` now has our value in Git.
Result<void> GitStore::settle(const std::string& name, const Oid& before, const Oid& now) {
  set_in(settled_, name, now);
  set_in(seen_, name, now);
  republish_.erase(name);
  if (before == now || now.is_zero() || !name.starts_with(git::kBranchRefs)) return {};
  // The log line says who made the newest commit; a ref that names no commit gets none.
  const auto object = read(now);
  if (!object || object->type != ObjectType::kCommit) return {};
  const auto commit = git::parse_commit(object->bytes);
  if (!commit) return {};
  const auto& who = commit->committer;
  char zone[8];
  const int offset = std::min(std::abs(who.offset_minutes), 99 * 60);
  std::snprintf(zone, sizeof zone, "%c%02d%02d", who.offset_minutes < 0 ? '-' : '+', offset / 60,
                offset % 60);
  const std::string line =
      who.name + " <" + who.email + "> " + std::to_string(who.seconds) + " " + zone;
  auto logged = ref_files_.append_log(name, before, now, line,
                                      "commit: " + std::string(git::subject(commit->message)));
  if (!logged) log_.write(LogLevel::kWarning, logged.error().message());
  return {};
}

// Requires: checkpoint_mutex_, and the refs of `records` published.
Result<void> GitStore::settle_private_packs(const Records& records) {
  return private_packs_.settle(*packs_, [&records](const std::function<void(const Oid&)>& visit) {
    for (const auto& record : records) {
      for (const RefUpdate& update : record->refs) visit(update.new_value);
      for (const auto& entry : record->objects) {
        visit_links(entry.type, entry.object.bytes, [&](const Oid& id, LinkKind) { visit(id); });
      }
    }
  });
}

// Where HEAD is, if that is a branch of ours; else where it was.
std::optional<std::string> GitStore::head_to_remember() const {
  const auto head = git::head_branch(dir_);
  if (!head || !*head || !settled_.contains(git::branch_ref(**head))) return remembered_.head;
  return **head;
}

// Requires: checkpoint_mutex_. Notes in DIR/rowan/refs which values of branches are ours, for the
// next open. Not synced: see find_unverified.
void GitStore::remember_refs() {
  RememberedRefs now{head_to_remember(), {}};
  {
    const std::shared_lock lock(refs_mutex_);
    for (const auto& [name, value] : settled_) {
      if (name.starts_with(git::kBranchRefs) && !unverified_.contains(name))
        now.branches[name] = value;
    }
  }
  std::string text = remembered_refs_text(now);
  if (text == remembered_text_) return;
  if (!files_.replace(own_folder() / "refs", text, false)) return;
  remembered_ = std::move(now);
  remembered_text_ = std::move(text);
}

// --- Foreign moves ---

// Requires: checkpoint_mutex_. Compares Git's refs with what we last saw there.
Result<void> GitStore::scan_refs(std::vector<ForeignMove>& moves) {
  TRY_ASSIGN(const RefMap now, ref_files_.read_all());
  std::vector<std::string> moved;
  for (const auto& [name, value] : now) {
    if (value_in(seen_, name) != value) moved.push_back(name);
  }
  for (const auto& [name, value] : seen_) {
    if (!now.contains(name)) moved.push_back(name);
  }
  for (const std::string& name : moved) {
    const Oid found = value_in(now, name);
    const Oid ours = value_in(settled_, name);
    if (name.starts_with(git::kGoodRefs)) {  // Ours alone: it is set back.
      adopt_ref(name, found);
      const std::unique_lock lock(refs_mutex_);
      good_due_.insert(git::branch_ref(name.substr(git::kGoodRefs.size())));
    } else if (found == ours) {
      set_in(seen_, name, found);
      republish_.erase(name);
    } else if (!name.starts_with(git::kBranchRefs) && !name.starts_with(git::kFineRefs) &&
               ref(name).value_or(Oid{}) == ours) {
      adopt_ref(name, found);
    } else {
      TRY(note_foreign(name, ours, found, moves));
    }
  }
  return {};
}

// Requires: checkpoint_mutex_. Parks the foreign value; from then on it may be replaced (S5).
Result<void> GitStore::note_foreign(const std::string& name, const Oid& published, const Oid& found,
                                    std::vector<ForeignMove>& moves) {
  std::string parked;
  if (!found.is_zero()) {
    const std::string_view short_name = std::string_view(name).substr(
        name.starts_with(git::kBranchRefs) ? git::kBranchRefs.size() : sizeof("refs/") - 1);
    parked = std::string(git::kForeignRefs) + std::string(short_name) + "/" + found.hex();
    const RefChange change{parked, Oid{}, found};
    TRY(ref_files_.publish({&change, 1}));
    adopt_ref(parked, found);
  }
  moves.push_back({name, published, found, std::move(parked)});
  set_in(seen_, name, found);
  republish_.insert(name);
  return {};
}

// A ref of no interest to transactions: what Git says holds.
void GitStore::adopt_ref(const std::string& name, const Oid& value) {
  const std::lock_guard appending(append_mutex_);
  const std::unique_lock lock(refs_mutex_);
  set_in(refs_, name, value);
  set_in(settled_, name, value);
  set_in(seen_, name, value);
}

// Requires: no lock held. Afterwards a checkpoint brings our value, the handler's answer or the one
// before.
void GitStore::deliver(const std::vector<ForeignMove>& moves) {
  std::shared_ptr<const std::function<void(const ForeignMove&)>> handler;
  {
    const std::lock_guard lock(work_mutex_);
    handler = handler_;
  }
  for (const ForeignMove& move : moves) {
    log_.write(LogLevel::kInfo, "ref \"" + move.name + "\" was moved by another program to " +
                                    (move.foreign.is_zero() ? "nothing" : move.foreign.hex()));
    if (*handler) {
      (*handler)(move);
    } else if (move.published.is_zero() && !ref(move.name)) {
      // Nobody to ask, and nothing of ours in the way: a new branch stays.
      const std::lock_guard lock(checkpoint_mutex_);
      adopt_ref(move.name, move.foreign);
      republish_.erase(move.name);
    }
  }
}

// --- Threads ---

void GitStore::run_checkpointer() {
  lower_priority();
  std::string last_complaint;
  std::unique_lock lock(work_mutex_);
  while (!is_stopping_) {
    if (records_.empty() && !is_urgent_) {
      work_wake_.wait(lock, [&] { return is_stopping_ || is_urgent_ || !records_.empty(); });
    } else if (!is_urgent_) {
      work_wake_.wait_until(lock, oldest_at_ + kPublishAfter,
                            [&] { return is_stopping_ || is_urgent_; });
    }
    if (is_stopping_) return;
    const bool is_due =
        is_urgent_ || std::chrono::steady_clock::now() >= oldest_at_ + kPublishAfter;
    if (!is_due) continue;
    is_urgent_ = false;
    lock.unlock();
    std::vector<ForeignMove> moves;
    bool published = false;
    // Where memory is short it is tried again; what other programs moved is told then as well.
    ends_well([&] {
      const auto result = checkpoint_round(false, moves);
      published = result.has_value();
      if (!result && result.error().message() != last_complaint) {
        last_complaint = result.error().message();
        log_.write(LogLevel::kError,
                   "checkpoint failed, the journal keeps the data: " + last_complaint);
      }
    });
    if (published) last_complaint.clear();
    lock.lock();
    const bool wakes = !moves.empty() || wants_maintenance_;
    ends_well([&] { moves_.insert(moves_.end(), moves.begin(), moves.end()); });
    if (wakes) watch_->wake();
    if (!published)
      work_wake_.wait_for(lock, kRetryAfter, [&] { return is_stopping_ || is_urgent_; });
  }
}

void GitStore::run_watcher() {
  lower_priority();
  while (true) {
    const bool has_moved = watch_->wait(kWatchTimeoutMs);
    std::vector<ForeignMove> moves;
    bool wants_maintenance = false;
    {
      const std::lock_guard lock(work_mutex_);
      if (is_stopping_) return;
      moves.swap(moves_);
      wants_maintenance = std::exchange(wants_maintenance_, false);
    }
    ends_well([&] { care(has_moved, wants_maintenance, moves); });
  }
}

// The watcher's work. An explicit checkpoint looks at all refs again, should it end early.
void GitStore::care(bool has_moved, bool wants_maintenance, std::vector<ForeignMove>& moves) {
  if (has_moved) {
    const std::lock_guard lock(checkpoint_mutex_);
    const auto result = scan_refs(moves);
    if (!result)
      log_.write(LogLevel::kWarning, "could not look at refs: " + result.error().message());
  }
  if (!moves.empty()) {
    deliver(moves);
    const std::lock_guard lock(work_mutex_);
    is_urgent_ = true;
    work_wake_.notify_one();
  }
  if (wants_maintenance && packs_->packs().size() >= kPacksMax) {
    const auto result = maintain();
    if (!result) log_.write(LogLevel::kWarning, "pack care: " + result.error().message());
  }
}

void GitStore::close() {
  {
    const std::lock_guard lock(work_mutex_);
    is_stopping_ = true;
  }
  work_wake_.notify_all();
  room_wake_.notify_all();
  if (watch_ != nullptr) watch_->wake();
  if (checkpointer_.joinable()) checkpointer_.join();
  if (watcher_.joinable()) watcher_.join();
  if (journal_ == nullptr) return;
  private_packs_.end_all();  // No transaction can name them any more but those in the journal.
  // What is not published stays in the journal.
  ends_well([&] {
    std::vector<ForeignMove> moves;
    auto result = checkpoint_round(false, moves);
    // What a foreign program moved at the last moment is parked; our value stands.
    if (result && !republish_.empty()) result = checkpoint_round(false, moves);
    if (result) {
      {
        const std::lock_guard lock(checkpoint_mutex_);
        remember_refs();
      }
      result = journal_->close(republish_.empty());
    }
    if (!result)
      log_.write(LogLevel::kError,
                 "closing \"" + dir_.string() + "\": " + result.error().message());
  });
}

}  // namespace rowan::store
