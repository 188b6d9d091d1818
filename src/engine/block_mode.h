// BlockMode: whether a transaction block may write, which SET TRANSACTION changes and ROLLBACK TO
// takes back.
//
// Threads: the session's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::engine {

class BlockMode {
 public:
  void begin(bool read_only);
  void savepoint(std::string_view name);
  void release(std::string_view name);      // Requires: such a savepoint.
  void rollback_to(std::string_view name);  // Requires: such a savepoint.

  bool read_only() const { return read_only_; }
  bool in_savepoint() const { return !savepoints_.empty(); }

  void forbid_writes() { read_only_ = true; }
  // 25001 where PostgreSQL has it: behind the first query, or below a savepoint set while read-only.
  Result<void> allow_writes(bool before_first_query);

 private:
  struct Savepoint {
    std::string name;
    bool read_only = false;
  };
  size_t find(std::string_view name) const;  // The innermost of that name.

  bool read_only_ = false;
  std::vector<Savepoint> savepoints_;
};

}  // namespace rowan::engine
