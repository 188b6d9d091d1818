// What it may cost to read a commit that somebody else made. Small objects can unfold to anything: a
// folder that holds another one twice, which holds another one twice. So what is visited counts,
// again each time, and folders or files that come back count apart.
//
// Threads: belongs to one. Errors: kProgramLimit, which names the path.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/oid.h"
#include "base/result.h"

namespace rowan::engine {

class ForeignWork {
 public:
  // A folder or file of the data is about to be looked into; `bytes`: of a file.
  Result<void> visit(const std::string& path, const Oid& id, uint64_t bytes);

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unordered_set<Oid, OidHash> seen_;
  uint64_t nodes_ = 0, bytes_ = 0;
  uint64_t repeats_ = 0, repeated_bytes_ = 0;
};

}  // namespace rowan::engine
