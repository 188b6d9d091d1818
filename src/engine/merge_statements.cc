#include "engine/merge_statements.h"

#include <fmt/format.h>

#include <algorithm>

#include "diff/row_history.h"
#include "engine/history.h"
#include "engine/import/admission.h"
#include "engine/virtual_rows.h"
#include "type/key_codec.h"

namespace rowan::engine {

namespace {

using merge::Policy;

constexpr int kMergeAttemptsMax = 10;  // On a branch that moves while a merge is worked out.
constexpr size_t kDetailLinesMax = 5;

// ---- What merging reads of history ----

class Graph {
 public:
  explicit Graph(SessionImpl& session)
      : owner_(session.owner()),
        store_(session.owner().store()),
        manager_(session.owner().manager()),
        history_(session.owner().manager().history()),
        cancelled_(session.cancel_flag()) {}

  Result<void> know(const Oid& commit) { return history_.ensure(store_, commit); }
  Result<Oid> root_of(const Oid& commit) const { return owner_.root_of(commit); }
  bool contains(const Oid& tip, const Oid& commit) const {
    return history_.is_ancestor(commit, tip);
  }
  // The same, and a roll-up holds the commits that it rolled up.
  bool holds(const Oid& tip, const Oid& commit) const {
    const std::vector<Oid> tips = manager_.held_tips(tip);
    return std::any_of(tips.begin(), tips.end(),
                       [&](const Oid& held) { return contains(held, commit); });
  }
  // The merge bases of `source` with any of `tips`, without those that others of them contain.
  // Newest first.
  std::vector<Oid> bases(const std::vector<Oid>& tips, const Oid& source) const {
    std::vector<Oid> all;
    for (const Oid& tip : tips) {
      for (const Oid& base : manager_.merge_bases(tip, source)) {
        if (std::find(all.begin(), all.end(), base) == all.end()) all.push_back(base);
      }
    }
    std::vector<Oid> best;
    for (const Oid& base : all) {
      const bool older = std::any_of(all.begin(), all.end(), [&](const Oid& other) {
        return other != base && holds(other, base);
      });
      if (!older) best.push_back(base);
    }
    std::sort(best.begin(), best.end(), [&](const Oid& a, const Oid& b) {
      return std::pair(time_of(a), a) > std::pair(time_of(b), b);
    });
    return best;
  }
  // When and where a side changed a row last; the commit zero: it did not.
  Result<std::pair<int64_t, Oid>> last_change(const std::vector<Oid>& tips,
                                              const std::vector<Oid>& bases,
                                              const std::string& path, Bytes key) const {
    std::pair<int64_t, Oid> last{INT64_MIN, Oid{}};
    const diff::History history{store_, store_.cache(), history_, &cancelled_};
    for (const Oid& tip : tips) {
      TRY_ASSIGN(const auto found, diff::last_change(history, tip, bases, path, key));
      if (found) last = std::max(last, std::pair(found->time_us, found->commit));
    }
    return last;
  }
  Result<Oid> base_root(store::PendingObjects& objects, const std::vector<Oid>& bases) const {
    if (bases.empty()) return Oid{};
    if (bases.size() == 1) return root_of(bases[0]);
    return merge::virtual_base(
        objects, store_.cache(), bases,
        [&](const Oid& a, const Oid& b) -> Result<std::vector<Oid>> {
          if (cancelled_.load(std::memory_order_relaxed))
            return Error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
          return manager_.merge_bases(a, b);
        },
        [&](const Oid& commit) { return root_of(commit); });
  }

 private:
  int64_t time_of(const Oid& commit) const {
    const auto info = history_.find(commit);
    return info ? info->time_us : 0;
  }

