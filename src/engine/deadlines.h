// Deadlines: the clock of statement_timeout. A statement past its time is cancelled, with a mark that
// says why.
//
// Ownership: of a thread, from the first deadline on.
// Threads:   any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace rowan::engine {

class Deadlines {
 public:
  ~Deadlines();

  // While it lives the deadline stands; once it is gone nothing is set any more.
  class Alarm {
   public:
    // What is set when time is up; both outlive the alarm.
    Alarm(Deadlines& deadlines, std::atomic<bool>& cancelled, std::atomic<bool>& timed_out)
        : deadlines_(deadlines), cancelled_(cancelled), timed_out_(timed_out) {}
    ~Alarm() { deadlines_.clear(*this); }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    Result<void> set(int64_t after_us) { return deadlines_.set(*this, after_us); }  // Once.

   private:
    friend class Deadlines;
    using Time = std::chrono::steady_clock::time_point;
    Deadlines& deadlines_;
    std::atomic<bool>& cancelled_;
    std::atomic<bool>& timed_out_;
    std::multimap<Time, Alarm*>::iterator place_;
    bool is_set_ = false;  // Guarded by the deadlines' mutex.
  };

 private:
  Result<void> set(Alarm& alarm, int64_t after_us);
  void clear(Alarm& alarm);
  void run();

  std::mutex mutex_;  // Guards what follows.
  std::multimap<Alarm::Time, Alarm*> alarms_;
  bool ends_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace rowan::engine
