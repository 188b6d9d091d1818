// Settler: what becomes of one row that the sides changed: cells first, then rules, answers and the
// policy.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "merge/lines.h"
#include "merge/merge.h"

namespace rowan::merge {

// One row as the three sides have it, in the merged table's lines.
struct ThreeLines {
  Bytes key;  // In the merged table.
  std::optional<Bytes> base, ours, theirs;
  Bytes ours_key, theirs_key;  // As the sides encode it.
};

// What the merged table shall have instead of ours' line.
struct Decision {
  bool keep_ours = true;
  SideLine line;  // Unless keep_ours; nothing: the row goes.
};

class Settler {
 public:
  struct Tally {
    uint64_t settled = 0;
    uint64_t conflicts = 0;  // Settled or left.
    std::vector<RowConflict> open;
    uint64_t missing = 0;  // Rows without a key that both sides took away: the count fell below 0.
  };

  Settler(const Request& request, const Lines& lines, std::string ours_path,
          std::string theirs_path);

  Result<Decision> settle(const ThreeLines& row);
  Tally& tally() { return tally_; }

 private:
  Result<bool> same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) const;
  Result<Decision> add_counts(const ThreeLines& row);
  Result<Decision> merge_cells(const ThreeLines& row);
  Result<Decision> settle_deletion(const ThreeLines& row);
  // The side of the policy; nothing: nobody may choose, and the row is a conflict.
  Result<std::optional<Side>> winner(const ThreeLines& row, catalog::MergeRule rule,
                                     bool generated);
  Result<std::optional<Decision>> answered(const RowConflict& conflict);
  RowConflict conflict_of(const ThreeLines& row) const;
  Decision leave_open(RowConflict conflict);
  // What the rule of a column makes of its cell; nothing: no rule that computes, or one that does
  // not apply.
  Result<std::optional<type::Value>> computed(size_t column, const Cells* base, const Cells& ours,
                                              const Cells& theirs) const;

  const Request& request_;
  const Lines& lines_;
  std::string ours_path_, theirs_path_;
  bool generated_key_ = false;
  std::vector<uint8_t> sums_;  // By column: its deltas add up, equal ones too.
  bool any_sums_ = false;
  std::optional<bool> theirs_is_later_;  // Of the row at hand, once asked.
  Tally tally_;
};

// Whether what both sides did alike they did twice: rows are counted, or a column has the rule
// `sum`.
bool adds_up(const catalog::TableDef& table);

// The single primary key column whose values a sequence gives; nothing: there is none.
std::optional<uint16_t> generated_key_column(const catalog::TableDef& table);

}  // namespace rowan::merge
