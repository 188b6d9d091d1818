#include "system/shown.h"

#include "sql/statements.h"

namespace rowan::system {

Result<Shown> shown_by(Context& context, const sql::Statement& statement) {
  for (const std::span<const ShowRow> rows : {kHistoryShows, kObjectShows}) {
    for (const ShowRow& row : rows) {
      if (row.kind == statement.kind) return row.run(context, statement);
    }
  }
  return Error(ErrorCode::kInternal, sql::words_of(statement) + " shows no table");
}

Result<exec::TableRows> rows_of(const Shown& shown, const expr::EvalContext& eval) {
  exec::TableRows rows;
  rows.columns = shown.table->columns();
  TRY_ASSIGN(rows.batches, all_rows(*shown.table, shown.arguments, eval, shown.limit));
  uint64_t count = 0;
  for (const type::Batch& batch : rows.batches) count += batch.rows;
  if (shown.notices) rows.notices = shown.notices(count);
  return rows;
}

}  // namespace rowan::system
