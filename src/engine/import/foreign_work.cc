#include "engine/import/foreign_work.h"

#include "base/limits.h"

namespace rowan::engine {

namespace {

constexpr uint64_t kLookAtClockEvery = 256;

Error too_much(const std::string& path, const char* what) {
  return Error(ErrorCode::kProgramLimit, path + ": " + what);
}

}  // namespace

Result<void> ForeignWork::visit(const std::string& path, const Oid& id, uint64_t bytes) {
  ++nodes_;
  bytes_ += bytes;
  if (!seen_.insert(id).second) {
    ++repeats_;
    repeated_bytes_ += bytes;
  }
  if (repeats_ > kForeignRepeatsMax || repeated_bytes_ > kForeignRepeatedBytesMax)
    return too_much(path, "the commit's folders hold the same things too often");
  if (nodes_ > kForeignNodesMax || bytes_ > kForeignBytesMax)
    return too_much(path, "the commit holds too much");
  if (nodes_ % kLookAtClockEvery == 0 &&
      std::chrono::steady_clock::now() - start_ > std::chrono::seconds(kForeignSecondsMax))
    return too_much(path, "it takes too long to read the commit");
  return {};
}

}  // namespace rowan::engine
