#include "versions/merging.h"

#include <fmt/format.h>

#include <algorithm>

#include "exec/validator.h"
#include "git/ref_names.h"
#include "versions/branch_hints.h"
#include "versions/change_branch.h"
#include "versions/conflict_text.h"
#include "versions/merge_decisions.h"
#include "versions/merge_report.h"
#include "versions/merge_run.h"
#include "versions/pending_merge.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

using exec::answer_rows;
using merge::Policy;

constexpr size_t kDetailLinesMax = 5;  // Of violations, in a notice.
constexpr size_t kShortIdDigits = 12;
constexpr std::string_view kWouldBeRefused = "the merge would be refused";
constexpr std::string_view kAnswerAnew =
    "RESOLVE CONFLICT answers a conflict once more, also one that is settled; or change the rows "
    "on "
    "this branch. Then COMMIT MERGE again.";

std::string quoted_id(const Oid& commit) {
  return "'" + commit.hex().substr(0, kShortIdDigits) + "'";
}

Policy policy_of(std::string_view word) { return find_policy(word).value_or(Policy::kRowLevel); }

// A protected branch takes merges: that is how it changes.
Result<void> check_may_merge(const Context& context, std::string_view words) {
  TRY(check_no_block(context, words));
  return context.head.is_pinned ? check_writable(context) : Result<void>();
}

txn::TreeCommit tree_commit(const Context& context, const sql::Statement& statement, const Oid& tip,
                            MergeRun& run, std::string message,
                            std::vector<std::pair<std::string, std::string>> trailers) {
  txn::TreeCommit commit;
  commit.branch = context.head.branch;
  commit.expected_tip = tip;
  commit.root = run.root;
  commit.parents = {tip};
  commit.objects = run.made.get();
  commit.author = context.author;
  commit.message = std::move(message);
  if (context.keeps_statements) commit.body = statement.text;
  if (!context.application.empty()) commit.trailers.emplace_back("Rowan-App", context.application);
  commit.trailers.insert(commit.trailers.end(), trailers.begin(), trailers.end());
  commit.sync = context.sync;
  return commit;
}

// What a source is called in the message: a branch, a tag, or a commit.
std::string source_word(const Context& context, const std::string& source) {
  if (context.store.ref(git::branch_ref(source))) return "branch";
  return context.store.ref(git::tag_ref(source)) ? "tag" : "commit";
}

std::string default_message(const Context& context, const std::vector<std::string>& sources) {
  const std::string word = sources.size() == 1 ? source_word(context, sources[0]) : "branches";
  return fmt::format("Merge {} {} into {}", word, names_of(sources), context.head.branch);
}

uint64_t rows_touched(const merge::Outcome& outcome) {
  uint64_t rows = 0;
  for (const merge::TableMerge& table : outcome.tables)
    rows += table.added + table.changed + table.deleted;
  return rows;
}

// A branch is to go forward to a commit that is no branch's tip: nobody looked at its constraints.
Result<void> check_forward(Context& context, const Oid& valid_root, const Oid& target,
                           std::string_view hint = {}) {
  store::ObjectStore& store = context.store;
  TRY_ASSIGN(const git::Commit commit, read_commit(store, target));
  exec::ValidateRequest request{store, valid_root, commit.tree};
  request.system = &context.repository.system_tables();
  request.with_rules = !context.manager.history().is_own(target);
  TRY_ASSIGN(const auto violations,
             exec::validate(request, context.manager, context.indexes, context.eval));
  context.effects.violations = violations;
  if (violations.empty()) return {};
  return violation_error(violations, hint.empty() ? violation_hint(violations) : std::string(hint));
}

// What the reflog says of a fast-forward: one move, however many commits it takes in.
Result<store::RefUpdate> forward_entry(const Context& context, store::PendingObjects& objects,
                                       const Oid& from, const Oid& to, std::string_view names) {
  return context.manager.reflog_entry(objects, context.head.branch, from, to, context.author,
                                      fmt::format("merge: fast-forward to {}", names));
}

