// limit_pushdown: LIMIT over a sort keeps only the first rows while sorting (TopN), and a scan
// below a LIMIT reads in small steps.
#include "base/limits.h"
#include "plan/rules/rules.h"

#include <algorithm>

namespace rowan::plan {

namespace {

std::optional<uint64_t> constant_count(const expr::NodePtr& node, uint64_t when_absent) {
  if (node == nullptr) return when_absent;
  if (node->kind != expr::NodeKind::kConstant || node->constant.is_null() ||
      node->constant.as_int() < 0)
    return std::nullopt;
  return static_cast<uint64_t>(node->constant.as_int());
}

void hint_scan(LogicalNode& node, uint64_t rows) {
  switch (node.kind) {
    case LogicalKind::kProject:
      return hint_scan(*node.children[0], rows);
    case LogicalKind::kScan:
      if (node.scan.filter == nullptr || node.scan.index.ordered) node.scan.row_target = rows;
      return;
    default:
      return;
  }
}

}  // namespace

void limit_pushdown(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) limit_pushdown(child, context);
  if (root->kind != LogicalKind::kLimit || root->limit == nullptr)
    return;  // Counts that a subquery gives have no `limit`.
  // Below a projection that only computes, LIMIT means the same; there it meets the sort.
  LogicalNode* below = root->children[0].get();
  // PostgreSQL evaluates what is volatile for the rows of OFFSET too.
  const auto computes = [&](const LogicalNode& node) {
    return node.kind == LogicalKind::kProject &&
           (root->offset == nullptr || std::none_of(node.expressions.begin(), node.expressions.end(),
                                                    [](const auto& e) { return is_volatile(*e); }));
  };
  while (computes(*below)) below = below->children[0].get();
  if (below->kind == LogicalKind::kSort) {
    below->limit = std::move(root->limit);
    below->offset = std::move(root->offset);
    LogicalPtr child = std::move(root->children[0]);
    root = std::move(child);
    return;
  }
  const auto limit = constant_count(root->limit, 0);
  const auto offset = constant_count(root->offset, 0);
  if (limit.has_value() && offset.has_value() && *limit + *offset <= kBatchRows)
    hint_scan(*root->children[0], *limit + *offset);
}

}  // namespace rowan::plan
