// constant_folding: what holds no columns is computed once, at planning.
#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

// now(), current_user and their like depend on the run, and a plan may be run again later.
bool depends_on_run(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kCall && (node.children.empty() || (node.function != nullptr && node.function->name == "age"))) return true;
  for (const expr::NodePtr& child : node.children) {
    if (depends_on_run(*child)) return true;
  }
  return false;
}

void fold(expr::NodePtr& node, const expr::EvalContext& context) {
  if (!depends_on_run(*node)) {
    expr::fold_constants(node, context);
    return;
  }
  for (expr::NodePtr& child : node->children) fold(child, context);
}

bool is_true(const expr::Node& node) {
  return node.kind == expr::NodeKind::kConstant && !node.constant.is_null() && node.type.id == type::TypeId::kBool && node.constant.as_int() != 0;
}

}  // namespace

void constant_folding(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) constant_folding(child, context);
  for_each_expression(*root, [&](expr::NodePtr& node) { fold(node, context.eval); });
  if (root->kind != LogicalKind::kFilter) return;
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(root->condition), conjuncts);
  std::erase_if(conjuncts, [](const expr::NodePtr& node) { return is_true(*node); });
  root->condition = join_conjuncts(std::move(conjuncts));
  if (root->condition != nullptr) return;
  LogicalPtr child = std::move(root->children[0]);
  root = std::move(child);
}

}  // namespace rowan::plan
