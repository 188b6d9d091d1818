// The results that a Session hands out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/operator.h"
#include "plan/plan.h"
#include "rowan/rowan.h"
#include "type/column.h"
#include "type/value.h"
#include "versions/answer.h"

namespace rowan::engine {

using ColumnInfos = std::shared_ptr<const std::vector<ColumnInfo>>;
// pg_attribute.atttypmod; -1: none.
int32_t postgres_modifier(type::Type type);
ColumnInfos column_infos(const std::vector<plan::OutputColumn>& outputs);
ColumnInfos no_columns();

using versions::ResultFacts;

// Puts these before the notices that the rows have. Requires: `rows` was made here.
void add_notices(Rows& rows, std::vector<Notice> notices);
std::vector<Notice> take_notices(Rows& rows);  // As above.

// As Rows::format(). Requires: `rows` was made here.
void set_format(Rows& rows, Format format);

// The next rows of those that next() has not come to; false at the end. Requires: `rows` was made here,
// and next() was never asked.
Result<bool> take_batch(Rows& rows, type::Batch& batch);

// A single row, or none: point statements.
std::unique_ptr<Rows> make_point_rows(ColumnInfos columns, bool found,
                                      std::vector<type::Value> values);
// Rows that are there already. `account` counts them as long as they are held.
std::unique_ptr<Rows> make_batch_rows(ColumnInfos columns, std::vector<type::Batch> batches,
                                      ResultFacts facts,
                                      MemoryAccount account = MemoryAccount(nullptr));
// The same, counted here. kOutOfMemory.
Result<std::unique_ptr<Rows>> make_counted_rows(ColumnInfos columns,
                                                std::vector<type::Batch> batches,
                                                ResultFacts facts, MemoryBudget& memory);
// Rows as they come; `pull` gives false at the end, where it also finishes the transaction.
std::unique_ptr<Rows> make_stream_rows(ColumnInfos columns,
                                       std::function<Result<bool>(type::Batch&)> pull);

}  // namespace rowan::engine