// One MERGE statement, tried on the tip as it is until the branch stands still.
class MergeStatement {
 public:
  MergeStatement(Context& context, const sql::MergeStmt& statement)
      : context_(context), statement_(statement), graph_(context) {}

  Result<VerbResult> run() {
    TRY(check_may_merge(context_, "MERGE"));
    for (const std::string_view source : statement_.sources) {
      TRY_ASSIGN(const Oid commit, context_.manager.resolve_revision(source, context_.head.branch));
      TRY(graph_.know(commit));
      TRY(check_content(source, commit));
      wanted_.emplace_back(std::string(source), commit);
    }
    return until_it_stands(context_, kMergeAttemptsMax, [&] { return try_once(); });
  }

 private:
  // A branch's tip is sound; another commit may have come from elsewhere.
  Result<void> check_content(std::string_view source, const Oid& commit) {
    txn::Manager& manager = context_.manager;
    TRY_ASSIGN(const bool is_branch, manager.has_branch(source));
    if (is_branch) return {};
    is_foreign_ = true;
    with_rules_ = with_rules_ || !manager.history().is_own(commit);
    store::PendingObjects objects(context_.store);
    TRY_ASSIGN(const txn::Snapshot tip, manager.tip_snapshot(context_.head.branch));
    TRY_ASSIGN(const Oid sound, context_.repository.canonical_commit(objects, commit, tip.root));
    TRY(context_.repository.check_history(commit, tip.root));
    if (sound == commit) return {};
    return Error(ErrorCode::kObjectNotInState,
                 fmt::format("commit {} is not in canonical form", commit.hex().substr(0, 12)))
        .with_hint(hint_with(context_.words, context_.words.merge_by_branch, source) +
                   " puts it right.");
  }

  Result<VerbResult> try_once() {
    auto result = try_merge();
    if (!result || !statement_.dry_run) return result;
    if (context_.store.ref(merge_ref(context_.head.branch))) {
      result->facts.notices.push_back(fmt::format("{}: a merge into branch \"{}\" is pending",
                                                  kWouldBeRefused, context_.head.branch));
    }
    return result;
  }

