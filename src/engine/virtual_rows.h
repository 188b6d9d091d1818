// The names of exec/virtual_rows.h, as the engine's files use them.
#pragma once

#include "exec/virtual_rows.h"

namespace rowan::engine {

using exec::all_rows;
using exec::bigint_value;
using exec::bool_value;
using exec::kBigintType;
using exec::kBoolType;
using exec::kMicrosFrom1970To2000;
using exec::kTextType;
using exec::kTimeType;
using exec::NextRow;
using exec::OpenRows;
using exec::RowCollector;
using exec::stream_table;
using exec::TableRows;
using exec::text_rows;
using exec::text_value;
using exec::time_value;

}  // namespace rowan::engine
