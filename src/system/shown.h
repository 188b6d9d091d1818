// SHOW LOG, SHOW BRANCHES, BLAME, DESCRIBE …: what a statement shows is a table, so its columns are
// known without running it.
//
// Lifetime: the context's, and the statement's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sql/ast.h"
#include "system/registry.h"

namespace rowan::system {

struct Shown {
  TablePtr table;
  Values arguments = {};
  uint64_t limit = UINT64_MAX;
  // Asked when the rows have been read, of which there were that many; may be empty.
  std::function<std::vector<std::string>(uint64_t rows)> notices = {};
};

// All its rows.
Result<exec::TableRows> rows_of(const Shown& shown, const expr::EvalContext& eval);

// What a statement of the class kShow shows. Nothing is read but what its columns follow: a
// revision, a table's definition. kInternal: of another statement.
Result<Shown> shown_by(Context& context, const sql::Statement& statement);

// ---- A function a statement; shown.cc has the table of them ----

// History: show_history.cc.
Result<Shown> show_log(Context& context, const sql::ShowLogStmt& statement);
Result<Shown> show_diff(Context& context, const sql::DiffStmt& statement);
Result<Shown> show_blame(Context& context, const sql::BlameStmt& statement);
// The repository and its objects: show_objects.cc.
Result<Shown> show_branches(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_tags(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_foreign(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_reflog(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_status(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_tables(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_views(Context& context, const sql::ShowStmt& statement);
Result<Shown> show_indexes(Context& context, const sql::ShowStmt& statement);  // A row a column.
Result<Shown> show_databases(Context& context, const sql::ShowStmt& statement);
Result<Shown> describe(Context& context, const sql::ShowStmt& statement);  // Of a table or a view.

}  // namespace rowan::system
