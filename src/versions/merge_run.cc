#include "versions/merge_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "catalog/objects.h"
#include "diff/row_history.h"
#include "diff/table_diff.h"
#include "diff/table_pair.h"
#include "exec/dml.h"
#include "plan/table_expressions.h"
#include "exec/validator.h"
#include "expr/expr.h"
#include "sql/parser.h"
#include "sql/print.h"
#include "versions/conflict_text.h"
#include "versions/picks.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

constexpr size_t kDetailLinesMax = 5;

}  // namespace

MergeGraph::MergeGraph(const Context& context)
    : context_(context),
      store_(context.store),
      manager_(context.manager),
      history_(context.manager.history()) {}

Result<Oid> MergeGraph::root_of(const Oid& commit) const {
  return context_.repository.root_of(commit);
}

bool MergeGraph::holds(const Oid& tip, const Oid& commit) const {
  const std::vector<Oid> tips = manager_.held_tips(tip);
  return std::any_of(tips.begin(), tips.end(),
                     [&](const Oid& held) { return contains(held, commit); });
}

std::vector<Oid> MergeGraph::bases(const std::vector<Oid>& tips, const Oid& source) const {
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

Result<std::pair<int64_t, Oid>> MergeGraph::last_change(const std::vector<Oid>& tips,
                                                        const std::vector<Oid>& bases,
                                                        const std::string& path, Bytes key) const {
  std::pair<int64_t, Oid> last{INT64_MIN, Oid{}};
  const diff::History history = history_of(context_, context_.cancelled);
  for (const Oid& tip : tips) {
    TRY_ASSIGN(const auto found, diff::last_change(history, tip, bases, path, key));
    if (found) last = std::max(last, std::pair(found->time_us, found->commit));
  }
  return last;
}

Result<bool> MergeGraph::changed_cell(const Oid& tip, const Oid& source, const std::string& path,
                                      Bytes key, uint32_t column) const {
  const diff::Source objects{store_, store_.cache()};
  TRY_ASSIGN(const Oid root, root_of(tip));
  TRY_ASSIGN(const auto now, diff::table_at(objects, root, path));
  if (!now) return false;
  TRY_ASSIGN(const auto line, diff::find_row(objects, *now, key));
  if (!line) return true;
  for (const Oid& base : bases({tip}, source)) {
    TRY_ASSIGN(const Oid before_root, root_of(base));
    TRY_ASSIGN(const auto before, diff::table_at(objects, before_root, path));
    if (!before) continue;
    const diff::TablePair pair(before->table, now->table);
    if (!pair.rows_match()) continue;
    TRY_ASSIGN(const auto old_line, diff::find_row(objects, *before, key));
    if (!old_line) continue;
    TRY_ASSIGN(const std::vector<bool> changed,
               pair.compare(*old_line, *line, diff::LargeValues(store_)));
    const auto& columns = now->table->columns;
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const auto& one) { return one.id == column; });
    if (found == columns.end() || changed.empty()) return false;
    return bool{changed[static_cast<size_t>(found - columns.begin())]};
  }
  return true;
}

std::vector<size_t> MergeGraph::in_time(const std::vector<Oid>& commits) const {
  std::vector<size_t> order(commits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(time_of(commits[a]), commits[a]) < std::pair(time_of(commits[b]), commits[b]);
  });
  return order;
}

Result<Oid> MergeGraph::base_root(store::PendingObjects& objects,
                                  const std::vector<Oid>& bases) const {
  if (bases.empty()) return Oid{};
  if (bases.size() == 1) return root_of(bases[0]);
  merge::BaseQuestions questions;
  questions.bases_of = [&](const Oid& a, const Oid& b) -> Result<std::vector<Oid>> {
    TRY(context_.check_cancelled());
    return manager_.merge_bases(a, b);
  };
  questions.root_of = [&](const Oid& commit) { return root_of(commit); };
  questions.shared_changes = [&](const std::vector<Oid>& ours, const Oid& ours_root,
                                 const Oid& theirs, const merge::TablePlaces& places) {
    return Picks(context_, ours, theirs).of_table(objects, ours_root, places);
  };
  return merge::virtual_base(objects, store_.cache(), bases, questions);
}

int64_t MergeGraph::time_of(const Oid& commit) const {
  const auto info = history_.find(commit);
  return info ? info->time_us : 0;
}

