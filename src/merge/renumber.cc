#include "merge/renumber.h"

#include <algorithm>

#include "merge/settle.h"
#include "type/row_codec.h"

namespace rowan::merge {

std::vector<KeyColumn> KeyMaps::reached(const KeyColumn& from) const {
  std::vector<KeyColumn> columns{from};
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto [first, last] = refers.equal_range(columns[i]);
    for (auto to = first; to != last; ++to) {
      if (std::find(columns.begin(), columns.end(), to->second) == columns.end())
        columns.push_back(to->second);
    }
  }
  return columns;
}

const NewKeyOf* KeyMaps::of(const KeyColumn& column) const {
  for (const KeyColumn& one : reached(column)) {
    if (const auto found = drawn.find(one); found != drawn.end()) return &found->second;
  }
  return nullptr;
}

Renumberer::Renumberer(const Request& request, const Lines& lines, const KeyMaps& maps)
    : lines_(lines), recorder_(request, lines) {
  const catalog::TableDef& table = lines.table();
  if (table.primary_key.size() == 1) {
    const catalog::ColumnDef& column = table.columns[table.primary_key[0]];
    const auto own = maps.drawn.find({table.schema, table.name, column.name});
    if (own != maps.drawn.end()) cells_.push_back({column.slot, &own->second, true});
  }
  for (const catalog::ForeignKey& key : table.foreign_keys) {
    for (size_t i = 0; i < key.columns.size(); ++i) {
      const NewKeyOf* map = maps.of({key.schema, key.table, key.referenced[i]});
      if (map != nullptr) cells_.push_back({table.columns[key.columns[i]].slot, map, false});
    }
  }
}

// True when the row's key is another one now.
Result<bool> Renumberer::rewrite_line(TheirChange& change, const OursAt& ours_at) const {
  uint64_t count = 1;
  TRY_ASSIGN(const Cells before, lines_.take_apart(*change.theirs, &count));
  Cells base;
  if (change.base) {
    TRY_ASSIGN(base, lines_.take_apart(*change.base));
  }
  Cells cells = before;
  for (const Cell& cell : cells_) {
    // What the base held already means the base's row.
    if (before[cell.slot] == "null" ||
        (change.base && (cell.is_key || base[cell.slot] == before[cell.slot])))
      continue;
    TRY_ASSIGN(const type::Value value, lines_.value(cell.slot, before[cell.slot]));
    if (!type::is_integer(value.type().id)) continue;
    const auto found = cell.map->find(value.as_int());
    if (found != cell.map->end()) cells[cell.slot] = std::to_string(found->second);
  }
  if (cells == before) return false;
  TRY_ASSIGN(std::string line, lines_.put_together(cells, count));
  // A new row under a key that both gave out is another one than ours.
  SideLine ours;
  if (change.base && !lines_.table().layout.counted) {
    TRY_ASSIGN(const std::optional<Bytes> found, ours_at(change.key));
    if (found) ours = std::string(*found);
  }
  TRY(recorder_.renumbered({change.base, ours, *change.theirs, line}));
  change.theirs = std::move(line);
  std::string key;
  TRY(type::append_line_key(lines_.table().layout, *change.theirs, key));
  if (key == change.key) return false;
  change.key = std::move(key);
  return true;
}

Result<void> Renumberer::rewrite(std::vector<TheirChange>& changes, const OursAt& ours_at) const {
  std::vector<TheirChange> moved_away;
  for (TheirChange& change : changes) {
    if (!change.theirs) continue;
    TheirChange before{change.key, change.side_key, change.base, {}};
    TRY_ASSIGN(const bool moved, rewrite_line(change, ours_at));
    if (!moved || !change.base) continue;
    change.base.reset();  // A row that was there and moves: it goes at its old place and comes at
                          // the new one.
    moved_away.push_back(std::move(before));
  }
  changes.insert(changes.end(), std::make_move_iterator(moved_away.begin()),
                 std::make_move_iterator(moved_away.end()));
  std::stable_sort(changes.begin(), changes.end(),
                   [](const TheirChange& a, const TheirChange& b) { return a.key < b.key; });
  return {};
}

}  // namespace rowan::merge
