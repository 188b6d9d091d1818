// rowan.diff_stat: how many rows of each table two commits differ by.
#include "diff/table_diff.h"
#include "system/fillers.h"
#include "system/rowan/history_tables.h"
#include "system/rowan/table_sides.h"

namespace rowan::system {

namespace {

Result<int64_t> count_rows(Context& context, const std::optional<catalog::TableVersion>& version) {
  if (!version) return int64_t{0};
  store::ObjectStore& store = context.store();
  TRY_ASSIGN(const uint64_t rows, context.manager().row_counts().ensure(
                                      store, store.cache(), *version->table, version->rows));
  return static_cast<int64_t>(rows);
}

}  // namespace

Result<NextRow> diff_stat_rows(Context& context, const DiffTarget& target,
                               const expr::EvalContext& eval) {
  TRY_ASSIGN(ChangedTables open,
             ChangedTables::open(context, target, history_of(context, eval.cancelled)));
  auto tables = std::make_shared<ChangedTables>(std::move(open));
  const bool one = target.table.has_value();
  return NextRow([&context, tables, one](Values& row) -> Result<bool> {
    while (!tables->at_end()) {
      const TableSides sides = tables->take();
      TRY_ASSIGN(const diff::DiffStat stat,
                 diff::count_differences(tables->source(), sides.from, sides.to));
      if (!stat.any() && !one && sides.from && sides.to) continue;  // Only its definition changed.
      TRY_ASSIGN(const int64_t old_rows, count_rows(context, sides.from));
      TRY_ASSIGN(const int64_t new_rows, count_rows(context, sides.to));
      row = {text_value(table_label(sides))};
      for (const uint64_t count : {stat.added, stat.removed, stat.modified, stat.cells_modified})
        row.push_back(bigint_value(static_cast<int64_t>(count)));
      row.push_back(bigint_value(old_rows));
      row.push_back(bigint_value(new_rows));
      return true;
    }
    return false;
  });
}

Result<NextRow> open_diff_stat(Context& context, const Values& arguments,
                               const expr::EvalContext& eval) {
  TRY_ASSIGN(const DiffTarget target, target_arguments(context, arguments));
  return diff_stat_rows(context, target, eval);
}

}  // namespace rowan::system
