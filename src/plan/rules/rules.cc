#include "plan/rules/rules.h"

#include "type/type.h"

namespace rowan::plan {

namespace {

constexpr Rule kRules[] = {
    {"predicate_pushdown", predicate_pushdown},
    {"join_order", join_order},
    {"point_get", point_get},
    {"key_range", key_range},
    {"count_from_statistics", count_from_statistics},
    {"key_order", key_order},
    {"limit_pushdown", limit_pushdown},
    {"column_pruning", column_pruning},
};

// The comparison may be made on a wider type than the column's; integers and texts keep their keys then.
const expr::Node* column_under_casts(const expr::Node& node) {
  const expr::Node* at = &node;
  while (at->kind == expr::NodeKind::kCast) {
    const type::TypeId from = at->children[0]->type.id;
    const bool widened = (type::is_integer(from) && type::is_integer(at->type.id) && from <= at->type.id) ||
                         (from == type::TypeId::kVarchar && at->type.id == type::TypeId::kText);
    if (!widened) return nullptr;
    at = at->children[0].get();
  }
  return at->kind == expr::NodeKind::kColumn ? at : nullptr;
}

bool keys_compare(type::TypeId column, type::TypeId value) {
  if (column == value) return true;
  if (type::is_integer(column) && type::is_integer(value)) return true;
  const auto is_string = [](type::TypeId id) { return id == type::TypeId::kText || id == type::TypeId::kVarchar; };
  return is_string(column) && is_string(value);
}

std::optional<KeyComparison::Operator> operator_named(std::string_view name, bool turned) {
  using Operator = KeyComparison::Operator;
  if (name == "=") return Operator::kEqual;
  if (name == "<") return turned ? Operator::kGreater : Operator::kLess;
  if (name == "<=") return turned ? Operator::kGreaterEqual : Operator::kLessEqual;
  if (name == ">") return turned ? Operator::kLess : Operator::kGreater;
  if (name == ">=") return turned ? Operator::kLessEqual : Operator::kGreaterEqual;
  return std::nullopt;
}

}  // namespace

std::span<const Rule> all_rules() { return kRules; }

std::optional<KeyComparison> key_comparison(const expr::Node& conjunct, const ScanSpec& scan) {
  if (conjunct.kind != expr::NodeKind::kCall || conjunct.function == nullptr || conjunct.children.size() != 2) return std::nullopt;
  for (const bool turned : {false, true}) {
    const expr::Node* column = column_under_casts(*conjunct.children[turned ? 1 : 0]);
    const expr::Node& value = *conjunct.children[turned ? 0 : 1];
    if (column == nullptr || has_columns(value) || is_volatile(value) || column->column >= scan.columns.size()) continue;
    const auto op = operator_named(conjunct.function->name, turned);
    if (!op.has_value() || !keys_compare(column->type.id, value.type.id)) continue;
    return KeyComparison{scan.columns[column->column], *op, &value};
  }
  return std::nullopt;
}

}  // namespace rowan::plan
