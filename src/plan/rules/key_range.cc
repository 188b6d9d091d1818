// key_range: equalities on the first key columns and bounds on the next one become a range of the row tree.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

using Operator = KeyComparison::Operator;

// Takes the first conjunct that compares `column` by one of the operators; gives its operator and value.
std::optional<std::pair<Operator, expr::NodePtr>> take_bound(std::vector<expr::NodePtr>& conjuncts, const ScanSpec& scan, uint16_t column,
                                                             std::initializer_list<Operator> operators) {
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const auto comparison = key_comparison(*conjuncts[i], scan);
    if (!comparison.has_value() || comparison->column != column) continue;
    if (std::find(operators.begin(), operators.end(), comparison->op) == operators.end()) continue;
    std::pair<Operator, expr::NodePtr> bound{comparison->op, comparison->value->clone()};
    conjuncts.erase(conjuncts.begin() + static_cast<ptrdiff_t>(i));
    return bound;
  }
  return std::nullopt;
}

}  // namespace

void key_range(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) key_range(child, context);
  if (root->kind != LogicalKind::kScan || root->scan.filter == nullptr || root->scan.point) return;
  ScanSpec& scan = root->scan;
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(scan.filter), conjuncts);
  for (const uint16_t column : scan.table.table->primary_key) {
    if (auto equal = take_bound(conjuncts, scan, column, {Operator::kEqual})) {
      scan.bounds.equal.push_back(std::move(equal->second));
      continue;
    }
    if (auto lower = take_bound(conjuncts, scan, column, {Operator::kGreater, Operator::kGreaterEqual})) {
      scan.bounds.lower_inclusive = lower->first == Operator::kGreaterEqual;
      scan.bounds.lower = std::move(lower->second);
    }
    if (auto upper = take_bound(conjuncts, scan, column, {Operator::kLess, Operator::kLessEqual})) {
      scan.bounds.upper_inclusive = upper->first == Operator::kLessEqual;
      scan.bounds.upper = std::move(upper->second);
    }
    break;
  }
  scan.filter = join_conjuncts(std::move(conjuncts));
}

}  // namespace rowan::plan
