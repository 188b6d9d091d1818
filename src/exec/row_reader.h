// RowReader: rows of one table as one statement sees it, in key order: an interval of keys, or
// given keys.
//
// Threads: one at a time. What it is made with must outlive it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "exec/operator.h"
#include "exec/row_writer.h"
#include "exec/table_source.h"
#include "plan/physical.h"
#include "tree/row_tree.h"
#include "type/column.h"
#include "type/row_codec.h"

namespace rowan::exec {

class RowReader {
 public:
  RowReader(const ExecContext& context, const TableSource& source, const plan::ScanSpec& scan);

  // The keys from `lower` on, below `upper` (empty: to the end).
  Result<void> open(const std::string& lower, const std::string& upper);
  // At least `rows_wanted` rows of the interval, unless it ends or they hold much text; false when
  // nothing is left. The batch has the scan's columns, then maybe key and line.
  Result<bool> next(type::Batch& batch, size_t rows_wanted);
  // The rows of these keys, one behind the other. Each is there, unless the overlay says otherwise.
  // Where they hold much text it ends early; `done`: how many keys were read.
  Result<type::Batch> read(std::span<const std::string> keys, size_t& done);
  // The same of keys that need not be there: gives the numbers of those that are, each of which has
  // one row. Not for counted tables.
  Result<type::Batch> read_found(std::span<const std::string> keys, std::vector<uint32_t>& found);

 private:
  using ChangeIterator = std::map<std::string, txn::RowChange, std::less<>>::const_iterator;

  Result<void> step();
  // Gives the place of the line that it did not come to.
  Result<size_t> add_leaf(const tree::Leaf& leaf, size_t from, size_t to);
  Result<void> add_lines(const tree::Leaf& leaf, size_t from, size_t to);
  Result<void> add_each(Bytes key, Bytes line);
  Result<void> add_change(const std::string& key, const txn::RowChange& change,
                          std::optional<Bytes> stored);
  Result<std::optional<Bytes>> stored_line(Bytes key);
  type::Batch finish(type::LineDecoder& decoder);

  const TableSource& source_;
  const plan::ScanSpec& scan_;
  catalog::TableLineKeys keys_;
  tree::TreeReader reader_;
  BlobReader large_;
  bool merges_counts_ = false;
  type::RowLayout layout_;
  std::vector<uint16_t> slots_;
  std::optional<tree::Cursor> cursor_;
  bool has_changes_ = false;
  ChangeIterator change_, changes_end_;
  std::string upper_;
  bool done_ = true;
  type::LineDecoder* decoder_ = nullptr;
  size_t lines_ = 0;
  TextMeter text_;  // Of the batch.
  type::ColumnBuilder key_column_{type::Type{type::TypeId::kText, -1}};
  type::ColumnBuilder line_column_{type::Type{type::TypeId::kText, -1}};
};

// Tests the scan's filter and drops what only the filter looked at. False: no row is left.
Result<bool> filter_and_trim(const plan::ScanSpec& scan, const expr::EvalContext& eval,
                             std::vector<uint32_t>& rows, type::Batch& batch);

}  // namespace rowan::exec
