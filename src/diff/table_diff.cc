#include "diff/table_diff.h"

#include <map>
#include <utility>

#include "base/memory_budget.h"
#include "type/cast.h"

namespace rowan::diff {

namespace {

using catalog::TableLineKeys;
using catalog::TableVersion;

// One version's reader: its keys and where its nodes come from.
struct Side {
  Side(const Source& source, std::shared_ptr<const catalog::TableDef> table, const Oid& root)
      : keys(std::move(table)), reader{source.objects, source.cache, keys}, rows(root) {}

  TableLineKeys keys;
  tree::TreeReader reader;
  Oid rows;
};

// Walks every row of both sides by key: for definitions under which equal bytes may be different
// rows.
class FullWalk {
 public:
  static Result<FullWalk> open(const Side& from, const Side& to) {
    TRY_ASSIGN(tree::Cursor a, tree::Cursor::open(from.reader, from.rows));
    TRY_ASSIGN(tree::Cursor b, tree::Cursor::open(to.reader, to.rows));
    return FullWalk(std::move(a), std::move(b));
  }

  // Gives every key; `matched`: keys of the two sides are the same keys.
  Result<bool> next(tree::RowDifference& row, bool matched) {
    if (std::exchange(leave_from_, false)) TRY(from_.next());
    if (std::exchange(leave_to_, false)) TRY(to_.next());
    if (from_.at_end() && to_.at_end()) return false;
    int order = from_.at_end() ? 1 : to_.at_end() ? -1 : 0;
    if (order == 0) order = matched ? from_.key().compare(to_.key()) : -1;
    row = {order <= 0 ? from_.key() : to_.key(), {}, {}};
    if (order <= 0) row.from = from_.line();
    if (order >= 0) row.to = to_.line();
    leave_from_ = order <= 0;
    leave_to_ = order >= 0;
    return true;
  }

 private:
  FullWalk(tree::Cursor from, tree::Cursor to) : from_(std::move(from)), to_(std::move(to)) {}

  tree::Cursor from_;
  tree::Cursor to_;
  bool leave_from_ = false;
  bool leave_to_ = false;
};

}  // namespace

struct TableDiff::State {
  State(const Source& the_source, TablePair the_pair)
      : source(the_source), pair(std::move(the_pair)), large(source.objects) {}

  Result<bool> raw(tree::RowDifference& row) {
    return skipping ? skipping->next(row) : full->next(row, pair.rows_match());
  }
  Result<bool> take(const tree::RowDifference& raw_row, RowDiff& row);
  Result<void> collect_counted();

  Source source;
  TablePair pair;
  LargeValues large;
  std::unique_ptr<Side> from, to;
  std::optional<tree::DifferenceCursor> skipping;
  std::optional<FullWalk> full;

