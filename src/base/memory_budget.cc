#include "base/memory_budget.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace rowan {

namespace {

size_t megabytes(size_t bytes) { return bytes >> 20; }

thread_local MemoryBudget* statement_budget = nullptr;

}  // namespace

Error memory_limit_exceeded(size_t bytes_max) {
  return Error(ErrorCode::kOutOfMemory, "out of memory")
      .with_detail(fmt::format("All statements together may hold {} MB.", megabytes(bytes_max)))
      .with_hint(
          "Let fewer statements run at a time, or give the process more: setting "
          "rowan.memory_limit shows how much it has.");
}

Error work_memory_exceeded(size_t work_mem) {
  return Error(ErrorCode::kOutOfMemory, "out of memory")
      .with_detail(fmt::format(
          "A sort, join, group or subquery of the statement needs more than work_mem ({} kB).",
          work_mem >> 10))
      .with_hint("Raise it, as in SET work_mem = '1GB', or let the query collect less.");
}

Result<void> MemoryAccount::hold(size_t bytes) {
  if (bytes <= held_) {
    give_back(held_ - bytes);
    held_ = bytes;
    return {};
  }
  if (bytes > bytes_max_) return work_memory_exceeded(bytes_max_);
  const size_t more = bytes - held_;
  if (budget_ != nullptr) {
    const size_t before = budget_->held_.fetch_add(more, std::memory_order_relaxed);
    if (before + more > budget_->bytes_max()) {
      give_back(more);
      return memory_limit_exceeded(budget_->bytes_max());
    }
  }
  held_ = bytes;
  return {};
}

BudgetScope::BudgetScope(MemoryBudget* budget)
    : outer_(std::exchange(statement_budget, budget)) {}
BudgetScope::~BudgetScope() { statement_budget = outer_; }

void CountedMemory::take() {
  if (!account_.has_budget()) account_ = MemoryAccount(statement_budget);
  if (account_.has_budget() && !account_.add(waiting_)) {
    waiting_ = 0;
    throw Exceeded(statement_budget != nullptr ? statement_budget->bytes_max() : account_.held());
  }
  waiting_ = 0;
}

size_t default_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page_bytes = ::sysconf(_SC_PAGESIZE);
  size_t bytes = pages > 0 && page_bytes > 0
                     ? static_cast<size_t>(pages) * static_cast<size_t>(page_bytes)
                     : size_t{1} << 30;
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = std::min<size_t>(bytes, limit.rlim_cur);
  return bytes / 2;
}

}  // namespace rowan
