// The logical plan, which the rules rewrite, and helpers on its expressions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plan/physical.h"
#include "sql/parser.h"

namespace rowan::plan {

enum class LogicalKind : uint8_t {
  kScan,
  kVirtual,
  kValues,
  kFilter,
  kProject,
  kJoin,
  kAggregate,
  kRowCount,
  kSort,
  kLimit,
  kDistinct,
  kSetOperation,
  kApply,
};

struct LogicalNode : NodeFields {
  LogicalKind kind = LogicalKind::kValues;
  std::vector<std::unique_ptr<LogicalNode>> children;

  size_t width() const { return outputs.size(); }
};
using LogicalPtr = std::unique_ptr<LogicalNode>;

LogicalPtr make_node(LogicalKind kind);
LogicalPtr make_node(LogicalKind kind, LogicalPtr child);  // Takes the child's outputs.
LogicalPtr make_filter(LogicalPtr child,
                       expr::NodePtr condition);  // The child itself when there is no condition.
LogicalPtr make_projection(LogicalPtr child, const std::vector<uint32_t>& columns);
// What an expression over `inputs` gives: of a column alone, that column under another name.
OutputColumn output_of(std::string name, const expr::Node& expression,
                       const std::vector<OutputColumn>& inputs);

// Conditions as lists of conjuncts.
void split_conjuncts(expr::NodePtr condition, std::vector<expr::NodePtr>& out);
expr::NodePtr join_conjuncts(std::vector<expr::NodePtr> conjuncts);  // nullptr for an empty list.

bool is_volatile(const expr::Node& node);
bool has_volatile(PhysicalNode& node);  // In any expression of the node or below it.
bool has_volatile(LogicalNode& node);
bool has_outer_values(LogicalNode& node);  // Reads columns of a query around it.
bool has_columns(const expr::Node& node);
// a = b with one operand over a join's left input and the other over its right one.
bool is_equality_across(const expr::Node& node, uint32_t left_width, uint32_t width);
bool columns_within(const expr::Node& node, uint32_t from,
                    uint32_t to);  // All columns in [from, to).
void shift_columns(expr::Node& node, int64_t by);
// Columns of `node` become clones of `expressions`.
void substitute(expr::NodePtr& node, const std::vector<expr::NodePtr>& expressions);
// Calls `visit` for every expression that hangs on the node itself.
void for_each_expression(NodeFields& node, const std::function<void(expr::NodePtr&)>& visit);

// Both sides of `=` may be hashed when equal values have equal bytes in the same physical form.
bool hashable(type::TypeId a, type::TypeId b);

// Rows a node will give, from table counts and rough selectivities.
double estimate_rows(const LogicalNode& node, Resolver& resolver);
double selectivity(const expr::Node& condition);

// Computes constants, and drops what a constant condition rules out.
Result<void> normalise(LogicalPtr& root, const expr::EvalContext& context);

// Choices of algorithms: consumes the logical plan.
std::unique_ptr<PhysicalNode> make_physical(LogicalPtr node, Resolver& resolver);

// A statement's names become a logical plan. `outer_parameters` grows by one for each outer column
// that a subquery reads; such a column is parameter kOuterParameterBase + n until the plan is
// finished.
inline constexpr uint32_t kOuterParameterBase = 1u << 20;
struct BindState {
  PlanContext& context;
  uint32_t outer_parameters = 0;
  bool cacheable = true;
  int depth = 0;               // Of nested queries, against nesting_limits().
  size_t with_references = 0;  // Against kWithReferencesMax.
  size_t view_references = 0;  // As that.
  std::string view_revision;   // Inside a view AS OF: the commit that names without a revision of
                               // their own mean.
  // Queries in WITH that are named more than once, and of these the volatile ones that were bound.
  std::set<const sql::CommonTable*> named_again;
  std::map<const sql::CommonTable*, std::shared_ptr<const VirtualTable>> shared;
  expr::Effects shared_effects;  // Of those queries, which run for themselves.
  std::vector<std::string> open_views;  // Those whose queries are being bound, outermost first.
  std::vector<std::unique_ptr<sql::ParsedStatement>> view_queries;  // What was parsed for them.
};

// Rules, algorithms and the last numbers: what runs.
Result<Plan> finish_plan(LogicalPtr root, BindState& state);
Result<LogicalPtr> bind_query(const sql::SelectStmt& select, BindState& state);
// The same for rows that go to columns of these types: what untyped literals among the outputs are
// read as.
Result<LogicalPtr> bind_query_for(const sql::SelectStmt& select, std::span<const type::Type> types,
                                  BindState& state);
// `values`: VALUES alone. Its columns get these columns' types.
Result<LogicalPtr> bind_values_as(const sql::SelectStmt& values,
                                  std::span<const AssignedColumn> columns, BindState& state);
Result<Returning> bind_returning(const sql::QualifiedName& table, std::string_view alias,
                                 const sql::List<sql::SelectItem>& items, BindState& state);
struct BoundModify {
  LogicalPtr root;
  Returning returning;
  LogicalNode* scan = nullptr;  // Of the target, inside `root`.
  catalog::TableVersion target;
};
Result<BoundModify> bind_modify(const ModifyRequest& request, BindState& state);

}  // namespace rowan::plan
