// The repository's config file, read as something that a stranger may have written, and the user's
// own, read as Git reads it.
//
// Of DIR/config only settings that are listed in config.cc are looked at, and nothing that it names
// is opened or run: no include.path, no core.sshCommand, core.hooksPath, core.fsmonitor,
// core.attributesFile, url.<base>.insteadOf. The user's own files (those of git's system, global
// and command scopes) may include others.
//
// Threads: any; Git's own lock file orders writers.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/config_text.h"

namespace rowan::git {

// What Rowan takes from DIR/config, in its order. kUndefinedFile, kCorruption.
Result<std::vector<ConfigEntry>> read_config(const std::filesystem::path& dir);
bool is_used_setting(const ConfigEntry& entry);

// kUnsupportedFormat for a repository of a format that we would misread, as Git refuses it.
Result<void> check_format(const std::vector<ConfigEntry>& config);
// As Git: `core.bare` says so, or else the folder's name.
bool has_working_tree(const std::filesystem::path& dir, const std::vector<ConfigEntry>& config);
bool is_partial_clone(const std::vector<ConfigEntry>& config);

// Every `rowan.<subsection>.<name>` and `rowan.<name>` (an empty subsection) in DIR/config.
Result<std::vector<ConfigEntry>> read_own_settings(const std::filesystem::path& dir);
// No value: the setting goes; one that is not there is no error.
Result<void> write_own_setting(const std::filesystem::path& dir, std::string_view subsection,
                               std::string_view name, const std::optional<std::string>& value);
// `change` gives the new text of DIR/config for the one that is there. One writer at a time.
Result<void> write_settings(const std::filesystem::path& dir,
                            const std::vector<ConfigChange>& changes);
// Leaves only what read_config gives and what runs nothing, without what speaks for the folder's
// owner (user.name), and names what went ("core.sshcommand").
Result<std::vector<std::string>> drop_unused_settings(const std::filesystem::path& dir);

// Whom the settings name as the author of what is written in DIR: author.name, else user.name, and so
// the address; of DIR/config before the user's own. An empty DIR is no repository. Empty texts: they
// name nobody.
struct Identity {
  std::string name, email;
};
Result<Identity> configured_author(const std::filesystem::path& dir);

// Every value of a setting ("safe.directory") in the user's own configuration, lowest scope first.
std::vector<std::string> user_setting(std::string_view name);

}  // namespace rowan::git
