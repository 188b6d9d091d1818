// A foreign key that one side made, over columns of which the other side gave one a type that does
// not match: either the types stay as the key needs them, or the key goes.
#include <algorithm>
#include <utility>

#include "catalog/foreign_types.h"
#include "catalog/objects.h"
#include "merge/sides.h"
#include "merge/tree_merge.h"
#include "type/key_codec.h"

namespace rowan::merge {
namespace {

const catalog::ForeignKey* find_key(const catalog::TableDef* table, std::string_view name) {
  if (table == nullptr) return nullptr;
  for (const catalog::ForeignKey& key : table->foreign_keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

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
  Side holder = Side::kOurs;  // The side that has the key.
  std::vector<std::pair<std::string, std::string>> retyped;  // Its tables' paths, and columns.
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
  Mismatch mismatch;
  const bool ours = find_key(child.sides.versions[1].table.get(), key.name) != nullptr;
  const bool theirs = find_key(child.sides.versions[2].table.get(), key.name) != nullptr;
  if (ours == theirs) return std::optional<Mismatch>();
  mismatch.holder = ours ? Side::kOurs : Side::kTheirs;
  const Side holder = mismatch.holder;
  const std::string parent_path =
      type::encode_name(key.schema) + "/" + type::encode_name(key.table);
  const Job* parent_job = job_at(parent_path);
  if (parent_job == nullptr && changes_.objects.contains(parent_path))
    return std::optional<Mismatch>();  // It goes, which is another matter.
  TRY_ASSIGN(const auto table, definition_at(child.path));
  TRY_ASSIGN(const auto parent, definition_at(parent_path));
  if (parent == nullptr) return std::optional<Mismatch>();
  std::string retyped;
  const auto note = [&](const Job* job, const catalog::TableDef& def,
                        const catalog::ColumnDef& merged) {
    const catalog::TableDef* own =
        job == nullptr ? nullptr : job->sides.versions[at(holder)].table.get();
    const catalog::ColumnDef* column = own == nullptr ? nullptr : own_column(*own, merged);
    if (column == nullptr || column->type == merged.type) return;
    mismatch.retyped.emplace_back(job->side_path(holder), column->name);
    retyped += (retyped.empty() ? "" : ", ") + catalog::qualified(def.schema, def.name) + "." +
               merged.name + " " + type::type_name(merged.type);
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
  if (mismatch.retyped.empty()) return std::optional<Mismatch>();
  mismatch.conflict = {table->schema + "." + table->name + "." + key.name, "foreign key", {}, {}, {}};
  mismatch.conflict.may_stand[at(Side::kBase)] = false;
  std::string& mine = ours ? mismatch.conflict.ours : mismatch.conflict.theirs;
  (ours ? mismatch.conflict.theirs : mismatch.conflict.ours) = retyped;
  mine = catalog::foreign_key_sql(*table, key);
  return std::optional(std::move(mismatch));
}

// True: something was settled, and the merge begins anew.
Result<bool> TreeMerge::settle_reference_types() {
  if (request_.conflicts_take_base || !choices_.open.empty()) return false;
  bool again = false;
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
      bool stays = false;
      for (const auto& [path, column] : mismatch->retyped) {
        if (stands == mismatch->holder)
          stays = settled_.kept_types[{stands, path}].insert(column).second || stays;
      }
      if (!stays) settled_.lost_keys.emplace(job->side_path(mismatch->holder), key.name);
      again = true;
    }
  }
  return again;
}

}  // namespace rowan::merge
