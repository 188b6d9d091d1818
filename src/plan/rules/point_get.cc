// point_get: equalities on the whole primary key read one row.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

void point_get(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) point_get(child, context);
  if (root->kind != LogicalKind::kScan || root->scan.filter == nullptr) return;
  ScanSpec& scan = root->scan;
  const auto& key = scan.table.table->primary_key;
  if (key.empty()) return;
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(scan.filter), conjuncts);
  std::vector<size_t> chosen;
  for (const uint16_t column : key) {
    const auto equals = [&](const expr::NodePtr& conjunct) {
      const auto comparison = key_comparison(*conjunct, scan);
      return comparison.has_value() && comparison->op == KeyComparison::Operator::kEqual &&
             comparison->column == column;
    };
    const auto found = std::find_if(conjuncts.begin(), conjuncts.end(), equals);
    if (found == conjuncts.end()) break;
    chosen.push_back(static_cast<size_t>(found - conjuncts.begin()));
  }
  if (chosen.size() == key.size()) {
    for (const size_t i : chosen)
      scan.bounds.equal.push_back(key_comparison(*conjuncts[i], scan)->value->clone());
    for (const size_t i : chosen) conjuncts[i] = nullptr;
    std::erase(conjuncts, nullptr);
    scan.point = true;
  }
  scan.filter = join_conjuncts(std::move(conjuncts));
}

}  // namespace rowan::plan