  Result<VerbResult> try_merge() {
    TRY_ASSIGN(auto pending,
               find_pending_merge(context_.store, context_.head.branch, context_.words));
    if (pending && !statement_.dry_run) {
      if (renumbers(*pending)) return renumber(std::move(*pending));
      return Error(
                 ErrorCode::kObjectNotInState,
                 fmt::format("a merge into branch \"{}\" is pending already", context_.head.branch))
          .with_hint(std::string(context_.words.pending_merge));
    }
    TRY_ASSIGN(tip_, context_.manager.tip_snapshot(context_.head.branch));
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
      const std::string_view word =
          statement_.dry_run ? outcome_of({}, "up to date") : "up to date";
      return VerbResult{{"MERGE", 0, {}, {"already up to date"}}, summary_rows({}, word)};
    }
    const bool forward = sources.size() == 1 && graph_.contains(sources[0], tip_.commit);
    if (forward && !statement_.no_fast_forward) return fast_forward(sources[0]);
    if (statement_.fast_forward_only) {
      return Error(ErrorCode::kObjectNotInState,
                   fmt::format("branch \"{}\" cannot be fast-forwarded to {}", context_.head.branch,
                               names_of(names_)))
          .with_hint("Both have commits that the other lacks.");
    }
    return merge_commits(sources);
  }

  // The merge that waits, once more: the answers given so far stay, and where both branches gave out
  // one key the other one's rows get new ones.
  bool renumbers(const PendingMerge& pending) const {
    return statement_.renumber && statement_.policy == "manual" && wanted_.size() == 1 &&
           (wanted_[0].second == pending.theirs || wanted_[0].first == pending.source);
  }
  Result<VerbResult> renumber(PendingMerge pending) {
    TRY_ASSIGN(tip_, context_.manager.tip_snapshot(context_.head.branch));
    TRY(graph_.know(tip_.commit));
    TRY(graph_.know(pending.theirs));
    pending.renumber = true;
    if (statement_.has_message) pending.message = statement_.message;
    TRY_ASSIGN(const MergeRun run, rerun_pending(context_, pending, tip_));
    store::PendingObjects objects(context_.store);
    TRY(keep_pending_merge(context_, pending, objects));
    return waiting(run);
  }

  Result<VerbResult> fast_forward(const Oid& target) {
    constexpr std::string_view kForward = "fast-forward";
    VerbResult result{{"MERGE", 0, {}, {}}, summary_rows({}, kForward)};
    if (statement_.dry_run) {
      MergeOptions options;
      TRY_ASSIGN(const MergeRun run, run_merge_of(context_, tip_.commit, {target}, options));
      std::vector<exec::Violation> violations;  // A branch's tip has none.
      if (is_foreign_) {
        TRY_ASSIGN(violations, violations_of(context_, run, tip_.root, with_rules_));
      }
      result.rows = summary_rows(run.outcome, outcome_of(violations, kForward), violations);
      result.facts.notices.push_back("the merge is a fast-forward");
      add_violations(violations, result.facts);
      return result;
    }
    if (is_foreign_) TRY(check_forward(context_, tip_.root, target));
    txn::BranchMove move;
    move.branch = context_.head.branch;
    move.expected_tip = tip_.commit;
    move.target = target;
    move.sync = context_.sync;
    store::PendingObjects objects(context_.store);
    move.objects = &objects;
    TRY_ASSIGN(store::RefUpdate entry,
               forward_entry(context_, objects, tip_.commit, target, names_of(names_)));
    move.refs.push_back(std::move(entry));
    TRY_ASSIGN(const txn::CommitOutcome outcome, context_.manager.move_branch(move));
    note_commit(context_, outcome);
    result.facts.commit_id = outcome.commit.hex();
    result.facts.notices.push_back(
        fmt::format("fast-forward to {}", outcome.commit.hex().substr(0, 12)));
    return result;
  }

  Result<VerbResult> merge_commits(const std::vector<Oid>& sources) {
    store::ObjectStore& store = context_.store;
    TRY_ASSIGN(const Answers remembered, remembered_answers(store));
    MergeOptions options;
    options.policy = policy_of(statement_.policy);
    options.renumber = statement_.renumber;
    options.allow_unrelated = statement_.allow_unrelated;
    // Who names a side has decided; else what was decided before holds.
    const bool may_remember =
        options.policy == Policy::kManual || options.policy == Policy::kRowLevel;
    if (may_remember) options.remembered = &remembered;
    options.record = decided_.recorder();
    TRY_ASSIGN(MergeRun run, run_merge_of(context_, tip_.commit, sources, options));
    if (statement_.dry_run) return report(run, options.policy);
    if (waits(run)) return stop_or_wait(std::move(run), sources, options);
    TRY_ASSIGN(const auto violations, violations_of(context_, run, tip_.root, with_rules_));
    context_.effects.violations = violations;
    if (!violations.empty()) return violation_error(violations, violation_hint(violations));
    txn::TreeCommit commit = tree_commit(
        context_, statement_, tip_.commit, run,
        statement_.has_message ? std::string(statement_.message)
                               : default_message(context_, names_),
        merge_trailers(options.policy, options.renumber,
                       run.remembered > 0 ? store.ref(git::kResolutionsRef) : std::nullopt));
    commit.parents.insert(commit.parents.end(), sources.begin(), sources.end());
    TRY_ASSIGN(const txn::CommitOutcome outcome, context_.manager.commit_tree(commit));
    note_commit(context_, outcome);
    VerbResult result{{"MERGE", rows_touched(run.outcome), outcome.commit.hex(), {}},
                      summary_rows(run.outcome, "merged")};
    add_notices(run, result.facts);
    decided_.add_notices(context_.words, quoted_id(outcome.commit), result.facts);
    return result;
  }

  static void add_violations(const std::vector<exec::Violation>& violations, ResultFacts& facts) {
    if (violations.empty()) return;
    facts.notices.push_back(fmt::format("{}, with {}", kWouldBeRefused,
                                        plural(violations.size(), "violated constraint")));
    for (size_t i = 0; i < violations.size() && i < kDetailLinesMax; ++i)
      facts.notices.push_back(violation_line(violations[i]));
  }

  // Who wants to decide by hand sees what was decided before, and may answer it once more.
  bool waits(const MergeRun& run) const {
    const bool by_hand = statement_.policy == "manual" && names_.size() == 1;
    return run.conflicting || (by_hand && run.remembered > 0);
  }

  // What a dry run says that the merge would come to; `otherwise`: where nothing is against it.
  std::string_view outcome_of(const std::vector<exec::Violation>& violations,
                              std::string_view otherwise) const {
    const bool is_pending = context_.store.ref(merge_ref(context_.head.branch)).has_value();
    return is_pending || !violations.empty() ? "refused" : otherwise;
  }

  Result<VerbResult> report(const MergeRun& run, Policy policy) {
    TRY_ASSIGN(const auto violations, violations_of(context_, run, tip_.root, with_rules_));
    const bool may_wait = policy == Policy::kManual && run.merged.empty() && names_.size() == 1;
    // What waits for an answer is not held to constraints yet.
    std::string_view word = waits(run) ? outcome_of({}, "waits") : outcome_of(violations, "merged");
    if (run.conflicting && !may_wait) word = "refused";
    VerbResult result{{"MERGE", 0, {}, {}}, summary_rows(run.outcome, word, violations, Counted::kOpen)};
    result.open_conflicts = open_count(run.outcome);
    if (!run.conflicting) add_violations(violations, result.facts);
    if (run.conflicting) {
      TRY_ASSIGN(const std::string lines, conflict_lines(run, context_.store.cache()));
      const std::string open = plural(open_count(run.outcome), "open conflict");
      result.facts.notices.push_back(
          may_wait ? fmt::format("the merge would wait, with {}:\n{}", open, lines)
                   : fmt::format("{}, with {}:\n{}", kWouldBeRefused, open, lines));
    } else if (waits(run)) {
      result.facts.notices.push_back("the merge would wait for COMMIT MERGE");
    }
    add_notices(run, result.facts);
    if (names_.size() > 1) {  // merge_decisions speaks of several once they are merged.
      if (!run.conflicting) decided_.add_lines_alone(result.facts);
    } else if (policy != Policy::kManual) {
      const HintWords& words = context_.words;
      const bool is_command = &words == &hint_words(Door::kCommand);  // Which begins on main.
      const std::string tip = is_command ? std::string(context_.head.branch) : "HEAD";
      decided_.add_notices(words,
                           fmt::format("'{}', '{}', '{}'", tip, names_[0],
                                       policy_words(policy, statement_.renumber)),
                           result.facts);
    }
    return result;
  }

  // Open conflicts: by hand they wait, else they stop the merge.
  Result<VerbResult> stop_or_wait(MergeRun run, const std::vector<Oid>& sources,
                                  const MergeOptions& options) {
    store::ObjectStore& store = context_.store;
    if (sources.size() > 1) return several_conflict(run, sources);
    if (statement_.policy != "manual") {
      TRY_ASSIGN(std::string hint, ways_out(context_, tip_, run, sources, options));
      return conflict_error(
          run, store.cache(),
          fmt::format("the merge of {} into {}", names_of(names_), context_.head.branch),
          std::move(hint));
    }
    PendingMerge pending;
    pending.began_at = tip_.commit;
    pending.theirs = sources[0];
    pending.source = names_[0];
    if (statement_.has_message) pending.message = statement_.message;
    pending.renumber = statement_.renumber;
    pending.allow_unrelated = statement_.allow_unrelated;
    store::PendingObjects objects(store);
    TRY(keep_pending_merge(context_, pending, objects));
    VerbResult result = waiting(run);
    if (run.remembered > 0) decided_.add_lines(result.facts);
    return result;
  }

  VerbResult waiting(const MergeRun& run) const {
    VerbResult result{{"MERGE", 0, {}, {}}, summary_rows(run.outcome, "waits", {}, Counted::kOpen)};
    result.open_conflicts = open_count(run.outcome);
    const HintWords& words = context_.words;
    result.facts.notices.push_back(
        run.conflicting
            ? fmt::format("{} to be settled, which SHOW MERGE CONFLICTS lists; then {}{}",
                          plural(open_count(run.outcome), "conflict"), words.finish_merge,
                          renumber_words(words, run.outcome))
            : fmt::format(
                  "nothing is open: {} takes these answers, {} answers a conflict once more",
                  words.finish_merge, words.answer_again));
    add_notices(run, result.facts);
    return result;
  }

  // Says which two of several do not go together. Nothing was written.
  Result<VerbResult> several_conflict(const MergeRun& run, const std::vector<Oid>& sources) {
    const size_t last = *run.conflicting;
    std::string other = context_.head.branch;
    MergeOptions options;
    options.policy = policy_of(statement_.policy);
    options.allow_unrelated = true;
    for (const size_t i : run.merged) {
      TRY_ASSIGN(const MergeRun pair, run_merge_of(context_, sources[i], {sources[last]}, options));
      if (pair.conflicting) {
        other = names_[i];
        break;
      }
    }
    return conflict_error(run, context_.store.cache(),
                          fmt::format("the merge of '{}' and '{}'", other, names_[last]),
                          "Nothing was merged. Merge the branches one by one.");
  }

  Context& context_;
  const sql::MergeStmt& statement_;
  MergeGraph graph_;
  std::vector<std::pair<std::string, Oid>> wanted_;
  txn::Snapshot tip_;
  std::vector<std::string> names_;  // Of the sources that are not contained.
  Decided decided_;
  bool is_foreign_ = false;  // One of them is no branch's tip.
  bool with_rules_ = false;  // And another program made it.
};

