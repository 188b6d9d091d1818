// What computed tables (rowan.log, rowan.diff, …) are made with: tables from functions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "type/column.h"
#include "type/value.h"
#include "versions/row_collector.h"

namespace rowan::engine {

using versions::bigint_value;
using versions::bool_value;
using versions::kBigintType;
using versions::kBoolType;
using versions::kMicrosFrom1970To2000;
using versions::kTextType;
using versions::kTimeType;
using versions::RowCollector;
using versions::text_value;
using versions::time_value;

// Gives the next row; false at the end.
using NextRow = std::function<Result<bool>(std::vector<type::Value>& row)>;
// Starts the rows for a call's arguments.
using OpenRows = std::function<Result<NextRow>(const std::vector<type::Value>& arguments,
                                               const expr::EvalContext& context)>;

// A table whose rows come one by one, so that a LIMIT ends the work. `follows_revisions`: its plan
// is not kept.
std::shared_ptr<const plan::VirtualTable> stream_table(std::vector<plan::OutputColumn> columns,
                                                       OpenRows open,
                                                       bool follows_revisions = true);

// All rows at once, for statements that show them.
Result<std::vector<type::Batch>> all_rows(const plan::VirtualTable& table,
                                          const std::vector<type::Value>& arguments,
                                          const expr::EvalContext& context,
                                          uint64_t limit = UINT64_MAX);

}  // namespace rowan::engine
