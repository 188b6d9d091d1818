#include "merge/shared.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "merge/objects.h"
#include "merge/rules.h"
#include "merge/settle.h"
#include "tree/row_tree.h"
#include "type/text.h"

namespace rowan::merge {
namespace {

using SideTables = std::array<const catalog::TableDef*, 3>;
using Rows = std::map<std::string, SharedDeltas::Row, std::less<>>;

// One commit's change of the table.
struct Change {
  catalog::TableVersion before, after;  // `before` without a table: the commit made it.
};

// Whether both are states of one table, as far as its columns tell.
bool is_one_table(const catalog::TableDef& before, const catalog::TableDef& after) {
  return std::any_of(before.columns.begin(), before.columns.end(), [&](const auto& column) {
    return std::any_of(after.columns.begin(), after.columns.end(),
                       [&](const auto& other) { return other.id == column.id; });
  });
}

// Where the table that the commit has at `path` was before it: the same path unless the commit gave the table
// that name. Empty: it was not there.
Result<std::string> path_before(store::PendingObjects& objects, store::NodeCache& cache,
                                const CommitChange& commit, const std::string& path) {
  const std::array<Oid, 3> roots{commit.before_root, commit.root, commit.before_root};
  TRY_ASSIGN(const Changes changes, find_changes(objects, cache, roots));
  TRY_ASSIGN(const auto renames, find_renames(objects, cache, roots, changes, Side::kOurs, true));
  for (const auto& [from, to] : renames) {
    if (to == path) return from;
  }
  return renames.contains(path) ? std::string() : path;
}

// Nothing: the table is not there.
Result<std::optional<Change>> change_of(store::PendingObjects& objects, store::NodeCache& cache,
                                        const CommitChange& commit) {
  Change change;
  TRY_ASSIGN(change.after, table_at(objects, cache, commit.root, commit.path));
  if (!change.after.table) return std::optional<Change>();
  TRY_ASSIGN(change.before, table_at(objects, cache, commit.before_root, commit.path));
  if (change.before.table && is_one_table(*change.before.table, *change.after.table))
    return std::optional<Change>(std::move(change));
  TRY_ASSIGN(const std::string before, path_before(objects, cache, commit, commit.path));
  TRY_ASSIGN(change.before, table_at(objects, cache, commit.before_root, before));
  return std::optional<Change>(std::move(change));
}

// What two counts have in common.
int64_t common(int64_t a, int64_t b) {
  if ((a < 0) != (b < 0)) return 0;
  return a < 0 ? std::max(a, b) : std::min(a, b);
}

class Reader {
 public:
  Reader(store::PendingObjects& objects, store::NodeCache& cache, const DefinitionMerge& definition,
         const Lines& lines)
      : objects_(objects), cache_(cache), definition_(definition), lines_(lines) {}

  Result<Rows> read(const Change& change, Side side) {
    Rows rows;
    const auto& table = change.before.table ? change.before.table : change.after.table;
    if (lines_.table().layout.counted && change.before.table && !reads_alike(change, side)) {
      TRY(add_all(change.before, side, false, rows));
      TRY(add_all(change.after, side, true, rows));
      return without_nothing(std::move(rows));
    }
    Carrier from(table.get(), lines_, definition_.sources_in(*table, side), objects_);
    Carrier to(change.after.table.get(), lines_,
               definition_.sources_in(*change.after.table, side), objects_);
    const catalog::TableLineKeys from_keys(table);
    const catalog::TableLineKeys to_keys(change.after.table);
    TRY(tree::diff_trees({objects_, cache_, from_keys}, change.before.rows,
                         {objects_, cache_, to_keys}, change.after.rows,
                         [&](const tree::RowDifference& row) -> Result<bool> {
                           SideLine before, after;
                           if (row.from) {
                             TRY_ASSIGN(before, from.carry(*row.from));
                           }
                           if (row.to) {
                             TRY_ASSIGN(after, to.carry(*row.to));
                           }
                           TRY(lines_.table().layout.counted ? add_counts(before, after, rows)
                                                             : add_cells(before, after, rows));
                           return true;
                         }));
    return without_nothing(std::move(rows));
  }

