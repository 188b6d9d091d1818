// Constraints and indexes of a table as texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/table.h"

namespace rowan::merge {

std::string joined(const catalog::TableDef& table, const std::vector<uint16_t>& columns);  // "(a, b)"
size_t unique_constraint_count(const catalog::TableDef& table);
std::string index_text(const catalog::TableDef& table, const catalog::IndexDef& index);
// Null: it has none of that name, or is not there itself.
const catalog::ForeignKey* find_foreign_key(const catalog::TableDef* table, std::string_view name);
// Of the constraint, or the index, of this name; empty: there is none. A constraint's first word is
// its kind.
std::string constraint_text(const catalog::TableDef& table, std::string_view name);
std::string index_text_of(const catalog::TableDef& table, std::string_view name);
std::vector<std::string> constraint_names(const catalog::TableDef& table);
// Whether the constraint is kept by an index of its name.
bool is_key_text(std::string_view text);
// The constraints and indexes over a column, by name.
Result<std::map<std::string, std::string>> parts_over(const catalog::TableDef& table,
                                                      std::string_view name);

}  // namespace rowan::merge
