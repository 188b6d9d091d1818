// A folder whose repositories are served: which there are, and by which names connections ask for them.
//
//   name   the repository FOLDER/name or FOLDER/name.git, the first that is there; never a link
//
// Threads: any. All of it reads the disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::engine {

// Always there: a place to say CREATE DATABASE from, unless a repository has the name.
inline constexpr std::string_view kFirstDatabase = "postgres";
inline constexpr std::string_view kTemplateDatabase = "template1";

bool is_repository(const std::filesystem::path& path);
// Whether it is one part of a path, which stays below the folder and hides nothing.
bool is_database_name(std::string_view name);
// As a repository's folder has it.
std::string without_git_ending(std::string name);
// The repository of that name; empty: none.
std::filesystem::path find_repository(const std::filesystem::path& folder, std::string_view name);
// Of all of them and the two that are always there, in order. kIoError.
Result<std::vector<std::string>> database_names(const std::filesystem::path& folder);

}  // namespace rowan::engine
