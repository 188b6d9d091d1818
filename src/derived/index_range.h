// Conditions on an index's columns as ranges of its entries, and how many entries a value has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/table.h"
#include "derived/entry_tree.h"
#include "derived/index.h"
#include "type/value.h"

namespace rowan::derived {

// Equalities on the first columns, then on the next one a list of values or bounds.
struct IndexCondition {
  std::vector<type::Value> equal;  // A NULL: the column IS NULL.
  std::vector<type::Value> any;    // Never NULL.
  bool has_any = false;
  std::optional<type::Value> lower, upper;  // Never NULL.
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  bool not_null = false;  // The next column IS NOT NULL; bounds say so anyhow.
};

// Entries in [lower, upper).
struct EntryRange {
  std::string lower;
  std::string upper;
};
// Ascending, and no entry is in two of them.
Result<std::vector<EntryRange>> entry_ranges(const IndexKey& key, const IndexCondition& condition);
uint64_t count_entries(const EntryTree& tree, const std::vector<EntryRange>& ranges);

// Where the first `columns` values of an entry end.
size_t value_length(const catalog::TableDef& table, const IndexKey& key, Bytes entry,
                    size_t columns);

// About how many entries share the values of the first `columns` columns: from a few places of the
// tree, always the same ones.
double entries_per_value(const catalog::TableDef& table, const IndexKey& key, const EntryTree& tree,
                         size_t columns);

}  // namespace rowan::derived
