#include "versions/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/limits.h"
#include "catalog/catalog.h"
#include "merge/merge.h"
#include "store/node_cache.h"
#include "tree/row_tree.h"
#include "type/row_codec.h"
#include "type/text.h"
#include "versions/branch_hints.h"
#include "versions/change_branch.h"
#include "versions/merge_run.h"
#include "versions/picks.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr size_t kConflictsShown = 5;

using Trailers = std::vector<std::pair<std::string, std::string>>;

std::string short_id(const Oid& commit) { return commit.hex().substr(0, 12); }

Result<git::Commit> commit_of(const Context& context, const Oid& id) {
  return read_commit(context.store, id);
}

// ---- Which commits ----

Error too_many_commits() {
  return Error(ErrorCode::kProgramLimit,
               fmt::format("more than {} commits to replay", kReplayedCommitsMax));
}

// Those of `to` that `from` does not reach, parents before children.
Result<std::vector<Oid>> commits_between(const Context& context, const Oid& from, const Oid& to) {
  const store::ObjectStore& store = context.store;
  txn::Manager& manager = context.manager;
  derived::HistoryIndex& history = manager.history();
  TRY(history.ensure(store, from));
  TRY(history.ensure(store, to));
  const std::vector<Oid> held = manager.held_tips(from);
  std::vector<std::pair<derived::CommitInfo, Oid>> found;
  std::vector<Oid> open{to};
  std::unordered_set<Oid, OidHash> seen{to};
  while (!open.empty()) {
    const Oid id = open.back();
    open.pop_back();
    if (std::any_of(held.begin(), held.end(),
                    [&](const Oid& tip) { return history.is_ancestor(id, tip); }))
      continue;
    const auto info = history.find(id);
    if (!info)
      return Error(ErrorCode::kInternal,
                   "commit " + id.hex() + " is missing from the history index");
    found.emplace_back(*info, id);
    if (found.size() > kReplayedCommitsMax) return too_many_commits();
    for (const Oid& parent : info->parents) {
      if (seen.insert(parent).second) open.push_back(parent);
    }
  }
  // A parent's generation is always lower.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first.generation != b.first.generation ? a.first.generation < b.first.generation
           : a.first.time_us != b.first.time_us     ? a.first.time_us < b.first.time_us
                                                    : a.second < b.second;
  });
  std::vector<Oid> commits;
  for (const auto& [info, id] : found) commits.push_back(id);
  return commits;
}

// The statement's revisions, each a commit or a range 'a..b', oldest first within a range.
Result<std::vector<Oid>> named_commits(const Context& context, const sql::RevisionsStmt& statement,
                                       bool newest_first) {
  std::vector<Oid> commits;
  for (const std::string_view revision : statement.revisions) {
    if (commits.size() > kReplayedCommitsMax) return too_many_commits();
    const size_t dots = revision.find("..");
    if (dots == std::string_view::npos) {
      TRY_ASSIGN(const txn::Snapshot one, find_revision(context, revision));
      commits.push_back(one.commit);
      continue;
    }
    const std::string_view first = revision.substr(0, dots);
    const std::string_view last = revision.substr(dots + 2);
    if (last.starts_with('.'))
      return Error(ErrorCode::kSyntaxError, fmt::format("\"{}\" is no range of commits", revision))
          .with_hint("Write 'a..b'.");
    TRY_ASSIGN(const txn::Snapshot from, find_revision(context, first.empty() ? "HEAD" : first));
    TRY_ASSIGN(const txn::Snapshot to, find_revision(context, last.empty() ? "HEAD" : last));
    TRY_ASSIGN(std::vector<Oid> range, commits_between(context, from.commit, to.commit));
    if (range.empty())
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("there is no commit in the range \"{}\"", revision))
          .with_hint("'a..b' stands for the commits that b has and a has not.");
    if (newest_first) std::reverse(range.begin(), range.end());
    commits.insert(commits.end(), range.begin(), range.end());
  }
  if (commits.size() > kReplayedCommitsMax) return too_many_commits();
  return commits;
}