  DatabaseImpl& owner_;
  store::ObjectStore& store_;
  txn::Manager& manager_;
  derived::HistoryIndex& history_;
  const std::atomic<bool>& cancelled_;
};

Error unrelated(const Oid& source) {
  return Error(ErrorCode::kObjectNotInState,
               fmt::format("refusing to merge {}: the histories have no common commit",
                           source.hex().substr(0, 12)))
      .with_hint("MERGE … WITH UNRELATED HISTORIES merges them all the same.");
}

Policy policy_of(std::string_view word) {
  if (word == "ours") return Policy::kOurs;
  if (word == "theirs") return Policy::kTheirs;
  return word == "manual" ? Policy::kManual : Policy::kRowLevel;
}

// Adds what one source brought to what those before it did.
void add_outcome(merge::Outcome& all, merge::Outcome one) {
  all.root = one.root;
  all.settled += one.settled;
  all.conflicts = std::move(one.conflicts);
  all.schema_conflicts = std::move(one.schema_conflicts);
  for (merge::RenumberedKey& key : one.renumbered) all.renumbered.push_back(std::move(key));
  for (merge::TableMerge& table : one.tables) {
    const auto found =
        std::find_if(all.tables.begin(), all.tables.end(), [&](const merge::TableMerge& known) {
          return known.schema == table.schema && known.table == table.table;
        });
    if (found == all.tables.end()) {
      all.tables.push_back(std::move(table));
      continue;
    }
    found->added += table.added;
    found->changed += table.changed;
    found->deleted += table.deleted;
    found->conflicts += table.conflicts;
    found->definition_changed = found->definition_changed || table.definition_changed;
  }
}

size_t open_count(const merge::Outcome& outcome) {
  return outcome.conflicts.size() + outcome.schema_conflicts.size();
}

std::string plural(size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace

Result<MergeRun> run_merge_of(SessionImpl& session, const Oid& tip, const std::vector<Oid>& sources,
                              const MergeOptions& options) {
  store::ObjectStore& store = session.owner().store();
  Graph graph(session);
  TRY(graph.know(tip));
  MergeRun run;
  run.bases = std::make_unique<store::PendingObjects>(store);
  run.made =
      std::make_unique<store::PendingObjects>(static_cast<const store::ObjectReader&>(*run.bases));
  TRY_ASSIGN(run.root, graph.root_of(tip));
  run.outcome.root = run.root;
  std::vector<Oid> sides{tip};
  for (size_t i = 0; i < sources.size(); ++i) {
    const Oid& source = sources[i];
    TRY(graph.know(source));
    const std::vector<Oid> bases = graph.bases(sides, source);
    if (bases.empty() && !options.allow_unrelated) return unrelated(source);
    merge::Request request;
    TRY_ASSIGN(request.base_root, graph.base_root(*run.bases, bases));
    request.ours_root = run.root;
    TRY_ASSIGN(request.theirs_root, graph.root_of(source));
    request.policy = options.policy;
    request.renumber = options.renumber;
    request.cancelled = &session.cancel_flag();
    request.theirs_is_later = [&](const std::string& ours_path, Bytes ours_key,
                                  const std::string& theirs_path,
                                  Bytes theirs_key) -> Result<bool> {
      TRY_ASSIGN(const auto ours, graph.last_change(sides, bases, ours_path, ours_key));
      TRY_ASSIGN(const auto theirs, graph.last_change({source}, bases, theirs_path, theirs_key));
      return theirs > ours;
    };
    request.resolve =
        [&](const merge::RowConflict& conflict) -> Result<std::optional<merge::Resolution>> {
      if (options.answers != nullptr) {
        TRY_ASSIGN(auto answer, options.answers->row(store, store.cache(), conflict));
        if (answer) return answer;
      }
      if (options.remembered == nullptr) return std::optional<merge::Resolution>();
      TRY_ASSIGN(auto answer, options.remembered->row(store, store.cache(), conflict));
      if (answer) ++run.remembered;
      return answer;
    };
    request.resolve_schema =
        [&](const merge::SchemaConflict& conflict) -> std::optional<merge::Side> {
      for (const Answers* answers : {options.answers, options.remembered}) {
        if (answers == nullptr) continue;
        const auto answer = answers->schema(store, store.cache(), conflict);
        if (answer && *answer) return **answer;
      }
      return std::nullopt;
    };
    TRY_ASSIGN(merge::Outcome outcome, merge::merge_trees(*run.made, store.cache(), request));
    add_outcome(run.outcome, std::move(outcome));
    run.root = run.outcome.root;
    if (!run.outcome.clean()) {
      run.conflicting = i;
      return run;
    }
    sides.push_back(source);
    run.merged.push_back(source);
  }
  return run;
}

Result<MergeRun> rerun_pending(SessionImpl& session, const PendingMerge& pending,
                               const txn::Snapshot& tip) {
  TRY_ASSIGN(const Answers remembered, remembered_answers(session.owner().store()));
  MergeOptions options;
  options.policy = Policy::kManual;
  options.renumber = pending.renumber;
  options.allow_unrelated = pending.allow_unrelated;
  options.answers = &pending.answers;
  options.remembered = &remembered;
  return run_merge_of(session, tip.commit, {pending.theirs}, options);
}

namespace {

// ---- Answers to the user ----

std::string names_of(const std::vector<std::string>& sources) {
  std::string names;
  for (const std::string& source : sources) names += (names.empty() ? "'" : ", '") + source + "'";
  return names;
}

Result<std::string> conflict_lines(const MergeRun& run, store::NodeCache& cache) {
  const catalog::Catalog merged(*run.made, cache, run.root);
  std::string lines;
  size_t shown = 0;
  const auto add = [&](const std::string& line) {
    lines += (lines.empty() ? "" : "\n") + line;
    ++shown;
  };
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
    if (shown == kDetailLinesMax) break;
    add(fmt::format("{}: {}", conflict.object, conflict.kind));
  }
  for (const merge::RowConflict& conflict : run.outcome.conflicts) {
    if (shown == kDetailLinesMax) break;
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY_ASSIGN(const std::string key, key_text(*version.table, conflict));
    add(fmt::format("{}.{} key {}{}", conflict.schema, conflict.table, key,
                    conflict.generated_key ? " was given to a row on both sides" : ""));
  }
  const size_t open = open_count(run.outcome);
  if (open > shown) lines += fmt::format("\nand {} more", open - shown);
  return lines;
}

// Rows that both sides inserted under one generated key, when they are all that is open.
bool only_generated_keys(const merge::Outcome& outcome) {
  return outcome.schema_conflicts.empty() &&
         std::all_of(outcome.conflicts.begin(), outcome.conflicts.end(),
                     [](const auto& conflict) { return conflict.generated_key; });
}

Error conflict_error(const MergeRun& run, Policy policy, store::NodeCache& cache,
                     std::string_view what) {
  auto detail = conflict_lines(run, cache);
  if (!detail) return std::move(detail).error();
  std::string hint = "MERGE … WITH MANUAL RESOLUTION lets you settle each";
  if (only_generated_keys(run.outcome)) {
    hint += "; WITH RENUMBER gives the other branch's rows new keys";
  } else if (policy != Policy::kOurs && policy != Policy::kTheirs) {
    hint += "; WITH OURS or WITH THEIRS lets one side stand";
  }
  hint += ".";
  return Error(ErrorCode::kConflict,
               fmt::format("{} has {}", what, plural(open_count(run.outcome), "conflict")))
      .with_detail(std::move(*detail))
      .with_hint(hint);
}

Result<std::vector<exec::Violation>> violations_of(SessionImpl& session, const MergeRun& run,
                                                   const Oid& valid_root) {
  const exec::ValidateRequest request{*run.made, valid_root, run.root};
  return exec::validate(request, session.owner().manager(), session.owner().unique_indexes(),
                        session.eval_context());
}

std::string violation_line(const exec::Violation& violation) {
  const std::string row = violation.key.empty() ? std::string() : " key " + violation.key;
  return fmt::format("{}.{}{}: {}", violation.schema, violation.table, row, violation.message);
}

Error violation_error(const std::vector<exec::Violation>& violations) {
  std::string detail;
  for (size_t i = 0; i < violations.size() && i < kDetailLinesMax; ++i)
    detail += (i > 0 ? "\n" : "") + violation_line(violations[i]);
  if (violations.size() > kDetailLinesMax)
    detail += fmt::format("\nand {} more", violations.size() - kDetailLinesMax);
  return Error(violations[0].code, violations[0].message)
      .with_detail(std::move(detail))
      .with_hint(
          "The merged rows break constraints. Change them on one of the branches, then merge "
          "again.");
}

// ---- The pieces of a merge ----

Result<void> check_may_merge(SessionImpl& session, std::string_view words) {
  if (session.in_block())
    return Error(ErrorCode::kActiveTransaction,
                 fmt::format("{} cannot run inside a transaction block", words));
  if (session.is_pinned())
    return session.check_writable();  // A protected branch takes merges: that is how it changes.
  return {};
}

txn::TreeCommit tree_commit(SessionImpl& session, const sql::Statement& statement, const Oid& tip,
                            MergeRun& run, std::string message) {
  txn::TreeCommit commit;
  commit.branch = session.branch_name();
  commit.expected_tip = tip;
  commit.root = run.root;
  commit.parents = {tip};
  commit.objects = run.made.get();
  commit.author = session.owner().author();
  commit.message = std::move(message);
  if (session.settings().commit_statement() != Settings::CommitStatement::kOff)
    commit.body = statement.text;
  if (!session.settings().application_name().empty())
    commit.trailers.emplace_back("Rowan-App", session.settings().application_name());
  commit.sync = session.settings().synchronous_commit();
  return commit;
}

// What a source is called in the message: a branch, a tag, or a commit.
std::string source_word(SessionImpl& session, const std::string& source) {
  if (session.owner().store().ref("refs/heads/" + source)) return "branch";
  return session.owner().store().ref("refs/tags/" + source) ? "tag" : "commit";
}

std::string default_message(SessionImpl& session, const std::vector<std::string>& sources) {
  const std::string word = sources.size() == 1 ? source_word(session, sources[0]) : "branches";
  return fmt::format("Merge {} {} into {}", word, names_of(sources), session.branch_name());
}

TableRows summary_rows(const merge::Outcome& outcome,
                       const std::vector<exec::Violation>* violations) {
  TableRows rows;
  rows.columns.push_back({"table", {type::TypeId::kText}});
  for (const char* name : {"added", "changed", "deleted", "conflicts"})
    rows.columns.push_back({name, {type::TypeId::kInt8}});
  if (violations != nullptr) rows.columns.push_back({"violations", {type::TypeId::kInt8}});
  RowCollector collector(rows.columns);
  std::vector<std::string> listed;
  const auto count_of = [&](const std::string& table) {
    return std::count_if(violations->begin(), violations->end(), [&](const auto& violation) {
      return violation.schema + "." + violation.table == table;
    });
  };
  const auto add = [&](const std::string& name, const merge::TableMerge& table) {
    std::vector<type::Value> row{text_value(name), bigint_value(static_cast<int64_t>(table.added)),
                                 bigint_value(static_cast<int64_t>(table.changed)),
                                 bigint_value(static_cast<int64_t>(table.deleted)),
                                 bigint_value(static_cast<int64_t>(table.conflicts))};
    if (violations != nullptr) row.push_back(bigint_value(count_of(name)));
    collector.add(row);
    listed.push_back(name);
  };
  for (const merge::TableMerge& table : outcome.tables)
    add(table.schema + "." + table.table, table);
  for (const merge::SchemaConflict& conflict : outcome.schema_conflicts) {
    merge::TableMerge one;
    one.conflicts = 1;
    add(conflict.object, one);
  }
  for (size_t i = 0; violations != nullptr && i < violations->size(); ++i) {
    const std::string name = (*violations)[i].schema + "." + (*violations)[i].table;
    if (std::find(listed.begin(), listed.end(), name) == listed.end()) add(name, {});
  }
  rows.batches = collector.finish();
  return rows;
}

void add_notices(const MergeRun& run, ResultFacts& facts) {
  if (run.remembered > 0)
    facts.notices.push_back(
        fmt::format("{} settled as before", plural(run.remembered, "conflict")));
  for (const merge::RenumberedKey& key : run.outcome.renumbered) {
    facts.notices.push_back(fmt::format("{}.{}: the row with key {} got key {}", key.schema,
                                        key.table, key.from, key.to));
  }
}

uint64_t rows_touched(const merge::Outcome& outcome) {
  uint64_t rows = 0;
  for (const merge::TableMerge& table : outcome.tables)
    rows += table.added + table.changed + table.deleted;
  return rows;
}

// A branch is to go forward to a commit that is no branch's tip: nobody looked at its constraints.
Result<void> check_forward(SessionImpl& session, const Oid& valid_root, const Oid& target) {
  store::ObjectStore& store = session.owner().store();
  TRY_ASSIGN(const git::Commit commit, read_commit(store, target));
  const exec::ValidateRequest request{store, valid_root, commit.tree};
  TRY_ASSIGN(const auto violations,
             exec::validate(request, session.owner().manager(), session.owner().unique_indexes(),
                            session.eval_context()));
  session.set_violations(violations);
  return violations.empty() ? Result<void>() : Result<void>(violation_error(violations));
}

// One MERGE statement, tried on the tip as it is until the branch stands still.
class MergeStatement {
 public:
  MergeStatement(SessionImpl& session, const sql::MergeStmt& statement)
      : session_(session), statement_(statement), graph_(session) {}

  Result<VersionResult> run() {
    TRY(check_may_merge(session_, "MERGE"));
    for (const std::string_view source : statement_.sources) {
      TRY_ASSIGN(const Oid commit,
                 session_.owner().manager().resolve_revision(source, session_.branch_name()));
      TRY(graph_.know(commit));
      TRY(check_content(source, commit));
      wanted_.emplace_back(std::string(source), commit);
    }
    for (int attempt = 0;; ++attempt) {
      auto result = try_once();
      const bool moved = !result && result.error().code() == ErrorCode::kSerializationFailure;
      if (!moved || attempt + 1 == kMergeAttemptsMax) return result;
    }
  }

 private:
  // A branch's tip is sound; another commit may have come from elsewhere.
  Result<void> check_content(std::string_view source, const Oid& commit) {
    txn::Manager& manager = session_.owner().manager();
    TRY_ASSIGN(const bool is_branch, manager.has_branch(source));
    if (is_branch) return {};
    is_foreign_ = true;
    store::PendingObjects objects(session_.owner().store());
    TRY_ASSIGN(const txn::Snapshot tip, manager.tip_snapshot(session_.branch_name()));
    TRY_ASSIGN(const Oid sound, canonical_commit(manager, objects, commit, tip.root));
    if (sound == commit) return {};
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("commit {} is not in canonical form", commit.hex().substr(0, 12)))
        .with_hint(
            fmt::format("CREATE BRANCH name FROM '{}' puts it right; then MERGE name.", source));
  }

  Result<VersionResult> try_once() {
    if (!statement_.dry_run && session_.owner().store().ref(merge_ref(session_.branch_name()))) {
      return Error(ErrorCode::kObjectNotInState,
                   fmt::format("a merge into branch \"{}\" is pending already",
                               session_.branch_name()))
          .with_hint(
              "SHOW MERGE CONFLICTS lists what is open; COMMIT MERGE or ABORT MERGE ends it.");
    }
    TRY_ASSIGN(tip_, session_.owner().manager().tip_snapshot(session_.branch_name()));
    TRY(graph_.know(tip_.commit));
    std::vector<Oid> sources;
    names_.clear();
    for (const auto& [name, commit] : wanted_) {
      // What a later source contains comes with it.
      const bool contained =
          graph_.holds(tip_.commit, commit) ||
          std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& other) {
            return other.second != commit && graph_.contains(other.second, commit);
          });
      if (contained || std::find(sources.begin(), sources.end(), commit) != sources.end()) continue;
      sources.push_back(commit);
      names_.push_back(name);
    }
    if (sources.empty()) {
      VersionResult result{{"MERGE", 0, {}, {"already up to date"}}, {}};
      if (statement_.dry_run) {
        const std::vector<exec::Violation> none;
        result.rows = summary_rows({}, &none);
      }
      return result;
    }
    const bool forward = sources.size() == 1 && graph_.contains(sources[0], tip_.commit);
    if (forward && !statement_.no_fast_forward) return fast_forward(sources[0]);
    if (statement_.fast_forward_only) {
      return Error(ErrorCode::kObjectNotInState,
                   fmt::format("branch \"{}\" cannot be fast-forwarded to {}",
                               session_.branch_name(), names_of(names_)))
          .with_hint("Both have commits that the other lacks.");
    }
    return merge_commits(sources);
  }

