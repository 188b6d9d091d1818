// index_order: ORDER BY … LIMIT over a table reads the first rows of an index in that order, when
// few have to be read.
#include <algorithm>

#include "plan/rules/rules.h"

namespace rowan::plan {

namespace {

std::optional<double> constant_count(const expr::NodePtr& node, double when_absent) {
  if (node == nullptr) return when_absent;
  if (node->kind != expr::NodeKind::kConstant || node->constant.is_null() ||
      node->constant.as_int() < 0)
    return std::nullopt;
  return static_cast<double>(node->constant.as_int());
}

struct OrderColumn {
  uint16_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};

// How an index gives the wanted order: behind its columns that equal one value. Nothing when it
// does not. `rules_hold`: a column that is NOT NULL holds no NULL.
struct Order {
  bool backward = false;
  size_t columns = 0;  // Of the index, that make the order.
};
std::optional<Order> order_of(const derived::IndexKey& key, size_t equal,
                              const std::vector<OrderColumn>& wanted,
                              const catalog::TableDef& table, bool rules_hold) {
  Order order{false, equal};
  bool directed = false;
  size_t i = 0;
  for (; i < wanted.size(); ++i) {
    const auto is_wanted = [&](const catalog::IndexColumnDef& column) {
      return column.column == wanted[i].column;
    };
    if (std::any_of(key.columns.begin(), key.columns.begin() + static_cast<ptrdiff_t>(equal),
                    is_wanted))
      continue;
    if (order.columns == key.columns.size() || !is_wanted(key.columns[order.columns])) break;
    const catalog::IndexColumnDef& column = key.columns[order.columns++];
    const bool backward = column.descending != wanted[i].descending;
    const bool nulls_fit = (column.nulls_first != wanted[i].nulls_first) == backward;
    if ((!nulls_fit && !(rules_hold && table.columns[column.column].not_null)) ||
        (directed && backward != order.backward))
      return std::nullopt;
    order.backward = backward;
    directed = true;
  }
  if (!directed) return std::nullopt;
  // Equal ones come in key order, so the first key columns may follow.
  for (size_t k = 0; i < wanted.size(); ++i, ++k) {
    if (k == table.primary_key.size()) return order;
    if (table.primary_key[k] != wanted[i].column || wanted[i].descending ||
        (wanted[i].nulls_first && !rules_hold))
      return std::nullopt;
  }
  return order;
}

std::vector<uint16_t> column_numbers(const derived::IndexKey& key) {
  std::vector<uint16_t> columns;
  for (const catalog::IndexColumnDef& column : key.columns) columns.push_back(column.column);
  return columns;
}

// Lets the scan below the sort read an index in the sort's order. True: the sort has nothing to do
// any more.
bool choose_index(LogicalNode& sort, double wanted_rows, PlanContext& context) {
  std::vector<OrderColumn> wanted;
  LogicalNode* source = nullptr;
  for (const SortKey& key : sort.sort) {
    uint16_t column = 0;
    source = sort_source(*sort.children[0], key.column, column);
    if (source == nullptr) return false;
    wanted.push_back({column, key.descending, key.nulls_first});
  }
  ScanSpec& scan = source->scan;
  const catalog::TableDef& table = *scan.table.table;
  if (scan.point || scan.index.present() || scan.with_key || scan.table.rows.is_zero())
    return false;
  if (!table.primary_key.empty() && table.primary_key[0] == wanted[0].column)
    return false;  // key_order's.
  const double rows = static_cast<double>(context.resolver.row_count(scan.table).value_or(10'000));
  if (rows < kIndexedRowsMin) return false;
  const bool rules_hold = context.resolver.rules_hold(scan.historical);
  std::vector<expr::NodePtr> conjuncts;
  split_conjuncts(std::move(scan.filter), conjuncts);
  bool chosen = false;
  for (NamedIndex& index : indexes_of(table)) {
    TakenBounds taken = match_bounds(conjuncts, scan, column_numbers(index.key), true);
    if (!taken.bounds.any.empty()) continue;
    const auto order = order_of(index.key, taken.bounds.equal.size(), wanted, table, rules_hold);
    if (!order.has_value()) continue;
    double kept = 1;
    for (size_t i = 0; i < conjuncts.size(); ++i) {
      if (std::find(taken.conjuncts.begin(), taken.conjuncts.end(), i) == taken.conjuncts.end())
        kept *= selectivity(*conjuncts[i]);
    }
    const auto tree = context.resolver.find_index(scan.table, index.key, scan.historical);
    if (!tree.has_value()) continue;
    const double bounded = estimate_bounds(*tree, table, index.key, taken.bounds, context.eval);
    const double read = std::min(bounded, wanted_rows / std::max(kept, 1e-6));
    if (kIndexStartCost + read * kIndexRowCost >=
            std::min(rows, kIndexStartCost + bounded * kIndexRowCost) &&
        bounded > read)
      continue;
    if (kIndexStartCost + read * kIndexRowCost >= rows) continue;
    std::vector<expr::NodePtr> said;
    for (const size_t i : taken.conjuncts) said.push_back(std::move(conjuncts[i]));
    std::erase(conjuncts, nullptr);
    scan.index.name = std::move(index.name);
    scan.index.columns = std::move(index.key.columns);
    scan.index.condition = join_conjuncts(std::move(said));
    scan.index.ordered = true;
    scan.index.backward = order->backward;
    scan.index.ordered_columns = order->columns;
    scan.bounds = std::move(taken.bounds);
    scan.bounded_rows = bounded;
    chosen = true;
    break;
  }
  scan.filter = join_conjuncts(std::move(conjuncts));
  return chosen;
}

}  // namespace

void index_order(LogicalPtr& root, PlanContext& context) {
  if (root->kind == LogicalKind::kLimit && root->limit != nullptr) {
    LogicalPtr* below = &root->children[0];
    while ((*below)->kind == LogicalKind::kProject) below = &(*below)->children[0];
    const auto limit = constant_count(root->limit, 0);
    const auto offset = constant_count(root->offset, 0);
    if ((*below)->kind == LogicalKind::kSort && limit.has_value() && offset.has_value() &&
        choose_index(**below, *limit + *offset, context)) {
      LogicalPtr child = std::move((*below)->children[0]);
      *below = std::move(child);
    }
  }
  for (LogicalPtr& child : root->children) index_order(child, context);
}

}  // namespace rowan::plan
