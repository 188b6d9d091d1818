// UniqueIndexes: which row holds a value of a UNIQUE constraint. An index is a row tree of its own in memory: keyed by the
// constrained columns and the row's key, named by (rows tree, definition). One that is not there is caught up from the nearest
// by a tree diff, or built by a scan; so it is never stale and never stored.
//
// Threads: any; one index is caught up by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "store/object_store.h"

namespace rowan::derived {

// The encoded value of a unique key in a row; nothing when a column is NULL (it then equals nothing).
// kProgramLimit above kUniqueKeyBytesMax.
inline constexpr size_t kUniqueKeyBytesMax = 8191;
Result<std::optional<std::string>> unique_key_of(const catalog::TableDef& table, const catalog::UniqueKey& unique, Bytes line,
                                                 const store::ObjectReader& objects);

class UniqueIndexes {
 public:
  UniqueIndexes();
  ~UniqueIndexes();

  // The key of the row of `version` that holds `value` (as unique_key_of gives it) under its `which`th unique key.
  Result<std::optional<std::string>> holder(const store::ObjectStore& store, const catalog::TableVersion& version, size_t which,
                                            Bytes value);
  // Whether every unique key of the table holds in `version`: what `rowan check` and imports ask. kUniqueViolation names it.
  Result<void> check(const store::ObjectStore& store, const catalog::TableVersion& version);

 private:
  class Index;
  std::shared_ptr<Index> index_of(const catalog::TableDef& table, size_t which);

  std::mutex mutex_;                                                    // Guards what follows.
  std::unordered_map<std::string, std::shared_ptr<Index>> indexes_;     // By definition id and number.
};

}  // namespace rowan::derived
