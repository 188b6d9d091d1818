// Plan: what the executor runs; made from a statement's AST through binder, logical plan and rules.
//
// Threads: immutable once made; may be kept and run many times (prepared statements) while the
// schema generation stays.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/table.h"
#include "derived/index.h"
#include "expr/binder.h"
#include "expr/expr.h"
#include "expr/functions.h"
#include "expr/named_arguments.h"
#include "sql/ast.h"
#include "type/column.h"

namespace rowan::plan {

// The table or view that a column is of.
struct RelationName {
  std::string schema;
  std::string name;
};

struct OutputColumn {
  std::string name;
  type::Type type;
  // Where it is a relation's column and nothing else; null: it is not.
  std::shared_ptr<const RelationName> relation = nullptr;
  uint16_t number = 0;  // Of the relation's columns, from 1.
};

// The rows of a VirtualTable as they come.
class VirtualRows {
 public:
  virtual ~VirtualRows() = default;
  virtual Result<bool> next(type::Batch& batch) = 0;  // Any number of rows; false at the end.
};

// A table that is computed, not stored: system views and functions in FROM (rowan.branches,
// rowan.log(…), generate_series). The engine registers them; exec calls rows().
class VirtualTable {
 public:
  virtual ~VirtualTable() = default;
  virtual const std::vector<OutputColumn>& columns() const = 0;
  // `arguments` are the call's values, already evaluated. Gives all rows.
  virtual Result<std::vector<type::Batch>> rows(const std::vector<type::Value>& arguments,
                                                const expr::EvalContext& context) const = 0;
  // The same as they come, for those that need not make all rows to give the first; nullptr: rows()
  // it is. What is handed in outlives it.
  virtual Result<std::unique_ptr<VirtualRows>> open(const std::vector<type::Value>& /*arguments*/,
                                                    const expr::EvalContext& /*context*/) const {
    return std::unique_ptr<VirtualRows>();
  }
  // False: its columns follow what a revision means now, so a plan that holds it is not kept.
  virtual bool cacheable() const { return true; }
};

// A name in FROM, resolved. Exactly one of `table`, `virtual_table` and `view` is set; a
// materialised view has its rows in `table` besides.
struct ResolvedTable {
  std::optional<catalog::TableVersion> table;
  std::shared_ptr<const VirtualTable> virtual_table;
  std::shared_ptr<const catalog::ViewDef> view;
  bool historical =
      false;   // AS OF: the executor reads `table` as it is, without the transaction's overlay.
  Oid root;    // Historical: the commit's tree.
  Oid commit;  // Historical: the commit.
};

// A name that no INSERT, UPDATE or DELETE may change: a view or a materialised view. `verb`:
// "insert into", "update", "delete from".
Error not_updatable(const catalog::ViewDef& view, std::string_view verb);

// A `*` in a select list, and the columns it stands for.
struct ColumnName {
  std::string schema, table, column;  // The first two may be empty.
};
struct StarColumns {
  const sql::StarExpr* star = nullptr;
  std::vector<ColumnName> columns;
};

// FOR SYSTEM_TIME: the versions that were valid some time from `from_us` to `to_us` (µs since
// 1970); nothing: no bound.
struct TimeRange {
  std::optional<int64_t> from_us;
  std::optional<int64_t> to_us;
  bool to_inclusive = false;
};

struct Plan;

// What planning reads; the engine implements it over the running transaction.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // The rows of a query that several places of a statement read, computed once when the first asks.
  virtual Result<std::shared_ptr<const VirtualTable>> run_once(Plan plan);
  // `revision`: empty, else the AS OF revision; `time_us`: AS OF TIMESTAMP in µs since 1970, else
  // nullopt.
  virtual Result<ResolvedTable> resolve(const sql::QualifiedName& name, std::string_view revision,
                                        std::optional<int64_t> time_us) = 0;
  virtual Result<std::shared_ptr<const VirtualTable>> resolve_function(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments) = 0;
  // As above, with the values of those arguments that are known already.
  virtual Result<std::shared_ptr<const VirtualTable>> resolve_call(
      const sql::CallExpr& call, const std::vector<type::Type>& arguments,
      const std::vector<std::optional<type::Value>>& /*known*/) {
    return resolve_function(call, arguments);
  }
  // Where the arguments of a call with names stand. Nothing: no such function takes them.
  virtual std::optional<expr::PlacedArguments> place_arguments(const sql::CallExpr& /*call*/) {
    return std::nullopt;
  }
  // A table's row versions with their times, in columns behind its own.
  virtual Result<std::shared_ptr<const VirtualTable>> resolve_versions(
      const sql::QualifiedName& name, const TimeRange& range);
  // Rows of a table, from derived counts; nullopt when not known without a scan.
  virtual std::optional<uint64_t> row_count(const catalog::TableVersion& table) = 0;
  // An index of the table's rows, for estimates and as a sign that reading it is cheap; nullopt
  // when making it is not worth it.
  virtual std::optional<derived::EntryTree> find_index(const catalog::TableVersion& /*table*/,
                                                       const derived::IndexKey& /*key*/,
                                                       bool /*historical*/) {
    return std::nullopt;
  }
  // Whether rows surely keep what their table's definition says of them (NOT NULL, UNIQUE, CHECK,
  // foreign keys). Those of a branch do; a commit of history is read as it stands.
  virtual bool rules_hold(bool /*historical*/) { return false; }
  // About the share of the table's rows whose key lies in [lower, upper) (empty upper: to the end).
  virtual double key_share(const catalog::TableVersion& /*table*/, Bytes /*lower*/,
                           Bytes /*upper*/) {
    return 0.33;
  }
};

