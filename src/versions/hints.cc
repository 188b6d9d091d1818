#include "versions/hints.h"

#include "versions/branch_hints.h"

namespace rowan::versions {

namespace {

constexpr HintWords kSqlWords = {
    .merge_by_hand = "MERGE … WITH MANUAL RESOLUTION",
    .merge_ours = "WITH OURS",
    .merge_theirs = "WITH THEIRS",
    .merge_either = "WITH OURS or WITH THEIRS",
    .merge_renumber = "WITH RENUMBER",
    .merge_unrelated = "MERGE … WITH UNRELATED HISTORIES",
    .merge_by_branch = "CREATE BRANCH name FROM '{}', then MERGE name",
    .pending_merge = "SHOW MERGE CONFLICTS lists what is open; COMMIT MERGE or ABORT MERGE ends it.",
    .abort_merge = "ABORT MERGE",
    .begin_merge = "MERGE … WITH MANUAL RESOLUTION",
    .finish_merge = "COMMIT MERGE",
    .answer_again = "RESOLVE CONFLICT",
    .list_foreign = "SHOW FOREIGN",
    .held_foreign = "RESET BRANCH TO '{}' moves the branch there; DROP FOREIGN forgets it."};

constexpr HintWords kCommandWords = {
    .merge_by_hand = "--policy manual",
    .merge_ours = "--policy ours",
    .merge_theirs = "--policy theirs",
    .merge_either = "--policy ours or --policy theirs",
    .merge_renumber = "--renumber",
    .merge_unrelated = "In rowan shell MERGE … WITH UNRELATED HISTORIES",
    .merge_by_branch = "rowan branch DIR NAME --from {}, then rowan merge DIR NAME",
    .pending_merge = "In rowan shell SHOW MERGE CONFLICTS lists what is open, and COMMIT MERGE or "
                     "ABORT MERGE ends it.",
    .abort_merge = "In rowan shell ABORT MERGE",
    .begin_merge = "rowan merge --policy manual",
    .finish_merge = "COMMIT MERGE in rowan shell",
    .answer_again = "RESOLVE CONFLICT",
    .list_foreign = "rowan foreign list DIR",
    .held_foreign = "rowan reset DIR {} moves the branch there; rowan foreign drop forgets it."};

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
    .change_elsewhere = "Make the change on another branch and merge it with rowan merge, or lift "
                        "the protection first: rowan branch DIR --unprotect {}",
    .write_there = "rowan branch DIR NAME --from {} makes one; then --branch NAME.",
    .name_reflog = "Name the branch: rowan reflog DIR BRANCH.",
    .drop_policy = "In rowan shell ALTER BRANCH {} DROP HISTORY POLICY lifts that.",
    .drop_table = "In rowan shell DROP TABLE"};

}  // namespace

const HintWords& hint_words(Door door) {
  return door == Door::kCommand ? kCommandWords : kSqlWords;
}

const BranchWords& branch_words(const HintWords& words) {
  return &words == &kCommandWords ? kCommandBranches : kSqlBranches;
}

}  // namespace rowan::versions
