// Connections: who is connected, so that others can reach him: cancel requests by their key, the
// end of the server, idle timeouts, the limit on their number.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::server {

// Why a connection ends that its client did not end.
enum class Ending : uint8_t { kNone, kShutdown, kIdleSession, kIdleInTransaction, kTerminated };

// What the others see of a connection. Its session tells what it is about to do.
class Presence {
 public:
  Presence(uint32_t process, uint32_t secret, int socket)
      : process_(process), secret_(secret), socket_(socket) {}

  uint32_t process() const { return process_; }
  uint32_t secret() const { return secret_; }
  Ending ending() const { return ending_.load(std::memory_order_acquire); }

  // The session that a cancel request cancels; null: none any more.
  void set_session(Session* session);
  // The socket is about to be closed: nobody may touch it from now on.
  void forget_socket();
  void cancel();
  // Ends the connection: what runs is cancelled, and reading finds the end.
  void end(Ending why);
  // Ends it if it waits for its client outside of any transaction.
  void end_at_rest();
  void break_off();  // The client gets nothing more either.

  // It waits for its client, for so long at most (0: as long as it takes); then it ends.
  void begin_idle(bool at_rest, std::chrono::milliseconds idle_max, Ending why);
  void end_idle();
  void end_when_overdue(std::chrono::steady_clock::time_point now);

 private:
  const uint32_t process_;
  const uint32_t secret_;
  std::mutex mutex_;  // Guards the next two.
  int socket_;
  Session* session_ = nullptr;
  std::atomic<Ending> ending_{Ending::kNone};
  std::atomic<bool> at_rest_{false};
  std::atomic<int64_t> deadline_{0};  // Of steady_clock, in its unit; 0: none.
  std::atomic<Ending> overdue_{Ending::kNone};
};

class Connections {
 public:
  explicit Connections(size_t count_max) : count_max_(count_max) {}

  // Null: there are as many as may be.
  std::shared_ptr<Presence> add(int socket);
  void remove(const Presence& presence);
  void cancel(uint32_t process, uint32_t secret);
  size_t count() const;
  std::vector<std::shared_ptr<Presence>> all() const;

 private:
  const size_t count_max_;
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<Presence>> by_process_;
  uint32_t last_process_ = 0;
};

}  // namespace rowan::server
