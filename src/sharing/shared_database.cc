// open_shared(): the repository itself, or the way to the process that has it; and from one to the other
// when that process ends.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/caught.h"
#include "rowan/shared.h"
#include "sharing/channel.h"
#include "sharing/failures.h"
#include "sharing/remote_session.h"
#include "sharing/service.h"
#include "sharing/shared_session.h"

namespace rowan::sharing {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kMemory = ":memory:";
constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{100};
// For a process that has the lock and nobody reaches: it begins, or it ends, which may take it the five
// seconds that transactions have, and the time to publish.
constexpr milliseconds kUnreachableMax{8000};
constexpr milliseconds kTakeoverMax{10000};  // The same for who had a session there.
constexpr milliseconds kWaitMax{60000};  // However many have it one after the other.

std::string text_of(const char* variable) {
  const char* value = ::getenv(variable);
  return value == nullptr ? std::string() : std::string(value);
}

class SharedDatabase final : public Database, public Attachments {
 public:
  SharedDatabase(std::string_view path, const OpenOptions& options)
      : path_(path), options_(options) {}
  ~SharedDatabase() override {
    if (service_) service_->stop();
    service_.reset();
    local_.reset();
  }

  std::optional<Failure> open() {
    auto attached = attach(kUnreachableMax);
    if (!attached) return attached.failure();
    first_link_ = std::move(attached->link);
    return std::nullopt;
  }

  using Database::connect;
  Outcome<std::unique_ptr<Session>> connect(const ConnectOptions& options) override;
  Outcome<bool> checkpoint() override {
    return with_link([](Database& local) { return local.checkpoint(); },
                     [](Link& link) { return remote_checkpoint(link); });
  }
  Outcome<std::vector<std::string>> check(const std::function<void(const Progress&)>& report,
                                          std::vector<std::string>* notes) override {
    return with_link([&](Database& local) { return local.check(report, notes); },
                     [&](Link& link) { return remote_check(link, report, notes); });
  }

  size_t sessions_of_others() const {
    const std::lock_guard lock(mutex_);
    return service_ ? service_->connections() : 0;
  }

  // Attachments
  Outcome<std::unique_ptr<Session>> attach_session(const ConnectOptions& options,
                                                   RemoteSession*& remote) override;

 private:
  struct Attached {
    std::shared_ptr<Link> link;  // Null: local_ is there.
  };
  Outcome<Attached> attach(milliseconds wait_max);
  std::optional<Failure> open_here();
  std::optional<Failure> check_identity();
  ConnectOptions over_there(const ConnectOptions& options) const;
  template <typename Here, typename There>
  auto with_link(const Here& here, const There& there) -> decltype(there(std::declval<Link&>()));

  const std::string path_;
  const OpenOptions options_;
  mutable std::mutex mutex_;  // Guards the making of the next three.
  std::unique_ptr<Database> local_;
  std::unique_ptr<Service> service_;
  std::shared_ptr<Link> first_link_;  // That open() found, for the first session.
  // The folder that was opened first; another one may have its path by now.
  std::optional<std::pair<dev_t, ino_t>> identity_;
};

// The folder at the path must be the one that it was: sessions do not go on in another.
std::optional<Failure> SharedDatabase::check_identity() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) {
    if (!identity_) return std::nullopt;  // Opening it says what is wrong.
  } else {
    const std::pair identity(found.st_dev, found.st_ino);
    if (!identity_) identity_ = identity;
    if (*identity_ == identity) return std::nullopt;
  }
  return to_failure(Error(ErrorCode::kIoError,
                          fmt::format("\"{}\" is not the repository that was opened: it was moved, "
                                      "removed or replaced",
                                      path_))
                        .with_hint("Connect again."));
}

// Opens it for writing in this process, and serves it.
std::optional<Failure> SharedDatabase::open_here() {
  auto opened = Database::open(path_, options_);
  if (!opened) return opened.failure();
  local_ = std::move(*opened);
  auto service = caught([&] { return Service::start(*local_, path_); });
  // Who cannot share works alone: others find it in use.
  if (service) service_ = std::move(*service);
  return std::nullopt;
}