// The parent that a commit's change is taken against.
Result<Oid> parent_of(const Context& context, const git::Commit& commit, const Oid& id,
                      uint32_t wanted, std::string_view verb) {
  if (commit.parents.empty())
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("commit {} is the first one: there is nothing to {} it against",
                             short_id(id), verb));
  if (commit.parents.size() == 1) {
    if (wanted > 1)
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("commit {} has no parent {}", short_id(id), wanted));
    return commit.parents[0];
  }
  if (wanted == 0) {
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("commit {} is a merge, but no parent was chosen", short_id(id)))
        .with_hint(fmt::format("{} is the branch that was merged into.",
                               branch_words(context.words).choose_parent));
  }
  if (wanted > commit.parents.size())
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("commit {} has no parent {}", short_id(id), wanted));
  return commit.parents[wanted - 1];
}

// ---- One step ----

// "public.t (1, x)": a row by its key.
std::string row_name(const store::ObjectReader& objects, store::NodeCache& cache, const Oid& root,
                     const merge::RowConflict& conflict) {
  std::string name = conflict.schema + "." + conflict.table;
  const catalog::Catalog catalog(objects, cache, root);
  const auto version = catalog.get_table(conflict.schema, conflict.table);
  const merge::SideLine& line = conflict.ours     ? conflict.ours
                                : conflict.theirs ? conflict.theirs
                                                  : conflict.base;
  if (!version || !line) return name;
  const catalog::TableDef& table = *version->table;
  std::vector<Bytes> elements;
  uint64_t count = 0;
  if (!type::split_line(table.layout, *line, elements, count)) return name;
  std::string key;
  for (const uint16_t column : table.primary_key) {
    const uint16_t slot = table.columns[column].slot;
    if (slot >= elements.size()) continue;
    const auto value = type::decode_element(table.columns[column].type, elements[slot]);
    key +=
        (key.empty() ? "" : ", ") + (value ? type::to_text(*value) : std::string(elements[slot]));
  }
  return key.empty() ? name : fmt::format("{} ({})", name, key);
}

Error conflict_error(const store::ObjectReader& objects, store::NodeCache& cache,
                     const merge::Outcome& outcome, std::string_view what) {
  std::string detail;
  size_t shown = 0;
  const auto add = [&](const std::string& text) {
    if (shown++ < kConflictsShown) detail += (detail.empty() ? "" : ", ") + text;
  };
  for (const merge::SchemaConflict& conflict : outcome.schema_conflicts)
    add(fmt::format("{} ({})", conflict.object, conflict.kind));
  for (const merge::RowConflict& conflict : outcome.conflicts)
    add(row_name(objects, cache, outcome.root, conflict));
  const size_t all = outcome.conflicts.size() + outcome.schema_conflicts.size();
  if (all > kConflictsShown) detail += fmt::format(" and {} more", all - kConflictsShown);
  return Error(ErrorCode::kConflict, fmt::format("{} conflicts with other changes", what))
      .with_detail("Changed otherwise here: " + detail + ".")
      .with_hint("Nothing was changed. Make the change by hand, or undo the other changes first.");
}

// Whether a row is the same before and after a commit but for columns that the commit dropped.
Result<bool> only_lost_columns(const store::ObjectReader& objects, store::NodeCache& cache,
                               const Oid& before, const Oid& after,
                               const merge::RowConflict& conflict) {
  const auto read = [&](const Oid& root, catalog::TableVersion& version,
                        std::string& line) -> Result<bool> {
    const catalog::Catalog catalog(objects, cache, root);
    TRY_ASSIGN(const bool has_schema, catalog.has_schema(conflict.schema));
    if (!has_schema) return false;
    TRY_ASSIGN(const auto found, catalog.find_table(conflict.schema, conflict.table));
    if (!found || found->rows.is_zero()) return false;
    version = *found;
    const catalog::TableLineKeys keys(version.table);
    TRY_ASSIGN(const auto row, tree::find_line({objects, cache, keys}, version.rows, conflict.key));
    if (row) line.assign(row->line);
    return row.has_value();
  };
  catalog::TableVersion was, is;
  std::string was_line, is_line;
  TRY_ASSIGN(const bool had, read(before, was, was_line));
  TRY_ASSIGN(const bool has, read(after, is, is_line));
  if (!had || !has || is.table->layout.counted || was.table->layout.counted) return false;
  std::vector<Bytes> was_elements, is_elements;
  uint64_t count = 0;
  TRY(type::split_line(was.table->layout, was_line, was_elements, count));
  TRY(type::split_line(is.table->layout, is_line, is_elements, count));
  const auto at = [](const std::vector<Bytes>& elements, uint16_t slot) {
    return slot < elements.size() ? elements[slot] : Bytes();
  };
  for (const catalog::ColumnDef& column : was.table->columns) {
    const auto& dropped = is.table->dropped;
    if (std::any_of(dropped.begin(), dropped.end(),
                    [&](const auto& slot) { return slot.id == column.id; }))
      continue;
    const auto& columns = is.table->columns;
    const auto same = std::find_if(columns.begin(), columns.end(),
                                   [&](const auto& other) { return other.id == column.id; });
    if (same == columns.end() || at(was_elements, column.slot) != at(is_elements, same->slot))
      return false;
  }
  return true;
}