Result<Oid> forward_to_source(Context& context, const txn::Snapshot& tip,
                              const SourceMerge& merge) {
  TRY(check_forward(context, tip.root, merge.source, kMendForeign));
  txn::BranchMove move;
  move.branch = context.head.branch;
  move.expected_tip = tip.commit;
  move.target = merge.source;
  store::PendingObjects objects(context.store);
  move.objects = &objects;
  move.refs = merge.refs();
  TRY_ASSIGN(store::RefUpdate entry, forward_entry(context, objects, tip.commit, merge.source,
                                                   merge.named.hex().substr(0, kShortIdDigits)));
  move.refs.push_back(std::move(entry));
  TRY_ASSIGN(const txn::CommitOutcome outcome, context.manager.move_branch(move));
  note_commit(context, outcome);
  return outcome.commit;
}

Result<Oid> merge_source_once(Context& context, const SourceMerge& merge) {
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
  MergeGraph graph(context);
  TRY(graph.know(tip.commit));
  TRY(graph.know(merge.source));
  if (graph.holds(tip.commit, merge.source)) {
    TRY(context.manager.update_refs(nullptr, merge.refs()));
    return tip.commit;
  }
  if (graph.contains(merge.source, tip.commit)) return forward_to_source(context, tip, merge);
  TRY_ASSIGN(const Answers remembered, remembered_answers(context.store));
  MergeOptions options;
  if (merge.clean_only) {
    options.policy = Policy::kManual;
  } else {
    options.remembered = &remembered;
  }
  TRY_ASSIGN(MergeRun run, run_merge_of(context, tip.commit, {merge.source}, options));
  if (run.conflicting) {
    std::string hint = fmt::format(fmt::runtime(context.words.merge_by_branch),
                                   merge.named.hex().substr(0, kShortIdDigits));
    if (!merge.clean_only) {
      TRY_ASSIGN(const std::string ways, ways_out(context, tip, run, {merge.source}, options));
      hint += ": " + ways;
    }
    return conflict_error(run, context.store.cache(),
                          fmt::format("the merge of commit {} into {}",
                                      merge.source.hex().substr(0, 12), context.head.branch),
                          std::move(hint));
  }
  TRY_ASSIGN(const auto violations, violations_of(context, run, tip.root, true));
  context.effects.violations = violations;
  if (!violations.empty()) return violation_error(violations, std::string(kMendForeign));
  sql::MergeStmt statement;
  statement.text = merge.body;
  txn::TreeCommit commit = tree_commit(
      context, statement, tip.commit, run,
      merge.message.empty() ? fmt::format("Merge commit {} into {}",
                                          merge.source.hex().substr(0, 12), context.head.branch)
                            : merge.message,
      merge_trailers(options.policy, options.renumber,
                     run.remembered > 0 ? context.store.ref(git::kResolutionsRef) : std::nullopt));
  commit.parents.push_back(merge.source);
  commit.refs = merge.refs();
  TRY_ASSIGN(const txn::CommitOutcome outcome, context.manager.commit_tree(commit));
  note_commit(context, outcome);
  return outcome.commit;
}

