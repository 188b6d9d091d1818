// `rowan upgrade`: brings the branches of a repository to what this version would have written: each
// tip's rowan.json in its one spelling, naming the features that the definitions use. Older versions
// read on what needs none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"

namespace rowan::engine {

struct UpgradeStep {
  std::string branch;
  std::string why;
  std::string format;  // What rowan.json reads afterwards.
  Oid commit;          // Zero in a dry run.
};

// A step for each branch whose tip changes, by name; empty: nothing is to be done. kUnsupportedFormat
// when a branch has what this version does not know: then nothing is changed.
Result<std::vector<UpgradeStep>> upgrade_repository(const std::filesystem::path& path, bool dry_run);

}  // namespace rowan::engine
