// IndexLookup: which rows of a table have a value, as one statement sees it: the index of the rows
// below with the transaction's own changes on top.
//
// Threads: one at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "derived/index_range.h"
#include "exec/operator.h"
#include "exec/table_source.h"

namespace rowan::exec {

class IndexLookup {
 public:
  // Makes the index if it is not there. `source` must outlive the lookup.
  Result<void> open(const TableSource& source, const derived::IndexKey& key,
                    const ExecContext& context);

  uint64_t size() const { return tree_.size(); }  // Entries below the transaction's changes.
  uint64_t count(const std::vector<derived::EntryRange>& ranges) const {
    return derived::count_entries(tree_, ranges);
  }
  // Appends the keys of the rows whose entries lie in [lower, upper), in the entries' order, at
  // most `limit`. Gives where to go on; nothing at the end.
  std::optional<std::string> find(Bytes lower, Bytes upper, std::vector<std::string>& row_keys,
                                  size_t limit = SIZE_MAX);
  // The first entry at or above `lower`, and the last one below `upper`, if it is within the
  // bounds.
  std::optional<std::string> first_entry(Bytes lower, Bytes upper);
  std::optional<std::string> last_entry(Bytes lower, Bytes upper);

 private:
  bool is_overlaid(Bytes entry) const;

  const TableSource* source_ = nullptr;
  derived::EntryTree tree_;
  std::optional<derived::EntryWalk> walk_;
  std::vector<std::string> own_;  // Entries of the transaction's rows, ascending.
};

// The values of bounds; nothing when one is NULL, so that no row fits.
Result<std::optional<derived::IndexCondition>> index_condition(const plan::KeyBounds& bounds,
                                                               const expr::EvalContext& context);

}  // namespace rowan::exec
