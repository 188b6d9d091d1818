#include "server/newcomer.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <optional>

#include "base/caught.h"
#include "server/auth/base64.h"
#include "server/connection.h"
#include "server/failures.h"
#include "server/pgwire/backend.h"
#include "server/pgwire/frontend.h"

namespace rowan::server {

namespace {

constexpr std::chrono::seconds kAuthenticationMax{60};
constexpr size_t kNewcomersMax = 4096;
constexpr int kEncryptionAsksMax = 2;  // One for each way of it.

using Socket = asio::generic::stream_protocol::socket;

// What PGOPTIONS says: -c name=value and --name=value; a backslash keeps the next character.
Result<void> read_options(std::string_view text, Request& request) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool blank = text[i] == ' ' || text[i] == '\t' || text[i] == '\n';
    if (blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    words.back() += text[i];
  }
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    const Error bad(ErrorCode::kSyntaxError,
                    fmt::format("invalid command-line argument for server process: {}", word));
    if (word == "-c") {
      if (++i == words.size()) return bad;
      word = words[i];
    } else if (word.starts_with("-c") || word.starts_with("--")) {
      word.erase(0, 2);
    } else {
      return bad;
    }
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return bad;
    std::string name = word.substr(0, equals);
    if (word != words[i]) std::replace(name.begin(), name.end(), '-', '_');
    request.settings.emplace_back(std::move(name), word.substr(equals + 1));
  }
  return {};
}

}  // namespace

class Newcomer {
 public:
  Newcomer(Shared& shared, Socket socket)
      : shared_(shared),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        in_(std::make_unique<pgwire::FrameReader>(shared.options.message_bytes_max, shared.input)) {
  }

