#include "sharing/channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "sharing/message.h"

namespace rowan::sharing {

namespace {

constexpr char kOwnFolder[] = "rowan";
constexpr char kSocketName[] = "socket";
constexpr size_t kReadBytes = 64u << 10;
constexpr int kBacklog = 128;
constexpr int kTakenMs = 200;
constexpr int kLookMs = 200;  // Between looks at whether somebody lost his patience.
constexpr int64_t kImpatientMs = 5000;
constexpr size_t kHeadBytes = sizeof(uint32_t) + 1;

Error gone(std::string_view how) {
  return Error(ErrorCode::kConnectionFailure,
               fmt::format("the process that has the repository open is gone: {}", how));
}

Result<Descriptor> make_socket(int flags = 0) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (made.number() < 0)
    return Error(ErrorCode::kIoError, fmt::format("could not make a socket: {}", std::strerror(errno)));
  return made;
}

}  // namespace

Result<void> Channel::send(uint8_t kind, std::string_view body, std::string_view more) {
  const size_t bytes = body.size() + more.size();
  if (bytes >= kFrameBytesMax)
    return Error(ErrorCode::kProgramLimit, "a value or statement is too long to share")
        .with_detail(fmt::format("It has {} bytes; at most {} go at a time.", bytes, kFrameBytesMax));
  char head[kHeadBytes];
  const auto size = static_cast<uint32_t>(bytes + 1);
  std::memcpy(head, &size, sizeof size);
  head[sizeof size] = static_cast<char>(kind);
  const std::string_view whole[] = {{head, kHeadBytes}, body, more};
  size_t sent = 0;
  while (sent < kHeadBytes + bytes) {
    iovec parts[std::size(whole)];
    size_t before = sent;  // Of the parts from here on.
    for (size_t i = 0; i < std::size(whole); ++i) {
      const size_t of_part = std::min(before, whole[i].size());
      parts[i] = {const_cast<char*>(whole[i].data()) + of_part, whole[i].size() - of_part};
      before -= of_part;
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(whole);
    const ssize_t moved = ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
    if (moved >= 0) {
      sent += static_cast<size_t>(moved);
    } else if (errno != EINTR) {
      return gone(std::strerror(errno));
    }
  }
  return {};
}

int64_t now_ms() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

Result<void> Channel::wait() const {
  while (impatient_since_ms_ != nullptr) {
    pollfd look{socket_.number(), POLLIN, 0};
    if (::poll(&look, 1, kLookMs) > 0) break;
    const int64_t since = impatient_since_ms_->load(std::memory_order_relaxed);
    if (since != 0 && now_ms() - since >= kImpatientMs) return gone("it does not answer");
  }
  return {};
}

Result<void> Channel::fill(size_t size) {
  if (read_ > 0) {
    unread_.erase(0, read_);
    read_ = 0;
  }
  while (unread_.size() < size) {
    TRY(wait());
    const size_t before = unread_.size();
    // No more is taken for what is only claimed than what has come, twice.
    unread_.resize(before + std::max(kReadBytes, std::min(size - before, before)));
    const ssize_t moved =
        ::recv(socket_.number(), unread_.data() + before, unread_.size() - before, 0);
    const int code = errno;
    unread_.resize(before + static_cast<size_t>(std::max<ssize_t>(moved, 0)));
    if (moved == 0) return gone("it closed the connection");
    if (moved < 0 && code != EINTR) return gone(std::strerror(code));
  }
  return {};
}

Result<Frame> Channel::receive() {
  uint32_t size = 0;
  if (unread_.size() - read_ < sizeof size) TRY(fill(sizeof size));
  std::memcpy(&size, unread_.data() + read_, sizeof size);
  if (size == 0 || size > kFrameBytesMax) return gone("it says what cannot be understood");
  const size_t whole = sizeof size + size;
  if (unread_.size() - read_ < whole) TRY(fill(whole));
  Frame frame;
  frame.kind = static_cast<uint8_t>(unread_[read_ + sizeof size]);
  frame.body = unread_.substr(read_ + sizeof size + 1, size - 1);
  read_ += whole;
  if (read_ == unread_.size()) {
    read_ = 0;
    unread_.clear();
    if (unread_.capacity() > 4 * kReadBytes) std::string().swap(unread_);
  }
  return frame;
}

bool Channel::has_something() const {
  if (unread_.size() > read_) return true;
  pollfd look{socket_.number(), POLLIN, 0};
  return ::poll(&look, 1, 0) > 0;
}

int64_t Channel::peer_process() const noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket_.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid;
}

