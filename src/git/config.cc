#include "git/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "git/locked_file.h"
#include "git/repository.h"

namespace rowan::git {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t kConfigBytesMax = 1u << 20;
constexpr std::string_view kSection = "rowan";
constexpr int kCommandSettingsMax = 1000;  // GIT_CONFIG_COUNT.

// The settings of a repository that Rowan takes any notice of. All others are not read. "*" stands
// for any name; a subsection is what it is: a name of the user's.
struct Used {
  std::string_view section, name;
};
constexpr Used kUsed[] = {
    {"core", "repositoryformatversion"},
    {"core", "bare"},
    {"extensions", "*"},  // One that we do not know is refused, so all are looked at.
    {"remote", "url"},
    {"remote", "promisor"},
    {"remote", "partialclonefilter"},
    {"author", "name"},
    {"author", "email"},
    {"user", "name"},
    {"user", "email"},
    {"rowan", "*"},
};
// What only stock git reads of a repository, and what runs nothing: rowan adopt leaves it.
constexpr Used kHarmless[] = {
    {"core", "filemode"},          {"core", "logallrefupdates"}, {"core", "symlinks"},
    {"core", "ignorecase"},        {"core", "precomposeunicode"}, {"gc", "auto"},
    {"receive", "autogc"},         {"receive", "fsckobjects"},   {"receive", "denynonfastforwards"},
    {"receive", "denydeletes"},    {"transfer", "hiderefs"},     {"remote", "fetch"},
    {"remote", "mirror"},          {"branch", "remote"},         {"branch", "merge"},
};

// What is used, and speaks for the folder's owner: whose commits the next ones are, and how far ahead
// of the clock others' may be. rowan adopt takes it away.
constexpr Used kOwners[] = {
    {"author", "name"}, {"author", "email"},       {"user", "name"},
    {"user", "email"},  {"rowan", "maxclockskew"},
};

template <size_t kCount>
bool is_among(const ConfigEntry& entry, const Used (&list)[kCount]) {
  return std::any_of(std::begin(list), std::end(list), [&](const Used& used) {
    return used.section == entry.section && (used.name == "*" || used.name == entry.name);
  });
}

bool is_true(std::string_view value) {
  return value == "true" || value == "yes" || value == "on" || value == "1";
}

// "https://name:secret@host/…"
bool has_password(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view host = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  return host.find('@') != std::string_view::npos && host.find(':') < host.find('@');
}

// Addresses that git reads, without a program that is called after them: "ext::sh -c …" and
// "odd://…" run git-remote-ext and git-remote-odd, and one that begins with a dash is an option.
bool runs_a_program(std::string_view url) {
  constexpr std::string_view kPlain[] = {"https", "http", "ssh", "git", "file", "git+ssh", "ssh+git"};
  const size_t colon = url.find(':');
  if (url.starts_with('-')) return true;
  if (colon == std::string_view::npos) return false;
  std::string_view host = url;  // "user@host:path", or a path.
  if (url.substr(colon).starts_with("::")) return true;
  if (url.substr(colon).starts_with("://")) {
    const std::string_view scheme = url.substr(0, colon);
    if (std::find(std::begin(kPlain), std::end(kPlain), scheme) == std::end(kPlain)) return true;
    host = url.substr(colon + 3);
  }
  host = host.substr(0, host.find('/'));
  const size_t user = host.rfind('@');
  return (user == std::string_view::npos ? host : host.substr(user + 1)).starts_with('-');
}

// Whether the setting's value is an address that stock git follows.
bool is_address(const ConfigEntry& entry) {
  return (entry.section == "remote" && entry.name == "url") ||
         (entry.section == "branch" && entry.name == "remote");
}

Error unsupported(const std::string& what) {
  return Error(ErrorCode::kUnsupportedFormat, what);
}

Result<std::string> read_text(const fs::path& dir) {
  return read_whole_file(dir / "config", kConfigBytesMax);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Git's own places for a user's configuration, the lowest scope first.
std::vector<fs::path> user_files() {
  std::vector<fs::path> files;
  if (!is_true(environment("GIT_CONFIG_NOSYSTEM"))) {
    const std::string system = environment("GIT_CONFIG_SYSTEM");
    files.push_back(system.empty() ? "/etc/gitconfig" : system);
  }
  if (const char* global = std::getenv("GIT_CONFIG_GLOBAL"); global != nullptr) {
    files.emplace_back(global);
    return files;
  }
  const std::string home = environment("HOME");
  const std::string xdg = environment("XDG_CONFIG_HOME");
  if (!xdg.empty()) {
    files.push_back(fs::path(xdg) / "git" / "config");
  } else if (!home.empty()) {
    files.push_back(fs::path(home) / ".config" / "git" / "config");
  }
  if (!home.empty()) files.push_back(fs::path(home) / ".gitconfig");
  return files;
}

// A file of the user's own, with all that it includes. One that cannot be read sets nothing.
void add_values(const fs::path& file, const std::string& name, std::vector<std::string>& values) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return;
  git_config* raw = nullptr;
  const int rc = git_config_open_ondisk(&raw, file.c_str());
  const ConfigHandle config(raw);
  if (rc < 0) return;
  const auto add = [](const git_config_entry* entry, void* to) {
    static_cast<std::vector<std::string>*>(to)->emplace_back(entry->value == nullptr ? "true"
                                                                                     : entry->value);
    return 0;
  };
  git_config_get_multivar_foreach(config.get(), name.c_str(), nullptr, add, &values);
}

// `git -c name=value` reaches programs that git runs by these.
void add_command_values(std::string_view name, std::vector<std::string>& values) {
  const std::string text = environment("GIT_CONFIG_COUNT");
  int count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  for (int i = 0; i < std::min(count, kCommandSettingsMax); ++i) {
    std::string key = environment(("GIT_CONFIG_KEY_" + std::to_string(i)).c_str());
    std::transform(key.begin(), key.end(), key.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (key == name)
      values.push_back(environment(("GIT_CONFIG_VALUE_" + std::to_string(i)).c_str()));
  }
}

// The last value of a setting that says something.
std::string last_text(const std::vector<ConfigEntry>& repository, std::string_view section,
                      std::string_view name) {
  std::string text;
  for (const ConfigEntry& entry : repository) {
    if (entry.section == section && entry.subsection.empty() && entry.name == name)
      text = entry.value;
  }
  if (!text.empty()) return text;
  for (std::string& value : user_setting(std::string(section) + "." + std::string(name)))
    text = std::move(value);
  return text;
}

}  // namespace

bool is_used_setting(const ConfigEntry& entry) { return is_among(entry, kUsed); }

Result<std::vector<ConfigEntry>> read_config(const fs::path& dir) {
  TRY_ASSIGN(const std::string text, read_text(dir));
  TRY_ASSIGN(std::vector<ConfigEntry> entries, parse_config(text));
  std::erase_if(entries, [](const ConfigEntry& entry) { return !is_used_setting(entry); });
  return entries;
}

// As Git: a repository of version 0 has no extensions but those it had before there were versions.
Result<void> check_format(const std::vector<ConfigEntry>& config) {
  static const std::set<std::string_view> known = {
      "noop", "noop-v1", "partialclone", "preciousobjects", "worktreeconfig", "relativeworktrees"};
  std::string version = "0";
  for (const ConfigEntry& entry : config) {
    if (entry.section == "core" && entry.name == "repositoryformatversion") version = entry.value;
  }
  if (version != "0" && version != "1")
    return unsupported("repositories of Git's format version " + version + " are not supported");
  for (const ConfigEntry& entry : config) {
    if (entry.section != "extensions") continue;
    if (entry.name == "objectformat" && entry.value != "sha1")
      return unsupported("repositories with SHA-256 ids are not supported");
    if (entry.name == "objectformat" || version == "0" || known.contains(entry.name)) continue;
    if (entry.name == "refstorage" && entry.value == "files") continue;
    return unsupported("repositories with Git's extension " + entry.name + " = " + entry.value +
                       " are not supported");
  }
  return {};
}

bool has_working_tree(const fs::path& dir, const std::vector<ConfigEntry>& config) {
  bool is_bare = dir.filename() != ".git";
  for (const ConfigEntry& entry : config) {
    if (entry.section == "core" && entry.name == "bare") is_bare = is_true(entry.value);
  }
  return !is_bare;
}

bool is_partial_clone(const std::vector<ConfigEntry>& config) {
  return std::any_of(config.begin(), config.end(), [](const ConfigEntry& entry) {
    return (entry.section == "extensions" && entry.name == "partialclone") ||
           (entry.section == "remote" &&
            (entry.name == "partialclonefilter" ||
             (entry.name == "promisor" && is_true(entry.value))));
  });
}

Result<std::vector<ConfigEntry>> read_own_settings(const fs::path& dir) {
  TRY_ASSIGN(std::vector<ConfigEntry> entries, read_config(dir));
  std::erase_if(entries, [](const ConfigEntry& entry) { return entry.section != kSection; });
  return entries;
}

Result<void> write_own_setting(const fs::path& dir, std::string_view subsection,
                               std::string_view name, const std::optional<std::string>& value) {
  return write_settings(
      dir, {{std::string(kSection), std::string(subsection), std::string(name), value}});
}

Result<void> write_settings(const fs::path& dir, const std::vector<ConfigChange>& changes) {
  TRY_ASSIGN(LockedFile lock, LockedFile::take(dir / "config"));
  TRY_ASSIGN(const std::string before, read_text(dir));
  std::string text = before;
  for (const ConfigChange& change : changes) {
    TRY_ASSIGN(text, change_config(text, change));
  }
  return text == before ? Result<void>() : lock.replace(text);
}

Result<std::vector<std::string>> drop_unused_settings(const fs::path& dir) {
  TRY_ASSIGN(LockedFile lock, LockedFile::take(dir / "config"));
  TRY_ASSIGN(std::string text, read_text(dir));
  TRY_ASSIGN(const std::vector<ConfigEntry> entries, parse_config(text));
  std::vector<std::string> dropped;
  std::string kept;
  for (const ConfigEntry& entry : entries) {
    const bool is_kept = (is_used_setting(entry) && !is_among(entry, kOwners)) ||
                         is_among(entry, kHarmless);
    if (!is_kept || has_password(entry.value) ||
        (is_address(entry) && runs_a_program(entry.value))) {
      dropped.push_back(entry.section + (entry.subsection.empty() ? "" : "." + entry.subsection) +
                        "." + entry.name);
      continue;
    }
    // Written anew, so that no odd spelling means something else to another reader.
    TRY_ASSIGN(kept, append_config(std::move(kept), entry));
  }
  if (!dropped.empty()) TRY(lock.replace(kept));
  return dropped;
}

std::vector<std::string> user_setting(std::string_view name) {
  const Library library;
  std::vector<std::string> values;
  for (const fs::path& file : user_files()) add_values(file, std::string(name), values);
  add_command_values(name, values);
  return values;
}

Result<Identity> configured_author(const fs::path& dir) {
  std::vector<ConfigEntry> repository;
  if (!dir.empty()) {
    TRY_ASSIGN(repository, read_config(dir));
  }
  Identity author{last_text(repository, "author", "name"), last_text(repository, "author", "email")};
  if (author.name.empty()) author.name = last_text(repository, "user", "name");
  if (author.email.empty()) author.email = last_text(repository, "user", "email");
  return author;
}

}  // namespace rowan::git
