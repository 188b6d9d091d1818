// Tables over branches, tags, reflogs and commits: `rowan.branches`, `rowan.tags`, `rowan.reflog`,
// `rowan.foreign`,
// and what SHOW prints of them.
#pragma once

#include <string_view>
#include <vector>

#include "engine/session.h"
#include "engine/system_tables.h"
#include "engine/virtual_rows.h"

namespace rowan::engine {

std::vector<plan::OutputColumn> branch_columns();
std::vector<plan::OutputColumn> tag_columns();
std::vector<plan::OutputColumn> reflog_columns();
std::vector<plan::OutputColumn> foreign_columns();
Result<void> fill_branches(SessionImpl& session, RowCollector& rows);
Result<void> fill_tags(SessionImpl& session, RowCollector& rows);
// Tips of other programs that were not admitted.
Result<void> fill_foreign(SessionImpl& session, RowCollector& rows);
Result<void> fill_reflog(SessionImpl& session, std::string_view branch,
                         RowCollector& rows);  // An empty branch: the session's.

Result<TableRows> show_branches(SessionImpl& session, const sql::ShowStmt& statement);
Result<TableRows> show_tags(SessionImpl& session, const sql::ShowStmt& statement);
Result<TableRows> show_foreign(SessionImpl& session, const sql::ShowStmt& statement);
Result<TableRows> show_reflog(SessionImpl& session, const sql::ShowStmt& statement);

}  // namespace rowan::engine
