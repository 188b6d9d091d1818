#include "server/server.h"

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cctype>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/bytes.h"
#include "base/caught.h"
#include "server/failures.h"
#include "server/newcomer.h"
#include "server/shared.h"

namespace rowan::server {

namespace {

constexpr uint16_t kSocketNumber = 5432;  // Of a socket whose port was not said.

using std::chrono::milliseconds;

constexpr milliseconds kTick{10};
constexpr milliseconds kQuietTick{200};  // While nobody is connected.
constexpr int kTicksOfDeadlines = 5;
constexpr int kTicksOfDatabases = 500;
constexpr std::chrono::seconds kDatabaseIdleMax{60};
constexpr milliseconds kDrainMax{5000};
constexpr milliseconds kFarewellMax{2000};  // For clients that do not take theirs.
constexpr milliseconds kAcceptPause{50};
constexpr size_t kPasswordBytes = 15;
constexpr size_t kThreadsKeptMin = 4;

using Plain = asio::generic::stream_protocol::socket;

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // What the system does not give it does not give.
}

std::string own_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr && entry->pw_name != nullptr ? entry->pw_name : "rowan";
}

// For a URL: what is not plain goes as %xx.
std::string url_quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

Outcome<std::vector<asio::ip::address>> read_addresses(const ServerOptions& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.listen) {
    if (name == "localhost") {
      names.insert(names.end(), {"127.0.0.1", "::1"});
    } else if (name == "*") {
      names.insert(names.end(), {"0.0.0.0", "::"});
    } else {
      names.push_back(name);
    }
  }
  std::vector<asio::ip::address> addresses;
  for (const std::string& name : names) {
    asio::error_code error;
    addresses.push_back(asio::ip::make_address(name, error));
    if (error)
      return failure(ErrorCode::kInvalidParameterValue, fmt::format("\"{}\" is no address", name),
                     "--listen takes an IP address, localhost or *.");
    if (options.auth == AuthMode::kTrust && !addresses.back().is_loopback())
      return failure(ErrorCode::kInvalidAuthorization,
                     "--auth trust lets anybody in, and goes with loopback addresses only");
  }
  return addresses;
}

class Server {
 public:
  Server(const ServerOptions& options, Databases& databases,
         const std::function<void(std::string_view)>& say,
         const std::function<void(std::string_view)>& warn)
      : options_(options),
        say_(say),
        warn_(warn),
        databases_(databases),
        workers_(std::max<size_t>(kThreadsKeptMin, 2 * std::thread::hardware_concurrency()),
                 options.connections_max + kThreadsKeptMin),
        shared_(options_, databases, workers_),
        control_(1),
        signals_(control_),
        tick_(control_),
        newcomers_(control_, shared_) {}
  ~Server() {
    workers_.stop();
    if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
  }

  Outcome<bool> run(const std::vector<asio::ip::address>& addresses);

 private:
  using TcpAcceptor = asio::ip::tcp::acceptor;
  using LocalAcceptor = asio::local::stream_protocol::acceptor;

  std::optional<Failure> prepare(const std::vector<asio::ip::address>& addresses);
  std::optional<Failure> prepare_password();
  std::optional<Failure> listen(const std::vector<asio::ip::address>& addresses);
  std::optional<Failure> listen_on(const asio::ip::address& address);
  std::optional<Failure> listen_locally();
  void announce();

  template <typename Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor);
  asio::awaitable<void> watch();
  asio::awaitable<void> wait_for_signal();
  asio::awaitable<void> pause(milliseconds time);
  asio::awaitable<void> drain();
  void look_after_connections();

  const ServerOptions& options_;
  const std::function<void(std::string_view)>& say_;
  const std::function<void(std::string_view)>& warn_;
  Databases& databases_;
  Workers workers_;
  Shared shared_;
  asio::io_context control_;
  asio::signal_set signals_;
  asio::steady_timer tick_;
  std::vector<TcpAcceptor> tcp_;
  std::vector<std::string> addresses_;
  std::optional<LocalAcceptor> local_;
  std::string socket_path_;
  uint16_t port_ = 0;
  bool hurry_ = false;  // A second signal has come.
  bool ended_ = false;  // Nobody is left: what still waits on the control thread returns.
  std::string made_password_;
  Newcomers newcomers_;
};

