// Statements that define things: schemas, tables, indexes, sequences, and what drops or renames
// them.
#pragma once

#include "base/result.h"
#include "exec/operator.h"
#include "sql/ast.h"

namespace rowan::exec {

// Each gives a notice (may be empty) such as `relation "t" already exists, skipping`; several are
// lines.
Result<std::string> run_create_schema(const sql::SchemaStmt& statement, ExecContext& context);
Result<std::string> run_drop_schema(const sql::SchemaStmt& statement, ExecContext& context);
Result<std::string> run_create_table(const sql::CreateTableStmt& statement, ExecContext& context);
Result<std::string> run_drop_table(const sql::DropTableStmt& statement, ExecContext& context);

Result<std::string> run_create_index(const sql::CreateIndexStmt& statement, ExecContext& context);
Result<std::string> run_create_sequence(const sql::SequenceStmt& statement, ExecContext& context);
Result<std::string> run_alter_sequence(const sql::SequenceStmt& statement, ExecContext& context);
Result<std::string> run_drop(const sql::DropStmt& statement,
                             ExecContext& context);  // Indexes, views, sequences.
Result<std::string> run_rename(const sql::RenameStmt& statement, ExecContext& context);

}  // namespace rowan::exec
