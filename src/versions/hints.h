// What hints call the ways out, by the door that the user came by: SQL, or the commands of `rowan`.
#pragma once

#include <string_view>

namespace rowan::versions {

enum class Door : unsigned char { kSql, kCommand };

// Phrases that begin or go on a sentence. `{}` is a revision.
struct HintWords {
  std::string_view merge_by_hand;       // … lets you settle each.
  std::string_view merge_ours;          // … lets that side stand.
  std::string_view merge_theirs;
  std::string_view merge_either;        // … lets one side stand.
  std::string_view merge_renumber;      // … gives the other branch's rows new keys.
  std::string_view renumber_by_hand;  // The whole statement, which a merge that waits takes too.
  std::string_view merge_unrelated;     // … merges them all the same.
  std::string_view merge_by_branch;     // How a commit that is no branch's tip is merged.
  std::string_view pending_merge;       // What ends a merge that waits.
  std::string_view abort_merge;         // … gives the merge up.
  std::string_view begin_merge;         // … begins one that waits.
  std::string_view finish_merge;        // … ends it, when all is settled.
  std::string_view answer_again;        // … answers a conflict once more.
  std::string_view list_decisions;      // What lists what a merge decided; `{}`: of which.
  std::string_view list_foreign;        // … lists them.
  std::string_view held_foreign;        // What can become of a tip that its branch has.
};
const HintWords& hint_words(Door door);
// By either door.
constexpr std::string_view kMendForeign =
    "Push a commit on top of it that puts that right, or change the branch so that it fits.";
constexpr std::string_view kAmendForeign =
    "Amend the commit and push again: a commit on top of it does not mend what cannot be read.";

}  // namespace rowan::versions
