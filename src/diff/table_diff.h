// TableDiff: the rows that differ between two versions of a table, in key order, one at a time.
//
// Rows are matched by key. When the key columns have other IDs, every row is removed and added.
// Only subtrees with unequal ids are read, unless a slot means something else on either side.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "diff/changes.h"
#include "diff/table_pair.h"
#include "tree/row_tree.h"

namespace rowan::diff {

enum class RowKind : uint8_t { kAdded, kRemoved, kModified };
std::string_view row_kind_name(RowKind kind);  // "added", "removed", "modified".

struct RowDiff {
  RowKind kind = RowKind::kAdded;
  Bytes key;
  Bytes from_line;  // Empty: the row is not there.
  Bytes to_line;
  uint64_t count = 1;         // Equal rows of a table without a primary key.
  std::vector<bool> changed;  // kModified: by TablePair::columns().
};

class TableDiff {
 public:
  // Either version may be missing, not both. The source must outlive it.
  static Result<TableDiff> open(const Source& source,
                                const std::optional<catalog::TableVersion>& from,
                                const std::optional<catalog::TableVersion>& to);
  TableDiff(TableDiff&&) noexcept;
  TableDiff& operator=(TableDiff&&) noexcept;
  ~TableDiff();

  const TablePair& pair() const;
  const LargeValues& large() const;
  // False at the end. The views are valid until the next call.
  Result<bool> next(RowDiff& row);

 private:
  struct State;
  explicit TableDiff(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct DiffStat {
  uint64_t added = 0;
  uint64_t removed = 0;
  uint64_t modified = 0;
  uint64_t cells_modified = 0;

  bool any() const { return added + removed + modified != 0; }
};
Result<DiffStat> count_differences(const Source& source,
                                   const std::optional<catalog::TableVersion>& from,
                                   const std::optional<catalog::TableVersion>& to);

// One row of a table, by its encoded key.
Result<std::optional<std::string>> find_row(const Source& source,
                                            const catalog::TableVersion& version, Bytes key);

}  // namespace rowan::diff
