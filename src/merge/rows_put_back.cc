// Rows of a table without a key that one side took away while the other side wrote the table anew.
#include <algorithm>
#include <cstdlib>

#include "merge/lost_cells.h"
#include "merge/rows.h"
#include "merge/sides.h"

namespace rowan::merge {

// Whether a side wrote a table without a key anew: gave it other columns, or left none of its rows
// as it was.
Result<bool> RowMerge::is_rewritten(Side side) {
  const auto& base = version(Side::kBase).table;
  const auto& def = version(side).table;
  if (base == nullptr || def == nullptr) return false;
  const bool same_columns = std::equal(
      base->layout.slots.begin(), base->layout.slots.end(), def->layout.slots.begin(),
      def->layout.slots.end(), [](const type::Slot& a, const type::Slot& b) {
        return a.type == b.type && a.dropped == b.dropped;
      });
  if (!same_columns) return true;
  uint64_t rows = 0;
  TRY_ASSIGN(tree::Cursor cursor,
             tree::Cursor::open(reader(Side::kBase), version(Side::kBase).rows));
  for (; !cursor.at_end(); ++rows) {
    TRY(step());
    if (version(side).rows.is_zero()) return false;
    TRY_ASSIGN(const auto kept, tree::find_line(reader(side), version(side).rows, cursor.key()));
    if (kept) return false;
    TRY(cursor.next());
  }
  return rows > 1;
}

// The lines that a side has more often than the base, in a table without a key, and by how much. Until
// `each` gives false.
Result<void> RowMerge::visit_put(
    Side side, const std::function<Result<bool>(Bytes line, uint64_t rows)>& each) {
  const auto count_of = [](const std::optional<Bytes>& line) -> uint64_t {
    return line ? std::strtoull(line->data() + 1, nullptr, 10) : 0;
  };
  return tree::diff_trees(reader(Side::kBase), version(Side::kBase).rows, reader(side),
                          version(side).rows, [&](const tree::RowDifference& row) -> Result<bool> {
                            TRY(step());
                            const uint64_t from = count_of(row.from);
                            const uint64_t to = count_of(row.to);
                            return to > from ? each(*row.to, to - from) : Result<bool>(true);
                          });
}

// How many rows a side has that the base does not, in a table without a key.
Result<uint64_t> RowMerge::rows_put(Side side) {
  if (rekeyed_) return rows_put_[at(side)];
  uint64_t put = 0;
  TRY(visit_put(side, [&](Bytes, uint64_t rows) -> Result<bool> {
    put += rows;
    return true;
  }));
  return put;
}

// M6: in a table without a key, rows that the sides both took away may be rows that one side took
// away while the other, which changed the table's columns, wrote them anew: those would come back
// in silence. Nobody can tell which they are, so one side's rows stand, or it is a conflict.
// Nothing: there are no such rows.
Result<std::optional<Side>> RowMerge::settle_put_back() {
  const uint64_t missing = settler_.tally().missing;
  if (!merged_->layout.counted || missing == 0) return std::optional<Side>();
  // An answer is remembered by these texts, and good for these rows only.
  constexpr size_t kShownDigits = 12;
  const auto rows_of = [&](Side side) {
    return "rows " + version(side).rows.hex().substr(0, kShownDigits);
  };
  std::array<std::string, 3> texts{rows_of(Side::kBase), rows_of(Side::kOurs),
                                   rows_of(Side::kTheirs)};
  bool any_rewritten = false;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    TRY_ASSIGN(const bool rewritten, is_rewritten(side));
    uint64_t put = 0;
    if (rewritten) {
      TRY_ASSIGN(put, rows_put(side));
    }
    any_rewritten = any_rewritten || put > 0;
    const uint64_t rows = put > 0 ? put : missing;
    texts[at(side)] += ": " + std::to_string(rows) + (rows == 1 ? " row" : " rows") +
                       (put > 0 ? " written anew" : " of the base changed or deleted");
  }
  if (!any_rewritten) return std::optional<Side>();
  const bool is_agreed = rekeyed_ ? sides_alike_
                                  : version(Side::kOurs).rows == version(Side::kTheirs).rows &&
                                        carrier(Side::kOurs).has_columns_of(carrier(Side::kTheirs));
  if (is_agreed) {  // Both came to one table: it was written anew once.
    forget_edits();
    return std::optional<Side>(Side::kOurs);
  }
  const size_t open = context_.choices.open.size();
  const Side side = context_.choices.settle({merged_->schema + "." + merged_->name,
                                             "rewritten rows", texts[at(Side::kBase)],
                                             texts[at(Side::kOurs)], texts[at(Side::kTheirs)]});
  if (context_.choices.open.size() == open) {
    whole_ = side;
    TRY(tell_lost_rows(context_.made, context_.cache, context_.request, sides_.versions, side,
                       "rewritten rows", context_.choices.answered));
  }
  forget_edits();
  return std::optional<Side>(side);
}

void RowMerge::forget_edits() {
  edits_.clear();
  large_edits_.clear();
  summary_.added = summary_.changed = summary_.deleted = 0;
}

Result<RowMerge::PutRows> RowMerge::put_rows(Side side) {
  PutRows put;
  TRY(visit_put(side, [&](Bytes is, uint64_t rows) -> Result<bool> {
    TRY_ASSIGN(std::string line, carrier(side).carry(is));
    put.emplace_back(std::move(line), rows);
    return put.size() < kPutBackRowsTold;
  }));
  return put;
}

// M8: a row without a key that both sides took away, and that one of them may have changed: that one's
// deletion or change is lost, as what the other put is there. What was put for it, nobody can tell for
// sure: the row that has most of its values, if that has any.
Result<void> RowMerge::tell_put_back(std::array<PutRows, 3> put) {
  if (!merged_->layout.counted || context_.request.conflicts_take_base) return {};
  const Recorder recorder(context_.request, lines_);
  std::array<std::vector<Cells>, 3> cells;
  for (const Side side : {Side::kOurs, Side::kTheirs}) {
    for (const auto& [line, count] : put[at(side)]) {
      TRY_ASSIGN(Cells of_row, lines_.take_apart(line));
      cells[at(side)].push_back(std::move(of_row));
    }
  }
  const auto take = [&](Side side, const Cells& of_row, size_t least) -> SideLine {
    PutRows& rows = put[at(side)];
    size_t best = rows.size(), most = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].second == 0) continue;
      size_t equal = 0;
      for (const catalog::ColumnDef& column : merged_->columns)
        equal += cells[at(side)][i][column.slot] == of_row[column.slot] ? 1 : 0;
      if (equal < least || (best < rows.size() && equal <= most)) continue;
      best = i;
      most = equal;
    }
    if (best == rows.size()) return {};
    --rows[best].second;
    return type::with_line_count(rows[best].first, 1);
  };
  // First those that have something in common with what was put, then whatever is left. What has nothing
  // beside it then, both sides deleted.
  auto gone = settler_.tally().missing_rows;
  for (const size_t least : {size_t{1}, size_t{0}}) {
    for (auto& [line, count] : gone) {
      TRY_ASSIGN(const Cells of_row, lines_.take_apart(line));
      for (; count > 0; --count) {
        TRY(step());
        RowConflict conflict;
        conflict.schema = merged_->schema;
        conflict.table = merged_->name;
        conflict.base = type::with_line_count(line, 1);
        conflict.ours = take(Side::kOurs, of_row, least);
        conflict.theirs = take(Side::kTheirs, of_row, least);
        if (!conflict.ours && !conflict.theirs) break;
        TRY(recorder.put_back(conflict));
      }
    }
  }
  return {};
}

}  // namespace rowan::merge
