// What refs may be called.
#pragma once

#include <string_view>

namespace rowan::git {

// Git's rules for a whole name ("refs/heads/b"), and no longer than a ref's file can be called with
// its lock beside it.
bool is_valid_ref(std::string_view name);
// A name that a branch or a tag can have here: at most 200 bytes, and nothing that reads as a
// revision of another kind (HEAD, a commit's id).
bool is_valid_branch_name(std::string_view name);

}  // namespace rowan::git
