#include "git/head.h"

#include "git/repository.h"

namespace rowan::git {

namespace {
constexpr std::string_view kHeads = "refs/heads/";
}  // namespace

Result<std::optional<std::string>> head_branch(const std::filesystem::path& dir) {
  TRY_ASSIGN(const RepositoryHandle repository, open_repository(dir));
  git_reference* raw = nullptr;
  const int rc = git_reference_lookup(&raw, repository.get(), "HEAD");
  const ReferenceHandle head(raw);
  if (rc < 0) return git_failure(rc, "read HEAD");
  const char* target = git_reference_symbolic_target(head.get());
  if (target == nullptr || !std::string_view(target).starts_with(kHeads))
    return std::optional<std::string>();
  return std::optional<std::string>(std::string(target).substr(kHeads.size()));
}

Result<void> set_head_branch(const std::filesystem::path& dir, std::string_view branch) {
  TRY_ASSIGN(const RepositoryHandle repository, open_repository(dir));
  const int rc = git_repository_set_head(repository.get(),
                                         (std::string(kHeads) + std::string(branch)).c_str());
  if (rc < 0) return git_failure(rc, "set HEAD");
  return {};
}

}  // namespace rowan::git
