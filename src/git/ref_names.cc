#include "git/ref_names.h"

#include <algorithm>
#include <iterator>

#include "base/oid.h"
#include "git/commit.h"

namespace rowan::git {

namespace {

constexpr size_t kShortNameBytesMax = 200;
constexpr size_t kRefBytesMax = 1024;
constexpr size_t kComponentBytesMax = 250;  // With ".lock" behind it a file's name.

// A component must not begin with '.' or end with ".lock".
bool is_valid_component(std::string_view component) {
  return !component.empty() && component.size() <= kComponentBytesMax && component.front() != '.' &&
         !component.ends_with(".lock");
}

bool is_well_formed(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.back() == '/' || name.back() == '.') return false;
  if (name.find("..") != name.npos || name.find("@{") != name.npos || name.find("//") != name.npos)
    return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) return false;
    if (c == '~' || c == '^' || c == ':' || c == '?' || c == '*' || c == '[' || c == '\\')
      return false;
  }
  size_t begin = 0;
  while (begin <= name.size()) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (!is_valid_component(name.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

// Files beside HEAD in which Git keeps a commit, and which its revisions find before any branch.
bool is_kept_by_git(std::string_view name) {
  constexpr std::string_view kOthers[] = {"AUTO_MERGE", "BISECT_EXPECTED_REV", "MERGE_AUTOSTASH",
                                          "NOTES_MERGE_PARTIAL", "NOTES_MERGE_REF"};
  if (std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers)) return true;
  return name.ends_with("_HEAD") && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

}  // namespace

bool is_valid_ref(std::string_view name) {
  return name.starts_with("refs/") && name.size() <= kRefBytesMax && is_well_formed(name);
}

bool is_valid_ref_name(std::string_view name) {
  return name.size() <= kShortNameBytesMax && !name.starts_with('-') && name != "@" &&
         name != "HEAD" && is_well_formed(name);
}

bool is_valid_branch_name(std::string_view name) {
  return is_valid_ref_name(name) && !Oid::parse(name) && !is_kept_by_git(name) &&
         !name.starts_with("refs/");
}

}  // namespace rowan::git