  // A table without a primary key whose lines are not its rows, one by one: equal rows of both sides
  // are set off against each other first.
  struct Net {
    std::string key, line;
    bool from = false;
    uint64_t count = 0;
  };
  bool netted = false;
  std::vector<Net> nets;
  CountedMemory memory;  // Of the nets.
  size_t next_net = 0;
};

TableDiff::TableDiff(std::unique_ptr<State> state) : state_(std::move(state)) {}
TableDiff::TableDiff(TableDiff&&) noexcept = default;
TableDiff& TableDiff::operator=(TableDiff&&) noexcept = default;
TableDiff::~TableDiff() = default;

const TablePair& TableDiff::pair() const { return state_->pair; }
const LargeValues& TableDiff::large() const { return state_->large; }

std::string_view row_kind_name(RowKind kind) {
  return kind == RowKind::kAdded ? "added" : kind == RowKind::kRemoved ? "removed" : "modified";
}

Result<TableDiff> TableDiff::open(const Source& source, const std::optional<TableVersion>& from,
                                  const std::optional<TableVersion>& to) {
  auto state = std::make_unique<State>(
      source, TablePair(from ? from->table : nullptr, to ? to->table : nullptr));
  // A side that is not there has no rows; how their keys would be read does not matter.
  state->from =
      std::make_unique<Side>(source, from ? from->table : to->table, from ? from->rows : Oid{});
  state->to = std::make_unique<Side>(source, to ? to->table : from->table, to ? to->rows : Oid{});
  const bool one_sided = !from || !to;
  if (one_sided || (state->pair.rows_match() && state->pair.aligned())) {
    TRY_ASSIGN(state->skipping, tree::DifferenceCursor::open(state->from->reader, state->from->rows,
                                                             state->to->reader, state->to->rows));
  } else {
    TRY_ASSIGN(FullWalk walk, FullWalk::open(*state->from, *state->to));
    state->full.emplace(std::move(walk));
  }
  const bool counted = !one_sided && from->table->layout.counted && to->table->layout.counted;
  // Lines that differ in what dropped columns left behind are equal rows too.
  if (counted && (from->table->definition_id != to->table->definition_id ||
                  !from->table->dropped.empty()))
    TRY(state->collect_counted());
  return TableDiff(std::move(state));
}

// Rows are equal when all columns are: keyed by their texts, in `to`'s spelling where a value keeps
// its meaning there.
Result<void> TableDiff::State::collect_counted() {
  struct Group {
    int64_t delta = 0;
    std::string from_key, from_line, to_key, to_line;
  };
  std::map<std::string, Group> groups;
  const auto group_of = [&](Bytes line, bool is_to) -> Result<Group*> {
    TRY_ASSIGN(const std::vector<type::Value> values,
               is_to ? pair.to_values(line, large) : pair.from_values(line, large));
    std::string text;
    for (size_t i = 0; i < values.size(); ++i) {
      const ColumnPair& columns = pair.columns()[i];
      type::Value value = values[i];
      if (!is_to && columns.from && columns.to && !value.is_null()) {
        const type::Type wanted = pair.to()->columns[*columns.to].type;
        if (Result<type::Value> there = type::cast(value, wanted, type::CastContext::kExplicit);
            there && same_value(value, *there))
          value = std::move(*there);
      }
      type::append_json(value, text);
      text += ',';
    }
    const auto [entry, is_new] = groups.try_emplace(std::move(text));
    // Its key, its line and, in the end, its net.
    if (is_new)
      memory.add(kMapNodeBytes + sizeof(Group) + sizeof(Net) + entry->first.size() + 2 * line.size());
    return &entry->second;
  };
  tree::RowDifference row;
  for (;;) {
    TRY_ASSIGN(const bool more, raw(row));
    if (!more) break;
    if (row.from) {
      TRY_ASSIGN(Group * group, group_of(*row.from, false));
      TRY_ASSIGN(const uint64_t count, counted_rows(*pair.from(), *row.from));
      group->delta -= static_cast<int64_t>(count);
      group->from_key = row.key;
      group->from_line = *row.from;
    }
    if (row.to) {
      TRY_ASSIGN(Group * group, group_of(*row.to, true));
      TRY_ASSIGN(const uint64_t count, counted_rows(*pair.to(), *row.to));
      group->delta += static_cast<int64_t>(count);
      group->to_key = row.key;
      group->to_line = *row.to;
    }
  }
  for (auto& [text, group] : groups) {
    if (group.delta < 0)
      nets.push_back({std::move(group.from_key), std::move(group.from_line), true,
                      static_cast<uint64_t>(-group.delta)});
    if (group.delta > 0)
      nets.push_back({std::move(group.to_key), std::move(group.to_line), false,
                      static_cast<uint64_t>(group.delta)});
  }
  netted = true;
  return {};
}

// False: nothing that shows differs.
Result<bool> TableDiff::State::take(const tree::RowDifference& raw_row, RowDiff& row) {
  row.key = raw_row.key;
  row.from_line = raw_row.from.value_or(Bytes());
  row.to_line = raw_row.to.value_or(Bytes());
  row.count = 1;
  row.changed.clear();
  uint64_t before = 0;
  uint64_t after = 0;
  if (raw_row.from) {
    TRY_ASSIGN(before, counted_rows(*pair.from(), *raw_row.from));
  }
  if (raw_row.to) {
    TRY_ASSIGN(after, counted_rows(*pair.to(), *raw_row.to));
  }
  if (before == 0 || after == 0) {
    row.kind = before == 0 ? RowKind::kAdded : RowKind::kRemoved;
    row.count = before + after;
    return true;
  }
  if (pair.to()->layout.counted) {
    row.kind = after > before ? RowKind::kAdded : RowKind::kRemoved;
    row.count = after > before ? after - before : before - after;
    return row.count != 0;
  }
  row.kind = RowKind::kModified;
  TRY_ASSIGN(row.changed, pair.compare(*raw_row.from, *raw_row.to, large));
  return !row.changed.empty();
}

Result<bool> TableDiff::next(RowDiff& row) {
  State& state = *state_;
  if (state.netted) {
    if (state.next_net == state.nets.size()) return false;
    const State::Net& net = state.nets[state.next_net++];
    row = {net.from ? RowKind::kRemoved : RowKind::kAdded,
           net.key,
           net.from ? Bytes(net.line) : Bytes(),
           net.from ? Bytes() : Bytes(net.line),
           net.count,
           {}};
    return true;
  }
  tree::RowDifference raw_row;
  for (;;) {
    TRY_ASSIGN(const bool more, state.raw(raw_row));
    if (!more) return false;
    TRY_ASSIGN(const bool shows, state.take(raw_row, row));
    if (shows) return true;
  }
}

Result<DiffStat> count_differences(const Source& source, const std::optional<TableVersion>& from,
                                   const std::optional<TableVersion>& to) {
  DiffStat stat;
  TRY_ASSIGN(TableDiff rows, TableDiff::open(source, from, to));
  RowDiff row;
  for (;;) {
    TRY_ASSIGN(const bool more, rows.next(row));
    if (!more) return stat;
    switch (row.kind) {
      case RowKind::kAdded:
        stat.added += row.count;
        break;
      case RowKind::kRemoved:
        stat.removed += row.count;
        break;
      case RowKind::kModified:
        ++stat.modified;
        for (const bool changed : row.changed) stat.cells_modified += changed;
        break;
    }
  }
}

Result<std::optional<std::string>> find_row(const Source& source, const TableVersion& version,
                                            Bytes key) {
  if (version.rows.is_zero()) return std::optional<std::string>();
  const TableLineKeys keys(version.table);
  TRY_ASSIGN(const auto found,
             tree::find_line({source.objects, source.cache, keys}, version.rows, key));
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::string(found->line));
}

}  // namespace rowan::diff
