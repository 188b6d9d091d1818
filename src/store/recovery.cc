// GitStore at open: what the journal, the refs and our own lists say, and where they do not agree.
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/limits.h"
#include "git/head.h"
#include "git/ref_names.h"
#include "store/git_store_impl.h"
#include "store/pack_output.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kKeepBytesMax = 4096;
constexpr uint64_t kShallowBytesMax = 64u << 20;

// What sessions saw of a branch when it was last published; zero: not known.
Oid good_of(const RefMap& refs, std::string_view branch) {
  const auto at = refs.find(good_ref(branch));
  return at == refs.end() ? Oid{} : at->second;
}

}  // namespace

// Files in the making that a process which died left in our own folder.
void GitStore::remove_temporary_files() {
  for (const fs::path& folder :
       {own_folder(), own_folder() / "derived", own_folder() / "derived" / "indexes"}) {
    const auto names = files_.list(folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name.ends_with(kTemporaryEnding))
        ignore_error(files_.unlink(folder / name), "a spare file does no harm");
    }
  }
}

Result<void> GitStore::recover() {
  const JournalOptions options = journal_options(dir_, options_);
  JournalScan scan;
  StoreState state;
  // A reader beside a writer sees what is published; the journal is in motion.
  // So does one who may not look into the private folder, or for whom there is none.
  const bool may_read = ::access(options.state_path.c_str(), R_OK) == 0;
  const bool reads_journal =
      !options_.read_only || (may_read && !LockFile::is_held(own_folder() / "lock"));
  if (reads_journal) {
    TRY_ASSIGN(state, read_state(files_, options.state_path));
    TRY_ASSIGN(scan, scan_journal(files_, options.folder, state));
  }
  TRY_ASSIGN(refs_, ref_files_.read_all());
  settled_ = seen_ = refs_;
  published_ = state.published;
  TRY(find_unverified(scan));
  TRY(mend_head());
  if (!options_.read_only) journal_ = std::make_unique<Journal>(files_, log_, options, state, scan);
  adopt_scan(scan);
  return journal_ == nullptr ? Result<void>() : journal_->start();
}

// A branch is trusted when DIR/rowan/refs names its value or the journal made it. The file is only
// ever written after the values stood in Git; losing it costs a verification, never trust.
Result<void> GitStore::find_unverified(const JournalScan& scan) {
  std::set<std::string, std::less<>> known;
  for (const ScannedRecord& scanned : scan.records) {
    for (const RefUpdate& update : scanned.body.refs) known.insert(update.name);
  }
  const auto text = files_.read_whole(own_folder() / "refs", kRefsFileBytesMax);
  if (text) remembered_text_ = *text;
  // What cannot be read is not what is absent: it would make good branches look moved.
  const bool is_absent = !text && (text.error().code() == ErrorCode::kUndefinedFile ||
                                   text.error().code() == ErrorCode::kInsufficientPrivilege);
  if (!text && !is_absent) return text.error();
  remembered_ = read_remembered_refs(remembered_text_);
  // Who may not look into the folder has the word of the refs for it: its owner published them.
  const bool asks_refs =
      !text && has_entry(own_folder()) && ::access(own_folder().c_str(), X_OK) != 0;
  for (const auto& [name, value] : refs_) {
    if (!name.starts_with(git::kBranchRefs) || known.contains(name)) continue;
    const bool is_good = good_of(refs_, name) == value;
    const auto line = remembered_.branches.find(name);
    const bool is_remembered = line != remembered_.branches.end() && line->second == value;
    const bool is_known = is_remembered || (asks_refs && is_good);
    if (!is_known) unverified_.insert(name);
    if (is_known && !is_good) good_due_.insert(name);
  }
  find_deleted(known);
  return {};
}

// A branch that is good for sessions but not there was deleted by another program: where we drop
// one, both refs go.
void GitStore::find_deleted(const std::set<std::string, std::less<>>& journalled) {
  if (!has_entry(own_folder())) return;  // A clone may bring any refs along.
  for (auto at = refs_.lower_bound(git::kGoodRefs);
       at != refs_.end() && at->first.starts_with(git::kGoodRefs); ++at) {
    const std::string name = git::branch_ref(at->first.substr(git::kGoodRefs.size()));
    if (!refs_.contains(name) && !journalled.contains(name)) deleted_[name] = at->second;
  }
  // The branch of HEAD is never dropped here, so where it was is known even without its good ref.
  const auto head = git::head_branch(dir_);
  if (!head || !*head) return;
  const std::string name = git::branch_ref(**head);
  if (refs_.contains(name) || journalled.contains(name)) return;
  const auto line = remembered_.branches.find(name);
  if (line != remembered_.branches.end()) deleted_.try_emplace(name, line->second);
}

