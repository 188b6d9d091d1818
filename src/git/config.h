// Settings of our own in a repository's config file: `rowan.<subsection>.<name>`, a branch's name
// being the subsection.
//
// Threads: any; Git's own lock file orders writers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::git {

struct ConfigEntry {
  std::string subsection;  // As written, with its case; empty: there is none.
  std::string name;        // Lower case, as Git gives it.
  std::string value;
};

// Every `rowan.<subsection>.<name>` and `rowan.<name>` in DIR/config.
Result<std::vector<ConfigEntry>> read_own_settings(const std::filesystem::path& dir);
// No value: the setting goes; one that is not there is no error.
Result<void> write_own_setting(const std::filesystem::path& dir, std::string_view subsection,
                               std::string_view name, const std::optional<std::string>& value);

}  // namespace rowan::git
