#include "versions/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "catalog/catalog.h"
#include "catalog/format_file.h"
#include "catalog/objects.h"
#include "catalog/paths.h"
#include "git/ref_names.h"
#include "tree/git_tree.h"
#include "type/key_codec.h"
#include "versions/branch_hints.h"
#include "versions/change_branch.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr size_t kSquashedSubjectsMax = 100;

std::string short_id(const Oid& commit) { return commit.hex().substr(0, 12); }

// ---- RESTORE ----

struct Restored {
  Oid root;
  std::string what;  // "public.t, public.u", "schema shop", "everything".
};

// One folder of the tree as it was then.
Result<void> restore_folder(const store::ObjectReader& objects, store::NodeCache& cache,
                            const Oid& then, const std::string& path, Error missing,
                            std::vector<tree::PathEdit>& edits) {
  TRY_ASSIGN(const auto entry, tree::find_path(objects, cache, then, path));
  if (!entry || !entry->is_tree()) return missing;
  edits.push_back({path, tree::kModeTree, entry->id});
  return {};
}

// RESTORE TABLE is about data: README.md of tables that are there stays as it is now.
Result<Oid> with_readmes_of(store::PendingObjects& objects, store::NodeCache& cache, const Oid& now,
                            const std::vector<std::string>& tables, const Oid& restored) {
  std::vector<tree::PathEdit> edits;
  for (const std::string& table : tables) {
    TRY_ASSIGN(const auto folder, tree::find_path(objects, cache, now, table));
    if (!folder || !folder->is_tree()) continue;
    const std::string path = table + "/" + std::string(catalog::kReadmeFile);
    TRY_ASSIGN(const auto file, tree::find_path(objects, cache, now, path));
    edits.push_back(file ? tree::PathEdit{path, file->mode, file->id}
                         : tree::PathEdit{path, tree::kModeBlob, Oid{}});
  }
  return tree::edit_paths(objects, cache, restored, std::move(edits));
}

// ---- What belongs to a restored table without standing in its folder ----

Error in_the_way(const std::string& schema, const std::string& name, const std::string& whose,
                 const std::string& table) {
  return Error(ErrorCode::kDuplicateTable, fmt::format("relation \"{}\" already exists", name))
      .with_detail(
          fmt::format("{}.{} has it, and the restored table {} would have one of the same name.",
                      schema, whose, table))
      .with_hint("Rename or drop what is in the way, then restore.");
}

std::vector<std::string> index_names(const catalog::TableDef& table) {
  std::vector<std::string> names;
  if (!table.primary_key_name.empty()) names.push_back(table.primary_key_name);
  for (const catalog::UniqueKey& key : table.unique_keys) names.push_back(key.name);
  for (const catalog::IndexDef& index : table.indexes) names.push_back(index.name);
  return names;
}

// No relation has two owners: what took one of the table's names since is in its way.
Result<void> check_names_free(const catalog::Catalog& restored, const catalog::TableDef& table) {
  const std::vector<std::string> own = index_names(table);
  const auto is_own = [&](const std::string& name) {
    return std::find(own.begin(), own.end(), name) != own.end();
  };
  TRY_ASSIGN(const auto tables, restored.tables(table.schema));
  for (const std::string& name : tables) {
    if (is_own(name)) return in_the_way(table.schema, name, name, table.name);
    if (name == table.name) continue;
    TRY_ASSIGN(const auto other, restored.get_table(table.schema, name));
    for (const std::string& index : index_names(*other.table)) {
      if (is_own(index) || index == table.name)
        return in_the_way(table.schema, index, name, table.name);
    }
  }
  TRY_ASSIGN(const auto views, restored.views(table.schema));
  TRY_ASSIGN(const auto sequences, restored.sequences(table.schema));
  for (const auto* names : {&views, &sequences}) {
    for (const std::string& name : *names)
      if (is_own(name)) return in_the_way(table.schema, name, name, table.name);
  }
  return {};
}

// The counter that went farther, so that no value is given out twice.
void keep_farther(catalog::SequenceDef& sequence, const catalog::SequenceDef& other) {
  const bool farther =
      other.called && (!sequence.called || (sequence.increment > 0 ? other.last > sequence.last
                                                                   : other.last < sequence.last));
  if (!farther || other.last < sequence.min || other.last > sequence.max) return;
  sequence.last = other.last;
  sequence.called = true;
}