std::optional<Failure> Server::prepare_password() {
  if (options_.auth == AuthMode::kTrust) return std::nullopt;
  std::string password = options_.password;
  if (auto verifier = auth::ScramVerifier::parse(password)) {
    shared_.verifier = std::move(*verifier);
    return std::nullopt;
  }
  if (password.empty()) {
    const auto random = auth::random_bytes(kPasswordBytes);
    if (!random) return to_failure(random.error());
    password = made_password_ = to_hex(*random);
  }
  const auto salt = auth::random_bytes(auth::kScramSaltBytes);
  if (!salt) return to_failure(salt.error());
  auto verifier = auth::ScramVerifier::make(password, *salt);
  if (!verifier) return to_failure(verifier.error());
  shared_.verifier = std::move(*verifier);
  return std::nullopt;
}

std::optional<Failure> Server::listen_on(const asio::ip::address& address) {
  asio::error_code error;
  TcpAcceptor acceptor(control_);
  const asio::ip::tcp::endpoint endpoint(address, port_);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return failure(
        ErrorCode::kIoError,
        fmt::format("could not listen on {}:{}: {}", address.to_string(), port_, error.message()),
        error == asio::error::address_in_use ? "Give another port: --port." : "");
  port_ = acceptor.local_endpoint(error).port();
  addresses_.push_back(address.to_string());
  tcp_.push_back(std::move(acceptor));
  return std::nullopt;
}

std::optional<Failure> Server::listen_locally() {
  if (port_ == 0) port_ = kSocketNumber;  // Nothing listens on TCP: any number is free.
  const std::string path = (options_.socket_folder / fmt::format(".s.PGSQL.{}", port_)).string();
  asio::error_code error;
  if (path.size() >= sizeof(sockaddr_un{}.sun_path))
    return failure(ErrorCode::kIoError, fmt::format("the path of the socket, \"{}\", is too long", path),
                   "Give a shorter folder: --socket-dir.");
  {  // What a server left that was killed answers nobody.
    asio::local::stream_protocol::socket probe(control_);
    probe.connect(path, error);
    if (!error)
      return failure(ErrorCode::kDatabaseInUse, fmt::format("another server answers on the socket \"{}\"", path),
                     "Give another port: --port.");
    struct stat found{};
    if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) ::unlink(path.c_str());
  }
  error.clear();
  LocalAcceptor acceptor(control_);
  acceptor.open(asio::local::stream_protocol(), error);
  if (!error) acceptor.bind(path, error);
  // Who may come in, authentication decides.
  if (!error && ::chmod(path.c_str(), 0777) != 0)
    error = asio::error_code(errno, asio::error::get_system_category());
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return failure(ErrorCode::kIoError,
                   fmt::format("could not make the socket \"{}\": {}", path, error.message()));
  socket_path_ = path;
  local_.emplace(std::move(acceptor));
  return std::nullopt;
}

std::optional<Failure> Server::listen(const std::vector<asio::ip::address>& addresses) {
  port_ = options_.port;
  for (const asio::ip::address& address : addresses) {
    if (auto failed = listen_on(address)) return failed;
  }
  return options_.socket_folder.empty() ? std::nullopt : listen_locally();
}

std::optional<Failure> Server::prepare(const std::vector<asio::ip::address>& addresses) {
  raise_file_limit();
  struct stat folder{};
  if (::stat(databases_.folder().c_str(), &folder) != 0)
    return failure(ErrorCode::kIoError, fmt::format("could not look at \"{}\": {}",
                                        databases_.folder().string(), std::strerror(errno)));
  shared_.owner = folder.st_uid;
  if (auto failed = prepare_password()) return failed;
  if (auto failed = listen(addresses)) return failed;
  if (const auto started = workers_.start(); !started) return to_failure(started.error());
  return std::nullopt;
}

void Server::announce() {
  std::string where;
  for (const std::string& address : addresses_)
    where += fmt::format("{}{}:{}", where.empty() ? "" : ", ", address, port_);
  if (!socket_path_.empty()) where += fmt::format("{}{}", where.empty() ? "" : ", ", socket_path_);
  say_(databases_.serves_folder()
           ? fmt::format("Serving the repositories in {} on {}.", databases_.folder().string(),
                         where)
           : fmt::format("Serving {} as database \"{}\" on {}.", databases_.folder().string(),
                         databases_.first_name(), where));
  if (options_.auth == AuthMode::kTrust)
    warn_("--auth trust: whoever reaches the port from this machine is let in, under any name.");
  const std::string password = made_password_.empty() ? "" : ":" + made_password_;
  if (!addresses_.empty()) {
    std::string host = addresses_[0] == "0.0.0.0" ? "127.0.0.1" : addresses_[0];
    if (host.find(':') != std::string::npos) host = "[" + (host == "::" ? "::1" : host) + "]";
    say_(fmt::format("psql postgres://{}{}@{}:{}/{}", url_quoted(own_user()), password, host, port_,
                     url_quoted(databases_.first_name())));
  } else if (!socket_path_.empty()) {
    say_(fmt::format("psql -h {} -p {} {}",
                     std::filesystem::absolute(options_.socket_folder).string(), port_,
                     databases_.first_name()));
  }
}

