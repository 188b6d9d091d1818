// Walking commits for SHOW LOG and rowan.log().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/oid.h"
#include "base/result.h"
#include "git/commit.h"
#include "store/object_store.h"

namespace rowan::engine {

struct LogEntry {
  Oid id;
  git::Commit commit;
  int64_t time_us = 0;      // Effective time, since 1970.
};

// Visits `from` and its ancestors, newest effective time first, each once. With `path` (a table's folder) only commits in which
// that folder differs from the first parent's. Stops when `visit` gives false.
Result<void> walk_log(const store::ObjectStore& store, const Oid& from, const std::optional<std::string>& path,
                      const std::function<Result<bool>(const LogEntry&)>& visit);

Result<git::Commit> read_commit(const store::ObjectReader& objects, const Oid& id);

}  // namespace rowan::engine
