// HEAD of a bare repository: the branch that clones check out and sessions begin on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::git {

// The branch HEAD names, whether it is there or not; nothing when HEAD names something else.
Result<std::optional<std::string>> head_branch(const std::filesystem::path& dir);
Result<void> set_head_branch(const std::filesystem::path& dir, std::string_view branch);

}  // namespace rowan::git
