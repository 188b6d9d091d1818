#include "versions/merge_decisions.h"

#include <fmt/format.h>

#include <algorithm>

#include "merge/record.h"
#include "tree/row_tree.h"
#include "type/text.h"
#include "versions/conflict_text.h"
#include "versions/merge_run.h"
#include "versions/revisions.h"

namespace rowan::versions {

namespace {

using merge::Policy;
using type::Value;

constexpr std::string_view kPolicyTrailer = "Rowan-Merge-Policy";
constexpr std::string_view kAnswersTrailer = "Rowan-Merge-Answers";
constexpr std::string_view kRenumber = ", renumber";

struct PolicyWord {
  Policy policy;
  std::string_view word;
};
constexpr PolicyWord kPolicies[] = {{Policy::kRowLevel, "row-level"},
                                    {Policy::kOurs, "ours"},
                                    {Policy::kTheirs, "theirs"},
                                    {Policy::kManual, "manual"}};

// What a merge's commit says of how it was made.
struct MadeHow {
  std::optional<Policy> policy;  // Nothing: another program made it.
  bool renumber = false;
  std::optional<Oid> answers;  // The commit of refs/rowan/resolutions that holds them.
};

// "theirs", "theirs, renumber": as trailers and the arguments of merge_decisions say it.
void read_policy(std::string_view words, MadeHow& how) {
  how.renumber = words.ends_with(kRenumber);
  if (how.renumber) words.remove_suffix(kRenumber.size());
  how.policy = find_policy(words);
}

MadeHow made_how(const git::Commit& commit) {
  MadeHow how;
  for (const auto& [name, value] : git::trailers(commit.message)) {
    if (name == kAnswersTrailer) how.answers = Oid::parse(value);
    if (name == kPolicyTrailer) read_policy(value, how);
  }
  return how;
}

// A row of the merged tree, as the answer that it was.
Result<std::optional<merge::Resolution>> row_in(const Context& context, const Oid& root,
                                                const merge::RowConflict& conflict) {
  using Found = std::optional<merge::Resolution>;
  const store::ObjectStore& store = context.store;
  const catalog::Catalog catalog(store, context.store.cache(), root);
  TRY_ASSIGN(const bool known, catalog.has_schema(conflict.schema));
  if (!known) return Found();
  TRY_ASSIGN(const auto version, catalog.find_table(conflict.schema, conflict.table));
  if (!version) return Found();
  const catalog::TableLineKeys keys(version->table);
  TRY_ASSIGN(const auto line,
             tree::find_line({store, context.store.cache(), keys}, version->rows, conflict.key));
  return Found(merge::Resolution{line ? merge::SideLine(std::string(line->line)) : std::nullopt});
}

Error no_merge(const Oid& commit) {
  return Error(ErrorCode::kInvalidParameterValue,
               fmt::format("commit {} is not a merge", commit.hex().substr(0, 12)))
      .with_hint("rowan.commits lists the merges: they have several parents in rowan.parents.");
}

constexpr std::string_view kOpen = "open conflict";

// What nobody decided.
merge::Settlement open_conflict(const merge::SchemaConflict& conflict) {
  merge::Settlement settlement = merge::settlement_of(conflict);
  settlement.ground = kOpen;
  return settlement;
}

Result<std::optional<std::string>> conflict_text(const store::ObjectReader& objects,
                                                 const catalog::TableDef& table,
                                                 const merge::RowConflict& conflict,
                                                 merge::Side side, std::optional<uint16_t> column) {
  if (!conflict.line(side)) return std::optional<std::string>();
  if (!column) {
    TRY_ASSIGN(std::string row, row_json(objects, table, conflict, side));
    return std::optional<std::string>(std::move(row));
  }
  TRY_ASSIGN(const std::vector<Value> values, row_values(objects, table, conflict.shown(side)));
  if (!conflict.has(side, *column) || values[*column].is_null())
    return std::optional<std::string>();
  return std::optional<std::string>(type::to_text(values[*column]));
}

// A row's conflict: a settlement for each of its columns; of a row as a whole one without a column.
Result<void> tell_open(const store::ObjectReader& objects, const catalog::TableDef& table,
                       const merge::RowConflict& conflict,
                       const std::function<bool(merge::Settlement)>& record) {
  std::vector<std::optional<uint16_t>> columns(conflict.columns.begin(), conflict.columns.end());
  if (columns.empty() || !conflict.merged) columns = {std::nullopt};
  for (const std::optional<uint16_t>& column : columns) {
    merge::Settlement settlement;
    settlement.schema = conflict.schema;
    settlement.object = conflict.table;
    TRY_ASSIGN(settlement.key, key_text(table, conflict));
    settlement.kind = merge::conflict_kind(conflict);
    if (column) settlement.column = table.columns[*column].name;
    TRY_ASSIGN(settlement.base,
               conflict_text(objects, table, conflict, merge::Side::kBase, column));
    TRY_ASSIGN(settlement.ours,
               conflict_text(objects, table, conflict, merge::Side::kOurs, column));
    TRY_ASSIGN(settlement.theirs,
               conflict_text(objects, table, conflict, merge::Side::kTheirs, column));
    settlement.ground = kOpen;
    record(std::move(settlement));
  }
  return {};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> merge_trailers(Policy policy, bool renumber,
                                                                const std::optional<Oid>& answers) {
  std::vector<std::pair<std::string, std::string>> trailers;
  trailers.emplace_back(kPolicyTrailer, policy_words(policy, renumber));
  if (answers) trailers.emplace_back(kAnswersTrailer, answers->hex());
  return trailers;
}

std::string policy_words(Policy policy, bool renumber) {
  return std::string(policy_word(policy)) + std::string(renumber ? kRenumber : "");
}

std::string_view policy_word(Policy policy) {
  for (const PolicyWord& row : kPolicies) {
    if (row.policy == policy) return row.word;
  }
  return {};
}

std::optional<Policy> find_policy(std::string_view word) {
  for (const PolicyWord& row : kPolicies) {
    if (row.word == word) return row.policy;
  }
  return std::nullopt;
}

namespace {

// A text's first line, when that is short; the rest of it is on record.
std::string one_line(std::string_view text) {
  constexpr size_t kShownBytesMax = 60;
  size_t bytes = std::min({text.find_first_of("\r\n"), text.size(), kShownBytesMax});
  if (bytes == text.size()) return std::string(text);
  while (bytes > 0 && (text[bytes] & 0xC0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace

std::string settlement_line(const merge::Settlement& one) {
  const bool both = !one.schema.empty() && !one.object.empty();
  std::string line = one.schema + (both ? "." : "") + one.object;
  if (one.key) line += " key " + one_line(*one.key);
  line += one.column ? ", " + *one.column : ", " + one.kind;
  const auto text = [&](const std::optional<std::string>& value) {
    const bool is_cell = one.column && one.kind != "renumbered key";
    return value ? one_line(*value) : std::string(is_cell ? "NULL" : "nothing");
  };
  return line + fmt::format(": {} on this branch, {} on the other; merged to {} ({})",
                            text(one.ours), text(one.theirs), text(one.merged), one.ground);
}

Result<void> remake_merge(const Context& context, const Oid& id, const Record& record) {
  MergeGraph graph(context);
  TRY(graph.know(id));
  const store::ObjectStore& store = context.store;
  TRY_ASSIGN(const git::Commit commit, read_commit(store, id));
  if (commit.parents.size() < 2) return no_merge(id);
  const MadeHow how = made_how(commit);
  MergeOptions options;
  options.policy = how.policy.value_or(Policy::kManual);
  options.renumber = how.renumber;
  options.allow_unrelated = true;
  Answers answers;
  bool has_answers = false;
  if (how.answers) {
    if (const auto kept = read_commit(store, *how.answers)) {
      answers = Answers(kept->tree);
      has_answers = true;
    }
  }
  // Without the answers themselves the tree tells what they were.
  if (has_answers) {
    options.remembered = &answers;
  } else if (options.policy == Policy::kManual || how.answers) {
    TRY_ASSIGN(const Oid root, context.repository.root_of(id));
    options.resolve = [&context, root](const merge::RowConflict& conflict) {
      return row_in(context, root, conflict);
    };
  }
  options.record = [&](merge::Settlement settlement) {
    if (!how.policy && settlement.ground == "answer") settlement.ground = "not recorded";
    return record(std::move(settlement));
  };
  TRY_ASSIGN(const MergeRun run,
             run_merge_of(context, commit.parents[0],
                          {commit.parents.begin() + 1, commit.parents.end()}, options));
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
    merge::Settlement settlement = merge::settlement_of(conflict);
    settlement.ground = how.policy ? "answer" : "not recorded";
    record(std::move(settlement));
  }
  return {};
}

Result<void> foresee_merge(const Context& context, const Oid& ours, const Oid& theirs,
                           const std::optional<std::string>& policy, const Record& record) {
  MergeOptions options;
  if (policy) {
    MadeHow how;
    read_policy(*policy, how);
    if (!how.policy || *how.policy == Policy::kManual)
      return Error(ErrorCode::kInvalidParameterValue,
                   fmt::format("\"{}\" decides nothing", *policy))
          .with_hint(
              "The policies that do are row-level, ours and theirs; \", renumber\" may follow.");
    options.policy = *how.policy;
    options.renumber = how.renumber;
  }
  MergeGraph graph(context);
  TRY(graph.know(ours));
  TRY(graph.know(theirs));
  if (graph.holds(ours, theirs) || graph.contains(theirs, ours)) return {};
  TRY_ASSIGN(const Answers remembered, remembered_answers(context.store));
  if (options.policy == Policy::kRowLevel) options.remembered = &remembered;
  options.record = record;
  TRY_ASSIGN(const MergeRun run, run_merge_of(context, ours, {theirs}, options));
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts)
    record(open_conflict(conflict));
  const catalog::Catalog merged(*run.made, context.store.cache(), run.root);
  for (const merge::RowConflict& conflict : run.outcome.conflicts) {
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY(tell_open(*run.made, *version.table, conflict, record));
  }
  return {};
}

}  // namespace rowan::versions
