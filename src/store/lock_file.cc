#include "store/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace

Result<LockFile> LockFile::take(const std::filesystem::path& path) {
  TRY_ASSIGN(Descriptor file, open_file(path, OpenMode::kCreate, 0600));
  const int descriptor = file.number();
  LockFile lock(std::move(file));
  struct flock range = whole_file();
  if (::fcntl(descriptor, F_OFD_SETLK, &range) != 0) {
    char holder[32] = {};
    const ssize_t n = ::pread(descriptor, holder, sizeof holder - 1, 0);
    const std::string pid(holder, n > 0 ? std::strcspn(holder, "\n") : 0);
    return Error(ErrorCode::kDatabaseInUse,
                 "repository \"" + path.parent_path().parent_path().string() +
                     "\" is open in another process" +
                     (pid.empty() ? std::string() : " (pid " + pid + ")"));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only for the message above: the lock itself is what counts.
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    errno = 0;
  return lock;
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
