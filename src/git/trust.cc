#include "git/trust.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "git/config.h"

namespace rowan::git {

namespace {

namespace fs = std::filesystem;

constexpr size_t kAccountBytesMax = 64u << 10;

// Root by sudo stands for the user who called it as well, as for Git.
bool is_own(uid_t owner) {
  const uid_t user = ::geteuid();
  if (owner == user) return true;
  const char* caller = std::getenv("SUDO_UID");
  if (user != 0 || caller == nullptr) return false;
  uid_t number = 0;
  const std::string_view text = caller;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && owner == number;
}

// A group that holds its owner alone, as Debian makes one for each user: with it, a umask of 002
// lets nobody in.
bool is_private_group(gid_t group, uid_t owner) {
  std::vector<char> room(kAccountBytesMax);
  passwd user_entry;
  passwd* user = nullptr;
  if (::getpwuid_r(owner, &user_entry, room.data(), room.size(), &user) != 0 || user == nullptr)
    return false;
  if (user->pw_gid != group) return false;
  const std::string name = user->pw_name;
  struct group group_entry;
  struct group* found = nullptr;
  if (::getgrgid_r(group, &group_entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return false;
  if (name != found->gr_name) return false;
  for (char** member = found->gr_mem; *member != nullptr; ++member) {
    if (name != *member) return false;
  }
  return true;
}

// What is wrong with a folder, in the words of the error; nothing: it is the user's own.
std::optional<std::string> objection_to(const fs::path& folder) {
  struct stat facts;
  if (::lstat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return std::nullopt;
  if (!is_own(facts.st_uid))
    return "is owned by somebody else (user " + std::to_string(facts.st_uid) + ")";
  if ((facts.st_mode & S_IWOTH) != 0) return "can be written to by everybody";
  if ((facts.st_mode & S_IWGRP) != 0 && !is_private_group(facts.st_gid, facts.st_uid))
    return "can be written to by group " + std::to_string(facts.st_gid);
  return std::nullopt;
}

// One value of safe.directory or rowan.alternates: "*", a folder, or "folder/*" for all below it.
bool names(std::string_view value, const std::string& folder) {
  if (value == "*") return true;
  std::string wanted(value);
  if (wanted.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    wanted = std::string(home == nullptr ? "" : home) + wanted.substr(1);
  }
  if (wanted.ends_with("/*")) {
    wanted.pop_back();
    return wanted.size() > 1 && folder.starts_with(wanted);
  }
  while (wanted.size() > 1 && wanted.back() == '/') wanted.pop_back();
  std::error_code failed;
  const fs::path whole = fs::weakly_canonical(wanted, failed);
  return wanted == folder || (!failed && fs::path(wanted).is_absolute() && whole == folder);
}

// As Git reads a list: an empty value forgets those before it.
bool is_listed(const std::vector<std::string>& values, const fs::path& folder) {
  bool listed = false;
  for (const std::string& value : values)
    listed = value.empty() ? false : listed || names(value, folder.string());
  return listed;
}

fs::path whole_path(const fs::path& path) {
  std::error_code failed;
  fs::path whole = fs::canonical(path, failed);
  return failed ? path : whole;
}

}  // namespace

Result<void> check_trusted(const fs::path& dir) {
  std::vector<fs::path> folders{dir};
  for (const char* part : kGuardedFolders) folders.push_back(dir / part);
  for (const char* part : kGuardedOwnFolders) folders.push_back(dir / part);
  for (const fs::path& folder : folders) {
    const auto objection = objection_to(folder);
    if (!objection) continue;
    const fs::path whole = whole_path(dir);
    if (is_listed(user_setting("safe.directory"), whole)) return {};
    return Error(ErrorCode::kInsufficientPrivilege,
                 "\"" + folder.string() + "\" " + *objection + ", so it is not trusted")
        .with_hint("To trust it as it is: git config --global --add safe.directory \"" +
                   whole.string() + "\". To take over a folder that came from somebody else: rowan "
                   "adopt \"" + dir.string() + "\".");
  }
  return {};
}

Result<void> make_own(const fs::path& path) {
  TRY_ASSIGN(const Folder folder, Folder::open(path));
  struct stat facts;
  if (::fstat(folder.number(), &facts) != 0) return file_error("examine", path, errno);
  if (!is_own(facts.st_uid) && ::fchown(folder.number(), ::geteuid(), ::getegid()) != 0) {
    return Error(ErrorCode::kInsufficientPrivilege,
                 "\"" + path.string() + "\" is owned by somebody else (user " +
                     std::to_string(facts.st_uid) + ") and cannot be made yours")
        .with_hint("Make a copy, which is yours: cp -r \"" + path.string() + "\" COPY.");
  }
  const mode_t mode = facts.st_mode & 07777;
  if ((mode & (S_IWGRP | S_IWOTH)) != 0 &&
      ::fchmod(folder.number(), mode & ~static_cast<mode_t>(S_IWGRP | S_IWOTH)) != 0)
    return file_error("protect", path, errno);
  return {};
}

bool may_lend_objects(const fs::path& objects) {
  std::string_view rest;
  if (const char* named = std::getenv("ROWAN_ALTERNATES"); named != nullptr) rest = named;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (!one.empty() && names(one, objects.string())) return true;
  }
  return is_listed(user_setting("rowan.alternates"), objects);
}

}  // namespace rowan::git
