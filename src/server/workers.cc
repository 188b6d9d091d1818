#include "server/workers.h"

#include <chrono>
#include <thread>

#include "base/caught.h"
#include "base/thread.h"

namespace rowan::server {

namespace {

constexpr std::chrono::seconds kIdleMax{10};

}  // namespace

Result<void> Workers::make_thread() {
  {
    const std::lock_guard lock(mutex_);
    ++alive_;
  }
  ++threads_;
  auto thread = start_thread("a worker", [this] { run(); });
  if (!thread) {
    --threads_;
    const std::lock_guard lock(mutex_);
    --alive_;
    return thread.error();
  }
  thread->detach();
  return {};
}

Result<void> Workers::start() {
  while (threads_ < threads_kept_) TRY(make_thread());
  return {};
}

void Workers::add() {
  if (threads_ < threads_max_) ignore_error(make_thread(), "the others go on without it");
}

bool Workers::may_leave() {
  size_t there = threads_;
  while (there > threads_kept_) {
    if (threads_.compare_exchange_weak(there, there - 1)) return true;
  }
  return false;
}

void Workers::run() {
  while (!context_.stopped()) {
    size_t done = 0;
    // A handler throws nothing; were one to, this thread goes on with the others' work.
    ends_well([&] { done = context_.run_one_for(kIdleMax); });
    if (done == 0 && !context_.stopped() && may_leave()) break;
  }
  const std::lock_guard lock(mutex_);
  --alive_;
  left_.notify_all();
}

void Workers::stop() {
  guard_.reset();
  context_.stop();
  std::unique_lock lock(mutex_);
  left_.wait(lock, [this] { return alive_ == 0; });
}

}  // namespace rowan::server