// A sequence as the branch last had it, before it was dropped; nothing: it did not have it since
// `then`.
Result<std::optional<catalog::SequenceDef>> last_known(const Context& context, const Oid& tip,
                                                       const Oid& then, const std::string& schema,
                                                       const std::string& name) {
  store::ObjectStore& store = context.store;
  for (Oid at = tip; at != then;) {
    TRY(context.check_cancelled());
    TRY_ASSIGN(const git::Commit commit, read_commit(store, at));
    const catalog::Catalog catalog(store, store.cache(), commit.tree);
    TRY_ASSIGN(const bool has_schema, catalog.has_schema(schema));
    if (has_schema) {
      TRY_ASSIGN(auto found, catalog.find_sequence(schema, name));
      if (found) return found;
    }
    if (commit.parents.empty()) break;
    at = commit.parents[0];
  }
  return std::optional<catalog::SequenceDef>();
}

class RestoredSequences {
 public:
  using LastKnown = std::function<Result<std::optional<catalog::SequenceDef>>(
      const std::string& schema, const std::string& name)>;
  RestoredSequences(store::PendingObjects& objects, store::NodeCache& cache, const Oid& now,
                    const Oid& then, const Oid& restored, LastKnown last_known)
      : objects_(objects),
        cache_(cache),
        last_known_(std::move(last_known)),
        now_(objects, cache, now),
        then_(objects, cache, then),
        restored_(objects, cache, restored) {}

  // The sequences that the table's columns drew from then come with it; those of columns that it
  // has no longer go.
  Result<void> follow(const catalog::TableDef& table) {
    const std::string owner = catalog::qualified(table.schema, table.name);
    std::set<std::string> wanted;
    for (const catalog::ColumnDef& column : table.columns) {
      if (!column.sequence.empty()) wanted.insert(column.sequence);
      if (column.default_sql.empty()) continue;
      const std::string drawn = catalog::sequence_of_default(column.default_sql);
      if (!drawn.empty()) wanted.insert(drawn);
    }
    for (const std::string& name : wanted) TRY(bring(table, owner, name));
    TRY_ASSIGN(const auto schemas, now_.schemas());
    for (const std::string& schema : schemas) {
      TRY_ASSIGN(const auto names, now_.sequences(schema));
      for (const std::string& name : names) {
        TRY_ASSIGN(const auto sequence, now_.find_sequence(schema, name));
        if (!sequence || sequence->owner_table != owner) continue;
        if (wanted.contains(catalog::qualified(schema, name))) continue;
        const bool stays =
            std::any_of(table.columns.begin(), table.columns.end(),
                        [&](const auto& column) { return column.name == sequence->owner_column; });
        if (!stays) edits_.push_back({sequence->path(), tree::kModeTree, Oid{}});
      }
    }
    return {};
  }

  Result<Oid> apply() {
    return tree::edit_paths(objects_, cache_, restored_.root(), std::move(edits_));
  }

 private:
  Result<void> bring(const catalog::TableDef& table, const std::string& owner,
                     const std::string& text) {
    TRY_ASSIGN(const catalog::ObjectName at, catalog::parse_name(text, table.schema));
    TRY_ASSIGN(const bool had_schema, then_.has_schema(at.schema));
    if (!had_schema) return {};
    TRY_ASSIGN(auto was, then_.find_sequence(at.schema, at.name));
    if (!was) return {};
    TRY_ASSIGN(const bool has_schema, now_.has_schema(at.schema));
    if (!has_schema)
      return Error(
                 ErrorCode::kInvalidSchemaName,
                 fmt::format("schema \"{}\" of sequence \"{}\" does not exist", at.schema, at.name))
          .with_hint("Make the schema, or restore it, first.");
    TRY_ASSIGN(const auto kind, now_.find_relation(at.schema, at.name));
    TRY_ASSIGN(const auto is, now_.find_sequence(at.schema, at.name));
    const bool is_owned = was->owner_table == owner;
    if (!is) {
      if (kind != sql::ObjectKind::kNone)
        return in_the_way(at.schema, at.name, at.name, table.name);
      TRY_ASSIGN(const auto index, now_.find_index(at.schema, at.name));
      if (index && index->table->name != table.name)
        return in_the_way(at.schema, at.name, index->table->name, table.name);
      TRY_ASSIGN(const auto folder, tree::find_path(objects_, cache_, then_.root(), was->path()));
      if (!folder) return {};
      TRY_ASSIGN(const auto last, last_known_(at.schema, at.name));
      if (last) keep_farther(*was, *last);
      TRY_ASSIGN(const Oid farther,
                 tree::edit_paths(objects_, cache_, folder->id,
                                  {{"sequence.json", tree::kModeBlob, text_of(*was)}}));
      edits_.push_back({was->path(), tree::kModeTree, farther});
      return {};
    }
    if (!is_owned || (is->owner_table == owner && is->owner_column == was->owner_column)) return {};
    if (!is->owner_table.empty() && is->owner_table != owner)
      return in_the_way(at.schema, at.name, is->owner_table, table.name);
    keep_farther(*was, *is);
    edits_.push_back({was->path() + "/sequence.json", tree::kModeBlob, text_of(*was)});
    return {};
  }
  Oid text_of(const catalog::SequenceDef& sequence) {
    return objects_.add(store::ObjectType::kBlob, catalog::sequence_json(sequence));
  }

  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  const LastKnown last_known_;
  const catalog::Catalog now_, then_, restored_;
  std::vector<tree::PathEdit> edits_;
};

