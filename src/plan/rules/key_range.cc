// key_range: equalities on the first key columns, and a list of values or bounds on the next one,
// become ranges of the row tree.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

void key_range(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) key_range(child, context);
  if (root->kind != LogicalKind::kScan || root->scan.filter == nullptr || root->scan.point ||
      root->scan.index.present())
    return;
  ScanSpec& scan = root->scan;
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(scan.filter), conjuncts);
  TakenBounds taken = match_bounds(conjuncts, scan, scan.table.table->primary_key, false);
  for (const size_t i : taken.conjuncts) conjuncts[i] = nullptr;
  std::erase(conjuncts, nullptr);
  scan.bounds = std::move(taken.bounds);
  scan.filter = join_conjuncts(std::move(conjuncts));
  const auto rows = context.resolver.row_count(scan.table);
  if (scan.bounds.present() && rows.has_value()) {
    const auto share = key_bounds_share(scan, context);
    if (share.has_value()) scan.bounded_rows = std::max(1.0, static_cast<double>(*rows) * *share);
  }
}

}  // namespace rowan::plan
