// Workers: the threads that sessions run on. There are a few; when all of them are in the engine
// (which may wait for a row lock or for the disk) further ones are made, so that who could end the
// wait always finds one. Those leave again when there is nothing to do.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "base/result.h"

namespace rowan::server {

class Workers {
 public:
  // At most `threads_max`, of which `threads_kept` stay.
  Workers(size_t threads_kept, size_t threads_max)
      : threads_kept_(threads_kept), threads_max_(threads_max), guard_(context_.get_executor()) {}
  ~Workers() { stop(); }

  asio::io_context& context() { return context_; }
  Result<void> start();
  void stop();  // Waits until all threads have left.

  // Whether every worker is in the engine: looked at a few hundred times a second by somebody else,
  // who then calls add().
  bool all_busy() const {
    return busy_.load(std::memory_order_relaxed) >= threads_.load(std::memory_order_relaxed);
  }
  void add();

  // The current worker is in the engine for as long as this lives.
  class Busy {
   public:
    explicit Busy(Workers& workers) : workers_(workers) {
      workers_.busy_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Busy() { workers_.busy_.fetch_sub(1, std::memory_order_relaxed); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Workers& workers_;
  };

 private:
  Result<void> make_thread();
  void run();
  bool may_leave();

  const size_t threads_kept_;
  const size_t threads_max_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::atomic<size_t> threads_{0};  // That take work.
  std::atomic<size_t> busy_{0};
  std::mutex mutex_;
  size_t alive_ = 0;  // Guarded by mutex_: threads that have not ended.
  std::condition_variable left_;
};

}  // namespace rowan::server
