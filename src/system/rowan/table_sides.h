// Tables on both sides of a range of commits: what diff, diff_stat and diff_rows go through.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "diff/table_diff.h"
#include "system/rowan/history_parts.h"

namespace rowan::system {

// A table on both sides of a range; at least one is there.
struct TableSides {
  std::optional<catalog::TableVersion> from;
  std::optional<catalog::TableVersion> to;
};

Result<TableSides> sides_of(Context& context, const TableName& name, const CommitRange& range);
std::string table_label(const TableSides& sides);

// The changed tables of a range, one after the other.
class ChangedTables {
 public:
  static Result<ChangedTables> open(Context& context, const DiffTarget& target,
                                    const diff::History& history);

  const diff::Source& source() const { return source_; }
  bool at_end() const { return sides_.empty(); }
  TableSides take() {
    TableSides sides = std::move(sides_.front());
    sides_.pop_front();
    return sides;
  }

 private:
  explicit ChangedTables(const diff::Source& source) : source_(source) {}
  diff::Source source_;
  std::deque<TableSides> sides_;
};

// A name that neither side knows is a slip, and no difference.
Result<void> check_named(const diff::History& history, const DiffTarget& target,
                         const Oid& from_root, const Oid& to_root);

}  // namespace rowan::system