// What is restored: trees, and the commits that they are of.
struct RestorePoints {
  Oid tip, now;
  Oid from, then;
};

Result<Oid> with_sequences_of(const Context& context, const sql::RestoreStmt& statement,
                              const RestorePoints& points, store::PendingObjects& objects,
                              const Oid& root) {
  store::NodeCache& cache = context.store.cache();
  const catalog::Catalog restored(objects, cache, root);
  RestoredSequences sequences(objects, cache, points.now, points.then, root,
                              [&](const std::string& schema, const std::string& name) {
                                return last_known(context, points.tip, points.from, schema, name);
                              });
  for (const sql::QualifiedName& name : statement.tables) {
    TRY_ASSIGN(const auto table, restored.find_table(schema_of(context, name), name.name));
    if (!table) continue;  // A view.
    TRY(check_names_free(restored, *table->table));
    TRY(sequences.follow(*table->table));
  }
  return sequences.apply();
}

Result<Restored> restored_tree(const Context& context, const sql::RestoreStmt& statement,
                               const RestorePoints& points, store::PendingObjects& objects) {
  const Oid& now = points.now;
  const Oid& then = points.then;
  store::NodeCache& cache = context.store.cache();
  Restored restored;
  std::vector<tree::PathEdit> edits;
  switch (statement.scope) {
    case sql::RestoreScope::kAll:
      return Restored{then, "everything"};
    case sql::RestoreScope::kSchema: {
      const std::string name(statement.schema);
      TRY(restore_folder(
          objects, cache, then, catalog::schema_path(name),
          Error(ErrorCode::kInvalidSchemaName,
                fmt::format("schema \"{}\" did not exist as of \"{}\"", name, statement.revision)),
          edits));
      restored.what = "schema " + name;
      break;
    }
    case sql::RestoreScope::kTables: {
      for (const sql::QualifiedName& table : statement.tables) {
        const std::string schema = schema_of(context, table);
        const std::string name = schema + "." + std::string(table.name);
        const std::string path = catalog::schema_path(schema) + "/" + type::encode_name(table.name);
        Error missing = Error(ErrorCode::kUndefinedTable,
                              fmt::format("relation \"{}\" did not exist as of \"{}\"", name,
                                          statement.revision))
                            .at(table.position);
        TRY_ASSIGN(const auto is_now,
                   catalog::Catalog(objects, cache, now).find_relation(schema, table.name));
        if (is_now == sql::ObjectKind::kTable)
          missing = Error(std::move(missing).with_hint(
              fmt::format("{} takes a table away.", branch_words(context.words).drop_table)));
        TRY(restore_folder(objects, cache, then, path, std::move(missing), edits));
        const bool twice =
            std::any_of(edits.begin(), edits.end() - 1,
                        [&](const tree::PathEdit& edit) { return edit.path == path; });
        if (twice)
          return Error(ErrorCode::kDuplicateAlias,
                       fmt::format("table name \"{}\" specified more than once", table.name))
              .at(table.position);
        restored.what += (restored.what.empty() ? "" : ", ") + name;
      }
      break;
    }
  }
  std::vector<std::string> tables;
  for (const tree::PathEdit& edit : edits) {
    if (statement.scope == sql::RestoreScope::kTables) tables.push_back(edit.path);
  }
  TRY_ASSIGN(restored.root, tree::edit_paths(objects, cache, now, std::move(edits)));
  TRY_ASSIGN(restored.root, with_readmes_of(objects, cache, now, tables, restored.root));
  if (statement.scope == sql::RestoreScope::kTables) {
    TRY_ASSIGN(restored.root,
               with_sequences_of(context, statement, points, objects, restored.root));
  }
  return restored;
}

