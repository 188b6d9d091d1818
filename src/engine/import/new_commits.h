// What a push brings along below its tip. Those commits need not keep constraints, but history is read
// through them: the tables that they change must read.
//
// Threads: any, one caller at a time.
#pragma once

#include <optional>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/oid.h"
#include "base/result.h"
#include "engine/import/content.h"
#include "txn/transaction.h"

namespace rowan::engine {

class NewCommits {
 public:
  struct Unreadable {
    Oid commit;
    Error error;
    Place place;
  };

  // The oldest commit below `tip` that does not read, among those that are not part of `held`'s
  // history. `known_root`: the canonical tree of a held commit, to compare with; zero: none. All must
  // be in the history index.
  Result<std::optional<Unreadable>> find_unreadable(txn::Manager& manager, const Oid& tip,
                                                    const std::vector<Oid>& held,
                                                    const Oid& known_root);
  // Whether the commit alone reads as one of history.
  Result<std::optional<Unreadable>> find_unreadable_in(txn::Manager& manager, const Oid& commit,
                                                       const Oid& known_root);

 private:
  Result<std::optional<Unreadable>> read(txn::Manager& manager, const Oid& commit, Oid& known_root);

  std::unordered_set<Oid, OidHash> fine_;  // Trees that read.
};

}  // namespace rowan::engine
