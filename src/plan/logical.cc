#include "plan/logical.h"

#include <algorithm>

namespace rowan::plan {

LogicalPtr make_node(LogicalKind kind) {
  auto node = std::make_unique<LogicalNode>();
  node->kind = kind;
  return node;
}

LogicalPtr make_node(LogicalKind kind, LogicalPtr child) {
  LogicalPtr node = make_node(kind);
  node->outputs = child->outputs;
  node->children.push_back(std::move(child));
  return node;
}

LogicalPtr make_filter(LogicalPtr child, expr::NodePtr condition) {
  if (condition == nullptr) return child;
  LogicalPtr node = make_node(LogicalKind::kFilter, std::move(child));
  node->condition = std::move(condition);
  return node;
}

OutputColumn output_of(std::string name, const expr::Node& expression,
                       const std::vector<OutputColumn>& inputs) {
  OutputColumn output{std::move(name), expression.type};
  if (expression.kind == expr::NodeKind::kColumn && expression.column < inputs.size()) {
    output.relation = inputs[expression.column].relation;
    output.number = inputs[expression.column].number;
  }
  return output;
}

LogicalPtr make_projection(LogicalPtr child, const std::vector<uint32_t>& columns) {
  LogicalPtr node = make_node(LogicalKind::kProject);
  for (const uint32_t column : columns) {
    node->outputs.push_back(child->outputs[column]);
    node->expressions.push_back(expr::make_column(column, child->outputs[column].type));
  }
  node->children.push_back(std::move(child));
  return node;
}

void split_conjuncts(expr::NodePtr condition, std::vector<expr::NodePtr>& out) {
  if (condition == nullptr) return;
  if (condition->kind != expr::NodeKind::kAnd) {
    out.push_back(std::move(condition));
    return;
  }
  for (expr::NodePtr& child : condition->children) split_conjuncts(std::move(child), out);
}

expr::NodePtr join_conjuncts(std::vector<expr::NodePtr> conjuncts) {
  expr::NodePtr result;
  if (conjuncts.empty()) return result;
  if (conjuncts.size() == 1) return std::move(conjuncts[0]);
  result = std::make_unique<expr::Node>();
  result->kind = expr::NodeKind::kAnd;
  result->type = {type::TypeId::kBool, -1};
  result->children = std::move(conjuncts);
  return result;
}

bool is_volatile(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kCall && node.function != nullptr && node.function->is_volatile())
    return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return is_volatile(*child); });
}

namespace {

template <typename Node>
bool any_volatile(Node& node) {
  bool found = false;
  for_each_expression(node, [&](expr::NodePtr& e) { found = found || is_volatile(*e); });
  return found || std::any_of(node.children.begin(), node.children.end(),
                              [](const auto& child) { return any_volatile(*child); });
}

}  // namespace

bool has_volatile(PhysicalNode& node) { return any_volatile(node); }
bool has_volatile(LogicalNode& node) { return any_volatile(node); }

bool has_outer_values(LogicalNode& node) {
  const auto outer = [](const auto& self, const expr::Node& e) -> bool {
    return (e.kind == expr::NodeKind::kParameter && e.column >= kOuterParameterBase) ||
           std::any_of(e.children.begin(), e.children.end(),
                       [&](const auto& child) { return self(self, *child); });
  };
  bool found = false;
  for_each_expression(node, [&](expr::NodePtr& e) { found = found || outer(outer, *e); });
  return found || std::any_of(node.children.begin(), node.children.end(),
                              [](const auto& child) { return has_outer_values(*child); });
}

bool is_equality_across(const expr::Node& node, uint32_t left_width, uint32_t width) {
  if (node.kind != expr::NodeKind::kCall || node.function == nullptr ||
      node.function->name != "=" || node.children.size() != 2 || is_volatile(node))
    return false;
  for (const bool turned : {false, true}) {
    const expr::Node& left = *node.children[turned ? 1 : 0];
    const expr::Node& right = *node.children[turned ? 0 : 1];
    if (has_columns(left) && has_columns(right) && columns_within(left, 0, left_width) &&
        columns_within(right, left_width, width))
      return true;
  }
  return false;
}

bool has_columns(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kColumn) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return has_columns(*child); });
}

bool columns_within(const expr::Node& node, uint32_t from, uint32_t to) {
  if (node.kind == expr::NodeKind::kColumn && (node.column < from || node.column >= to))
    return false;
  return std::all_of(node.children.begin(), node.children.end(),
                     [&](const auto& child) { return columns_within(*child, from, to); });
}

void shift_columns(expr::Node& node, int64_t by) {
  if (node.kind == expr::NodeKind::kColumn) node.column = static_cast<uint32_t>(node.column + by);
  for (expr::NodePtr& child : node.children) shift_columns(*child, by);
}

void substitute(expr::NodePtr& node, const std::vector<expr::NodePtr>& expressions) {
  if (node->kind == expr::NodeKind::kColumn) {
    node = expressions[node->column]->clone();
    return;
  }
  for (expr::NodePtr& child : node->children) substitute(child, expressions);
}

