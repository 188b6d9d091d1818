#include "store/adopt.h"

#include <algorithm>
#include <map>
#include <system_error>

#include "base/files.h"
#include "git/commit.h"
#include "git/ref_names.h"
#include "git/trust.h"
#include "store/git_store_impl.h"
#include "store/journal_scan.h"
#include "store/layout.h"
#include "store/pack_writer.h"

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAsideEnding = ".before-adopt";
Result<void> make_own(const fs::path& dir) {
  TRY(git::make_own(dir));
  for (const char* part : git::kGuardedFolders) {
    const fs::path folder = dir / part;
    if (has_entry(folder)) TRY(git::make_own(folder));
  }
  return {};
}

// --- The journal ---

struct RefPast {
  Oid before;
  std::vector<Oid> values;  // In their order.
};

Result<JournalScan> read_journal(const fs::path& dir) {
  const fs::path own = dir / "rowan";
  if (!is_folder(own) || (!has_entry(own / "state") && !has_entry(own / "journal")))
    return JournalScan{};
  auto state = read_state(real_file_system(), own / "state");
  if (!state) {
    if (state.error().code() != ErrorCode::kUndefinedFile)
      return lost_journal(dir, state.error().message());
    return lost_journal(dir, "\"" + (own / "state").string() + "\" is missing");
  }
  auto scan = scan_journal(real_file_system(), own / "journal", *state);
  if (!scan && scan.error().code() == ErrorCode::kUndefinedFile)
    return lost_journal(dir, "the journal \"" + (own / "journal").string() + "\" is missing");
  return scan;
}

Result<void> write_objects(const fs::path& dir, const JournalScan& scan) {
  std::vector<PackObject> objects;
  for (const ScannedRecord& record : scan.records) {
    for (const RecordObject& object : record.body.objects)
      objects.push_back({object.id, object.type, object.bytes, object.previous});
  }
  if (objects.empty()) return {};
  TRY(write_pack(dir / "objects" / "pack", objects, PackOptions{}));
  return {};
}

// What the journal made of each ref, as changes to what Git has. Where another program was there
// meanwhile, its value stands and ours is kept beside it.
std::vector<RefChange> journalled_changes(const JournalScan& scan, const RefMap& now,
                                          std::vector<std::string>& parked) {
  std::map<std::string, RefPast> pasts;
  for (const ScannedRecord& record : scan.records) {
    for (const RefUpdate& update : record.body.refs) {
      const auto [past, is_new] = pasts.try_emplace(update.name);
      if (is_new) past->second.before = update.old_value;
      past->second.values.push_back(update.new_value);
    }
  }
  std::vector<RefChange> changes;
  for (const auto& [name, past] : pasts) {
    const auto at = now.find(name);
    const Oid found = at == now.end() ? Oid{} : at->second;
    const Oid last = past.values.back();
    if (name.starts_with(git::kGoodRefs) || found == last) continue;
    const bool is_ours = found == past.before || std::find(past.values.begin(), past.values.end(),
                                                           found) != past.values.end();
    if (is_ours) {
      changes.push_back({name, found, last});
    } else if (!last.is_zero() && name.starts_with(git::kBranchRefs)) {
      const std::string ref =
          std::string(git::kForeignRefs) + name.substr(git::kBranchRefs.size()) + "/" + last.hex();
      if (!now.contains(ref)) changes.push_back({ref, Oid{}, last});
      parked.push_back(ref);
    }
  }
  return changes;
}

Result<void> move_refs(const fs::path& dir, const JournalScan& scan,
                       std::vector<std::string>& parked) {
  FileSystem& files = real_file_system();
  const fs::path own = dir / "rowan";
  ignore_error(RefFiles(files, dir, own / "publishing").remove_stale_locks(),
               "a lock that stays in the way is named below");
  const fs::path marker = dir / "rowan.adopting";
  if (has_entry(marker)) TRY(remove_file(marker));
  RefFiles refs(files, dir, marker);
  TRY_ASSIGN(const RefMap now, refs.read_all());
  std::vector<RefChange> changes = journalled_changes(scan, now, parked);
  for (auto at = now.lower_bound(git::kGoodRefs);
       at != now.end() && at->first.starts_with(git::kGoodRefs); ++at)
    changes.push_back({at->first, at->second, Oid{}});
  TRY_ASSIGN(const auto found, refs.publish(changes));
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i]) {
      return Error(ErrorCode::kSerializationFailure,
                   "another program moved ref \"" + changes[i].name + "\" at the same time");
    }
  }
  return has_entry(marker) ? remove_file(marker) : Result<void>();
}

// --- The rest ---

// The folder goes at once, then what was in it: a crash in between leaves nothing that is read.
Result<void> drop_folder(const fs::path& folder) {
  if (!has_entry(folder)) return {};
  if (!is_folder(folder)) return remove_file(folder);
  const fs::path aside = temporary_beside(folder);
  TRY(real_file_system().rename(folder, aside));
  TRY(real_file_system().sync_folder(folder.parent_path()));
  std::error_code failed;
  fs::remove_all(aside, failed);  // Links in it go, not what they name.
  if (failed)
    return Error(ErrorCode::kIoError,
                 "could not remove \"" + aside.string() + "\": " + failed.message());
  return {};
}

bool has_live_hooks(const fs::path& hooks) {
  if (!has_entry(hooks)) return false;
  const auto names = list_folder(hooks);
  if (!names) return true;
  return std::any_of(names->begin(), names->end(),
                     [](const std::string& name) { return !name.ends_with(".sample"); });
}

// Rowan runs and follows none of these; stock git would.
Result<std::vector<std::string>> set_aside(const fs::path& dir) {
  std::vector<std::string> names;
  if (has_live_hooks(dir / "hooks")) names.emplace_back("hooks");
  for (const char* name : {"commondir", "config.worktree", "gitdir", "worktrees", "modules"}) {
    if (has_entry(dir / name)) names.emplace_back(name);
  }
  for (std::string& name : names) {
    std::string to = name + std::string(kAsideEnding);
    if (has_entry(dir / to)) to = temporary_beside(dir / to).filename().string();
    TRY(real_file_system().rename(dir / name, dir / to));
    name = std::move(to);
  }
  return names;
}

}  // namespace

Result<void> drop_derived(const fs::path& dir) { return drop_folder(derived_folder(dir)); }

Result<Adopted> adopt_git_store(const fs::path& path, bool discard_journal) {
  const fs::path dir = resolve(path);
  if (LockFile::is_held(dir / "rowan" / "lock")) {
    return Error(ErrorCode::kDatabaseInUse,
                 "repository \"" + path.string() + "\" is open in another process");
  }
  TRY(check_layout(dir, real_file_system(), Trust::kGiven));
  TRY(make_own(dir));
  Adopted adopted;
  JournalScan scan;
  if (!discard_journal) {
    TRY_ASSIGN(scan, read_journal(dir));
  }
  adopted.transactions = scan.records.size();
  TRY_ASSIGN(adopted.dropped, git::drop_unused_settings(dir));
  TRY_ASSIGN(adopted.set_aside, set_aside(dir));
  TRY(write_objects(dir, scan));
  TRY(move_refs(dir, scan, adopted.parked));
  TRY(drop_folder(dir / "rowan"));
  return adopted;
}

}  // namespace rowan::store
