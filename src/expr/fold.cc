// Computing constants at planning, as PostgreSQL's eval_const_expressions does it.
#include <algorithm>

#include "expr/expr.h"
#include "expr/resolve.h"
#include "expr/functions.h"

namespace rowan::expr {

using type::Type;
using type::TypeId;
using type::Value;

namespace {

bool is_constant_node(const Node& node) { return node.kind == NodeKind::kConstant; }
bool is_constant_null(const Node& node) {
  return node.kind == NodeKind::kConstant && node.constant.is_null();
}
bool is_true(const Node& node) {
  return node.kind == NodeKind::kConstant && !node.constant.is_null() &&
         node.constant.as_int() != 0;
}

// The node's type keeps its modifier even where the value does not know it.
void become(NodePtr& node, Value value) {
  const Type type = node->type;
  const uint32_t position = node->position;
  node = make_constant(value.is_null() ? Value::null(type) : std::move(value));
  node->type = type;
  node->constant_column.type = type;
  node->position = position;
}

void become_bool(NodePtr& node, bool value) {
  become(node, Value::of_int({TypeId::kBool}, value ? 1 : 0));
}

// What is left may know its type more closely than the node did (a cast to numeric(7,1) in a CASE of
// numeric); that type makes its value, so it stays.
void become_child(NodePtr& node, size_t index) {
  NodePtr child = std::move(node->children[index]);
  node = std::move(child);
}

Result<void> fold_children(Node& node, const EvalContext& context) {
  for (NodePtr& child : node.children) TRY(fold_constants(child, context));
  return {};
}

bool all_constant(const Node& node) {
  return std::all_of(node.children.begin(), node.children.end(),
                     [](const NodePtr& child) { return is_constant_node(*child); });
}

Result<void> evaluate_here(NodePtr& node, const EvalContext& context) {
  TRY_ASSIGN(Value value, evaluate_constant(*node, context));
  become(node, std::move(value));
  return {};
}

Result<void> fold_call(NodePtr& node, const EvalContext& context) {
  TRY(fold_children(*node, context));
  const Function& function = *node->function;
  const auto& children = node->children;
  if (function.traits.strict && std::any_of(children.begin(), children.end(), [](const NodePtr& child) {
        return is_constant_null(*child);
      })) {
    become(node, Value());
    return {};
  }
  if (function.traits.volatility != Volatility::kImmutable || !all_constant(*node)) return {};
  return evaluate_here(node, context);
}

// What a text means as a date may depend on the day, and as an interval on a setting, so PostgreSQL
// reads it when the statement runs.
bool is_stable_cast(Type from, Type to) {
  const char read_as = category(to.id);
  return category(from.id) == 'S' && (read_as == 'D' || read_as == 'T');
}

Result<void> fold_cast(NodePtr& node, const EvalContext& context) {
  TRY(fold_children(*node, context));
  const Node& operand = *node->children[0];
  if (!is_constant_node(operand) ||
      (!operand.constant.is_null() && is_stable_cast(operand.type, node->type)))
    return {};
  return evaluate_here(node, context);
}

// The first operand that decides ends it; those that change nothing fall away.
Result<void> fold_and_or(NodePtr& node, const EvalContext& context) {
  const bool deciding = node->kind == NodeKind::kOr;
  std::vector<NodePtr> kept;
  bool has_null = false;
  for (NodePtr& child : node->children) {
    TRY(fold_constants(child, context));
    if (!is_constant_node(*child)) {
      kept.push_back(std::move(child));
    } else if (child->constant.is_null()) {
      has_null = true;
    } else if (is_true(*child) == deciding) {
      become_bool(node, deciding);
      return {};
    }
  }
  if (kept.empty()) {
    become(node, has_null ? Value() : Value::of_int({TypeId::kBool}, deciding ? 0 : 1));
    return {};
  }
  if (has_null) kept.push_back(make_constant(Value::null({TypeId::kBool})));
  node->children = std::move(kept);
  if (node->children.size() == 1) become_child(node, 0);
  return {};
}

Result<void> fold_case(NodePtr& node, const EvalContext& context) {
  std::vector<NodePtr> kept;
  NodePtr otherwise;
  const size_t conditions = node->children.size() - (node->has_else ? 1 : 0);
  bool decided = false;
  for (size_t i = 0; i < conditions && !decided; i += 2) {
    NodePtr& when = node->children[i];
    TRY(fold_constants(when, context));
    if (is_constant_node(*when) && !is_true(*when)) continue;
    NodePtr& then = node->children[i + 1];
    TRY(fold_constants(then, context));
    decided = is_constant_node(*when);
    if (decided) {
      otherwise = std::move(then);
    } else {
      kept.push_back(std::move(when));
      kept.push_back(std::move(then));
    }
  }
  if (!decided && node->has_else) {
    otherwise = std::move(node->children.back());
    TRY(fold_constants(otherwise, context));
  }
  if (kept.empty() && otherwise == nullptr) {
    become(node, Value());
    return {};
  }
  node->has_else = otherwise != nullptr;
  if (node->has_else) kept.push_back(std::move(otherwise));
  node->children = std::move(kept);
  if (node->children.size() == 1) become_child(node, 0);
  return {};
}

Result<void> fold_coalesce(NodePtr& node, const EvalContext& context) {
  std::vector<NodePtr> kept;
  for (NodePtr& child : node->children) {
    TRY(fold_constants(child, context));
    if (is_constant_null(*child)) continue;
    const bool last = is_constant_node(*child);
    kept.push_back(std::move(child));
    if (last) break;
  }
  if (kept.empty()) {
    become(node, Value());
    return {};
  }
  node->children = std::move(kept);
  if (node->children.size() == 1) become_child(node, 0);
  return {};
}

Result<void> fold_in(NodePtr& node, const EvalContext& context) {
  TRY(fold_children(*node, context));
  // Items that cannot be computed yet are computed even beside a NULL, as PostgreSQL does it.
  if (all_constant(*node)) return evaluate_here(node, context);
  if (node->set == nullptr) prepare_set(*node);
  return {};
}

}  // namespace

Result<void> fold_constants(NodePtr& node, const EvalContext& context) {
  switch (node->kind) {
    case NodeKind::kColumn:
    case NodeKind::kConstant:
    case NodeKind::kParameter:
      return {};
    case NodeKind::kCall:
      return fold_call(node, context);
    case NodeKind::kCast:
      return fold_cast(node, context);
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return fold_and_or(node, context);
    case NodeKind::kCase:
      return fold_case(node, context);
    case NodeKind::kCoalesce:
      return fold_coalesce(node, context);
    case NodeKind::kIn:
      return fold_in(node, context);
    case NodeKind::kNot:
    case NodeKind::kIsNull:
    case NodeKind::kIsBool:
      TRY(fold_children(*node, context));
      return all_constant(*node) ? evaluate_here(node, context) : Result<void>();
  }
  return {};
}

bool is_never_true(const Node& condition) {
  return condition.kind == NodeKind::kConstant && !is_true(condition);
}

void fold_condition(NodePtr& condition) {
  if (condition->kind != NodeKind::kAnd && condition->kind != NodeKind::kOr) return;
  const bool conjunction = condition->kind == NodeKind::kAnd;
  auto& children = condition->children;
  for (NodePtr& child : children) fold_condition(child);
  if (conjunction) {
    if (std::any_of(children.begin(), children.end(),
                    [](const NodePtr& child) { return is_never_true(*child); }))
      become_bool(condition, false);
    return;
  }
  std::erase_if(children, [](const NodePtr& child) { return is_never_true(*child); });
  if (children.empty()) return become_bool(condition, false);
  if (children.size() == 1) become_child(condition, 0);
}

}  // namespace rowan::expr
