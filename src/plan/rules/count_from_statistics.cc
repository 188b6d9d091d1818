// count_from_statistics: a bare count(*) of a whole table is known when the table's row count is.
// The plan keeps which rows tree the count belongs to, and counts again when it runs on another
// one.
#include "plan/rules/rules.h"

namespace rowan::plan {

void count_from_statistics(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) count_from_statistics(child, context);
  if (root->kind != LogicalKind::kAggregate || !root->expressions.empty() ||
      root->aggregates.size() != 1)
    return;
  const AggregateItem& item = root->aggregates[0];
  const LogicalNode& scan = *root->children[0];
  if (!expr::counts_rows(item.spec) || item.filter != nullptr ||
      scan.kind != LogicalKind::kScan || scan.scan.filter != nullptr ||
      scan.scan.bounds.present()) {
    return;
  }
  const auto known = context.resolver.row_count(scan.scan.table);
  if (!known.has_value()) return;
  LogicalPtr node = make_node(LogicalKind::kRowCount);
  node->outputs = root->outputs;
  node->known_rows = *known;
  node->scan.table = scan.scan.table;
  node->scan.historical = scan.scan.historical;
  node->scan.materialized = scan.scan.materialized;
  node->scan.alias = scan.scan.alias;
  node->children.push_back(std::move(root));
  root = std::move(node);
}

}  // namespace rowan::plan
