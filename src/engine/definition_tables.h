// The system tables of definitions: rowan.relations, rowan.columns, rowan.indexes,
// rowan.constraints, rowan.views and rowan.sequences, as the session's transaction sees them.
// docs/sql.md lists their columns.
//
// Threads: the session's. Errors: those of reading definitions.
#pragma once

#include <memory>
#include <string_view>

#include "plan/plan.h"

namespace rowan::engine {

class SessionImpl;

// rowan.<name>; nullptr: not one of these.
std::shared_ptr<const plan::VirtualTable> find_definition_table(SessionImpl& session,
                                                                std::string_view name);

}  // namespace rowan::engine