Result<VerbResult> commit_once(Context& context, const sql::MergeStmt& statement) {
  store::ObjectStore& store = context.store;
  TRY_ASSIGN(const PendingMerge pending,
             get_pending_merge(store, context.head.branch, context.words));
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
  MergeGraph graph(context);
  TRY(graph.know(tip.commit));
  TRY(graph.know(pending.theirs));
  const store::RefUpdate end{merge_ref(context.head.branch), pending.state, Oid{}};
  if (graph.contains(tip.commit, pending.theirs)) {
    TRY(context.manager.update_refs(nullptr, {end}, context.sync));
    return VerbResult{{"COMMIT MERGE", 0, {}, {"already up to date"}},
                      summary_rows({}, "up to date")};
  }
  Decided decided;
  TRY_ASSIGN(MergeRun run, rerun_pending(context, pending, tip, decided.recorder()));
  if (run.conflicting) {
    TRY_ASSIGN(std::string detail, conflict_lines(run, store.cache()));
    const size_t open = open_count(run.outcome);
    return Error(ErrorCode::kConflict,
                 fmt::format("{} remain{}", plural(open, "conflict"), open == 1 ? "s" : ""))
        .with_detail(std::move(detail))
        .with_hint("SHOW MERGE CONFLICTS lists them; RESOLVE CONFLICT settles one.");
  }
  TRY_ASSIGN(const auto violations, violations_of(context, run, tip.root));
  context.effects.violations = violations;
  if (!violations.empty()) return violation_error(violations, std::string(kAnswerAnew));
  std::string message = statement.has_message ? std::string(statement.message) : pending.message;
  if (message.empty()) message = default_message(context, {pending.source});
  TRY_ASSIGN(auto remembered, remember_answers(store, *run.made, pending.answers, context.author));
  const std::optional<Oid> answers =
      remembered ? std::optional(remembered->new_value) : store.ref(git::kResolutionsRef);
  txn::TreeCommit commit = tree_commit(context, statement, tip.commit, run, std::move(message),
                                       merge_trailers(Policy::kManual, pending.renumber, answers));
  commit.parents.push_back(pending.theirs);
  commit.refs.push_back(end);
  if (remembered) commit.refs.push_back(std::move(*remembered));
  TRY_ASSIGN(const txn::CommitOutcome outcome, context.manager.commit_tree(commit));
  note_commit(context, outcome);
  VerbResult result{{"COMMIT MERGE", rows_touched(run.outcome), outcome.commit.hex(), {}},
                    summary_rows(run.outcome, "merged")};
  add_notices(run, result.facts);
  decided.add_notices(context.words, quoted_id(outcome.commit), result.facts);
  return result;
}

}  // namespace

