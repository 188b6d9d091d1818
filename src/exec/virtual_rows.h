// What computed tables (rowan.log, rowan.diff, …) are made with: values of the usual types, batches
// from rows, tables from functions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "plan/plan.h"
#include "sql/ast.h"
#include "type/column.h"
#include "type/value.h"

namespace rowan::exec {

inline constexpr int64_t kMicrosFrom1970To2000 = 946'684'800'000'000;

inline constexpr type::Type kTextType{type::TypeId::kText, -1};
inline constexpr type::Type kBigintType{type::TypeId::kInt8, -1};
inline constexpr type::Type kBoolType{type::TypeId::kBool, -1};
inline constexpr type::Type kTimeType{type::TypeId::kTimestamptz, -1};

inline type::Value text_value(std::string value) {
  return type::Value::of_string(kTextType, std::move(value));
}
inline type::Value bigint_value(int64_t value) { return type::Value::of_int(kBigintType, value); }
inline type::Value bool_value(bool value) { return type::Value::of_int(kBoolType, value ? 1 : 0); }
inline type::Value time_value(int64_t since_1970) {
  return type::Value::of_int(kTimeType, since_1970 - kMicrosFrom1970To2000);
}

// Collects rows into batches, and counts them as the running statement's as long as it lives.
class RowCollector {
 public:
  explicit RowCollector(const std::vector<plan::OutputColumn>& columns,
                        size_t batch_rows = kBatchRows);
  void add(const std::vector<type::Value>& row);  // A value a column, of its type or NULL.
  size_t rows() const { return total_; }
  std::vector<type::Batch> finish();

 private:
  void flush();

  std::vector<type::ColumnBuilder> builders_;
  std::vector<type::Batch> batches_;
  size_t batch_rows_;
  size_t rows_ = 0;
  size_t total_ = 0;
  CountedMemory memory_;
};

// Gives the next row; false at the end.
using NextRow = std::function<Result<bool>(std::vector<type::Value>& row)>;
// Starts the rows for a call's arguments.
using OpenRows = std::function<Result<NextRow>(const std::vector<type::Value>& arguments,
                                               const expr::EvalContext& context)>;

// The rows that `next` gives, as batches. `columns` outlive it.
std::unique_ptr<plan::VirtualRows> stream_rows(const std::vector<plan::OutputColumn>& columns,
                                               NextRow next, const expr::EvalContext& context);

// A table whose rows come one by one, so that a LIMIT ends the work. `follows_revisions`: its plan
// is not kept.
std::shared_ptr<const plan::VirtualTable> stream_table(std::vector<plan::OutputColumn> columns,
                                                       OpenRows open,
                                                       bool follows_revisions = true);

// The rows of statements that show something.
struct TableRows {
  std::vector<plan::OutputColumn> columns;
  std::vector<type::Batch> batches;
  std::vector<std::string> notices = {};
};
// Of text alone.
TableRows text_rows(std::vector<std::string> names,
                    const std::vector<std::vector<std::string>>& rows);
// What statements of that kind answer with, when it is fixed by the table of statements.
std::vector<plan::OutputColumn> answer_columns(sql::StatementKind kind);
// The same with rows. Requires: text alone.
TableRows answer_rows(sql::StatementKind kind, const std::vector<std::vector<std::string>>& rows);

// All rows at once, for statements that show them. What they take counts while they are made; who
// holds them then counts them.
Result<std::vector<type::Batch>> all_rows(const plan::VirtualTable& table,
                                          const std::vector<type::Value>& arguments,
                                          const expr::EvalContext& context,
                                          uint64_t limit = UINT64_MAX);

}  // namespace rowan::exec
