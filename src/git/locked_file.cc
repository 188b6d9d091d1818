#include "git/locked_file.h"

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
  for (int i = 0;; ++i) {
    auto file = open_file(lock, OpenMode::kCreateNew);
    if (file) return LockedFile(path, std::move(lock), std::move(*file));
    if (file.error().code() != ErrorCode::kDuplicateFile) return std::move(file).error();
    if (i == kLockTries) {
      return Error(ErrorCode::kIoError, "\"" + lock.string() + "\" is in the way")
          .with_hint("Another git process may hold it; if none runs, remove the file.");
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

LockedFile::~LockedFile() {
  if (!lock_.empty()) ignore_error(remove_file(lock_), "the next one in says that it is in the way");
}

Result<void> LockedFile::replace(Bytes text) {
  TRY(write_fully(file_, text, 0, lock_));
  if (::fsync(file_.number()) != 0) return file_error("sync", lock_, errno);
  const std::filesystem::path parent = path_.parent_path();
  TRY_ASSIGN(const Folder folder, Folder::open(parent.empty() ? "." : parent));
  TRY(folder.rename(lock_.filename().string(), folder, path_.filename().string()));
  lock_.clear();
  return folder.sync();
}

}  // namespace rowan::git
