// Tables whose rows get other keys: all sides are read whole, and sorted by the merged table's keys.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "merge/rows.h"
#include "merge/sides.h"
#include "type/key_codec.h"

namespace rowan::merge {

// A whole side by the merged table's keys.
Result<RowMerge::RekeyedRows> RowMerge::read_rekeyed(Side side) {
  RekeyedRows rows;
  const bool has_key =
      std::all_of(merged_->primary_key.begin(), merged_->primary_key.end(),
                  [&](uint16_t column) { return carrier(side).has(merged_->columns[column].slot); });
  const tree::TreeReader from = reader(side);
  TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open(from, version(side).rows));
  while (!cursor.at_end()) {
    TRY(step());
    TRY_ASSIGN(std::string line, carrier(side).carry(cursor.line()));
    const std::vector<size_t>& misfits = carrier(side).misfit_slots();
    if (merged_->layout.counted && !misfits.empty()) {
      misfit_rows_[at(side)].push_back(
          {line, std::string(cursor.key()), misfits, carrier(side).misfit_values()});
      if (side != Side::kBase) {
        TRY(cursor.next());
        continue;
      }
    }
    std::string key;
    TRY(type::append_line_key(merged_->layout, line, key));
    count_row(key, line);
    const auto [place, is_new] = rows.try_emplace(
        std::move(key),
        Rekeyed{line, std::string(cursor.key()), misfits});
    if (!merged_->layout.counted) {
      const bool counted = version(side).table->layout.counted;
      const uint64_t copies =
          counted ? std::strtoull(cursor.line().data() + 1, nullptr, 10) : uint64_t{1};
      keyless_[at(side)] += !has_key ? copies : copies - (is_new ? 1 : 0);
    } else if (!is_new) {
      uint64_t a = 0, b = 0;
      TRY(lines_.take_apart(line, &a));
      TRY(lines_.take_apart(place->second.line, &b));
      place->second.line = type::with_line_count(line, a + b);
    }
    TRY(cursor.next());
  }
  return rows;
}

void RowMerge::count_put(const RekeyedRows& base, const RekeyedRows& rows, uint64_t& put) {
  for (const auto& [key, row] : rows) {
    const auto was = base.find(key);
    const uint64_t own = std::strtoull(row.line.data() + 1, nullptr, 10);
    const uint64_t before =
        was == base.end() ? 0 : std::strtoull(was->second.line.data() + 1, nullptr, 10);
    put += std::max(own, before) - before;
  }
}

// What a side's rows are beside the base's (Carrier::beside).
Result<void> RowMerge::take_beside(Side side, const RekeyedRows& base, RekeyedRows& rows) {
  if (merged_->layout.counted) {
    TRY(place_misfits(side, base, rows));
    return carrier(side).is_refilled() ? take_beside_counted(side, base, rows) : Result<void>();
  }
  for (auto& [key, row] : rows) {
    const auto found = base.find(key);
    if (found == base.end()) continue;
    TRY_ASSIGN(row.own, own_line(side, found->second.line, row.line, row.misfits));
    TRY_ASSIGN(row.line,
               carrier(side).beside(found->second.line, std::move(row.line), row.misfits));
  }
  return {};
}

// Without a key a row is the base's when all else in it is; as many as the base has.
Result<void> RowMerge::take_beside_counted(Side side, const RekeyedRows& base, RekeyedRows& rows) {
  struct Known {
    std::string key, line;
    uint64_t left = 0;
  };
  std::map<std::string, std::vector<Known>> known;
  for (const auto& [key, row] : base) {
    Known one{key, row.line, 0};
    TRY(lines_.take_apart(row.line, &one.left));
    if (const auto same = rows.find(key); same != rows.end()) {
      uint64_t own = 0;
      TRY(lines_.take_apart(same->second.line, &own));
      one.left -= std::min(one.left, own);
    }
    TRY_ASSIGN(const auto rest, carrier(side).rest_of(row.line, true));
    known[*rest].push_back(std::move(one));
  }
  RekeyedRows moved;
  for (auto row = rows.begin(); row != rows.end();) {
    TRY_ASSIGN(const auto rest, carrier(side).rest_of(row->second.line, false));
    uint64_t count = 0;
    TRY(lines_.take_apart(row->second.line, &count));
    const auto found = rest && !base.contains(row->first) ? known.find(*rest) : known.end();
    if (found != known.end()) {
      for (Known& one : found->second) {
        const uint64_t taken = std::min(count, one.left);
        if (taken == 0) continue;
        one.left -= taken;
        count -= taken;
        TRY(add_counted(moved, one.key, one.line, row->second.side_key, taken));
      }
    }
    row->second.line = type::with_line_count(row->second.line, count);
    row = count == 0 ? rows.erase(row) : std::next(row);
  }
  for (const auto& [key, row] : moved) {
    uint64_t count = 0;
    TRY(lines_.take_apart(row.line, &count));
    TRY(add_counted(rows, key, row.line, row.side_key, count));
  }
  return {};
}

