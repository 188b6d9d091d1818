// The rows of tables that both sides have, and the merged tables' files.
#include <algorithm>
#include <cstring>
#include <set>

#include "catalog/paths.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "tree/leaf.h"

namespace rowan::merge {

// ---- Tables: rows ----

// Tables whose rows get other keys come first: there one side's table may have to stand whole, and
// then another merge begins, which knows it. False: it does.
Result<bool> TreeMerge::merge_rows() {
  for (const auto& job : jobs_) {
    if (job->merged)
      job->rows = std::make_unique<RowMerge>(context_, job->sides, job->merged, *job->definition);
  }
  if (request_.renumber) TRY(find_new_keys());
  bool done = true;
  for (const auto& job : jobs_) {
    if (!job->rows || !job->rows->is_rekeyed()) continue;
    TRY(merge_rows_of(*job));
    TRY_ASSIGN(const bool whole, stands_whole(*job));
    done = done && !whole;
  }
  if (!done) return false;
  tell_held_back();
  for (const auto& job : jobs_) {
    if (job->rows && !job->rows->is_rekeyed()) TRY(merge_rows_of(*job));
  }
  for (const auto& job : jobs_) TRY(tell_lost_cells_of(*job));
  return true;
}

Result<void> TreeMerge::merge_rows_of(Job& job) {
  TRY(count_once(job));
  TRY(job.rows->run(new_keys_));
  return fill_new_columns(job);
}

// Nobody can say what becomes of rows which the merged key does not tell apart: one side's table
// stands, or it is a conflict.
Result<bool> TreeMerge::stands_whole(const Job& job) {
  if (job.definition->whole_table()) return false;  // Asked already.
  std::optional<SchemaConflict> conflict = job.rows->unmatched();
  if (!conflict || request_.conflicts_take_base) return false;
  const size_t open = choices_.open.size();
  choices_.settle(*conflict);
  if (choices_.open.size() > open) return false;
  settled_.whole.emplace(job.side_path(Side::kOurs), std::move(*conflict));
  return true;
}

Result<void> TreeMerge::count_once(Job& job) {
  if (job.shared.empty()) return {};
  SharedDeltas shared;
  std::array<const catalog::TableDef*, 3> tables{};
  for (const Side side : kSides) tables[at(side)] = job.sides.versions[at(side)].table.get();
  for (const SharedChange& change : job.shared)
    TRY(shared.add(made_, cache_, change, tables, *job.definition, job.rows->lines()));
  job.rows->count_once(std::move(shared));
  return {};
}

// A row that was made where a column was not there gets what the column's default gives it, as ADD
// COLUMN with that default would. Where ADD COLUMN left a value for such rows, their lines have it.
Result<void> TreeMerge::fill_new_columns(Job& job) {
  if (!request_.default_value || request_.conflicts_take_base) return {};
  const auto source = [&](Side side, uint16_t slot) {
    return job.definition->sources(side)[slot] != kNoSlot;
  };
  const auto changed = [&](Side side) {
    return job.sides.versions[at(side)].rows != job.sides.versions[at(Side::kBase)].rows;
  };
  for (const auto& [known, other] :
       {std::pair(Side::kOurs, Side::kTheirs), std::pair(Side::kTheirs, Side::kOurs)}) {
    std::vector<uint16_t> columns;
    for (uint16_t i = 0; i < job.merged->columns.size(); ++i) {
      const catalog::ColumnDef& column = job.merged->columns[i];
      const bool gives = !column.sequence.empty() || !column.default_sql.empty();
      if (!gives || !column.absent.is_null() || !source(known, column.slot) ||
          source(other, column.slot) || source(Side::kBase, column.slot))
        continue;
      columns.push_back(i);
    }
    if (columns.empty() || !changed(other)) continue;
    TRY(job.rows->fill(columns, known, [&](const catalog::ColumnDef& column) {
      return request_.default_value(
          column, [&](const std::string& sequence) { return next_value(sequence); });
    }));
  }
  return {};
}

Result<uint64_t> TreeMerge::count_rows(const catalog::TableVersion& version) const {
  if (version.rows.is_zero()) return uint64_t{0};
  const catalog::TableLineKeys keys(version.table);
  const tree::TreeReader reader{made_, cache_, keys};
  TRY_ASSIGN(const std::vector<tree::LeafRun> runs, tree::leaf_runs(reader, version.rows));
  uint64_t rows = 0;
  for (const tree::LeafRun& run : runs) {
    for (const Oid& leaf : run.leaves) {
      TRY_ASSIGN(const store::ObjectRef object, tree::read_leaf(made_, leaf));
      if (!version.table->layout.counted) {
        rows += static_cast<uint64_t>(std::count(object.bytes.begin(), object.bytes.end(), '\n'));
        continue;
      }
      for (size_t line = 0; line < object.bytes.size(); line = object.bytes.find('\n', line) + 1) {
        rows += std::strtoull(object.bytes.data() + line + 1, nullptr, 10);
      }
    }
  }
  return rows;
}

// ---- Tables: the merged tree ----

Result<void> TreeMerge::write_tables() {
  for (const auto& job : jobs_) {
    const std::string& ours = job->side_path(Side::kOurs);
    if (!ours.empty() && ours != job->path && !placed_.contains(ours)) put(ours, Oid{}, true);
    if (job->path.empty()) {
      if (job->has(Side::kOurs)) {
        TRY_ASSIGN(const uint64_t rows, count_rows(job->sides.versions[at(Side::kOurs)]));
        TRY_ASSIGN(const PlainPath plain, decode_path(ours));
        outcome_.tables.push_back({plain.schema, plain.name, 0, 0, rows, 0, true});
      }
      continue;
    }
    TRY(job->whole == Side::kBase ? write_merged(*job) : write_whole(*job));
  }
  std::sort(outcome_.tables.begin(), outcome_.tables.end(),
            [](const TableMerge& a, const TableMerge& b) {
              return std::tie(a.schema, a.table) < std::tie(b.schema, b.table);
            });
  return {};
}

Result<void> TreeMerge::summarise_whole(const Job& job) {
  TRY_ASSIGN(const PlainPath plain, decode_path(job.path));
  TableMerge summary{plain.schema, plain.name, 0, 0, 0, 0, false};
  const catalog::TableVersion& ours = job.sides.versions[at(Side::kOurs)];
  const catalog::TableVersion& theirs = job.sides.versions[at(Side::kTheirs)];
  summary.definition_changed =
      !ours.table || ours.table->definition_id != theirs.table->definition_id;
  if (!ours.table) {
    TRY_ASSIGN(summary.added, count_rows(theirs));
    outcome_.tables.push_back(std::move(summary));
    return {};
  }
  const catalog::TableLineKeys our_keys(ours.table);
  const catalog::TableLineKeys their_keys(theirs.table);
  const auto count_of = [](const catalog::TableVersion& side,
                           const std::optional<Bytes>& line) -> uint64_t {
    return !line                        ? 0
           : side.table->layout.counted ? std::strtoull(line->data() + 1, nullptr, 10)
                                        : 1;
  };
  TRY(tree::diff_trees({made_, cache_, our_keys}, ours.rows, {made_, cache_, their_keys},
                       theirs.rows, [&](const tree::RowDifference& row) -> Result<bool> {
                         if (is_cancelled())
                           return Error(ErrorCode::kQueryCanceled,
                                        "canceling statement due to user request");
                         const uint64_t from = count_of(ours, row.from);
                         const uint64_t to = count_of(theirs, row.to);
                         if (to > from) summary.added += to - from;
                         if (to < from) summary.deleted += from - to;
                         if (to == from) ++summary.changed;
                         return true;
                       }));
  outcome_.tables.push_back(std::move(summary));
  return {};
}

Result<void> TreeMerge::write_whole(Job& job) {
  if (job.whole == Side::kOurs) return {};
  if (job.has(Side::kOurs) || !job.has(Side::kBase)) TRY(summarise_whole(job));
  put(job.path, job.folder(Side::kTheirs), true);
  return {};
}

// What ours has at a path that a table moves to goes.
Result<void> TreeMerge::clear_place(const std::string& path) {
  TRY_ASSIGN(const auto there, tree::find_path(made_, cache_, root(Side::kOurs), path));
  if (!there || !there->is_tree()) return {};
  TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, there->id));
  for (const tree::TreeEntry& entry : node->entries())
    put(path + "/" + std::string(entry.name), Oid{}, entry.is_tree());
  return {};
}

