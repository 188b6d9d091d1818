// Where rows come from: blame by row and by cell, and the last change of one row.
//
// A commit is asked only when the history index says that it may have changed what is looked for;
// then trees decide. In a merge a row belongs to the first parent whose row is equal, as git blame
// has it; what differs from every parent belongs to the merge. Threads: one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/oid.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "derived/history_index.h"
#include "diff/changes.h"

namespace rowan::diff {

// What walks read.
struct History {
  const store::ObjectReader& objects;
  store::NodeCache& cache;
  derived::HistoryIndex& index;                  // ensure() is called here.
  const std::atomic<bool>* cancelled = nullptr;  // kQueryCanceled once it is set.
  // The tree that a commit is read by; null: its own.
  std::function<Result<Oid>(const Oid& commit)> read_by;
  // Whether history is cut at a commit: it has parents, which are not here. Null: nowhere.
  std::function<bool(const Oid& commit)> cut_at;

  Source source() const { return {objects, cache}; }
  Result<Oid> root_of(const Oid& commit) const;  // The commit's tree.
  bool is_cut_at(const Oid& commit) const { return cut_at && cut_at(commit); }
  Result<void> check_cancelled() const;
};

struct RowTime {
  Oid commit;
  int64_t time_us = 0;  // Effective.
};

// The last commit of bases..tip that changed, made or deleted a row of the table that `tip` has at
// `path`; nothing: none did.
Result<std::optional<RowTime>> last_change(const History& history, const Oid& tip,
                                           const std::vector<Oid>& bases, const std::string& path,
                                           Bytes key);

struct BlameRequest {
  Oid commit;
  std::string path;  // Of a table there.
  std::optional<std::vector<std::string>>
      keys;            // Only these rows (encoded keys, ascending, all there); nothing: all.
  bool cells = false;  // By cell, else by row.
  bool first_parents = false;  // Only along the chain of first parents.
};

// Row by row in key order (or that of `keys`); with `cells` one commit a column, in column order.
struct Blame {
  size_t width = 1;
  std::vector<Oid> commits;
  CountedMemory memory;  // Of these, and of what found them.

  const Oid& at(size_t row, size_t column = 0) const { return commits[row * width + column]; }
  size_t rows() const { return commits.size() / width; }
};
Result<Blame> blame(const History& history, const BlameRequest& request);

}  // namespace rowan::diff
