// key_order: scans give rows in primary key order, so a sort by a prefix of the key has nothing to do.
#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

// The scan that `column` of `node` comes from unchanged and in order, with the table's column number.
const LogicalNode* ordered_source(const LogicalNode& node, uint32_t column, uint16_t& table_column) {
  switch (node.kind) {
    case LogicalKind::kFilter: return ordered_source(*node.children[0], column, table_column);
    case LogicalKind::kProject: {
      const expr::Node& expression = *node.expressions[column];
      if (expression.kind != expr::NodeKind::kColumn) return nullptr;
      return ordered_source(*node.children[0], expression.column, table_column);
    }
    case LogicalKind::kScan:
      if (column >= node.scan.output_columns) return nullptr;
      table_column = node.scan.columns[column];
      return &node;
    default: return nullptr;
  }
}

bool sorted_already(const LogicalNode& sort) {
  for (size_t i = 0; i < sort.sort.size(); ++i) {
    uint16_t table_column = 0;
    const LogicalNode* scan = ordered_source(*sort.children[0], sort.sort[i].column, table_column);
    if (scan == nullptr || sort.sort[i].descending) return false;
    const auto& key = scan->scan.table.table->primary_key;
    if (i >= key.size()) return !key.empty();   // The whole key came before: nothing is left to order.
    if (key[i] != table_column) return false;
  }
  return true;
}

}  // namespace

void key_order(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) key_order(child, context);
  if (root->kind != LogicalKind::kSort || !sorted_already(*root)) return;
  LogicalPtr child = std::move(root->children[0]);
  root = std::move(child);
}

}  // namespace rowan::plan
