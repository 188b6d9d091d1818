#include "versions/history_policy.h"

#include <fmt/format.h>

#include "base/log.h"
#include "versions/interval_text.h"

namespace rowan::versions {

namespace {

Result<txn::HistoryPolicy> policy_of(std::string_view every, std::string_view keep) {
  txn::HistoryPolicy policy;
  TRY_ASSIGN(policy.every_us, parse_interval(every));
  if (!keep.empty()) {
    TRY_ASSIGN(policy.keep_us, parse_interval(keep));
  }
  return policy;
}

}  // namespace

Result<void> set_history_policy(txn::Manager& manager, BranchSettings& settings,
                                std::string_view branch, std::string_view every,
                                std::string_view keep) {
  TRY_ASSIGN(const txn::HistoryPolicy policy, policy_of(every, keep));
  const BranchSetting before = settings.find(branch);
  BranchSetting setting = before;
  setting.history_every = every;
  setting.history_keep = keep;
  // The setting first: what a crash leaves undone, the next open does.
  TRY(settings.set(branch, setting));
  auto started = manager.set_history_policy(branch, policy);
  if (!started)
    ignore_error(settings.set(branch, before), "the error that matters is the one before");
  return started;
}

Result<std::string> drop_history_policy(txn::Manager& manager, BranchSettings& settings,
                                        std::string_view branch) {
  TRY_ASSIGN(const bool had_one, manager.drop_history_policy(branch));
  BranchSetting setting = settings.find(branch);
  setting.history_every.clear();
  setting.history_keep.clear();
  TRY(settings.set(branch, setting));
  return had_one ? std::string() : fmt::format("branch \"{}\" has no history policy", branch);
}

void apply_history_policies(txn::Manager& manager, const BranchSettings& settings) {
  for (const txn::BranchInfo& branch : manager.branches()) {
    const BranchSetting setting = settings.find(branch.name);
    if (setting.history_every.empty()) continue;
    const auto policy = policy_of(setting.history_every, setting.history_keep);
    if (!policy) {
      stderr_log().write(LogLevel::kWarning,
                         fmt::format("the history policy of branch \"{}\" cannot be read: {}",
                                     branch.name, policy.error().message()));
      continue;
    }
    const auto applied = manager.set_history_policy(branch.name, *policy);
    if (!applied) {
      stderr_log().write(LogLevel::kWarning,
                         fmt::format("the history policy of branch \"{}\" does not hold: {}",
                                     branch.name, applied.error().message()));
    }
  }
}

}  // namespace rowan::versions
