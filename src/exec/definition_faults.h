// What is wrong with definitions as they stand in a tree, though each file reads by itself: SQL would
// have made none of it.
//
// Threads: any.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/objects.h"
#include "catalog/table.h"

namespace rowan::exec {

// Two columns of one identity, dropped ones included: what they are in another version of the table
// nobody could say.
std::optional<Error> find_repeated_column(const catalog::TableDef& table);

// An identity column whose sequence is somebody else's. That there is none at all is not said here.
Result<std::optional<Error>> find_stray_identity(const catalog::Catalog& catalog,
                                                 const catalog::TableDef& table);

// A sequence that belongs to something which is no column of a table, or stands outside its bounds.
Result<std::optional<Error>> find_sequence_fault(const catalog::Catalog& catalog,
                                                 const catalog::SequenceDef& sequence);

}  // namespace rowan::exec
