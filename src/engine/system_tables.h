// The tables and functions of schema `rowan`, and generate_series.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/virtual_rows.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::engine {

class SessionImpl;

// rowan.branches, rowan.tags, rowan.reflog, rowan.log, rowan.foreign; nullptr: none of them.
std::shared_ptr<const plan::VirtualTable> find_system_table(SessionImpl& session,
                                                            std::string_view name);
// rowan.reflog(branch); nullptr. Those of history: history_tables.h.
std::shared_ptr<const plan::VirtualTable> find_table_function(
    SessionImpl& session, const sql::CallExpr& call, const std::vector<type::Type>& arguments);

Result<TableRows> show_status(SessionImpl& session, const sql::ShowStmt& statement);

}  // namespace rowan::engine
