#include "engine/import/admission.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/limits.h"
#include "engine/history.h"
#include "engine/import/content.h"
#include "git/commit.h"

namespace rowan::engine {

namespace {

constexpr size_t kForeignCommitsMax = 100'000;

git::Commit normalise_commit(const Oid& tree, const Oid& parent, int64_t time_us) {
  git::Commit commit;
  commit.tree = tree;
  commit.parents = {parent};
  commit.author = {"rowan", "rowan@localhost", time_us / 1'000'000, 0};
  commit.committer = commit.author;
  commit.message =
      git::message_with_trailers("normalise", "", {{"Rowan-Time", std::to_string(time_us)}});
  return commit;
}

}  // namespace

Result<bool> descends(txn::Manager& manager, const Oid& commit, const Oid& ancestor) {
  const store::ObjectStore& store = manager.store();
  std::vector<Oid> open{commit};
  std::unordered_set<Oid, OidHash> seen{commit};
  bool found = ancestor.is_zero();
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    if (id == ancestor) {
      found = true;
      continue;
    }
    if (manager.history().find(id)) continue;  // Known: and so are all commits below it.
    TRY_ASSIGN(const git::Commit parsed, read_commit(store, id));
    TRY_ASSIGN(const store::ObjectRef tree, store.read(parsed.tree));
    if (tree.type != store::ObjectType::kTree)
      return Error(ErrorCode::kInvalidContent, id.hex() + " has no tree");
    for (const Oid& parent : parsed.parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
    if (seen.size() > kForeignCommitsMax)
      return Error(ErrorCode::kProgramLimit, "too many foreign commits");
  }
  return found;
}

Result<Oid> canonical_commit(txn::Manager& manager, store::PendingObjects& objects,
                             const Oid& commit, const Oid& known_root) {
  TRY_ASSIGN(const git::Commit parsed, read_commit(objects, commit));
  if (parsed.tree == known_root) return commit;
  TRY_ASSIGN(const Oid canonical,
             canonical_content(objects, manager.store(), known_root, parsed.tree));
  if (canonical == parsed.tree) return commit;
  TRY(manager.history().ensure(objects, commit));
  const auto info = manager.history().find(commit);
  const int64_t time_us = manager.commit_time(info ? info->time_us : git::commit_time_us(parsed));
  return objects.add(store::ObjectType::kCommit,
                     git::encode_commit(normalise_commit(canonical, commit, time_us)));
}

}  // namespace rowan::engine
