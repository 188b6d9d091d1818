// SHOW LOG, SHOW TRANSACTIONS, SHOW DIFF and BLAME: the table functions of history as statements.
#pragma once

#include <vector>

#include "base/result.h"
#include "engine/system_tables.h"
#include "sql/ast.h"

namespace rowan::engine {

class SessionImpl;

Result<TableRows> show_log(SessionImpl& session, const sql::ShowLogStmt& statement);
Result<TableRows> show_diff(SessionImpl& session, const sql::DiffStmt& statement);
Result<TableRows> run_blame(SessionImpl& session, const sql::BlameStmt& statement);

}  // namespace rowan::engine