// HEAD says where sessions begin. One that names no branch of ours, and cannot be read perhaps, goes
// back to what it was when we last published.
Result<void> GitStore::mend_head() {
  const auto head = git::head_branch(dir_);
  const auto is_branch = [&](const std::string& branch) {
    const std::string name = git::branch_ref(branch);
    return refs_.contains(name) || deleted_.contains(name);
  };
  if (head && *head && is_branch(**head)) return {};
  if (options_.read_only || !remembered_.head) return {};
  const std::string& before = *remembered_.head;
  if (!is_branch(before)) return {};
  log_.write(LogLevel::kWarning,
             "HEAD named " + (head && *head ? "\"" + **head + "\", which is no branch"
                                            : std::string("no branch")) +
                 "; it is set back to \"" + before + "\"");
  return git::set_head_branch(dir_, before);
}

std::vector<UnverifiedBranch> GitStore::unverified_branches() const {
  const std::shared_lock lock(refs_mutex_);
  std::vector<UnverifiedBranch> entries;
  for (const std::string& name : unverified_) {
    const auto at = refs_.find(name);
    if (at == refs_.end()) continue;
    const Oid good = good_of(refs_, name);
    entries.push_back({name, at->second, good == at->second ? Oid{} : good});
  }
  for (const auto& [name, value] : deleted_) entries.push_back({name, Oid{}, value});
  return entries;
}

void GitStore::mark_verified(std::string_view name) {
  const std::unique_lock lock(refs_mutex_);
  good_due_.emplace(name);
  if (const auto at = unverified_.find(name); at != unverified_.end()) unverified_.erase(at);
  if (const auto at = deleted_.find(name); at != deleted_.end()) deleted_.erase(at);
}

// The transactions since the last checkpoint become what they were before the crash: readable, and
// waiting for one.
void GitStore::adopt_scan(JournalScan& scan) {
  std::set<std::string, std::less<>> named;
  for (ScannedRecord& scanned : scan.records) {
    auto record = std::make_shared<LoggedRecord>();
    record->sequence = scanned.sequence;
    for (const RecordObject& object : scanned.body.objects) {
      const ObjectRef bytes{object.type, object.bytes, scanned.owner};
      record->objects.push_back({object.id, object.type, object.previous, bytes});
      record_bytes_ += memory_of(record->objects.back());
      index_.insert(object.id, bytes, scanned.sequence);
    }
    record->refs = std::move(scanned.body.refs);
    for (const RefUpdate& update : record->refs) {
      // What Git should have is the value before the first of them; later ones count as published
      // by us.
      if (named.insert(update.name).second) {
        for (RefMap* map : {&settled_, &seen_}) {
          map->erase(update.name);
          if (!update.old_value.is_zero()) (*map)[update.name] = update.old_value;
        }
      }
      refs_.erase(update.name);
      if (!update.new_value.is_zero()) refs_[update.name] = update.new_value;
    }
    records_.push_back(std::move(record));
  }
  if (!records_.empty()) {
    oldest_at_ = std::chrono::steady_clock::now();
    log_.write(LogLevel::kInfo,
               "recovered " + std::to_string(records_.size()) + " transactions from the journal");
  }
}

// Marks of packs that a process which died was about to publish or had not yet named.
void GitStore::find_stale_keeps() {
  const auto names = files_.list(pack_folder());
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(".keep")) continue;
    const auto text = files_.read_whole(pack_folder() / name, kKeepBytesMax);
    if (!text || *text != kKeepText) continue;
    const fs::path stem = pack_folder() / name.substr(0, name.size() - 5);
    if (records_.empty()) {
      release_keep(stem);
    } else {
      stale_keeps_.push_back(stem);
    }
  }
}

// --- Clones that do not hold everything ---

// `shallow` is Git's list of commits whose parents are not here.
Result<void> GitStore::find_limits() {
  auto shallow = files_.read_whole(dir_ / "shallow", kShallowBytesMax);
  if (!shallow) {
    if (shallow.error().code() == ErrorCode::kUndefinedFile) return {};
    return std::move(shallow).error();
  }
  for (std::string_view rest = *shallow; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const auto id = Oid::parse(line)) boundary_.insert(*id);
  }
  return {};
}

}  // namespace rowan::store
