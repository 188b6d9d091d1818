// `rowan check`: every invariant over every reachable commit.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/derived_check.h"
#include "exec/validator.h"
#include "rowan/rowan.h"
#include "store/object_store.h"

namespace rowan::engine {

struct CheckResult {
  std::vector<std::string> problems;  // One line each.
  std::vector<std::string> notes;     // What is no problem: parts that a shallow or partial clone
                                      // does not hold and that were not checked, and tips that may
                                      // stand but are not in canonical form yet.
};

// Reads every reachable object once and hashes it (S1); reads every table
// definition; proves every row tree canonical (T1-T4): the first version of a table by building it
// again, each later one by applying its difference from the parent's version to that version and
// comparing the ids. The newest commit of each branch must keep its constraints (`violations` of its
// tree): CHECK, NOT NULL, UNIQUE, FOREIGN KEY, and views that bind. One that somebody else made and
// that reads, keeps them and is spelled freely only waits for an open for writing. Below the tips,
// what another program made (not `is_own`) may be spelled freely, if it reads. What was proven of a
// folder is remembered by its id. At the end what is kept as `derived` is held to the commits.
using FindViolations = std::function<Result<std::vector<exec::Violation>>(
    const store::ObjectReader& objects, const Oid& root)>;
using IsOwn = std::function<bool(const Oid& commit)>;
Result<CheckResult> check_repository(store::ObjectStore& store, const FindViolations& violations,
                                     const IsOwn& is_own, const DerivedData& derived,
                                     const std::function<void(const Progress&)>& report);

}  // namespace rowan::engine
