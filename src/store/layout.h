// What a folder must look like to be opened as a repository, and what Rowan sets in one. Nothing
// here follows a link or believes a file (docs/security.md).
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "git/config.h"
#include "store/file_system.h"

namespace rowan::store {

Error not_a_repository(const std::filesystem::path& dir);
// The journal, or what says where it begins, is not what it was. `what`: one sentence.
Error lost_journal(const std::filesystem::path& dir, const std::string& what);

// A bare repository with SHA-1 ids that its user may trust, and our folder or at least our content:
// a clone by stock git has only that. Gives the settings that are looked at. `dir`: without links.
// kNotARepository, kUnsupportedFormat, kInsufficientPrivilege (somebody else's), kCorruption.
enum class Trust : uint8_t { kCheck, kGiven };
Result<std::vector<git::ConfigEntry>> check_layout(const std::filesystem::path& dir,
                                                   FileSystem& files, Trust trust = Trust::kCheck);

// Whether the newest commit of some branch has a rowan.json at its top.
Result<bool> has_content(const std::filesystem::path& dir);

// The settings of our own repositories.
std::vector<git::ConfigChange> own_settings();

}  // namespace rowan::store
