// column_pruning: only columns that somebody reads are decoded, carried and computed; what is volatile is
// computed all the same, since that may change something (nextval).
#include "plan/rules/rules.h"

#include <algorithm>

namespace rowan::plan {

namespace {

constexpr uint32_t kGone = UINT32_MAX;
using Map = std::vector<uint32_t>;  // Old column to new column.

Map prune(LogicalPtr& node, std::vector<bool> needed);

Map identity(size_t width) {
  Map map(width);
  for (size_t i = 0; i < width; ++i) map[i] = static_cast<uint32_t>(i);
  return map;
}

void need(const expr::NodePtr& node, std::vector<bool>& needed) {
  if (node == nullptr) return;
  std::vector<uint32_t> columns;
  expr::collect_columns(*node, columns);
  for (const uint32_t column : columns) needed[column] = true;
}

void remap(expr::NodePtr& node, const Map& map) {
  if (node != nullptr) expr::remap_columns(*node, map);
}

// Prunes below a node that must keep its own columns as they are.
void prune_exact(LogicalPtr& node) {
  const size_t width = node->width();
  const Map map = prune(node, std::vector<bool>(width, true));
  if (map != identity(width) || node->width() != width)
    node = make_projection(std::move(node), map);
}

Map prune_scan(LogicalNode& node, const std::vector<bool>& needed) {
  ScanSpec& scan = node.scan;
  std::vector<bool> filtered(scan.columns.size());
  need(scan.filter, filtered);
  need(scan.index.condition, filtered);
  Map map(node.width(), kGone), inside(scan.columns.size(), kGone);
  std::vector<uint16_t> columns;
  std::vector<OutputColumn> outputs;
  for (size_t i = 0; i < scan.output_columns; ++i) {
    if (!needed[i]) continue;
    map[i] = inside[i] = static_cast<uint32_t>(columns.size());
    columns.push_back(scan.columns[i]);
    outputs.push_back(node.outputs[i]);
  }
  const size_t given = columns.size();
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (!filtered[i] || inside[i] != kGone) continue;
    inside[i] = static_cast<uint32_t>(columns.size());
    columns.push_back(scan.columns[i]);
  }
  remap(scan.filter, inside);
  remap(scan.index.condition, inside);
  for (size_t i = scan.output_columns; i < node.width(); ++i) {  // Key and line.
    map[i] = static_cast<uint32_t>(outputs.size());
    outputs.push_back(node.outputs[i]);
  }
  scan.columns = std::move(columns);
  scan.output_columns = given;
  node.outputs = std::move(outputs);
  return map;
}

Map prune_project(LogicalNode& node, const std::vector<bool>& needed) {
  Map map(node.width(), kGone);
  std::vector<expr::NodePtr> expressions;
  std::vector<OutputColumn> outputs;
  std::vector<bool> below(node.children[0]->width());
  for (size_t i = 0; i < node.expressions.size(); ++i) {
    if (!needed[i] && !is_volatile(*node.expressions[i])) continue;
    map[i] = static_cast<uint32_t>(expressions.size());
    need(node.expressions[i], below);
    expressions.push_back(std::move(node.expressions[i]));
    outputs.push_back(std::move(node.outputs[i]));
  }
  const Map child = prune(node.children[0], below);
  for (expr::NodePtr& expression : expressions) remap(expression, child);
  node.expressions = std::move(expressions);
  node.outputs = std::move(outputs);
  return map;
}

Map prune_join(LogicalNode& node, std::vector<bool> needed) {
  need(node.condition, needed);
  const size_t left_width = node.children[0]->width();
  std::vector<bool> left(needed.begin(), needed.begin() + static_cast<ptrdiff_t>(left_width));
  std::vector<bool> right(needed.begin() + static_cast<ptrdiff_t>(left_width), needed.end());
  Map map = prune(node.children[0], std::move(left));
  const Map right_map = prune(node.children[1], std::move(right));
  const auto moved = static_cast<uint32_t>(node.children[0]->width());
  for (const uint32_t column : right_map) map.push_back(column == kGone ? kGone : column + moved);
  remap(node.condition, map);
  node.outputs = node.children[0]->outputs;
  node.outputs.insert(node.outputs.end(), node.children[1]->outputs.begin(),
                      node.children[1]->outputs.end());
  return map;
}

Map prune_aggregate(LogicalNode& node, const std::vector<bool>& needed) {
  const size_t groups = node.expressions.size();
  Map map = identity(groups);
  std::vector<AggregateItem> kept;
  std::vector<OutputColumn> outputs(node.outputs.begin(),
                                    node.outputs.begin() + static_cast<ptrdiff_t>(groups));
  for (size_t i = 0; i < node.aggregates.size(); ++i) {
    const std::vector<expr::NodePtr>& arguments = node.aggregates[i].arguments;
    const bool keep = needed[groups + i] || std::any_of(arguments.begin(), arguments.end(), [](const auto& a) {
                        return is_volatile(*a);
                      });
    map.push_back(keep ? static_cast<uint32_t>(outputs.size()) : kGone);
    if (!keep) continue;
    kept.push_back(std::move(node.aggregates[i]));
    outputs.push_back(node.outputs[groups + i]);
  }
  node.aggregates = std::move(kept);
  node.outputs = std::move(outputs);
  std::vector<bool> below(node.children[0]->width());
  for_each_expression(node, [&](expr::NodePtr& expression) { need(expression, below); });
  const Map child = prune(node.children[0], below);
  for_each_expression(node, [&](expr::NodePtr& expression) { remap(expression, child); });
  return map;
}

Map prune_apply(LogicalNode& node, const std::vector<bool>& needed) {
  std::vector<bool> below(needed.begin(), needed.end() - 1);
  need(node.apply.operand, below);
  for (const expr::NodePtr& parameter : node.apply.parameters) need(parameter, below);
  for (const expr::NodePtr& key : node.apply.outer_keys) need(key, below);
  Map map = prune(node.children[0], below);
  remap(node.apply.operand, map);
  for (expr::NodePtr& parameter : node.apply.parameters) remap(parameter, map);
  for (expr::NodePtr& key : node.apply.outer_keys) remap(key, map);
  prune_exact(node.children[1]);
  const OutputColumn own = node.outputs.back();
  node.outputs = node.children[0]->outputs;
  map.push_back(static_cast<uint32_t>(node.outputs.size()));
  node.outputs.push_back(own);
  return map;
}

// Nodes that pass their input's columns on.
Map prune_through(LogicalNode& node, std::vector<bool> needed) {
  need(node.condition, needed);
  for (const SortKey& key : node.sort) needed[key.column] = true;
  for (const uint32_t column : node.distinct_on) needed[column] = true;
  Map map = prune(node.children[0], std::move(needed));
  for (size_t i = 1; i < node.children.size(); ++i) prune_exact(node.children[i]);
  remap(node.condition, map);
  for (SortKey& key : node.sort) key.column = map[key.column];
  for (uint32_t& column : node.distinct_on) column = map[column];
  node.outputs = node.children[0]->outputs;
  return map;
}

Map prune(LogicalPtr& node, std::vector<bool> needed) {
  switch (node->kind) {
    case LogicalKind::kScan:
      return prune_scan(*node, needed);
    case LogicalKind::kProject:
      return prune_project(*node, needed);
    case LogicalKind::kJoin:
      return prune_join(*node, std::move(needed));
    case LogicalKind::kAggregate:
      return prune_aggregate(*node, needed);
    case LogicalKind::kApply:
      return prune_apply(*node, needed);
    case LogicalKind::kFilter:
    case LogicalKind::kSort:
    case LogicalKind::kLimit:
      return prune_through(*node, std::move(needed));
    case LogicalKind::kDistinct:
      if (!node->distinct_on.empty()) return prune_through(*node, std::move(needed));
      prune_exact(node->children[0]);
      return identity(node->width());
    case LogicalKind::kRowCount:
    case LogicalKind::kSetOperation:
    case LogicalKind::kVirtual:
    case LogicalKind::kValues:
      for (LogicalPtr& child : node->children) prune_exact(child);
      return identity(node->width());
  }
  return identity(node->width());
}

}  // namespace

void column_pruning(LogicalPtr& root, PlanContext&) { prune_exact(root); }

}  // namespace rowan::plan
