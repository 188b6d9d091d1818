// index_scan: conditions on the first columns of an index read it instead of the whole table, when
// few rows match.
//
// The rows come in key order all the same, so nothing above notices.
#include <algorithm>

#include "derived/index_range.h"
#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

bool has_parameters(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kParameter) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return has_parameters(*child); });
}

// The value of an expression that planning can know.
std::optional<type::Value> known_value(const expr::Node& node, const expr::EvalContext& eval) {
  if (has_parameters(node)) return std::nullopt;
  auto value = expr::evaluate_constant(node, eval);
  if (!value) return std::nullopt;
  return std::move(*value);
}

// Bounds with their values; nothing when one is not known. A NULL among them leaves no row:
// `empty`.
std::optional<derived::IndexCondition> known_condition(const KeyBounds& bounds,
                                                       const expr::EvalContext& eval, bool& empty) {
  derived::IndexCondition condition;
  empty = false;
  const auto take = [&](const expr::Node& node, auto&& to) {
    std::optional<type::Value> value = known_value(node, eval);
    if (!value.has_value()) return false;
    empty = empty || value->is_null();
    to(std::move(*value));
    return true;
  };
  for (const expr::NodePtr& node : bounds.equal) {
    if (node == nullptr) {
      condition.equal.emplace_back();
    } else if (!take(*node,
                     [&](type::Value value) { condition.equal.push_back(std::move(value)); })) {
      return std::nullopt;
    }
  }
  condition.has_any = !bounds.any.empty();
  for (const expr::NodePtr& node : bounds.any) {
    const std::optional<type::Value> value = known_value(*node, eval);
    if (!value.has_value()) return std::nullopt;
    if (!value->is_null()) condition.any.push_back(*value);
  }
  if (bounds.lower != nullptr &&
      !take(*bounds.lower, [&](type::Value value) { condition.lower = std::move(value); }))
    return std::nullopt;
  if (bounds.upper != nullptr &&
      !take(*bounds.upper, [&](type::Value value) { condition.upper = std::move(value); }))
    return std::nullopt;
  condition.lower_inclusive = bounds.lower_inclusive;
  condition.upper_inclusive = bounds.upper_inclusive;
  condition.not_null = bounds.not_null;
  return condition;
}

std::vector<uint16_t> column_numbers(const derived::IndexKey& key) {
  std::vector<uint16_t> columns;
  for (const catalog::IndexColumnDef& column : key.columns) columns.push_back(column.column);
  return columns;
}

struct Candidate {
  NamedIndex index;
  TakenBounds taken;
  double rows = 0;
};

// The cheapest index for the conjuncts, if one is cheaper than `cost`.
std::optional<Candidate> cheapest(const std::vector<expr::NodePtr>& conjuncts, const ScanSpec& scan,
                                  PlanContext& context, double cost) {
  std::optional<Candidate> best;
  for (NamedIndex& index : indexes_of(*scan.table.table)) {
    TakenBounds taken = match_bounds(conjuncts, scan, column_numbers(index.key), true);
    // IS NOT NULL alone says too little to be worth a look.
    if (taken.bounds.equal.empty() && taken.bounds.any.empty() && taken.bounds.lower == nullptr &&
        taken.bounds.upper == nullptr)
      continue;
    const auto tree = context.resolver.find_index(scan.table, index.key, scan.historical);
    if (!tree.has_value()) continue;
    const double rows =
        estimate_bounds(*tree, *scan.table.table, index.key, taken.bounds, context.eval);
    const double index_cost = kIndexStartCost + rows * kIndexRowCost;
    if (index_cost >= cost) continue;
    cost = index_cost;
    best = Candidate{std::move(index), std::move(taken), rows};
  }
  return best;
}

}  // namespace

double estimate_bounds(const derived::EntryTree& tree, const catalog::TableDef& table,
                       const derived::IndexKey& key, const KeyBounds& bounds,
                       const expr::EvalContext& eval) {
  bool empty = false;
  if (const auto condition = known_condition(bounds, eval, empty)) {
    if (empty) return 0;
    const auto ranges = derived::entry_ranges(key, *condition);
    if (ranges) return static_cast<double>(derived::count_entries(tree, *ranges));
  }
  const size_t equal = bounds.equal.size() + (bounds.any.empty() ? 0 : 1);
  double rows = equal == 0 ? static_cast<double>(tree.size())
                           : derived::entries_per_value(table, key, tree, equal);
  if (!bounds.any.empty()) rows *= static_cast<double>(bounds.any.size());
  if (bounds.lower != nullptr) rows *= 0.33;
  if (bounds.upper != nullptr) rows *= 0.33;
  return std::min(rows, static_cast<double>(tree.size()));
}

std::optional<double> key_bounds_share(const ScanSpec& scan, PlanContext& context) {
  bool empty = false;
  const auto condition = known_condition(scan.bounds, context.eval, empty);
  if (!condition.has_value()) return std::nullopt;
  if (empty) return 0;
  const auto ranges =
      derived::entry_ranges(derived::index_key(scan.table.table->primary_key), *condition);
  if (!ranges) return std::nullopt;
  double share = 0;
  for (const derived::EntryRange& range : *ranges)
    share += context.resolver.key_share(scan.table, range.lower, range.upper);
  return std::min(share, 1.0);
}

void index_scan(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) index_scan(child, context);
  if (root->kind != LogicalKind::kScan || root->scan.filter == nullptr || root->scan.point ||
      root->scan.index.present())
    return;
  ScanSpec& scan = root->scan;
  if (scan.table.rows.is_zero() ||
      (scan.table.table->indexes.empty() && scan.table.table->unique_constraints == 0))
    return;
  const double rows = static_cast<double>(context.resolver.row_count(scan.table).value_or(10'000));
  if (rows < kIndexedRowsMin) return;

  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(scan.filter), conjuncts);
  // What the primary key would leave to scan.
  ScanSpec by_key;
  by_key.table = scan.table;
  by_key.bounds = match_bounds(conjuncts, scan, scan.table.table->primary_key, false).bounds;
  double cost = rows;
  if (by_key.bounds.present()) cost *= key_bounds_share(by_key, context).value_or(0.1);
  if (auto chosen = cheapest(conjuncts, scan, context, cost)) {
    std::vector<expr::NodePtr> said;
    for (const size_t i : chosen->taken.conjuncts) said.push_back(std::move(conjuncts[i]));
    std::erase(conjuncts, nullptr);
    scan.index.name = std::move(chosen->index.name);
    scan.index.columns = std::move(chosen->index.key.columns);
    scan.index.condition = join_conjuncts(std::move(said));
    scan.bounds = std::move(chosen->taken.bounds);
    scan.bounded_rows = chosen->rows;
  }
  scan.filter = join_conjuncts(std::move(conjuncts));
}

}  // namespace rowan::plan
