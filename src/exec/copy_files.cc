// The files that COPY reads and writes.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "exec/copy.h"

namespace rowan::exec {

namespace {

// How the names of compressed files and archives end, in small letters.
constexpr std::string_view kCompressedEnds[] = {
    ".gz",  ".tgz", ".gzip", ".bz2", ".tbz", ".tbz2", ".xz",  ".txz", ".lzma", ".lz",  ".zst",
    ".tzst", ".zstd", ".lz4", ".z",  ".lzo", ".br",   ".zip", ".7z",  ".rar",  ".tar"};

Error file_error(ErrorCode code, std::string_view what, std::string_view path) {
  return Error(code, fmt::format("could not {} file \"{}\": {}", what, path, std::strerror(errno)));
}

ErrorCode errno_code() {
  if (errno == ENOENT || errno == ENOTDIR) return ErrorCode::kUndefinedFile;
  if (errno == ENOSPC || errno == EDQUOT) return ErrorCode::kDiskFull;
  if (errno == EACCES || errno == EPERM || errno == EROFS) return ErrorCode::kInsufficientPrivilege;
  return ErrorCode::kIoError;
}

struct FileHandle {
  int fd = -1;
  std::string temporary;  // Removed unless the copy was finished.
  ~FileHandle() {
    if (fd >= 0) ::close(fd);
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }
};

}  // namespace

bool is_called_compressed(std::string_view path) {
  std::string name(path);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(std::begin(kCompressedEnds), std::end(kCompressedEnds),
                     [&](std::string_view end) { return name.ends_with(end); });
}

Result<FileSource> open_copy_source(std::string_view path) {
  auto handle = std::make_shared<FileHandle>();
  const std::string name(path);
  handle->fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle->fd < 0)
    return file_error(errno_code(), "open", path)
        .with_hint("COPY FROM reads a file of the machine that Rowan runs on.");
  struct stat info{};
  if (::fstat(handle->fd, &info) != 0) return file_error(errno_code(), "stat", path);
  if (S_ISDIR(info.st_mode))
    return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is a directory", path));
  FileSource source;
  source.bytes = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  source.read = [handle, name](char* buffer, size_t size) -> Result<size_t> {
    for (;;) {
      const ssize_t got = ::read(handle->fd, buffer, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return file_error(ErrorCode::kIoError, "read", name);
    }
  };
  return source;
}

Result<FileSink> open_copy_sink(std::string_view path) {
  if (is_called_compressed(path)) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("COPY writes plain text, and \"{}\" is called otherwise", path))
        .with_hint("Write to standard output and compress that: rowan export DIR TABLE - | gzip.");
  }
  auto handle = std::make_shared<FileHandle>();
  const std::string name(path);
  struct stat info{};
  const bool special = ::stat(name.c_str(), &info) == 0 &&
                       !S_ISREG(info.st_mode);  // A pipe or device is written in place.
  if (special && S_ISDIR(info.st_mode))
    return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is a directory", path));
  if (!special) handle->temporary = name + ".rowan-tmp";
  handle->fd =
      special ? ::open(name.c_str(), O_WRONLY | O_CLOEXEC)
              : ::open(handle->temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle->fd < 0) {
    handle->temporary.clear();
    return file_error(errno_code(), "open", path);
  }
  FileSink sink;
  sink.write = [handle, name](std::string_view bytes) -> Result<void> {
    while (!bytes.empty()) {
      const ssize_t written = ::write(handle->fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return file_error(errno_code(), "write", name);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  };
  sink.finish = [handle, name, special]() -> Result<void> {
    if (special) return {};
    if (::fsync(handle->fd) != 0 || ::rename(handle->temporary.c_str(), name.c_str()) != 0)
      return file_error(errno_code(), "write", name);
    handle->temporary.clear();
    return {};
  };
  return sink;
}

}  // namespace rowan::exec
