#include "store/ref_files.h"
#include "git/ref_names.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace rowan::store {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLooseRefsMax = 64;  // More changes at once go through packed-refs.
constexpr std::string_view kRefs = "refs/";
constexpr size_t kRefNameBytesMax = 4096;
constexpr uint64_t kPackedRefsBytesMax = 1ULL << 30;
constexpr uint64_t kLooseRefBytesMax = 4096;
constexpr int kRefDepthMax = 64;
constexpr int kLockTries = 500;
constexpr auto kLockPause = std::chrono::milliseconds(10);
constexpr char kPackedHead[] = "# pack-refs with: peeled fully-peeled sorted \n";

Error bad_ref(std::string_view name) {
  return Error(ErrorCode::kCorruption, "ref \"" + std::string(name) + "\" cannot be read");
}

}  // namespace

bool is_ref_path(std::string_view name) {
  if (!name.starts_with(kRefs) || name.size() > kRefNameBytesMax || name.back() == '/') return false;
  const bool is_printable = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c > ' ' && c != 0x7f;
  });
  for (const std::string_view part : {"..", "//", "/./"}) {
    if (name.find(part) != std::string_view::npos) return false;
  }
  return is_printable && !name.ends_with("/.");
}

std::vector<std::string_view> marked_names(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    if (name == "packed-refs" || is_ref_path(name)) names.push_back(name);
  }
  return names;
}

RefFiles::RefFiles(FileSystem& files, fs::path git_dir, fs::path marker)
    : files_(files), git_dir_(std::move(git_dir)), marker_(std::move(marker)) {}

fs::path RefFiles::path_of(std::string_view name) const { return git_dir_ / name; }

Result<RefFiles::Packed> RefFiles::read_packed() {
  Packed out;
  auto text = files_.read_whole(git_dir_ / "packed-refs", kPackedRefsBytesMax);
  if (!text && text.error().code() == ErrorCode::kUndefinedFile) return out;
  if (!text) return std::move(text).error();
  std::string_view rest = *text;
  PackedLine* last = nullptr;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '^' && last != nullptr) {
      last->peeled = std::string(line);
      continue;
    }
    const auto id = line.size() > Oid::kHexDigits + 1 ? Oid::parse(line.substr(0, Oid::kHexDigits))
                                                      : std::nullopt;
    if (!id) return bad_ref("packed-refs");
    const std::string_view name = line.substr(Oid::kHexDigits + 1);
    last = is_ref_path(name) ? &out[std::string(name)] : nullptr;
    if (last != nullptr) last->id = *id;
  }
  return out;
}

// Nothing when there is no such file, or when it is a symbolic ref.
Result<std::optional<Oid>> RefFiles::read_loose(std::string_view name) {
  auto text = files_.read_whole(path_of(name), kLooseRefBytesMax);
  if (!text) {
    if (text.error().code() == ErrorCode::kUndefinedFile) return std::optional<Oid>();
    if (is_folder(path_of(name))) return std::optional<Oid>();
    return std::move(text).error();
  }
  if (text->starts_with("ref:")) return std::optional<Oid>();
  const auto id = Oid::parse(std::string_view(*text).substr(0, Oid::kHexDigits));
  if (!id) return bad_ref(name);
  return std::optional<Oid>(*id);
}

Result<void> RefFiles::read_folder(const std::string& prefix, int depth, RefMap& out) {
  if (depth > kRefDepthMax) return bad_ref(prefix);
  auto names = files_.list(path_of(prefix));
  if (!names && names.error().code() == ErrorCode::kUndefinedFile)
    return {};  // Gone since its parent was listed.
  if (!names) return std::move(names).error();
  for (const std::string& name : *names) {
    if (name.ends_with(".lock")) continue;
    const std::string full = prefix + "/" + name;
    if (!is_ref_path(full)) continue;
    if (is_folder(path_of(full))) {
      TRY(read_folder(full, depth + 1, out));
    } else {
      TRY_ASSIGN(const auto id, read_loose(full));
      if (id) out[full] = *id;
    }
  }
  return {};
}

Result<RefMap> RefFiles::read_all() {
  // Loose files first, then packed-refs: a ref that is being packed meanwhile is seen in one of the
  // two.
  RefMap loose;
  TRY(read_folder("refs", 0, loose));
  TRY_ASSIGN(const Packed packed, read_packed());
  for (const auto& [name, line] : packed) loose.try_emplace(name, line.id);
  return loose;
}

