// TablePair: two definitions of one table side by side: which columns are the same, and whether two
// rows differ.
//
// Columns are matched by ID, what is left of them by name. A column that the other side has not,
// because it dropped it or never had it, reads as NULL there. So what differs follows from the rows
// as SQL shows them, whatever made them so. Threads: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "catalog/table.h"
#include "store/object_store.h"
#include "type/row_codec.h"
#include "type/value.h"

namespace rowan::diff {

// Out-of-line values from an object reader.
class LargeValues final : public type::LargeReader {
 public:
  explicit LargeValues(const store::ObjectReader& objects) : objects_(objects) {}
  Result<std::string> read_large(const type::LargeRef& ref) const override;

 private:
  const store::ObjectReader& objects_;
};

// Indexes into the columns of either definition; nothing: that side has no such column.
struct ColumnPair {
  std::optional<uint16_t> from;
  std::optional<uint16_t> to;
};

// The columns of `table` that `wanted` mean, by ID, else by a name that no other one takes by its ID.
struct ColumnName {
  uint32_t id = 0;
  std::string name;
};
std::vector<std::optional<uint16_t>> match_columns(const std::vector<ColumnName>& wanted,
                                                   const catalog::TableDef& table);
std::vector<ColumnName> column_names(const catalog::TableDef& table);

class TablePair {
 public:
  // Either may be null, not both.
  TablePair(std::shared_ptr<const catalog::TableDef> from,
            std::shared_ptr<const catalog::TableDef> to);

  const catalog::TableDef* from() const { return from_.get(); }
  const catalog::TableDef* to() const { return to_.get(); }
  const std::shared_ptr<const catalog::TableDef>& from_table() const { return from_; }
  const std::shared_ptr<const catalog::TableDef>& to_table() const { return to_; }
  // The columns of `to` in their order, then those that only `from` has.
  const std::vector<ColumnPair>& columns() const { return columns_; }
  std::optional<size_t> find_to(uint16_t column) const;  // The pair of a column of `to`.

  // Rows of both sides have the same keys: they can be matched.
  bool rows_match() const { return rows_match_; }
  // Equal bytes are equal values in the columns that both sides have by ID.
  bool slots_agree() const { return slots_agree_; }
  // Equal bytes are equal rows: equal subtrees need not be read.
  bool aligned() const { return aligned_; }

  // Which pairs differ between two lines of one key; empty: none. A counted line's count is left
  // out.
  Result<std::vector<bool>> compare(Bytes from_line, Bytes to_line, const LargeValues& large) const;

  // Whether somebody wrote to the row: it differs by more than columns that came with their ABSENT
  // value or went.
  Result<bool> written(Bytes from_line, Bytes to_line, const LargeValues& large) const;

  // A line's values, one a pair; NULL where the side has no such column.
  Result<std::vector<type::Value>> from_values(Bytes line, const LargeValues& large) const;
  Result<std::vector<type::Value>> to_values(Bytes line, const LargeValues& large) const;

 private:
  bool keys_match() const;

  std::shared_ptr<const catalog::TableDef> from_;
  std::shared_ptr<const catalog::TableDef> to_;
  std::vector<ColumnPair> columns_;
  bool rows_match_ = false;
  bool slots_agree_ = false;
  bool aligned_ = false;
};

// Equal as SQL shows them: the same value, or one that goes through a cast and back without a
// change.
bool same_value(const type::Value& a, const type::Value& b);

// The count that a line of a table without a primary key begins with; 1 for others.
Result<uint64_t> counted_rows(const catalog::TableDef& table, Bytes line);

}  // namespace rowan::diff
