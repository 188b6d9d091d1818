#include "server/connections.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "server/auth/scram.h"

namespace rowan::server {

void Presence::set_session(Session* session) {
  const std::lock_guard lock(mutex_);
  session_ = session;
}

void Presence::forget_socket() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

void Presence::cancel() {
  const std::lock_guard lock(mutex_);
  if (session_ != nullptr) session_->cancel();
}

void Presence::end(Ending why) {
  Ending none = Ending::kNone;
  if (!ending_.compare_exchange_strong(none, why)) return;
  const std::lock_guard lock(mutex_);
  if (session_ != nullptr) session_->cancel();
  // Whoever waits for the client wakes up; what is to be said to it can still be said.
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RD);
}

void Presence::end_at_rest() {
  if (at_rest_.load()) end(Ending::kShutdown);
}

void Presence::break_off() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void Presence::begin_idle(bool at_rest, std::chrono::milliseconds idle_max, Ending why) {
  if (idle_max.count() > 0) {
    overdue_.store(why, std::memory_order_relaxed);
    deadline_.store((std::chrono::steady_clock::now() + idle_max).time_since_epoch().count(),
                    std::memory_order_release);
  }
  at_rest_.store(at_rest);
}

void Presence::end_idle() {
  at_rest_.store(false, std::memory_order_release);
  if (deadline_.load(std::memory_order_relaxed) != 0) deadline_.store(0, std::memory_order_release);
}

void Presence::end_when_overdue(std::chrono::steady_clock::time_point now) {
  const int64_t deadline = deadline_.load(std::memory_order_acquire);
  if (deadline != 0 && now.time_since_epoch().count() >= deadline)
    end(overdue_.load(std::memory_order_relaxed));
}

std::shared_ptr<Presence> Connections::add(int socket) {
  uint32_t secret = 0;
  const auto random = auth::random_bytes(sizeof secret);
  if (!random) return nullptr;
  std::memcpy(&secret, random->data(), sizeof secret);
  const std::lock_guard lock(mutex_);
  if (by_process_.size() >= count_max_) return nullptr;
  do {
    last_process_ = last_process_ % 0x7fffffff + 1;  // Clients take it for a signed number.
  } while (by_process_.contains(last_process_));
  auto presence = std::make_shared<Presence>(last_process_, secret, socket);
  by_process_.emplace(last_process_, presence);
  return presence;
}

void Connections::remove(const Presence& presence) {
  const std::lock_guard lock(mutex_);
  by_process_.erase(presence.process());
}

void Connections::cancel(uint32_t process, uint32_t secret) {
  std::shared_ptr<Presence> found;
  {
    const std::lock_guard lock(mutex_);
    const auto at = by_process_.find(process);
    if (at != by_process_.end() && at->second->secret() == secret) found = at->second;
  }
  if (found) found->cancel();
}

size_t Connections::count() const {
  const std::lock_guard lock(mutex_);
  return by_process_.size();
}

std::vector<std::shared_ptr<Presence>> Connections::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Presence>> list;
  list.reserve(by_process_.size());
  for (const auto& [process, presence] : by_process_) list.push_back(presence);
  return list;
}

}  // namespace rowan::server
