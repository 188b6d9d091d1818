#include "exec/ordered_input.h"

#include <algorithm>
#include <numeric>

#include "base/limits.h"
#include "exec/row_order.h"

namespace rowan::exec {

OrderedInput::OrderedInput(const plan::AggregateItem& item) : item_(item) {
  for (const expr::NodePtr& argument : item.arguments) builders_.emplace_back(argument->type);
}

void OrderedInput::add(const std::vector<type::Column>& arguments, const uint32_t* groups,
                       size_t rows) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const type::Column& column = arguments[i];
    const bool is_string = type::physical(column.type.id) == type::Physical::kString;
    for (size_t row = 0; row < rows; ++row) {
      builders_[i].append_from(column, row);
      memory_bytes_ += sizeof(std::string_view);
      if (is_string && !column.is_null(row))
        memory_bytes_ += column.strings()[column.index(row)].size();
    }
  }
  grouped_ = groups != nullptr;
  for (size_t row = 0; row < rows; ++row) groups_.push_back(grouped_ ? groups[row] : 0);
  memory_bytes_ += rows * sizeof(uint32_t) * 2;
}

Result<void> OrderedInput::hand_on(expr::AggregateState& state) {
  type::Batch all;
  all.rows = groups_.size();
  for (type::ColumnBuilder& builder : builders_) all.columns.push_back(builder.finish());
  const RowOrder order(item_.order, all);
  std::vector<uint32_t> rows(all.rows);
  std::iota(rows.begin(), rows.end(), 0u);
  std::sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    return groups_[a] != groups_[b] ? groups_[a] < groups_[b] : order(a, b);
  });
  if (item_.spec.distinct) {
    const auto equal = [&](uint32_t a, uint32_t b) {
      return groups_[a] == groups_[b] && order.compare(a, b) == 0;
    };
    rows.erase(std::unique(rows.begin(), rows.end(), equal), rows.end());
  }
  std::vector<uint32_t> groups;
  for (size_t from = 0; from < rows.size(); from += kBatchRows) {
    const size_t count = std::min(kBatchRows, rows.size() - from);
    const type::Batch part = all.gather(rows.data() + from, count);
    groups.clear();
    for (size_t i = 0; i < count; ++i) groups.push_back(groups_[rows[from + i]]);
    TRY(state.add(part.columns, grouped_ ? groups.data() : nullptr, count));
  }
  return {};
}

}  // namespace rowan::exec
