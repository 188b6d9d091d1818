#include "git/head.h"

#include "base/files.h"
#include "git/commit.h"
#include "git/locked_file.h"

namespace rowan::git {

namespace {
constexpr std::string_view kBranch = "ref: refs/heads/";
constexpr uint64_t kHeadBytesMax = 4096;
}  // namespace

Result<std::optional<std::string>> head_branch(const std::filesystem::path& dir) {
  TRY_ASSIGN(std::string text, read_whole_file(dir / "HEAD", kHeadBytesMax));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (!text.starts_with(kBranch)) return std::optional<std::string>();
  std::string branch = text.substr(kBranch.size());
  if (!is_valid_ref_name(branch)) return std::optional<std::string>();
  return std::optional<std::string>(std::move(branch));
}

Result<void> set_head_branch(const std::filesystem::path& dir, std::string_view branch) {
  TRY_ASSIGN(LockedFile lock, LockedFile::take(dir / "HEAD"));
  return lock.replace(std::string(kBranch) + std::string(branch) + "\n");
}

}  // namespace rowan::git
