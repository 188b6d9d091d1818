// Sort and Top-N. Stable: equal rows keep the order of the input.
#include <algorithm>
#include <numeric>

#include "base/limits.h"
#include "exec/operators.h"

namespace rowan::exec {

namespace {

int compare_cells(const type::Column& column, size_t a, size_t b) {
  switch (type::physical(column.type.id)) {
    case type::Physical::kInt64: {
      const int64_t x = column.ints()[a], y = column.ints()[b];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case type::Physical::kDouble: return type::compare_doubles(column.doubles()[a], column.doubles()[b]);
    case type::Physical::kString: return type::compare_strings(column.type.id, column.strings()[a], column.strings()[b]);
  }
  return 0;
}

// Columns must not be constant.
class RowOrder {
 public:
  RowOrder(const std::vector<plan::SortKey>& keys, const type::Batch& batch) : keys_(keys), batch_(batch) {}
  int compare(uint32_t a, uint32_t b) const {
    for (const plan::SortKey& key : keys_) {
      const type::Column& column = batch_.columns[key.column];
      const bool a_null = column.is_null(a), b_null = column.is_null(b);
      if (a_null || b_null) {
        if (a_null == b_null) continue;
        return a_null == key.nulls_first ? -1 : 1;
      }
      const int order = compare_cells(column, a, b);
      if (order != 0) return key.descending ? -order : order;
    }
    return 0;
  }
  bool operator()(uint32_t a, uint32_t b) const {
    const int order = compare(a, b);
    return order != 0 ? order < 0 : a < b;
  }

 private:
  const std::vector<plan::SortKey>& keys_;
  const type::Batch& batch_;
};

// One integer key without NULLs, the common case, sorts values and not row numbers.
std::vector<uint32_t> sort_ints(const type::Column& column, size_t rows, bool descending) {
  std::vector<std::pair<int64_t, uint32_t>> pairs(rows);
  for (size_t i = 0; i < rows; ++i) {
    const int64_t value = column.ints()[i];
    pairs[i] = {descending ? ~value : value, static_cast<uint32_t>(i)};   // ~ turns the order round without overflow.
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<uint32_t> order(rows);
  for (size_t i = 0; i < rows; ++i) order[i] = pairs[i].second;
  return order;
}

class Sort final : public Operator {
 public:
  Sort(const PhysicalNode& node, ExecContext& context, OperatorPtr input) : node_(node), context_(context), input_(std::move(input)) {}

  Result<void> open() override {
    TRY_ASSIGN(const uint64_t limit, evaluate_count(node_.limit, context_, UINT64_MAX, true));
    TRY_ASSIGN(const uint64_t offset, evaluate_count(node_.offset, context_, 0, false));
    TRY(input_->open());
    const uint64_t kept = limit > UINT64_MAX - offset ? UINT64_MAX : limit + offset;
    if (kept <= kTopRowsMax) {
      TRY(collect_top(kept));
    } else {
      Collector collector(node_.outputs, context_);
      TRY(collector.add_all(*input_));
      rows_ = collector.finish();
      sort_rows(kept);
    }
    at_ = std::min<uint64_t>(offset, order_.size());
    return {};
  }

  Result<bool> next(type::Batch& batch) override {
    TRY(check_cancelled(context_));
    const size_t count = std::min(order_.size() - at_, kBatchRows);
    if (count == 0) return false;
    batch = rows_.gather(order_.data() + at_, count);
    batch.rows = count;
    at_ += count;
    return true;
  }

 private:
  static constexpr uint64_t kTopRowsMax = 8192;

  // Keeps a few times the wanted rows and throws away the rest as it goes.
  Result<void> collect_top(uint64_t kept) {
    type::Batch batch;
    auto collector = std::make_unique<Collector>(node_.outputs, context_);
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (more) TRY(collector->add(batch));
      if (more && collector->rows() < 4 * kept + 4 * kBatchRows) continue;
      rows_ = collector->finish();
      sort_rows(kept);
      if (!more) return {};
      collector = std::make_unique<Collector>(node_.outputs, context_);
      type::Batch best = rows_.gather(order_.data(), order_.size());
      best.rows = order_.size();
      TRY(collector->add(best));
    }
  }

  void sort_rows(uint64_t kept) {
    const size_t rows = rows_.rows;
    const type::Column* first = node_.sort.empty() ? nullptr : &rows_.columns[node_.sort[0].column];
    if (node_.sort.size() == 1 && type::physical(first->type.id) == type::Physical::kInt64 && first->nulls == nullptr) {
      order_ = sort_ints(*first, rows, node_.sort[0].descending);
    } else {
      order_.resize(rows);
      std::iota(order_.begin(), order_.end(), 0u);
      std::sort(order_.begin(), order_.end(), RowOrder(node_.sort, rows_));
    }
    if (order_.size() > kept) order_.resize(kept);
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  type::Batch rows_;
  std::vector<uint32_t> order_;
  size_t at_ = 0;
};

}  // namespace

OperatorPtr make_sort(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Sort>(node, context, std::move(input));
}

}  // namespace rowan::exec
