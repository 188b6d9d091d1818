// SHOW TABLES, VIEWS, INDEXES, DATABASES and DESCRIBE: what a schema and a table hold besides rows.
#pragma once

#include "base/result.h"
#include "engine/system_tables.h"
#include "sql/ast.h"

namespace rowan::engine {

class SessionImpl;

Result<TableRows> show_views(
    SessionImpl& session, const sql::ShowStmt& statement);  // name, materialized (YES or NO), query
Result<TableRows> show_indexes(
    SessionImpl& session, const sql::ShowStmt& statement);  // Name, Column, Unique: a row a column

Result<TableRows> show_tables(SessionImpl& session, const sql::ShowStmt& statement);  // name
Result<TableRows> show_databases(SessionImpl& session, const sql::ShowStmt& statement);  // name
// Of a table or a view: column, type, nullable, default, primary_key.
Result<TableRows> describe(SessionImpl& session, const sql::ShowStmt& statement);

}  // namespace rowan::engine
