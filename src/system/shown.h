// SHOW LOG, SHOW BRANCHES, BLAME, DESCRIBE …: what a statement shows is a table, so its columns are
// known without running it.
//
// Lifetime: the context's, and the statement's.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
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

// ---- The table: a row a statement, in the file that has what it shows ----

struct ShowRow {
  sql::StatementKind kind;
  Result<Shown> (*run)(Context& context, const sql::Statement& statement);
};
extern const std::span<const ShowRow> kHistoryShows;  // show_history.cc
extern const std::span<const ShowRow> kObjectShows;   // show_objects.cc

// A row's `run` of a function that takes the statement as what it is.
template <auto show>
struct ShowCall;
template <typename Kind, Result<Shown> (*show)(Context&, const Kind&)>
struct ShowCall<show> {
  static Result<Shown> run(Context& context, const sql::Statement& statement) {
    return show(context, static_cast<const Kind&>(statement));
  }
};

}  // namespace rowan::system
