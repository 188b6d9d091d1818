#include "engine/import/new_commits.h"

#include <algorithm>
#include <utility>

#include "catalog/paths.h"
#include "git/commit.h"
#include "git/object_form.h"
#include "versions/revisions.h"

namespace rowan::engine {

namespace {

// The commits below `tip` that `held` does not have, parents first.
std::vector<Oid> list_new(txn::Manager& manager, const Oid& tip, const std::vector<Oid>& held) {
  const derived::HistoryIndex& history = manager.history();
  const auto is_held = [&](const Oid& commit) {
    return history.is_own(commit) || std::any_of(held.begin(), held.end(), [&](const Oid& each) {
             return history.is_ancestor(commit, each);
           });
  };
  struct Step {
    Oid commit;
    bool parents_done;
  };
  std::vector<Oid> order;
  std::unordered_set<Oid, OidHash> seen{tip};
  std::vector<Step> open{{tip, false}};
  while (!open.empty()) {
    const Step step = open.back();
    open.pop_back();
    if (step.parents_done) {
      if (step.commit != tip) order.push_back(step.commit);
      continue;
    }
    open.push_back({step.commit, true});
    const auto info = history.find(step.commit);
    if (!info) continue;
    for (const Oid& parent : info->parents) {
      if (seen.insert(parent).second && !is_held(parent)) open.push_back({parent, false});
    }
  }
  return order;
}

}  // namespace

Result<std::optional<NewCommits::Unreadable>> NewCommits::read(txn::Manager& manager,
                                                               const Oid& commit,
                                                               Oid& known_root) {
  store::ObjectStore& store = manager.store();
  TRY_ASSIGN(const git::Commit parsed, versions::read_commit(store, commit));
  TRY_ASSIGN(const store::ObjectRef object, store.read(commit));
  if (const auto formed = git::check_commit_form(object.bytes); !formed)
    return std::optional<Unreadable>({commit, formed.error(), Place{}});
  if (fine_.contains(parsed.tree)) return std::optional<Unreadable>();
  // Whatever it holds, Git must be content with it.
  const auto stored = catalog::check_git_files(store, store.cache(), known_root, parsed.tree);
  if (!stored && stored.error().code() == ErrorCode::kIoError) return stored.error();
  if (!stored && stored.error().code() != ErrorCode::kAbsentObject)
    return std::optional<Unreadable>({commit, stored.error(), Place{}});
  store::PendingObjects twin(store);
  TRY_ASSIGN(ReadableContent content, readable_content(twin, store, known_root, parsed.tree));
  // Without a place it is no data of ours at all, which reads as nothing.
  const bool is_here = content.fault && content.fault->code() != ErrorCode::kAbsentObject;
  if (is_here && !content.fault_at.file.empty())
    return std::optional<Unreadable>({commit, *content.fault, content.fault_at});
  fine_.insert(parsed.tree);
  const bool is_canonical = !content.fault && !content.broken_rule && content.root == parsed.tree;
  if (is_canonical) known_root = parsed.tree;
  return std::optional<Unreadable>();
}

Result<std::optional<NewCommits::Unreadable>> NewCommits::find_unreadable_in(
    txn::Manager& manager, const Oid& commit, const Oid& known_root) {
  Oid known = known_root;
  return read(manager, commit, known);
}

Result<std::optional<NewCommits::Unreadable>> NewCommits::find_unreadable(
    txn::Manager& manager, const Oid& tip, const std::vector<Oid>& held, const Oid& known_root) {
  Oid known = known_root;
  for (const Oid& commit : list_new(manager, tip, held)) {
    TRY_ASSIGN(auto found, read(manager, commit, known));
    if (found) return found;
  }
  return std::optional<Unreadable>();
}

}  // namespace rowan::engine
