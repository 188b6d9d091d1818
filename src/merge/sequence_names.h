// Names of sequences: where they lie, and what columns draw from.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/objects.h"
#include "catalog/table.h"

namespace rowan::merge {

std::string path_of(const catalog::ObjectName& name);
Result<std::string> path_of(std::string_view dotted);
// "schema.name" of the sequences that a column draws from.
Result<std::vector<std::string>> drawn_by(const catalog::ColumnDef& column);
// Whether a column of the table draws from the sequence; of no table none does.
Result<bool> drawn_from_in(const catalog::TableDef* table, std::string_view dotted);
// What a sequence is, but for its position.
std::string definition_text(catalog::SequenceDef sequence);
bool is_farther(const catalog::SequenceDef& sequence, int64_t last);

}  // namespace rowan::merge
