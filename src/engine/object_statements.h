// SHOW VIEWS, SHOW INDEXES and DESCRIBE of a view: what a schema and a table hold besides rows.
#pragma once

#include <optional>

#include "base/result.h"
#include "engine/system_tables.h"
#include "expr/expr.h"
#include "sql/ast.h"

namespace rowan::engine {

class SessionImpl;

Result<TableRows> show_views(
    SessionImpl& session, const sql::ShowStmt& statement);  // name, materialized (YES or NO), query
Result<TableRows> show_indexes(
    SessionImpl& session, const sql::ShowStmt& statement);  // Name, Column, Unique: a row a column

// DESCRIBE of a view; nothing when the name is none.
Result<std::optional<TableRows>> describe_view(SessionImpl& session, const sql::ShowStmt& statement,
                                               const expr::EvalContext& eval);

}  // namespace rowan::engine
