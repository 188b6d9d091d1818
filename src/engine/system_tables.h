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

// rowan.branches, rowan.tags, rowan.reflog, rowan.log, rowan.schemas, rowan.tables, rowan.columns,
// rowan.settings, rowan.foreign, rowan.status; nullptr: no such table.
std::shared_ptr<const plan::VirtualTable> find_system_table(SessionImpl& session,
                                                            std::string_view name);
// rowan.files as the commit's tree `root` has them; zero: as the session's transaction sees them.
std::shared_ptr<const plan::VirtualTable> files_table(SessionImpl& session, const Oid& root);
// rowan.reflog(branch), generate_series(from, to [, step]); kUndefinedFunction. Those of history:
// history_tables.h.
Result<std::shared_ptr<const plan::VirtualTable>> find_table_function(
    SessionImpl& session, std::string_view schema, std::string_view name,
    const std::vector<type::Type>& arguments);

Result<TableRows> show_status(SessionImpl& session, const sql::ShowStmt& statement);

}  // namespace rowan::engine
