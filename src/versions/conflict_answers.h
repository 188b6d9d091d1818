// Answers to conflicts about rows, as lines: from a side, from JSON, from values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "catalog/table.h"
#include "merge/merge.h"
#include "sql/ast.h"
#include "type/value.h"

namespace rowan::versions {

// The conflict's row with some columns replaced; the others keep their bytes. Its key stays.
Result<std::string> changed_line(const catalog::TableDef& table, const merge::RowConflict& conflict,
                                 const std::vector<std::optional<type::Value>>& values);
// An object of columns, or null: the row goes.
Result<merge::SideLine> json_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict, std::string_view json);
// A side stands in the columns of the conflict; what is no conflict stays merged.
Result<merge::SideLine> side_answer(const catalog::TableDef& table,
                                    const merge::RowConflict& conflict,
                                    const merge::SideLine& side);
// A side that has no such column has no answer about it.
Error lacks_column(const catalog::TableDef& table, const merge::RowConflict& conflict,
                   merge::Side side);

// The row's key as a statement gives it, by literals.
Result<std::string> encoded_key(const catalog::TableDef& table, const sql::Expr& key);
// A value as an assignment to a column casts it.
Result<type::Value> assigned(const type::Value& value, type::Type type);

}  // namespace rowan::versions
