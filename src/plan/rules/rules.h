// The rules that rewrite a logical plan. Each is a file here and may be switched off by its name;
// results never change.
#pragma once

#include <span>
#include <string_view>

#include "plan/logical.h"

namespace rowan::plan {

using RuleFunction = void (*)(LogicalPtr& root, PlanContext& context);

void predicate_pushdown(LogicalPtr& root, PlanContext& context);
void decorrelate(LogicalPtr& root, PlanContext& context);
void join_order(LogicalPtr& root, PlanContext& context);
void point_get(LogicalPtr& root, PlanContext& context);
void index_scan(LogicalPtr& root, PlanContext& context);
void index_order(LogicalPtr& root, PlanContext& context);
void index_join(LogicalPtr& root, PlanContext& context);
void key_range(LogicalPtr& root, PlanContext& context);
void count_from_statistics(LogicalPtr& root, PlanContext& context);
void key_order(LogicalPtr& root, PlanContext& context);
void limit_pushdown(LogicalPtr& root, PlanContext& context);
void column_pruning(LogicalPtr& root, PlanContext& context);

struct Rule {
  std::string_view name;
  RuleFunction apply;
};
std::span<const Rule> all_rules();  // In the order they run.

// A conjunct of a scan's filter that compares one key column with a value, turned so that the
// column stands left.
struct KeyComparison {
  enum class Operator : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  uint16_t column = 0;  // Of the table.
  Operator op = Operator::kEqual;
  const expr::Node* value =
      nullptr;  // Without columns, of a type whose keys sort like the column's.
};
std::optional<KeyComparison> key_comparison(const expr::Node& conjunct, const ScanSpec& scan);

// The table's column that an expression over the scan's rows is, maybe widened by casts that leave
// its keys alone.
std::optional<uint16_t> key_column(const expr::Node& node, const ScanSpec& scan);
bool keys_compare(type::TypeId column,
                  type::TypeId value);  // Equal keys mean equal values, and they sort alike.

// Takes the conjuncts that say something about the first of these columns, as far as bounds can
// hold them. `nulls`: columns may be NULL, and IS [NOT] NULL counts too. The bounds taken are put
// together in `condition`.
struct TakenBounds {
  KeyBounds bounds;
  std::vector<size_t> conjuncts;  // Their numbers.
};
TakenBounds match_bounds(const std::vector<expr::NodePtr>& conjuncts, const ScanSpec& scan,
                         const std::vector<uint16_t>& columns, bool nulls);

// About how many entries of an index lie within bounds; values that are not known yet count as
// typical ones.
double estimate_bounds(const derived::EntryTree& tree, const catalog::TableDef& table,
                       const derived::IndexKey& key, const KeyBounds& bounds,
                       const expr::EvalContext& eval);

// About the share of the rows that the scan's bounds of the primary key leave; nothing when a value
// is not known yet.
std::optional<double> key_bounds_share(const ScanSpec& scan, PlanContext& context);

// Costs in rows that a warm scan passes.
inline constexpr double kIndexStartCost = 20;
inline constexpr double kIndexRowCost = 50;
inline constexpr double kIndexedRowsMin = 64;  // A smaller table is scanned.

// The scan that `column` of `node` comes from unchanged and in order, with the table's column
// number; null when there is none.
LogicalNode* sort_source(LogicalNode& node, uint32_t column, uint16_t& table_column);

// What every index of a table is called, with its columns; UNIQUE constraints too.
struct NamedIndex {
  std::string name;
  derived::IndexKey key;
  bool unique = false;
};
std::vector<NamedIndex> indexes_of(const catalog::TableDef& table);

}  // namespace rowan::plan
