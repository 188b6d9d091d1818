#include "versions/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/catalog.h"
#include "git/ref_names.h"
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
        .with_hint(hint_with(words, branch_words(words).write_there, head.pinned_name));
  }
  if (!settings.is_protected(head.branch)) return {};
  return Error(ErrorCode::kInsufficientPrivilege,
               fmt::format("branch \"{}\" is protected", head.branch))
      .with_hint(hint_with(words, branch_words(words).change_elsewhere, head.branch));
}

Result<Head> find_head(txn::Manager& manager, const Head& from, std::string_view revision,
                       const HintWords& words) {
  TRY_ASSIGN(const bool is_branch, manager.has_branch(revision));
  if (is_branch) return Head{std::string(revision)};
  auto commit = manager.resolve_revision(revision, from.branch);
  if (commit) return Head{commit->hex(), true, std::string(revision)};
  if (commit.error().code() != ErrorCode::kUndefinedRevision) return std::move(commit).error();
  if (manager.store().ref(git::tag_ref(revision)))
    return std::move(commit).error();  // It is there, and stands for no commit.
  return Error(ErrorCode::kUndefinedBranch, fmt::format("branch \"{}\" does not exist", revision))
      .with_hint(std::string(branch_words(words).list_branches));
}

// What cannot be read is told by whoever reads it.
std::string schema_of(std::span<const std::string> path, std::string_view name,
                      const txn::Transaction* transaction, txn::Manager& manager,
                      std::string_view branch) {
  if (path.size() == 1) return path[0];
  const auto found_in = [&](const catalog::Catalog& catalog) {
    auto found = catalog.schema_of(path, name);
    return found ? std::move(*found) : path[0];
  };
  if (transaction != nullptr) return found_in(transaction->catalog());
  const auto tip = manager.tip_snapshot(branch);
  store::ObjectStore& store = manager.store();
  return tip ? found_in(catalog::Catalog(store, store.cache(), tip->root)) : path[0];
}

std::string schema_of(const Context& context, std::string_view name) {
  const std::span<const std::string> path = context.eval.path;
  if (path.empty()) return std::string(context.eval.schema);
  return schema_of(path, name, context.transaction, context.manager, context.head.branch);
}

void note_commit(Context& context, const txn::CommitOutcome& outcome) {
  Effects::Commit noted{outcome.commit, outcome.sequence};
  if (context.effects.commit)
    noted.sequence = std::max(noted.sequence, context.effects.commit->sequence);
  context.effects.commit = noted;
}

}  // namespace rowan::versions
