// BatchParts: expressions over a batch, a part of its rows at a time where they make much text, so
// that what one batch becomes stays within kBatchTextBytes (but for a single row's).
//
// Threads: one at a time. Errors: those of the work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "expr/expr.h"
#include "type/column.h"

namespace rowan::exec {

class BatchParts {
 public:
  // To be told of each expression that the work evaluates.
  void will_evaluate(const expr::Node& node);

  // Does `work`, Result<void>(const type::Batch& part), on the rows of `input` from `from` on: as
  // many as it can at a time. Gives how many these were.
  template <typename Work>
  Result<size_t> next(const type::Batch& input, size_t from, const Work& work) {
    size_t rows = std::min(rows_, input.rows - from);
    for (;; rows = rows / 2) {
      try {
        const TextLimit limit(rows > 1 && may_repeat_ ? kBatchTextBytes : SIZE_MAX);
        const bool whole = from == 0 && rows == input.rows;
        TRY(work(whole ? input : input.slice(from, rows)));
        break;
      } catch (const TextLimit::Reached&) {
        if (rows <= 1) throw;
        rows_ = rows;
      }
    }
    if (may_repeat_) rows_ = rows_ > SIZE_MAX / 2 ? rows_ : 2 * rows;
    return rows;
  }

 private:
  static constexpr size_t kRowsWithoutRepeat = 64;

  size_t rows_ = SIZE_MAX;  // To be tried next.
  // False: something volatile is evaluated beside text. Then there are few rows at a time.
  bool may_repeat_ = true;
  bool makes_text_ = false;
  bool is_volatile_ = false;
};

// The chosen rows. When these are few, their texts are copied: one must not keep all of its segment
// in memory for who collects.
type::Batch keep_rows(const type::Batch& batch, const std::vector<uint32_t>& rows);

// evaluate_filter in parts.
Result<void> filter_rows(const expr::Node& condition, const type::Batch& batch,
                         const expr::EvalContext& context, std::vector<uint32_t>& rows);

}  // namespace rowan::exec
