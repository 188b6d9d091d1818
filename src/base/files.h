// Files of a folder that somebody else may have made: what is opened is a regular file that lies
// where its path says. No link is followed, not even on the way; a link, FIFO, device or folder in
// a file's place is an error that names it, and opening never waits.
//
// A path that a user gave may lead through links: resolve() it once, and go below what it gives.
//
// Threads: any.
// Errors:  kUndefinedFile (no such file), kDuplicateFile (exists already), kDiskFull,
//          kInsufficientPrivilege; kCorruption: something else stands there than a file, or a
//          folder, of its own; else kIoError. The message names the path.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan {

// Of an error that too many open files caused.
inline constexpr std::string_view kOpenFilesHint =
    "The system's limit on open files (ulimit -n) is reached: raise it.";


enum class OpenMode : uint8_t {
  kRead,
  kWrite,      // Read and write; must exist.
  kCreate,     // Read and write; made when missing, its bytes kept when not.
  kCreateNew,  // Read and write; must not exist.
};

// An open file or folder, closed when destroyed.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }

 private:
  int number_;
};

// An open folder: names in it mean what lies in that very folder, whatever becomes of its path.
class Folder {
 public:
  static Result<Folder> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  int number() const { return descriptor_.number(); }
  Result<std::vector<std::string>> list() const;  // Names, sorted.
  Result<void> rename(const std::string& from, const Folder& folder,
                      const std::string& to) const;  // Replaces.
  Result<void> unlink(const std::string& name) const;
  Result<void> remove_folder(const std::string& name) const;  // Must be empty.
  Result<void> sync() const;                                  // Makes names in it durable.

 private:
  Folder(std::filesystem::path path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  std::filesystem::path path_;
  Descriptor descriptor_;
};

// The path without the links that it leads through. A path without any is given back as it is.
std::filesystem::path resolve(const std::filesystem::path& path);

// A file that is opened for writing has no other name (hard link): bytes written into it must not
// change what lies elsewhere.
Result<Descriptor> open_file(const std::filesystem::path& path, OpenMode mode,
                             mode_t permissions = 0644);
// As open_file, for an existing file and with flags of open(2).
Result<Descriptor> open_file_as(const std::filesystem::path& path, int flags);

Result<std::string> read_whole_file(const std::filesystem::path& path, uint64_t bytes_max);
Result<void> write_fully(const Descriptor& file, Bytes bytes, uint64_t offset,
                         const std::filesystem::path& path);

bool is_folder(const std::filesystem::path& path);     // One of its own, reached without links.
bool is_file(const std::filesystem::path& path);       // The same for a regular file.
bool has_entry(const std::filesystem::path& path);     // Something of that name, if only a link.
Result<void> make_folders(const std::filesystem::path& path);  // With parents; fine when there.
Result<std::vector<std::string>> list_folder(const std::filesystem::path& path);
Result<void> remove_file(const std::filesystem::path& path);  // A link goes, not what it names.

// The Error for a system call that failed with `code`.
Error file_error(std::string_view what, const std::filesystem::path& path, int code);

// A name beside `path` that nobody can foresee, for a file that is to take its place. It ends in
// kTemporaryEnding.
inline constexpr std::string_view kTemporaryEnding = ".tmp";
std::filesystem::path temporary_beside(const std::filesystem::path& path);

// A file in the making: its bytes are at no known path until commit() puts it, whole, in the place
// of whatever had its name. Without commit() it is gone; taking it away needs no memory.
class NewFile {
 public:
  static Result<NewFile> open(const std::filesystem::path& path, mode_t permissions = 0644);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Result<void> write(Bytes bytes);    // At the end.
  Result<void> commit(bool durable);  // `durable`: after this it survives power loss.

 private:
  NewFile(std::filesystem::path path, Folder folder, std::string temporary, Descriptor file)
      : path_(std::move(path)),
        folder_(std::move(folder)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}
  Result<void> flush();

  std::filesystem::path path_;
  Folder folder_;
  std::string temporary_;  // Its name in the folder. Empty: nothing to remove.
  Descriptor file_;
  std::string buffer_;
  uint64_t written_ = 0;
};

}  // namespace rowan
