#include "engine/readable_roots.h"

#include <algorithm>

#include "engine/history.h"
#include "engine/import/content.h"
#include "git/commit.h"

namespace rowan::engine {

namespace {

constexpr size_t kParentsFollowed = 64;  // To one that Rowan made; past them all is read anew.

}  // namespace

bool made_here(const git::Commit& commit) {
  const auto trailers = git::trailers(commit.message);
  return std::any_of(trailers.begin(), trailers.end(),
                     [](const auto& trailer) { return trailer.first == "Rowan-Time"; });
}

Result<Oid> ReadableRoots::root_of(const Oid& commit, size_t depth) {
  TRY_ASSIGN(const git::Commit parsed, read_commit(store_, commit));
  if (made_here(parsed)) return parsed.tree;
  {
    const std::lock_guard guard(mutex_);
    if (const auto known = found_.find(commit); known != found_.end()) return known->second;
  }
  Oid below;
  if (!parsed.parents.empty() && depth < kParentsFollowed) {
    TRY_ASSIGN(below, root_of(parsed.parents[0], depth + 1));
  }
  TRY_ASSIGN(const Oid root, twin_of(below, parsed.tree));
  const std::lock_guard guard(mutex_);
  return found_.emplace(commit, root).first->second;
}

Result<Oid> ReadableRoots::twin_of(const Oid& known_root, const Oid& root) {
  store::PendingObjects made(store_);
  const auto canonical = canonical_content(made, store_, known_root, root);
  if (!canonical || *canonical == root || store_.read_only()) return root;
  TRY_ASSIGN(const auto bulk, store_.begin_bulk());
  auto hold = bulk->hold();
  for (const auto& entry : made.entries()) TRY(bulk->add(entry.type, entry.object.bytes));
  TRY(bulk->finish());
  const std::lock_guard guard(mutex_);
  holds_.push_back(std::move(hold));
  return *canonical;
}

}  // namespace rowan::engine