  Result<VersionResult> fast_forward(const Oid& target) {
    VersionResult result{{"MERGE", 0, {}, {}}, {}};
    if (statement_.dry_run) {
      MergeOptions options;
      TRY_ASSIGN(const MergeRun run, run_merge_of(session_, tip_.commit, {target}, options));
      const std::vector<exec::Violation> none;
      result.rows = summary_rows(run.outcome, &none);
      result.facts.notices.push_back("the merge is a fast-forward");
      return result;
    }
    if (is_foreign_) TRY(check_forward(session_, tip_.root, target));
    txn::BranchMove move;
    move.branch = session_.branch_name();
    move.expected_tip = tip_.commit;
    move.target = target;
    move.sync = session_.settings().synchronous_commit();
    TRY_ASSIGN(const txn::CommitOutcome outcome, session_.owner().manager().move_branch(move));
    session_.note_commit(outcome.commit, outcome.sequence);
    result.facts.commit_id = outcome.commit.hex();
    result.facts.notices.push_back(
        fmt::format("fast-forward to {}", outcome.commit.hex().substr(0, 12)));
    return result;
  }

  Result<VersionResult> merge_commits(const std::vector<Oid>& sources) {
    store::ObjectStore& store = session_.owner().store();
    TRY_ASSIGN(const Answers remembered, remembered_answers(store));
    MergeOptions options;
    options.policy = policy_of(statement_.policy);
    options.renumber = statement_.renumber;
    options.allow_unrelated = statement_.allow_unrelated;
    // Who names a side has decided; else what was decided before holds.
    const bool may_remember =
        options.policy == Policy::kManual || options.policy == Policy::kRowLevel;
    if (may_remember) options.remembered = &remembered;
    TRY_ASSIGN(MergeRun run, run_merge_of(session_, tip_.commit, sources, options));
    if (statement_.dry_run) return report(run);
    if (run.conflicting) return stop_or_wait(std::move(run), sources);
    TRY_ASSIGN(const auto violations, violations_of(session_, run, tip_.root));
    session_.set_violations(violations);
    if (!violations.empty()) return violation_error(violations);
    txn::TreeCommit commit =
        tree_commit(session_, statement_, tip_.commit, run,
                    statement_.has_message ? std::string(statement_.message)
                                           : default_message(session_, names_));
    commit.parents.insert(commit.parents.end(), run.merged.begin(), run.merged.end());
    TRY_ASSIGN(const txn::CommitOutcome outcome, session_.owner().manager().commit_tree(commit));
    session_.note_commit(outcome.commit, outcome.sequence);
    VersionResult result{{"MERGE", rows_touched(run.outcome), outcome.commit.hex(), {}},
                         summary_rows(run.outcome, nullptr)};
    add_notices(run, result.facts);
    return result;
  }