// What was named then or is named now is named afterwards.
Result<Oid> with_features_of(const Context& context, const RestorePoints& points,
                             store::PendingObjects& objects, const Oid& root) {
  if (root == points.now) return root;
  store::NodeCache& cache = context.store.cache();
  TRY_ASSIGN(catalog::FeatureSet named, catalog::named_features(objects, cache, points.now));
  TRY_ASSIGN(catalog::FeatureSet then, catalog::named_features(objects, cache, points.then));
  named.merge(then);
  return catalog::with_features(objects, cache, points.now, root, named);
}

// ---- SQUASH ----

// The commits that SQUASH would replace, newest first: the chain of first parents down to where
// `since` is reached.
Result<std::vector<Oid>> squashed_chain(const Context& context, const Oid& tip, const Oid& since) {
  txn::Manager& manager = context.manager;
  TRY(manager.history().ensure(manager.store(), tip));
  TRY(manager.history().ensure(manager.store(), since));
  std::vector<Oid> chain;
  if (!manager.history().is_ancestor(since, tip)) return chain;
  for (Oid at = tip; !manager.history().is_ancestor(at, since);) {
    chain.push_back(at);
    const auto info = manager.history().find(at);
    if (!info || info->parents.empty()) break;
    at = info->parents[0];
  }
  return chain;
}

// Commits that somebody else may have seen are not to be replaced.
Result<void> check_unpublished(const Context& context, const std::string& branch,
                               const Oid& oldest) {
  txn::Manager& manager = context.manager;
  const auto published = [&](std::string_view kind, std::string_view name) {
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("the commits to squash are also on {} \"{}\"", kind, name))
        .with_hint(fmt::format("{} makes a new commit all the same; what is there already stays.",
                               branch_words(context.words).force_squash));
  };
  for (const txn::BranchInfo& other : manager.branches()) {
    if (other.name == branch || !manager.history().ensure(manager.store(), other.commit)) continue;
    if (manager.history().is_ancestor(oldest, other.commit)) return published("branch", other.name);
  }
  for (const std::string_view folder : {git::kTagRefs, git::kRemoteRefs}) {
    for (const store::RefEntry& other : manager.store().refs(folder)) {
      const auto commit = manager.resolve_revision(other.name, "");
      if (!commit || !manager.history().ensure(manager.store(), *commit))
        continue;  // A tag of something else.
      if (!manager.history().is_ancestor(oldest, *commit)) continue;
      return published(folder == git::kTagRefs ? "tag" : "remote branch",
                       other.name.substr(folder.size()));
    }
  }
  return {};
}

Result<std::string> squash_message(const Context& context, const std::vector<Oid>& chain) {
  std::string text = fmt::format("Squash {} commits\n", chain.size());
  size_t listed = 0;
  for (auto at = chain.rbegin(); at != chain.rend() && listed < kSquashedSubjectsMax;
       ++at, ++listed) {
    TRY_ASSIGN(const git::Commit commit, read_commit(context.store, *at));
    text += fmt::format("\n* {}", git::subject(commit.message));
  }
  if (listed < chain.size()) text += fmt::format("\n* and {} more", chain.size() - listed);
  return text;
}

Result<Oid> add_squashed(const Context& context, const BranchTarget& target, const Oid& since,
                         std::string_view message, store::PendingObjects& objects) {
  txn::Manager& manager = context.manager;
  const auto info = manager.history().find(since);
  const int64_t time_us = manager.commit_time(info ? info->time_us : 0);
  git::Commit commit;
  commit.tree = target.root;
  commit.parents = {since};
  commit.author = context.author;
  commit.author.seconds = time_us / 1'000'000;
  commit.committer = commit.author;
  commit.message =
      git::message_with_trailers(message, "", {{"Rowan-Time", std::to_string(time_us)}});
  return objects.add(store::ObjectType::kCommit, git::encode_commit(commit));
}

Result<txn::CommitOutcome> move_with_reflog(const Context& context, const BranchTarget& target,
                                            const Oid& to, store::PendingObjects& objects,
                                            std::string_view what) {
  txn::BranchMove move;
  move.branch = target.branch;
  move.expected_tip = target.tip;
  move.target = to;
  move.objects = &objects;
  move.sync = context.sync;
  txn::Manager& manager = context.manager;
  TRY_ASSIGN(store::RefUpdate entry,
             manager.reflog_entry(objects, target.branch, target.tip, to, context.author, what));
  move.refs.push_back(std::move(entry));
  return manager.move_branch(move);
}

}  // namespace

