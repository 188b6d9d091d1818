#include "catalog/git_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "tree/git_tree.h"

namespace rowan::catalog {

namespace {

constexpr std::string_view kAttributes = ".gitattributes";
constexpr std::string_view kModules = ".gitmodules";
constexpr size_t kAttributesLineBytesMax = 2047;  // Git skips longer lines, and fsck refuses them.
constexpr size_t kShortNameBytes = 8;             // Of a name as DOS had it, without its ending.

// What a disk of Apple's leaves out when it compares names: joiners, marks of direction and the like,
// all of them three bytes of UTF-8.
bool is_ignored_letter(std::string_view bytes) {
  if (bytes.size() < 3) return false;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (byte(0) == 0xef) return byte(1) == 0xbb && byte(2) == 0xbf;  // U+FEFF
  if (byte(0) != 0xe2) return false;
  if (byte(1) == 0x80)
    return (byte(2) >= 0x8c && byte(2) <= 0x8f) ||  // U+200C … U+200F
           (byte(2) >= 0xaa && byte(2) <= 0xae);    // U+202A … U+202E
  return byte(1) == 0x81 && byte(2) >= 0xaa && byte(2) <= 0xaf;  // U+206A … U+206F
}

// The name as the least particular disk has it: without ignored letters, case, what a colon begins,
// and dots and blanks at the end.
std::string plainest(std::string_view part) {
  std::string name;
  for (size_t i = 0; i < part.size() && part[i] != ':';) {
    if (is_ignored_letter(part.substr(i))) {
      i += 3;
    } else {
      name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(part[i++]))));
    }
  }
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name;
}

// "gitmod~1", "gi7eba~1", "mailma~2", "~1000000": of eight bytes, the last of them a tilde and digits.
// All that begin as one of Git's files could are taken for one.
bool is_short_name(std::string_view name) {
  const size_t tilde = name.find('~');
  if (name.size() != kShortNameBytes || tilde == std::string_view::npos) return false;
  const std::string_view digits = name.substr(tilde + 1);
  const bool is_numbered =
      !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                     [](unsigned char c) { return std::isdigit(c) != 0; });
  return is_numbered && (tilde == 0 || name.front() == 'g' || name.front() == 'm');
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
}

Error invalid_line(std::string_view path, size_t line, std::string_view what) {
  return Error(ErrorCode::kInvalidContent,
               std::string(path) + ": line " + std::to_string(line) + ": " + std::string(what));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

bool is_printable(std::string_view text, std::string_view without) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f &&
           without.find(c) == std::string_view::npos;
  });
}

// "https://host/path" of letters that mean themselves; anything else is for Git to follow at its own
// risk.
bool is_plain_url(std::string_view url) {
  const std::array<std::string_view, 4> schemes = {"https://", "http://", "ssh://", "git://"};
  const auto* const scheme = std::find_if(schemes.begin(), schemes.end(), [&](std::string_view each) {
    return url.starts_with(each);
  });
  if (scheme == schemes.end()) return false;
  const std::string_view rest = url.substr(scheme->size());
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '/' || c == '~';
  };
  return !rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front())) != 0 &&
         std::all_of(rest.begin(), rest.end(), is_plain);
}

// The one form of `.gitmodules` that is carried: a setting a line, no quotes but a section's, no
// escapes. Every program reads that alike.
class ModulesCheck {
 public:
  Result<void> line(std::string_view path, size_t number, std::string_view text) {
    text = trimmed(text);
    if (text.empty() || text.front() == '#' || text.front() == ';') {
      if (text.find('\0') != std::string_view::npos)
        return invalid_line(path, number, "a zero byte does not belong here");
      return {};
    }
    const auto problem = text.front() == '[' ? section(text) : setting(text);
    return problem ? Result<void>(invalid_line(path, number, *problem)) : Result<void>();
  }

 private:
  using Problem = std::optional<std::string_view>;

  Problem section(std::string_view text) {
    constexpr std::string_view kHead = "[submodule \"";
    if (!text.starts_with(kHead) || !text.ends_with("\"]") || text.size() < kHead.size() + 3)
      return "only sections [submodule \"name\"] are carried";
    const std::string_view name = text.substr(kHead.size(), text.size() - kHead.size() - 2);
    if (!is_printable(name, "\"\\") || name.find("..") != std::string_view::npos)
      return "the submodule has a name that Git does not accept";
    in_section_ = true;
    return std::nullopt;
  }

  Problem setting(std::string_view text) const {
    const size_t equals = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equals));
    const bool is_name =
        !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
        std::all_of(name.begin(), name.end(),
                    [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
    if (!in_section_ || equals == std::string_view::npos || !is_name)
      return "it is no setting of a submodule";
    const std::string_view value = trimmed(text.substr(equals + 1));
    if (value.empty() || !is_printable(value, "\"\\#;"))
      return "the setting's value has a letter that is not carried";
    const std::string key = plainest(name);
    if (key == "url" && !is_plain_url(value)) return "the submodule has a URL that is not carried";
    if (key == "path" && value.front() == '-')
      return "the submodule has a path that a program takes for an option";
    if (key == "update" && value != "checkout" && value != "rebase" && value != "merge" &&
        value != "none")
      return "the submodule's update would run a program";
    return std::nullopt;
  }

  bool in_section_ = false;
};

}  // namespace

bool is_gits_own(std::string_view part) {
  const std::string name = plainest(part);
  return name.empty() || name == ".git" || name == "git~1" || is_short_name(name);
}

Result<void> check_git_entry(std::string_view path, uint32_t mode) {
  const std::string_view part = last_part(path);
  if (is_gits_own(part))
    return Error(ErrorCode::kInvalidContent,
                 std::string(path) + ": it has a part that Git does not store");
  const std::string name = plainest(part);
  const bool is_read = name == kAttributes || name == kModules;
  if (mode == tree::kModeTree ? is_read
                              : mode == tree::kModeSymlink &&
                                    (is_read || name == ".gitignore" || name == ".mailmap"))
    return Error(ErrorCode::kInvalidContent,
                 std::string(path) + ": Git reads a plain file of that name, and this is none");
  return {};
}

bool is_git_file(std::string_view path) {
  const std::string name = plainest(last_part(path));
  return name == kAttributes || name == kModules;
}

Result<void> check_git_file(std::string_view path, Bytes content) {
  if (!is_git_file(path)) return {};
  const bool is_modules = plainest(last_part(path)) == kModules;
  ModulesCheck modules;
  for (size_t number = 1; !content.empty(); ++number) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (is_modules) {
      TRY(modules.line(path, number, text));
    } else if (text.size() > kAttributesLineBytesMax) {
      return invalid_line(path, number, "it has more than " +
                                            std::to_string(kAttributesLineBytesMax) +
                                            " bytes, which Git does not read");
    }
  }
  return {};
}

}  // namespace rowan::catalog
