// The text of one of Git's config files: what it sets, and the same text with settings changed.
// Nothing that it names is opened: `include.path` is a setting like any other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::git {

struct ConfigEntry {
  std::string section;     // Lower case.
  std::string subsection;  // As written, with its case; empty: none.
  std::string name;        // Lower case.
  std::string value;       // "true" where the name stands alone.
};

// kCorruption names the line.
Result<std::vector<ConfigEntry>> parse_config(std::string_view text);

struct ConfigChange {
  std::string section;
  std::string subsection = {};
  std::string name;
  std::optional<std::string> value;  // Nothing: the setting goes.
};
// kInvalidParameterValue for what a config file cannot hold.
Result<std::string> change_config(std::string_view text, const ConfigChange& change);
// The text with one setting more, behind all others, in a section of its own.
Result<std::string> append_config(std::string text, const ConfigEntry& entry);

}  // namespace rowan::git
