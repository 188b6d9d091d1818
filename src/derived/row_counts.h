// RowCounts: how many rows a rows tree holds, by the tree's id. Derived: losing it only costs time.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/oid.h"
#include "base/result.h"
#include "catalog/table.h"
#include "store/object_store.h"

namespace rowan::derived {

class RowCounts {
 public:
  // `file` is read when it is there and whole, and written by save(). Empty: memory only.
  explicit RowCounts(std::filesystem::path file = {});

  // A zero root has no rows.
  std::optional<uint64_t> find(const Oid& root) const;
  // find(), else counts the lines of every leaf (for tables without a primary key: adds their
  // counts) and keeps the sum.
  Result<uint64_t> ensure(const store::ObjectReader& objects, store::NodeCache& cache,
                          const catalog::TableDef& table, const Oid& root);
  // As ensure(), whatever is kept: for `rowan check`.
  static Result<uint64_t> count(const store::ObjectReader& objects, store::NodeCache& cache,
                                const catalog::TableDef& table, const Oid& root);
  void set(const Oid& root, uint64_t rows);
  // `new_root` holds `delta` rows more than `old_root`. Nothing is kept when the old count is not
  // known.
  void note(const Oid& old_root, const Oid& new_root, int64_t delta);

  // Writes the newest counts beside `file` and renames them over it. Failing is harmless: kIoError
  // is for the log.
  Result<void> save() const;

 private:
  void set_locked(const Oid& root, uint64_t rows);
  void load();

  std::filesystem::path file_;  // Fixed after construction.
  mutable std::mutex mutex_;    // Guards what follows.
  std::unordered_map<Oid, uint64_t, OidHash> counts_;
  std::deque<Oid> order_;  // Oldest first: what is forgotten first.
};

}  // namespace rowan::derived