// New commits on top of each other, from a starting point on.
class Chain {
 public:
  Chain(const Context& context, store::PendingObjects& objects, const Oid& tip, const Oid& root)
      : context_(context),
        objects_(objects),
        cache_(context.store.cache()),
        tip_(tip),
        root_(root) {}

  Result<void> begin() {
    derived::HistoryIndex& history = context_.manager.history();
    TRY(history.ensure(context_.store, tip_));
    if (const auto info = history.find(tip_)) time_us_ = info->time_us;
    return {};
  }

  // Applies what changed from `base` to `theirs`. `what` is for the error: "reverting commit 1234".
  Result<Oid> apply(const Oid& base, const Oid& theirs, const std::string& what) {
    merge::Request request;
    request.base_root = base;
    request.theirs_root = theirs;
    return apply(std::move(request), what);
  }

  // The same for a commit that the branch may hold: where changes add up, it counts once.
  Result<Oid> pick(const Oid& id, const Oid& before_root, const Oid& own_root, HeldChanges& held) {
    TRY(context_.manager.history().ensure(context_.store, id));
    merge::Request request;
    request.base_root = before_root;
    request.theirs_root = own_root;
    request.shared_changes = [&](const merge::TablePlaces& places) {
      return held.of_picked(id, {before_root, own_root, places.theirs}, places);
    };
    return apply(std::move(request), "commit " + short_id(id));
  }

  // Takes back what a commit changed. A column that it dropped comes back to the rows that are
  // left: one that was deleted since stays so, which is no conflict.
  // What the branch has reverted already counts once where changes add up.
  Result<Oid> take_back(const Oid& id, const Oid& before, const Oid& after, HeldChanges& held) {
    TRY(context_.manager.history().ensure(context_.store, id));
    merge::Request request;
    request.base_root = after;
    request.theirs_root = before;
    request.gives_columns_back = true;
    request.resolve =
        [&](const merge::RowConflict& conflict) -> Result<std::optional<merge::Resolution>> {
      if (conflict.ours || !conflict.base || !conflict.theirs)
        return std::optional<merge::Resolution>();
      TRY_ASSIGN(const bool only_columns,
                 only_lost_columns(objects_, cache_, before, after, conflict));
      return only_columns ? std::optional(merge::Resolution{}) : std::nullopt;
    };
    request.shared_changes = [&](const merge::TablePlaces& places) {
      return held.of_reverted(id, {after, before, places.theirs}, places);
    };
    return apply(std::move(request), "reverting commit " + short_id(id));
  }

  // A commit of `root` on top; later than what is below it. `original_us`: when the commit that it
  // stands for was made.
  void add(const Oid& root, const git::Signature& author, std::string_view text,
           const Trailers& trailers, std::optional<int64_t> original_us = {}) {
    time_us_ =
        original_us ? std::max(*original_us, time_us_ + 1) : context_.manager.commit_time(time_us_);
    git::Commit commit;
    commit.tree = root;
    commit.parents = {tip_};
    commit.committer = context_.author;
    commit.committer.seconds = time_us_ / 1'000'000;
    commit.author = author.name.empty() ? commit.committer : author;
    Trailers all{{"Rowan-Time", std::to_string(time_us_)}};
    for (const auto& trailer : trailers) {
      if (trailer.first != "Rowan-Time") all.push_back(trailer);
    }
    commit.message = git::message_with_trailers(text, "", all);
    tip_ = objects_.add(store::ObjectType::kCommit, git::encode_commit(commit));
    root_ = root;
  }

