// A foreign key over columns that came to types which do not match: the types stay as a side that has
// the key gave them, or the key goes with a side that lacks it.
#include <algorithm>
#include <utility>

#include "catalog/foreign_types.h"
#include "catalog/objects.h"
#include "merge/constraint_text.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

// A column of the merged table as a side's table has it; null: not at all.
const catalog::ColumnDef* own_column(const catalog::TableDef& table,
                                     const catalog::ColumnDef& merged) {
  for (const catalog::ColumnDef& column : table.columns) {
    if (column.id == merged.id) return &column;
  }
  const auto named = table.find_column(merged.name);
  return named ? &table.columns[*named] : nullptr;
}

}  // namespace

struct TreeMerge::Mismatch {
  SchemaConflict conflict;
  std::array<bool, 3> has_key{};  // By Side.
  // By Side: the columns that are of another type there, by its paths of the tables.
  std::array<std::vector<std::pair<std::string, std::string>>, 3> retyped;
};

Result<std::shared_ptr<const catalog::TableDef>> TreeMerge::definition_at(
    const std::string& path) const {
  if (const Job* job = job_at(path))
    return job->merged ? job->merged : job->sides.versions[at(job->whole)].table;
  TRY_ASSIGN(const catalog::TableVersion version,
             table_at(made_, cache_, root(Side::kOurs), path));
  return version.table;
}

Result<std::optional<TreeMerge::Mismatch>> TreeMerge::mismatch_of(
    const Job& child, const catalog::ForeignKey& key) const {
  const std::string parent_path =
      type::encode_name(key.schema) + "/" + type::encode_name(key.table);
  const Job* parent_job = job_at(parent_path);
  if (parent_job == nullptr && changes_.objects.contains(parent_path))
    return std::optional<Mismatch>();  // It goes, which is another matter.
  TRY_ASSIGN(const auto table, definition_at(child.path));
  TRY_ASSIGN(const auto parent, definition_at(parent_path));
  if (parent == nullptr) return std::optional<Mismatch>();
  Mismatch mismatch;
  mismatch.conflict = {table->schema + "." + table->name + "." + key.name, "foreign key", {}, {}, {}};
  mismatch.conflict.may_stand[at(Side::kBase)] = false;
  std::array<bool, 3> can_be_kept{true, true, true};  // By Side: its types.
  std::string types;  // Of the merged columns at odds that a side has otherwise;
  std::array<std::string, 3> own_types;  // and by Side, what it has instead.
  const auto add = [](std::string& text, const catalog::TableDef& def, const std::string& column,
                      const type::Type& type) {
    text += (text.empty() ? "" : ", ") + catalog::qualified(def.schema, def.name) + "." + column +
            " " + type::type_name(type);
  };
  const auto note = [&](const Job* job, const catalog::TableDef& def,
                        const catalog::ColumnDef& merged) {
    bool is_other = false;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      const catalog::TableDef* own =
          job == nullptr ? nullptr : job->sides.versions[at(side)].table.get();
      const catalog::ColumnDef* column = own == nullptr ? nullptr : own_column(*own, merged);
      if (column == nullptr || column->type == merged.type) continue;
      mismatch.retyped[at(side)].emplace_back(job->side_path(side), column->name);
      can_be_kept[at(side)] = can_be_kept[at(side)] &&
                              (!job->definition || job->definition->may_have_type(side, column->name));
      add(own_types[at(side)], def, merged.name, column->type);
      is_other = true;
    }
    if (is_other) add(types, def, merged.name, merged.type);
  };
  for (size_t i = 0; i < key.columns.size(); ++i) {
    const catalog::ColumnDef& column = table->columns[key.columns[i]];
    const auto referenced = parent->find_column(key.referenced[i]);
    if (!referenced) continue;
    const catalog::ColumnDef& to = parent->columns[*referenced];
    if (catalog::foreign_key_types_match(column.type, to.type)) continue;
    note(&child, *table, column);
    note(parent_job, *parent, to);
  }
  bool can_work = false;  // Else it did not on the side that made it either.
  const bool both = find_foreign_key(child.sides.versions[1].table.get(), key.name) != nullptr &&
                    find_foreign_key(child.sides.versions[2].table.get(), key.name) != nullptr;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    const auto& own = child.sides.versions[at(side)].table;
    mismatch.has_key[at(side)] = find_foreign_key(own.get(), key.name) != nullptr;
    std::string& text = side == Side::kOurs ? mismatch.conflict.ours : mismatch.conflict.theirs;
    if (mismatch.has_key[at(side)]) {
      can_work = can_work || !mismatch.retyped[at(side)].empty();
      mismatch.conflict.may_stand[at(side)] = can_be_kept[at(side)];
      text = catalog::foreign_key_sql(*table, key);
      if (both && !own_types[at(side)].empty()) text += " -- of " + own_types[at(side)];
    } else {
      text = types;
    }
  }
  if (!can_work) return std::optional<Mismatch>();
  return std::optional(std::move(mismatch));
}

// True: something was settled, and the merge begins anew.
Result<bool> TreeMerge::settle_reference_types() {
  if (request_.conflicts_take_base || !choices_.open.empty()) return false;
  const size_t before = settled_.size();
  for (const auto& job : jobs_) {
    if (job->path.empty()) continue;
    TRY_ASSIGN(const auto table, definition_at(job->path));
    for (const catalog::ForeignKey& key : table->foreign_keys) {
      TRY_ASSIGN(const std::optional<Mismatch> mismatch, mismatch_of(*job, key));
      if (!mismatch) continue;
      const size_t open = choices_.open.size();
      const Side stands = choices_.settle(mismatch->conflict);
      if (choices_.open.size() > open) continue;
      settled_.needs.push_back(mismatch->conflict);
      const size_t kept = settled_.size();
      if (mismatch->has_key[at(stands)]) {
        for (const auto& [path, column] : mismatch->retyped[at(stands)])
          settled_.kept_columns[{stands, path}].insert(column);
      }
      if (settled_.size() > kept) continue;
      for (const Side side : {Side::kOurs, Side::kTheirs}) {
        if (job->has(side)) settled_.lost_keys.emplace(job->side_path(side), key.name);
      }
    }
  }
  return settled_.size() > before;
}

}  // namespace rowan::merge
