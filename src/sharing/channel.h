// A connection between two processes that share a repository: whole frames over a Unix socket.
//
// Threads: one at a time, but for what says otherwise.
// Errors:  kConnectionFailure: the other end is gone, or says what cannot be.
#pragma once

#include <sys/un.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"

namespace rowan::sharing {

int64_t now_ms() noexcept;  // Of the steady clock; for handlers of signals, too.

struct Frame {
  uint8_t kind = 0;
  std::string body;
};

class Channel {
 public:
  explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}

  // From now on receive() fails when it has waited for five seconds since that time of the steady clock, in
  // ms, which a signal's handler may set; 0: it waits as long as it takes. Borrowed.
  void set_impatience(const std::atomic<int64_t>* since_ms) { impatient_since_ms_ = since_ms; }

  // The body may come in two parts, which are not copied.
  Result<void> send(uint8_t kind, std::string_view body, std::string_view more = {});
  Result<Frame> receive();       // Waits.
  bool has_something() const;    // Whether receive() would not wait: a frame, or the end.
  int64_t peer_process() const noexcept;  // Of who made the other end; 0: it is not known.
  void stop_reading() noexcept;  // Any thread: receive() gives what has come, then fails.
  void shut_down() noexcept;     // Any thread: nothing goes either way any more.

 private:
  Result<void> fill(size_t size);  // Until that many bytes are unread.
  Result<void> wait() const;       // Until there is something to read.

  Descriptor socket_;
  const std::atomic<int64_t>* impatient_since_ms_ = nullptr;
  std::string unread_;
  size_t read_ = 0;  // Of unread_, already.
};

// The socket of a repository: DIR/rowan/socket. It is named through an open descriptor of the folder, so
// that neither the length of its path nor what becomes of that matters.
class Place {
 public:
  // `repository`: its folder. Fails when that has none of Rowan's own.
  static Result<Place> open(const std::filesystem::path& repository);

  // Listens, in the place of what a process left that is dead. Requires the repository's lock.
  Result<Descriptor> listen() const;
  void remove() const noexcept;  // From now on nobody finds it.
  uid_t owner() const { return owner_; }  // Of the repository's own folder.

  enum class Found : uint8_t { kNobody, kSomebody };
  // Connects. kNobody: nobody listens. Fails for what is no socket, and for another user's process.
  Result<Found> connect(Descriptor& socket) const;

  // As connect() and a frame, in the handler of a signal: no memory, a fifth of a second at most, and nothing
  // to know of what came of it.
  void send_once(uint8_t kind, const char* body, uint32_t size) const noexcept;

 private:
  explicit Place(Folder folder);

  Folder folder_;
  uid_t owner_ = 0;
  sockaddr_un address_{};  // Ready, so that send_once() has nothing to make.
};

// Whether the process at the other end may share with this one: the same user, the owner of the
// repository, or root. kInsufficientPrivilege.
Result<void> check_peer(const Descriptor& socket, uid_t owner);

}  // namespace rowan::sharing
