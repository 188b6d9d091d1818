// Constants are computed before any rule runs. This is no rule that could be switched off: as in
// PostgreSQL it decides which errors a statement gives and which expressions are never evaluated.
#include <algorithm>

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

// Whether NULL in all of the columns [from, to) makes the condition false or NULL, as far as that
// is plain to see.
bool rejects_nulls(const expr::Node& node, uint32_t from, uint32_t to) {
  using expr::NodeKind;
  const auto any = [&] {
    return std::any_of(node.children.begin(), node.children.end(), [&](const expr::NodePtr& child) {
      return rejects_nulls(*child, from, to);
    });
  };
  switch (node.kind) {
    case NodeKind::kColumn:
      return node.column >= from && node.column < to;
    case NodeKind::kCast:
    case NodeKind::kNot:
    case NodeKind::kAnd:
      return any();
    case NodeKind::kCall:
      return node.function->traits.strict && any();
    case NodeKind::kIsNull:
      return node.negated && any();
    case NodeKind::kIn:
      return rejects_nulls(*node.children[0], from, to);
    default:
      return false;
  }
}

// A full join pairs rows by equality, or all with all: PostgreSQL has no other way, and says so. One
// whose rows without a partner fall to the condition above it is no full join to it.
Result<void> check_full_joins(const LogicalNode& node, const expr::Node* above) {
  for (const LogicalPtr& child : node.children) {
    const bool filters = node.kind == LogicalKind::kFilter;
    TRY(check_full_joins(*child, filters ? node.condition.get() : nullptr));
  }
  if (node.kind != LogicalKind::kJoin || node.join != sql::JoinKind::kFull ||
      node.condition == nullptr || node.condition->kind == expr::NodeKind::kConstant)
    return {};
  const auto left_width = static_cast<uint32_t>(node.children[0]->width());
  const auto width = static_cast<uint32_t>(node.width());
  if (above != nullptr &&
      (rejects_nulls(*above, 0, left_width) || rejects_nulls(*above, left_width, width)))
    return {};
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(node.condition->clone(), conjuncts);
  for (const expr::NodePtr& conjunct : conjuncts) {
    if (is_equality_across(*conjunct, left_width, width)) return {};
  }
  return Error(ErrorCode::kFeatureNotSupported,
               "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions");
}

Result<void> normalise_constants(LogicalPtr& root, const expr::EvalContext& context) {
  for (LogicalPtr& child : root->children) TRY(normalise_constants(child, context));
  Result<void> folded;
  for_each_expression(*root, [&](expr::NodePtr& node) {
    if (folded) folded = expr::fold_constants(node, context);
  });
  TRY(std::move(folded));
  if (root->kind == LogicalKind::kFilter) normalise_filter(root);
  if (root->kind == LogicalKind::kJoin) normalise_join(root);
  return {};
}

}  // namespace

Result<void> normalise(LogicalPtr& root, const expr::EvalContext& context) {
  TRY(normalise_constants(root, context));
  return check_full_joins(*root, nullptr);
}

}  // namespace rowan::plan