  Result<VersionResult> report(const MergeRun& run) {
    TRY_ASSIGN(const auto violations, violations_of(session_, run, tip_.root));
    VersionResult result{{"MERGE", 0, {}, {}}, summary_rows(run.outcome, &violations)};
    for (size_t i = 0; i < violations.size() && i < kDetailLinesMax; ++i)
      result.facts.notices.push_back(violation_line(violations[i]));
    add_notices(run, result.facts);
    return result;
  }

  // Open conflicts: by hand they wait, else they stop the merge.
  Result<VersionResult> stop_or_wait(MergeRun run, const std::vector<Oid>& sources) {
    store::ObjectStore& store = session_.owner().store();
    if (sources.size() > 1) return several_conflict(run, sources);
    if (statement_.policy != "manual") {
      return conflict_error(
          run, policy_of(statement_.policy), store.cache(),
          fmt::format("the merge of {} into {}", names_of(names_), session_.branch_name()));
    }
    PendingMerge pending;
    pending.began_at = tip_.commit;
    pending.theirs = sources[0];
    pending.source = names_[0];
    if (statement_.has_message) pending.message = statement_.message;
    pending.renumber = statement_.renumber;
    pending.allow_unrelated = statement_.allow_unrelated;
    store::PendingObjects objects(store);
    TRY(keep_pending_merge(session_, pending, objects));
    const catalog::Catalog merged(*run.made, store.cache(), run.root);
    TRY_ASSIGN(TableRows rows, conflict_rows(*run.made, merged, run.outcome, std::nullopt));
    VersionResult result{{"MERGE", 0, {}, {}}, std::move(rows)};
    result.facts.notices.push_back(fmt::format("{} to be settled; then COMMIT MERGE",
                                               plural(open_count(run.outcome), "conflict")));
    add_notices(run, result.facts);
    return result;
  }

