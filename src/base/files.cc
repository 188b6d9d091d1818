#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace rowan {

namespace fs = std::filesystem;

namespace {

constexpr size_t kReadStepBytes = 1u << 20;
constexpr size_t kNewFileBufferBytes = 256u << 10;
constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

std::string parent_of(const fs::path& path) {
  const std::string parent = path.parent_path().string();
  return parent.empty() ? "." : parent;
}

// As open(2), part by part: for kernels, and for containers, that do not have openat2.
int open_by_parts(const fs::path& path, int flags, mode_t permissions) {
  Descriptor at(::open(path.is_absolute() ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const fs::path below = path.relative_path();
  for (auto part = below.begin(); at.number() >= 0 && part != below.end(); ++part) {
    if (part->empty()) continue;
    const bool is_last = std::next(part) == below.end();
    at = Descriptor(is_last ? ::openat(at.number(), part->c_str(), flags | O_NOFOLLOW, permissions)
                            : ::openat(at.number(), part->c_str(),
                                       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  return at.release();
}

int open_without_links(const fs::path& path, int flags, mode_t permissions) {
  struct open_how how;
  std::memset(&how, 0, sizeof how);
  how.flags = static_cast<uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? permissions : 0;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto number = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  if (number >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(number);
  return open_by_parts(path, flags, permissions);
}

// The first link on the way to `path`, itself included.
std::optional<fs::path> first_link(const fs::path& path) {
  fs::path at;
  for (const fs::path& part : path) {
    at /= part;
    struct stat facts;
    if (::lstat(at.c_str(), &facts) != 0) return std::nullopt;
    if (S_ISLNK(facts.st_mode)) return at;
  }
  return std::nullopt;
}

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a device";
}

Error not_our_own(const fs::path& path, std::string_view what, std::string_view wanted) {
  return Error(ErrorCode::kCorruption, "\"" + path.string() + "\" is " + std::string(what) +
                                           ", not " + std::string(wanted) + " of its own")
      .with_hint("In a repository's folder nothing but plain files and folders is read or "
                 "written. Put what belongs there in its place, or remove it.");
}

// Why a path could not be opened, where that is what stands there.
Error open_error(std::string_view what, const fs::path& path, int code, std::string_view wanted) {
  if (code == ELOOP || code == ENOTDIR) {
    if (const auto link = first_link(path)) return not_our_own(*link, "a symbolic link", wanted);
  }
  struct stat facts;
  const bool is_other_kind = code == EISDIR || code == ENXIO || code == ENODEV || code == ENOTDIR;
  if (is_other_kind && ::lstat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return not_our_own(path, kind_of(facts.st_mode), wanted);
  return file_error(what, path, code);
}

Result<void> check_file(const Descriptor& file, const fs::path& path, bool for_writing) {
  struct stat facts;
  if (::fstat(file.number(), &facts) != 0) return file_error("examine", path, errno);
  if (!S_ISREG(facts.st_mode)) return not_our_own(path, kind_of(facts.st_mode), "a file");
  if (for_writing && facts.st_nlink > 1)
    return not_our_own(path, "a file that has another name as well (a hard link)", "one");
  return {};
}

std::string random_digits() {
  unsigned char bytes[8];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) std::memset(bytes, 0, sizeof bytes);
  return to_hex(Bytes(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (number_ >= 0) ::close(number_);
  number_ = other.release();
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Error file_error(std::string_view what, const fs::path& path, int code) {
  ErrorCode kind = ErrorCode::kIoError;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorCode::kUndefinedFile;
  if (code == EEXIST) kind = ErrorCode::kDuplicateFile;
  if (code == ENOSPC || code == EDQUOT) kind = ErrorCode::kDiskFull;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorCode::kInsufficientPrivilege;
  Error error(kind, "could not " + std::string(what) + " \"" + path.string() +
                        "\": " + std::strerror(code));
  if (code != EMFILE && code != ENFILE) return error;
  return std::move(error).with_hint(std::string(kOpenFilesHint));
}

// --- Folder ---

Result<Folder> Folder::open(const fs::path& path) {
  const fs::path named = path.empty() ? fs::path(".") : path;
  Descriptor descriptor(
      open_without_links(named, O_RDONLY | O_DIRECTORY | kAlways, 0));
  if (descriptor.number() < 0) return open_error("open folder", named, errno, "a folder");
  return Folder(named, std::move(descriptor));
}

Result<std::vector<std::string>> Folder::list() const {
  const int again = ::openat(descriptor_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = again < 0 ? nullptr : ::fdopendir(again);
  if (stream == nullptr) {
    const int code = errno;
    if (again >= 0) ::close(again);
    return file_error("list folder", path_, code);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> Folder::rename(const std::string& from, const Folder& folder,
                            const std::string& to) const {
  if (::renameat(descriptor_.number(), from.c_str(), folder.descriptor_.number(), to.c_str()) != 0)
    return open_error("rename to", folder.path_ / to, errno, "a file");
  return {};
}

Result<void> Folder::unlink(const std::string& name) const {
  if (::unlinkat(descriptor_.number(), name.c_str(), 0) != 0)
    return open_error("remove", path_ / name, errno, "a file");
  return {};
}

Result<void> Folder::remove_folder(const std::string& name) const {
  if (::unlinkat(descriptor_.number(), name.c_str(), AT_REMOVEDIR) != 0)
    return open_error("remove folder", path_ / name, errno, "a folder");
  return {};
}

Result<void> Folder::sync() const {
  if (::fsync(descriptor_.number()) != 0) return file_error("sync folder", path_, errno);
  return {};
}

Result<void> make_folders(const fs::path& path) {
  if (path.empty() || is_folder(path)) return {};
  TRY(make_folders(path.parent_path()));
  TRY_ASSIGN(const Folder parent, Folder::open(parent_of(path)));
  if (::mkdirat(parent.number(), path.filename().c_str(), 0777) == 0) return {};
  if (errno != EEXIST) return file_error("make folder", path, errno);
  TRY(Folder::open(path));  // Made meanwhile, or something else stands there.
  return {};
}

// --- Paths ---

fs::path resolve(const fs::path& path) {
  std::error_code failed;
  if (!first_link(path)) return path;
  fs::path whole = fs::weakly_canonical(path, failed);
  return failed ? path : whole;
}

Result<Descriptor> open_file_as(const fs::path& path, int flags) {
  Descriptor file(open_without_links(path, flags | kAlways, 0));
  if (file.number() < 0) return open_error("open", path, errno, "a file");
  TRY(check_file(file, path, (flags & O_ACCMODE) != O_RDONLY));
  return file;
}

Result<Descriptor> open_file(const fs::path& path, OpenMode mode, mode_t permissions) {
  int flags = kAlways;
  switch (mode) {
    case OpenMode::kRead:
      flags |= O_RDONLY;
      break;
    case OpenMode::kWrite:
      flags |= O_RDWR;
      break;
    case OpenMode::kCreate:
      flags |= O_RDWR | O_CREAT;
      break;
    case OpenMode::kCreateNew:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      break;
  }
  Descriptor file(open_without_links(path, flags, permissions));
  if (file.number() < 0) return open_error("open", path, errno, "a file");
  TRY(check_file(file, path, mode != OpenMode::kRead));
  return file;
}

// Read in steps: a size that a file only claims (it may have holes) must not become memory at once.
Result<std::string> read_whole_file(const fs::path& path, uint64_t bytes_max) {
  const auto too_large = [&] {
    return Error(ErrorCode::kCorruption, "file \"" + path.string() + "\" is larger than expected");
  };
  TRY_ASSIGN(const Descriptor file, open_file(path, OpenMode::kRead));
  struct stat facts;
  if (::fstat(file.number(), &facts) != 0) return file_error("examine", path, errno);
  if (static_cast<uint64_t>(facts.st_size) > bytes_max) return too_large();
  std::string out;
  while (true) {
    const size_t before = out.size();
    out.resize(before + std::min<uint64_t>(kReadStepBytes, bytes_max + 1 - before));
    ssize_t got = 0;
    do {
      got = ::pread(file.number(), out.data() + before, out.size() - before,
                    static_cast<off_t>(before));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return file_error("read", path, errno);
    out.resize(before + static_cast<size_t>(got));
    if (out.size() > bytes_max) return too_large();
    if (got == 0) return out;
  }
}

Result<void> write_fully(const Descriptor& file, Bytes bytes, uint64_t offset,
                         const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error("write", path, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

bool is_folder(const fs::path& path) {
  const Descriptor folder(
      open_without_links(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
  return folder.number() >= 0;
}

bool is_file(const fs::path& path) {
  const Descriptor file(open_without_links(path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0));
  struct stat facts;
  return file.number() >= 0 && ::fstat(file.number(), &facts) == 0 && S_ISREG(facts.st_mode);
}

bool has_entry(const fs::path& path) {
  struct stat facts;
  return ::lstat(path.c_str(), &facts) == 0;
}

Result<std::vector<std::string>> list_folder(const fs::path& path) {
  TRY_ASSIGN(const Folder folder, Folder::open(path));
  return folder.list();
}

Result<void> remove_file(const fs::path& path) {
  TRY_ASSIGN(const Folder folder, Folder::open(parent_of(path)));
  return folder.unlink(path.filename().string());
}

fs::path temporary_beside(const fs::path& path) {
  fs::path temporary = path;
  temporary += "." + random_digits();
  temporary += kTemporaryEnding;
  return temporary;
}

// --- NewFile ---

Result<NewFile> NewFile::open(const fs::path& path, mode_t permissions) {
  const fs::path temporary = temporary_beside(path);
  TRY_ASSIGN(Folder folder, Folder::open(parent_of(path)));
  std::string name = temporary.filename().string();
  fs::path whole = path;  // From the file on, nothing may fail any more.
  TRY_ASSIGN(Descriptor file, open_file(temporary, OpenMode::kCreateNew, permissions));
  return NewFile(std::move(whole), std::move(folder), std::move(name), std::move(file));
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      folder_(std::move(other.folder_)),
      temporary_(std::exchange(other.temporary_, std::string())),
      file_(std::move(other.file_)),
      buffer_(std::move(other.buffer_)),
      written_(other.written_) {}

NewFile::~NewFile() {
  // That it stays is no harm: its name says what it is.
  if (!temporary_.empty()) ::unlinkat(folder_.number(), temporary_.c_str(), 0);
}

Result<void> NewFile::flush() {
  TRY(write_fully(file_, buffer_, written_, path_));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> NewFile::write(Bytes bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kNewFileBufferBytes ? Result<void>() : flush();
}

Result<void> NewFile::commit(bool durable) {
  TRY(flush());
  if (durable && ::fsync(file_.number()) != 0) return file_error("sync", path_, errno);
  TRY(folder_.rename(temporary_, folder_, path_.filename().string()));
  temporary_.clear();
  return durable ? folder_.sync() : Result<void>();
}

}  // namespace rowan
