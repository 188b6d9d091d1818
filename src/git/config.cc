#include "git/config.h"

#include "git/repository.h"

namespace rowan::git {

namespace {

constexpr std::string_view kSection = "rowan.";

using IteratorHandle = std::unique_ptr<git_config_iterator, FreeWith<git_config_iterator_free>>;

Result<ConfigHandle> open_config(const std::filesystem::path& dir) {
  git_config* raw = nullptr;
  const std::string path = (dir / "config").string();
  const int rc = git_config_open_ondisk(&raw, path.c_str());
  ConfigHandle config(raw);
  if (rc < 0) return git_failure(rc, "open \"" + path + "\"");
  return config;
}

// All of Git's levels, the repository's before the others.
Result<ConfigHandle> open_all_levels(const std::filesystem::path& dir) {
  git_config* raw = nullptr;
  if (dir.empty()) {
    const int rc = git_config_open_default(&raw);
    ConfigHandle config(raw);
    if (rc < 0) return git_failure(rc, "read Git's settings");
    return config;
  }
  TRY_ASSIGN(const RepositoryHandle repository, open_repository(dir));
  const int rc = git_repository_config(&raw, repository.get());
  ConfigHandle config(raw);
  if (rc < 0) return git_failure(rc, "read Git's settings");
  return config;
}

// The first of the settings that is there and says something.
std::string first_text(git_config& config, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    git_buf text = GIT_BUF_INIT;
    const bool found = git_config_get_string_buf(&text, &config, name) == 0;
    std::string value = found ? std::string(text.ptr, text.size) : std::string();
    git_buf_dispose(&text);
    if (!value.empty()) return value;
  }
  return {};
}

}  // namespace

Result<Identity> configured_author(const std::filesystem::path& dir) {
  const Library library;
  TRY_ASSIGN(const ConfigHandle config, open_all_levels(dir));
  return Identity{first_text(*config, {"author.name", "user.name"}),
                  first_text(*config, {"author.email", "user.email"})};
}

Result<std::vector<ConfigEntry>> read_own_settings(const std::filesystem::path& dir) {
  const Library library;
  TRY_ASSIGN(const ConfigHandle config, open_config(dir));
  git_config_iterator* raw =
      nullptr;  // Over everything: libgit2 1.5 leaks memory when it matches names itself.
  int rc = git_config_iterator_new(&raw, config.get());
  const IteratorHandle iterator(raw);
  if (rc < 0) return git_failure(rc, "read the repository's settings");
  std::vector<ConfigEntry> entries;
  git_config_entry* entry = nullptr;  // Belongs to the iterator.
  while ((rc = git_config_next(&entry, iterator.get())) == 0) {
    std::string_view key = entry->name;
    if (!key.starts_with(kSection)) continue;
    key.remove_prefix(kSection.size());
    const size_t dot = key.rfind('.');
    if (dot == std::string_view::npos) continue;
    entries.push_back({std::string(key.substr(0, dot)), std::string(key.substr(dot + 1)),
                       entry->value != nullptr ? entry->value : "true"});
  }
  if (rc != GIT_ITEROVER) return git_failure(rc, "read the repository's settings");
  return entries;
}

Result<void> write_own_setting(const std::filesystem::path& dir, std::string_view subsection,
                               std::string_view name, const std::optional<std::string>& value) {
  const Library library;
  TRY_ASSIGN(const ConfigHandle config, open_config(dir));
  const std::string key = std::string(kSection) + std::string(subsection) + "." + std::string(name);
  const int rc = value ? git_config_set_string(config.get(), key.c_str(), value->c_str())
                       : git_config_delete_entry(config.get(), key.c_str());
  if (rc == GIT_ENOTFOUND && !value) return {};
  if (rc < 0) return git_failure(rc, "write a setting of the repository");
  return {};
}

}  // namespace rowan::git
