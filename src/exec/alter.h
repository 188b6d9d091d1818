// ALTER TABLE.
//
// Several actions are done in PostgreSQL's order: what drops, then types, new columns, properties
// of columns, keys, other constraints. Rows are rewritten at most once. The rows that a new
// constraint was checked on, or that were rewritten, must be the branch's at the commit (40001).
#pragma once

#include <string>

#include "base/result.h"
#include "exec/operator.h"
#include "sql/ast.h"

namespace rowan::exec {

// Gives a notice (may be empty), several as lines.
Result<std::string> run_alter_table(const sql::AlterTableStmt& statement, ExecContext& context);

}  // namespace rowan::exec
