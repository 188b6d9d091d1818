// Taking over a repository's folder that somebody else made. What it holds becomes what a clone
// would have brought, to be judged as such when it is opened: its journal's transactions as moves of
// another program, and nothing of what it says about itself (which commits are good, what was
// verified, caches, settings that make programs run).
//
// Each step can be done twice; after a crash it is run again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace rowan::store {

struct Adopted {
  uint64_t transactions = 0;              // Of its journal: kept.
  std::vector<std::string> parked;        // Refs that keep tips beside what Git has by now.
  std::vector<std::string> dropped;       // Settings: "core.sshcommand".
  std::vector<std::string> set_aside;     // What stock git would run or follow, by its new name.
};

// kDatabaseInUse, kNotARepository, kInsufficientPrivilege (it is somebody else's and cannot be made
// ours); kCorruption: its journal cannot be read, unless `discard_journal`, or something stands where
// a file or folder of Git's own belongs.
Result<Adopted> adopt_git_store(const std::filesystem::path& dir, bool discard_journal);

// What is derived from the commits, and made again from them. `dir`: without links, open for writing
// by this process.
inline std::filesystem::path derived_folder(const std::filesystem::path& dir) {
  return dir / "rowan" / "derived";
}
Result<void> drop_derived(const std::filesystem::path& dir);

}  // namespace rowan::store
