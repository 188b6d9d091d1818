// Whether a repository's folder is the user's own, by Git's rule: owned by him, or named in his
// `safe.directory`. Beyond Git's rule, nobody else may be able to write to it.
//
// Threads: any.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace rowan::git {

// The folders below a repository's own whose files decide what it holds, beside `rowan/`: who may write
// to one of them may as well write to all.
inline constexpr const char* kGuardedFolders[] = {"objects", "objects/pack", "objects/info", "refs",
                                                  "refs/heads", "refs/tags", "refs/rowan"};
inline constexpr const char* kGuardedOwnFolders[] = {"rowan", "rowan/journal", "rowan/derived"};

// The folder itself and those listed. kInsufficientPrivilege, with how the folder may be trusted.
// `dir`: without links (resolve()).
Result<void> check_trusted(const std::filesystem::path& dir);

// Makes a folder the user's own: nobody else may write to it, and what belongs to somebody else is
// his from now on, where the system lets him (root). kInsufficientPrivilege.
Result<void> make_own(const std::filesystem::path& folder);

// Whether a folder outside a repository may lend it objects (info/alternates): named by the user in
// his Git configuration (`rowan.alternates`, a folder or "*"; several may be) or in the environment
// variable ROWAN_ALTERNATES (folders, with colons between).
bool may_lend_objects(const std::filesystem::path& objects);

}  // namespace rowan::git