Outcome<SharedDatabase::Attached> SharedDatabase::attach(milliseconds wait_max) {
  const std::lock_guard lock(mutex_);
  if (first_link_ && first_link_->is_alive()) return Attached{std::exchange(first_link_, nullptr)};
  first_link_.reset();
  if (auto failed = check_identity()) return *failed;
  const auto start = steady_clock::now();
  auto since = start;  // The same process has had it.
  std::string holder;
  for (auto pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    if (local_) return Attached{};
    auto failed = open_here();
    if (!failed) continue;
    if (!is(*failed, ErrorCode::kDatabaseInUse)) return *failed;
    if (options_.drop_caches) return *failed;
    // While it goes from hand to hand there is somebody to wait for.
    if (std::exchange(holder, failed->message) != failed->message) since = steady_clock::now();
    auto place = Place::open(path_);
    if (place) {
      Descriptor socket;
      auto found = place->connect(socket);
      if (!found) return to_failure(found.error());
      if (*found == Place::Found::kSomebody) {
        auto link = Link::greet(std::make_shared<const Place>(std::move(*place)), std::move(socket));
        if (link) return Attached{std::move(*link)};
        if (link.error().code() == ErrorCode::kTooManyConnections) {
          failed = to_failure(link.error());
        } else if (link.error().code() != ErrorCode::kConnectionFailure) {
          return to_failure(link.error());
        }
      }
    }
    const auto now = steady_clock::now();
    if (now - since >= wait_max || now - start >= kWaitMax) return *failed;
    std::this_thread::sleep_for(pause);
  }
}

// What the other process must be told of this one.
ConnectOptions SharedDatabase::over_there(const ConnectOptions& options) const {
  ConnectOptions told = options;
  if (told.folder.empty()) {
    std::error_code error;
    told.folder = std::filesystem::current_path(error).string();
  }
  told.command_hints = told.command_hints || options_.command_hints;
  if (options_.synchronous_commit != "on")
    told.settings.emplace_back("synchronous_commit", options_.synchronous_commit);
  // Commits name this process's author, where it has one of its own.
  if (told.user.empty()) {
    const std::string name = options_.user.empty() ? text_of("GIT_AUTHOR_NAME") : options_.user;
    const std::string email = options_.email.empty() ? text_of("GIT_AUTHOR_EMAIL") : options_.email;
    if (!name.empty() && !email.empty())
      told.settings.emplace_back("rowan.author", fmt::format("{} <{}>", name, email));
  }
  return told;
}

Outcome<std::unique_ptr<Session>> SharedDatabase::attach_session(const ConnectOptions& options,
                                                                 RemoteSession*& remote) {
  remote = nullptr;
  const auto start = steady_clock::now();
  for (;;) {
    auto attached = attach(kTakeoverMax);
    if (!attached) return attached.failure();
    if (!attached->link) return local_->connect(options);
    auto session = RemoteSession::connect(attached->link, over_there(options));
    if (session) {
      remote = session->get();
      return std::unique_ptr<Session>(std::move(*session));
    }
    // It ended just now: once more.
    if (attached->link->loss() == Link::Loss::kNone || steady_clock::now() - start >= kTakeoverMax)
      return session.failure();
  }
}

Outcome<std::unique_ptr<Session>> SharedDatabase::connect(const ConnectOptions& options) {
  return engine::guarded([&]() -> Outcome<std::unique_ptr<Session>> {
    {
      const std::lock_guard lock(mutex_);
      if (local_) return local_->connect(options);  // For good: it is given up at the end only.
    }
    auto session = std::make_unique<SharedSession>(*this, options);
    if (auto failed = session->begin()) return *failed;
    return std::unique_ptr<Session>(std::move(session));
  });
}

template <typename Here, typename There>
auto SharedDatabase::with_link(const Here& here, const There& there)
    -> decltype(there(std::declval<Link&>())) {
  return engine::guarded([&]() -> decltype(there(std::declval<Link&>())) {
    for (;;) {
      auto attached = attach(kTakeoverMax);
      if (!attached) return attached.failure();
      if (!attached->link) return here(*local_);
      auto outcome = there(*attached->link);
      // Both can be done again: they change nothing.
      if (outcome || attached->link->loss() == Link::Loss::kNone) return outcome;
    }
  });
}

}  // namespace

}  // namespace rowan::sharing

namespace rowan {

Outcome<std::unique_ptr<Database>> open_shared(std::string_view path, const OpenOptions& options) {
  if (path == sharing::kMemory || options.read_only) return Database::open(path, options);
  return engine::guarded([&]() -> Outcome<std::unique_ptr<Database>> {
    auto database = std::make_unique<sharing::SharedDatabase>(path, options);
    if (auto failed = database->open()) return *failed;
    return std::unique_ptr<Database>(std::move(database));
  });
}

size_t sessions_of_others(const Database& database) {
  const auto* const shared = dynamic_cast<const sharing::SharedDatabase*>(&database);
  return shared == nullptr ? 0 : shared->sessions_of_others();
}

}  // namespace rowan
