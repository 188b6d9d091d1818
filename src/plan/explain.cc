// EXPLAIN's text.
#include <fmt/format.h>

#include <algorithm>

#include "plan/physical.h"
#include "sql/parser.h"

namespace rowan::plan {

namespace {

std::vector<std::string> names_of(const std::vector<OutputColumn>& outputs) {
  std::vector<std::string> names;
  for (const OutputColumn& output : outputs) names.push_back(output.name);
  return names;
}

std::vector<std::string> scan_names(const ScanSpec& scan) {
  std::vector<std::string> names;
  for (const uint16_t column : scan.columns)
    names.push_back(scan.table.table->columns[column].name);
  return names;
}

// Names over a join's inputs, with the side's alias where both sides have the name.
std::vector<std::string> input_names(const PhysicalNode& node) {
  std::vector<std::string> names;
  for (const auto& child : node.children) {
    for (const OutputColumn& output : child->outputs) names.push_back(output.name);
  }
  return names;
}

std::string text(const expr::Node& node, const std::vector<std::string>& names) {
  std::string result = expr::to_string(node, names);
  if (result.empty() || result.front() != '(') result = "(" + result + ")";
  return result;
}

template <typename List, typename ToText>
std::string joined(const List& list, const ToText& to_text) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += ", ";
    out += to_text(item);
  }
  return out;
}

std::string table_text(const ScanSpec& scan) {
  const std::string name = scan.table.table->qualified_name();
  return scan.alias.empty() || scan.alias == scan.table.table->name ? name
                                                                    : name + " " + scan.alias;
}

std::string_view join_word(sql::JoinKind kind) {
  switch (kind) {
    case sql::JoinKind::kLeft:
      return " Left";
    case sql::JoinKind::kRight:
      return " Right";
    case sql::JoinKind::kFull:
      return " Full";
    default:
      return "";
  }
}

std::string set_operation_text(const PhysicalNode& node) {
  const std::string_view all = node.set_all ? " All" : "";
  switch (node.set_operation) {
    case sql::SetOperation::kIntersect:
      return fmt::format("HashSetOp Intersect{}", all);
    case sql::SetOperation::kExcept:
      return fmt::format("HashSetOp Except{}", all);
    default:
      return node.set_all ? "Append" : "HashAggregate Union";
  }
}

std::string bounds_text(const ScanSpec& scan) {
  const catalog::TableDef& table = *scan.table.table;
  std::vector<std::string> parts;
  const auto add = [&](size_t key, std::string_view op, const expr::Node& value) {
    parts.push_back(fmt::format("({} {} {})",
                                sql::quote_ident(table.columns[table.primary_key[key]].name), op,
                                expr::to_string(value, {})));
  };
  for (size_t i = 0; i < scan.bounds.equal.size(); ++i) add(i, "=", *scan.bounds.equal[i]);
  if (!scan.bounds.any.empty()) {
    const std::string values = joined(
        scan.bounds.any, [](const expr::NodePtr& value) { return expr::to_string(*value, {}); });
    parts.push_back(fmt::format(
        "({} IN ({}))",
        sql::quote_ident(table.columns[table.primary_key[scan.bounds.equal.size()]].name), values));
  }
  if (scan.bounds.lower != nullptr)
    add(scan.bounds.equal.size(), scan.bounds.lower_inclusive ? ">=" : ">", *scan.bounds.lower);
  if (scan.bounds.upper != nullptr)
    add(scan.bounds.equal.size(), scan.bounds.upper_inclusive ? "<=" : "<", *scan.bounds.upper);
  if (parts.size() == 1) return parts[0];
  std::string out = "(";
  for (const std::string& part : parts) out += (out.size() > 1 ? " AND " : "") + part;
  return out + ")";
}

std::string sort_text(const PhysicalNode& node) {
  return joined(node.sort, [&](const SortKey& key) {
    std::string out = sql::quote_ident(node.outputs[key.column].name);
    if (key.descending) out += " DESC";
    if (key.nulls_first != key.descending) out += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    return out;
  });
}

void write(const PhysicalNode& node, size_t depth, std::vector<std::string>& lines) {
  // A projection shows nothing of interest, as in PostgreSQL.
  if (node.kind == PhysicalKind::kProject) return write(*node.children[0], depth, lines);
  const std::string indent = depth == 0 ? "" : std::string((depth - 1) * 6 + 2, ' ');
  lines.push_back(fmt::format("{}{}{}  (rows={:.0f})", indent, depth == 0 ? "" : "->  ",
                              describe(node), std::max(node.rows, 0.0)));
  const std::string detail_indent(depth * 6 + 2, ' ');
  for (const std::string& detail : describe_details(node)) lines.push_back(detail_indent + detail);
  for (const auto& child : node.children) write(*child, depth + 1, lines);
}

}  // namespace

