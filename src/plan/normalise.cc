// Constants are computed before any rule runs. This is no rule that could be switched off: as in
// PostgreSQL it decides which errors a statement gives and which expressions are never evaluated.
#include "plan/logical.h"

namespace rowan::plan {

namespace {

bool is_true(const expr::Node& node) {
  return node.kind == expr::NodeKind::kConstant && !expr::is_never_true(node);
}

LogicalPtr no_rows(const std::vector<OutputColumn>& outputs) {
  LogicalPtr node = make_node(LogicalKind::kValues);
  node->outputs = outputs;
  return node;
}

void drop_true_conjuncts(expr::NodePtr& condition) {
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(condition), conjuncts);
  std::erase_if(conjuncts, [](const expr::NodePtr& node) { return is_true(*node); });
  condition = join_conjuncts(std::move(conjuncts));
}

// What lies under a condition that is never true is not run at all.
void normalise_filter(LogicalPtr& node) {
  expr::fold_condition(node->condition);
  if (expr::is_never_true(*node->condition)) {
    node = no_rows(node->outputs);
    return;
  }
  drop_true_conjuncts(node->condition);
  if (node->condition != nullptr) return;
  LogicalPtr child = std::move(node->children[0]);
  node = std::move(child);
}

void normalise_join(LogicalPtr& node) {
  using sql::JoinKind;
  if (node->condition == nullptr) return;
  expr::fold_condition(node->condition);
  if (!expr::is_never_true(*node->condition)) {
    drop_true_conjuncts(node->condition);
    if (node->condition == nullptr && node->join == JoinKind::kInner) node->join = JoinKind::kCross;
    return;
  }
  switch (node->join) {
    case JoinKind::kInner:
    case JoinKind::kCross:
      node = no_rows(node->outputs);
      return;
    case JoinKind::kLeft:
      node->children[1] = no_rows(node->children[1]->outputs);
      return;
    case JoinKind::kRight:
      node->children[0] = no_rows(node->children[0]->outputs);
      return;
    case JoinKind::kFull:
      return;
  }
}

}  // namespace

Result<void> normalise(LogicalPtr& root, const expr::EvalContext& context) {
  for (LogicalPtr& child : root->children) TRY(normalise(child, context));
  Result<void> folded;
  for_each_expression(*root, [&](expr::NodePtr& node) {
    if (folded) folded = expr::fold_constants(node, context);
  });
  TRY(std::move(folded));
  if (root->kind == LogicalKind::kFilter) normalise_filter(root);
  if (root->kind == LogicalKind::kJoin) normalise_join(root);
  return {};
}

}  // namespace rowan::plan