void for_each_expression(NodeFields& node, const std::function<void(expr::NodePtr&)>& visit) {
  const auto visit_one = [&](expr::NodePtr& expression) {
    if (expression != nullptr) visit(expression);
  };
  const auto visit_all = [&](std::vector<expr::NodePtr>& list) {
    for (expr::NodePtr& expression : list) visit_one(expression);
  };
  visit_one(node.scan.filter);
  visit_all(node.scan.bounds.equal);
  visit_all(node.scan.bounds.any);
  visit_one(node.scan.index.condition);
  visit_one(node.scan.bounds.lower);
  visit_one(node.scan.bounds.upper);
  for (auto& row : node.values) visit_all(row);
  visit_one(node.condition);
  visit_all(node.expressions);
  for (AggregateItem& item : node.aggregates) {
    visit_all(item.arguments);
    visit_one(item.filter);
  }
  visit_all(node.left_keys);
  visit_all(node.right_keys);
  visit_all(node.lookup_keys);
  visit_one(node.limit);
  visit_one(node.offset);
  visit_one(node.apply.operand);
  visit_all(node.apply.parameters);
  visit_all(node.apply.outer_keys);
}

double selectivity(const expr::Node& condition) {
  using expr::NodeKind;
  switch (condition.kind) {
    case NodeKind::kAnd: {
      double product = 1;
      for (const auto& child : condition.children) product *= selectivity(*child);
      return product;
    }
    case NodeKind::kOr: {
      double sum = 0;
      for (const auto& child : condition.children) sum += selectivity(*child);
      return std::min(sum, 1.0);
    }
    case NodeKind::kNot:
      return 1 - selectivity(*condition.children[0]);
    case NodeKind::kIsNull:
      return condition.negated ? 0.95 : 0.05;
    case NodeKind::kIn:
      return condition.negated
                 ? 0.9
                 : std::min(1.0, 0.01 * static_cast<double>(condition.children.size()));
    case NodeKind::kConstant:
      return !condition.constant.is_null() && condition.constant.type().id == type::TypeId::kBool &&
                     condition.constant.as_int() != 0
                 ? 1
                 : 0;
    case NodeKind::kCall:
      if (condition.function == nullptr) return 0.5;
      if (condition.function->name == "=") return 0.01;
      if (condition.function->name == "<>") return 0.99;
      if (condition.function->name == "<" || condition.function->name == ">" ||
          condition.function->name == "<=" || condition.function->name == ">=") {
        return 0.33;
      }
      return 0.25;
    default:
      return 0.5;
  }
}

namespace {

constexpr double kUnknownTableRows = 10'000;

double scan_rows(const ScanSpec& scan, Resolver& resolver) {
  if (scan.point) return 1;
  double rows = scan.table.rows.is_zero() ? 0 : kUnknownTableRows;
  if (const auto known = resolver.row_count(scan.table)) rows = static_cast<double>(*known);
  if (scan.bounded_rows.has_value()) {
    rows = *scan.bounded_rows;
  } else {
    if (!scan.bounds.equal.empty()) rows *= 0.01;
    if (!scan.bounds.any.empty())
      rows *= std::min(1.0, 0.01 * static_cast<double>(scan.bounds.any.size()));
    if (scan.bounds.lower != nullptr) rows *= 0.33;
    if (scan.bounds.upper != nullptr) rows *= 0.33;
  }
  if (scan.filter != nullptr) rows *= selectivity(*scan.filter);
  return std::max(rows, 1.0);
}

double join_rows(const LogicalNode& node, double left, double right) {
  if (node.condition == nullptr) return left * right;
  // An equality keeps about one partner a row of the larger side; anything else is a guess on the
  // product.
  const double product = node.condition->kind == expr::NodeKind::kCall &&
                                 node.condition->function != nullptr &&
                                 node.condition->function->name == "="
                             ? std::max(left, right)
                             : left * right * selectivity(*node.condition);
  double rows = std::max(1.0, std::min(product, left * right));
  if (node.join == sql::JoinKind::kLeft || node.join == sql::JoinKind::kFull)
    rows = std::max(rows, left);
  if (node.join == sql::JoinKind::kRight || node.join == sql::JoinKind::kFull)
    rows = std::max(rows, right);
  return rows;
}

}  // namespace

double estimate_rows(const LogicalNode& node, Resolver& resolver) {
  const auto child = [&](size_t i) { return estimate_rows(*node.children[i], resolver); };
  switch (node.kind) {
    case LogicalKind::kScan:
      return scan_rows(node.scan, resolver);
    case LogicalKind::kVirtual:
      return 100;
    case LogicalKind::kValues:
      return static_cast<double>(node.values.size());
    case LogicalKind::kFilter:
      return std::max(1.0, child(0) * selectivity(*node.condition));
    case LogicalKind::kJoin:
      return join_rows(node, child(0), child(1));
    case LogicalKind::kRowCount:
      return 1;
    case LogicalKind::kAggregate:
      return node.expressions.empty() ? 1 : std::max(1.0, std::min(child(0), 10 + child(0) * 0.1));
    case LogicalKind::kLimit: {
      const double rows = child(0);
      if (node.limit == nullptr || node.limit->kind != expr::NodeKind::kConstant ||
          node.limit->constant.is_null())
        return rows;
      return std::min(rows, static_cast<double>(node.limit->constant.as_int()));
    }
    case LogicalKind::kSetOperation:
      return node.set_operation == sql::SetOperation::kUnion ? child(0) + child(1) : child(0);
    case LogicalKind::kProject:
    case LogicalKind::kSort:
    case LogicalKind::kDistinct:
    case LogicalKind::kApply:
      return child(0);
  }
  return 1;
}

}  // namespace rowan::plan
