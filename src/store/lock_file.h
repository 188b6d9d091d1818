// LockFile: one writer process for a repository, by a lock on DIR/rowan/lock that the kernel drops
// with the process.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/files.h"
#include "base/result.h"

namespace rowan::store {

class LockFile {
 public:
  // kDatabaseInUse names the holder.
  static Result<LockFile> take(const std::filesystem::path& path);
  // What to say of a lock that another opener holds. `repository`: its name for people.
  static Error in_use(const std::filesystem::path& path, std::string_view repository);
  // Whether another opener holds it. False when the file cannot be read.
  static bool is_held(const std::filesystem::path& path);
  // Whether the file at that path is the one that is locked. Not once the repository's folder was moved,
  // removed or replaced: another one may stand there by now.
  bool is_at(const std::filesystem::path& path) const;

 private:
  explicit LockFile(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace rowan::store
