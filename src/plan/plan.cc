#include "plan/plan.h"

#include <algorithm>

#include "plan/logical.h"
#include "plan/query_binder.h"
#include "plan/rules/rules.h"

namespace rowan::plan {

Result<std::shared_ptr<const VirtualTable>> Resolver::resolve_versions(
    const sql::QualifiedName& name, const TimeRange& /*range*/) {
  return Error(ErrorCode::kFeatureNotSupported, "FOR SYSTEM_TIME is not supported here")
      .at(name.position);
}

Result<std::shared_ptr<const VirtualTable>> Resolver::run_once(Plan /*plan*/) {
  return Error(ErrorCode::kFeatureNotSupported, "WITH queries cannot be shared here");
}

Plan::Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

namespace {

// Outer values get numbers behind the statement's own parameters, now that these are all known.
void number_outer_parameters(PhysicalNode& node, uint32_t first, uint32_t count) {
  const auto renumber = [&](const auto& self, expr::Node& e) -> void {
    if (e.kind == expr::NodeKind::kParameter && e.column >= kOuterParameterBase)
      e.column = e.column - kOuterParameterBase + first;
    for (expr::NodePtr& child : e.children) self(self, *child);
  };
  for_each_expression(node, [&](expr::NodePtr& e) { renumber(renumber, *e); });
  for (uint32_t& slot : node.apply.parameter_slots) slot += first;
  node.apply.parameter_count = first + count;
  for (auto& child : node.children) number_outer_parameters(*child, first, count);
}

void note_effects(PhysicalNode& node, expr::Effects& effects) {
  for_each_expression(node, [&](expr::NodePtr& e) { effects.add(*e); });
  for (const auto& child : node.children) note_effects(*child, effects);
}

}  // namespace

Result<Plan> finish_plan(LogicalPtr root, BindState& state) {
  PlanContext& context = state.context;
  TRY(normalise(root, context.eval));
  for (const Rule& rule : all_rules()) {
    const auto& off = context.disabled_rules;
    if (std::find(off.begin(), off.end(), rule.name) == off.end()) rule.apply(root, context);
  }
  Plan plan;
  plan.outputs = root->outputs;
  plan.cacheable = state.cacheable;
  plan.root = make_physical(std::move(root), context.resolver);
  number_outer_parameters(*plan.root, static_cast<uint32_t>(context.parameters.types.size()),
                          state.outer_parameters);
  plan.effects = state.shared_effects;
  note_effects(*plan.root, plan.effects);
  return plan;
}

Result<Plan> plan_query(const sql::SelectStmt& select, PlanContext& context) {
  BindState state{context};
  TRY_ASSIGN(LogicalPtr root, bind_query(select, state));
  return finish_plan(std::move(root), state);
}

Result<Plan> plan_query_for(const sql::SelectStmt& select, std::span<const type::Type> types,
                            const AcceptOutputs& accept, PlanContext& context) {
  BindState state{context};
  TRY_ASSIGN(LogicalPtr root, bind_query_for(select, types, state));
  TRY(accept(root->outputs));
  return finish_plan(std::move(root), state);
}

Result<Plan> plan_values(const sql::SelectStmt& values, std::span<const AssignedColumn> columns,
                         PlanContext& context) {
  BindState state{context};
  TRY_ASSIGN(LogicalPtr root, bind_values_as(values, columns, state));
  return finish_plan(std::move(root), state);
}

bool has_subquery(const sql::SelectStmt& values) {
  for (const sql::List<sql::Expr*>& row : values.values) {
    if (std::any_of(row.begin(), row.end(),
                    [](const sql::Expr* expr) { return contains_subquery(*expr); }))
      return true;
  }
  return false;
}

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const Rule& rule : all_rules()) names.push_back(rule.name);
  return names;
}

Result<Returning> plan_returning(const sql::QualifiedName& table, std::string_view alias,
                                 const sql::List<sql::SelectItem>& items, PlanContext& context) {
  BindState state{context};
  return bind_returning(table, alias, items, state);
}

Result<ModifyPlan> plan_modify(const ModifyRequest& request, PlanContext& context) {
  BindState state{context};
  TRY_ASSIGN(BoundModify bound, bind_modify(request, state));
  ModifyPlan result;
  result.target = std::move(bound.target);
  result.returning = std::move(bound.returning);
  result.key_column = static_cast<uint32_t>(result.target.table->columns.size());
  result.line_column = result.key_column + 1;
  result.first_expression = result.key_column + 2;
  result.each_row = result.target.table->layout.counted &&
                    (request.is_volatile || has_volatile(*bound.root));
  bound.scan->scan.each_row = result.each_row;
  TRY_ASSIGN(result.plan, finish_plan(std::move(bound.root), state));
  return result;
}

}  // namespace rowan::plan