struct PlanContext {
  Resolver& resolver;
  expr::ParameterTypes& parameters;
  const expr::EvalContext& eval;            // For constant folding and AS OF values.
  std::vector<std::string> disabled_rules;  // Names of rule files, for tests: results never change.
  std::vector<StarColumns>* stars =
      nullptr;  // Where the columns of each * go (CREATE VIEW); may be null.
};

struct PhysicalNode;  // physical.h

struct Plan {
  Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  std::unique_ptr<PhysicalNode> root;
  std::vector<OutputColumn> outputs;
  bool cacheable =
      true;  // False when a value known only now went into it (AS OF $1, now() folded).
  expr::Effects effects;  // Of all that running it evaluates.
};

// SELECT, VALUES, set operations, with everything below them.
Result<Plan> plan_query(const sql::SelectStmt& select, PlanContext& context);
// The source of an INSERT: NULL, string literals and parameters of no known type that a plain SELECT
// gives out are read as these types. `accept` judges the columns that it gives before anything of
// them is evaluated: an error of types comes first.
using AcceptOutputs = std::function<Result<void>(const std::vector<OutputColumn>&)>;
Result<Plan> plan_query_for(const sql::SelectStmt& select, std::span<const type::Type> types,
                            const AcceptOutputs& accept, PlanContext& context);

struct AssignedColumn {
  std::string_view name;
  type::Type type;
};

// VALUES with subqueries in INSERT: each value is assignment-cast to its column's type.
Result<Plan> plan_values(const sql::SelectStmt& values, std::span<const AssignedColumn> columns,
                         PlanContext& context);
bool has_subquery(const sql::SelectStmt& values);

// 42804 when a value of type `from` may not go to the column without a cast that is written.
Result<void> check_assignable(std::string_view column, type::Type to, type::Type from,
                              uint32_t position);

// The rows an UPDATE or DELETE touches. The plan's output is: the target's columns in column order,
// then the encoded key (text, "rowan_key"), then the raw line (text, "rowan_line"), then the
// expressions asked for, then what RETURNING reads of other tables. A table without a primary key gives each distinct row once, its count in
// the line; but with anything volatile in the statement equal rows come one by one, each with a
// count of one and a key that is its own (ModifyPlan::each_row).
struct ModifyRequest {
  sql::QualifiedName table;
  std::string_view alias;
  sql::List<sql::TableRef*> from;  // FROM of UPDATE, USING of DELETE.
  sql::Expr* where = nullptr;
  std::vector<const sql::Expr*>
      expressions;  // SET values, bound over target and FROM. DefaultExpr is not allowed here.
  std::vector<AssignedColumn> assigned;  // What each goes to, by an assignment cast.
  sql::List<sql::SelectItem> returning;
  bool is_volatile = false;  // Something volatile is evaluated for each row outside the plan.
};
// RETURNING: its outputs, over the target's columns and then what is read of the other tables.
struct Returning {
  std::vector<OutputColumn> outputs;
  std::vector<expr::NodePtr> nodes;
  std::vector<type::Type> joined;  // Types of the columns of the other tables.
};
// RETURNING of an INSERT, over the table's columns.
Result<Returning> plan_returning(const sql::QualifiedName& table, std::string_view alias,
                                 const sql::List<sql::SelectItem>& items, PlanContext& context);

struct ModifyPlan {
  Plan plan;
  Returning returning;
  catalog::TableVersion target;
  uint32_t key_column = 0;
  uint32_t line_column = 0;
  uint32_t first_expression = 0;
  bool each_row = false;
};
Result<ModifyPlan> plan_modify(const ModifyRequest& request, PlanContext& context);

std::vector<std::string_view> rule_names();  // What `disabled_rules` may name.

// EXPLAIN: one line a node, indented, as PostgreSQL prints it.
std::vector<std::string> explain(const Plan& plan);

}  // namespace rowan::plan
