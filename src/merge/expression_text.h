// An expression's text with other column names.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rowan::merge {

using ColumnNames = std::map<std::string, std::string, std::less<>>;  // Old name to new.

// Canonical text with the columns renamed; names that are not in the map stay.
Result<std::string> rename_columns(std::string_view expression_sql, const ColumnNames& names);

}  // namespace rowan::merge
