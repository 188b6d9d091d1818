#include "sharing/service.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "base/caught.h"
#include "base/thread.h"
#include "sharing/channel.h"
#include "sharing/failures.h"
#include "sharing/message.h"
#include "sharing/served_session.h"

namespace rowan::sharing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kConnectionsMax = 256;  // Each has a thread.
constexpr size_t kShareOfFiles = 4;      // Of the files that the process may have open: the rest is the store's.
constexpr milliseconds kDrainMax{5000};
constexpr milliseconds kFarewellMax{2000};  // For clients that do not take what is sent.
constexpr milliseconds kTick{5};
constexpr milliseconds kAcceptPause{50};

// New threads take no signals: these are the program's.
class SignalsAside {
 public:
  SignalsAside() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsAside() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

uint64_t random_key() {
  uint64_t key = 0;
  // Without it keys can be guessed by the same user, who may cancel what he runs anyway.
  if (::getrandom(&key, sizeof key, GRND_NONBLOCK) != sizeof key)
    key = static_cast<uint64_t>(steady_clock::now().time_since_epoch().count());
  return key;
}

size_t connections_max() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return kConnectionsMax;
  return std::clamp<size_t>(files.rlim_cur / kShareOfFiles, 1, kConnectionsMax);
}

struct Connection {
  Connection(Descriptor socket, uint64_t its_key) : channel(std::move(socket)), key(its_key) {}

  Channel channel;
  const uint64_t key;
  std::thread thread;
  std::atomic<bool> is_over{false};
  std::mutex mutex;  // Guards the rest.
  std::unique_ptr<ServedSession> session;
  bool is_waiting = false;  // For its client.
  bool is_at_rest = true;   // Known while it waits.
  bool is_ended = false;    // By us, whatever it had open.
};

class ServiceImpl final : public Service {
 public:
  ServiceImpl(Database& database, Place place) : database_(database), place_(std::move(place)) {}
  ~ServiceImpl() override { ServiceImpl::stop(); }

  Result<void> start() {
    TRY_ASSIGN(listener_, place_.listen());
    wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (wake_.number() < 0)
      return Error(ErrorCode::kIoError,
                   fmt::format("could not make an event: {}", std::strerror(errno)));
    const SignalsAside aside;
    TRY_ASSIGN(acceptor_, start_thread("other processes", [this] {
                 ends_well([this] { accept(); });
               }));
    return {};
  }

  void stop() override;
  size_t connections() const override {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(
        connections_.begin(), connections_.end(),
        [](const std::shared_ptr<Connection>& connection) { return !connection->is_over; }));
  }

 private:
  void accept();
  void admit(Descriptor socket);
  void serve(Connection& connection) noexcept;
  bool greet(Connection& connection);
  void cancel(std::string_view body);
  void forget_those_over();
  std::list<std::shared_ptr<Connection>> all();

  Database& database_;
  Place place_;
  Descriptor listener_;
  Descriptor wake_;
  std::thread acceptor_;
  std::atomic<bool> draining_{false};
  mutable std::mutex mutex_;  // Guards the next.
  std::list<std::shared_ptr<Connection>> connections_;
};