  // Says which two of several do not go together. Nothing was written.
  Result<VersionResult> several_conflict(const MergeRun& run, const std::vector<Oid>& sources) {
    const size_t last = *run.conflicting;
    std::string other = session_.branch_name();
    MergeOptions options;
    options.policy = policy_of(statement_.policy);
    options.allow_unrelated = true;
    for (size_t i = 0; i < last; ++i) {
      TRY_ASSIGN(const MergeRun pair, run_merge_of(session_, sources[i], {sources[last]}, options));
      if (pair.conflicting) {
        other = names_[i];
        break;
      }
    }
    const Error error =
        conflict_error(run, options.policy, session_.owner().store().cache(),
                       fmt::format("the merge of '{}' and '{}'", other, names_[last]));
    return Error(error.code(), error.message())
        .with_detail(error.detail())
        .with_hint("Nothing was merged. Merge the branches one by one.");
  }

  SessionImpl& session_;
  const sql::MergeStmt& statement_;
  Graph graph_;
  std::vector<std::pair<std::string, Oid>> wanted_;
  txn::Snapshot tip_;
  std::vector<std::string> names_;  // Of the sources that are not contained.
  bool is_foreign_ = false;         // One of them is no branch's tip.
};

Result<Oid> forward_to_source(SessionImpl& session, const txn::Snapshot& tip,
                              const SourceMerge& merge) {
  TRY(check_forward(session, tip.root, merge.source));
  txn::BranchMove move;
  move.branch = session.branch_name();
  move.expected_tip = tip.commit;
  move.target = merge.source;
  move.refs = merge.refs();
  TRY_ASSIGN(const txn::CommitOutcome outcome, session.owner().manager().move_branch(move));
  session.note_commit(outcome.commit, outcome.sequence);
  return outcome.commit;
}

