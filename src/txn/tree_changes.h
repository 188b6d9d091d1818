// What differs between the trees of two commits, as the history index and the row counts want it.
// Not for other rooms.
#pragma once

#include <cstdint>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "store/object_store.h"

namespace rowan::txn {

struct TreeChanges {
  struct Rows {  // A table whose rows differ.
    Oid from, to;
    int64_t delta = 0;  // Rows that `to` has more.
  };
  std::vector<uint32_t> hashes;  // change_hash of every table and row; more than
                                 // derived::kChangesMax stand for "many".
  std::vector<Rows> rows;        // Of the tables whose difference was walked whole.
};

// Reads only what differs. A difference too large to be worth walking counts as "many" and leaves
// no row count.
Result<TreeChanges> tree_changes(const store::ObjectReader& objects, store::NodeCache& cache,
                                 const Oid& from, const Oid& to);

}  // namespace rowan::txn
