// TableSource: a stored table as one statement sees it, and the keys a scan is bounded by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exec/operator.h"
#include "plan/physical.h"
#include "tree/row_tree.h"
#include "type/row_codec.h"

namespace rowan::exec {

struct TableSource {
  catalog::TableVersion version;  // Its rows tree, without the overlay.
  const txn::TableOverlay* overlay = nullptr;
};
// kObjectNotInState when the table's definition is no longer the planned one.
Result<TableSource> open_table(const plan::ScanSpec& scan, const ExecContext& context);

// Encoded keys from `lower` on, below `upper` (empty: no upper bound).
struct KeyInterval {
  std::string lower;
  std::string upper;
};
// Ascending, and no key is in two of them. None: a bound is NULL, so no row fits.
Result<std::vector<KeyInterval>> key_intervals(const plan::KeyBounds& bounds,
                                               const expr::EvalContext& context);
// Appends the keys of the equalities. False: one is NULL.
Result<bool> append_equal_keys(const plan::KeyBounds& bounds, const expr::EvalContext& context,
                               std::string& key);

// Counted lines (tables without a primary key) begin with the number of equal rows.
Result<uint64_t> line_count(Bytes line);
// The key that a scan of each row gives the n-th of equal rows, and the stored key in it.
std::string row_key(Bytes key, uint64_t n);
Bytes stored_key(Bytes row_key);
// A counted table's lines with the count as an element like others, in front, so that each distinct
// row decodes once.
type::RowLayout uncounted_layout(const type::RowLayout& layout);

}  // namespace rowan::exec
