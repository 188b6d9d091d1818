// What statements hold in memory, counted where it is collected.
//
// MemoryBudget:  the bound that all operations of an open database share.
// MemoryAccount: one operation's part of it (a sort, a hash table, a result), with a bound of its
//                own besides: the session's work_mem.
// BudgetScope:   the budget of the statement that runs on this thread.
// CountedMemory: what something collects for that statement, outside of its operators: rows of
//                system tables, what constraints and merges look at.
// TextLimit:     how much text the current thread may make at a time, for work that can be done
//                again on fewer rows.
//
// Threads: a budget any; an account one at a time; a scope and a limit belong to their thread.
// Errors:  kOutOfMemory, with a hint that names the setting.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/result.h"

namespace rowan {

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
  size_t bytes_max() const { return bytes_max_; }
  size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  friend class MemoryAccount;
  const size_t bytes_max_;
  std::atomic<size_t> held_{0};
};

class MemoryAccount {
 public:
  static constexpr size_t kUnbounded = SIZE_MAX;  // Of the budget it may take all.

  // `budget` may be null: nothing is shared. It must outlive the account.
  explicit MemoryAccount(MemoryBudget* budget, size_t bytes_max = kUnbounded)
      : budget_(budget), bytes_max_(bytes_max) {}
  MemoryAccount(MemoryAccount&& other) noexcept
      : budget_(other.budget_),
        bytes_max_(other.bytes_max_),
        held_(std::exchange(other.held_, 0)) {}
  MemoryAccount& operator=(MemoryAccount&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_max_, other.bytes_max_);
    std::swap(held_, other.held_);
    return *this;
  }
  ~MemoryAccount() { give_back(held_); }

  bool has_budget() const { return budget_ != nullptr; }

  // From now on it holds that much in all. When it may not, it holds what it held before.
  Result<void> hold(size_t bytes);
  Result<void> add(size_t bytes) { return hold(held_ + bytes); }
  size_t held() const { return held_; }

 private:
  void give_back(size_t bytes) {
    if (budget_ != nullptr) budget_->held_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  MemoryBudget* budget_;
  size_t bytes_max_;
  size_t held_ = 0;
};

// More than `bytes` of work_mem are wanted.
Error work_memory_exceeded(size_t work_mem);

// More than `bytes_max` of rowan.memory_limit are wanted.
Error memory_limit_exceeded(size_t bytes_max);

class BudgetScope {
 public:
  explicit BudgetScope(MemoryBudget* budget);
  ~BudgetScope();
  BudgetScope(const BudgetScope&) = delete;
  BudgetScope& operator=(const BudgetScope&) = delete;

 private:
  MemoryBudget* const outer_;
};

// Belongs to whoever owns what it counts: gone with it, or by clear().
class CountedMemory {
 public:
  // Thrown where the memory would be taken, as by the allocator; caught as such (base/caught.h).
  struct Exceeded final : std::bad_alloc {
    explicit Exceeded(size_t limit) : bytes_max(limit) {}
    const size_t bytes_max;
  };

  // On a thread without a BudgetScope nothing is counted.
  void add(size_t bytes) {
    waiting_ += bytes;
    if (waiting_ >= kStepBytes) take();
  }
  void clear() {
    account_ = MemoryAccount(nullptr);
    waiting_ = 0;
  }
  size_t held() const { return account_.held() + waiting_; }

 private:
  static constexpr size_t kStepBytes = 64u << 10;  // Less than that is not worth an atomic.
  void take();

  MemoryAccount account_{nullptr};
  size_t waiting_ = 0;
};

// What a node of a std::map or an unordered_map takes beside its bytes.
inline constexpr size_t kMapNodeBytes = 96;

// Half of what the process may have: of the machine's memory, or of its address space when that is
// limited.
size_t default_memory_bytes();

namespace detail {
inline constinit thread_local size_t text_left = SIZE_MAX;
}  // namespace detail

class TextLimit {
 public:
  // Thrown where the text would be made. It is memory that may not be had, so it is caught as such
  // where nobody tries again with less.
  struct Reached final : std::bad_alloc {};

  explicit TextLimit(size_t bytes) : outer_(std::exchange(detail::text_left, bytes)) {}
  ~TextLimit() { detail::text_left = outer_; }
  TextLimit(const TextLimit&) = delete;
  TextLimit& operator=(const TextLimit&) = delete;

 private:
  const size_t outer_;
};

// Called by whatever makes text for columns, before it takes the memory.
inline void count_text(size_t bytes) {
  if (bytes > detail::text_left) throw TextLimit::Reached();
  detail::text_left -= bytes;
}

// How much text this thread has made since; within one TextLimit.
class TextMeter {
 public:
  size_t bytes() const { return from_ - detail::text_left; }

 private:
  size_t from_ = detail::text_left;
};

}  // namespace rowan
