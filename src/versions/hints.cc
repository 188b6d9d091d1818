#include "versions/hints.h"

namespace rowan::versions {

namespace {

constexpr HintWords kSqlWords = {
    .merge_by_hand = "MERGE … WITH MANUAL RESOLUTION",
    .merge_ours = "WITH OURS",
    .merge_theirs = "WITH THEIRS",
    .merge_either = "WITH OURS or WITH THEIRS",
    .merge_renumber = "WITH RENUMBER",
    .renumber_by_hand = "MERGE … WITH MANUAL RESOLUTION, RENUMBER",
    .merge_unrelated = "MERGE … WITH UNRELATED HISTORIES",
    .merge_by_branch = "CREATE BRANCH name FROM '{}', then MERGE name",
    .pending_merge = "SHOW MERGE CONFLICTS lists what is open; COMMIT MERGE or ABORT MERGE ends it.",
    .abort_merge = "ABORT MERGE",
    .begin_merge = "MERGE … WITH MANUAL RESOLUTION",
    .finish_merge = "COMMIT MERGE",
    .answer_again = "RESOLVE CONFLICT",
    .list_decisions = "SELECT * FROM rowan.merge_decisions({})",
    .list_foreign = "SHOW FOREIGN",
    .held_foreign = "RESET BRANCH TO '{}' moves the branch there; DROP FOREIGN forgets it."};

constexpr HintWords kCommandWords = {
    .merge_by_hand = "--policy manual",
    .merge_ours = "--policy ours",
    .merge_theirs = "--policy theirs",
    .merge_either = "--policy ours or --policy theirs",
    .merge_renumber = "--renumber",
    .renumber_by_hand = "--policy manual --renumber",
    .merge_unrelated = "In rowan shell MERGE … WITH UNRELATED HISTORIES",
    .merge_by_branch = "rowan branch DIR NAME --from {}, then rowan merge DIR NAME",
    .pending_merge = "In rowan shell SHOW MERGE CONFLICTS lists what is open, and COMMIT MERGE or "
                     "ABORT MERGE ends it.",
    .abort_merge = "In rowan shell ABORT MERGE",
    .begin_merge = "rowan merge --policy manual",
    .finish_merge = "COMMIT MERGE in rowan shell",
    .answer_again = "RESOLVE CONFLICT",
    .list_decisions = "rowan sql DIR -c \"SELECT * FROM rowan.merge_decisions({})\"",
    .list_foreign = "rowan foreign list DIR",
    .held_foreign = "rowan reset DIR {} moves the branch there; rowan foreign drop forgets it."};

}  // namespace

const HintWords& hint_words(Door door) {
  return door == Door::kCommand ? kCommandWords : kSqlWords;
}

}  // namespace rowan::versions
