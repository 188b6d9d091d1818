#include "system/shown.h"

#include "sql/statements.h"

namespace rowan::system {

namespace {

using sql::StatementKind;

template <auto show>
struct Call;
template <typename Kind, Result<Shown> (*show)(Context&, const Kind&)>
struct Call<show> {
  static Result<Shown> run(Context& context, const sql::Statement& statement) {
    return show(context, static_cast<const Kind&>(statement));
  }
};

struct ShowRow {
  StatementKind kind;
  Result<Shown> (*run)(Context& context, const sql::Statement& statement);
};
constexpr ShowRow kShows[] = {
    {StatementKind::kShowLog, Call<show_log>::run},
    {StatementKind::kShowTransactions, Call<show_log>::run},
    {StatementKind::kShowDiff, Call<show_diff>::run},
    {StatementKind::kBlame, Call<show_blame>::run},
    {StatementKind::kShowBranches, Call<show_branches>::run},
    {StatementKind::kShowTags, Call<show_tags>::run},
    {StatementKind::kShowForeign, Call<show_foreign>::run},
    {StatementKind::kShowReflog, Call<show_reflog>::run},
    {StatementKind::kShowTables, Call<show_tables>::run},
    {StatementKind::kShowViews, Call<show_views>::run},
    {StatementKind::kShowIndexes, Call<show_indexes>::run},
    {StatementKind::kShowDatabases, Call<show_databases>::run},
    {StatementKind::kShowStatus, Call<show_status>::run},
    {StatementKind::kDescribe, Call<describe>::run},
};

}  // namespace

Result<Shown> shown_by(Context& context, const sql::Statement& statement) {
  for (const ShowRow& row : kShows) {
    if (row.kind == statement.kind) return row.run(context, statement);
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
