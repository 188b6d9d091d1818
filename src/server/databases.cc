#include "server/databases.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "engine/database_folder.h"
#include "rowan/shared.h"
#include "server/failures.h"
#include "sql/parser.h"

namespace rowan::server {

namespace fs = std::filesystem;

using engine::find_repository;
using engine::is_database_name;
using engine::is_repository;
using engine::kFirstDatabase;
using engine::kTemplateDatabase;

namespace {

constexpr std::string_view kEnding = ".git";
// What is half made or half removed is called ".new-PID-NAME" or ".dropped-PID-NAME".
constexpr std::string_view kNew = ".new-";
constexpr std::string_view kDropped = ".dropped-";

std::string hidden_name(std::string_view kind, std::string_view name) {
  return fmt::format("{}{}-{}", kind, ::getpid(), name);
}

// Whether a process left that behind which is no more.
bool is_left_behind(std::string_view folder) {
  for (const std::string_view kind : {kNew, kDropped}) {
    if (!folder.starts_with(kind)) continue;
    folder.remove_prefix(kind.size());
    pid_t process = 0;
    const auto [end, error] = std::from_chars(folder.data(), folder.data() + folder.size(), process);
    if (error != std::errc() || end == folder.data() + folder.size() || *end != '-' || process <= 0)
      return false;
    return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
  }
  return false;
}

void remove_left_behind(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (is_left_behind(entry->path().filename().string()) && fs::is_directory(entry->symlink_status(error)))
      found.push_back(entry->path());
  }
  for (const fs::path& each : found) fs::remove_all(each, error);
}

}  // namespace

Databases::Use& Databases::Use::operator=(Use&& other) noexcept {
  if (this == &other) return *this;
  end();
  owner_ = other.owner_;
  entry_ = std::move(other.entry_);
  revision_ = std::move(other.revision_);
  return *this;
}

Database& Databases::Use::database() const { return *entry_->database; }
const std::string& Databases::Use::name() const { return entry_->name; }
bool Databases::Use::keeps_nothing() const { return entry_->path.empty(); }

void Databases::Use::end() {
  if (entry_) owner_->end_use(*entry_);
  entry_.reset();
}

void Databases::end_use(Entry& entry) {
  const std::lock_guard lock(mutex_);
  --entry.users;
  entry.last_used = std::chrono::steady_clock::now();
}

Outcome<std::unique_ptr<Databases>> Databases::open(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  if (error)
    return failure(ErrorCode::kNotARepository, fmt::format("there is no folder \"{}\"", folder.string()),
                   fmt::format("rowan init {} makes an empty repository there.", folder.string()));
  if (!fs::is_directory(whole, error))
    return failure(ErrorCode::kNotARepository, fmt::format("\"{}\" is no folder", folder.string()));
  const bool single = is_repository(whole);
  std::unique_ptr<Databases> made(new Databases(whole, !single));
  if (single) {
    made->only_name_ = engine::without_git_ending(whole.filename().string());
    auto use = made->open_entry(made->only_name_, whole, "");
    if (!use) return use.failure();
  } else if (fs::exists(whole / ".git", error)) {
    return failure(ErrorCode::kNotARepository, fmt::format("\"{}\" is a clone's working tree", folder.string()),
                   "Serve a bare clone (git clone --bare).");
  } else {
    remove_left_behind(whole);
  }
  return made;
}

Databases::~Databases() = default;

std::string Databases::first_name() const {
  return serves_folder_ ? std::string(kFirstDatabase) : only_name_;
}

fs::path Databases::path_of(std::string_view name) const {
  if (!serves_folder_) return name == only_name_ ? folder_ : fs::path();
  return find_repository(folder_, name);
}

Outcome<Databases::Use> Databases::find(std::string_view name) {
  std::string_view known = name;
  std::string revision;
  fs::path path = path_of(known);
  for (const char mark : {'/', '@'}) {
    const size_t at = name.find(mark);
    if (!path.empty() || at == std::string_view::npos || at + 1 == name.size()) continue;
    known = name.substr(0, at);
    revision = name.substr(at + 1);
    if (known == kFirstDatabase && !serves_folder_) known = only_name_;
    path = path_of(known);
  }
  if (path.empty() && (name == kFirstDatabase || name == kTemplateDatabase)) {
    known = serves_folder_ ? name : std::string_view(only_name_);
    revision.clear();
    path = serves_folder_ ? fs::path() : folder_;
  } else if (path.empty()) {
    return unknown(name);
  }
  return open_entry(std::string(known), path, std::move(revision));
}

Failure Databases::unknown(std::string_view name) const {
  Failure made =
      failure(ErrorCode::kUndefinedDatabase, fmt::format("database \"{}\" does not exist", name));
  made.hint = serves_folder_
                  ? fmt::format(
                        "Connect to postgres and say CREATE DATABASE {}, or make one: rowan init "
                        "{}/NAME.git.",
                        sql::quote_ident(name), folder_.string())
                  : fmt::format("This server serves \"{}\".", only_name_);
  return made;
}