Result<std::unique_ptr<File>> RefFiles::lock(const fs::path& path) {
  fs::path lock_path = path;
  lock_path += ".lock";
  for (int i = 0;; ++i) {
    auto file = files_.open(lock_path, OpenMode::kCreateNew);
    if (file || file.error().code() != ErrorCode::kDuplicateFile) return file;
    if (i == kLockTries) {
      return Error(ErrorCode::kIoError, "\"" + lock_path.string() + "\" is in the way")
          .with_hint("Another git process may hold it; if none runs, remove the file.");
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

// Empty folders left by deleted refs may stand where a ref is to be, and parents may be missing.
Result<void> RefFiles::make_way(const fs::path& path) {
  if (is_folder(path)) {
    TRY_ASSIGN(const auto names, files_.list(path));
    for (const std::string& name : names) TRY(make_way(path / name));
    return files_.remove_folder(path);
  }
  if (!files_.exists(path.parent_path())) {
    for (fs::path folder = path.parent_path(); folder != git_dir_ && folder.has_relative_path();) {
      folder = folder.parent_path();
      touched_.push_back(folder);
      if (files_.exists(folder)) break;
    }
    return files_.make_folder(path.parent_path());
  }
  return {};
}

Result<std::optional<Oid>> RefFiles::publish_loose(const RefChange& change, const Packed& packed) {
  const fs::path path = path_of(change.name);
  fs::path lock_path = path;
  lock_path += ".lock";
  if (!change.desired.is_zero()) {
    TRY(make_way(path));
  } else if (!files_.exists(path.parent_path())) {
    const auto line = packed.find(change.name);
    if (line == packed.end()) return std::optional<Oid>();
    return std::optional<Oid>(line->second.id);
  }
  TRY_ASSIGN(auto file, lock(path));
  const auto give_up = [&] { ignore_error(files_.unlink(lock_path), "removed at the next open"); };
  auto current = read_loose(change.name);
  if (!current) {
    give_up();
    return std::move(current).error();
  }
  if (!*current) {
    if (const auto line = packed.find(change.name); line != packed.end())
      *current = line->second.id;
  }
  const Oid found = current->value_or(Oid{});
  if (found != change.expected || found == change.desired) {
    give_up();
    return found == change.desired ? std::optional<Oid>() : std::optional<Oid>(found);
  }
  const auto move = [&]() -> Result<void> {
    touched_.push_back(path.parent_path());
    if (change.desired.is_zero()) {
      if (files_.exists(path)) TRY(files_.unlink(path));
      fs::path log = git_dir_ / "logs" / change.name;
      if (files_.exists(log)) TRY(files_.unlink(log));
      return files_.unlink(lock_path);
    }
    TRY(file->write(change.desired.hex() + "\n", 0));
    TRY(file->sync());
    return files_.rename(lock_path, path);
  };
  if (auto moved = move(); !moved) {
    give_up();
    return std::move(moved).error();
  }
  return std::optional<Oid>();
}

Result<void> RefFiles::write_packed(const Packed& packed, File& lock_file) {
  std::string text = kPackedHead;
  for (const auto& [name, line] : packed) {
    text += line.id.hex() + " " + name + "\n";
    if (!line.peeled.empty()) text += line.peeled + "\n";
  }
  TRY(lock_file.truncate(0));
  TRY(lock_file.write(text, 0));
  TRY(lock_file.sync());
  TRY(files_.rename(git_dir_ / "packed-refs.lock", git_dir_ / "packed-refs"));
  touched_.push_back(git_dir_);
  return {};
}

// Writes the new values to packed-refs first and then takes the loose files away, each under its
// lock: at any moment a reader sees the old or the new value. Deletions go the same way, with the
// line left out.
Result<void> RefFiles::publish_packed(std::span<const RefChange> changes,
                                      std::vector<std::optional<Oid>>& found) {
  const fs::path packed_path = git_dir_ / "packed-refs";
  TRY_ASSIGN(auto packed_lock, lock(packed_path));
  std::vector<fs::path> locks;
  const auto run = [&]() -> Result<void> {
    TRY_ASSIGN(Packed packed, read_packed());
    std::vector<const RefChange*> moving;
    for (size_t i = 0; i < changes.size(); ++i) {
      const RefChange& change = changes[i];
      TRY(make_way(path_of(change.name)));
      TRY(lock(path_of(change.name)));
      locks.push_back(path_of(change.name));
      locks.back() += ".lock";
      TRY_ASSIGN(auto current, read_loose(change.name));
      if (const auto line = packed.find(change.name); !current && line != packed.end())
        current = line->second.id;
      const Oid value = current.value_or(Oid{});
      if (value == change.desired) continue;
      if (value != change.expected) {
        found[i] = value;
        continue;
      }
      moving.push_back(&change);
      packed.erase(change.name);
      if (!change.desired.is_zero()) packed[change.name].id = change.desired;
    }
    TRY(write_packed(packed, *packed_lock));
    TRY(files_.sync_folder(git_dir_));
    for (const RefChange* change : moving) {
      const fs::path path = path_of(change->name);
      if (files_.exists(path)) TRY(files_.unlink(path));
      const fs::path log = git_dir_ / "logs" / change->name;
      if (change->desired.is_zero() && files_.exists(log)) TRY(files_.unlink(log));
      touched_.push_back(path.parent_path());
    }
    return {};
  };
  auto result = run();
  for (const fs::path& path : locks) ignore_error(files_.unlink(path), "removed at the next open");
  if (!result)
    ignore_error(files_.unlink(git_dir_ / "packed-refs.lock"),
                 "gone already, or removed at the next open");
  return result;
}

Result<void> RefFiles::mark(std::span<const RefChange> changes) {
  std::string names = "packed-refs\n";
  for (const RefChange& change : changes) names += change.name + "\n";
  TRY_ASSIGN(const auto file, files_.open(marker_, OpenMode::kCreate));
  TRY(file->truncate(0));
  TRY(file->write(names, 0));
  return file->sync();
}

Result<std::vector<std::optional<Oid>>> RefFiles::publish(std::span<const RefChange> changes) {
  std::vector<std::optional<Oid>> found(changes.size());
  if (changes.empty()) return found;
  // Deletions first, on their own: "a" must be gone before "a/b" can be made.
  const auto is_deletion = [](const RefChange& change) { return change.desired.is_zero(); };
  const auto deletions = std::count_if(changes.begin(), changes.end(), is_deletion);
  if (deletions != 0 && static_cast<size_t>(deletions) != changes.size()) {
    for (const bool wants_deletion : {true, false}) {
      std::vector<RefChange> part;
      std::vector<size_t> part_at;
      for (size_t i = 0; i < changes.size(); ++i) {
        if (is_deletion(changes[i]) != wants_deletion) continue;
        part.push_back(changes[i]);
        part_at.push_back(i);
      }
      TRY_ASSIGN(const auto values, publish(part));
      for (size_t i = 0; i < values.size(); ++i) found[part_at[i]] = values[i];
    }
    return found;
  }
  TRY(mark(changes));
  touched_.clear();
  TRY_ASSIGN(const Packed packed, read_packed());

  // What packed-refs is needed for: many changes at once, and deleting a ref that stands there.
  // Tags stay loose, since their lines would have to say what the tag points at.
  std::vector<RefChange> through_packed;
  std::vector<size_t> through_packed_at;
  std::vector<size_t> loose_at;
  for (size_t i = 0; i < changes.size(); ++i) {
    const bool is_many =
        changes.size() > kLooseRefsMax && !changes[i].name.starts_with(git::kTagRefs);
    if (is_many || (is_deletion(changes[i]) && packed.contains(changes[i].name))) {
      through_packed.push_back(changes[i]);
      through_packed_at.push_back(i);
    } else {
      loose_at.push_back(i);
    }
  }
  if (!through_packed.empty()) {
    std::vector<std::optional<Oid>> values(through_packed.size());
    TRY(publish_packed(through_packed, values));
    for (size_t i = 0; i < values.size(); ++i) found[through_packed_at[i]] = values[i];
  }
  for (const size_t i : loose_at) {
    TRY_ASSIGN(found[i], publish_loose(changes[i], packed));
  }
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const fs::path& folder : touched_) {
    if (files_.exists(folder)) TRY(files_.sync_folder(folder));
  }
  TRY_ASSIGN(const auto marker, files_.open(marker_, OpenMode::kWrite));
  TRY(marker->truncate(0));
  return found;
}

Result<void> RefFiles::append_log(std::string_view name, const Oid& from, const Oid& to,
                                  std::string_view who, std::string_view message) {
  const fs::path path = git_dir_ / "logs" / name;
  TRY(make_way(path));
  TRY_ASSIGN(const auto file, files_.open(path, OpenMode::kCreate));
  TRY_ASSIGN(const uint64_t end, file->size());
  std::string line =
      from.hex() + " " + to.hex() + " " + std::string(who) + "\t" + std::string(message) + "\n";
  TRY(file->write(line, end));
  return file->sync();
}

Result<void> RefFiles::remove_stale_locks() {
  auto names = files_.read_whole(marker_, kPackedRefsBytesMax);
  if (!names && names.error().code() == ErrorCode::kUndefinedFile) return {};
  if (!names) return std::move(names).error();
  for (const std::string_view name : marked_names(*names)) {
    fs::path lock_path = path_of(name);
    lock_path += ".lock";
    if (files_.exists(lock_path)) TRY(files_.unlink(lock_path));
  }
  if (names->empty()) return {};
  TRY_ASSIGN(const auto marker, files_.open(marker_, OpenMode::kWrite));
  return marker->truncate(0);
}

}  // namespace rowan::store
