// index_join: a join whose one side gives few rows looks these up in the other side's index or
// primary key, instead of reading it all.
#include <algorithm>

#include "derived/index_range.h"
#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

// A join is worth many lookups less than a scan: the rows of the other side are an estimate.
constexpr double kCaution = 4;

struct Lookup {
  NamedIndex index;                       // Without a name: the primary key.
  std::vector<size_t> conjuncts;          // One for each looked-up column.
  std::vector<const expr::Node*> values;  // Over the join's columns.
  double rows = 1;                        // Of one value.
};

// The value that the conjunct says `column` of the inner scan equals; its columns are all the other
// side's.
const expr::Node* looked_up_value(const expr::Node& conjunct, const LogicalNode& inner,
                                  uint32_t inner_from, uint16_t column) {
  if (conjunct.kind != expr::NodeKind::kCall || conjunct.function == nullptr ||
      conjunct.function->name != "=" || conjunct.children.size() != 2 || is_volatile(conjunct)) {
    return nullptr;
  }
  const auto inner_to = inner_from + static_cast<uint32_t>(inner.width());
  for (const bool turned : {false, true}) {
    const expr::Node& own = *conjunct.children[turned ? 1 : 0];
    const expr::Node& value = *conjunct.children[turned ? 0 : 1];
    if (!has_columns(own) || !columns_within(own, inner_from, inner_to) || !has_columns(value))
      continue;
    std::vector<uint32_t> columns;
    expr::collect_columns(value, columns);
    if (std::any_of(columns.begin(), columns.end(),
                    [&](uint32_t c) { return c >= inner_from && c < inner_to; }))
      continue;
    const expr::NodePtr local = own.clone();
    shift_columns(*local, -static_cast<int64_t>(inner_from));
    const std::optional<uint16_t> found = key_column(*local, inner.scan);
    if (found == column &&
        keys_compare(inner.scan.table.table->columns[column].type.id, value.type.id))
      return &value;
  }
  return nullptr;
}

// How far the conjuncts give values for an index's first columns.
Lookup match(NamedIndex index, const std::vector<expr::NodePtr>& conjuncts,
             const LogicalNode& inner, uint32_t inner_from) {
  Lookup lookup{std::move(index), {}, {}, 1};
  for (const catalog::IndexColumnDef& column : lookup.index.key.columns) {
    const size_t before = lookup.values.size();
    for (size_t i = 0; i < conjuncts.size() && lookup.values.size() == before; ++i) {
      const expr::Node* value = looked_up_value(*conjuncts[i], inner, inner_from, column.column);
      if (value == nullptr) continue;
      lookup.conjuncts.push_back(i);
      lookup.values.push_back(value);
    }
    if (lookup.values.size() == before) break;
  }
  return lookup;
}

std::optional<Lookup> cheapest(const std::vector<expr::NodePtr>& conjuncts,
                               const LogicalNode& inner, uint32_t inner_from,
                               PlanContext& context) {
  const catalog::TableDef& table = *inner.scan.table.table;
  Lookup by_key =
      match({{}, derived::index_key(table.primary_key), true}, conjuncts, inner, inner_from);
  if (by_key.values.size() == table.primary_key.size()) return by_key;
  std::optional<Lookup> best;
  for (NamedIndex& index : indexes_of(table)) {
    Lookup lookup = match(std::move(index), conjuncts, inner, inner_from);
    if (lookup.values.empty()) continue;
    const auto tree =
        context.resolver.find_index(inner.scan.table, lookup.index.key, inner.scan.historical);
    if (!tree.has_value()) continue;
    const bool whole =
        lookup.index.unique && lookup.values.size() == lookup.index.key.columns.size();
    if (!whole)
      lookup.rows =
          derived::entries_per_value(table, lookup.index.key, *tree, lookup.values.size());
    if (!best.has_value() || lookup.rows < best->rows) best = std::move(lookup);
  }
  return best;
}

bool try_side(LogicalNode& join, size_t inner_side, PlanContext& context) {
  using sql::JoinKind;
  const bool inner_is_right = inner_side == 1;
  const bool allowed = join.join == JoinKind::kInner ||
                       join.join == (inner_is_right ? JoinKind::kLeft : JoinKind::kRight);
  LogicalNode& inner = *join.children[inner_side];
  if (!allowed || inner.kind != LogicalKind::kScan || inner.scan.bounds.present() ||
      inner.scan.index.present() || inner.scan.point || inner.scan.with_key ||
      inner.scan.table.rows.is_zero() || inner.scan.table.table->primary_key.empty()) {
    return false;
  }
  const double inner_rows =
      static_cast<double>(context.resolver.row_count(inner.scan.table).value_or(10'000));
  const double outer_rows = estimate_rows(*join.children[1 - inner_side], context.resolver);
  if (inner_rows < kIndexedRowsMin ||
      kIndexStartCost + outer_rows * kIndexRowCost * kCaution >= inner_rows)
    return false;
  const auto left_width = static_cast<uint32_t>(join.children[0]->width());
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(join.condition), conjuncts);
  auto lookup = cheapest(conjuncts, inner, inner_is_right ? left_width : 0, context);
  const bool taken =
      lookup.has_value() &&
      kIndexStartCost + outer_rows * (kIndexStartCost + lookup->rows * kIndexRowCost) * kCaution <
          inner_rows;
  if (taken) {
    for (const expr::Node* value : lookup->values) {
      join.lookup_keys.push_back(value->clone());
      if (!inner_is_right)
        shift_columns(*join.lookup_keys.back(), -static_cast<int64_t>(left_width));
    }
    for (const size_t i : lookup->conjuncts) conjuncts[i] = nullptr;
    std::erase(conjuncts, nullptr);
    inner.scan.index.name =
        lookup->index.name.empty() ? inner.scan.table.table->primary_key_name : lookup->index.name;
    inner.scan.index.columns = std::move(lookup->index.key.columns);
    inner.scan.point = lookup->index.name.empty();
    inner.scan.bounded_rows = lookup->rows;
    join.build_left = !inner_is_right;
  }
  join.condition = join_conjuncts(std::move(conjuncts));
  return taken;
}

}  // namespace

void index_join(LogicalPtr& root, PlanContext& context) {
  for (LogicalPtr& child : root->children) index_join(child, context);
  if (root->kind != LogicalKind::kJoin || root->condition == nullptr) return;
  if (!try_side(*root, 1, context)) try_side(*root, 0, context);
}

}  // namespace rowan::plan
