// A file that Git changes under `<name>.lock` (config, HEAD): taken as Git takes it, so that the two
// never overwrite each other.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/files.h"
#include "base/result.h"

namespace rowan::git {

class LockedFile {
 public:
  // kIoError when the lock file stays in the way.
  static Result<LockedFile> take(const std::filesystem::path& path);
  LockedFile(LockedFile&& other) noexcept
      : path_(std::move(other.path_)),
        folder_(std::move(other.folder_)),
        lock_(std::exchange(other.lock_, {})),
        file_(std::move(other.file_)) {}
  LockedFile& operator=(LockedFile&&) = delete;
  ~LockedFile();

  Result<void> replace(Bytes text);  // Once; durable. The lock is gone after it.

 private:
  LockedFile(std::filesystem::path path, Folder folder, std::string lock, Descriptor file)
      : path_(std::move(path)),
        folder_(std::move(folder)),
        lock_(std::move(lock)),
        file_(std::move(file)) {}

  std::filesystem::path path_;
  Folder folder_;
  std::string lock_;  // Its name in the folder. Empty: given up already.
  Descriptor file_;
};

}  // namespace rowan::git
