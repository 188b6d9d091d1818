#include "versions/branch_settings.h"

#include <optional>

#include "base/log.h"
#include "git/config.h"
#include "versions/interval_text.h"

namespace rowan::versions {

namespace {

bool is_true(std::string_view value) {
  return value == "true" || value == "yes" || value == "on" || value == "1";
}

std::optional<std::string> if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

Result<void> BranchSettings::open(const std::filesystem::path& folder) {
  folder_ = folder;
  if (folder_.empty()) return {};
  TRY_ASSIGN(const auto entries, git::read_own_settings(folder_));
  const std::lock_guard lock(mutex_);
  for (const git::ConfigEntry& entry : entries) {
    if (entry.subsection.empty()) {
      if (entry.name == "maxclockskew") set_max_clock_skew(entry.value);
      continue;
    }
    BranchSetting& setting = settings_[entry.subsection];
    if (entry.name == "protected") setting.is_protected = is_true(entry.value);
    if (entry.name == "historyevery") setting.history_every = entry.value;
    if (entry.name == "historykeep") setting.history_keep = entry.value;
  }
  for (const auto& [branch, setting] : settings_) protected_count_ += setting.is_protected ? 1 : 0;
  return {};
}

void BranchSettings::set_max_clock_skew(const std::string& text) {
  if (const auto interval = parse_interval(text)) {
    max_clock_skew_us_ = *interval;
    return;
  }
  stderr_log().write(LogLevel::kWarning,
                     "rowan.maxClockSkew is no interval of time, and one hour it stays: " + text);
}

BranchSetting BranchSettings::find(std::string_view branch) const {
  const std::lock_guard lock(mutex_);
  const auto found = settings_.find(branch);
  return found == settings_.end() ? BranchSetting{} : found->second;
}

bool BranchSettings::is_protected(std::string_view branch) const {
  return protected_count_.load(std::memory_order_acquire) != 0 && find(branch).is_protected;
}

Result<void> BranchSettings::write(std::string_view branch, const BranchSetting& setting) const {
  if (folder_.empty()) return {};
  TRY(git::write_own_setting(
      folder_, branch, "protected",
      setting.is_protected ? std::optional<std::string>("true") : std::nullopt));
  TRY(git::write_own_setting(folder_, branch, "historyEvery", if_any(setting.history_every)));
  return git::write_own_setting(folder_, branch, "historyKeep", if_any(setting.history_keep));
}

Result<void> BranchSettings::set(std::string_view branch, const BranchSetting& setting) {
  const std::lock_guard lock(mutex_);
  const auto found = settings_.find(branch);
  const BranchSetting before = found == settings_.end() ? BranchSetting{} : found->second;
  if (before == setting) return {};
  TRY(write(branch, setting));
  if (setting == BranchSetting{}) {
    settings_.erase(std::string(branch));
  } else {
    settings_.insert_or_assign(std::string(branch), setting);
  }
  protected_count_ += (setting.is_protected ? 1 : 0) - (before.is_protected ? 1 : 0);
  return {};
}

Result<void> BranchSettings::rename(std::string_view from, std::string_view to) {
  const BranchSetting setting = find(from);
  if (setting == BranchSetting{}) return {};
  TRY(set(to, setting));
  return set(from, {});
}

}  // namespace rowan::versions
