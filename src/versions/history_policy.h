// ALTER BRANCH … SET | DROP HISTORY POLICY, and the policies of a repository that is opened.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "txn/transaction.h"
#include "versions/branch_settings.h"

namespace rowan::versions {

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
