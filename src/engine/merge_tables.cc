#include "engine/merge_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/history.h"
#include "engine/virtual_rows.h"
#include "merge/record.h"
#include "tree/row_tree.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

using merge::Policy;
using plan::OutputColumn;
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
Result<std::optional<merge::Resolution>> row_in(SessionImpl& session, const Oid& root,
                                                const merge::RowConflict& conflict) {
  using Found = std::optional<merge::Resolution>;
  const store::ObjectStore& store = session.owner().store();
  const catalog::Catalog catalog(store, session.owner().store().cache(), root);
  TRY_ASSIGN(const bool known, catalog.has_schema(conflict.schema));
  if (!known) return Found();
  TRY_ASSIGN(const auto version, catalog.find_table(conflict.schema, conflict.table));
  if (!version) return Found();
  const catalog::TableLineKeys keys(version->table);
  TRY_ASSIGN(const auto line, tree::find_line({store, session.owner().store().cache(), keys},
                                              version->rows, conflict.key));
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
                                                 merge::Side side,
                                                 std::optional<uint16_t> column) {
  if (!conflict.line(side)) return std::optional<std::string>();
  if (!column) {
    TRY_ASSIGN(std::string row, row_json(objects, table, conflict, side));
    return std::optional<std::string>(std::move(row));
  }
  TRY_ASSIGN(const std::vector<Value> values, row_values(objects, table, conflict.shown(side)));
  if (!conflict.has(side, *column) || values[*column].is_null()) return std::optional<std::string>();
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
    TRY_ASSIGN(settlement.base, conflict_text(objects, table, conflict, merge::Side::kBase, column));
    TRY_ASSIGN(settlement.ours, conflict_text(objects, table, conflict, merge::Side::kOurs, column));
    TRY_ASSIGN(settlement.theirs, conflict_text(objects, table, conflict, merge::Side::kTheirs, column));
    settlement.ground = kOpen;
    record(std::move(settlement));
  }
  return {};
}

// The merge that made the commit, once more.
Result<void> remake(SessionImpl& session, const Oid& id,
                    const std::function<bool(merge::Settlement)>& record) {
  const store::ObjectStore& store = session.owner().store();
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
    TRY_ASSIGN(const Oid root, session.owner().root_of(id));
    options.resolve = [&session, root](const merge::RowConflict& conflict) {
      return row_in(session, root, conflict);
    };
  }
  options.record = [&](merge::Settlement settlement) {
    if (!how.policy && settlement.ground == "answer") settlement.ground = "not recorded";
    return record(std::move(settlement));
  };
  TRY_ASSIGN(const MergeRun run,
             run_merge_of(session, commit.parents[0],
                          {commit.parents.begin() + 1, commit.parents.end()}, options));
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
    merge::Settlement settlement = merge::settlement_of(conflict);
    settlement.ground = how.policy ? "answer" : "not recorded";
    record(std::move(settlement));
  }
  return {};
}

Result<Oid> named_commit(SessionImpl& session, const std::vector<Value>& arguments, size_t index) {
  TRY_ASSIGN(const std::string revision, revision_text(arguments, index));
  return session_revision(session, revision);
}

// What MERGE would do.
Result<void> foresee(SessionImpl& session, const std::vector<Value>& arguments,
                     const std::function<bool(merge::Settlement)>& record) {
  TRY_ASSIGN(const Oid ours, named_commit(session, arguments, 0));
  TRY_ASSIGN(const Oid theirs, named_commit(session, arguments, 1));
  MergeOptions options;
  if (arguments.size() > 2 && !arguments[2].is_null()) {
    const std::string words = argument_text(arguments, 2);
    MadeHow how;
    read_policy(words, how);
    if (!how.policy || *how.policy == Policy::kManual)
      return Error(ErrorCode::kInvalidParameterValue, fmt::format("\"{}\" decides nothing", words))
          .with_hint("The policies that do are row-level, ours and theirs; \", renumber\" may follow.");
    options.policy = *how.policy;
    options.renumber = how.renumber;
  }
  MergeGraph graph(session);
  TRY(graph.know(ours));
  TRY(graph.know(theirs));
  if (graph.holds(ours, theirs) || graph.contains(theirs, ours)) return {};
  TRY_ASSIGN(const Answers remembered, remembered_answers(session.owner().store()));
  if (options.policy == Policy::kRowLevel) options.remembered = &remembered;
  options.record = record;
  TRY_ASSIGN(const MergeRun run, run_merge_of(session, ours, {theirs}, options));
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts)
    record(open_conflict(conflict));
  const catalog::Catalog merged(*run.made, session.owner().store().cache(), run.root);
  for (const merge::RowConflict& conflict : run.outcome.conflicts) {
    TRY_ASSIGN(const catalog::TableVersion version,
               merged.get_table(conflict.schema, conflict.table));
    TRY(tell_open(*run.made, *version.table, conflict, record));
  }
  return {};
}