namespace {

Error unrelated(const Oid& source, const Context& context) {
  const HintWords& words = context.words;
  Error error(ErrorCode::kObjectNotInState,
              fmt::format("refusing to merge {}: the histories have no common commit",
                          source.hex().substr(0, 12)));
  // Taken for unrelated, all that both sides have would be added by both.
  if (!context.store.boundary().empty()) {
    return std::move(error).with_hint(
        "This clone is shallow, and what they have in common may not be here. Stock git fetches "
        "it: "
        "git fetch --unshallow.");
  }
  return std::move(error).with_hint(
      fmt::format("{} merges them all the same.", words.merge_unrelated));
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

// Draws from the sequences of the merged tree.
class MergedSequences final : public expr::SequenceSource {
 public:
  using Next = std::function<Result<int64_t>(const std::string& sequence)>;
  MergedSequences(const Next& next, std::string_view schema) : next_(next), schema_(schema) {}

  Result<int64_t> next(std::string_view name) override {
    TRY_ASSIGN(const catalog::ObjectName parsed, catalog::parse_name(name, schema_));
    return next_(catalog::qualified(parsed.schema, parsed.name));
  }
  Result<int64_t> current(std::string_view) override { return unknown(); }
  Result<int64_t> last() override { return unknown(); }
  Result<void> set(std::string_view, int64_t, bool) override { return unknown(); }

 private:
  static Error unknown() {
    return Error(ErrorCode::kFeatureNotSupported,
                 "a default that a merge works out may draw from sequences by nextval only");
  }
  const Next& next_;
  std::string_view schema_;
};

}  // namespace

Result<type::Value> merged_default(
    const Context& context, const catalog::ColumnDef& column,
    const std::function<Result<int64_t>(const std::string&)>& next_value) {
  const std::string text = column.identity == sql::IdentityKind::kNone
                               ? column.default_sql
                               : "nextval(" + sql::quote_literal(column.sequence) + ")";
  TRY_ASSIGN(const sql::ParsedExpression parsed, sql::parse_expression(text));
  TRY_ASSIGN(const expr::NodePtr bound, plan::bind_default(*parsed.expr, column));
  expr::EvalContext eval = context.eval;
  MergedSequences sequences(next_value, eval.schema);
  eval.sequences = &sequences;
  return expr::evaluate_constant(*bound, eval);
}

Result<std::vector<merge::Unusable>> find_unusable(const Context& context,
                                                   const store::ObjectReader& objects,
                                                   const Oid& root, bool is_tip) {
  exec::ValidateRequest request{objects, {}, root};
  request.system = &context.repository.system_tables();
  request.is_tip = is_tip;
  TRY_ASSIGN(const std::vector<exec::Violation> found,
             exec::find_unusable(request, context.manager, context.eval));
  std::vector<merge::Unusable> unusable;
  for (const exec::Violation& one : found)
    unusable.push_back({one.schema, one.table, one.constraint, one.code});
  return unusable;
}

namespace {

// Which side changed a row later. Ours may be several commits merged already.
class LaterSide {
 public:
  LaterSide(const MergeGraph& graph, const std::vector<Oid>& tips, const Oid& source,
            const std::vector<Oid>& bases)
      : graph_(graph), tips_(tips), source_(source), bases_(bases) {}

  Result<bool> is_theirs(const std::string& ours_path, Bytes ours_key,
                         const std::string& theirs_path, Bytes theirs_key,
                         std::optional<uint32_t> column) {
    const Row row{ours_path, theirs_path, std::string(ours_key), std::string(theirs_key)};
    if (row_ != row) {
      row_ = row;
      ours_.clear();
      for (const Oid& tip : tips_) {
        TRY_ASSIGN(const auto last, graph_.last_change({tip}, bases_, ours_path, ours_key));
        ours_.push_back(last);
      }
      TRY_ASSIGN(theirs_, graph_.last_change({source_}, bases_, theirs_path, theirs_key));
    }
    // A later change of another cell does not make a value newer.
    auto ours = std::pair(INT64_MIN, Oid{});
    for (size_t i = 0; i < tips_.size(); ++i) {
      if (tips_.size() > 1 && column) {
        TRY_ASSIGN(const bool changed,
                   graph_.changed_cell(tips_[i], source_, ours_path, ours_key, *column));
        if (!changed) continue;
      }
      ours = std::max(ours, ours_[i]);
    }
    return theirs_ > ours;
  }

