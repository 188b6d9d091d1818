// What a merge decided where both sides had changed something, and how its commit says it was made.
//
// Decisions are kept nowhere: the merge is made again from the commit's parents, by the policy that
// its trailer names and the answers that its trailer finds in `refs/rowan/resolutions`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "merge/merge.h"
#include "versions/context.h"

namespace rowan::versions {

// The trailers that a merge's commit says it with.
std::vector<std::pair<std::string, std::string>> merge_trailers(merge::Policy policy, bool renumber,
                                                                const std::optional<Oid>& answers);
// "theirs, renumber".
std::string policy_words(merge::Policy policy, bool renumber);
std::string_view policy_word(merge::Policy policy);  // "row-level", "ours", "theirs", "manual".
std::optional<merge::Policy> find_policy(std::string_view word);

// "public.t key 2, price: 18.00 and 21.00 became 21.00 (policy row-level)".
std::string settlement_line(const merge::Settlement& settlement);

// Is told of each decision. False: it wants no more of a merge's.
using Record = std::function<bool(merge::Settlement)>;
// Of a merge that was made: it is made once more. kInvalidParameterValue: the commit is none.
Result<void> remake_merge(const Context& context, const Oid& commit, const Record& record);
// Of one that MERGE would make, by a policy that decides ("ours, renumber"; nothing: row-level).
Result<void> foresee_merge(const Context& context, const Oid& ours, const Oid& theirs,
                           const std::optional<std::string>& policy, const Record& record);

}  // namespace rowan::versions
