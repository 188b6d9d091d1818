#include "git/locked_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace rowan::git {

namespace {
constexpr int kLockTries = 100;
constexpr auto kLockPause = std::chrono::milliseconds(10);
}  // namespace

Result<LockedFile> LockedFile::take(const std::filesystem::path& path) {
  std::filesystem::path lock = path;
  lock += ".lock";
  const std::filesystem::path parent = path.parent_path();
  TRY_ASSIGN(Folder folder, Folder::open(parent.empty() ? "." : parent));
  std::string name = lock.filename().string();
  std::filesystem::path whole = path;  // From the lock on, nothing may fail any more.
  for (int i = 0;; ++i) {
    auto file = open_file(lock, OpenMode::kCreateNew);
    if (file)
      return LockedFile(std::move(whole), std::move(folder), std::move(name), std::move(*file));
    if (file.error().code() != ErrorCode::kDuplicateFile) return std::move(file).error();
    if (i == kLockTries) {
      return Error(ErrorCode::kIoError, "\"" + lock.string() + "\" is in the way")
          .with_hint("Another git process may hold it; if none runs, remove the file.");
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

LockedFile::~LockedFile() {
  // Should it stay, the next one in says that it is in the way.
  if (!lock_.empty()) ::unlinkat(folder_.number(), lock_.c_str(), 0);
}

Result<void> LockedFile::replace(Bytes text) {
  TRY(write_fully(file_, text, 0, path_));
  if (::fsync(file_.number()) != 0) return file_error("sync", path_, errno);
  TRY(folder_.rename(lock_, folder_, path_.filename().string()));
  lock_.clear();
  return folder_.sync();
}

}  // namespace rowan::git
