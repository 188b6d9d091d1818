// BranchSettings: what is set for a branch in this repository: protection and history policy. They
// belong to the repository, not to its history, and stand in Git's config file
// (`rowan.<branch>.protected`, `.historyEvery`, `.historyKeep`); and so does what it takes from
// others for all branches (`rowan.maxClockSkew`).
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::versions {

struct BranchSetting {
  bool is_protected = false;
  std::string history_every;  // Interval texts; empty: no policy.
  std::string history_keep;

  bool operator==(const BranchSetting&) const = default;
};

class BranchSettings {
 public:
  // `folder`: the repository; empty: in memory. What cannot be read counts as not set, what has no
  // meaning here is left alone.
  Result<void> open(const std::filesystem::path& folder);

  BranchSetting find(std::string_view branch) const;
  bool is_protected(std::string_view branch) const;  // Free while no branch is.
  Result<void> set(std::string_view branch, const BranchSetting& setting);
  Result<void> rename(std::string_view from, std::string_view to);

  // How far a foreign commit's time may be ahead of this machine's clock. Fixed by open().
  int64_t max_clock_skew_us() const { return max_clock_skew_us_; }

 private:
  void set_max_clock_skew(const std::string& text);
  Result<void> write(std::string_view branch, const BranchSetting& setting) const;

  std::filesystem::path folder_;  // Fixed by open().
  int64_t max_clock_skew_us_ = 3'600'000'000;
  mutable std::mutex mutex_;  // Guards what follows.
  std::map<std::string, BranchSetting, std::less<>> settings_;
  std::atomic<size_t> protected_count_ = 0;  // Changed under mutex_.
};

}  // namespace rowan::versions