Value optional_text(const std::optional<std::string>& text) {
  return text ? text_value(*text) : Value::null(kTextType);
}

class Decisions final : public plan::VirtualTable {
 public:
  explicit Decisions(SessionImpl& session) : session_(session) {
    for (const char* name : {"schema", "table", "key", "kind", "column", "base", "ours", "theirs",
                             "merged", "choice", "ground"})
      columns_.push_back({name, kTextType});
  }
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>& arguments,
                                        const expr::EvalContext&) const override {
    RowCollector rows(columns_);
    const auto record = [&](merge::Settlement one) {
      rows.add({text_value(one.schema), text_value(one.object), optional_text(one.key),
                text_value(one.kind), optional_text(one.column), optional_text(one.base),
                optional_text(one.ours), optional_text(one.theirs), optional_text(one.merged),
                one.choice.empty() ? Value::null(kTextType) : text_value(std::string(one.choice)),
                text_value(one.ground)});
      return true;
    };
    if (arguments.size() > 1) {
      TRY(foresee(session_, arguments, record));
      return rows.finish();
    }
    TRY_ASSIGN(const Oid commit, named_commit(session_, arguments, 0));
    MergeGraph graph(session_);
    TRY(graph.know(commit));
    TRY(remake(session_, commit, record));
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

// One branch's pending merge. A state that cannot be read is there all the same.
Result<void> add_pending(SessionImpl& session, const std::string& branch, RowCollector& rows) {
  store::ObjectStore& store = session.owner().store();
  const auto found = find_pending_merge(store, branch, session.owner().hints());
  if (!found) {
    std::vector<Value> row(9, Value::null(kTextType));
    row[0] = text_value(branch);
    row[5] = Value::null(kTimeType);
    row[7] = Value::null(kBigintType);
    row[8] = text_value(found.error().message());
    rows.add(row);
    return {};
  }
  if (!*found) return {};
  const PendingMerge& pending = **found;
  TRY_ASSIGN(const txn::Snapshot tip, session.owner().manager().tip_snapshot(branch));
  MergeGraph graph(session);
  TRY(graph.know(tip.commit));
  TRY(graph.know(pending.theirs));
  std::string bases;
  for (const Oid& base : graph.bases({tip.commit}, pending.theirs))
    bases += (bases.empty() ? "" : ", ") + base.hex();
  TRY_ASSIGN(const MergeRun run, rerun_pending(session, pending, tip));
  TRY_ASSIGN(const std::string lines, conflict_lines(run, store.cache()));
  rows.add({text_value(branch), text_value(pending.source), text_value(pending.theirs.hex()),
            bases.empty() ? Value::null(kTextType) : text_value(bases),
            text_value(pending.begun_by.name), time_value(pending.begun_by.seconds * 1'000'000),
            pending.message.empty() ? Value::null(kTextType) : text_value(pending.message),
            bigint_value(static_cast<int64_t>(open_count(run.outcome))),
            lines.empty() ? Value::null(kTextType) : text_value(lines)});
  return {};
}

class PendingMerges final : public plan::VirtualTable {
 public:
  explicit PendingMerges(SessionImpl& session)
      : session_(session),
        columns_{{"branch", kTextType}, {"source", kTextType},  {"source_commit", kTextType},
                 {"base", kTextType},   {"author", kTextType},  {"begun", kTimeType},
                 {"message", kTextType}, {"open", kBigintType}, {"conflicts", kTextType}} {}
  const std::vector<OutputColumn>& columns() const override { return columns_; }
  Result<std::vector<type::Batch>> rows(const std::vector<Value>&,
                                        const expr::EvalContext&) const override {
    constexpr std::string_view kFolder = "refs/rowan/merge/";
    RowCollector rows(columns_);
    for (const store::RefEntry& ref : session_.owner().store().refs(kFolder))
      TRY(add_pending(session_, ref.name.substr(kFolder.size()), rows));
    return rows.finish();
  }

 private:
  SessionImpl& session_;
  std::vector<OutputColumn> columns_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> merge_trailers(
    Policy policy, bool renumber, const std::optional<Oid>& answers) {
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
  const auto text = [](const std::optional<std::string>& value) {
    return value ? one_line(*value) : std::string("nothing");
  };
  return line + fmt::format(": of {} here and {} there it is {} now ({})", text(one.ours),
                            text(one.theirs), text(one.merged), one.ground);
}

VirtualTablePtr merge_decisions_table(SessionImpl& session) {
  return std::make_shared<Decisions>(session);
}

VirtualTablePtr pending_merges_table(SessionImpl& session) {
  return std::make_shared<PendingMerges>(session);
}

}  // namespace rowan::engine
