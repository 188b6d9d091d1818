#include "store/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace rowan::store {

namespace {

constexpr size_t kReadStepBytes = 16u << 20;

class RealFile final : public File {
 public:
  RealFile(Descriptor file, std::filesystem::path path)
      : file_(std::move(file)), descriptor_(file_.number()), path_(std::move(path)) {}
  ~RealFile() override {
    if (direct_ >= 0) ::close(direct_);
    std::free(block_);
  }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  Result<size_t> read(char* to, size_t bytes_max, uint64_t offset) const override {
    size_t done = 0;
    while (done < bytes_max) {
      const ssize_t n =
          ::pread(descriptor_, to + done, bytes_max - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return file_error("read", path_, errno);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Result<void> write(Bytes bytes, uint64_t offset) override {
    return write_fully(file_, bytes, offset, path_);
  }

  // Never repeated after a failure: the kernel may have dropped the pages it could not write.
  Result<void> sync() override {
    if (::fdatasync(descriptor_) != 0) return file_error("sync", path_, errno);
    return {};
  }

  // Past the page cache, in one request to the disk where that can be: a third less time than
  // writing and syncing, and always the same
  // (docs/decisions/0013-the-journal-writes-past-the-page-cache.md).
  Result<void> append_durably(Bytes bytes, uint64_t offset) override {
    TRY_ASSIGN(const bool done, append_directly(bytes, offset));
    if (done) return {};
    appended_to_ = 0;
    TRY(write(bytes, offset));
    return sync();
  }

  Result<void> truncate(uint64_t bytes) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0)
      return file_error("truncate", path_, errno);
    return {};
  }

  Result<void> allocate(uint64_t bytes) override {
    const int code = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (code != 0) return file_error("reserve space for", path_, code);
    return {};
  }

  Result<uint64_t> size() const override {
    struct stat info;
    if (::fstat(descriptor_, &info) != 0) return file_error("examine", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  // False: it cannot be done here, and nothing that was there before is lost.
  Result<bool> append_directly(Bytes bytes, uint64_t offset) {
    if (direct_ == kNotTried) {
      auto again = open_file_as(path_, O_WRONLY | O_DIRECT | O_DSYNC);
      direct_ = again ? again->release() : kNotPossible;
      if (!is_same_file(direct_)) give_up_direct();
    }
    if (direct_ < 0 || bytes.size() > kDirectBytesMax) return false;
    const size_t before = offset % kAppendBlockBytes;  // Of the block that it begins in.
    const size_t end = before + bytes.size();
    const size_t padded = whole_blocks(end);
    if (!make_room(padded)) return false;
    if (before != 0 && offset != appended_to_) {
      TRY_ASSIGN(const size_t got, read(block_, before, offset - before));
      std::memset(block_ + got, 0, before - got);
    }
    std::memcpy(block_ + before, bytes.data(), bytes.size());
    std::memset(block_ + end, 0, padded - end);
    ssize_t written = 0;
    do {
      written = ::pwrite(direct_, block_, padded, static_cast<off_t>(offset - before));
    } while (written < 0 && errno == EINTR);
    if (written < 0 && errno != EINVAL && errno != EOPNOTSUPP)
      return file_error("write", path_, errno);
    if (written != static_cast<ssize_t>(padded)) {
      give_up_direct();
      return false;
    }
    const size_t last_block = end / kAppendBlockBytes * kAppendBlockBytes;
    std::memmove(block_, block_ + last_block, end - last_block);
    appended_to_ = offset + bytes.size();
    return true;
  }

  bool is_same_file(int other) const {
    struct stat mine, its;
    return other >= 0 && ::fstat(descriptor_, &mine) == 0 && ::fstat(other, &its) == 0 &&
           mine.st_dev == its.st_dev && mine.st_ino == its.st_ino;
  }

  void give_up_direct() {
    if (direct_ >= 0) ::close(direct_);
    direct_ = kNotPossible;
  }

  bool make_room(size_t bytes) {
    if (bytes <= block_bytes_) return true;
    const size_t wanted = std::max(bytes, 2 * block_bytes_);
    auto* larger = static_cast<char*>(std::aligned_alloc(kAppendBlockBytes, wanted));
    if (larger == nullptr) return false;
    if (block_ != nullptr) std::memcpy(larger, block_, kAppendBlockBytes);
    std::free(block_);
    block_ = larger;
    block_bytes_ = wanted;
    return true;
  }

  static constexpr int kNotTried = -1;
  static constexpr int kNotPossible = -2;
  static constexpr size_t kDirectBytesMax = 1u << 20;  // More is not worth a buffer of its size.

  Descriptor file_;
  int descriptor_;  // Its number.
  std::filesystem::path path_;
  int direct_ = kNotTried;  // The file once more, for append_durably; kNotPossible: by no such way.
  char* block_ = nullptr;   // Aligned; begins with what stands in the last block appended to.
  size_t block_bytes_ = 0;
  uint64_t appended_to_ = 0;  // Where append_directly ended.
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override {
    TRY_ASSIGN(Descriptor file, open_file(path, mode));
    return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(file), path));
  }

  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    TRY_ASSIGN(const Folder source, Folder::open(from.parent_path()));
    if (from.parent_path() == to.parent_path())
      return source.rename(from.filename().string(), source, to.filename().string());
    TRY_ASSIGN(const Folder target, Folder::open(to.parent_path()));
    return source.rename(from.filename().string(), target, to.filename().string());
  }

  Result<void> unlink(const std::filesystem::path& path) override { return remove_file(path); }

  Result<void> make_folder(const std::filesystem::path& path) override {
    return make_folders(path);
  }

  Result<void> remove_folder(const std::filesystem::path& path) override {
    TRY_ASSIGN(const Folder folder, Folder::open(path.parent_path()));
    return folder.remove_folder(path.filename().string());
  }

  Result<void> sync_folder(const std::filesystem::path& path) override {
    TRY_ASSIGN(const Folder folder, Folder::open(path));
    return folder.sync();
  }

  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    return list_folder(folder);
  }

  bool exists(const std::filesystem::path& path) override { return has_entry(path); }
};

}  // namespace

// In steps: a size that a file only claims (it may have holes) must not become memory at once.
Result<std::string> FileSystem::read_whole(const std::filesystem::path& path, uint64_t bytes_max) {
  TRY_ASSIGN(const auto file, open(path, OpenMode::kRead));
  TRY_ASSIGN(const uint64_t bytes, file->size());
  if (bytes > bytes_max) {
    return Error(ErrorCode::kCorruption, "file \"" + path.string() + "\" is larger than expected");
  }
  std::string out;
  while (out.size() < bytes) {
    const size_t before = out.size();
    out.resize(std::min<uint64_t>(bytes, before + kReadStepBytes));
    TRY_ASSIGN(const size_t got, file->read(out.data() + before, out.size() - before, before));
    if (before + got < out.size()) {
      out.resize(before + got);
      break;
    }
  }
  return out;
}

Result<void> FileSystem::replace(const std::filesystem::path& path, Bytes bytes, bool durable) {
  const std::filesystem::path temporary = temporary_beside(path);
  const auto make = [&]() -> Result<void> {
    TRY_ASSIGN(const auto file, open(temporary, OpenMode::kCreateNew));
    TRY(file->write(bytes, 0));
    return durable ? file->sync() : Result<void>();
  };
  auto made = make();
  if (made) made = rename(temporary, path);
  if (!made) {
    ignore_error(unlink(temporary), "removed at the next open");
    return made;
  }
  return durable ? sync_folder(path.parent_path()) : Result<void>();
}

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

}  // namespace rowan::store
