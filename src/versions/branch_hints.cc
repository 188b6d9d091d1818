#include "versions/branch_hints.h"

#include <fmt/format.h>

#include <algorithm>

#include "sql/parser.h"

namespace rowan::versions {

namespace {

constexpr BranchWords kSqlBranches = {
    .list_branches = "SHOW BRANCHES lists them; CREATE BRANCH makes one.",
    .unprotect = "UNPROTECT BRANCH {}",
    .force_drop = "DROP BRANCH … FORCE",
    .force_squash = "SQUASH … FORCE",
    .choose_parent = "PARENT 1",
    .leave_branch = "CHECKOUT another branch first.",
    .list_tags = "SHOW TAGS",
    .drop_tag = "DROP TAG",
    .change_elsewhere =
        "Make the change on another branch and MERGE it, or UNPROTECT BRANCH {} first.",
    .write_there = "CREATE BRANCH name FROM '{}' makes one; then CHECKOUT name.",
    .name_reflog = "Name the branch: SHOW REFLOG main.",
    .drop_policy = "ALTER BRANCH {} DROP HISTORY POLICY first.",
    .drop_table = "DROP TABLE"};

constexpr BranchWords kCommandBranches = {
    .list_branches = "rowan branch DIR lists them; rowan branch DIR NAME makes one.",
    .unprotect = "rowan branch DIR --unprotect {}",
    .force_drop = "--force",
    .force_squash = "--force",
    .choose_parent = "--parent 1",
    .leave_branch = "Git's HEAD names it: clones check it out and sessions begin on it.",
    .list_tags = "rowan tag DIR",
    .drop_tag = "rowan tag DIR --delete",
    .change_elsewhere =
        "Make the change on another branch and merge it with rowan merge, or lift "
        "the protection first: rowan branch DIR --unprotect {}",
    .write_there = "rowan branch DIR NAME --from {} makes one; then --branch NAME.",
    .name_reflog = "Name the branch: rowan reflog DIR BRANCH.",
    .drop_policy = "In rowan shell ALTER BRANCH {} DROP HISTORY POLICY lifts that.",
    .drop_table = "In rowan shell DROP TABLE"};

// A word as a shell takes it for itself.
std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain = "-_./@:+,=%^{}";
  const bool is_plain = std::all_of(word.begin(), word.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80 || kPlain.find(c) != kPlain.npos;
  });
  if (is_plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string hint_with(const HintWords& words, std::string_view phrase, std::string_view name) {
  std::string text(phrase);
  const bool is_command =
      &words == &hint_words(Door::kCommand) && !phrase.starts_with("In rowan shell");
  for (const bool literal : {true, false}) {
    const std::string_view place = literal ? "'{}'" : "{}";
    std::string written = literal ? sql::quote_literal(name) : sql::quote_ident(name);
    if (is_command) written = shell_word(name);
    for (size_t at = text.find(place); at != text.npos; at = text.find(place, at + written.size()))
      text.replace(at, place.size(), written);
    if (literal && text != phrase) break;
  }
  return text;
}

std::string same_name_notice(std::string_view name) {
  return fmt::format(
      "\"{0}\" is a branch and a tag: as a revision it is the branch here and the tag for git; "
      "heads/{0} and tags/{0} are told apart everywhere",
      name);
}

const BranchWords& branch_words(const HintWords& words) {
  return &words == &hint_words(Door::kCommand) ? kCommandBranches : kSqlBranches;
}

}  // namespace rowan::versions