Result<VerbResult> run_restore(Context& context, const sql::RestoreStmt& statement) {
  TRY_ASSIGN(const txn::Snapshot from, find_revision(context, statement.revision));
  txn::Manager& manager = context.manager;
  Restored restored;
  TRY_ASSIGN(const txn::CommitOutcome outcome,
             change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
               store::PendingObjects objects(context.store);
               // A commit from elsewhere may not be spelled as ours are; how history reads it is no ground
               // to build on.
               TRY_ASSIGN(const git::Commit made, read_commit(context.store, from.commit));
               TRY_ASSIGN(const Oid then,
                          context.repository.canonical_tree(objects, target.root, made.tree));
               const RestorePoints points{target.tip, target.root, from.commit, then};
               TRY_ASSIGN(restored, restored_tree(context, statement, points, objects));
               TRY_ASSIGN(restored.root, with_features_of(context, points, objects, restored.root));
               if (restored.root == target.root) return txn::CommitOutcome{false, target.tip, 0};
               TRY(check_constraints(context, objects, target.root, restored.root, "the restore",
                                     {from.commit}));
               txn::TreeCommit commit;
               commit.branch = target.branch;
               commit.expected_tip = target.tip;
               commit.root = restored.root;
               commit.parents = {target.tip};
               commit.objects = &objects;
               commit.author = context.author;
               commit.message =
                   statement.has_message && !statement.message.empty()
                       ? std::string(statement.message)
                       : fmt::format("restore {} to {}", restored.what, statement.revision);
               commit.trailers = {{"Rowan-Restored-From", from.commit.hex()}};
               commit.sync = context.sync;
               return manager.commit_tree(commit);
             }));
  std::string notice;
  if (!outcome.changed)
    notice = fmt::format("{} is already as in {}", restored.what, short_id(from.commit));
  return verb_done("RESTORE", outcome, std::move(notice));
}

Result<VerbResult> run_reset(Context& context, const sql::RevisionsStmt& statement) {
  const std::string_view revision = statement.revisions[0];
  TRY_ASSIGN(const txn::Snapshot to, find_revision(context, revision));
  TRY_ASSIGN(const txn::CommitOutcome outcome,
             change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
               if (to.commit == target.tip) return txn::CommitOutcome{false, target.tip, 0};
               store::PendingObjects objects(context.store);
               TRY_ASSIGN(const Oid sound,
                          context.repository.canonical_commit(objects, to.commit, target.root));
               TRY(context.repository.check_history(to.commit, target.root));
               TRY_ASSIGN(const git::Commit commit, read_commit(objects, sound));
               TRY(check_constraints(context, objects, target.root, commit.tree, "the reset",
                                     {to.commit}));
               return move_with_reflog(context, target, sound, objects,
                                       fmt::format("reset: moving to {}", revision));
             }));
  std::string notice;
  if (!outcome.changed)
    notice =
        fmt::format("branch \"{}\" is already at {}", context.head.branch, short_id(to.commit));
  return verb_done("RESET", outcome, std::move(notice));
}

Result<VerbResult> run_squash(Context& context, const sql::RevisionsStmt& statement) {
  const std::string_view revision = statement.revisions[0];
  TRY_ASSIGN(const txn::Snapshot since, find_revision(context, revision));
  size_t squashed = 0;
  TRY_ASSIGN(
      const txn::CommitOutcome outcome,
      change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
        TRY_ASSIGN(const std::vector<Oid> chain, squashed_chain(context, target.tip, since.commit));
        squashed = chain.size();
        if (chain.empty() && since.commit != target.tip) {
          return Error(ErrorCode::kInvalidParameterValue,
                       fmt::format("\"{}\" is not in the history of branch \"{}\"", revision,
                                   target.branch));
        }
        // One commit is what there would be afterwards; only its message can be another one.
        if (chain.empty() || (chain.size() == 1 && !statement.has_message))
          return txn::CommitOutcome{false, target.tip, 0};
        if (!statement.force) TRY(check_unpublished(context, target.branch, chain.back()));
        std::string message(statement.message);
        if (!statement.has_message) {
          TRY_ASSIGN(message, squash_message(context, chain));
        }
        store::PendingObjects objects(context.store);
        TRY_ASSIGN(const Oid made, add_squashed(context, target, since.commit, message, objects));
        return move_with_reflog(context, target, made, objects,
                                fmt::format("squash: {} commits since {}", chain.size(), revision));
      }));
  std::string notice;
  if (!outcome.changed)
    notice = squashed == 0 ? "there is nothing to squash"
                           : "there is one commit only: nothing to squash";
  return verb_done("SQUASH", outcome, std::move(notice));
}

}  // namespace rowan::versions
