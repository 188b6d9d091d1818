// Values of a side that their column's new type does not take. The cell is no change of that side's: it
// is as the base has it, or, in a row that both sides put, as the other side has it. A row that one
// side alone put has what rows without a value have.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "merge/rows.h"
#include "merge/sides.h"

namespace rowan::merge {
namespace {

uint64_t count_of(Bytes line) { return std::strtoull(line.data() + 1, nullptr, 10); }

}  // namespace

// Whether the column's ABSENT value stands in a merged line for a value of one side that the new
// type does not take, and not for one of the other side.
Result<bool> RowMerge::loses_misfit(const std::vector<size_t>& misfits, Bytes merged,
                                    const std::optional<Bytes>& other) const {
  if (misfits.empty()) return false;
  TRY_ASSIGN(const Cells cells, lines_.take_apart(merged));
  Cells others;
  if (other) {
    TRY_ASSIGN(others, lines_.take_apart(*other));
  }
  return std::any_of(misfits.begin(), misfits.end(), [&](size_t slot) {
    const std::string& absent = lines_.absent_text(slot);
    return cells[slot] == absent && (!other || others[slot] != absent);
  });
}

// A row that both sides put: `line` beside the other side's.
Result<void> RowMerge::fit_beside(const SideLine& other, const std::vector<size_t>& misfits,
                                  SideLine& line) const {
  if (!line || !other || misfits.empty()) return {};
  TRY_ASSIGN(line, lines_.with_cells_of(*other, misfits, std::move(*line)));
  return {};
}

// The same for two sides' rows by key, in a table with a key.
Result<void> RowMerge::fit_new_rows(const RekeyedRows& base, const RekeyedRows& others,
                                    RekeyedRows& rows) const {
  if (merged_->layout.counted) return {};
  for (auto& [key, row] : rows) {
    if (row.misfits.empty() || base.contains(key)) continue;
    const auto other = others.find(key);
    if (other == others.end()) continue;
    TRY_ASSIGN(row.line, lines_.with_cells_of(other->second.line, row.misfits, std::move(row.line)));
  }
  return {};
}

// Without a key: rows with such a value that the base has just so, as many as it has, are the base's.
Result<void> RowMerge::place_kept_misfits(Side side, const RekeyedRows& base, RekeyedRows& rows) {
  struct Known {
    std::string key;
    uint64_t left = 0;
  };
  std::map<std::pair<std::vector<size_t>, std::string>, Known> known;  // By slots, values and all else.
  for (const Misfit& was : misfit_rows_[at(Side::kBase)]) {
    TRY_ASSIGN(const auto rest, carrier(side).rest_of(was.line, true, was.slots));
    Known& one = known[{was.slots, was.values + *rest}];
    if (one.left == 0) TRY(type::append_line_key(merged_->layout, was.line, one.key));
    one.left += count_of(was.line);
  }
  for (Misfit& misfit : misfit_rows_[at(side)]) {
    TRY_ASSIGN(const auto rest, carrier(side).rest_of(misfit.line, false, misfit.slots));
    const auto found =
        rest ? known.find({misfit.slots, misfit.values + *rest}) : known.end();
    if (found == known.end()) continue;
    const uint64_t count = count_of(misfit.line);
    const uint64_t kept = std::min(count, found->second.left);
    if (kept == 0) continue;
    found->second.left -= kept;
    const Rekeyed& was = base.at(found->second.key);
    TRY(add_counted(rows, found->second.key, was.line, was.side_key, kept));
    misfit.line = type::with_line_count(misfit.line, count - kept);
    if (kept == count) kept_misfits_[at(side)].emplace(misfit.side_key, was.line);
  }
  return {};
}

// Without a key any other row with such a value is the base's when all else in it is, and the side took
// that one away; as many as it took.
Result<void> RowMerge::place_misfits(Side side, const RekeyedRows& base, RekeyedRows& rows) {
  TRY(place_kept_misfits(side, base, rows));
  std::map<std::string, uint64_t> taken;  // By the base's key.
  using ByRest = std::multimap<std::string, const RekeyedRows::value_type*>;
  std::map<std::vector<size_t>, ByRest> known;  // The base's, by the slots that do not count.
  for (const Misfit& misfit : misfit_rows_[at(side)]) {
    uint64_t count = count_of(misfit.line);
    if (count == 0) continue;
    const auto [by_rest, is_new] = known.try_emplace(misfit.slots);
    for (auto row = base.begin(); is_new && row != base.end(); ++row) {
      TRY_ASSIGN(auto rest, carrier(side).rest_of(row->second.line, true, misfit.slots));
      by_rest->second.emplace(std::move(*rest), &*row);
    }
    TRY_ASSIGN(const auto rest, carrier(side).rest_of(misfit.line, false, misfit.slots));
    const auto alike = rest ? by_rest->second.equal_range(*rest)
                            : std::pair(by_rest->second.end(), by_rest->second.end());
    for (auto one = alike.first; count > 0 && one != alike.second; ++one) {
      const auto* const was = one->second;
      const auto own = rows.find(was->first);
      const uint64_t gone =
          count_of(was->second.line) -
          std::min(count_of(was->second.line), own == rows.end() ? 0 : count_of(own->second.line));
      uint64_t& used = taken[was->first];
      const uint64_t moved = std::min(count, gone - std::min(gone, used));
      if (moved == 0) continue;
      used += moved;
      count -= moved;
      kept_misfits_[at(side)].emplace(misfit.side_key, was->second.line);
    }
    if (count == 0) continue;
    std::string key;
    TRY(type::append_line_key(merged_->layout, misfit.line, key));
    TRY(add_counted(rows, key, misfit.line, misfit.side_key, count));
    misfit_keys_.insert(std::move(key));
  }
  for (const auto& [key, count] : taken)
    TRY(add_counted(rows, key, base.at(key).line, base.at(key).side_key, count));
  return {};
}

}  // namespace rowan::merge
