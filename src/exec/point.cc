#include "exec/point.h"

#include "exec/row_writer.h"
#include "exec/table_source.h"
#include "plan/physical.h"
#include "type/row_codec.h"

namespace rowan::exec {

namespace {

using plan::PhysicalKind;
using plan::PhysicalNode;

// Null unless the plan is a PointGet, maybe under a projection.
const PhysicalNode* point_node(const PhysicalNode& root) {
  const PhysicalNode* node = &root;
  if (node->kind == PhysicalKind::kProject) node = node->children[0].get();
  return node->kind == PhysicalKind::kPointGet ? node : nullptr;
}

struct FoundPoint {
  bool found = false;
  std::string key;
  tree::FoundLine stored;  // Keeps `line` alive when it came from the tree.
  Bytes line;
};

Result<FoundPoint> find_point(const plan::ScanSpec& scan, ExecContext& context) {
  FoundPoint point;
  TRY_ASSIGN(const bool present, append_equal_keys(scan.bounds, context.eval, point.key));
  if (!present) return point;
  TRY_ASSIGN(const TableSource source, open_table(scan, context));
  if (source.overlay != nullptr) {
    const auto changed = source.overlay->rows.find(Bytes(point.key));
    if (changed != source.overlay->rows.end()) {
      point.found = changed->second.line.has_value();
      if (point.found) point.line = *changed->second.line;
      return point;
    }
  }
  if (source.version.rows.is_zero()) return point;
  const catalog::TableLineKeys keys(source.version.table);
  const tree::TreeReader reader{context.transaction.objects(), context.manager.store().cache(),
                                keys};
  TRY_ASSIGN(std::optional<tree::FoundLine> found,
             tree::find_line(reader, source.version.rows, point.key));
  if (!found.has_value()) return point;
  point.found = true;
  point.stored = std::move(*found);
  point.line = point.stored.line;
  return point;
}

Result<type::Value> decode(const catalog::ColumnDef& column, const std::vector<Bytes>& elements,
                           ExecContext& context) {
  if (column.slot >= elements.size()) return column.absent;
  const Bytes element = elements[column.slot];
  if (!element.empty() && element[0] == '{') {
    if (const auto reference = type::large_ref(element)) {
      const BlobReader large(context.transaction.objects());
      TRY_ASSIGN(std::string bytes, large.read_large(*reference));
      return type::Value::of_string(column.type, std::move(bytes));
    }
  }
  return type::decode_element(column.type, element);
}

Result<std::vector<type::Value>> decode_columns(const plan::ScanSpec& scan, Bytes line,
                                                ExecContext& context) {
  // Kept from call to call: a point statement makes no other allocation of this size.
  thread_local std::vector<Bytes> elements;
  elements.clear();
  uint64_t count = 0;
  const catalog::TableDef& table = *scan.table.table;
  std::vector<type::Value> values;
  if (scan.columns.empty()) return values;
  TRY(type::split_line(table.layout, line, elements, count));
  values.reserve(scan.columns.size() + 2);
  for (const uint16_t column : scan.columns) {
    TRY_ASSIGN(type::Value value, decode(table.columns[column], elements, context));
    values.push_back(std::move(value));
  }
  return values;
}

type::Batch one_row(const std::vector<type::Value>& values) {
  type::Batch batch;
  batch.rows = 1;
  for (const type::Value& value : values)
    batch.columns.push_back(type::Column::of_constant(value, 1));
  return batch;
}

Result<bool> passes(const plan::ScanSpec& scan, const type::Batch& row,
                    const expr::EvalContext& context) {
  std::vector<uint32_t> rows;
  TRY(expr::evaluate_filter(*scan.filter, row, context, rows));
  return !rows.empty();
}

Result<type::Value> project(const expr::Node& node, const std::vector<type::Value>& values,
                            std::optional<type::Batch>& row, const expr::EvalContext& context) {
  if (node.kind == expr::NodeKind::kColumn) return values[node.column];
  if (node.kind == expr::NodeKind::kConstant) return node.constant;
  if (!row.has_value()) row = one_row(values);
  TRY_ASSIGN(const type::Column column, expr::evaluate(node, *row, context));
  return column.value(0);
}

}  // namespace

bool is_point_get(const plan::Plan& plan) { return point_node(*plan.root) != nullptr; }

Result<PointRow> run_point_get(const plan::Plan& plan, ExecContext& context) {
  const PhysicalNode& node = *point_node(*plan.root);
  PointRow result;
  TRY_ASSIGN(const FoundPoint point, find_point(node.scan, context));
  if (!point.found) return result;
  TRY_ASSIGN(std::vector<type::Value> values, decode_columns(node.scan, point.line, context));
  std::optional<type::Batch> row;
  if (node.scan.filter != nullptr) {
    row = one_row(values);
    TRY_ASSIGN(const bool kept, passes(node.scan, *row, context.eval));
    if (!kept) return result;
  }
  result.found = true;
  if (plan.root.get() == &node) {
    values.resize(node.scan.output_columns);
    result.values = std::move(values);
    return result;
  }
  result.values.reserve(plan.root->expressions.size());
  for (const expr::NodePtr& expression : plan.root->expressions) {
    TRY_ASSIGN(type::Value value, project(*expression, values, row, context.eval));
    result.values.push_back(std::move(value));
  }
  return result;
}

bool is_point_modify(const plan::ModifyPlan& plan) {
  return plan.plan.root->kind == PhysicalKind::kProject && point_node(*plan.plan.root) != nullptr;
}

Result<PointModifyRow> run_point_modify_source(const plan::ModifyPlan& plan, ExecContext& context,
                                               bool want_columns) {
  const PhysicalNode& root = *plan.plan.root;
  const PhysicalNode& node = *point_node(root);
  PointModifyRow result;
  TRY_ASSIGN(FoundPoint point, find_point(node.scan, context));
  if (!point.found) return result;
  std::vector<type::Value> values;
  const bool has_expressions = root.expressions.size() > plan.first_expression;
  if (want_columns || has_expressions || node.scan.filter != nullptr) {
    TRY_ASSIGN(values, decode_columns(node.scan, point.line, context));
  }
  std::optional<type::Batch> row;
  if (node.scan.filter != nullptr) {
    row = one_row(values);
    TRY_ASSIGN(const bool kept, passes(node.scan, *row, context.eval));
    if (!kept) return result;
  }
  // The scan gives the target's columns, then key and line, whose places expressions never name.
  for (size_t i = plan.first_expression; i < root.expressions.size(); ++i) {
    TRY_ASSIGN(type::Value value, project(*root.expressions[i], values, row, context.eval));
    result.expressions.push_back(std::move(value));
  }
  if (want_columns) {
    values.resize(node.scan.output_columns);
    result.columns = std::move(values);
  }
  result.found = true;
  result.line = std::string(point.line);
  result.key = std::move(point.key);
  return result;
}

}  // namespace rowan::exec
