// rowan.conflicts, rowan.violations, rowan.merges and rowan.conflicts_<table>.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "plan/plan.h"

namespace rowan::engine {

class SessionImpl;

// nullptr: no such table. The branch's tip names the tables.
Result<std::shared_ptr<const plan::VirtualTable>> find_conflict_table(SessionImpl& session,
                                                                      std::string_view name);

}  // namespace rowan::engine
