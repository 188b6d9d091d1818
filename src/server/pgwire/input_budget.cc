#include "server/pgwire/input_budget.h"

#include "base/ensure.h"

namespace rowan::server::pgwire {

bool InputBudget::take(size_t bytes) {
  size_t taken = taken_.load(std::memory_order_relaxed);
  do {
    if (bytes > bytes_max_ || taken > bytes_max_ - bytes) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed));
  return true;
}

bool InputShare::add(size_t bytes) {
  const size_t more = beyond_free(held_ + bytes) - beyond_free(held_);
  if (more > 0 && !budget_.take(more)) return false;
  held_ += bytes;
  return true;
}

void InputShare::remove(size_t bytes) {
  ENSURE(bytes <= held_);
  const size_t less = beyond_free(held_) - beyond_free(held_ - bytes);
  held_ -= bytes;
  if (less > 0) budget_.give(less);
}

bool InputCharge::charge(InputShare& share, size_t bytes) {
  ENSURE(share_ == nullptr);
  if (!share.add(bytes)) return false;
  share_ = &share;
  bytes_ = bytes;
  return true;
}

void InputCharge::clear() {
  if (share_ != nullptr) share_->remove(bytes_);
  share_ = nullptr;
}

}  // namespace rowan::server::pgwire
