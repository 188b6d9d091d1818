// TableHistory: every change of every row of a table, newest commit first, one at a time.
//
// In a merge only rows that differ from every parent count as changed there; the others changed on
// the line they came by. Lines that a merge set aside are walked too. Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "diff/row_history.h"
#include "diff/table_diff.h"

namespace rowan::diff {

// A row by its primary key.
struct RowKey {
  std::string encoded;
  std::vector<type::Value> values;  // For versions from before the key had another type.
};

struct TableHistoryRequest {
  Oid commit;
  std::string path;            // Of a table there.
  std::optional<RowKey> key;   // One row only. It is followed through other types of the key.
  bool first_parents = false;  // Only along the chain of first parents, whose times fall.
};

struct RowVersion {
  Oid commit;                       // That made the change.
  int64_t time_us = 0;              // Its effective time.
  RowDiff row;                      // Views are valid until the next call.
  const TablePair* pair = nullptr;  // As `row`.
  bool is_cut = false;  // History is cut here: the row is as old as the commit, or older.
};

class TableHistory {
 public:
  // Copies `history`; what it refers to must outlive the walk.
  static Result<TableHistory> open(const History& history, TableHistoryRequest request);
  TableHistory(TableHistory&&) noexcept;
  TableHistory& operator=(TableHistory&&) noexcept;
  ~TableHistory();

  Result<bool> next(RowVersion& version);  // False at the end.
  const LargeValues& large() const;

 private:
  struct State;
  explicit TableHistory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The definitions that the table at `path` had in the commit and all that lead to it, each once.
// Only commits that may have changed a definition are read.
Result<std::vector<std::shared_ptr<const catalog::TableDef>>> past_definitions(
    const History& history, const Oid& commit, const std::string& path);

}  // namespace rowan::diff
