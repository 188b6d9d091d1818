// Merges as tables: rowan.merge_decisions(commit), what a merge decided where both sides had changed
// something; and rowan.merges, the merges that wait.
//
// Decisions are kept nowhere: the merge is made again from the commit's parents, by the policy that
// its trailer names and the answers that its trailer finds in `refs/rowan/resolutions`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/history_tables.h"
#include "engine/merge_run.h"

namespace rowan::engine {

// The trailers that a merge's commit says it with.
std::vector<std::pair<std::string, std::string>> merge_trailers(merge::Policy policy,
                                                                bool renumber,
                                                                const std::optional<Oid>& answers);
// "theirs, renumber".
std::string policy_words(merge::Policy policy, bool renumber);
std::string_view policy_word(merge::Policy policy);  // "row-level", "ours", "theirs", "manual".
std::optional<merge::Policy> find_policy(std::string_view word);

// "public.t key 2, price: 18.00 and 21.00 became 21.00 (policy row-level)".
std::string settlement_line(const merge::Settlement& settlement);

// merge_decisions(commit): of a merge that was made. merge_decisions(ours, theirs [, policy]): of
// one that MERGE would make.
VirtualTablePtr merge_decisions_table(SessionImpl& session);
VirtualTablePtr pending_merges_table(SessionImpl& session);

}  // namespace rowan::engine
