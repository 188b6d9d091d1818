#include "merge/rules.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "type/cast.h"
#include "type/json_text.h"
#include "type/number_text.h"
#include "type/numeric.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

using type::TypeId;
using type::Value;

std::optional<Value> sum_of_integers(const RuleInput& input, int64_t base) {
  __int128 sum = static_cast<__int128>(input.ours.as_int()) + input.theirs.as_int() - base;
  if (sum < type::integer_min(input.type.id) || sum > type::integer_max(input.type.id)) return std::nullopt;
  return Value::of_int(input.type, static_cast<int64_t>(sum));
}

bool is_finite(std::string_view numeric) { return numeric.back() >= '0' && numeric.back() <= '9'; }

std::optional<Value> sum_of_numerics(const RuleInput& input, const std::string& base) {
  auto sum = type::numeric_add(input.ours.as_string(), input.theirs.as_string());
  if (sum) sum = type::numeric_subtract(*sum, base);
  if (!sum || !is_finite(*sum)) return std::nullopt;
  if (input.type.modifier >= 0) sum = type::numeric_apply_modifier(*sum, input.type);
  if (!sum) return std::nullopt;
  return Value::of_string(input.type, *sum);
}

std::optional<Value> sum(const RuleInput& input) {
  if (input.ours.is_null() || input.theirs.is_null() || !type::is_number(input.type.id))
    return std::nullopt;
  const bool has_base = input.base != nullptr && !input.base->is_null();
  switch (type::physical(input.type.id)) {
    case type::Physical::kInt64:
      return sum_of_integers(input, has_base ? input.base->as_int() : 0);
    case type::Physical::kString:
      return sum_of_numerics(input, has_base ? input.base->as_string() : "0");
    case type::Physical::kInterval:
      return std::nullopt;
    case type::Physical::kDouble:
      break;
  }
  // In an order that is the same when the sides change places.
  const double base = has_base ? input.base->as_double() : 0;
  double total = base + ((input.ours.as_double() - base) + (input.theirs.as_double() - base));
  if (input.type.id == TypeId::kFloat4) total = static_cast<double>(static_cast<float>(total));
  if (!std::isfinite(total)) return std::nullopt;
  return Value::of_double(input.type, total);
}

std::optional<Value> extreme(const RuleInput& input, bool greater) {
  if (type::is_json(input.type.id)) return std::nullopt;
  if (input.ours.is_null()) return input.theirs;
  if (input.theirs.is_null()) return input.ours;
  int order = type::compare(input.ours, input.theirs);
  // Of equal values with two spellings (1.0, 1.00) the one whose text is greater: the sides may
  // change places.
  if (order == 0) order = type::to_text(input.ours).compare(type::to_text(input.theirs));
  return (order >= 0) == greater ? input.ours : input.theirs;
}

// The elements of an array in canonical text. Nothing when it is no array.
std::optional<std::vector<std::string>> elements_of(const Value& value) {
  auto canonical = type::jsonb_from_text(value.as_string());
  if (!canonical || canonical->size() < 2 || canonical->front() != '[') return std::nullopt;
  std::vector<std::string> elements;
  const char* p = canonical->data() + 1;
  const char* const end = canonical->data() + canonical->size();
  while (p < end && *p != ']') {
    const char* stop = type::skip_json(p, end);
    if (stop == nullptr) return std::nullopt;
    elements.emplace_back(p, static_cast<size_t>(stop - p));
    for (p = stop; p < end && (*p == ',' || *p == ' ');) ++p;
  }
  return elements;
}

using Set = std::set<std::string>;

Set set_of(const std::vector<std::string>& elements) { return {elements.begin(), elements.end()}; }

std::optional<Value> set_union(const RuleInput& input) {
  if (!type::is_json(input.type.id) || input.ours.is_null() || input.theirs.is_null())
    return std::nullopt;
  const auto ours = elements_of(input.ours);
  const auto theirs = elements_of(input.theirs);
  std::vector<std::string> base;
  if (input.base != nullptr && !input.base->is_null()) {
    const auto found = elements_of(*input.base);
    if (!found) return std::nullopt;
    base = *found;
  }
  if (!ours || !theirs) return std::nullopt;
  const Set in_ours = set_of(*ours);
  const Set in_theirs = set_of(*theirs);
  const Set in_base = set_of(base);
  std::vector<std::string> merged;
  Set taken;
  for (const std::string& element : base) {
    if (in_ours.contains(element) && in_theirs.contains(element) && taken.insert(element).second)
      merged.push_back(element);
  }
  Set added;
  for (const Set* side : {&in_ours, &in_theirs}) {
    for (const std::string& element : *side) {
      if (!in_base.contains(element)) added.insert(element);
    }
  }
  merged.insert(merged.end(), added.begin(), added.end());
  std::string text = "[";
  for (size_t i = 0; i < merged.size(); ++i) text += (i > 0 ? ", " : "") + merged[i];
  return Value::of_string(input.type, text + "]");
}

}  // namespace

std::optional<Value> apply_rule(const RuleInput& input) {
  switch (input.rule) {
    case catalog::MergeRule::kSum:
      return sum(input);
    case catalog::MergeRule::kMax:
      return extreme(input, true);
    case catalog::MergeRule::kMin:
      return extreme(input, false);
    case catalog::MergeRule::kUnion:
      return set_union(input);
    case catalog::MergeRule::kNone:
    case catalog::MergeRule::kNewest:
    case catalog::MergeRule::kConflict:
      break;
  }
  return std::nullopt;
}

}  // namespace rowan::merge
