#include "versions/merge_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "exec/virtual_rows.h"
#include "versions/merge_decisions.h"

namespace rowan::versions {

using exec::bigint_value;
using exec::RowCollector;
using exec::text_value;

namespace {

using merge::Policy;

constexpr size_t kDetailLinesMax = 5;

// Rows that both sides inserted under one generated key, when they are all that is open.
bool only_generated_keys(const merge::Outcome& outcome) {
  return outcome.schema_conflicts.empty() &&
         std::all_of(outcome.conflicts.begin(), outcome.conflicts.end(),
                     [](const auto& conflict) { return conflict.generated_key; });
}

bool has_generated_keys(const merge::Outcome& outcome) {
  return std::any_of(outcome.conflicts.begin(), outcome.conflicts.end(),
                     [](const auto& conflict) { return conflict.generated_key; });
}

// Whether the merge goes through when one side stands.
Result<bool> ends_merge(const Context& context, const Oid& tip, const Oid& root,
                        const std::vector<Oid>& sources, MergeOptions options, Policy policy) {
  options.policy = policy;
  options.remembered = nullptr;
  options.record = nullptr;
  TRY_ASSIGN(const MergeRun run, run_merge_of(context, tip, sources, options));
  if (run.conflicting) return false;
  TRY_ASSIGN(const auto violations, violations_of(context, run, root));
  return violations.empty();
}

}  // namespace

std::string plural(size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string names_of(const std::vector<std::string>& sources) {
  std::string names;
  for (const std::string& source : sources) names += (names.empty() ? "'" : ", '") + source + "'";
  return names;
}

Result<std::vector<exec::Violation>> violations_of(const Context& context, const MergeRun& run,
                                                   const Oid& valid_root, bool with_rules) {
  exec::ValidateRequest request{*run.made, valid_root, run.root};
  request.system = &context.repository.system_tables();
  request.with_rules = with_rules;
  return exec::validate(request, context.manager, context.indexes, context.eval);
}

std::string renumber_words(const HintWords& words, const merge::Outcome& outcome) {
  if (!has_generated_keys(outcome)) return {};
  return fmt::format("; {} gives the other branch's rows new keys where both gave out one",
                     words.renumber_by_hand);
}

Result<std::string> ways_out(const Context& context, const txn::Snapshot& tip, const MergeRun& run,
                             const std::vector<Oid>& sources, const MergeOptions& options) {
  const HintWords& words = context.words;
  std::string hint = fmt::format("{} lets you settle each", words.merge_by_hand);
  // Where a table's own key is another one by now nothing is renumbered.
  if (only_generated_keys(run.outcome) && !options.renumber)
    return hint + fmt::format("; {} gives the other branch's rows new keys.", words.merge_renumber);
  if (!options.renumber) hint += renumber_words(words, run.outcome);
  if (options.policy != Policy::kOurs && options.policy != Policy::kTheirs) {
    TRY_ASSIGN(const bool ours,
               ends_merge(context, tip.commit, tip.root, sources, options, Policy::kOurs));
    TRY_ASSIGN(const bool theirs,
               ends_merge(context, tip.commit, tip.root, sources, options, Policy::kTheirs));
    if (ours && theirs) {
      hint += fmt::format("; {} lets one side stand", words.merge_either);
    } else if (ours || theirs) {
      hint +=
          fmt::format("; {} lets that side stand", ours ? words.merge_ours : words.merge_theirs);
    }
  }
  for (const merge::SchemaConflict& conflict : run.outcome.schema_conflicts) {
    if (conflict.takes(merge::Side::kOurs) || conflict.takes(merge::Side::kTheirs)) continue;
    hint += fmt::format(
        ". No side of {} can stand: change its rows or its definition on one of the branches, "
        "then merge again",
        conflict.object);
    break;
  }
  return hint + ".";
}

Error conflict_error(const MergeRun& run, store::NodeCache& cache, std::string_view what,
                     std::string hint) {
  auto detail = conflict_lines(run, cache);
  if (!detail) return std::move(detail).error();
  return Error(ErrorCode::kConflict,
               fmt::format("{} has {}", what, plural(open_count(run.outcome), "conflict")))
      .with_detail(std::move(*detail))
      .with_hint(std::move(hint));
}

std::string violation_line(const exec::Violation& violation) {
  const std::string row = violation.key.empty() ? std::string() : " key " + violation.key;
  return fmt::format("{}.{}{}: {}", violation.schema, violation.table, row, violation.message);
}

std::string violation_hint(const std::vector<exec::Violation>& violations) {
  const bool about_rows =
      std::any_of(violations.begin(), violations.end(), [](const exec::Violation& violation) {
        return violation.code == ErrorCode::kNotNullViolation ||
               violation.code == ErrorCode::kUniqueViolation ||
               violation.code == ErrorCode::kForeignKeyViolation ||
               violation.code == ErrorCode::kCheckViolation;
      });
  if (about_rows)
    return "The merged rows break constraints. Change them on one of the branches, then merge "
           "again.";
  return "What one branch made does not go with what the other changed. Change or drop it on one "
         "of the branches, then merge again.";
}

Error violation_error(const std::vector<exec::Violation>& violations, std::string hint) {
  std::string detail;
  for (size_t i = 0; i < violations.size() && i < kDetailLinesMax; ++i)
    detail += (i > 0 ? "\n" : "") + violation_line(violations[i]);
  if (violations.size() > kDetailLinesMax)
    detail += fmt::format("\nand {} more", violations.size() - kDetailLinesMax);
  return Error(violations[0].code, violations[0].message)
      .with_detail(std::move(detail))
      .with_hint(std::move(hint));
}

TableRows summary_rows(const merge::Outcome& outcome, std::string_view word,
                       const std::vector<exec::Violation>& violations, Counted counted) {
  TableRows rows;
  rows.columns = exec::answer_columns(sql::StatementKind::kMerge);
  RowCollector collector(rows.columns);
  std::vector<std::string> listed;
  const auto count_of = [&](const std::string& table) {
    return std::count_if(violations.begin(), violations.end(), [&](const auto& violation) {
      return violation.schema + "." + violation.table == table;
    });
  };
  const auto add = [&](const std::string& name, const merge::TableMerge& table) {
    const auto number = [](uint64_t count) { return bigint_value(static_cast<int64_t>(count)); };
    collector.add({name.empty() ? type::Value::null({type::TypeId::kText}) : text_value(name),
                   number(table.added), number(table.changed), number(table.deleted),
                   number(table.conflicts), bigint_value(count_of(name)),
                   text_value(std::string(word))});
    listed.push_back(name);
  };
  for (merge::TableMerge table : outcome.tables) {
    if (counted == Counted::kOpen) {
      table.conflicts = static_cast<uint64_t>(std::count_if(
          outcome.conflicts.begin(), outcome.conflicts.end(), [&](const auto& conflict) {
            return conflict.schema == table.schema && conflict.table == table.table;
          }));
    }
    add(table.schema + "." + table.table, table);
  }
  for (const merge::SchemaConflict& conflict : outcome.schema_conflicts) {
    merge::TableMerge one;
    one.conflicts = 1;
    add(conflict.object, one);
  }
  for (const exec::Violation& violation : violations) {
    const std::string name = violation.schema + "." + violation.table;
    if (std::find(listed.begin(), listed.end(), name) == listed.end()) add(name, {});
  }
  if (listed.empty()) add({}, {});
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

// ---- Decided ----

std::function<bool(merge::Settlement)> Decided::recorder() {
  lines_.clear();
  more_ = false;
  return [this](const merge::Settlement& settlement) {
    more_ = lines_.size() == kDetailLinesMax;
    if (!more_) lines_.push_back(settlement_line(settlement));
    return !more_;
  };
}

void Decided::add_lines(ResultFacts& facts) const {
  for (const std::string& line : lines_) facts.notices.push_back(line);
}

void Decided::add_lines_alone(ResultFacts& facts) const {
  add_lines(facts);
  if (more_) facts.notices.push_back("and more");
}

void Decided::add_notices(const HintWords& words, const std::string& of,
                          ResultFacts& facts) const {
  add_lines(facts);
  if (lines_.empty()) return;
  facts.notices.push_back((more_ ? "and more: " : "kept on record: ") +
                          fmt::format(fmt::runtime(words.list_decisions), of));
}

}  // namespace rowan::versions
