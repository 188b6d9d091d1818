// The rules that rewrite a logical plan. Each is a file here and may be switched off by its name; results never change.
#pragma once

#include <span>
#include <string_view>

#include "plan/logical.h"

namespace rowan::plan {

using RuleFunction = void (*)(LogicalPtr& root, PlanContext& context);

void predicate_pushdown(LogicalPtr& root, PlanContext& context);
void join_order(LogicalPtr& root, PlanContext& context);
void point_get(LogicalPtr& root, PlanContext& context);
void key_range(LogicalPtr& root, PlanContext& context);
void count_from_statistics(LogicalPtr& root, PlanContext& context);
void key_order(LogicalPtr& root, PlanContext& context);
void limit_pushdown(LogicalPtr& root, PlanContext& context);
void column_pruning(LogicalPtr& root, PlanContext& context);

struct Rule {
  std::string_view name;
  RuleFunction apply;
};
std::span<const Rule> all_rules();   // In the order they run.

// A conjunct of a scan's filter that compares one key column with a value, turned so that the column stands left.
struct KeyComparison {
  enum class Operator : uint8_t { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  uint16_t column = 0;                       // Of the table.
  Operator op = Operator::kEqual;
  const expr::Node* value = nullptr;         // Without columns, of a type whose keys sort like the column's.
};
std::optional<KeyComparison> key_comparison(const expr::Node& conjunct, const ScanSpec& scan);

}  // namespace rowan::plan