Result<Oid> merge_source_once(SessionImpl& session, const SourceMerge& merge) {
  DatabaseImpl& database = session.owner();
  TRY_ASSIGN(const txn::Snapshot tip, database.manager().tip_snapshot(session.branch_name()));
  Graph graph(session);
  TRY(graph.know(tip.commit));
  TRY(graph.know(merge.source));
  if (graph.holds(tip.commit, merge.source)) {
    TRY(database.manager().update_refs(nullptr, merge.refs()));
    return tip.commit;
  }
  if (graph.contains(merge.source, tip.commit)) return forward_to_source(session, tip, merge);
  TRY_ASSIGN(const Answers remembered, remembered_answers(database.store()));
  MergeOptions options;
  if (merge.clean_only) {
    options.policy = Policy::kManual;
  } else {
    options.remembered = &remembered;
  }
  TRY_ASSIGN(MergeRun run, run_merge_of(session, tip.commit, {merge.source}, options));
  if (run.conflicting) {
    return conflict_error(run, options.policy, database.store().cache(),
                          fmt::format("the merge of commit {} into {}",
                                      merge.source.hex().substr(0, 12), session.branch_name()));
  }
  TRY_ASSIGN(const auto violations, violations_of(session, run, tip.root));
  session.set_violations(violations);
  if (!violations.empty()) return violation_error(violations);
  sql::MergeStmt statement;
  statement.text = merge.body;
  txn::TreeCommit commit = tree_commit(
      session, statement, tip.commit, run,
      merge.message.empty() ? fmt::format("Merge commit {} into {}",
                                          merge.source.hex().substr(0, 12), session.branch_name())
                            : merge.message);
  commit.parents.push_back(merge.source);
  commit.refs = merge.refs();
  TRY_ASSIGN(const txn::CommitOutcome outcome, database.manager().commit_tree(commit));
  session.note_commit(outcome.commit, outcome.sequence);
  return outcome.commit;
}

