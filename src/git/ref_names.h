// What refs are called, Git's and ours (docs/format.md), and what they may be called.
#pragma once

#include <string>
#include <string_view>

namespace rowan::git {

inline constexpr std::string_view kBranchRefs = "refs/heads/";
inline constexpr std::string_view kTagRefs = "refs/tags/";
inline constexpr std::string_view kRemoteRefs = "refs/remotes/";

inline constexpr std::string_view kOwnRefs = "refs/rowan/";  // Below it is ours alone.
// What branches with a history policy are at, guarded as branches are; and what was rolled up.
inline constexpr std::string_view kFineRefs = "refs/rowan/fine/";
inline constexpr std::string_view kKeptRefs = "refs/rowan/kept/";
// Tips that were not admitted, and why; the last commits that were.
inline constexpr std::string_view kForeignRefs = "refs/rowan/foreign/";
inline constexpr std::string_view kReasonRefs = "refs/rowan/reasons/";
inline constexpr std::string_view kGoodRefs = "refs/rowan/good/";
// Merges that wait, by branch; answers of those that are over.
inline constexpr std::string_view kMergeRefs = "refs/rowan/merge/";
inline constexpr std::string_view kResolutionsRef = "refs/rowan/resolutions";
inline constexpr std::string_view kReflogRefs = "refs/rowan/reflog/";

inline std::string branch_ref(std::string_view branch) {
  return std::string(kBranchRefs) + std::string(branch);
}
inline std::string tag_ref(std::string_view tag) {
  return std::string(kTagRefs) + std::string(tag);
}

// Git's rules for a whole name ("refs/heads/b"), and no longer than a ref's file can be called with
// its lock beside it.
bool is_valid_ref(std::string_view name);
// A name that a branch or a tag can get here: Git's rules, at most 200 bytes, and nothing that reads
// as a revision of another kind: HEAD, the names under which Git itself keeps commits (FETCH_HEAD,
// ORIG_HEAD …), a whole ref (refs/…), a commit's id.
bool is_valid_branch_name(std::string_view name);
// These rules for whoever gave another name.
inline constexpr std::string_view kNameRules =
    "Names follow git check-ref-format and have at most 200 bytes; HEAD, FETCH_HEAD and their like, "
    "what begins with refs/, and commit ids read as something else.";

}  // namespace rowan::git
