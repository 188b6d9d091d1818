// ALTER BRANCH … SET | DROP HISTORY POLICY, and the policies of a repository that is opened.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "txn/transaction.h"
#include "versions/branch_settings.h"

namespace rowan::versions {

// '1 hour', '90 minutes', '1 day 12:00', '0.5 seconds' as microseconds, with a month as 30 days and
// a year as 365.25, as PostgreSQL counts them where it must. kInvalidDatetimeFormat;
// kInvalidParameterValue when it is not above zero.
Result<int64_t> parse_interval(std::string_view text);

// Both write the setting and the branch's refs, in the order in which a crash between them does no
// harm. Dropping gives a notice, if any.
Result<void> set_history_policy(txn::Manager& manager, BranchSettings& settings,
                                std::string_view branch, std::string_view every,
                                std::string_view keep);
Result<std::string> drop_history_policy(txn::Manager& manager, BranchSettings& settings,
                                        std::string_view branch);

// Tells the manager of the policies that are set. One that cannot be read is reported in the log
// and counts as none.
void apply_history_policies(txn::Manager& manager, const BranchSettings& settings);

}  // namespace rowan::versions
