// join_order: a chain of inner joins starts with its smallest table and adds, one by one, the table
// that keeps the result smallest, preferring those that a condition connects. Groups of tables that
// no condition connects are joined among themselves first and multiplied at the end.
#include <algorithm>
#include <numeric>

#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

bool is_inner(const LogicalNode& node) {
  return node.kind == LogicalKind::kJoin &&
         (node.join == sql::JoinKind::kInner || node.join == sql::JoinKind::kCross);
}

struct Input {
  LogicalPtr node;
  uint32_t first_column = 0;  // In the written order.
  uint32_t width = 0;
  double rows = 0;
  double base_rows = 0;  // Before its own filter: about the number of distinct values of a key.
  std::vector<size_t> conditions;  // That tie it to others.
};

struct Condition {
  expr::NodePtr node;  // Null once it is used. Columns count over all inputs in the written order.
  std::vector<size_t> inputs;  // Those it reads, ascending.
};

// What has been joined so far.
struct Joined {
  LogicalPtr node;
  std::vector<size_t> inputs;  // In the order of their columns.
  double rows = 0;
};

class Reorder {
 public:
  Reorder(LogicalPtr root, PlanContext& context)
      : resolver_(context.resolver), outputs_(root->outputs) {
    std::vector<expr::NodePtr> conditions;
    flatten(std::move(root), 0, conditions);
    for (Input& input : inputs_) {
      input.width = static_cast<uint32_t>(input.node->width());
      input.rows = estimate_rows(*input.node, resolver_);
      input.base_rows = input.rows;
      if (input.node->kind != LogicalKind::kScan) continue;
      if (const auto known = resolver_.row_count(input.node->scan.table))
        input.base_rows = std::max(input.rows, static_cast<double>(*known));
    }
    for (expr::NodePtr& node : conditions) add_condition(std::move(node));
    place_.resize(outputs_.size());
    joined_.resize(inputs_.size());
  }

