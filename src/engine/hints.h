// What hints call the ways out, by the door that the user came by: SQL, or the commands of `rowan`.
#pragma once

#include <string_view>

namespace rowan::engine {

enum class Door : unsigned char { kSql, kCommand };

// Phrases that begin or go on a sentence. `{}` is a revision.
struct HintWords {
  std::string_view merge_by_hand;       // … lets you settle each.
  std::string_view merge_ours;          // … lets that side stand.
  std::string_view merge_theirs;
  std::string_view merge_either;        // … lets one side stand.
  std::string_view merge_renumber;      // … gives the other branch's rows new keys.
  std::string_view merge_unrelated;     // … merges them all the same.
  std::string_view merge_by_branch;     // How a commit that is no branch's tip is merged.
  std::string_view pending_merge;       // What ends a merge that waits.
  std::string_view list_foreign;        // … lists them.
  std::string_view held_foreign;        // What can become of a tip that its branch has.
  std::string_view list_branches;       // … lists them; … makes one.
  std::string_view unprotect;           // … lifts that. `{}` is a branch.
  std::string_view force_drop;          // … drops a branch all the same.
  std::string_view force_squash;        // … makes a new commit all the same.
  std::string_view choose_parent;       // … is the branch that was merged into.
  std::string_view list_tags;           // … lists them.
  std::string_view drop_tag;            // … takes it away.
  std::string_view change_elsewhere;    // What to do about a protected branch. `{}` is the branch.
};
const HintWords& hint_words(Door door);
// By either door.
constexpr std::string_view kMendForeign =
    "Push a commit on top of it that puts that right, or change the branch so that it fits.";

}  // namespace rowan::engine
