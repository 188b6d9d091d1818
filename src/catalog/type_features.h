// Which features of the format the types of a table's columns need (type::TypeInfo::feature).
#pragma once

#include <set>
#include <string>

#include "catalog/table.h"

namespace rowan::catalog {

std::set<std::string, std::less<>> type_features(const TableDef& table);

}  // namespace rowan::catalog