 private:
  using Row = std::array<std::string, 4>;

  const MergeGraph& graph_;
  const std::vector<Oid>& tips_;
  const Oid& source_;
  const std::vector<Oid>& bases_;
  std::optional<Row> row_;                     // Asked about last.
  std::vector<std::pair<int64_t, Oid>> ours_;  // Of each tip.
  std::pair<int64_t, Oid> theirs_;
};

}  // namespace

Result<MergeRun> run_merge_of(const Context& context, const Oid& tip,
                              const std::vector<Oid>& sources, const MergeOptions& options) {
  store::ObjectStore& store = context.store;
  MergeGraph graph(context);
  TRY(graph.know(tip));
  MergeRun run;
  run.bases = std::make_unique<store::PendingObjects>(store);
  run.made =
      std::make_unique<store::PendingObjects>(static_cast<const store::ObjectReader&>(*run.bases));
  TRY_ASSIGN(run.root, context.repository.sound_root_of(tip));
  run.outcome.root = run.root;
  std::vector<Oid> sides{tip};
  for (const Oid& source : sources) TRY(graph.know(source));
  for (const size_t i : graph.in_time(sources)) {
    const Oid& source = sources[i];
    const std::vector<Oid> bases = graph.bases(sides, source);
    if (bases.empty() && !options.allow_unrelated) return unrelated(source, context);
    merge::Request request;
    TRY_ASSIGN(request.base_root, graph.base_root(*run.bases, bases));
    request.ours_root = run.root;
    TRY_ASSIGN(request.theirs_root, context.repository.sound_root_of(source));
    request.policy = options.policy;
    request.renumber = options.renumber;
    request.cancelled = context.cancelled;
    request.record = options.record;
    request.branch = context.head.branch;
    request.default_value = [&](const catalog::ColumnDef& column, const auto& next_value) {
      return merged_default(context, column, next_value);
    };
    request.find_unusable = [&](const store::ObjectReader& objects, const Oid& root) {
      return find_unusable(context, objects, root, root != request.theirs_root);
    };
    std::optional<Picks> picks;  // Looked for when a table asks.
    request.shared_changes = [&](const merge::TablePlaces& places) {
      if (!picks) picks.emplace(context, sides, source);
      return picks->of_table(*run.made, request.ours_root, places);
    };
    LaterSide later(graph, sides, source, bases);
    request.theirs_is_later = [&](const std::string& ours_path, Bytes ours_key,
                                  const std::string& theirs_path, Bytes theirs_key,
                                  std::optional<uint32_t> column) {
      return later.is_theirs(ours_path, ours_key, theirs_path, theirs_key, column);
    };
    request.resolve =
        [&](const merge::RowConflict& conflict) -> Result<std::optional<merge::Resolution>> {
      if (options.unanswered == Unanswered::kRows) return std::optional<merge::Resolution>();
      if (options.resolve) {
        TRY_ASSIGN(auto answer, options.resolve(conflict));
        if (answer) return answer;
      }
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
      if (options.unanswered == Unanswered::kDefinitions) return std::nullopt;
      for (const Answers* answers : {options.answers, options.remembered}) {
        if (answers == nullptr) continue;
        const auto answer = answers->schema(store, store.cache(), conflict);
        if (!answer || !*answer) continue;
        if (answers == options.remembered) ++run.remembered;
        return **answer;
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
    run.merged.push_back(i);
  }
  return run;
}

Result<MergeRun> rerun_pending(const Context& context, const PendingMerge& pending,
                               const txn::Snapshot& tip,
                               std::function<bool(merge::Settlement)> record,
                               Unanswered unanswered) {
  TRY_ASSIGN(const Answers remembered, remembered_answers(context.store));
  MergeOptions options;
  options.policy = merge::Policy::kManual;
  options.renumber = pending.renumber;
  options.allow_unrelated = pending.allow_unrelated;
  options.answers = &pending.answers;
  options.remembered = &remembered;
  options.record = std::move(record);
  options.unanswered = unanswered;
  return run_merge_of(context, tip.commit, {pending.theirs}, options);
}

size_t open_count(const merge::Outcome& outcome) {
  return outcome.conflicts.size() + outcome.schema_conflicts.size();
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

}  // namespace rowan::versions