Result<Oid> merge_source(Context& context, const SourceMerge& merge) {
  return until_it_stands(context, kMergeAttemptsMax,
                         [&] { return merge_source_once(context, merge); });
}

Result<VerbResult> run_merge(Context& context, const sql::MergeStmt& statement) {
  return MergeStatement(context, statement).run();
}

Result<VerbResult> run_commit_merge(Context& context, const sql::MergeStmt& statement) {
  TRY(check_may_merge(context, "COMMIT MERGE"));
  return until_it_stands(context, kMergeAttemptsMax,
                         [&] { return commit_once(context, statement); });
}

Result<VerbResult> run_abort_merge(Context& context, const sql::Statement& /*statement*/) {
  TRY(check_may_merge(context, "ABORT MERGE"));
  // Not through get_pending_merge: a state that cannot be read is to be given up as well.
  const std::string ref = merge_ref(context.head.branch);
  const std::optional<Oid> state = context.store.ref(ref);
  if (!state) {
    TRY(get_pending_merge(context.store, context.head.branch, context.words));
    return Error(ErrorCode::kSerializationFailure, "the pending merge changed meanwhile");
  }
  TRY(context.manager.update_refs(nullptr, {{ref, *state, Oid{}}}, context.sync));
  return VerbResult{{"ABORT MERGE", 0, {}, {}}, answer_rows(sql::StatementKind::kAbortMerge, {{"Merge aborted"}})};
}

