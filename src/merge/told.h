// What of a side's definition of a table is not there when another side's table stands whole.
//
// Threads: one.
#pragma once

#include <array>
#include <string>

#include "catalog/table.h"
#include "merge/choice.h"

namespace rowan::merge {

// `sides`: by Side; null: it has no such table. Columns, constraints, indexes and the merge rule of
// the sides that do not stand: those that they changed and that the standing table has otherwise.
void tell_lost_definition(Choices& choices, const std::array<const catalog::TableDef*, 3>& sides,
                          Side stands, const std::string& table, const std::string& ground);

}  // namespace rowan::merge
