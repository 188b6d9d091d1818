#include "versions/branch_hints.h"

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

}  // namespace

const BranchWords& branch_words(const HintWords& words) {
  return &words == &hint_words(Door::kCommand) ? kCommandBranches : kSqlBranches;
}

}  // namespace rowan::versions