// A name that is no relation of either tree is a mistake; a table without conflicts is none.
Result<void> check_relation(const Context& context, const sql::QualifiedName& name,
                            const std::vector<const catalog::Catalog*>& catalogs) {
  const std::string schema = schema_of(context, name);
  for (const catalog::Catalog* catalog : catalogs) {
    TRY_ASSIGN(const bool has_schema, catalog->has_schema(schema));
    if (!has_schema) continue;
    TRY_ASSIGN(const auto kind, catalog->find_relation(schema, name.name));
    if (kind != sql::ObjectKind::kNone) return {};
  }
  return Error(ErrorCode::kUndefinedTable,
               fmt::format("relation \"{}{}{}\" does not exist", name.schema,
                           name.schema.empty() ? "" : ".", name.name));
}

Result<VerbResult> show_conflicts(Context& context, const sql::ShowStmt& statement) {
  store::ObjectStore& store = context.store;
  std::optional<std::pair<std::string, std::string>> table;
  if (!statement.name.name.empty()) {
    table.emplace(schema_of(context, statement.name), std::string(statement.name.name));
  }
  TRY_ASSIGN(const auto pending, find_pending_merge(store, context.head.branch, context.words));
  VerbResult result{{"SHOW 0", 0, {}, {}}, {}};
  if (!pending) {
    if (table && context.transaction != nullptr) {
      TRY(check_relation(context, statement.name, {&context.transaction->catalog()}));
    } else if (table) {
      TRY_ASSIGN(const txn::Snapshot head, find_revision(context, "HEAD"));
      const catalog::Catalog here(store, store.cache(), head.root);
      TRY(check_relation(context, statement.name, {&here}));
    }
    result.rows = answer_rows(sql::StatementKind::kShowConflicts, {});
    return result;
  }
  TRY_ASSIGN(const txn::Snapshot tip, context.manager.tip_snapshot(context.head.branch));
  TRY_ASSIGN(const MergeRun run, rerun_pending(context, *pending, tip));
  const catalog::Catalog merged(*run.made, store.cache(), run.root);
  TRY_ASSIGN(result.rows, conflict_rows(*run.made, merged, run.outcome, table));
  for (const type::Batch& batch : result.rows->batches) result.facts.affected += batch.rows;
  result.facts.tag = fmt::format("SHOW {}", result.facts.affected);
  if (table && result.facts.affected == 0) {
    const catalog::Catalog here(store, store.cache(), tip.root);
    TRY(check_relation(context, statement.name, {&merged, &here}));
  }
  return result;
}

}  // namespace rowan::versions
