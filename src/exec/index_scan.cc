// Index scans: rows named by an index. They come in key order like a scan's, or in the index's
// order when the plan asks for that.
#include <algorithm>

#include "base/limits.h"
#include "exec/index_lookup.h"
#include "exec/operators.h"
#include "exec/row_reader.h"

namespace rowan::exec {

namespace {

constexpr uint64_t kScanInsteadMin = 5000;  // From so many rows on, and
constexpr uint64_t kScanInsteadShare =
    10;  // above a tenth of all rows, a scan is faster whatever the plan thought.

class IndexScan final : public Operator {
 public:
  IndexScan(const PhysicalNode& node, ExecContext& context)
      : scan_(node.scan), context_(context), key_{node.scan.index.columns} {}

  Result<void> open() override {
    TRY_ASSIGN(source_, open_table(scan_, context_));
    TRY_ASSIGN(const auto condition, index_condition(scan_.bounds, context_.eval));
    if (!condition.has_value()) return {};
    TRY(lookup_.open(source_, key_, context_));
    TRY_ASSIGN(ranges_, derived::entry_ranges(key_, *condition));
    reader_.emplace(context_, source_, scan_);
    if (scan_.index.ordered) {
      if (scan_.index.backward) std::reverse(ranges_.begin(), ranges_.end());
      return {};
    }
    const uint64_t count = lookup_.count(ranges_);
    if (count > kScanInsteadMin && count * kScanInsteadShare > lookup_.size()) {
      instead_ = make_scan_instead(scan_, context_);
      return instead_->open();
    }
    for (const derived::EntryRange& range : ranges_) lookup_.find(range.lower, range.upper, keys_);
    std::sort(keys_.begin(), keys_.end());
    if (scan_.backward) std::reverse(keys_.begin(), keys_.end());
    ranges_.clear();
    return {};
  }

  Result<bool> pull(type::Batch& batch) override {
    if (instead_ != nullptr) return instead_->next(batch);
    for (;;) {
      TRY(check_cancelled(context_));
      if (at_ == keys_.size()) {
        keys_.clear();
        at_ = 0;
        while (keys_.size() < step_ && range_ < ranges_.size()) next_group();
        if (keys_.empty()) return false;
      }
      const size_t count = std::min(keys_.size() - at_, scan_.index.ordered ? step_ : kBatchRows);
      size_t done = 0;
      TRY_ASSIGN(batch, reader_->read({keys_.data() + at_, count}, done));
      at_ += done;
      step_ = std::min(step_ * 2, kBatchRows);
      if (batch.rows == 0) continue;
      TRY_ASSIGN(const bool any, filter_and_trim(scan_, context_.eval, rows_, batch));
      if (any) return true;
    }
  }

 private:
  // Ordered: the keys of the next rows that share the ordering values, in key order.
  void next_group() {
    derived::EntryRange& range = ranges_[range_];
    if (!scan_.index.backward && scan_.index.ordered_columns == key_.columns.size()) {
      // Entries are in key order themselves.
      const auto more = lookup_.find(range.lower, range.upper, keys_, step_);
      if (more.has_value()) {
        range.lower = *more;
      } else {
        ++range_;
      }
      return;
    }
    const auto entry = scan_.index.backward ? lookup_.last_entry(range.lower, range.upper)
                                            : lookup_.first_entry(range.lower, range.upper);
    if (!entry.has_value()) {
      ++range_;
      return;
    }
    const std::string prefix = entry->substr(
        0,
        derived::value_length(*source_.version.table, key_, *entry, scan_.index.ordered_columns));
    const std::string after = derived::after_prefix(prefix);
    const size_t from = keys_.size();
    lookup_.find(std::max(prefix, range.lower), std::min(after, range.upper), keys_);
    std::sort(keys_.begin() + static_cast<ptrdiff_t>(from), keys_.end());
    if (scan_.index.backward) {
      range.upper = prefix;
    } else {
      range.lower = after;
    }
  }

  const plan::ScanSpec& scan_;
  ExecContext& context_;
  derived::IndexKey key_;
  TableSource source_;
  IndexLookup lookup_;
  std::optional<RowReader> reader_;
  std::vector<derived::EntryRange> ranges_;  // Ordered: what is still to be read.
  size_t range_ = 0;
  std::vector<std::string> keys_;  // Of rows to be read.
  size_t at_ = 0;
  size_t step_ = 64;  // Rows read at a time; grows.
  std::vector<uint32_t> rows_;
  OperatorPtr instead_;
};

}  // namespace

OperatorPtr make_index_scan(const PhysicalNode& node, ExecContext& context) {
  return std::make_unique<IndexScan>(node, context);
}

}  // namespace rowan::exec