Result<void> RowMerge::add_counted(RekeyedRows& rows, const std::string& key, Bytes line,
                                   const std::string& side_key, uint64_t count) {
  const auto [place, is_new] =
      rows.try_emplace(key, Rekeyed{type::with_line_count(line, count), side_key});
  if (is_new) return {};
  uint64_t own = 0;
  TRY(lines_.take_apart(place->second.line, &own));
  place->second.line = type::with_line_count(line, own + count);
  return {};
}

// In a table without a key: a column that theirs alone has is no change of theirs, where all else
// in its rows is the base's. So the base and ours get its values, and what ours took away stays
// away. Where ours took some of several that only the column tells apart, nobody can say which;
// nor, where ours put rows as well, whether one that is gone was deleted or changed.
Result<void> RowMerge::give_columns_back(RekeyedRows& base, const RekeyedRows& theirs) {
  const auto count_of = [](Bytes line) { return std::strtoull(line.data() + 1, nullptr, 10); };
  const auto rest_of = [&](Bytes line) -> Result<std::string> {
    TRY_ASSIGN(Cells cells, lines_.take_apart(line));
    std::string rest;
    for (size_t slot = 0; slot < cells.size(); ++slot) {
      const bool is_back = carrier(Side::kTheirs).has(slot) && !carrier(Side::kBase).has(slot);
      if (!is_back) rest += cells[slot] + "\n";
    }
    return rest;
  };
  struct Group {
    uint64_t count = 0;
    std::vector<std::pair<std::string, std::string>> rows;  // Key and line.
  };
  std::map<std::string, Group> groups;
  for (const auto& [key, row] : theirs) {
    TRY_ASSIGN(const std::string rest, rest_of(row.line));
    Group& group = groups[rest];
    group.count += count_of(row.line);
    group.rows.emplace_back(key, row.line);
  }
  const RekeyedRows before = base;
  uint64_t put = 0;
  count_put(base, ours_rekeyed_, put);
  for (const auto& [key, row] : before) {
    const uint64_t count = count_of(row.line);
    TRY_ASSIGN(const std::string rest, rest_of(row.line));
    const auto group = groups.find(rest);
    if (group == groups.end() || group->second.count != count) continue;
    const auto own = ours_rekeyed_.find(key);
    const uint64_t left = own == ours_rekeyed_.end() ? 0 : count_of(own->second.line);
    const uint64_t kept = std::min(left, count);
    if (kept > 0 && kept < count && group->second.rows.size() > 1) continue;
    if (kept < count && put > 0) continue;
    base.erase(key);
    if (left > kept) {
      own->second.line = type::with_line_count(own->second.line, left - kept);
    } else if (own != ours_rekeyed_.end()) {
      ours_rekeyed_.erase(own);
    }
    for (const auto& [to, line] : group->second.rows) {
      TRY(add_counted(base, to, line, row.side_key, count_of(line)));
      const uint64_t stays = kept < count ? kept : count_of(line);
      if (stays > 0) TRY(add_counted(ours_rekeyed_, to, line, row.side_key, stays));
    }
  }
  return {};
}

