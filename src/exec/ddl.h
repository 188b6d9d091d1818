// CREATE and DROP of schemas and tables.
#pragma once

#include "base/result.h"
#include "exec/operator.h"
#include "sql/ast.h"

namespace rowan::exec {

// Each gives a notice (may be empty) such as `relation "t" already exists, skipping`.
Result<std::string> run_create_schema(const sql::SchemaStmt& statement, ExecContext& context);
Result<std::string> run_drop_schema(const sql::SchemaStmt& statement, ExecContext& context);
Result<std::string> run_create_table(const sql::CreateTableStmt& statement, ExecContext& context);
Result<std::string> run_drop_table(const sql::DropTableStmt& statement, ExecContext& context);

}  // namespace rowan::exec
