#include "exec/index_lookup.h"

#include <algorithm>

namespace rowan::exec {

Result<void> IndexLookup::open(const TableSource& source, const derived::IndexKey& key,
                               const ExecContext& context) {
  source_ = &source;
  const store::ObjectReader& objects = context.transaction.objects();
  TRY_ASSIGN(tree_, context.manager.indexes().get(
                        {objects, context.manager.store().cache(), source.version}, key));
  walk_.emplace(tree_);
  own_.clear();
  if (source.overlay == nullptr) return {};
  const catalog::TableDef& table = *source.version.table;
  for (const auto& [row_key, change] : source.overlay->rows) {
    // A counted row's change names its line; whether any is left is seen when the row is read.
    if (!change.line.has_value()) continue;
    TRY_ASSIGN(std::string entry, derived::index_entry(table, key, *change.line, row_key, objects));
    own_.push_back(std::move(entry));
  }
  std::sort(own_.begin(), own_.end());
  return {};
}

bool IndexLookup::is_overlaid(Bytes entry) const {
  if (source_->overlay == nullptr) return false;
  const auto change = source_->overlay->rows.find(derived::entry_row_key(entry));
  // A counted row's change that does not name its line leaves the entry as it is.
  return change != source_->overlay->rows.end() &&
         (change->second.line.has_value() || !source_->version.table->layout.counted);
}

std::optional<std::string> IndexLookup::find(Bytes lower, Bytes upper,
                                             std::vector<std::string>& row_keys, size_t limit) {
  auto own =
      std::lower_bound(own_.begin(), own_.end(), lower,
                       [](const std::string& entry, Bytes bound) { return Bytes(entry) < bound; });
  const auto has_own = [&] { return own != own_.end() && Bytes(*own) < upper; };
  walk_->seek(lower);
  for (;;) {
    while (walk_->valid() && walk_->entry() < upper && is_overlaid(walk_->entry())) walk_->next();
    const bool below = walk_->valid() && walk_->entry() < upper;
    if (!below && !has_own()) return std::nullopt;
    const bool takes_own = has_own() && (!below || Bytes(*own) < walk_->entry());
    const Bytes entry = takes_own ? Bytes(*own) : walk_->entry();
    if (limit == 0) return std::string(entry);
    --limit;
    row_keys.emplace_back(derived::entry_row_key(entry));
    if (takes_own) {
      ++own;
    } else {
      walk_->next();
    }
  }
}

std::optional<std::string> IndexLookup::first_entry(Bytes lower, Bytes upper) {
  std::vector<std::string> none;
  return find(lower, upper, none, 0);
}

std::optional<std::string> IndexLookup::last_entry(Bytes lower, Bytes upper) {
  std::optional<std::string> last;
  walk_->seek(upper);
  // Behind the last entry the walk is at size(), from where it can go back.
  for (walk_->previous(); walk_->valid() && walk_->entry() >= lower; walk_->previous()) {
    if (is_overlaid(walk_->entry())) continue;
    last = walk_->entry();
    break;
  }
  const auto own =
      std::lower_bound(own_.begin(), own_.end(), upper,
                       [](const std::string& entry, Bytes bound) { return Bytes(entry) < bound; });
  if (own != own_.begin() && Bytes(*(own - 1)) >= lower &&
      (!last.has_value() || *last < *(own - 1)))
    last = *(own - 1);
  return last;
}

Result<std::optional<derived::IndexCondition>> index_condition(const plan::KeyBounds& bounds,
                                                               const expr::EvalContext& context) {
  derived::IndexCondition condition;
  bool fits = true;
  const auto value_of = [&](const expr::Node& node) -> Result<type::Value> {
    TRY_ASSIGN(type::Value value, expr::evaluate_constant(node, context));
    if (value.is_null()) fits = false;
    return value;
  };
  for (const expr::NodePtr& node : bounds.equal) {
    condition.equal.emplace_back();  // IS NULL.
    if (node == nullptr) continue;
    TRY_ASSIGN(condition.equal.back(), value_of(*node));
  }
  condition.has_any = !bounds.any.empty();
  for (const expr::NodePtr& node : bounds.any) {
    TRY_ASSIGN(type::Value value, expr::evaluate_constant(*node, context));
    if (!value.is_null()) condition.any.push_back(std::move(value));
  }
  if (bounds.lower != nullptr) {
    TRY_ASSIGN(condition.lower, value_of(*bounds.lower));
  }
  if (bounds.upper != nullptr) {
    TRY_ASSIGN(condition.upper, value_of(*bounds.upper));
  }
  condition.lower_inclusive = bounds.lower_inclusive;
  condition.upper_inclusive = bounds.upper_inclusive;
  condition.not_null = bounds.not_null;
  if (!fits) return std::optional<derived::IndexCondition>();
  return std::optional(std::move(condition));
}

}  // namespace rowan::exec
