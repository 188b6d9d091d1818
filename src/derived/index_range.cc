#include "derived/index_range.h"

#include <algorithm>

#include "type/type_info.h"

namespace rowan::derived {

namespace {

constexpr char kAfter = '\xff';  // Above every byte of an entry.
constexpr uint64_t kSampledPlaces = 24;

// How long one column's value is at the beginning of `text` (type/key_codec.h).
size_t one_value_length(type::TypeId id, Bytes text, bool descending) {
  if (text.empty() || text[0] == '!' || text[0] == '~') return std::min<size_t>(text.size(), 1);
  const auto length = type::type_info(id).key_length;
  return length == nullptr ? text.size() : length(text, descending);
}

}  // namespace

Result<std::vector<EntryRange>> entry_ranges(const IndexKey& key, const IndexCondition& condition) {
  std::string prefix;
  size_t column = 0;
  for (const type::Value& value : condition.equal)
    TRY(append_index_value(key.columns[column++], value, prefix));
  std::vector<EntryRange> ranges;
  if (condition.has_any) {
    for (const type::Value& value : condition.any) {
      std::string lower = prefix;
      TRY(append_index_value(key.columns[column], value, lower));
      ranges.push_back({lower, lower + kAfter});
    }
    std::sort(ranges.begin(), ranges.end(),
              [](const EntryRange& a, const EntryRange& b) { return a.lower < b.lower; });
    ranges.erase(
        std::unique(ranges.begin(), ranges.end(),
                    [](const EntryRange& a, const EntryRange& b) { return a.lower == b.lower; }),
        ranges.end());
    return ranges;
  }
  EntryRange range{prefix, prefix + kAfter};
  if (column < key.columns.size() && (condition.lower || condition.upper || condition.not_null)) {
    const catalog::IndexColumnDef& next = key.columns[column];
    // In descending entries the upper bound comes first.
    const std::optional<type::Value>& first = next.descending ? condition.upper : condition.lower;
    const std::optional<type::Value>& last = next.descending ? condition.lower : condition.upper;
    const bool first_inclusive =
        next.descending ? condition.upper_inclusive : condition.lower_inclusive;
    const bool last_inclusive =
        next.descending ? condition.lower_inclusive : condition.upper_inclusive;
    std::string null = prefix;
    TRY(append_index_value(next, type::Value(), null));
    if (first) {
      TRY(append_index_value(next, *first, range.lower));
      if (!first_inclusive) range.lower += kAfter;
    } else if (next.nulls_first) {
      range.lower = null + kAfter;
    }
    if (last) {
      range.upper = prefix;
      TRY(append_index_value(next, *last, range.upper));
      if (last_inclusive) range.upper += kAfter;
    } else if (!next.nulls_first) {
      range.upper = null;
    }
  }
  if (range.lower < range.upper) ranges.push_back(std::move(range));
  return ranges;
}

uint64_t count_entries(const EntryTree& tree, const std::vector<EntryRange>& ranges) {
  uint64_t count = 0;
  for (const EntryRange& range : ranges) count += tree.rank(range.upper) - tree.rank(range.lower);
  return count;
}

size_t value_length(const catalog::TableDef& table, const IndexKey& key, Bytes entry,
                    size_t columns) {
  size_t length = 0;
  for (size_t i = 0; i < columns && length < entry.size(); ++i) {
    const catalog::IndexColumnDef& column = key.columns[i];
    length += one_value_length(table.columns[column.column].type.id, entry.substr(length),
                               column.descending);
  }
  return std::min(length, entry.size());
}

double entries_per_value(const catalog::TableDef& table, const IndexKey& key, const EntryTree& tree,
                         size_t columns) {
  const uint64_t size = tree.size();
  if (size == 0) return 0;
  // An entry among `n` equal ones stands for 1/n of a value.
  double values = 0;
  const uint64_t places = std::min(size, kSampledPlaces);
  EntryWalk walk(tree);
  for (uint64_t i = 0; i < places; ++i) {
    walk.move_to(size * i / places);
    const Bytes entry = walk.entry();
    const std::string prefix(entry.substr(0, value_length(table, key, entry, columns)));
    values += 1.0 / static_cast<double>(tree.rank(prefix + kAfter) - tree.rank(prefix));
  }
  return static_cast<double>(places) / values;
}

}  // namespace rowan::derived
