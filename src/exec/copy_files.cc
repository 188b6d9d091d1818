// The files that COPY reads and writes.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "base/files.h"
#include "exec/copy.h"
#include "exec/operators.h"

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
  ~FileHandle() {
    if (fd >= 0) ::close(fd);
  }
};

constexpr int kPipeWaitMs = 50;  // Between looks at whether the statement was cancelled.

// Waits until the other end of a pipe or device is ready. Files always are.
Result<void> wait_ready(int fd, short events, const ExecContext& context) {
  for (;;) {
    TRY(check_cancelled(context));
    pollfd waiting{fd, events, 0};
    if (::poll(&waiting, 1, kPipeWaitMs) > 0) return {};
  }
}

// A pipe's writer can be opened once it has a reader.
Result<int> open_pipe(const std::string& name, const ExecContext& context) {
  for (;;) {
    const int fd = ::open(name.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 || (errno != ENXIO && errno != EINTR)) return fd;
    TRY(check_cancelled(context));
    ::poll(nullptr, 0, kPipeWaitMs);
  }
}

// A pipe or a device, written in place.
Result<FileSink> open_special_sink(const std::string& name, const ExecContext& context) {
  auto handle = std::make_shared<FileHandle>();
  TRY_ASSIGN(handle->fd, open_pipe(name, context));
  if (handle->fd < 0) return file_error(errno_code(), "open", name);
  FileSink sink;
  sink.write = [handle, name, &context](std::string_view bytes) -> Result<void> {
    while (!bytes.empty()) {
      TRY(wait_ready(handle->fd, POLLOUT, context));
      const ssize_t written = ::write(handle->fd, bytes.data(), bytes.size());
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (written < 0) return file_error(errno_code(), "write", name);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  };
  sink.finish = [] { return Result<void>(); };
  return sink;
}

}  // namespace

bool is_called_compressed(std::string_view path) {
  std::string name(path);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(std::begin(kCompressedEnds), std::end(kCompressedEnds),
                     [&](std::string_view end) { return name.ends_with(end); });
}

Result<FileSource> open_copy_source(std::string_view path, std::string_view folder,
                                    const ExecContext& context) {
  auto handle = std::make_shared<FileHandle>();
  const std::string name = (std::filesystem::path(folder) / path).string();
  // Without waiting for a pipe's writer: that is waited for where the statement can be cancelled.
  handle->fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (handle->fd < 0)
    return file_error(errno_code(), "open", path)
        .with_hint("COPY FROM reads a file of the machine that Rowan runs on.");
  struct stat info{};
  if (::fstat(handle->fd, &info) != 0) return file_error(errno_code(), "stat", path);
  if (S_ISDIR(info.st_mode))
    return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is a directory", path));
  FileSource source;
  source.bytes = S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
  source.read = [handle, path = std::string(path), &context](char* buffer, size_t size) -> Result<size_t> {
    for (;;) {
      TRY(wait_ready(handle->fd, POLLIN, context));
      const ssize_t got = ::read(handle->fd, buffer, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR && errno != EAGAIN) return file_error(ErrorCode::kIoError, "read", path);
    }
  };
  return source;
}

Result<FileSink> open_copy_sink(std::string_view path, std::string_view folder,
                                const ExecContext& context) {
  if (is_called_compressed(path)) {
    return Error(ErrorCode::kFeatureNotSupported,
                 fmt::format("COPY writes plain text, and \"{}\" is called otherwise", path))
        .with_hint("Write to standard output and compress that: rowan export DIR TABLE - | gzip.");
  }
  const std::filesystem::path name = std::filesystem::path(folder) / path;
  struct stat info{};
  if (::stat(name.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (S_ISDIR(info.st_mode))
      return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is a directory", path));
    return open_special_sink(name, context);
  }
  // Links on the way are the user's own; the file in the making is nobody's to foresee.
  const std::filesystem::path parent = resolve(name.has_parent_path() ? name.parent_path() : ".");
  auto made = NewFile::open(parent / name.filename());
  if (!made) {
    return Error(made.error().code(),
                 fmt::format("could not open file \"{}\": {}", path, made.error().message()));
  }
  auto file = std::make_shared<NewFile>(std::move(*made));
  FileSink sink;
  sink.write = [file](std::string_view bytes) { return file->write(bytes); };
  sink.finish = [file] { return file->commit(true); };
  return sink;
}

}  // namespace rowan::exec
