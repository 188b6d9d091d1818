// The registry of system relations and set-returning functions: a row each, with its name, its
// columns and what fills it (registry.cc). Adding one is a row there, its filler (fillers.h) and a
// test.
//
// Threads: the rows are constants; what is made of them belongs to the context's session.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "exec/system_tables.h"
#include "exec/virtual_rows.h"
#include "plan/plan.h"
#include "system/context.h"
#include "type/type.h"
#include "type/value.h"

namespace rowan::system {

using exec::all_rows;
using exec::bigint_value;
using exec::bool_value;
using exec::kBigintType;
using exec::kBoolType;
using exec::kTextType;
using exec::kTimeType;
using exec::NextRow;
using exec::RowCollector;
using exec::stream_table;
using exec::text_value;
using exec::time_value;
using Values = std::vector<type::Value>;
using TablePtr = std::shared_ptr<const plan::VirtualTable>;

struct Column {
  std::string_view name;
  type::TypeId type;
};
using Columns = std::span<const Column>;

// What gives the rows: all at once, or one by one so that a LIMIT ends the work, or all at once as
// the tree `root` of a commit has them (zero: as the transaction sees them).
using FillAll = Result<void> (*)(Context&, const Values& arguments, RowCollector&);
using FillAt = Result<void> (*)(Context&, const Oid& root, RowCollector&);
using Stream = Result<NextRow> (*)(Context&, const Values& arguments, const expr::EvalContext&);
struct Filler {
  constexpr Filler() = default;
  constexpr Filler(FillAll fill) : all(fill) {}  // NOLINT: rows name functions.
  constexpr Filler(FillAt fill) : at(fill) {}    // NOLINT
  constexpr Filler(Stream rows) : open(rows) {}  // NOLINT

  FillAll all = nullptr;
  FillAt at = nullptr;
  Stream open = nullptr;
};

// A call of a function in FROM. `known`: the values of those arguments that are known when the
// statement is planned.
struct Call {
  std::string_view name;
  const std::vector<type::Type>& types;
  const std::vector<std::optional<type::Value>>& known;
};
// Makes the table of a call whose columns follow its arguments. nullptr: not of arguments like
// these.
using MakeTable = Result<TablePtr> (*)(Context&, const Call&);
// Makes the table of a name that goes on with `rest`. nullptr: there is none.
using MakeNamed = Result<TablePtr> (*)(Context&, std::string_view rest);

// A relation of schema `rowan`.
struct Relation {
  std::string_view name;  // With a `*`: what begins so.
  Columns columns;        // Of a family: empty.
  Filler filler;
  MakeNamed make = nullptr;
};

struct Function {
  std::string_view schema;
  std::string_view name;
  // A letter an argument: `t` text, `v` a value of any type; `|` before the first that may be left
  // out; `*` at the end: as many more as there are.
  std::string_view takes;
  // Their names, as expr::argument_names() reads them; several forms with `;` between.
  std::string_view names;
  Columns columns;
  Filler filler;
  MakeTable make = nullptr;  // In the place of columns and filler.
};

std::span<const Relation> relation_rows();
std::span<const Function> function_rows();
Columns columns_of(
    std::string_view name);  // Of rowan.<name>, relation or function; empty: none fixed.

// rowan.<name>, at a commit's tree `root` (zero: now). nullptr: no such relation.
Result<TablePtr> find_relation(Context& context, std::string_view name, const Oid& root = {});
// Where the named arguments of such a call stand. Nothing: no row has them.
std::optional<expr::PlacedArguments> place_arguments(const sql::CallExpr& call);
// What `call` names in FROM. kUndefinedFunction.
Result<TablePtr> find_function(Context& context, const sql::CallExpr& call,
                               const std::vector<type::Type>& types,
                               const std::vector<std::optional<type::Value>>& known);

// The same without a session: what has fixed columns, and the views of the catalogue.
const exec::SystemTables& tables_without_session();

// A table of fixed columns.
TablePtr make_table(Context& context, Columns columns, Filler filler, const Oid& root = {});

}  // namespace rowan::system
