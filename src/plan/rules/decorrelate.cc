// decorrelate: EXISTS over a query that is tied to the outer one by equalities alone runs once; its
// keys are hashed, and each outer row looks for its own. For few outer rows, which an index or key
// would serve, it stays as it is.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

class Decorrelation {
 public:
  explicit Decorrelation(LogicalNode& apply) : spec_(apply.apply) {}

  // Whether equalities that can be hashed are all that ties the query to the outer one.
  bool possible(LogicalNode& inner) {
    size_t tied = 0;
    visit_conditions(inner, 0, [&](expr::NodePtr& condition, uint32_t) {
      std::vector<expr::NodePtr> conjuncts;
      split_conjuncts(std::move(condition), conjuncts);
      for (const expr::NodePtr& conjunct : conjuncts) {
        const expr::Node* sides[2];
        if (tie(*conjunct, sides)) tied += count_outer(*sides[1]);
      }
      condition = join_conjuncts(std::move(conjuncts));
    });
    return tied > 0 && tied == count_outer(inner);
  }

  // Moves the equalities out of the query into key expressions, and makes these the query's
  // columns.
  void run(LogicalPtr& inner) {
    LogicalPtr keys = make_node(LogicalKind::kProject);
    visit_conditions(*inner, 0, [&](expr::NodePtr& condition, uint32_t from) {
      std::vector<expr::NodePtr> conjuncts, kept;
      split_conjuncts(std::move(condition), conjuncts);
      for (expr::NodePtr& conjunct : conjuncts) {
        const expr::Node* sides[2];
        if (!tie(*conjunct, sides)) {
          kept.push_back(std::move(conjunct));
          continue;
        }
        expr::NodePtr own = sides[0]->clone();
        shift_columns(*own, from);
        keys->outputs.push_back({"key", own->type});
        keys->expressions.push_back(std::move(own));
        spec_.outer_keys.push_back(sides[1]->clone());
        substitute_outer(spec_.outer_keys.back());
      }
      condition = join_conjuncts(std::move(kept));
    });
    spec_.parameters.clear();
    spec_.parameter_slots.clear();
    drop_empty_filters(inner);
    keys->children.push_back(std::move(inner));
    inner = std::move(keys);
  }

 private:
  std::optional<size_t> parameter_of(const expr::Node& node) const {
    if (node.kind != expr::NodeKind::kParameter || node.column < kOuterParameterBase)
      return std::nullopt;
    const auto found = std::find(spec_.parameter_slots.begin(), spec_.parameter_slots.end(),
                                 node.column - kOuterParameterBase);
    if (found == spec_.parameter_slots.end()) return std::nullopt;
    return static_cast<size_t>(found - spec_.parameter_slots.begin());
  }

  size_t count_outer(const expr::Node& node) const {
    size_t count = parameter_of(node).has_value() ? 1 : 0;
    for (const expr::NodePtr& child : node.children) count += count_outer(*child);
    return count;
  }
  size_t count_outer(LogicalNode& node) const {
    size_t count = 0;
    for_each_expression(node, [&](expr::NodePtr& e) { count += count_outer(*e); });
    for (LogicalPtr& child : node.children) count += count_outer(*child);
    return count;
  }

  // An equality of something of the query (sides[0]) and something of the outer rows (sides[1]).
  bool tie(const expr::Node& conjunct, const expr::Node* sides[2]) const {
    if (conjunct.kind != expr::NodeKind::kCall || conjunct.function == nullptr ||
        conjunct.function->name != "=" || conjunct.children.size() != 2 || is_volatile(conjunct)) {
      return false;
    }
    for (const bool turned : {false, true}) {
      sides[0] = conjunct.children[turned ? 1 : 0].get();
      sides[1] = conjunct.children[turned ? 0 : 1].get();
      if (has_columns(*sides[0]) && count_outer(*sides[0]) == 0 && !has_columns(*sides[1]) &&
          count_outer(*sides[1]) > 0 && hashable(sides[0]->type.id, sides[1]->type.id)) {
        return true;
      }
    }
    return false;
  }

  void substitute_outer(expr::NodePtr& node) const {
    if (const auto parameter = parameter_of(*node)) {
      node = spec_.parameters[*parameter]->clone();
      return;
    }
    for (expr::NodePtr& child : node->children) substitute_outer(child);
  }

  // Conditions that every row of the query has to meet; `from`: where their columns stand among
  // those of the whole query.
  template <typename Visit>
  void visit_conditions(LogicalNode& node, uint32_t from, const Visit& visit) {
    switch (node.kind) {
      case LogicalKind::kScan:
        return visit(node.scan.filter, from);
      case LogicalKind::kFilter:
        visit(node.condition, from);
        return visit_conditions(*node.children[0], from, visit);
      case LogicalKind::kJoin:
        if (node.join != sql::JoinKind::kInner && node.join != sql::JoinKind::kCross) return;
        visit(node.condition, from);
        if (node.condition == nullptr) node.join = sql::JoinKind::kCross;
        visit_conditions(*node.children[0], from, visit);
        return visit_conditions(*node.children[1],
                                from + static_cast<uint32_t>(node.children[0]->width()), visit);
      default:
        return;
    }
  }

  static void drop_empty_filters(LogicalPtr& node) {
    for (LogicalPtr& child : node->children) drop_empty_filters(child);
    if (node->kind != LogicalKind::kFilter || node->condition != nullptr) return;
    LogicalPtr child = std::move(node->children[0]);
    node = std::move(child);
  }

  ApplySpec& spec_;
};

// The first table of the query by an index or its key: is one of them of use for a few outer rows?
bool has_lookup(const LogicalNode& node) {
  if (node.kind == LogicalKind::kScan) {
    const catalog::TableDef& table = *node.scan.table.table;
    return !table.primary_key.empty() || !table.unique_keys.empty() || !table.indexes.empty();
  }
  return !node.children.empty() && has_lookup(*node.children[0]);
}

}  // namespace

void decorrelate(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) decorrelate(child, context);
  if (root->kind != LogicalKind::kApply || root->apply.kind != ApplyKind::kExists ||
      root->apply.parameters.empty())
    return;
  LogicalPtr& query = root->children[1];
  // What the query gives does not matter, only whether it gives anything.
  LogicalPtr* inner = &query;
  while ((*inner)->kind == LogicalKind::kProject) inner = &(*inner)->children[0];
  Decorrelation decorrelation(*root);
  if (!decorrelation.possible(**inner)) return;
  const double outer_rows = estimate_rows(*root->children[0], context.resolver);
  const double inner_rows = estimate_rows(**inner, context.resolver);
  if (has_lookup(**inner) && outer_rows * kIndexRowCost < inner_rows) return;
  LogicalPtr taken = std::move(*inner);
  decorrelation.run(taken);
  query = std::move(taken);
}

}  // namespace rowan::plan