void Channel::stop_reading() noexcept { ::shutdown(socket_.number(), SHUT_RD); }

void Channel::shut_down() noexcept { ::shutdown(socket_.number(), SHUT_RDWR); }

Result<Place> Place::open(const std::filesystem::path& repository) {
  TRY_ASSIGN(Folder folder, Folder::open(resolve(repository) / kOwnFolder));
  struct stat own {};
  if (::fstat(folder.number(), &own) != 0) return file_error("look at", folder.path(), errno);
  Place place(std::move(folder));
  place.owner_ = own.st_uid;
  return place;
}

Place::Place(Folder folder) : folder_(std::move(folder)) {
  address_.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", folder_.number(), kSocketName);
  path.copy(address_.sun_path, sizeof address_.sun_path - 1);
}

Result<Descriptor> Place::listen() const {
  // What lies there was left by a process that had the lock, or put there by somebody; none is followed.
  if (::unlinkat(folder_.number(), kSocketName, 0) != 0 && errno != ENOENT)
    return file_error("make the socket", folder_.path() / kSocketName, errno);
  TRY_ASSIGN(Descriptor socket, make_socket());
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0 ||
      ::fchmodat(folder_.number(), kSocketName, 0600, 0) != 0 ||
      ::listen(socket.number(), kBacklog) != 0)
    return file_error("make the socket", folder_.path() / kSocketName, errno);
  return socket;
}

void Place::remove() const noexcept { ::unlinkat(folder_.number(), kSocketName, 0); }

Result<Place::Found> Place::connect(Descriptor& socket) const {
  struct stat found {};
  if (::fstatat(folder_.number(), kSocketName, &found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Found::kNobody;
    return file_error("look at", folder_.path() / kSocketName, errno);
  }
  if (!S_ISSOCK(found.st_mode))
    return Error(ErrorCode::kCorruption,
                 fmt::format("\"{}\" is no socket", (folder_.path() / kSocketName).string()))
        .with_hint("Remove it: the process that opens the repository makes one.");
  TRY_ASSIGN(Descriptor made, make_socket());
  if (::connect(made.number(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN || errno == EINTR ||
        errno == ECONNRESET)
      return Found::kNobody;
    return file_error("connect to", folder_.path() / kSocketName, errno);
  }
  TRY(check_peer(made, owner_));
  socket = std::move(made);
  return Found::kSomebody;
}

void Place::send_once(uint8_t kind, const char* body, uint32_t size) const noexcept {
  const int before = errno;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket >= 0) {
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0) {
      char frame[kHeadBytes + 64];
      const uint32_t whole = size + 1;
      if (kHeadBytes + size <= sizeof frame) {
        std::memcpy(frame, &whole, sizeof whole);
        frame[sizeof whole] = static_cast<char>(kind);
        std::memcpy(frame + kHeadBytes, body, size);
        if (::send(socket, frame, kHeadBytes + size, MSG_NOSIGNAL) > 0) {
          pollfd taken{socket, POLLIN, 0};  // The other end closes it once it has done as it was asked.
          static_cast<void>(::poll(&taken, 1, kTakenMs));
        }
      }
    }
    ::close(socket);
  }
  errno = before;
}

Result<void> check_peer(const Descriptor& socket, uid_t owner) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return gone(std::strerror(errno));
  if (peer.uid == ::geteuid() || peer.uid == owner || peer.uid == 0) return {};
  return Error(ErrorCode::kInsufficientPrivilege,
               fmt::format("the process at the other end (pid {}) is another user's", peer.pid));
}

}  // namespace rowan::sharing
