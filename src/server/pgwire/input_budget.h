// InputBudget: the memory that all connections together may hold for what their clients sent:
// messages of which only a part has come, and what stands in prepared statements and portals.
//
// InputShare: one connection's part of it. Its first kFreeBytes are not asked for, so that whoever
// sends short messages is served when others have taken everything.
//
// Ownership: a share borrows its budget, and gives back what it holds when it dies.
// Threads:   a budget: any; a share: one at a time.
#pragma once

#include <atomic>
#include <cstddef>

namespace rowan::server::pgwire {

class InputBudget {
 public:
  explicit InputBudget(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: there is not as much left, and nothing was taken.
  bool take(size_t bytes);
  void give(size_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t bytes_taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> taken_{0};
};

class InputShare {
 public:
  static constexpr size_t kFreeBytes = 16u << 10;

  explicit InputShare(InputBudget& budget) : budget_(budget) {}
  ~InputShare() { remove(held_); }
  InputShare(const InputShare&) = delete;
  InputShare& operator=(const InputShare&) = delete;

  // False: the budget does not have them, and nothing was added.
  bool add(size_t bytes);
  void remove(size_t bytes);

 private:
  static size_t beyond_free(size_t bytes) { return bytes > kFreeBytes ? bytes - kFreeBytes : 0; }

  InputBudget& budget_;
  size_t held_ = 0;  // With those that are free.
};

// Bytes that count in a share for as long as this lives.
class InputCharge {
 public:
  InputCharge() = default;
  ~InputCharge() { clear(); }
  InputCharge(const InputCharge&) = delete;
  InputCharge& operator=(const InputCharge&) = delete;

  // False: the share has no room for them. Requires: nothing is charged yet.
  bool charge(InputShare& share, size_t bytes);

 private:
  void clear();

  InputShare* share_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace rowan::server::pgwire