  void stand_on(const Oid& root) { root_ = root; }  // Without a commit of its own.
  const Oid& tip() const { return tip_; }
  const Oid& root() const { return root_; }

 private:
  Result<Oid> apply(merge::Request request, const std::string& what) {
    TRY(context_.check_cancelled());
    request.ours_root = root_;
    request.policy = merge::Policy::kManual;
    request.base_is_aside = true;
    request.cancelled = context_.cancelled;
    request.branch = context_.head.branch;
    request.default_value = [&](const catalog::ColumnDef& column, const auto& next_value) {
      return merged_default(context_, column, next_value);
    };
    request.find_unusable = [&](const store::ObjectReader& objects, const Oid& root) {
      return find_unusable(context_, objects, root, root != request.theirs_root);
    };
    TRY_ASSIGN(const merge::Outcome outcome, merge::merge_trees(objects_, cache_, request));
    if (!outcome.clean()) return conflict_error(objects_, cache_, outcome, what);
    return outcome.root;
  }

  const Context& context_;
  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  Oid tip_;
  Oid root_;
  int64_t time_us_ = 0;
};

Result<txn::CommitOutcome> publish(const Context& context, const BranchTarget& target,
                                   const Chain& chain, store::PendingObjects& objects,
                                   std::string_view what, const std::vector<Oid>& of,
                                   std::vector<store::RefUpdate> refs = {}) {
  if (chain.tip() == target.tip) return txn::CommitOutcome{false, target.tip, 0};
  TRY(check_constraints(context, objects, target.root, chain.root(), what, of));
  txn::BranchMove move;
  move.branch = target.branch;
  move.expected_tip = target.tip;
  move.target = chain.tip();
  move.objects = &objects;
  move.refs = std::move(refs);
  move.sync = context.sync;
  return context.manager.move_branch(move);
}

Result<Oid> root_of(const Context& context, const Oid& commit) {
  return context.repository.sound_root_of(commit);
}

std::string skipped_notice(const std::vector<Oid>& skipped) {
  if (skipped.empty()) return {};
  std::string notice = skipped.size() == 1 ? "commit " : "commits ";
  for (size_t i = 0; i < skipped.size() && i < kConflictsShown; ++i)
    notice += (i == 0 ? "" : ", ") + short_id(skipped[i]);
  if (skipped.size() > kConflictsShown)
    notice += fmt::format(" and {} more", skipped.size() - kConflictsShown);
  return notice + (skipped.size() == 1 ? " changes nothing here and was left out"
                                       : " change nothing here and were left out");
}

// ---- The statements ----

Result<void> revert_one(const Context& context, const Oid& id, uint32_t parent, Chain& chain,
                        HeldChanges& held, Oid& root) {
  TRY_ASSIGN(const git::Commit commit, commit_of(context, id));
  TRY_ASSIGN(const Oid before, parent_of(context, commit, id, parent, "revert"));
  TRY_ASSIGN(const Oid before_root, root_of(context, before));
  TRY_ASSIGN(const Oid own_root, root_of(context, id));
  TRY_ASSIGN(root, chain.take_back(id, before_root, own_root, held));
  return {};
}

std::string revert_text(const Oid& id, std::string_view subject) {
  return fmt::format("Revert \"{}\"\n\nThis reverts commit {}.", subject, id.hex());
}

}  // namespace

