#include "system/rowan/table_sides.h"

#include <fmt/format.h>

#include <utility>

#include "diff/changes.h"
#include "diff/table_history.h"

namespace rowan::system {

Result<TableSides> sides_of(Context& context, const TableName& name, const CommitRange& range) {
  const diff::History history = history_of(context, nullptr);
  TRY_ASSIGN(const Oid from_root, history.root_of(range.from));
  TRY_ASSIGN(const Oid to_root, history.root_of(range.to));
  const diff::Source source = history.source();
  const std::string path = name.path();
  TableSides sides;
  TRY_ASSIGN(sides.to, diff::table_at(source, to_root, path));
  if (sides.to) {  // It may have had another name, and another table this one.
    TRY_ASSIGN(const auto before, diff::path_before(source, from_root, to_root, path));
    if (before) {
      TRY_ASSIGN(sides.from, diff::table_at(source, from_root, *before));
    }
    return sides;
  }
  TRY_ASSIGN(sides.from, diff::table_at(source, from_root, path));
  TRY_ASSIGN(const std::vector<diff::ObjectChange> changes,
             diff::changed_objects(source, from_root, to_root));
  for (const diff::ObjectChange& change : changes) {
    if (change.kind != diff::ObjectKind::kTable || !change.renamed() || change.from->path != path)
      continue;
    TRY_ASSIGN(sides.to, diff::table_at(source, to_root, change.to->path));
  }
  if (!sides.from && !sides.to) {
    TRY_ASSIGN(const PlacedTable placed,
               place_table(context, name, range.to));  // Says that it is not there.
  }
  return sides;
}

Result<ChangedTables> ChangedTables::open(Context& context, const DiffTarget& target,
                                          const diff::History& history) {
  ChangedTables tables(history.source());
  if (target.table) {
    TRY_ASSIGN(const TableSides sides, sides_of(context, *target.table, target.range));
    tables.sides_.push_back(sides);
    return tables;
  }
  TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
  TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
  TRY_ASSIGN(const std::vector<diff::ObjectChange> changes,
             diff::changed_objects(tables.source_, from_root, to_root));
  for (const diff::ObjectChange& change : changes) {
    if (change.kind != diff::ObjectKind::kTable) continue;
    TableSides sides;
    if (change.from) {
      TRY_ASSIGN(sides.from, diff::table_at(tables.source_, from_root, change.from->path));
    }
    if (change.to) {
      TRY_ASSIGN(sides.to, diff::table_at(tables.source_, to_root, change.to->path));
    }
    tables.sides_.push_back(std::move(sides));
  }
  return tables;
}

std::string table_label(const TableSides& sides) {
  return (sides.to ? sides.to : sides.from)->table->qualified_name();
}

Result<void> check_named(const diff::History& history, const DiffTarget& target,
                         const Oid& from_root, const Oid& to_root) {
  if (!target.table) return {};
  for (const Oid& root : {from_root, to_root}) {
    const catalog::Catalog catalog(history.objects, history.cache, root);
    TRY_ASSIGN(const auto kind, catalog.find_relation(target.table->schema, target.table->name));
    if (kind != sql::ObjectKind::kNone) return {};
  }
  return Error(ErrorCode::kUndefinedTable,
               fmt::format("relation \"{}{}\" does not exist",
                           target.table->schema == catalog::kDefaultSchema
                               ? std::string()
                               : target.table->schema + ".",
                           target.table->name))
      .with_detail("Neither of the revisions has it.");
}

}  // namespace rowan::system
