// Settler: what becomes of one row that the sides changed: cells first, then rules, answers and the
// policy.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "merge/lines.h"
#include "merge/merge.h"
#include "merge/record.h"
#include "merge/shared.h"

namespace rowan::merge {

// One row as the three sides have it, in the merged table's lines.
struct ThreeLines {
  Bytes key;  // In the merged table.
  std::optional<Bytes> base, ours, theirs;
  Bytes ours_key, theirs_key;  // As the sides encode it.
  SideLine ours_own = {}, theirs_own = {};  // RowConflict::own.
};

// What the merged table shall have instead of ours' line.
struct Decision {
  bool keep_ours = true;
  SideLine line;  // Unless keep_ours; nothing: the row goes.
};

// Of rows without a key that both sides took away, and of those that they put: more are not compared.
inline constexpr size_t kPutBackRowsTold = 1024;

class Settler {
 public:
  struct Tally {
    uint64_t settled = 0;
    uint64_t conflicts = 0;  // Settled or left.
    std::vector<RowConflict> open;
    uint64_t missing = 0;  // Rows without a key that both sides took away: the count fell below 0.
    std::vector<std::pair<std::string, uint64_t>> missing_rows;  // Some of them: lines, and how many.
  };

  Settler(const Request& request, const Lines& lines, std::string ours_path,
          std::string theirs_path);

  // By Side: columns of the merged table that it does not have (RowConflict::lacks).
  void know_columns(std::array<std::vector<uint16_t>, 3> lacks) { lacks_ = std::move(lacks); }
  // What both sides hold already. Must outlive the settler.
  void count_once(const SharedDeltas* shared) { shared_ = shared; }

  Result<Decision> settle(const ThreeLines& row);
  Tally& tally() { return tally_; }

 private:
  Result<bool> same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) const;
  Result<Decision> add_counts(const ThreeLines& row);
  Result<Decision> merge_cells(const ThreeLines& row);
  Result<Decision> settle_deletion(const ThreeLines& row);
  // The side of the policy; nothing: nobody may choose, and the row is a conflict.
  struct Winner {
    Side side;
    std::string ground;
  };
  Result<std::optional<Winner>> winner(const ThreeLines& row, catalog::MergeRule rule,
                                       bool generated, std::optional<uint16_t> column);
  using Grounds = std::map<uint16_t, std::string>;  // By column.
  Result<std::optional<Decision>> answered(const RowConflict& conflict, const Cells& computed,
                                           Grounds grounds);
  RowConflict conflict_of(const ThreeLines& row) const;
  bool is_shared(size_t column) const;
  Decision leave_open(RowConflict conflict);
  Result<std::optional<Decision>> choose_cells(const ThreeLines& row, RowConflict& conflict,
                                               const Cells* base, const Cells& theirs,
                                               Cells& merged, Grounds& grounds);
  // What the rule of a column makes of its cell; nothing: no rule that computes, or one that does
  // not apply.
  Result<std::optional<type::Value>> computed(size_t column, const Cells* base, const Cells& ours,
                                              const Cells& theirs) const;

  const Request& request_;
  const Lines& lines_;
  Recorder recorder_;
  std::string ours_path_, theirs_path_;
  std::array<std::vector<uint16_t>, 3> lacks_;
  bool generated_key_ = false;
  std::vector<uint8_t> sums_;  // By column: its deltas add up, equal ones too.
  bool any_sums_ = false;
  const SharedDeltas* shared_ = nullptr;  // Null: nothing.
  const SharedDeltas::Row* shared_row_ = nullptr;  // Of the row at hand.
  Tally tally_;
};

// Whether the column's deltas add up. A key is what the row is called, no quantity.
bool sums_up(const catalog::TableDef& table, size_t column);

// Whether what both sides did alike they did twice: rows are counted, or a column has the rule
// `sum`.
bool adds_up(const catalog::TableDef& table);

// The single primary key column whose values a sequence gives; nothing: there is none.
std::optional<uint16_t> generated_key_column(const catalog::TableDef& table);

}  // namespace rowan::merge
