// Settings of our own in a repository's config file: `rowan.<subsection>.<name>`, a branch's name
// being the subsection; and whom Git's own settings name. Nothing that a setting names is run.
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
  std::string subsection;  // As written, with its case.
  std::string name;        // Lower case, as Git gives it.
  std::string value;
};

// Whom Git's settings name as the author of what is written in DIR: author.name, else user.name, and
// so the address; of the repository's config before the user's and the machine's, includes followed.
// An empty DIR is no repository. Empty texts: they name nobody.
struct Identity {
  std::string name, email;
};
Result<Identity> configured_author(const std::filesystem::path& dir);

// Every `rowan.<subsection>.<name>` in DIR/config; those without a subsection are left out.
Result<std::vector<ConfigEntry>> read_own_settings(const std::filesystem::path& dir);
// No value: the setting goes; one that is not there is no error.
Result<void> write_own_setting(const std::filesystem::path& dir, std::string_view subsection,
                               std::string_view name, const std::optional<std::string>& value);

}  // namespace rowan::git