asio::awaitable<void> Server::pause(milliseconds time) {
  asio::steady_timer timer(control_, time);
  asio::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

template <typename Acceptor>
asio::awaitable<void> Server::accept(Acceptor& acceptor) {
  for (;;) {
    asio::error_code error;
    auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (ended_) co_return;
    if (error) {  // No descriptor is left, as a rule.
      newcomers_.close_oldest();
      co_await pause(kAcceptPause);
      continue;
    }
    newcomers_.greet(Plain(std::move(socket)));
  }
}

void Server::look_after_connections() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& presence : shared_.connections.all()) presence->end_when_overdue(now);
}

asio::awaitable<void> Server::watch() {
  for (int ticks = 0;; ++ticks) {
    tick_.expires_after(shared_.connections.count() == 0 ? kQuietTick : kTick);
    asio::error_code error;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (ended_) co_return;
    if (workers_.all_busy()) workers_.add();
    if (ticks % kTicksOfDeadlines == 0) look_after_connections();
    if (ticks % kTicksOfDatabases == 0 && databases_.serves_folder())
      asio::post(workers_.context(), [this] {
        const Workers::Busy busy(workers_);
        ends_well([&] { databases_.close_idle(kDatabaseIdleMax); });
      });
  }
}

asio::awaitable<void> Server::wait_for_signal() {
  asio::error_code error;
  co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_await drain();
}

asio::awaitable<void> Server::drain() {
  shared_.draining = true;
  say_("Shutting down.");
  signals_.async_wait([this](const asio::error_code& error, int) { hurry_ = !error; });
  const auto start = std::chrono::steady_clock::now();
  const auto gone = [&] { return std::chrono::steady_clock::now() - start; };
  // Who is at rest ends at once: it looks at `draining` when it is woken, so end it here.
  for (const auto& presence : shared_.connections.all()) presence->end_at_rest();
  while (shared_.connections.count() > 0 && gone() < kDrainMax && !hurry_) co_await pause(kTick);
  for (const auto& presence : shared_.connections.all()) presence->end(Ending::kShutdown);
  const auto end = gone() + kFarewellMax;
  while (shared_.connections.count() > 0 && gone() < end) co_await pause(kTick);
  for (const auto& presence : shared_.connections.all()) presence->break_off();
  while (shared_.connections.count() > 0) co_await pause(kTick);  // Only the engine is waited for.
  ended_ = true;
  asio::error_code ignored;
  for (TcpAcceptor& acceptor : tcp_) acceptor.close(ignored);
  if (local_) local_->close(ignored);
  newcomers_.close_all();
  signals_.cancel(ignored);
  tick_.cancel();
}

Outcome<bool> Server::run(const std::vector<asio::ip::address>& addresses) {
  if (auto failed = prepare(addresses)) return *failed;
  asio::error_code error;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal, error);
  for (TcpAcceptor& acceptor : tcp_) asio::co_spawn(control_, accept(acceptor), asio::detached);
  if (local_) asio::co_spawn(control_, accept(*local_), asio::detached);
  asio::co_spawn(control_, watch(), asio::detached);
  asio::co_spawn(control_, wait_for_signal(), asio::detached);
  announce();
  control_.run();
  workers_.stop();
  return true;
}

}  // namespace

Outcome<bool> run_server(const ServerOptions& options,
                         const std::function<void(std::string_view)>& say,
                         const std::function<void(std::string_view)>& warn) {
  try {
    auto addresses = read_addresses(options);
    if (!addresses) return addresses.failure();
    auto databases = Databases::open(options.folder);
    if (!databases) return databases.failure();
    {
      Server server(options, **databases, say, warn);
      auto ran = server.run(*addresses);
      if (!ran) return ran.failure();
    }
    if (const auto failed = (*databases)->close()) return *failed;
    return true;
  } catch (...) {
    return to_failure(error_of_exception());
  }
}

}  // namespace rowan::server