std::list<std::shared_ptr<Connection>> ServiceImpl::all() {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void ServiceImpl::forget_those_over() {
  const std::lock_guard lock(mutex_);
  std::erase_if(connections_, [](const std::shared_ptr<Connection>& connection) {
    if (!connection->is_over) return false;
    if (connection->thread.joinable()) connection->thread.join();
    return true;
  });
}

void ServiceImpl::accept() {
  while (!draining_) {
    pollfd waiting[2] = {{listener_.number(), POLLIN, 0}, {wake_.number(), POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return;
    if (draining_) return;
    if ((waiting[0].revents & POLLIN) == 0) continue;
    Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.number() < 0) {
      const int code = errno;
      ends_well([&] { forget_those_over(); });
      errno = code;
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        std::this_thread::sleep_for(kAcceptPause);
      continue;
    }
    ends_well([&] {
      forget_those_over();
      admit(std::move(socket));
    });
  }
}

void ServiceImpl::admit(Descriptor socket) {
  if (!check_peer(socket, place_.owner())) return;
  auto connection = std::make_shared<Connection>(std::move(socket), random_key());
  const auto refuse = [&](const Error& why) {
    ignore_error(connection->channel.send(static_cast<uint8_t>(Tell::kFarewell),
                                          encode(Farewell{0, to_failure(why)})),
                 "it finds the connection closed");
  };
  const size_t most = connections_max();
  if (all().size() >= most)
    return refuse(Error(ErrorCode::kTooManyConnections, "too many processes share the repository")
                      .with_detail(fmt::format("{} may at a time.", most)));
  auto thread = start_thread("another process", [this, connection] { serve(*connection); });
  if (!thread) return refuse(thread.error());
  connection->thread = std::move(*thread);
  const std::lock_guard lock(mutex_);
  connections_.push_back(std::move(connection));
}

// False: that was all.
bool ServiceImpl::greet(Connection& connection) {
  const auto frame = connection.channel.receive();
  if (!frame) return false;
  if (static_cast<Ask>(frame->kind) == Ask::kCancel) {
    cancel(frame->body);
    return false;
  }
  // Whatever it says: it gets to know whom it talks to, and leaves if that is another version.
  return connection.channel
             .send(static_cast<uint8_t>(Tell::kDone),
                   encode(Welcome{std::string(kGreeting), ::getpid()}))
             .has_value() &&
         static_cast<Ask>(frame->kind) == Ask::kGreet && frame->body == kGreeting;
}

void ServiceImpl::cancel(std::string_view body) {
  uint64_t key = 0;
  Decoder in(body);
  in(key);
  if (!in.is_sound()) return;
  for (const auto& connection : all()) {
    const std::lock_guard lock(connection->mutex);
    if (connection->key == key && connection->session) connection->session->cancel();
  }
}

void ServiceImpl::serve(Connection& connection) noexcept {
  ends_well([&] {
    if (!greet(connection)) return;
    {
      const std::lock_guard lock(connection.mutex);
      connection.session =
          std::make_unique<ServedSession>(database_, connection.channel, connection.key);
    }
    ServedSession& session = *connection.session;
    for (bool goes_on = true; goes_on;) {
      {
        const std::lock_guard lock(connection.mutex);
        connection.is_at_rest = session.is_at_rest();
        connection.is_waiting = true;
        if (connection.is_ended || (draining_ && connection.is_at_rest)) break;
      }
      const auto frame = connection.channel.receive();
      {
        const std::lock_guard lock(connection.mutex);
        connection.is_waiting = false;
        if (connection.is_ended) break;
      }
      goes_on = frame.has_value() && session.handle(*frame);
    }
  });
  ends_well([&] {
    std::unique_ptr<ServedSession> ended;
    bool was_at_rest = true;
    {
      const std::lock_guard lock(connection.mutex);
      ended = std::move(connection.session);
      was_at_rest = !connection.is_ended || connection.is_at_rest;
    }
    if (!ended) return;
    Farewell farewell;
    farewell.last_call = ended->last_call();
    ended.reset();  // Rolled back before anybody hears of it.
    if (!draining_) return;
    farewell.why = to_failure(was_at_rest ? lost_connection() : ended_by_the_other());
    ignore_error(connection.channel.send(static_cast<uint8_t>(Tell::kFarewell), encode(farewell)),
                 "it finds the connection closed");
  });
  connection.channel.shut_down();
  connection.is_over = true;
}

void ServiceImpl::stop() {
  if (draining_.exchange(true)) return;
  place_.remove();
  if (acceptor_.joinable()) {
    const uint64_t one = 1;
    ssize_t written = -1;
    do {
      written = ::write(wake_.number(), &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    acceptor_.join();
  }
  listener_ = Descriptor();  // Who waits in its queue finds it closed, and comes again.
  const auto start = steady_clock::now();
  for (;;) {
    forget_those_over();
    const auto left = all();
    if (left.empty()) return;
    const auto gone = steady_clock::now() - start;
    for (const auto& connection : left) {
      const std::lock_guard lock(connection->mutex);
      if (gone >= kDrainMax && !connection->is_ended) {
        connection->is_ended = true;
        if (connection->session) connection->session->end();
      }
      if (connection->is_waiting && (connection->is_at_rest || connection->is_ended))
        connection->channel.stop_reading();
      // Not yet greeted, or it takes nothing.
      if (gone >= kDrainMax + kFarewellMax || !connection->session)
        connection->channel.shut_down();
    }
    std::this_thread::sleep_for(kTick);
  }
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(Database& database,
                                                const std::filesystem::path& repository) {
  TRY_ASSIGN(Place place, Place::open(repository));
  auto service = std::make_unique<ServiceImpl>(database, std::move(place));
  TRY(service->start());
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace rowan::sharing
