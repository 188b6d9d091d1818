// predicate_pushdown: each conjunct is tested as near to the table as it can be; a join gets the
// conditions on both sides.
#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

using Conjuncts = std::vector<expr::NodePtr>;

void push(LogicalPtr& node, Conjuncts conjuncts);

void push_children(LogicalNode& node) {
  for (LogicalPtr& child : node.children) push(child, {});
}

// Moves what `fits` from one list to the other.
template <typename Fits>
Conjuncts take(Conjuncts& from, const Fits& fits) {
  Conjuncts taken, left;
  for (expr::NodePtr& node : from) (fits(*node) ? taken : left).push_back(std::move(node));
  from = std::move(left);
  return taken;
}

void push_join(LogicalNode& node, Conjuncts& conjuncts) {
  using sql::JoinKind;
  const auto left_width = static_cast<uint32_t>(node.children[0]->width());
  const auto all = static_cast<uint32_t>(node.width());
  const bool inner = node.join == JoinKind::kInner || node.join == JoinKind::kCross;
  const auto on_left = [&](const expr::Node& e) {
    return !is_volatile(e) && columns_within(e, 0, left_width);
  };
  const auto on_right = [&](const expr::Node& e) {
    return !is_volatile(e) && columns_within(e, left_width, all);
  };

  Conjuncts left, right, condition;
  split_conjuncts(std::move(node.condition), condition);
  if (inner) {
    for (expr::NodePtr& e : conjuncts) condition.push_back(std::move(e));
    conjuncts = take(condition, [](const expr::Node& e) { return is_volatile(e); });
    left = take(condition, on_left);
    right = take(condition, on_right);
  } else {
    // What WHERE asks of the preserved side may be asked before the join; what ON asks of the other
    // side too.
    if (node.join == JoinKind::kLeft) {
      left = take(conjuncts, on_left);
      right = take(condition, on_right);
    } else if (node.join == JoinKind::kRight) {
      right = take(conjuncts, on_right);
      left = take(condition, on_left);
    }
  }
  for (expr::NodePtr& e : right) shift_columns(*e, -static_cast<int64_t>(left_width));
  node.condition = join_conjuncts(std::move(condition));
  if (node.join == JoinKind::kCross && node.condition != nullptr) node.join = JoinKind::kInner;
  push(node.children[0], std::move(left));
  push(node.children[1], std::move(right));
}

constexpr size_t kGrownNodesMax = 1000;

size_t count_nodes(const expr::Node& node) {
  size_t count = 1;
  for (const expr::NodePtr& child : node.children) count += count_nodes(*child);
  return count;
}

// Nodes that the condition gains when its columns become these expressions. Through a stack of
// subqueries this multiplies.
size_t growth(const expr::Node& condition, const std::vector<expr::NodePtr>& expressions) {
  if (condition.kind == expr::NodeKind::kColumn)
    return count_nodes(*expressions[condition.column]) - 1;
  size_t sum = 0;
  for (const expr::NodePtr& child : condition.children) sum += growth(*child, expressions);
  return sum;
}

// Gives the conjuncts that could not go below `node`.
Conjuncts push_below(LogicalNode& node, Conjuncts conjuncts) {
  const auto to_child = [&](const auto& fits) {
    Conjuncts below = take(conjuncts, fits);
    if (node.kind == LogicalKind::kProject || node.kind == LogicalKind::kAggregate) {
      for (expr::NodePtr& e : below) substitute(e, node.expressions);
    }
    push(node.children[0], std::move(below));
    for (size_t i = 1; i < node.children.size(); ++i) push(node.children[i], {});
  };
  switch (node.kind) {
    case LogicalKind::kProject: {
      const auto fits = [&](const expr::Node& e) {
        std::vector<uint32_t> columns;
        expr::collect_columns(e, columns);
        for (const uint32_t column : columns) {
          if (is_volatile(*node.expressions[column])) return false;
        }
        return !is_volatile(e) && growth(e, node.expressions) <= kGrownNodesMax;
      };
      to_child(fits);
      break;
    }
    case LogicalKind::kAggregate:
      to_child([&](const expr::Node& e) {
        return !node.expressions.empty() && has_columns(e) && !is_volatile(e) &&
               columns_within(e, 0, static_cast<uint32_t>(node.expressions.size()));
      });
      break;
    case LogicalKind::kApply:
      to_child([&](const expr::Node& e) {
        return !is_volatile(e) &&
               columns_within(e, 0, static_cast<uint32_t>(node.children[0]->width()));
      });
      break;
    case LogicalKind::kSort:
      to_child([](const expr::Node& e) { return !is_volatile(e); });
      break;
    case LogicalKind::kDistinct:
      to_child([&](const expr::Node& e) { return node.distinct_on.empty() && !is_volatile(e); });
      break;
    case LogicalKind::kSetOperation: {
      Conjuncts below = take(conjuncts, [](const expr::Node& e) { return !is_volatile(e); });
      Conjuncts copies;
      for (const expr::NodePtr& e : below) copies.push_back(e->clone());
      push(node.children[0], std::move(below));
      push(node.children[1], std::move(copies));
      break;
    }
    case LogicalKind::kJoin:
      push_join(node, conjuncts);
      break;
    case LogicalKind::kScan: {
      Conjuncts filter = take(conjuncts, [&](const expr::Node& e) {
        return columns_within(e, 0, static_cast<uint32_t>(node.scan.output_columns)) &&
               !is_volatile(e);
      });
      Conjuncts before;
      split_conjuncts(std::move(node.scan.filter), before);
      for (expr::NodePtr& e : filter) before.push_back(std::move(e));
      node.scan.filter = join_conjuncts(std::move(before));
      break;
    }
    default:
      push_children(node);
      break;
  }
  return conjuncts;
}

void push(LogicalPtr& node, Conjuncts conjuncts) {
  if (node->kind == LogicalKind::kFilter) {
    split_conjuncts(std::move(node->condition), conjuncts);
    LogicalPtr child = std::move(node->children[0]);
    node = std::move(child);
    push(node, std::move(conjuncts));
    return;
  }
  Conjuncts rest = push_below(*node, std::move(conjuncts));
  node = make_filter(std::move(node), join_conjuncts(std::move(rest)));
}

}  // namespace

void predicate_pushdown(LogicalPtr& root, PlanContext&) { push(root, {}); }

}  // namespace rowan::plan
