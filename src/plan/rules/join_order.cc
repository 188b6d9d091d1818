// join_order: a chain of inner joins starts with its smallest table and adds, one by one, the table that keeps the result
// smallest, preferring those that a condition connects.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

constexpr size_t kJoinOrderTablesMax = 16;   // Longer chains stay as written.

bool is_inner(const LogicalNode& node) {
  return node.kind == LogicalKind::kJoin && (node.join == sql::JoinKind::kInner || node.join == sql::JoinKind::kCross);
}

// Takes the chain apart; columns of the conditions count over all inputs in the written order.
void flatten(LogicalPtr node, uint32_t from, std::vector<LogicalPtr>& inputs, std::vector<expr::NodePtr>& conditions) {
  if (!is_inner(*node)) {
    inputs.push_back(std::move(node));
    return;
  }
  std::vector<expr::NodePtr> own;
  split_conjuncts(std::move(node->condition), own);
  for (expr::NodePtr& condition : own) {
    shift_columns(*condition, from);
    conditions.push_back(std::move(condition));
  }
  const auto left_width = static_cast<uint32_t>(node->children[0]->width());
  flatten(std::move(node->children[0]), from, inputs, conditions);
  flatten(std::move(node->children[1]), from + left_width, inputs, conditions);
}

size_t count_inputs(const LogicalNode& node) { return is_inner(node) ? count_inputs(*node.children[0]) + count_inputs(*node.children[1]) : 1; }

struct Chain {
  std::vector<LogicalPtr> inputs;
  std::vector<uint32_t> first_column;        // Of each input, in the written order.
  std::vector<uint32_t> widths;
  std::vector<double> rows;
  std::vector<expr::NodePtr> conditions;
};

// True when all columns of the condition belong to joined inputs or to `next`.
bool covered(const expr::Node& condition, const Chain& chain, const std::vector<bool>& joined, size_t next, bool& touches_next) {
  std::vector<uint32_t> columns;
  expr::collect_columns(condition, columns);
  touches_next = false;
  for (const uint32_t column : columns) {
    size_t input = 0;
    while (column >= chain.first_column[input] + chain.widths[input]) ++input;
    if (input == next) touches_next = true;
    if (input != next && !joined[input]) return false;
  }
  return true;
}

size_t best_next(const Chain& chain, const std::vector<bool>& joined, double rows) {
  size_t best = chain.inputs.size();
  double best_rows = 0;
  bool best_connected = false;
  for (size_t i = 0; i < chain.inputs.size(); ++i) {
    if (joined[i]) continue;
    bool connected = false;
    for (const expr::NodePtr& condition : chain.conditions) {
      bool touches = false;
      connected = connected || (condition != nullptr && covered(*condition, chain, joined, i, touches) && touches);
    }
    const double result = connected ? std::max(rows, chain.rows[i]) : rows * chain.rows[i];
    if (best == chain.inputs.size() || (connected && !best_connected) || (connected == best_connected && result < best_rows)) {
      best = i;
      best_rows = result;
      best_connected = connected;
    }
  }
  return best;
}

void reorder(LogicalPtr& root, PlanContext& context) {
  Chain chain;
  const std::vector<OutputColumn> outputs = root->outputs;
  flatten(std::move(root), 0, chain.inputs, chain.conditions);
  uint32_t column = 0;
  for (LogicalPtr& input : chain.inputs) {
    chain.first_column.push_back(column);
    chain.widths.push_back(static_cast<uint32_t>(input->width()));
    chain.rows.push_back(estimate_rows(*input, context.resolver));
    column += chain.widths.back();
  }
  std::vector<bool> joined(chain.inputs.size());
  std::vector<uint32_t> place(outputs.size());    // Where each written column is now.
  const auto add_columns = [&](size_t input, uint32_t at) {
    for (uint32_t i = 0; i < chain.widths[input]; ++i) place[chain.first_column[input] + i] = at + i;
  };
  const size_t first = static_cast<size_t>(std::min_element(chain.rows.begin(), chain.rows.end()) - chain.rows.begin());
  joined[first] = true;
  add_columns(first, 0);
  double rows = chain.rows[first];
  LogicalPtr node = std::move(chain.inputs[first]);
  for (size_t step = 1; step < chain.inputs.size(); ++step) {
    const size_t next = best_next(chain, joined, rows);
    add_columns(next, static_cast<uint32_t>(node->width()));
    LogicalPtr join = make_node(LogicalKind::kJoin, std::move(node));
    join->outputs.insert(join->outputs.end(), chain.inputs[next]->outputs.begin(), chain.inputs[next]->outputs.end());
    join->children.push_back(std::move(chain.inputs[next]));
    std::vector<expr::NodePtr> conditions;
    for (expr::NodePtr& condition : chain.conditions) {
      bool touches = false;
      if (condition == nullptr || !covered(*condition, chain, joined, next, touches)) continue;
      expr::remap_columns(*condition, place);
      conditions.push_back(std::move(condition));
    }
    joined[next] = true;
    join->join = conditions.empty() ? sql::JoinKind::kCross : sql::JoinKind::kInner;
    join->condition = join_conjuncts(std::move(conditions));
    node = std::move(join);
    rows = estimate_rows(*node, context.resolver);
  }
  root = std::is_sorted(place.begin(), place.end()) ? std::move(node) : make_projection(std::move(node), place);
}

}  // namespace

void join_order(LogicalPtr& root, PlanContext& context) {
  if (!is_inner(*root) || count_inputs(*root) > kJoinOrderTablesMax) {
    for (LogicalPtr& child : root->children) join_order(child, context);
    return;
  }
  std::vector<LogicalPtr*> inputs;
  const auto visit = [&](const auto& self, LogicalPtr& node) -> void {
    if (!is_inner(*node)) return join_order(node, context);
    self(self, node->children[0]);
    self(self, node->children[1]);
  };
  visit(visit, root);
  reorder(root, context);
}

}  // namespace rowan::plan
