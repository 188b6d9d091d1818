#include "engine/deadlines.h"

#include "base/thread.h"

namespace rowan::engine {

Deadlines::~Deadlines() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> Deadlines::set(Alarm& alarm, int64_t after_us) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) {
    TRY_ASSIGN(thread_, start_thread("statement_timeout", [this] { run(); }));
  }
  const auto at = std::chrono::steady_clock::now() + std::chrono::microseconds(after_us);
  alarm.place_ = alarms_.emplace(at, &alarm);
  alarm.is_set_ = true;
  if (alarm.place_ == alarms_.begin()) changed_.notify_all();
  return {};
}

void Deadlines::clear(Alarm& alarm) {
  const std::lock_guard lock(mutex_);
  if (!alarm.is_set_) return;
  alarms_.erase(alarm.place_);
  alarm.is_set_ = false;
}

void Deadlines::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    if (alarms_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = alarms_.begin();
    if (std::chrono::steady_clock::now() < first->first) {
      const auto at = first->first;
      changed_.wait_until(lock, at);
      continue;
    }
    Alarm& alarm = *first->second;
    alarms_.erase(first);
    alarm.is_set_ = false;
    alarm.timed_out_.store(true, std::memory_order_relaxed);
    alarm.cancelled_.store(true, std::memory_order_release);
  }
}

}  // namespace rowan::engine
