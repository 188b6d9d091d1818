// From the logical plan to algorithms.
#include "plan/physical.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan/logical.h"
#include "sql/parser.h"

namespace rowan::plan {

bool hashable(type::TypeId a, type::TypeId b) {
  if (type::is_integer(a) && type::is_integer(b)) return true;
  const auto is_string = [](type::TypeId id) {
    return id == type::TypeId::kText || id == type::TypeId::kVarchar;
  };
  return a == b ? a != type::TypeId::kJson : is_string(a) && is_string(b);
}

namespace {

void take_hash_keys(LogicalNode& join, PhysicalNode& node, uint32_t left_width, uint32_t width) {
  std::vector<expr::NodePtr> conjuncts, residual;
  split_conjuncts(std::move(join.condition), conjuncts);
  for (expr::NodePtr& conjunct : conjuncts) {
    const bool equals = is_equality_across(*conjunct, left_width, width) &&
                        hashable(conjunct->children[0]->type.id, conjunct->children[1]->type.id);
    if (!equals) {
      residual.push_back(std::move(conjunct));
      continue;
    }
    const bool turned = !columns_within(*conjunct->children[0], 0, left_width);
    expr::NodePtr& right = conjunct->children[turned ? 0 : 1];
    shift_columns(*right, -static_cast<int64_t>(left_width));
    node.left_keys.push_back(std::move(conjunct->children[turned ? 1 : 0]));
    node.right_keys.push_back(std::move(right));
  }
  node.condition = join_conjuncts(std::move(residual));
}

// "(a = x)": the looked-up columns and the other side's values.
std::string lookup_text(const PhysicalNode& join, const ScanSpec& inner) {
  std::vector<std::string> names;
  for (const OutputColumn& output : join.children[join.build_left ? 1 : 0]->outputs)
    names.push_back(output.name);
  std::string text;
  for (size_t i = 0; i < join.lookup_keys.size(); ++i) {
    const std::string& column = inner.table.table->columns[inner.index.columns[i].column].name;
    text += fmt::format("{}({} = {})", i > 0 ? " AND " : "", sql::quote_ident(column),
                        expr::to_string(*join.lookup_keys[i], names));
  }
  return join.lookup_keys.size() == 1 ? text : "(" + text + ")";
}

PhysicalKind kind_of(const LogicalNode& node) {
  switch (node.kind) {
    case LogicalKind::kScan:
      if (node.scan.index.present()) return PhysicalKind::kIndexScan;
      return node.scan.point              ? PhysicalKind::kPointGet
             : node.scan.bounds.present() ? PhysicalKind::kRangeScan
                                          : PhysicalKind::kScan;
    case LogicalKind::kVirtual:
      return PhysicalKind::kVirtualScan;
    case LogicalKind::kValues:
      return PhysicalKind::kValues;
    case LogicalKind::kFilter:
      return PhysicalKind::kFilter;
    case LogicalKind::kProject:
      return PhysicalKind::kProject;
    case LogicalKind::kJoin:
      return PhysicalKind::kNestedLoopJoin;  // Unless keys can be hashed.
    case LogicalKind::kAggregate:
      return PhysicalKind::kAggregate;
    case LogicalKind::kRowCount:
      return PhysicalKind::kRowCount;
    case LogicalKind::kSort:
      return node.limit != nullptr ? PhysicalKind::kTopN : PhysicalKind::kSort;
    case LogicalKind::kLimit:
      return PhysicalKind::kLimit;
    case LogicalKind::kDistinct:
      return PhysicalKind::kDistinct;
    case LogicalKind::kSetOperation:
      return PhysicalKind::kSetOperation;
    case LogicalKind::kApply:
      return PhysicalKind::kApply;
  }
  return PhysicalKind::kValues;
}

// What streams below a LIMIT or an EXISTS, as far as it is volatile.
void ask_row_by_row(PhysicalNode& node) {
  const auto is_volatile_node = [](const expr::NodePtr& e) { return e != nullptr && is_volatile(*e); };
  switch (node.kind) {
    case PhysicalKind::kFilter:
      node.row_by_row = is_volatile_node(node.condition);
      return ask_row_by_row(*node.children[0]);
    case PhysicalKind::kProject:
      node.row_by_row =
          std::any_of(node.expressions.begin(), node.expressions.end(), is_volatile_node);
      return ask_row_by_row(*node.children[0]);
    case PhysicalKind::kApply:
      node.row_by_row = node.apply.is_volatile;
      return ask_row_by_row(*node.children[0]);
    case PhysicalKind::kLimit:
      return ask_row_by_row(*node.children[0]);
    case PhysicalKind::kSetOperation:
      if (node.set_operation != sql::SetOperation::kUnion || !node.set_all) return;
      ask_row_by_row(*node.children[0]);
      return ask_row_by_row(*node.children[1]);
    default:
      return;  // These read all of their input, or evaluate nothing that is volatile.
  }
}

}  // namespace

std::unique_ptr<PhysicalNode> make_physical(LogicalPtr logical, Resolver& resolver) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = kind_of(*logical);
  const double rows = estimate_rows(*logical, resolver);
  for (LogicalPtr& child : logical->children)
    node->children.push_back(make_physical(std::move(child), resolver));
  logical->children.clear();
  if (logical->kind == LogicalKind::kJoin && !logical->lookup_keys.empty()) {
    node->kind = PhysicalKind::kIndexJoin;
  } else if (logical->kind == LogicalKind::kJoin) {
    const auto left_width = static_cast<uint32_t>(node->children[0]->outputs.size());
    take_hash_keys(*logical, *node, left_width, static_cast<uint32_t>(logical->width()));
    logical->condition = std::move(node->condition);
    logical->left_keys = std::move(node->left_keys);
    logical->right_keys = std::move(node->right_keys);
    if (!logical->left_keys.empty()) {
      node->kind = PhysicalKind::kHashJoin;
      logical->build_left = node->children[0]->rows < node->children[1]->rows;
    }
  }
  static_cast<NodeFields&>(*node) = std::move(static_cast<NodeFields&>(*logical));
  node->rows = rows;
  if (node->kind == PhysicalKind::kApply) node->apply.is_volatile = has_volatile(*node->children[1]);
  if (node->kind == PhysicalKind::kLimit) ask_row_by_row(*node->children[0]);
  if (node->kind == PhysicalKind::kApply && node->apply.kind == ApplyKind::kExists)
    ask_row_by_row(*node->children[1]);
  if (node->kind == PhysicalKind::kIndexJoin) {
    ScanSpec& inner = node->children[node->build_left ? 0 : 1]->scan;
    inner.index.lookup = lookup_text(*node, inner);
  }
  return node;
}

}  // namespace rowan::plan