Result<VerbResult> run_revert(Context& context, const sql::RevisionsStmt& statement) {
  TRY_ASSIGN(const std::vector<Oid> commits, named_commits(context, statement, true));
  std::vector<Oid> skipped;
  TRY_ASSIGN(const txn::CommitOutcome outcome,
             change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
               store::PendingObjects objects(context.store);
               Chain chain(context, objects, target.tip, target.root);
               TRY(chain.begin());
               HeldChanges held(context, objects, target.tip);
               skipped.clear();
               for (const Oid& id : commits) {
                 Oid root;
                 TRY(revert_one(context, id, statement.parent, chain, held, root));
                 if (root == chain.root()) {
                   skipped.push_back(id);
                   continue;
                 }
                 held.add_reverted(id, chain.root(), root);
                 if (statement.has_message) {
                   chain.stand_on(root);  // One commit of all of them, below.
                 } else {
                   TRY_ASSIGN(const git::Commit commit, commit_of(context, id));
                   chain.add(root, {}, revert_text(id, git::subject(commit.message)), {});
                 }
               }
               if (statement.has_message && chain.root() != target.root) {
                 Trailers reverted;
                 for (const Oid& id : commits) reverted.emplace_back("Rowan-Reverts", id.hex());
                 chain.add(chain.root(), {}, statement.message, reverted);
               }
               return publish(context, target, chain, objects, "the revert", commits);
             }));
  return verb_done("REVERT", outcome, skipped_notice(skipped));
}

Result<VerbResult> run_cherry_pick(Context& context, const sql::RevisionsStmt& statement) {
  TRY_ASSIGN(const std::vector<Oid> commits, named_commits(context, statement, false));
  std::vector<Oid> skipped;
  TRY_ASSIGN(
      const txn::CommitOutcome outcome,
      change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
        store::PendingObjects objects(context.store);
        Chain chain(context, objects, target.tip, target.root);
        TRY(chain.begin());
        HeldChanges held(context, objects, target.tip);
        skipped.clear();
        for (const Oid& id : commits) {
          TRY_ASSIGN(const git::Commit commit, commit_of(context, id));
          TRY_ASSIGN(const Oid before, parent_of(context, commit, id, statement.parent, "pick"));
          TRY_ASSIGN(const Oid before_root, root_of(context, before));
          TRY_ASSIGN(const Oid own_root, root_of(context, id));
          TRY_ASSIGN(const Oid root, chain.pick(id, before_root, own_root, held));
          if (root == chain.root()) {
            skipped.push_back(id);
            continue;
          }
          held.add(id, chain.root(), root);
          Trailers trailers = git::trailers(commit.message);
          trailers.emplace_back("Rowan-Cherry-Picked-From", id.hex());
          const std::string_view text =
              statement.has_message ? statement.message.text() : git::text_before_trailers(commit.message);
          chain.add(root, commit.author, text, trailers);
        }
        return publish(context, target, chain, objects, "the picked commit", commits);
      }));
  return verb_done("CHERRY-PICK", outcome, skipped_notice(skipped));
}

