#include "engine/block_mode.h"

#include "base/ensure.h"

namespace rowan::engine {

void BlockMode::begin(bool read_only) {
  read_only_ = read_only;
  savepoints_.clear();
}

void BlockMode::savepoint(std::string_view name) {
  savepoints_.push_back({std::string(name), read_only_});
}

size_t BlockMode::find(std::string_view name) const {
  size_t at = savepoints_.size();
  while (at > 0 && savepoints_[at - 1].name != name) --at;
  ENSURE(at > 0);
  return at - 1;
}

void BlockMode::release(std::string_view name) { savepoints_.resize(find(name)); }

void BlockMode::rollback_to(std::string_view name) {
  const size_t at = find(name);
  read_only_ = savepoints_[at].read_only;
  savepoints_.resize(at + 1);
}

Result<void> BlockMode::allow_writes(bool before_first_query) {
  if (!read_only_) return {};
  if (in_savepoint() && savepoints_.back().read_only) {
    return Error(ErrorCode::kActiveTransaction,
                 "cannot set transaction read-write mode inside a read-only transaction");
  }
  if (!before_first_query) {
    return Error(ErrorCode::kActiveTransaction,
                 "transaction read-write mode must be set before any query");
  }
  read_only_ = false;
  return {};
}

}  // namespace rowan::engine
