// FileSystem: the few file operations that decide whether data survives, behind one interface, so
// that tests can count them, fail them and crash between them (tests/crash/fault_file_system.h).
// Reading packs is not among them. The real one trusts nothing it finds (base/files.h): it follows
// no links and opens regular files only.
//
// Threads: any. A File may be used by several threads at once.
// Errors:  those of base/files.h; the message names the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/result.h"

namespace rowan::store {

inline constexpr size_t kAppendBlockBytes = 4096;
constexpr uint64_t whole_blocks(uint64_t bytes) {
  return (bytes + kAppendBlockBytes - 1) / kAppendBlockBytes * kAppendBlockBytes;
}

// An open file. Closed when destroyed (closing never loses synced bytes, so its result does not
// matter).
class File {
 public:
  virtual ~File() = default;
  virtual Result<size_t> read(char* to, size_t bytes_max,
                              uint64_t offset) const = 0;  // Fewer only at the end.
  virtual Result<void> write(Bytes bytes,
                             uint64_t offset) = 0;  // All of them; grows the file where needed.
  virtual Result<void> sync() = 0;                  // fdatasync.
  // write() and sync() in one, for the end of a log: what follows the bytes, up to the next
  // multiple of kAppendBlockBytes, may become zeros. By one thread at a time, and not beside
  // write().
  virtual Result<void> append_durably(Bytes bytes, uint64_t offset) {
    TRY(write(bytes, offset));
    return sync();
  }
  virtual Result<void> truncate(uint64_t bytes) = 0;
  virtual Result<void> allocate(
      uint64_t bytes) = 0;  // Reserves the first `bytes` bytes; zeros where new.
  virtual Result<uint64_t> size() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual Result<void> rename(const std::filesystem::path& from,
                              const std::filesystem::path& to) = 0;  // Replaces.
  virtual Result<void> unlink(const std::filesystem::path& path) = 0;
  virtual Result<void> make_folder(
      const std::filesystem::path& path) = 0;  // With its parents; fine when there.
  virtual Result<void> remove_folder(const std::filesystem::path& path) = 0;  // Must be empty.
  virtual Result<void> sync_folder(
      const std::filesystem::path& path) = 0;  // fsync: makes names in it durable.
  virtual Result<std::vector<std::string>> list(
      const std::filesystem::path& folder) = 0;  // Names, sorted.
  virtual bool exists(const std::filesystem::path& path) = 0;  // If only as a link.

  // Helpers over the operations above.
  Result<std::string> read_whole(const std::filesystem::path& path, uint64_t bytes_max);
  // Writes a file beside `path`, renames it over `path` and, with `durable`, syncs both before and
  // after.
  Result<void> replace(const std::filesystem::path& path, Bytes bytes, bool durable = true);
};

FileSystem& real_file_system();  // Lives for ever.

}  // namespace rowan::store
