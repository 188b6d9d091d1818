// What a statement may do, by what is known of its kind (sql/statements.def) and of the functions that
// it names (expr/functions.h, verbs.h).
//
// Threads: any.
#pragma once

#include "rowan/rowan.h"
#include "sql/parser.h"

namespace rowan::engine {

StatementTraits traits_of(const sql::ParsedStatement& parsed);

}  // namespace rowan::engine