Result<VersionResult> commit_once(SessionImpl& session, const sql::MergeStmt& statement) {
  store::ObjectStore& store = session.owner().store();
  TRY_ASSIGN(const PendingMerge pending, get_pending_merge(store, session.branch_name()));
  TRY_ASSIGN(const txn::Snapshot tip,
             session.owner().manager().tip_snapshot(session.branch_name()));
  Graph graph(session);
  TRY(graph.know(tip.commit));
  TRY(graph.know(pending.theirs));
  const store::RefUpdate end{merge_ref(session.branch_name()), pending.state, Oid{}};
  if (graph.contains(tip.commit, pending.theirs)) {
    TRY(session.owner().manager().update_refs(nullptr, {end},
                                              session.settings().synchronous_commit()));
    return VersionResult{{"COMMIT MERGE", 0, {}, {"already up to date"}}, {}};
  }
  TRY_ASSIGN(MergeRun run, rerun_pending(session, pending, tip));
  if (run.conflicting) {
    TRY_ASSIGN(std::string detail, conflict_lines(run, store.cache()));
    const size_t open = open_count(run.outcome);
    return Error(ErrorCode::kConflict,
                 fmt::format("{} remain{}", plural(open, "conflict"), open == 1 ? "s" : ""))
        .with_detail(std::move(detail))
        .with_hint("SHOW MERGE CONFLICTS lists them; RESOLVE CONFLICT settles one.");
  }
  TRY_ASSIGN(const auto violations, violations_of(session, run, tip.root));
  session.set_violations(violations);
  if (!violations.empty()) return violation_error(violations);
  std::string message = statement.has_message ? std::string(statement.message) : pending.message;
  if (message.empty()) message = default_message(session, {pending.source});
  txn::TreeCommit commit = tree_commit(session, statement, tip.commit, run, std::move(message));
  commit.parents.push_back(pending.theirs);
  commit.refs.push_back(end);
  TRY_ASSIGN(auto remembered,
             remember_answers(store, *run.made, pending.answers, session.owner().author()));
  if (remembered) commit.refs.push_back(std::move(*remembered));
  TRY_ASSIGN(const txn::CommitOutcome outcome, session.owner().manager().commit_tree(commit));
  session.note_commit(outcome.commit, outcome.sequence);
  VersionResult result{{"COMMIT MERGE", rows_touched(run.outcome), outcome.commit.hex(), {}},
                       summary_rows(run.outcome, nullptr)};
  add_notices(run, result.facts);
  return result;
}

}  // namespace