namespace {

// The parent against which a merge's change, made where `pick` was made, gives what `pick` is; nothing:
// none does.
Result<std::optional<Oid>> picked_against(const Context& context, store::PendingObjects& objects,
                                          const Oid& merge, const git::Commit& commit,
                                          const Oid& pick) {
  TRY_ASSIGN(const git::Commit made, commit_of(context, pick));
  if (made.parents.size() != 1) return std::optional<Oid>();
  TRY_ASSIGN(const Oid before, root_of(context, made.parents[0]));
  TRY_ASSIGN(const Oid after, root_of(context, pick));
  TRY_ASSIGN(const Oid merged, root_of(context, merge));
  for (const Oid& parent : commit.parents) {
    TRY_ASSIGN(const Oid base, root_of(context, parent));
    Chain trial(context, objects, made.parents[0], before);
    const auto root = trial.apply(base, merged, "commit " + short_id(merge));
    if (root && *root == after) return std::optional<Oid>(parent);
    if (!root && root.error().code() != ErrorCode::kConflict) return Error(root.error());
  }
  return std::optional<Oid>();
}

// Of merges that were picked onto `onto` the commits that they brought: there they are one.
Result<void> add_brought(const Context& context, store::PendingObjects& objects, const Oid& onto,
                         const std::vector<Oid>& own, std::set<Oid>& there) {
  const derived::HistoryIndex& history = context.manager.history();
  for (const Oid& merge : own) {
    const auto info = history.find(merge);
    if (!info || info->parents.size() < 2) continue;
    TRY_ASSIGN(const git::Commit commit, commit_of(context, merge));
    TRY_ASSIGN(const std::vector<Oid> picks, picks_of(context, onto, merge));
    for (const Oid& pick : picks) {
      TRY_ASSIGN(const auto parent, picked_against(context, objects, merge, commit, pick));
      if (!parent) continue;
      for (const Oid& id : own) {
        if (history.is_ancestor(id, merge) && !history.is_ancestor(id, *parent)) there.insert(id);
      }
      break;
    }
  }
  return {};
}

// Replays the branch's own commits on `onto`, with their authors, messages and times; but not those
// that are `there` already.
Result<void> replay_own(const Context& context, const std::vector<Oid>& own,
                        const std::set<Oid>& there, Chain& chain, std::vector<Oid>& skipped) {
  derived::HistoryIndex& history = context.manager.history();
  for (const Oid& id : own) {
    TRY_ASSIGN(const git::Commit commit, commit_of(context, id));
    if (commit.parents.size() != 1)
      continue;  // What a merge brought is replayed commit by commit; a first commit has nothing
                 // below it.
    if (there.contains(id)) {
      skipped.push_back(id);
      continue;
    }
    TRY_ASSIGN(const Oid before_root, root_of(context, commit.parents[0]));
    TRY_ASSIGN(const Oid own_root, root_of(context, id));
    TRY_ASSIGN(const Oid root, chain.apply(before_root, own_root, "commit " + short_id(id)));
    if (root == chain.root()) {
      skipped.push_back(id);
      continue;
    }
    const auto info = history.find(id);
    chain.add(root, commit.author, git::text_before_trailers(commit.message),
              git::trailers(commit.message), info ? info->time_us : 0);
  }
  return {};
}

}  // namespace

Result<VerbResult> run_rebase(Context& context, const sql::RevisionsStmt& statement) {
  const std::string_view revision = statement.revisions[0];
  TRY_ASSIGN(const txn::Snapshot onto, find_revision(context, revision));
  txn::Manager& manager = context.manager;
  std::vector<Oid> skipped;
  TRY_ASSIGN(
      const txn::CommitOutcome outcome,
      change_branch(context, [&](const BranchTarget& target) -> Result<txn::CommitOutcome> {
        store::PendingObjects objects(context.store);
        skipped.clear();
        TRY_ASSIGN(const std::vector<Oid> own, commits_between(context, onto.commit, target.tip));
        const bool linear = std::all_of(own.begin(), own.end(), [&](const Oid& id) {
          const auto info = manager.history().find(id);
          return info && info->parents.size() == 1;
        });
        if (linear && manager.history().is_ancestor(onto.commit, target.tip))
          return txn::CommitOutcome{false, target.tip, 0};
        // The commit may be from elsewhere; what stands on it must be sound.
        TRY_ASSIGN(const Oid base,
                   context.repository.canonical_commit(objects, onto.commit, target.root));
        TRY(context.repository.check_history(onto.commit, target.root));
        TRY_ASSIGN(const git::Commit base_commit, read_commit(objects, base));
        TRY(manager.history().ensure(objects, base));
        Chain chain(context, objects, base, base_commit.tree);
        TRY(chain.begin());
        TRY_ASSIGN(std::set<Oid> there, made_already(context, base, own));
        TRY(add_brought(context, objects, base, own, there));
        TRY(replay_own(context, own, there, chain, skipped));
        TRY_ASSIGN(store::RefUpdate entry,
                   manager.reflog_entry(objects, target.branch, target.tip, chain.tip(),
                                        context.author, fmt::format("rebase: onto {}", revision)));
        return publish(context, target, chain, objects, "the rebase", {onto.commit},
                       {std::move(entry)});
      }));
  std::string notice = skipped_notice(skipped);
  if (!outcome.changed)
    notice = fmt::format("branch \"{}\" is up to date with \"{}\"", context.head.branch, revision);
  return verb_done("REBASE", outcome, std::move(notice));
}

}  // namespace rowan::versions
