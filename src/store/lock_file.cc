#include "store/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/files.h"

// Locks of the open file description: unlike plain POSIX locks, closing another descriptor of the
// file, or forking, does not drop them. Linux has them since 3.15; the C library shows them only
// with extensions on.
#ifndef F_OFD_SETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#endif

namespace rowan::store {

namespace {

struct flock whole_file() {
  struct flock range;
  std::memset(&range, 0, sizeof range);
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

// What a small file begins with; empty when it cannot be read.
std::string first_bytes(const std::filesystem::path& path) {
  constexpr size_t kBytes = 4096;
  std::string bytes(kBytes, '\0');
  const auto file = open_file(path, OpenMode::kRead);
  const ssize_t read = file ? ::read(file->number(), bytes.data(), bytes.size()) : -1;
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(read, 0)));
  return bytes;
}

// What a process runs, for people: "rowan serve", "postbox". Other words of its command line are its own.
std::string program_of(const std::string& pid) {
  const std::string line = first_bytes("/proc/" + pid + "/cmdline");  // Words end in a zero byte.
  const std::string name = std::filesystem::path(line.c_str()).filename().string();
  if (name.empty()) return "a program that has ended by now";
  const size_t end = line.find('\0');
  if (name != "rowan" || end == std::string::npos) return name;
  return name + " " + (line.c_str() + end + 1);
}

}  // namespace

Result<LockFile> LockFile::take(const std::filesystem::path& path) {
  TRY_ASSIGN(Descriptor file, open_file(path, OpenMode::kCreate, 0600));
  const int descriptor = file.number();
  LockFile lock(std::move(file));
  struct flock range = whole_file();
  if (::fcntl(descriptor, F_OFD_SETLK, &range) != 0) {
    return in_use(path, path.parent_path().parent_path().string());
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only for the message above: the lock itself is what counts.
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    errno = 0;
  return lock;
}

Error LockFile::in_use(const std::filesystem::path& path, std::string_view repository) {
  std::string pid = first_bytes(path);
  pid.resize(std::strcspn(pid.c_str(), "\n"));
  if (pid.empty() || pid.find_first_not_of("0123456789") != std::string::npos)
    return Error(ErrorCode::kDatabaseInUse,
                 fmt::format("repository \"{}\" is open in another process", repository));
  return Error(ErrorCode::kDatabaseInUse,
               fmt::format("repository \"{}\" is open in another process (pid {})", repository, pid))
      .with_hint(fmt::format("It is {}.", program_of(pid)));
}

bool LockFile::is_held(const std::filesystem::path& path) {
  const auto file = open_file(path, OpenMode::kRead);
  if (!file) return false;
  struct flock range = whole_file();
  range.l_type = F_RDLCK;
  const int rc = ::fcntl(file->number(), F_OFD_GETLK, &range);
  return rc == 0 && range.l_type != F_UNLCK;
}

bool LockFile::is_at(const std::filesystem::path& path) const {
  struct stat held = {};
  struct stat found = {};
  return ::fstat(file_.number(), &held) == 0 && ::lstat(path.c_str(), &found) == 0 &&
         held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

}  // namespace rowan::store
