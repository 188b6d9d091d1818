#include "engine/database_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace rowan::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEnding = ".git";
constexpr size_t kNameBytesMax = 63;  // PostgreSQL's.

}  // namespace

bool is_repository(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / "HEAD", error) && fs::is_directory(path / "objects", error);
}

bool is_database_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name[0] == '.' || name[0] == '-') return false;
  if (name.ends_with(kEnding)) return false;  // The same one would have two names.
  for (const char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

std::string without_git_ending(std::string name) {
  if (name.size() > kEnding.size() && name.ends_with(kEnding))
    name.resize(name.size() - kEnding.size());
  return name;
}

fs::path find_repository(const fs::path& folder, std::string_view name) {
  if (!is_database_name(name)) return {};
  for (const std::string& spelling : {std::string(name), std::string(name) + std::string(kEnding)}) {
    std::error_code error;
    const fs::path path = folder / spelling;
    if (!fs::is_symlink(path, error) && is_repository(path)) return path;
  }
  return {};
}

Result<std::vector<std::string>> database_names(const fs::path& folder) {
  std::vector<std::string> names = {std::string(kFirstDatabase), std::string(kTemplateDatabase)};
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = without_git_ending(at->path().filename().string());
    if (!find_repository(folder, name).empty()) names.push_back(std::move(name));
  }
  if (error)
    return Error(ErrorCode::kIoError, fmt::format("could not read the folder \"{}\": {}",
                                                  folder.string(), error.message()));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace rowan::engine
