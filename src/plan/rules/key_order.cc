// key_order: scans give rows in primary key order, so a sort by a prefix of the key has nothing to
// do; a sort by the whole key downwards reads backwards. A commit of history may hold NULL in a key;
// it comes last then.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

LogicalNode* sort_source(LogicalNode& node, uint32_t column, uint16_t& table_column) {
  switch (node.kind) {
    case LogicalKind::kFilter:
      return sort_source(*node.children[0], column, table_column);
    case LogicalKind::kProject: {
      const expr::Node& expression = *node.expressions[column];
      if (expression.kind != expr::NodeKind::kColumn) return nullptr;
      return sort_source(*node.children[0], expression.column, table_column);
    }
    case LogicalKind::kScan:
      if (column >= node.scan.output_columns) return nullptr;
      table_column = node.scan.columns[column];
      return &node;
    default:
      return nullptr;
  }
}

namespace {

bool sorted_already(const LogicalNode& sort, PlanContext& context) {
  LogicalNode* scan = nullptr;
  for (size_t i = 0; i < sort.sort.size(); ++i) {
    uint16_t table_column = 0;
    scan = sort_source(*sort.children[0], sort.sort[i].column, table_column);
    if (scan == nullptr || scan->scan.index.ordered || scan->scan.backward) return false;
    const bool descending = sort.sort[0].descending;
    const auto& key = scan->scan.table.table->primary_key;
    // The whole key came before: nothing is left to order.
    if (i >= key.size()) {
      scan->scan.backward = descending && !key.empty();
      return !key.empty();
    }
    if (key[i] != table_column || sort.sort[i].descending != descending) return false;
    const bool nulls_fit = sort.sort[i].nulls_first == descending;
    if (!nulls_fit && !context.resolver.rules_hold(scan->scan.historical)) return false;
  }
  // Rows that share a part of the key stay in the order of the rest of it, upwards.
  if (!sort.sort[0].descending) return true;
  if (sort.sort.size() < scan->scan.table.table->primary_key.size()) return false;
  scan->scan.backward = true;
  return true;
}

}  // namespace

void key_order(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) key_order(child, context);
  if (root->kind != LogicalKind::kSort || !sorted_already(*root, context)) return;
  LogicalPtr child = std::move(root->children[0]);
  root = std::move(child);
}

}  // namespace rowan::plan