  LogicalPtr run() {
    std::vector<Joined> groups;
    for (const std::vector<size_t>& group : connected_groups()) groups.push_back(join_group(group));
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Joined& a, const Joined& b) { return a.rows < b.rows; });
    Joined all = std::move(groups[0]);
    for (size_t i = 1; i < groups.size(); ++i) {
      all.node = make_join(std::move(all.node), std::move(groups[i].node), {});
      all.inputs.insert(all.inputs.end(), groups[i].inputs.begin(), groups[i].inputs.end());
    }
    set_places(all);
    all.node = make_filter(std::move(all.node),
                           join_conjuncts(take_conditions([](const Condition&) { return true; })));
    return std::is_sorted(place_.begin(), place_.end())
               ? std::move(all.node)
               : make_projection(std::move(all.node), place_);
  }

 private:
  void flatten(LogicalPtr node, uint32_t from, std::vector<expr::NodePtr>& conditions) {
    if (!is_inner(*node)) {
      inputs_.emplace_back();
      inputs_.back().node = std::move(node);
      inputs_.back().first_column = from;
      return;
    }
    std::vector<expr::NodePtr> own;
    split_conjuncts(std::move(node->condition), own);
    for (expr::NodePtr& condition : own) {
      shift_columns(*condition, from);
      conditions.push_back(std::move(condition));
    }
    const auto left_width = static_cast<uint32_t>(node->children[0]->width());
    flatten(std::move(node->children[0]), from, conditions);
    flatten(std::move(node->children[1]), from + left_width, conditions);
  }

  void add_condition(expr::NodePtr node) {
    std::vector<uint32_t> columns;
    expr::collect_columns(*node, columns);
    Condition condition{std::move(node), {}};
    for (const uint32_t column : columns) {
      const auto after = std::upper_bound(
          inputs_.begin(), inputs_.end(), column,
          [](uint32_t value, const Input& input) { return value < input.first_column; });
      // Inputs without columns share their first column with the next one, which is then the last
      // of them.
      const auto input = static_cast<size_t>(after - inputs_.begin()) - 1;
      if (condition.inputs.empty() || condition.inputs.back() != input)
        condition.inputs.push_back(input);
    }
    if (condition.inputs.size() > 1) {
      for (const size_t input : condition.inputs)
        inputs_[input].conditions.push_back(conditions_.size());
    }
    conditions_.push_back(std::move(condition));
  }

  std::vector<std::vector<size_t>> connected_groups() const {
    std::vector<size_t> leader(inputs_.size());
    std::iota(leader.begin(), leader.end(), size_t{0});
    const auto find = [&](size_t input) {
      while (leader[input] != input) input = leader[input] = leader[leader[input]];
      return input;
    };
    for (const Condition& condition : conditions_) {
      for (const size_t input : condition.inputs) leader[find(input)] = find(condition.inputs[0]);
    }
    std::vector<std::vector<size_t>> groups;
    std::vector<size_t> group_of(inputs_.size(), SIZE_MAX);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      size_t& group = group_of[find(i)];
      if (group == SIZE_MAX) {
        group = groups.size();
        groups.emplace_back();
      }
      groups[group].push_back(i);
    }
    return groups;
  }

  // The share of pairs that a condition between what is joined and `next` keeps.
  double share(const Condition& condition, size_t next) const {
    const expr::Node& node = *condition.node;
    if (node.kind != expr::NodeKind::kCall || node.function->name != "=") return selectivity(node);
    double distinct = inputs_[next].base_rows;
    for (const size_t input : condition.inputs)
      distinct = std::max(distinct, inputs_[input].base_rows);
    return 1 / std::max(distinct, 1.0);
  }

  // Rows after adding `next`; `connected` tells whether any condition ties it to what is joined.
  double rows_with(double rows, size_t next, bool& connected) const {
    double result = rows * inputs_[next].rows;
    connected = false;
    for (const size_t index : inputs_[next].conditions) {
      const Condition& condition = conditions_[index];
      if (condition.node == nullptr) continue;
      const bool ready = std::all_of(condition.inputs.begin(), condition.inputs.end(),
                                     [&](size_t input) { return input == next || joined_[input]; });
      if (!ready) continue;
      connected = true;
      result *= share(condition, next);
    }
    return std::max(result, 1.0);
  }

  Joined join_group(const std::vector<size_t>& group) {
    const size_t first = *std::min_element(group.begin(), group.end(), [&](size_t a, size_t b) {
      return inputs_[a].rows < inputs_[b].rows;
    });
    Joined made{std::move(inputs_[first].node), {first}, inputs_[first].rows};
    joined_[first] = true;
    while (made.inputs.size() < group.size()) {
      size_t best = SIZE_MAX;
      double best_rows = 0;
      bool best_connected = false;
      for (const size_t input : group) {
        if (joined_[input]) continue;
        bool connected = false;
        const double rows = rows_with(made.rows, input, connected);
        if (best != SIZE_MAX && (best_connected && !connected)) continue;
        if (best != SIZE_MAX && connected == best_connected && rows >= best_rows) continue;
        best = input;
        best_rows = rows;
        best_connected = connected;
      }
      joined_[best] = true;
      made.inputs.push_back(best);
      made.rows = best_rows;
      set_places(made);
      made.node = make_join(std::move(made.node), std::move(inputs_[best].node),
                            take_conditions([&](const Condition& condition) {
                              return !condition.inputs.empty() &&
                                     std::all_of(condition.inputs.begin(), condition.inputs.end(),
                                                 [&](size_t input) { return joined_[input]; }) &&
                                     std::binary_search(condition.inputs.begin(),
                                                        condition.inputs.end(), best);
                            }));
    }
    return made;
  }

  // Where each written column of these inputs is now.
  void set_places(const Joined& joined) {
    uint32_t at = 0;
    for (const size_t input : joined.inputs) {
      for (uint32_t i = 0; i < inputs_[input].width; ++i)
        place_[inputs_[input].first_column + i] = at++;
    }
  }

  template <typename Wanted>
  std::vector<expr::NodePtr> take_conditions(const Wanted& wanted) {
    std::vector<expr::NodePtr> taken;
    for (Condition& condition : conditions_) {
      if (condition.node == nullptr || !wanted(condition)) continue;
      expr::remap_columns(*condition.node, place_);
      taken.push_back(std::move(condition.node));
    }
    return taken;
  }

  static LogicalPtr make_join(LogicalPtr left, LogicalPtr right,
                              std::vector<expr::NodePtr> conditions) {
    LogicalPtr join = make_node(LogicalKind::kJoin, std::move(left));
    join->outputs.insert(join->outputs.end(), right->outputs.begin(), right->outputs.end());
    join->children.push_back(std::move(right));
    join->join = conditions.empty() ? sql::JoinKind::kCross : sql::JoinKind::kInner;
    join->condition = join_conjuncts(std::move(conditions));
    return join;
  }

  Resolver& resolver_;
  std::vector<OutputColumn> outputs_;
  std::vector<Input> inputs_;
  std::vector<Condition> conditions_;
  std::vector<bool> joined_;
  std::vector<uint32_t> place_;
};

}  // namespace

void join_order(LogicalPtr& root, PlanContext& context) {
  if (!is_inner(*root)) {
    for (LogicalPtr& child : root->children) join_order(child, context);
    return;
  }
  const auto visit = [&](const auto& self, LogicalPtr& node) -> void {
    if (!is_inner(*node)) return join_order(node, context);
    self(self, node->children[0]);
    self(self, node->children[1]);
  };
  visit(visit, root);
  root = Reorder(std::move(root), context).run();
}

}  // namespace rowan::plan