  // Columns of the merged table (slots) that the change's table lacks before or after.
  std::set<uint16_t> lacking(const Change& change, Side side) const {
    std::set<uint16_t> slots;
    for (const auto& table : {change.before.table, change.after.table}) {
      if (table) add_lacking(*table, definition_.sources_in(*table, side), slots);
    }
    return slots;
  }
  // The same for a side as it is by now.
  std::set<uint16_t> lacking(const SideTables& tables, Side side) const {
    std::set<uint16_t> slots;
    if (const catalog::TableDef* table = tables[static_cast<size_t>(side)])
      add_lacking(*table, definition_.sources(side), slots);
    return slots;
  }
  // What two changes have in common, as the rows of `picked`: compared without these columns.
  Result<void> keep_common(const Rows& original, const std::set<uint16_t>& without,
                           Rows& picked) const {
    std::map<std::string, std::array<int64_t, 2>> left;  // Put, and taken away.
    for (const auto& [key, row] : original) {
      TRY_ASSIGN(const std::string rest, rest_of(key, row.line, without));
      left[rest][row.count < 0 ? 1 : 0] += row.count;
    }
    for (auto& [key, row] : picked) {
      TRY_ASSIGN(const std::string rest, rest_of(key, row.line, without));
      int64_t& there = left[rest][row.count < 0 ? 1 : 0];
      row.count = common(row.count, there);
      there -= row.count;
    }
    return {};
  }

 private:
  void add_lacking(const catalog::TableDef& table, std::vector<int32_t> sources,
                   std::set<uint16_t>& slots) const {
    const Carrier carrier(&table, lines_, std::move(sources), objects_);
    for (const catalog::ColumnDef& column : lines_.table().columns) {
      if (!carrier.has(column.slot)) slots.insert(column.slot);
    }
  }
  Result<std::string> rest_of(const std::string& key, const std::string& line,
                              const std::set<uint16_t>& without) const {
    if (without.empty()) return key;
    TRY_ASSIGN(Cells cells, lines_.take_apart(line));
    for (const uint16_t slot : without) cells[slot].clear();
    std::string rest;
    for (const std::string& cell : cells) rest += cell + "\n";
    return rest;
  }
  static Rows without_nothing(Rows rows) {
    std::erase_if(rows, [](const auto& row) {
      return row.second.count == 0 && row.second.cells.empty();
    });
    return rows;
  }
  // M5: whether equal lines are equal rows before and after.
  bool reads_alike(const Change& change, Side side) const {
    const Carrier from(change.before.table.get(), lines_,
                       definition_.sources_in(*change.before.table, side), objects_);
    const Carrier to(change.after.table.get(), lines_,
                     definition_.sources_in(*change.after.table, side), objects_);
    return to.reads_like(from);
  }
  // Every row of one version, as put or as taken away.
  Result<void> add_all(const catalog::TableVersion& version, Side side, bool is_put,
                       Rows& rows) const {
    if (version.rows.is_zero()) return {};
    Carrier carrier(version.table.get(), lines_, definition_.sources_in(*version.table, side),
                    objects_);
    const catalog::TableLineKeys keys(version.table);
    TRY_ASSIGN(tree::Cursor cursor, tree::Cursor::open({objects_, cache_, keys}, version.rows));
    while (!cursor.at_end()) {
      TRY_ASSIGN(SideLine line, carrier.carry(cursor.line()));
      TRY(is_put ? add_counts({}, line, rows) : add_counts(line, {}, rows));
      TRY(cursor.next());
    }
    return {};
  }
  Result<std::string> key_of(const std::string& line) const {
    std::string key;
    TRY(type::append_line_key(lines_.table().layout, line, key));
    return key;
  }
  Result<void> add_counts(const SideLine& before, const SideLine& after, Rows& rows) const {
    for (const SideLine* line : {&before, &after}) {
      if (!*line) continue;
      TRY_ASSIGN(std::string key, key_of(**line));
      SharedDeltas::Row& row = rows[std::move(key)];
      const auto count = static_cast<int64_t>(std::strtoull((*line)->c_str() + 1, nullptr, 10));
      row.count += line == &after ? count : -count;
      row.line = **line;
    }
    return {};
  }
  Result<void> add_cells(const SideLine& before, const SideLine& after, Rows& rows) const {
    if (!after) return {};  // A row that went is no sum.
    TRY_ASSIGN(const std::string key, key_of(*after));
    if (before) {
      TRY_ASSIGN(const std::string old_key, key_of(*before));
      if (old_key != key) return {};
    }
    TRY_ASSIGN(const Cells is, lines_.take_apart(*after));
    Cells was;
    if (before) {
      TRY_ASSIGN(was, lines_.take_apart(*before));
    }
    const catalog::TableDef& table = lines_.table();
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const uint16_t slot = table.columns[i].slot;
      if (!sums_up(table, i) || (before && was[slot] == is[slot]) || is[slot] == "null") continue;
      SharedDeltas::Row::Cell cell{slot, {}, {}};
      TRY_ASSIGN(cell.after, lines_.value(slot, is[slot]));
      if (before) {
        TRY_ASSIGN(cell.before, lines_.value(slot, was[slot]));
      }
      rows[key].cells.push_back(std::move(cell));
    }
    return {};
  }