Result<void> RowMerge::merge_rekeyed(const Renumberer& renumberer) {
  TRY_ASSIGN(RekeyedRows base, read_rekeyed(Side::kBase));
  TRY_ASSIGN(RekeyedRows theirs, read_rekeyed(Side::kTheirs));
  TRY_ASSIGN(ours_rekeyed_, read_rekeyed(Side::kOurs));
  TRY(take_beside(Side::kTheirs, base, theirs));
  TRY(take_beside(Side::kOurs, base, ours_rekeyed_));
  if (context_.request.gives_columns_back && merged_->layout.counted)
    TRY(give_columns_back(base, theirs));
  TRY(fit_new_rows(base, ours_rekeyed_, theirs));
  TRY(fit_new_rows(base, theirs, ours_rekeyed_));
  for (const auto& [key, row] : ours_rekeyed_) {
    if (!row.misfits.empty()) misfit_keys_.insert(key);
  }
  std::vector<TheirChange> changes;
  for (const auto& [key, row] : base) {
    const auto now = theirs.find(key);
    if (now == theirs.end()) {
      changes.push_back({key, row.side_key, row.line, {}});
    } else if (now->second.line != row.line) {
      TheirChange change{key, now->second.side_key, row.line, now->second.line};
      change.own = now->second.own;
      if (now->second.misfits.size() > row.misfits.size()) change.misfits = now->second.misfits;
      changes.push_back(std::move(change));
    }
  }
  for (const auto& [key, row] : theirs) {
    if (!base.contains(key)) changes.push_back({key, row.side_key, {}, row.line, row.misfits});
  }
  for (const auto& [key, row] : shared_.rows()) {
    const auto was = base.find(key);
    const auto now = theirs.find(key);
    const bool is_change = (was == base.end()) != (now == theirs.end()) ||
                           (was != base.end() && was->second.line != now->second.line);
    if (is_change) continue;
    TheirChange change{key, key, {}, {}};
    if (was != base.end()) change.base = change.theirs = was->second.line;
    changes.push_back(std::move(change));
  }
  std::sort(changes.begin(), changes.end(),
            [](const TheirChange& a, const TheirChange& b) { return a.key < b.key; });
  if (renumberer.applies()) TRY(renumber(renumberer, changes));
  if (merged_->layout.counted) {
    count_put(base, ours_rekeyed_, rows_put_[at(Side::kOurs)]);
    count_put(base, theirs, rows_put_[at(Side::kTheirs)]);
    sides_alike_ = carrier(Side::kOurs).has_columns_of(carrier(Side::kTheirs)) &&
                   std::equal(ours_rekeyed_.begin(), ours_rekeyed_.end(), theirs.begin(),
                              theirs.end(), [](const auto& a, const auto& b) {
                                return a.first == b.first && a.second.line == b.second.line;
                              });
  }
  for (const TheirChange& change : changes) TRY(settle_change(change));
  TRY_ASSIGN(const std::optional<Side> whole, settle_put_back());
  if (whole) {
    return write_rekeyed(*whole == Side::kOurs     ? ours_rekeyed_
                         : *whole == Side::kTheirs ? theirs
                                                   : base);
  }
  if (settler_.tally().missing > 0) {
    std::array<PutRows, 3> put;
    for (const Side side : {Side::kOurs, Side::kTheirs}) {
      for (const auto& [key, row] : side == Side::kOurs ? ours_rekeyed_ : theirs) {
        const auto was = base.find(key);
        const uint64_t before =
            was == base.end() ? 0 : std::strtoull(was->second.line.c_str() + 1, nullptr, 10);
        const uint64_t count = std::strtoull(row.line.c_str() + 1, nullptr, 10);
        if (count > before && put[at(side)].size() < kPutBackRowsTold)
          put[at(side)].emplace_back(row.line, count - before);
      }
    }
    TRY(tell_put_back(std::move(put)));
  }
  for (Edit& edit : edits_) {
    if (edit.line) {
      ours_rekeyed_[edit.key].line = *edit.line;
    } else {
      ours_rekeyed_.erase(edit.key);
    }
  }
  return write_rekeyed(ours_rekeyed_);
}

// Whether a side of a table without a key has these rows and no others, in the merged table's columns.
Result<bool> RowMerge::has_just(Side side, const RekeyedRows& rows) {
  if (version(side).table == nullptr ||
      version(side).table->definition_id != merged_->definition_id)
    return false;
  std::map<std::string, uint64_t> own;
  if (!version(side).rows.is_zero()) {
    TRY_ASSIGN(own, carried_counts(side));
  }
  return std::equal(rows.begin(), rows.end(), own.begin(), own.end(),
                    [](const auto& row, const auto& is) {
                      return row.first == is.first &&
                             std::strtoull(row.second.line.c_str() + 1, nullptr, 10) == is.second;
                    });
}

// What dropped columns left in lines is no reason to write a side's rows anew. Where both sides have just
// these rows in other bytes, neither's stand, whichever is ours (M1). A column that a side lacks is filled
// in afterwards (fill).
Result<std::optional<Side>> RowMerge::found_as_it_is(const RekeyedRows& rows) {
  const bool is_filled = std::any_of(
      merged_->columns.begin(), merged_->columns.end(), [&](const catalog::ColumnDef& column) {
        return column.absent.is_null() &&
               carrier(Side::kOurs).has(column.slot) != carrier(Side::kTheirs).has(column.slot);
      });
  if (!merged_->layout.counted || is_filled) return std::optional<Side>();
  TRY_ASSIGN(const bool ours, has_just(Side::kOurs, rows));
  TRY_ASSIGN(const bool theirs, has_just(Side::kTheirs, rows));
  if (ours && theirs && version(Side::kOurs).rows != version(Side::kTheirs).rows)
    return std::optional<Side>();
  return ours ? std::optional(Side::kOurs) : theirs ? std::optional(Side::kTheirs) : std::nullopt;
}

Result<void> RowMerge::write_rekeyed(const RekeyedRows& rows) {
  TRY_ASSIGN(const std::optional<Side> side, found_as_it_is(rows));
  if (side) {
    rows_ = version(*side).rows;
    large_ = version(*side).large;
    return {};
  }
  RowTreeWriter writer(context_, merged_->layout);
  for (const auto& [key, row] : rows) TRY(writer.add(key, row.line));
  return writer.finish(rows_, large_);
}

}  // namespace rowan::merge