Outcome<Databases::Use> Databases::open_entry(const std::string& name, const fs::path& path,
                                              std::string revision) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& slot = entries_[path.empty() ? name : path.string()];
    if (!slot) {
      slot = std::make_shared<Entry>();
      slot->name = name;
      slot->path = path;
    }
    entry = slot;
    ++entry->users;
  }
  Use use(*this, entry, std::move(revision));
  const std::lock_guard lock(entry->opening);
  if (!entry->database) {
    OpenOptions options;
    if (path.empty()) {
      options.read_only = true;
      options.name = name;
    }
    auto opened = open_shared(path.empty() ? ":memory:" : path.string(), options);
    std::error_code error;
    if (!opened && !path.empty() && !fs::exists(path, error)) return unknown(name);  // Just dropped.
    if (!opened) return opened.failure();
    entry->database = std::move(*opened);
  }
  return use;
}

Outcome<bool> Databases::create(std::string_view name, bool if_not_exists) {
  if (!serves_folder_)
    return failure(
        ErrorCode::kFeatureNotSupported, "this server serves one repository, which is one database",
        "rowan serve FOLDER serves every repository in a folder; there CREATE DATABASE makes "
        "one. CREATE SCHEMA makes a schema in this database.");
  if (!is_database_name(name) || name.find('@') != std::string_view::npos || name.ends_with(".lock") ||
      name == kTemplateDatabase || name == "template0")
    return failure(
        ErrorCode::kInvalidName, fmt::format("\"{}\" cannot be the name of a database", name),
        "It names a folder: no slash, no @, no control character, no dot or hyphen in front.");
  const std::lock_guard lock(mutex_);
  std::error_code error;
  const fs::path path = folder_ / (std::string(name) + std::string(kEnding));
  if (!path_of(name).empty() || fs::exists(fs::symlink_status(path, error))) {
    if (if_not_exists) return false;
    return failure(ErrorCode::kDuplicateDatabase, fmt::format("database \"{}\" already exists", name));
  }
  // Made under a name that no connection can ask for, so that nobody meets half of it.
  const fs::path hidden = folder_ / hidden_name(kNew, name);
  fs::remove_all(hidden, error);
  auto made = Database::init(hidden.string());
  if (!made) return made.failure();
  fs::rename(hidden, path, error);
  if (error) {
    const std::string why = error.message();
    fs::remove_all(hidden, error);
    return failure(ErrorCode::kIoError,
                   fmt::format("could not make the folder \"{}\": {}", path.string(), why));
  }
  return true;
}

Outcome<bool> Databases::drop(std::string_view name, bool if_exists) {
  if (!serves_folder_)
    return failure(
        ErrorCode::kFeatureNotSupported, "this server serves one repository, which is one database",
        "rowan serve FOLDER serves every repository in a folder; there DROP DATABASE removes "
        "one.");
  fs::path hidden;
  {
    const std::lock_guard lock(mutex_);
    const fs::path path = path_of(name);
    if (path.empty()) {
      if (name == kFirstDatabase || name == kTemplateDatabase)
        return failure(ErrorCode::kFeatureNotSupported,
                       fmt::format("database \"{}\" is always there, and cannot be dropped", name));
      if (if_exists) return false;
      return failure(ErrorCode::kUndefinedDatabase, fmt::format("database \"{}\" does not exist", name));
    }
    if (const auto found = entries_.find(path.string()); found != entries_.end()) {
      const Database* const database = found->second->database.get();  // Nobody is opening it: no users.
      const size_t users = found->second->users > 0 || database == nullptr ? found->second->users
                                                                           : sessions_of_others(*database);
      if (users > 0)
        return failure(
            ErrorCode::kDatabaseInUse, fmt::format("database \"{}\" is being accessed by other users", name), "",
            fmt::format("There {} using the database.",
                        users == 1 ? std::string("is 1 other session")
                                   : fmt::format("are {} other sessions", users)));
      entries_.erase(found);  // Closes it.
    }
    {  // Somebody else may have it open: who can open it for writing is alone. It is closed again
       // here.
      const auto alone = Database::open(path.string());
      if (!alone && alone.failure().sqlstate == rowan::sqlstate(ErrorCode::kDatabaseInUse))
        return failure(ErrorCode::kDatabaseInUse,
                       fmt::format("database \"{}\" is being accessed by other users", name), "",
                       alone.failure().message);
    }
    std::error_code error;
    hidden = folder_ / hidden_name(kDropped, name);
    fs::remove_all(hidden, error);
    fs::rename(path, hidden, error);
    if (error)
      return failure(ErrorCode::kIoError, fmt::format("could not remove the folder \"{}\": {}", path.string(),
                                          error.message()));
  }
  std::error_code error;
  fs::remove_all(hidden, error);
  return true;
}

void Databases::close_idle(std::chrono::steady_clock::duration idle) {
  if (!serves_folder_) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(entries_, [&](const auto& entry) {
    return entry.second->users == 0 && now - entry.second->last_used >= idle;
  });
}

std::optional<Failure> Databases::close() {
  const std::lock_guard lock(mutex_);
  std::optional<Failure> first;
  for (const auto& [path, entry] : entries_) {
    if (entry->database == nullptr) continue;
    if (auto done = entry->database->checkpoint(); !done && !first) first = done.failure();
  }
  entries_.clear();
  return first;
}

}  // namespace rowan::server
