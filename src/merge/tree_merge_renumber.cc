// RENUMBER: which rows of theirs get a new key. Rows are told apart by what they refer to afterwards: one
// that is as ours' has it, but refers to a row with a new key, is another row than ours'.
#include <algorithm>
#include <deque>
#include <set>

#include "merge/sides.h"
#include "merge/tree_merge.h"

namespace rowan::merge {

struct TreeMerge::NewKeys {
  struct Row {
    Job* job = nullptr;
    int64_t key = 0;
  };
  using Referenced = std::pair<KeyColumn, int64_t>;
  std::multimap<Referenced, Row> alike;  // Rows alike on both sides, by what they refer to.
  std::set<Referenced> drawn;            // Rows that got a new key.
  std::deque<Referenced> to_follow;      // Of them: what refers to them may be other rows now.
};

Result<void> TreeMerge::find_new_keys() {
  NewKeys found;
  TRY(find_key_columns());
  for (const auto& job : jobs_) {
    if (job->rows) TRY(find_given_keys(*job, found));
  }
  // A table that both sides changed alike has other rows once what they refer to has.
  for (bool grows = true; grows;) {
    TRY(follow_new_keys(found));
    grows = false;
    for (const auto& job : jobs_) {
      const bool is_alike = job->whole == Side::kOurs && !job->rows && !job->chosen_whole &&
                            job->definition && !job->path.empty() &&
                            job->folder(Side::kOurs) == job->folder(Side::kTheirs) &&
                            !job->unchanged(Side::kTheirs);
      if (!is_alike || !refers_to_new_keys(*job, Side::kOurs)) continue;
      TRY(merge_constraints(*job));
      job->rows = std::make_unique<RowMerge>(context_, job->sides, job->merged, *job->definition);
      TRY(find_given_keys(*job, found));
      grows = true;
    }
  }
  // Rows of one side alone may refer to rows that get a new key.
  for (const auto& job : jobs_) {
    if (job->path.empty() || job->whole != Side::kTheirs) continue;
    if (!refers_to_new_keys(*job, Side::kTheirs)) continue;
    TRY(merge_alone(*job));
  }
  return {};
}

// By the merged tables' names.
Result<void> TreeMerge::find_key_columns() {
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    TRY_ASSIGN(const PlainPath plain, decode_path(job->path));
    const auto& table = job->merged ? job->merged : job->sides.versions[at(job->whole)].table;
    for (const catalog::ForeignKey& key : table->foreign_keys) {
      Reference to{key.schema, key.table, {}};
      if (!job->merged) to = reference(job->whole, key.schema, key.table);
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const auto renamed = to.columns.find(key.referenced[i]);
        new_keys_.refers.emplace(
            KeyColumn(plain.schema, plain.name, table->columns[key.columns[i]].name),
            KeyColumn(to.schema, to.table,
                      renamed == to.columns.end() ? key.referenced[i] : renamed->second));
      }
    }
  }
  return {};
}

// By the side's definition.
bool TreeMerge::refers_to_new_keys(const Job& job, Side side) const {
  const auto& keys = job.sides.versions[at(side)].table->foreign_keys;
  return std::any_of(keys.begin(), keys.end(), [&](const catalog::ForeignKey& key) {
    const Reference to = reference(side, key.schema, key.table);
    return std::any_of(
        key.referenced.begin(), key.referenced.end(), [&](const std::string& column) {
          const auto renamed = to.columns.find(column);
          return new_keys_.of({to.schema, to.table,
                               renamed == to.columns.end() ? column : renamed->second}) != nullptr;
        });
  });
}

// What theirs alone has comes to an empty table.
Result<void> TreeMerge::merge_alone(Job& job) {
  const catalog::TableVersion& theirs = job.sides.versions[at(Side::kTheirs)];
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  if (!job.definition) {
    job.sides.versions[at(Side::kOurs)] = {theirs.table, {}, {}};
    job.sides.versions[at(Side::kBase)] = {theirs.table, {}, {}};
    DefinitionInput input{
        {theirs.table.get(), theirs.table.get(), theirs.table.get()}, plain.schema, plain.name};
    job.definition = std::make_unique<DefinitionMerge>(std::move(input), choices_);
    TRY(job.definition->merge_columns({}));
  }
  TRY(job.definition->merge_constraints(
      [&](Side, std::string_view schema, std::string_view table) {
        return reference(Side::kTheirs, schema, table);
      }));
  job.merged = std::make_shared<const catalog::TableDef>(job.definition->table());
  job.rows = std::make_unique<RowMerge>(context_, job.sides, job.merged, *job.definition);
  job.whole = Side::kBase;
  return {};
}

Result<void> TreeMerge::find_given_keys(Job& job, NewKeys& found) {
  if (!generated_key_column(*job.merged)) return {};
  TRY_ASSIGN(GivenKeys given, job.rows->given_keys());
  for (const int64_t key : given.apart) TRY(draw_key(job, key, found));
  for (const GivenKeys::Follows& row : given.alike) {
    for (KeyColumn& column : new_keys_.reached(row.column)) {
      NewKeys::Referenced referenced{std::move(column), row.referenced};
      if (found.drawn.contains(referenced)) found.to_follow.push_back(referenced);
      found.alike.emplace(std::move(referenced), NewKeys::Row{&job, row.key});
    }
  }
  return {};
}

Result<void> TreeMerge::follow_new_keys(NewKeys& found) {
  for (; !found.to_follow.empty(); found.to_follow.pop_front()) {
    const auto [first, last] = found.alike.equal_range(found.to_follow.front());
    for (auto row = first; row != last; ++row)
      TRY(draw_key(*row->second.job, row->second.key, found));
  }
  return {};
}

// A fresh key follows the farther of both sides' sequences.
Result<void> TreeMerge::draw_key(Job& job, int64_t key, NewKeys& found) {
  const catalog::ColumnDef& column = job.merged->columns[*generated_key_column(*job.merged)];
  const KeyColumn own{job.merged->schema, job.merged->name, column.name};
  if (found.drawn.contains({own, key})) return {};
  TRY_ASSIGN(const auto ours, sequence_on(Side::kOurs, column.sequence));
  TRY_ASSIGN(const auto theirs, sequence_on(Side::kTheirs, column.sequence));
  if (!ours && !theirs) return {};
  int64_t next = 0;
  for (bool taken = true; taken;) {
    TRY_ASSIGN(next, next_value(column.sequence));
    TRY_ASSIGN(taken, job.rows->has_key(next));
  }
  new_keys_.drawn[own][key] = next;
  found.drawn.emplace(own, key);
  found.to_follow.emplace_back(own, key);
  outcome_.renumbered.push_back(
      {job.merged->schema, job.merged->name, std::to_string(key), std::to_string(next)});
  return {};
}

}  // namespace rowan::merge