Result<void> TreeMerge::write_merged(Job& job) {
  const std::string text = catalog::table_sql(*job.merged);
  std::array<Oid, 3> folders = job.folders;
  std::set<std::string> others;  // What stands beside table.sql, rows and large.
  for (const Oid& folder : folders) {
    if (folder.is_zero()) continue;
    TRY_ASSIGN(const auto node, tree::GitTree::read(made_, cache_, folder));
    for (const tree::TreeEntry& entry : node->entries()) {
      const bool is_own = entry.name == "table.sql" || entry.name == "rows" ||
                          entry.name == "large" || entry.name == catalog::kReadmeFile;
      if (!is_own)
        others.insert(std::string(entry.name));
    }
  }
  const bool moved = job.path != job.side_path(Side::kOurs);
  const Oid definition = made_.add(store::ObjectType::kBlob, text);
  TRY_ASSIGN(const Oid old_definition, entry(folders[at(Side::kOurs)], "table.sql"));
  TRY_ASSIGN(const Oid old_rows, entry(folders[at(Side::kOurs)], "rows"));
  TRY_ASSIGN(const Oid old_large, entry(folders[at(Side::kOurs)], "large"));
  const auto put_changed = [&](std::string_view name, const Oid& id, const Oid& old, bool is_tree) {
    if (moved ? !id.is_zero() : id != old) put(job.path + "/" + std::string(name), id, is_tree);
  };
  if (moved) TRY(clear_place(job.path));
  put_changed("table.sql", definition, old_definition, false);
  put_changed("rows", job.rows->rows(), old_rows, true);
  put_changed("large", job.rows->rows().is_zero() ? Oid{} : job.rows->large(), old_large, true);
  for (const std::string& name : others) {
    std::array<Oid, 3> ids{};
    for (const Side side : kSides) {
      TRY_ASSIGN(ids[at(side)], entry(folders[at(side)], name));
    }
    TRY(merge_folder(job.path + "/" + name, ids, "trigger"));
    if (moved && !edits_.contains(job.path + "/" + name) && !ids[1].is_zero())
      put(job.path + "/" + name, ids[1], true);
  }
  TableMerge& summary = job.rows->summary();
  const bool differs = definition != old_definition || job.rows->rows() != old_rows || moved;
  if (differs || summary.conflicts > 0) outcome_.tables.push_back(summary);
  return {};
}

}  // namespace rowan::merge
