#include "versions/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/catalog.h"
#include "store/node_cache.h"
#include "versions/branch_hints.h"

namespace rowan::versions {

Result<void> Context::check_cancelled() const {
  if (!is_cancelled()) return {};
  return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
}

Result<void> check_writable(const Head& head, const BranchSettings& settings,
                            const HintWords& words) {
  if (head.is_pinned) {
    return Error(ErrorCode::kReadOnlyTransaction,
                 fmt::format("cannot write: the session is on \"{}\", which is no branch",
                             head.pinned_name))
        .with_hint(fmt::format(fmt::runtime(branch_words(words).write_there), head.pinned_name));
  }
  if (!settings.is_protected(head.branch)) return {};
  return Error(ErrorCode::kInsufficientPrivilege,
               fmt::format("branch \"{}\" is protected", head.branch))
      .with_hint(fmt::format(fmt::runtime(branch_words(words).change_elsewhere), head.branch));
}

Result<Head> find_head(txn::Manager& manager, const Head& from, std::string_view revision,
                       const HintWords& words) {
  TRY_ASSIGN(const bool is_branch, manager.has_branch(revision));
  if (is_branch) return Head{std::string(revision)};
  auto commit = manager.resolve_revision(revision, from.branch);
  if (commit) return Head{commit->hex(), true, std::string(revision)};
  if (commit.error().code() != ErrorCode::kUndefinedRevision) return std::move(commit).error();
  if (manager.store().ref("refs/tags/" + std::string(revision)))
    return std::move(commit).error();  // It is there, and stands for no commit.
  return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", revision))
      .with_hint(std::string(branch_words(words).list_branches));
}

// What cannot be read is told by whoever reads it.
std::string schema_of(const Context& context, std::string_view name) {
  const std::span<const std::string> path = context.eval.path;
  if (path.empty()) return std::string(context.eval.schema);
  if (path.size() == 1) return path[0];
  const std::vector<std::string> schemas(path.begin(), path.end());
  const auto found_in = [&](const catalog::Catalog& catalog) {
    auto found = catalog.schema_of(schemas, name);
    return found ? std::move(*found) : path[0];
  };
  if (context.transaction != nullptr) return found_in(context.transaction->catalog());
  const auto tip = context.manager.tip_snapshot(context.head.branch);
  if (!tip) return path[0];
  return found_in(catalog::Catalog(context.store, context.store.cache(), tip->root));
}

void note_commit(Context& context, const txn::CommitOutcome& outcome) {
  Effects::Commit noted{outcome.commit, outcome.sequence};
  if (context.effects.commit)
    noted.sequence = std::max(noted.sequence, context.effects.commit->sequence);
  context.effects.commit = noted;
}

}  // namespace rowan::versions
