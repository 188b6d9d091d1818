// Sort and Top-N. Stable: equal rows keep the order of the input.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/limits.h"
#include "exec/operators.h"
#include "exec/row_order.h"

namespace rowan::exec {

namespace {

// The first `kept` of the items in order, without sorting the others.
template <typename Items, typename Order>
void sort_first(Items& items, uint64_t kept, const Order& order) {
  if (items.size() > kept) {
    std::nth_element(items.begin(), items.begin() + static_cast<ptrdiff_t>(kept), items.end(),
                     order);
    items.resize(kept);
  }
  std::sort(items.begin(), items.end(), order);
}

// One integer key without NULLs, the common case, sorts values and not row numbers.
std::vector<uint32_t> sort_ints(const type::Column& column, size_t rows, bool descending,
                                uint64_t kept) {
  std::vector<std::pair<int64_t, uint32_t>> pairs(rows);
  for (size_t i = 0; i < rows; ++i) {
    const int64_t value = column.ints()[i];
    pairs[i] = {descending ? ~value : value,
                static_cast<uint32_t>(i)};  // ~ turns the order round without overflow.
  }
  sort_first(pairs, kept, std::less<>());
  std::vector<uint32_t> order(pairs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = pairs[i].second;
  return order;
}

// The first key of the last row worth keeping. Rows behind it are dropped before anything of them
// is copied; with one key, rows equal to it as well, for they come later.
class Bar {
 public:
  Bar(const plan::SortKey& key, bool only_key) : key_(key), keep_equal_(!only_key) {}

  void raise(const type::Batch& rows, uint32_t last) {
    column_ = rows.columns[key_.column].gather(&last, 1);
  }

  // The rows of the batch that may be among the first ones.
  void pass(const type::Batch& batch, std::vector<uint32_t>& rows) const {
    const type::Column& column = batch.columns[key_.column];
    const bool plain = !column.constant && column.nulls == nullptr && !column_.is_null(0);
    rows.resize(batch.rows);
    size_t count = 0;
    if (plain && type::physical(column.type.id) == type::Physical::kInt64) {
      count = pass_plain(column.ints(), column_.ints()[0], batch.rows, rows.data());
    } else if (plain && type::physical(column.type.id) == type::Physical::kDouble &&
               !std::isnan(column_.doubles()[0])) {
      count = pass_plain(column.doubles(), column_.doubles()[0], batch.rows, rows.data());
    } else {
      for (size_t i = 0; i < batch.rows; ++i) {
        const int order = compare(column, i);
        if (order < 0 || (order == 0 && keep_equal_)) rows[count++] = static_cast<uint32_t>(i);
      }
    }
    rows.resize(count);
  }

 private:
  // Without branches, since most rows are dropped. A NaN is above every number.
  template <typename T>
  size_t pass_plain(const T* values, T bar, size_t rows, uint32_t* out) const {
    size_t count = 0;
    const auto run = [&](const auto& keeps) {
      for (size_t i = 0; i < rows; ++i) {
        out[count] = static_cast<uint32_t>(i);
        count += keeps(values[i]) ? 1 : 0;
      }
    };
    if (key_.descending) {
      keep_equal_ ? run([bar](T value) { return !(value < bar); })
                  : run([bar](T value) { return !(value <= bar); });
    } else {
      keep_equal_ ? run([bar](T value) { return value <= bar; })
                  : run([bar](T value) { return value < bar; });
    }
    return count;
  }

  int compare(const type::Column& column, size_t row) const {
    const bool null = column.is_null(row), bar_null = column_.is_null(0);
    if (null || bar_null) return null == bar_null ? 0 : null == key_.nulls_first ? -1 : 1;
    const int order = compare_cells(column, column.index(row), column_, 0);
    return key_.descending ? -order : order;
  }

  const plan::SortKey& key_;
  bool keep_equal_;
  type::Column column_;  // One row.
};

class Sort final : public Operator {
 public:
  Sort(const PhysicalNode& node, ExecContext& context, OperatorPtr input)
      : node_(node),
        context_(context),
        input_(std::move(input)),
        account_(context.operation_account()) {}

  Result<void> open() override {
    TRY_ASSIGN(const uint64_t limit, evaluate_count(node_.limit, context_, UINT64_MAX, true));
    TRY_ASSIGN(const uint64_t offset, evaluate_count(node_.offset, context_, 0, false));
    TRY(input_->open());
    const uint64_t kept = limit > UINT64_MAX - offset ? UINT64_MAX : limit + offset;
    if (kept <= kTopRowsMax) {
      TRY(collect_top(kept));
    } else {
      Collector collector(node_.outputs, context_, account_);
      TRY(collector.add_all(*input_));
      rows_ = collector.finish();
      TRY(account_.add(rows_.rows * kSortedRowBytes));
      sort_rows(kept);
    }
    at_ = std::min<uint64_t>(offset, order_.size());
    return {};
  }

  Result<bool> pull(type::Batch& batch) override {
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
  static constexpr uint64_t kTopRowsSlack = 1024;  // Sorting only now and then pays.
  static constexpr size_t kSortedRowBytes = 20;    // A value with its row's number, and the order.

  // Keeps about twice the wanted rows and throws away the rest as it goes.
  Result<void> collect_top(uint64_t kept) {
    type::Batch batch;
    std::vector<uint32_t> passing;
    Bar bar(node_.sort[0], node_.sort.size() == 1);
    bool has_bar = false;
    Collector collector(node_.outputs, context_, account_);
    for (;;) {
      TRY(check_cancelled(context_));
      TRY_ASSIGN(const bool more, input_->next(batch));
      if (more && has_bar) {
        bar.pass(batch, passing);
        if (passing.empty()) continue;
        if (passing.size() < batch.rows) batch = batch.gather(passing.data(), passing.size());
        batch.rows = passing.size();
      }
      if (more) TRY(collector.add(batch));
      if (more && collector.rows() < 2 * kept + kTopRowsSlack) continue;
      rows_ = collector.finish();
      sort_rows(kept);
      if (!more) return {};
      type::Batch best = rows_.gather(order_.data(), order_.size());
      best.rows = order_.size();
      has_bar = !order_.empty();
      if (has_bar) bar.raise(best, static_cast<uint32_t>(best.rows - 1));
      rows_ = {};
      TRY(account_.hold(0));
      TRY(collector.add(best));
    }
  }

  void sort_rows(uint64_t kept) {
    const size_t rows = rows_.rows;
    const type::Column* first = node_.sort.empty() ? nullptr : &rows_.columns[node_.sort[0].column];
    if (node_.sort.size() == 1 && type::physical(first->type.id) == type::Physical::kInt64 &&
        first->nulls == nullptr) {
      order_ = sort_ints(*first, rows, node_.sort[0].descending, kept);
    } else {
      order_.resize(rows);
      std::iota(order_.begin(), order_.end(), 0u);
      sort_first(order_, kept, RowOrder(node_.sort, rows_));
    }
  }

  const PhysicalNode& node_;
  ExecContext& context_;
  OperatorPtr input_;
  MemoryAccount account_;
  type::Batch rows_;
  std::vector<uint32_t> order_;
  size_t at_ = 0;
};

}  // namespace

OperatorPtr make_sort(const PhysicalNode& node, ExecContext& context, OperatorPtr input) {
  return std::make_unique<Sort>(node, context, std::move(input));
}

}  // namespace rowan::exec