  Socket& socket() { return socket_; }
  asio::steady_timer& timer() { return timer_; }
  void close() {
    if (presence_) presence_->forget_socket();
    std::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  // Takes what has come, and answers. False: it has ended, once `out` is written.
  bool proceed();
  bool is_let_in() const { return let_in_; }
  std::string& out() { return out_; }
  // Where bytes may go that come; empty: there is no memory for more, which `out` tells.
  std::span<char> room() {
    auto room = in_->room();
    if (room) return *room;
    refuse(to_failure(room.error()));
    return {};
  }
  void received(size_t size) { in_->received(size); }
  // Hands everything to the workers.
  void hand_over();

 private:
  enum class Step : uint8_t { kStartup, kFirst, kFinal, kDone };

  bool take(const pgwire::Frame& frame);
  bool startup(Bytes body);
  bool session(const pgwire::StartupPacket& packet);
  bool take_parameters(const pgwire::StartupPacket& packet);
  bool begin_authentication();
  bool is_owner_here();
  bool first(Bytes body);
  bool final(Bytes body);
  bool admit();
  bool refuse(const Failure& failure) {
    pgwire::error_response(out_, failure, pgwire::Severity::kFatal);
    return false;
  }

  Shared& shared_;
  Socket socket_;
  asio::steady_timer timer_;
  std::unique_ptr<pgwire::FrameReader> in_;
  std::string out_;
  Step step_ = Step::kStartup;
  int encryption_asks_ = 0;
  bool let_in_ = false;
  Request request_;
  std::optional<auth::ScramExchange> exchange_;
  std::shared_ptr<Presence> presence_;
};

bool Newcomer::proceed() {
  try {
    while (!let_in_) {
      auto frame = in_->next();
      if (!frame) return refuse(to_failure(frame.error()));
      if (!*frame) return true;
      if (!take(**frame)) return false;
    }
    return true;
  } catch (...) {
    out_.clear();
    return refuse(to_failure(error_of_exception()));
  }
}

bool Newcomer::take(const pgwire::Frame& frame) {
  switch (step_) {
    case Step::kStartup:
      return startup(frame.body);
    case Step::kFirst:
      return first(frame.body);
    case Step::kFinal:
      return final(frame.body);
    case Step::kDone:
      return true;
  }
  return false;
}

bool Newcomer::startup(Bytes body) {
  const auto packet = pgwire::parse_startup(body);
  if (!packet) return refuse(to_failure(packet.error()));
  switch (packet->kind) {
    case pgwire::StartupKind::kSsl:
    case pgwire::StartupKind::kGss:
      if (++encryption_asks_ > kEncryptionAsksMax)
        return refuse(failure(ErrorCode::kProtocolViolation, "encryption was asked for too often"));
      out_ += 'N';
      return true;
    case pgwire::StartupKind::kCancel:
      shared_.connections.cancel(packet->process, packet->secret);
      return false;
    case pgwire::StartupKind::kSession:
      return session(*packet);
  }
  return false;
}

bool Newcomer::session(const pgwire::StartupPacket& packet) {
  if (packet.major != 3)
    return refuse(
        failure(ErrorCode::kFeatureNotSupported,
                fmt::format("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                            packet.major, packet.minor)));
  if (!take_parameters(packet)) return false;
  if (shared_.draining)
    return refuse(failure(ErrorCode::kCannotConnectNow, "the database system is shutting down"));
  return begin_authentication();
}

bool Newcomer::take_parameters(const pgwire::StartupPacket& packet) {
  std::vector<std::string_view> unknown;
  for (const auto& [name, value] : packet.parameters) {
    if (name == "user") {
      request_.user = value;
    } else if (name == "database") {
      request_.database = value;
    } else if (name == "application_name") {
      request_.application_name = value;
    } else if (name == "options") {
      if (const auto read = read_options(value, request_); !read)
        return refuse(to_failure(read.error()));
    } else if (name == "replication") {
      if (value != "false" && value != "off" && value != "0" && value != "no")
        return refuse(failure(ErrorCode::kFeatureNotSupported, "replication connections are not supported"));
    } else if (name.starts_with("_pq_.")) {
      unknown.push_back(name);
    } else {
      request_.settings.emplace_back(name, value);
    }
  }
  if (packet.minor > 0 || !unknown.empty()) pgwire::negotiate_protocol_version(out_, 0, unknown);
  if (request_.user.empty())
    return refuse(failure(ErrorCode::kInvalidAuthorization, "no PostgreSQL user name specified in startup packet"));
  if (request_.database.empty()) request_.database = request_.user;
  return true;
}

// Whether the other end of a Unix socket is the owner of what is served.
bool Newcomer::is_owner_here() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.ss_family != AF_UNIX)
    return false;
  ucred peer{};
  size = sizeof peer;
  return ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == shared_.owner;
}

bool Newcomer::begin_authentication() {
  if (shared_.options.auth == AuthMode::kTrust || is_owner_here()) return admit();
  const auto nonce = auth::random_bytes(auth::kScramNonceBytes);
  if (!nonce) return refuse(to_failure(nonce.error()));
  exchange_.emplace(shared_.verifier, auth::to_base64(*nonce));
  pgwire::authentication_sasl(out_, auth::kScramMechanism);
  in_->enter(pgwire::Phase::kAuthentication);
  step_ = Step::kFirst;
  return true;
}

bool Newcomer::first(Bytes body) {
  const auto initial = pgwire::parse_sasl_initial(body);
  if (!initial) return refuse(to_failure(initial.error()));
  if (initial->mechanism != auth::kScramMechanism)
    return refuse(failure(ErrorCode::kProtocolViolation,
                          "client selected an invalid SASL authentication mechanism"));
  if (!initial->data)
    return refuse(failure(ErrorCode::kProtocolViolation, "the client's first SCRAM message is missing"));
  const auto answer = exchange_->answer_first(*initial->data);
  if (!answer) return refuse(to_failure(answer.error()));
  pgwire::authentication_sasl_continue(out_, *answer);
  step_ = Step::kFinal;
  return true;
}

bool Newcomer::final(Bytes body) {
  const auto answer = exchange_->answer_final(body);
  if (!answer) return refuse(to_failure(answer.error()));
  if (!*answer)
    return refuse(
        failure(ErrorCode::kInvalidPassword,
                fmt::format("password authentication failed for user \"{}\"", request_.user)));
  pgwire::authentication_sasl_final(out_, **answer);
  return admit();
}

bool Newcomer::admit() {
  presence_ = shared_.connections.add(socket_.native_handle());
  if (!presence_)
    return refuse(
        failure(ErrorCode::kTooManyConnections, "sorry, too many clients already", "",
                fmt::format("{} may be connected at a time.", shared_.options.connections_max)));
  pgwire::authentication_ok(out_);
  in_->enter(pgwire::Phase::kMessages);
  step_ = Step::kDone;
  let_in_ = true;
  return true;
}

void Newcomer::hand_over() {
  timer_.cancel();
  asio::error_code error;
  const int socket = socket_.release(error);
  if (error) {
    presence_->forget_socket();
    shared_.connections.remove(*presence_);
    return;
  }
  start_connection(shared_, socket, std::move(presence_), std::move(request_), std::move(in_));
}

namespace {

// False: it is gone.
asio::awaitable<bool> write_all(Newcomer& newcomer) {
  size_t written = 0;
  std::string& out = newcomer.out();
  while (written < out.size()) {
    const ssize_t moved = ::send(newcomer.socket().native_handle(), out.data() + written,
                                 out.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (moved >= 0) {
      written += static_cast<size_t>(moved);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      asio::error_code error;
      co_await newcomer.socket().async_wait(Socket::wait_write,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    } else if (errno != EINTR) {
      co_return false;
    }
  }
  out.clear();
  co_return true;
}

enum class ReadSome : uint8_t { kSome, kGone, kRefused };

asio::awaitable<ReadSome> read_some(Newcomer& newcomer) {
  for (;;) {
    asio::error_code error;
    co_await newcomer.socket().async_wait(Socket::wait_read,
                                          asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return ReadSome::kGone;
    const std::span<char> room = newcomer.room();
    if (room.empty()) co_return ReadSome::kRefused;
    const ssize_t moved =
        ::recv(newcomer.socket().native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (moved == 0) co_return ReadSome::kGone;
    if (moved > 0) {
      newcomer.received(static_cast<size_t>(moved));
      co_return ReadSome::kSome;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) co_return ReadSome::kGone;
  }
}

}  // namespace

Newcomers::Newcomers(asio::io_context& control, Shared& shared)
    : control_(control), shared_(shared) {}
Newcomers::~Newcomers() = default;

void Newcomers::greet(Socket socket) {
  while (waiting_.size() >= kNewcomersMax) close_oldest();
  asio::error_code ignored;
  socket.native_non_blocking(true, ignored);
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto newcomer = std::make_shared<Newcomer>(shared_, std::move(socket));
  newcomer->timer().expires_after(kAuthenticationMax);
  newcomer->timer().async_wait([newcomer](const asio::error_code& error) {
    if (!error) newcomer->close();
  });
  waiting_.push_back(newcomer);
  asio::co_spawn(control_, receive(newcomer), asio::detached);
}

asio::awaitable<void> Newcomers::receive(std::shared_ptr<Newcomer> newcomer) {
  bool there = true;
  bool going_on = true;
  while (there && going_on && !newcomer->is_let_in()) {
    const ReadSome read = co_await read_some(*newcomer);
    if (read == ReadSome::kGone) break;
    going_on = read == ReadSome::kSome && newcomer->proceed();
    there = co_await write_all(*newcomer);
  }
  // Also when it is gone: then its connection finds that out, and takes its presence along.
  if (newcomer->is_let_in()) {
    newcomer->hand_over();
  } else {
    newcomer->close();
  }
  waiting_.remove(newcomer);
}

void Newcomers::close_oldest() {
  if (waiting_.empty()) return;
  waiting_.front()->close();
  waiting_.pop_front();
}

void Newcomers::close_all() {
  while (!waiting_.empty()) close_oldest();
}

}  // namespace rowan::server
