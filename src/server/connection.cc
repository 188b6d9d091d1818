#include "server/connection.h"

#include <sys/socket.h>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>

#include "base/caught.h"
#include "server/dialogue.h"
#include "server/failures.h"
#include "server/pgwire/backend.h"

namespace rowan::server {

namespace {

using Socket = asio::generic::stream_protocol::socket;

constexpr size_t kKeptBytes = 1u << 10;  // Of the output buffer, while the client is waited for.

int family_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return AF_INET;
  return address.ss_family;
}

enum class Moved : uint8_t { kAll, kBlocked, kBroken };

class Connection {
 public:
  Connection(Shared& shared, int socket, std::shared_ptr<Presence> presence, Request request,
             std::unique_ptr<pgwire::FrameReader> in)
      : shared_(shared),
        presence_(std::move(presence)),
        request_(std::move(request)),
        in_(std::move(in)),
        socket_(shared.workers.context(), asio::generic::stream_protocol(family_of(socket), 0),
                socket) {}
  ~Connection() {
    dialogue_.reset();
    presence_->forget_socket();
    std::error_code ignored;
    socket_.close(ignored);
    shared_.connections.remove(*presence_);
  }

  // Opens the session; false: the client was told why not.
  bool open() {
    const Workers::Busy busy(shared_.workers);
    try {
      auto failed = open_session();
      if (!failed) return true;
      out_.clear();
      pgwire::error_response(out_, *failed, pgwire::Severity::kFatal);
    } catch (...) {
      out_.clear();
      pgwire::error_response(out_, to_failure(error_of_exception()), pgwire::Severity::kFatal);
    }
    return false;
  }

  Next advance() {
    const Workers::Busy busy(shared_.workers);
    const Next next = dialogue_->advance();
    if (next == Next::kRead && shared_.draining.load(std::memory_order_relaxed) &&
        dialogue_->is_at_rest()) {
      presence_->end(Ending::kShutdown);
      return dialogue_->advance();
    }
    return next;
  }
  bool wants_write(Next next) const {
    return !out_.empty() && (next != Next::kRead || dialogue_->wants_flush());
  }

  Moved write() {
    while (written_ < out_.size()) {
      const ssize_t moved = ::send(socket_.native_handle(), out_.data() + written_,
                                   out_.size() - written_, MSG_NOSIGNAL);
      if (moved >= 0) {
        written_ += static_cast<size_t>(moved);
      } else if (errno != EINTR) {
        return errno == EAGAIN || errno == EWOULDBLOCK ? Moved::kBlocked : Moved::kBroken;
      }
    }
    written_ = 0;
    out_.clear();
    if (dialogue_) dialogue_->flushed();
    return Moved::kAll;
  }

  Moved read() {
    const auto room = in_->room();
    if (!room) {
      dialogue_->refuse_input(room.error());
      return Moved::kBroken;
    }
    for (;;) {
      const ssize_t moved = ::recv(socket_.native_handle(), room->data(), room->size(), 0);
      if (moved > 0) {
        in_->received(static_cast<size_t>(moved));
        return Moved::kAll;
      }
      if (moved == 0) return Moved::kBroken;
      if (errno != EINTR)
        return errno == EAGAIN || errno == EWOULDBLOCK ? Moved::kBlocked : Moved::kBroken;
    }
  }

  // Before and after it waits for the client.
  void begin_idle() {
    in_->release();
    if (out_.empty() && out_.capacity() > kKeptBytes) std::string().swap(out_);
    const Dialogue::IdleLimit limit = dialogue_->idle_limit();
    const bool at_rest = dialogue_->is_at_rest();
    presence_->begin_idle(at_rest, limit.idle_max, limit.ending);
    // Who looks for connections at rest may have come by just before.
    if (at_rest && shared_.draining.load()) presence_->end(Ending::kShutdown);
  }
  void end_idle() { presence_->end_idle(); }

  // The client's stream ended: it left, or we woke ourselves up.
  void reading_ended() {
    if (presence_->ending() != Ending::kNone) dialogue_->advance();
  }

  Socket& socket() { return socket_; }

 private:
  std::optional<Failure> open_session() {
    auto use = shared_.databases.find(request_.database);
    if (!use) return use.failure();
    ConnectOptions options;
    options.branch = use->revision();
    options.user = request_.user;
    options.application_name = request_.application_name;
    options.settings = std::move(request_.settings);
    if (shared_.databases.serves_folder())
      options.databases_folder = shared_.databases.folder().string();
    if (use->keeps_nothing()) options.settings.emplace_back("default_transaction_read_only", "on");
    auto session = use->database().connect(options);
    if (!session) return session.failure();
    request_ = Request();
    dialogue_ = std::make_unique<Dialogue>(shared_.databases, std::move(*use), std::move(*session),
                                           *presence_, *in_, out_);
    dialogue_->greet();
    return std::nullopt;
  }

  Shared& shared_;
  std::shared_ptr<Presence> presence_;
  Request request_;
  std::unique_ptr<pgwire::FrameReader> in_;
  std::string out_;
  size_t written_ = 0;
  Socket socket_;
  std::unique_ptr<Dialogue> dialogue_;
};

asio::awaitable<bool> write_all(Connection& connection) {
  for (;;) {
    const Moved moved = connection.write();
    if (moved != Moved::kBlocked) co_return moved == Moved::kAll;
    asio::error_code error;
    co_await connection.socket().async_wait(Socket::wait_write,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
  }
}

asio::awaitable<void> serve(std::unique_ptr<Connection> connection) {
  bool open = connection->open();
  while (open) {
    const Next next = connection->advance();
    if (connection->wants_write(next)) {
      Moved moved = connection->write();
      if (moved == Moved::kBlocked && co_await write_all(*connection)) moved = Moved::kAll;
      if (moved != Moved::kAll) co_return;
    }
    if (next == Next::kEnd) co_return;
    if (next == Next::kWrite) continue;
    Moved moved = connection->read();
    while (moved == Moved::kBlocked) {
      connection->begin_idle();
      asio::error_code error;
      co_await connection->socket().async_wait(Socket::wait_read,
                                               asio::redirect_error(asio::use_awaitable, error));
      connection->end_idle();
      moved = error ? Moved::kBroken : connection->read();
    }
    if (moved == Moved::kBroken) {
      connection->reading_ended();
      break;
    }
  }
  co_await write_all(*connection);
}

}  // namespace

void start_connection(Shared& shared, int socket, std::shared_ptr<Presence> presence,
                      Request request, std::unique_ptr<pgwire::FrameReader> in) {
  auto connection = std::make_unique<Connection>(shared, socket, std::move(presence),
                                                 std::move(request), std::move(in));
  asio::co_spawn(shared.workers.context(), serve(std::move(connection)), asio::detached);
}

}  // namespace rowan::server
