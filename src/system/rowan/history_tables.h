// The tables of history that statements show too (show_history.h), for targets that are known.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "system/rowan/history_parts.h"

namespace rowan::system {

// `brief`: commit, author, email, time and message alone.
Result<NextRow> log_rows(Context& context, LogRequest request, bool brief,
                         const expr::EvalContext& eval);
Result<NextRow> diff_stat_rows(Context& context, const DiffTarget& target,
                               const expr::EvalContext& eval);
Result<NextRow> diff_rows_rows(Context& context, const DiffTarget& target,
                               const expr::EvalContext& eval);
Result<NextRow> schema_diff_rows(Context& context, const DiffTarget& target,
                                 const expr::EvalContext& eval);

// Without a range its columns are those that the table has now.
using RangeOf = std::function<Result<CommitRange>(const Values&)>;
Result<TablePtr> diff_table(Context& context, const TableName& table,
                            const std::optional<CommitRange>& range, RangeOf range_of);

struct BlameTarget {
  TableName table;
  std::string revision;
  std::optional<Values> key;
  bool cells = false;
  AtBoundary at_boundary;  // May be empty.
};
Result<TablePtr> blame_table(Context& context, const BlameTarget& target);

// FOR SYSTEM_TIME BETWEEN | FROM | ALL.
Result<TablePtr> row_versions_table(Context& context, const sql::QualifiedName& name,
                                    const plan::TimeRange& range);

}  // namespace rowan::system
