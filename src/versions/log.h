// Walking commits: SHOW LOG, rowan.log and their kin.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "diff/row_history.h"
#include "diff/table_history.h"
#include "git/commit.h"
#include "store/object_store.h"

namespace rowan::versions {

struct LogEntry {
  Oid id;
  git::Commit commit;
  int64_t time_us = 0;  // Effective time, since 1970.
  bool is_cut = false;  // A shallow clone's boundary: its parents are not here.
};

// Is told of each commit at which a walk finds history cut.
using AtBoundary = std::function<void(const Oid& commit)>;

struct LogRequest {
  std::vector<Oid> from;
  std::vector<Oid> without;  // These and their ancestors are left out.
  std::string path;  // Only commits that changed what stands there ("public/t"), renames followed;
                     // empty: all.
  std::optional<diff::RowKey> key;  // Only those that changed this row of the table at `path`.
  std::string author;               // Part of the author's name or e-mail.
  std::string grep;                 // Part of the message.
  std::optional<int64_t> since_us, until_us;
  AtBoundary at_boundary;  // May be empty. Also of commits that are not shown.
};

// The log by the history index: newest effective time first, reading only the commits it gives (and
// those it must look into for `author`, `grep` and `path`). A commit counts as changing a path when
// it differs from all of its parents there.
class LogWalk {
 public:
  static Result<LogWalk> open(const diff::History& history, LogRequest request);
  LogWalk(LogWalk&&) noexcept;
  LogWalk& operator=(LogWalk&&) noexcept;
  ~LogWalk();
  Result<bool> next(LogEntry& entry);  // False at the end.

 private:
  struct State;
  explicit LogWalk(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rowan::versions