std::string describe(const PhysicalNode& node) {
  switch (node.kind) {
    case PhysicalKind::kScan:
      if (!node.scan.backward) return "Seq Scan on " + table_text(node.scan);
      return fmt::format("Index Scan Backward using {} on {}",
                         sql::quote_ident(node.scan.table.table->primary_key_name),
                         table_text(node.scan));
    case PhysicalKind::kIndexScan:
      return fmt::format("Index Scan{} using {} on {}", node.scan.index.backward ? " Backward" : "",
                         sql::quote_ident(node.scan.index.name), table_text(node.scan));
    case PhysicalKind::kRangeScan:
    case PhysicalKind::kPointGet:
      return fmt::format("Index Scan{} using {} on {}", node.scan.backward ? " Backward" : "",
                         sql::quote_ident(node.scan.table.table->primary_key_name),
                         table_text(node.scan));
    case PhysicalKind::kVirtualScan:
      return "Function Scan on " + node.virtual_name;
    case PhysicalKind::kValues:
      return node.values.empty() || (node.outputs.empty() && node.values.size() == 1)
                 ? "Result"
                 : "Values Scan";
    case PhysicalKind::kFilter:
      return "Filter";
    case PhysicalKind::kProject:
      return "Result";
    case PhysicalKind::kHashJoin:
      return fmt::format("Hash{} Join", join_word(node.join));
    case PhysicalKind::kIndexJoin:
    case PhysicalKind::kNestedLoopJoin:
      return fmt::format("Nested Loop{}{}", join_word(node.join),
                         join_word(node.join).empty() ? "" : " Join");
    case PhysicalKind::kAggregate:
      return node.expressions.empty() ? "Aggregate" : "HashAggregate";
    case PhysicalKind::kRowCount:
      return "Row Count of " + table_text(node.scan);
    case PhysicalKind::kSort:
      return "Sort";
    case PhysicalKind::kTopN:
      return "Top-N Sort";
    case PhysicalKind::kLimit:
      return "Limit";
    case PhysicalKind::kDistinct:
      return node.distinct_on.empty() ? "HashAggregate" : "Unique";
    case PhysicalKind::kSetOperation:
      return set_operation_text(node);
    case PhysicalKind::kApply:
      return node.apply.outer_keys.empty() ? "SubPlan" : "Hashed SubPlan";
  }
  return "?";
}

std::vector<std::string> describe_details(const PhysicalNode& node) {
  std::vector<std::string> details;
  switch (node.kind) {
    case PhysicalKind::kScan:
    case PhysicalKind::kRangeScan:
    case PhysicalKind::kPointGet:
    case PhysicalKind::kIndexScan:
      if (node.kind == PhysicalKind::kIndexScan) {
        if (!node.scan.index.lookup.empty())
          details.push_back("Index Cond: " + node.scan.index.lookup);
        if (node.scan.index.condition != nullptr)
          details.push_back("Index Cond: " +
                            text(*node.scan.index.condition, scan_names(node.scan)));
      } else if (node.scan.bounds.present()) {
        details.push_back("Index Cond: " + bounds_text(node.scan));
      }
      if (node.scan.filter != nullptr)
        details.push_back("Filter: " + text(*node.scan.filter, scan_names(node.scan)));
      break;
    case PhysicalKind::kValues:
      if (node.values.empty()) details.push_back("One-Time Filter: false");
      break;
    case PhysicalKind::kFilter:
      details.push_back("Filter: " + text(*node.condition, names_of(node.outputs)));
      break;
    case PhysicalKind::kHashJoin: {
      const std::vector<std::string> left = names_of(node.children[0]->outputs),
                                     right = names_of(node.children[1]->outputs);
      std::vector<std::string> parts;
      for (size_t i = 0; i < node.left_keys.size(); ++i) {
        parts.push_back(fmt::format("({} = {})", expr::to_string(*node.left_keys[i], left),
                                    expr::to_string(*node.right_keys[i], right)));
      }
      std::string condition = parts[0];
      for (size_t i = 1; i < parts.size(); ++i) condition += " AND " + parts[i];
      details.push_back("Hash Cond: " + (parts.size() > 1 ? "(" + condition + ")" : condition));
      if (node.condition != nullptr)
        details.push_back("Join Filter: " + text(*node.condition, input_names(node)));
      break;
    }
    case PhysicalKind::kIndexJoin:
      if (node.condition != nullptr)
        details.push_back("Join Filter: " + text(*node.condition, input_names(node)));
      break;
    case PhysicalKind::kNestedLoopJoin:
      if (node.condition != nullptr)
        details.push_back("Join Filter: " + text(*node.condition, input_names(node)));
      break;
    case PhysicalKind::kAggregate:
      if (!node.expressions.empty()) {
        const std::vector<std::string> names = names_of(node.children[0]->outputs);
        details.push_back("Group Key: " + joined(node.expressions, [&](const auto& e) {
                            return expr::to_string(*e, names);
                          }));
      }
      break;
    case PhysicalKind::kDistinct:
      if (node.distinct_on.empty()) {
        details.push_back("Group Key: " + joined(node.outputs, [](const OutputColumn& output) {
                            return sql::quote_ident(output.name);
                          }));
      }
      break;
    case PhysicalKind::kSort:
    case PhysicalKind::kTopN:
      details.push_back("Sort Key: " + sort_text(node));
      break;
    default:
      break;
  }
  return details;
}

std::vector<std::string> explain(const Plan& plan) {
  std::vector<std::string> lines;
  write(*plan.root, 0, lines);
  return lines;
}

}  // namespace rowan::plan
