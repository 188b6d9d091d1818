#include "plan/rules/rules.h"

#include <algorithm>
#include <initializer_list>

#include "type/type.h"

namespace rowan::plan {

namespace {

constexpr size_t kInValuesMax = 1000;

constexpr Rule kRules[] = {
    {"predicate_pushdown", predicate_pushdown},
    {"decorrelate", decorrelate},
    {"join_order", join_order},
    {"point_get", point_get},
    {"index_order", index_order},
    {"index_scan", index_scan},
    {"key_range", key_range},
    {"count_from_statistics", count_from_statistics},
    {"key_order", key_order},
    {"limit_pushdown", limit_pushdown},
    {"column_pruning", column_pruning},
    {"index_join", index_join},
};

// The comparison may be made on a wider type than the column's; integers and texts keep their keys
// then.
const expr::Node* column_under_casts(const expr::Node& node) {
  const expr::Node* at = &node;
  while (at->kind == expr::NodeKind::kCast) {
    const type::TypeId from = at->children[0]->type.id;
    const bool widened =
        (type::is_integer(from) && type::is_integer(at->type.id) && from <= at->type.id) ||
        (from == type::TypeId::kVarchar && at->type.id == type::TypeId::kText);
    if (!widened) return nullptr;
    at = at->children[0].get();
  }
  return at->kind == expr::NodeKind::kColumn ? at : nullptr;
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

bool is_conjunct_of(const std::optional<KeyComparison>& comparison, uint16_t column,
                    std::initializer_list<KeyComparison::Operator> operators) {
  return comparison.has_value() && comparison->column == column &&
         std::find(operators.begin(), operators.end(), comparison->op) != operators.end();
}

// The values of `column IN (…)`; empty when the conjunct is none.
std::vector<expr::NodePtr> in_values(const expr::Node& conjunct, const ScanSpec& scan,
                                     uint16_t column) {
  std::vector<expr::NodePtr> values;
  if (conjunct.kind != expr::NodeKind::kIn || conjunct.negated ||
      key_column(*conjunct.children[0], scan) != column)
    return values;
  if (conjunct.children.size() > kInValuesMax + 1) return values;
  for (size_t i = 1; i < conjunct.children.size(); ++i) {
    const expr::Node& item = *conjunct.children[i];
    if (has_columns(item) || is_volatile(item) ||
        !keys_compare(scan.table.table->columns[column].type.id, item.type.id))
      return {};
    values.push_back(item.clone());
  }
  return values;
}

bool is_null_test(const expr::Node& conjunct, const ScanSpec& scan, uint16_t column, bool negated) {
  return conjunct.kind == expr::NodeKind::kIsNull && conjunct.negated == negated &&
         conjunct.children[0]->kind == expr::NodeKind::kColumn &&
         key_column(*conjunct.children[0], scan) == column;
}

}  // namespace

std::span<const Rule> all_rules() { return kRules; }

bool keys_compare(type::TypeId column, type::TypeId value) {
  if (column == value) return true;
  if (type::is_integer(column) && type::is_integer(value)) return true;
  const auto is_string = [](type::TypeId id) {
    return id == type::TypeId::kText || id == type::TypeId::kVarchar;
  };
  return is_string(column) && is_string(value);
}

std::optional<uint16_t> key_column(const expr::Node& node, const ScanSpec& scan) {
  const expr::Node* column = column_under_casts(node);
  if (column == nullptr || column->column >= scan.columns.size()) return std::nullopt;
  return scan.columns[column->column];
}

TakenBounds match_bounds(const std::vector<expr::NodePtr>& conjuncts, const ScanSpec& scan,
                         const std::vector<uint16_t>& columns, bool nulls) {
  using Operator = KeyComparison::Operator;
  TakenBounds taken;
  KeyBounds& bounds = taken.bounds;
  const auto find = [&](const auto& fits) -> const expr::Node* {
    for (size_t i = 0; i < conjuncts.size(); ++i) {
      if (conjuncts[i] == nullptr || !fits(*conjuncts[i])) continue;
      taken.conjuncts.push_back(i);
      return conjuncts[i].get();
    }
    return nullptr;
  };
  const auto find_comparison = [&](uint16_t column, std::initializer_list<Operator> operators) {
    const expr::Node* found = find([&](const expr::Node& e) {
      return is_conjunct_of(key_comparison(e, scan), column, operators);
    });
    return found == nullptr ? std::optional<KeyComparison>() : key_comparison(*found, scan);
  };
  for (const uint16_t column : columns) {
    if (const auto equal = find_comparison(column, {Operator::kEqual})) {
      bounds.equal.push_back(equal->value->clone());
      continue;
    }
    if (nulls && find([&](const expr::Node& e) { return is_null_test(e, scan, column, false); }) !=
                     nullptr) {
      bounds.equal.push_back(nullptr);
      continue;
    }
    if (const expr::Node* in =
            find([&](const expr::Node& e) { return !in_values(e, scan, column).empty(); })) {
      bounds.any = in_values(*in, scan, column);
      break;
    }
    if (const auto lower = find_comparison(column, {Operator::kGreater, Operator::kGreaterEqual})) {
      bounds.lower_inclusive = lower->op == Operator::kGreaterEqual;
      bounds.lower = lower->value->clone();
    }
    if (const auto upper = find_comparison(column, {Operator::kLess, Operator::kLessEqual})) {
      bounds.upper_inclusive = upper->op == Operator::kLessEqual;
      bounds.upper = upper->value->clone();
    }
    bounds.not_null = nulls && find([&](const expr::Node& e) {
                                 return is_null_test(e, scan, column, true);
                               }) != nullptr;
    break;
  }
  return taken;
}

std::vector<NamedIndex> indexes_of(const catalog::TableDef& table) {
  std::vector<NamedIndex> indexes;
  for (const catalog::IndexDef& index : table.indexes)
    indexes.push_back({index.name, derived::index_key(index), index.unique});
  for (size_t i = 0; i < table.unique_constraints && i < table.unique_keys.size(); ++i) {
    indexes.push_back({table.unique_keys[i].name, derived::index_key(table.unique_keys[i]), true});
  }
  return indexes;
}

std::optional<KeyComparison> key_comparison(const expr::Node& conjunct, const ScanSpec& scan) {
  if (conjunct.kind != expr::NodeKind::kCall || conjunct.function == nullptr ||
      conjunct.children.size() != 2)
    return std::nullopt;
  for (const bool turned : {false, true}) {
    const expr::Node* column = column_under_casts(*conjunct.children[turned ? 1 : 0]);
    const expr::Node& value = *conjunct.children[turned ? 0 : 1];
    if (column == nullptr || has_columns(value) || is_volatile(value) ||
        column->column >= scan.columns.size())
      continue;
    const auto op = operator_named(conjunct.function->name, turned);
    if (!op.has_value() || !keys_compare(column->type.id, value.type.id)) continue;
    return KeyComparison{scan.columns[column->column], *op, &value};
  }
  return std::nullopt;
}

}  // namespace rowan::plan
