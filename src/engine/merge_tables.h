// Merges as tables: rowan.merge_decisions(commit), what a merge decided where both sides had changed
// something; and rowan.merges, the merges that wait.
#pragma once

#include "engine/history_tables.h"

namespace rowan::engine {

// merge_decisions(commit): of a merge that was made. merge_decisions(ours, theirs [, policy]): of
// one that MERGE would make.
VirtualTablePtr merge_decisions_table(SessionImpl& session);
VirtualTablePtr pending_merges_table(SessionImpl& session);

}  // namespace rowan::engine