Result<Oid> merge_source(SessionImpl& session, const SourceMerge& merge) {
  for (int attempt = 1;; ++attempt) {
    auto merged = merge_source_once(session, merge);
    const bool moved = !merged && merged.error().code() == ErrorCode::kSerializationFailure;
    if (!moved || attempt == kMergeAttemptsMax) return merged;
  }
}

Result<VersionResult> run_merge(SessionImpl& session, const sql::MergeStmt& statement) {
  return MergeStatement(session, statement).run();
}

Result<VersionResult> run_commit_merge(SessionImpl& session, const sql::MergeStmt& statement) {
  TRY(check_may_merge(session, "COMMIT MERGE"));
  for (int attempt = 0;; ++attempt) {
    auto result = commit_once(session, statement);
    const bool moved = !result && result.error().code() == ErrorCode::kSerializationFailure;
    if (!moved || attempt + 1 == kMergeAttemptsMax) return result;
  }
}

Result<VersionResult> run_abort_merge(SessionImpl& session) {
  TRY(check_may_merge(session, "ABORT MERGE"));
  // Not through get_pending_merge: a state that cannot be read is to be given up as well.
  const std::string ref = merge_ref(session.branch_name());
  const std::optional<Oid> state = session.owner().store().ref(ref);
  if (!state) {
    TRY(get_pending_merge(session.owner().store(), session.branch_name()));
    return Error(ErrorCode::kSerializationFailure, "the pending merge changed meanwhile");
  }
  TRY(session.owner().manager().update_refs(nullptr, {{ref, *state, Oid{}}},
                                            session.settings().synchronous_commit()));
  return VersionResult{{"ABORT MERGE", 0, {}, {}}, text_rows({"Status"}, {{"Merge aborted"}})};
}

Result<VersionResult> show_conflicts(SessionImpl& session, const sql::ShowStmt& statement) {
  store::ObjectStore& store = session.owner().store();
  std::optional<std::pair<std::string, std::string>> table;
  if (!statement.name.name.empty()) {
    table.emplace(session.schema_of(statement.name), std::string(statement.name.name));
  }
  TRY_ASSIGN(const auto pending, find_pending_merge(store, session.branch_name()));
  VersionResult result{{"SHOW 0", 0, {}, {}}, {}};
  if (!pending) {
    result.rows = text_rows({"Database", "Table", "Key", "HEAD", "SOURCE"}, {});
    return result;
  }
  TRY_ASSIGN(const txn::Snapshot tip,
             session.owner().manager().tip_snapshot(session.branch_name()));
  TRY_ASSIGN(const MergeRun run, rerun_pending(session, *pending, tip));
  const catalog::Catalog merged(*run.made, store.cache(), run.root);
  TRY_ASSIGN(result.rows, conflict_rows(*run.made, merged, run.outcome, table));
  for (const type::Batch& batch : result.rows->batches) result.facts.affected += batch.rows;
  result.facts.tag = fmt::format("SHOW {}", result.facts.affected);
  return result;
}

}  // namespace rowan::engine