  store::PendingObjects& objects_;
  store::NodeCache& cache_;
  const DefinitionMerge& definition_;
  const Lines& lines_;
};

}  // namespace

const SharedDeltas::Row* SharedDeltas::find(Bytes key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

Result<void> SharedDeltas::add(store::PendingObjects& objects, store::NodeCache& cache,
                               const SharedChange& change, const SideTables& tables,
                               const DefinitionMerge& definition, const Lines& lines) {
  Reader reader(objects, cache, definition, lines);
  TRY_ASSIGN(const auto pick, change_of(objects, cache, change.pick));
  if (!pick) return {};
  TRY_ASSIGN(Rows picked, reader.read(*pick, change.side));
  if (lines.table().layout.counted && change.other) {
    // A pick may have done less than its original, where rows were not there to be taken.
    const Side side = change.side == Side::kOurs ? Side::kTheirs : Side::kOurs;
    TRY_ASSIGN(const auto other, change_of(objects, cache, *change.other));
    if (!other) return {};
    TRY_ASSIGN(Rows original, reader.read(*other, side));
    std::set<uint16_t> lacking = reader.lacking(*pick, change.side);
    const std::set<uint16_t> lacking_there = reader.lacking(*other, side);
    // Its rows are as they are on a side by now: on the one with fewer columns; else where no columns have
    // come to them since.
    const size_t lacks = reader.lacking(tables, change.side).size();
    const size_t lacks_there = reader.lacking(tables, side).size();
    if (lacks != lacks_there ? lacks_there > lacks : lacking.size() > lacking_there.size())
      std::swap(picked, original);
    lacking.insert(lacking_there.begin(), lacking_there.end());
    TRY(reader.keep_common(original, lacking, picked));
  }
  for (auto& [key, row] : picked) {
    Row& all = rows_[key];
    all.count += row.count;
    all.line = std::move(row.line);
    for (Row::Cell& cell : row.cells) all.cells.push_back(std::move(cell));
  }
  return {};
}

Result<type::Value> SharedDeltas::with_deltas(const Row& row, const catalog::ColumnDef& column,
                                              const type::Value* base) {
  type::Value sum = base == nullptr ? type::Value::null(column.type) : *base;
  for (const Row::Cell& cell : row.cells) {
    if (cell.slot != column.slot) continue;
    if (sum.is_null()) {
      TRY_ASSIGN(sum, type::parse_text(column.type, "0"));
    }
    const bool has_before = cell.before && !cell.before->is_null();
    const std::optional<type::Value> next =
        apply_rule({catalog::MergeRule::kSum, column.type, has_before ? &*cell.before : nullptr,
                    sum, cell.after});
    if (next) sum = *next;
  }
  return sum;
}

}  // namespace rowan::merge
