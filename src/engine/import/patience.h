// Patience: how long the expressions of a tip that somebody else made may take. A thread watches, and
// raises a flag that expressions look at (expr::EvalContext), those that only wait included.
//
// Threads: belongs to one; the flag may be read by any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "exec/validator.h"

namespace rowan::engine {

// For what the CHECKs of one tip take, beside kPerRow for each row that they were asked about.
inline constexpr std::chrono::milliseconds kExpressionsMax{10'000};
// For a merge of a tip with a branch that moved on: with all that it reads and writes.
inline constexpr std::chrono::milliseconds kForeignMergeMax{30'000};

class Patience {
 public:
  Patience() = default;
  ~Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // `ending`: the database is being closed, which cuts it short; may be null.
  // Bounds what is spent in `time()`, and all in all as kForeignSecondsMax says. kOutOfMemory.
  Result<void> watch_expressions(std::chrono::milliseconds most, const std::atomic<bool>* ending);
  // Bounds all time from now on. kOutOfMemory.
  Result<void> watch_all(std::chrono::milliseconds most, const std::atomic<bool>* ending);

  exec::ExpressionTime& time() { return time_; }
  const std::atomic<bool>& is_over() const { return is_over_; }
  // It was over because the database is being closed.
  bool was_cut_short() const { return was_cut_short_; }

 private:
  Result<void> start(std::chrono::milliseconds expressions, std::chrono::milliseconds all,
                     const std::atomic<bool>* ending);

  exec::ExpressionTime time_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;  // Guarded by mutex_.
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> was_cut_short_ = false;
  std::thread thread_;
};

}  // namespace rowan::engine
