#include "engine/import/patience.h"

#include "base/limits.h"
#include "base/thread.h"

namespace rowan::engine {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLookEvery = std::chrono::milliseconds(50);
constexpr auto kPerRow = std::chrono::microseconds(100);  // A CHECK takes a few.

}  // namespace

Patience::~Patience() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Result<void> Patience::watch_expressions(std::chrono::milliseconds most,
                                         const std::atomic<bool>* ending) {
  return start(most, std::chrono::seconds(kForeignSecondsMax), ending);
}

Result<void> Patience::watch_all(std::chrono::milliseconds most, const std::atomic<bool>* ending) {
  return start(most, most, ending);
}

Result<void> Patience::start(std::chrono::milliseconds expressions, std::chrono::milliseconds all,
                             const std::atomic<bool>* ending) {
  const auto watch = [this, expressions, all, ending, began = Clock::now()] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kLookEvery, [this] { return ended_; })) {
      if (ending != nullptr && ending->load()) {
        was_cut_short_ = true;
        is_over_ = true;
        return;
      }
      if (Clock::now() - began > all || time_.spent() > expressions + time_.rows() * kPerRow) {
        is_over_ = true;
        return;
      }
    }
  };
  TRY_ASSIGN(thread_, start_thread("a time limit", watch));
  return {};
}

}  // namespace rowan::engine
