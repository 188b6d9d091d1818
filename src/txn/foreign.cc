// Refs that somebody else moved. A fast-forward of valid, canonical content becomes our tip; everything else stays
// parked by the store, which sets the ref back.
#include <unordered_set>
#include <utility>

#include "txn/core.h"

namespace rowan::txn {

namespace {

constexpr size_t kForeignCommitsMax = 100'000;
constexpr std::string_view kHeads = "refs/heads/";

// Whether `ancestor` is reached from `commit`; on the way every new commit must parse and have a tree.
Result<bool> descends(const Core& core, const Oid& commit, const Oid& ancestor) {
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
    if (core.history.find(id)) continue;   // Known: and so are all commits below it.
    TRY_ASSIGN(const store::ObjectRef object, core.store.read(id));
    if (object.type != store::ObjectType::kCommit) return Error(ErrorCode::kInvalidContent, id.hex() + " is no commit");
    TRY_ASSIGN(const git::Commit parsed, git::parse_commit(object.bytes));
    TRY_ASSIGN(const store::ObjectRef tree, core.store.read(parsed.tree));
    if (tree.type != store::ObjectType::kTree) return Error(ErrorCode::kInvalidContent, id.hex() + " has no tree");
    for (const Oid& parent : parsed.parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
    if (seen.size() > kForeignCommitsMax) return Error(ErrorCode::kProgramLimit, "too many foreign commits");
  }
  return found;
}

// The definition must read, and rows that `before` does not have alike must form a canonical tree.
Result<void> check_table(const Core& core, const catalog::Catalog* before, const catalog::Catalog& after,
                         const std::string& schema, const std::string& name) {
  TRY_ASSIGN(const catalog::TableVersion table, after.get_table(schema, name));
  std::optional<catalog::TableVersion> old;
  if (before != nullptr) {
    TRY_ASSIGN(const bool has_schema, before->has_schema(schema));
    if (has_schema) {
      TRY_ASSIGN(old, before->find_table(schema, name));
    }
  }
  const bool same_definition = old && old->table->definition_id == table.table->definition_id;
  if (table.rows.is_zero() || (same_definition && old->rows == table.rows)) return {};
  const catalog::TableLineKeys keys(table.table);
  TRY(tree::check_tree({core.store, core.store.cache(), keys}, table.rows));
  return {};
}

// Only trees that differ from the branch's are read. A zero `old_root`: there is no such branch yet.
Result<void> check_content(const Core& core, const Oid& old_root, const Oid& root) {
  store::NodeCache& cache = core.store.cache();
  TRY(catalog::check_format(core.store, cache, root));
  const catalog::Catalog after(core.store, cache, root);
  std::optional<catalog::Catalog> before;
  if (!old_root.is_zero()) before.emplace(core.store, cache, old_root);
  TRY_ASSIGN(const auto schemas, after.schemas());
  for (const std::string& schema : schemas) {
    TRY_ASSIGN(const auto tables, after.tables(schema));
    for (const std::string& name : tables) TRY(check_table(core, before ? &*before : nullptr, after, schema, name));
  }
  return {};
}

Result<void> adopt(Core& core, const store::ForeignMove& move) {
  if (!move.name.starts_with(kHeads) || move.foreign.is_zero()) return {};
  const std::string name = move.name.substr(kHeads.size());
  const auto branch = core.find_branch(name);
  const Oid our_root = branch == nullptr ? Oid{} : branch->tip().snapshot.root;
  TRY_ASSIGN(const bool forward, descends(core, move.foreign, move.published));
  if (!forward) return {};
  TRY_ASSIGN(Head head, core.head_of(move.foreign));
  TRY(check_content(core, our_root, head.snapshot.root));
  TRY(core.history.ensure(core.store, move.foreign));
  if (const auto info = core.history.find(move.foreign)) head.snapshot.time_us = info->time_us;

  const store::PendingObjects none(core.store);
  if (branch == nullptr) {
    const std::unique_lock guard(core.branches_mutex);
    if (core.branches.contains(name)) return {};
    TRY_ASSIGN(head.snapshot.sequence, core.store.append(none, {{move.name, Oid{}, move.foreign}}));
    core.branches.emplace(name, std::make_shared<Branch>(name, head, ++core.branch_numbers));
    return {};
  }
  const std::lock_guard queue(branch->queue());
  const Head tip = branch->tip();
  // Our tip moved too: that needs a merge. The commit stays parked.
  if (branch->dropped() || tip.snapshot.commit != move.published) return {};
  TRY_ASSIGN(head.snapshot.sequence, core.store.append(none, {{move.name, move.published, move.foreign}}));
  head.unlocked = tip.unlocked + 1;
  branch->advance(head, core.store);
  const std::shared_lock guard(core.listener_mutex);
  if (core.listener) {
    core.listener({name, move.foreign, tip.snapshot.commit, tip.snapshot.root, head.snapshot.root});
  }
  return {};
}

}  // namespace

void adopt_foreign_move(Core& core, const store::ForeignMove& move) {
  ignore_error(adopt(core, move), "what cannot be adopted stays parked, and the ref is set back");
}

}  // namespace rowan::txn
