// The columns named in an expression's text, and the same text with other names.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::merge {

using ColumnNames = std::map<std::string, std::string, std::less<>>;   // Old name to new.

// Canonical text with the columns renamed; names that are not in the map stay.
Result<std::string> rename_columns(std::string_view expression_sql, const ColumnNames& names);
Result<std::vector<std::string>> columns_of(std::string_view expression_sql);

}  // namespace rowan::merge
