// rowan.history, rowan.blame, rowan.blame_cells, rowan.pickaxe and FOR SYSTEM_TIME: where rows come
// from and how long they stood.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "diff/row_history.h"
#include "diff/table_history.h"
#include "engine/history_tables.h"
#include "engine/session.h"
#include "type/text.h"

namespace rowan::engine {

using plan::OutputColumn;
using type::Value;

namespace {

void add_columns(const RowReader& reader, std::vector<OutputColumn>& columns) {
  columns.insert(columns.end(), reader.columns().begin(), reader.columns().end());
}

// The columns that name a row: the key's, or all when there is none.
std::vector<uint16_t> naming_columns(const catalog::TableDef& table) {
  if (!table.primary_key.empty()) return table.primary_key;
  std::vector<uint16_t> all;
  for (size_t i = 0; i < table.columns.size(); ++i) all.push_back(static_cast<uint16_t>(i));
  return all;
}

Result<PlacedTable> place_argument(SessionImpl& session, const KnownArguments& known,
                                   std::string_view function, size_t revision_at) {
  TRY_ASSIGN(const std::string text, known_text(known, 0, function));
  TRY_ASSIGN(const TableName name, parse_table_name(session, text));
  std::string revision;
  if (known.size() > revision_at) {
    if (!known[revision_at]) {
      // A parameter: the columns are those of the table as it is now.
      return place_table(session, name, session.transaction()->snapshot().commit);
    }
    if (!known[revision_at]->is_null()) {
      TRY_ASSIGN(revision, revision_text({*known[revision_at]}, 0));
    }
  }
  TRY_ASSIGN(const Oid commit, session_revision(session, revision));
  return place_table(session, name, commit);
}

// The table, revision and key of a call's values.
struct RowCall {
  PlacedTable placed;
  std::optional<diff::RowKey> key;
};
Result<RowCall> row_call(SessionImpl& session, const std::vector<Value>& arguments) {
  RowCall call;
  TRY_ASSIGN(const TableName name, parse_table_name(session, argument_text(arguments, 0)));
  TRY_ASSIGN(const std::string revision, revision_text(arguments, 1));
  TRY_ASSIGN(const Oid commit, session_revision(session, revision));
  TRY_ASSIGN(call.placed, place_table(session, name, commit));
  if (arguments.size() > 2) {
    TRY_ASSIGN(call.key, encode_row_key(*call.placed.version.table,
                                        {arguments.begin() + 2, arguments.end()}));
  }
  return call;
}

// The line that a change left, or took away.
Bytes line_of(const diff::RowDiff& row) {
  return row.kind == diff::RowKind::kRemoved && row.to_line.empty() ? row.from_line : row.to_line;
}
// Where history is cut nobody knows whether the commit made the row.
std::string change_of(const diff::RowVersion& version) {
  return version.is_cut ? "boundary" : std::string(diff::row_kind_name(version.row.kind));
}
const catalog::TableDef& table_of(const diff::RowVersion& version) {
  return version.row.kind == diff::RowKind::kRemoved && version.row.to_line.empty()
             ? *version.pair->from()
             : *version.pair->to();
}

// ---- rowan.history ----

Result<VirtualTablePtr> history_table(SessionImpl& session, const KnownArguments& known) {
  TRY_ASSIGN(const PlacedTable shown, place_argument(session, known, "history", 1));
  std::vector<OutputColumn> columns = {
      {"commit", kTextType}, {"time", kTimeType}, {"author", kTextType}, {"change", kTextType}};
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(session, shown));
  const RowReader reader(*shown.version.table, past);
  add_columns(reader, columns);
  return stream_table(
      std::move(columns),
      [&session, reader](const std::vector<Value>& arguments,
                         const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const RowCall call, row_call(session, arguments));
        const diff::History history = session_history(session, context.cancelled);
        struct State {
          diff::TableHistory walk;
          CommitCache commits;
          std::vector<Value> current;
          uint64_t left = 0;
        };
        TRY_ASSIGN(diff::TableHistory walk,
                   diff::TableHistory::open(
                       history, {call.placed.commit, call.placed.path, call.key, false}));
        auto state = std::make_shared<State>(State{std::move(walk), CommitCache(history), {}, 0});
        return NextRow([state, reader](std::vector<Value>& row) -> Result<bool> {
          if (state->left == 0) {
            diff::RowVersion version;
            TRY_ASSIGN(const bool more, state->walk.next(version));
            if (!more) return false;
            TRY_ASSIGN(const CommitFacts* facts, state->commits.get(version.commit));
            state->current = {text_value(facts->hex), time_value(version.time_us),
                              text_value(facts->author),
                              text_value(change_of(version))};
            TRY(reader.append(table_of(version), line_of(version.row), state->walk.large(),
                              state->current));
            state->left = version.row.count;
          }
          --state->left;
          row = state->current;
          return true;
        });
      });
}

// ---- rowan.pickaxe ----

struct PickaxeState {
  PickaxeState(diff::TableHistory the_walk, const diff::History& history)
      : walk(std::move(the_walk)), commits(history) {}

  diff::TableHistory walk;
  CommitCache commits;
  std::string value;
  std::string column;                     // Empty: any.
  std::vector<std::vector<Value>> ready;  // Rows of the last version, last first.
};

// The cells of one change that took or lost the value.
Result<void> find_value(PickaxeState& state, const diff::RowVersion& version,
                        const RowReader& keys) {
  const diff::TablePair& pair = *version.pair;
  const diff::RowDiff& row = version.row;
  std::vector<Value> from(pair.columns().size()), to(pair.columns().size());
  const bool counted = (pair.to() != nullptr ? pair.to() : pair.from())->layout.counted;
  const bool with_from = !row.from_line.empty() && !(counted && row.kind == diff::RowKind::kAdded);
  const bool with_to = !row.to_line.empty() && !(counted && row.kind == diff::RowKind::kRemoved);
  if (with_from) {
    TRY_ASSIGN(from, pair.from_values(row.from_line, state.walk.large()));
  }
  if (with_to) {
    TRY_ASSIGN(to, pair.to_values(row.to_line, state.walk.large()));
  }
  const auto is_wanted = [&](const Value& value) {
    return !value.is_null() && type::to_text(value) == state.value;
  };
  for (size_t i = pair.columns().size(); i-- > 0;) {
    const diff::ColumnPair& columns = pair.columns()[i];
    const std::string& name = columns.to ? pair.to()->columns[*columns.to].name
                                         : pair.from()->columns[*columns.from].name;
    if (!state.column.empty() && name != state.column) continue;
    const bool was = is_wanted(from[i]);
    const bool is = is_wanted(to[i]);
    if (was == is) continue;
    TRY_ASSIGN(const CommitFacts* facts, state.commits.get(version.commit));
    std::vector<Value> found = {
        text_value(facts->hex),     time_value(version.time_us),         text_value(facts->author),
        text_value(facts->subject),
        text_value(version.is_cut ? "boundary" : is ? "made" : "removed"), text_value(name)};
    TRY(keys.append(with_to ? *pair.to() : *pair.from(), with_to ? row.to_line : row.from_line,
                    state.walk.large(), found));
    state.ready.push_back(std::move(found));
  }
  return {};
}

// rowan.pickaxe(table, value [, column [, revision]])
Result<VirtualTablePtr> pickaxe_table(SessionImpl& session, const KnownArguments& known) {
  TRY_ASSIGN(const PlacedTable shown, place_argument(session, known, "pickaxe", 3));
  std::vector<OutputColumn> columns = {{"commit", kTextType}, {"time", kTimeType},
                                       {"author", kTextType}, {"message", kTextType},
                                       {"change", kTextType}, {"column", kTextType}};
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(session, shown));
  const RowReader keys(*shown.version.table, naming_columns(*shown.version.table), past);
  add_columns(keys, columns);
  return stream_table(
      std::move(columns),
      [&session, keys](const std::vector<Value>& arguments,
                       const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const TableName name, parse_table_name(session, argument_text(arguments, 0)));
        TRY_ASSIGN(const std::string revision, revision_text(arguments, 3));
        TRY_ASSIGN(const Oid commit, session_revision(session, revision));
        TRY_ASSIGN(const PlacedTable placed, place_table(session, name, commit));
        const diff::History history = session_history(session, context.cancelled);
        TRY_ASSIGN(
            diff::TableHistory walk,
            diff::TableHistory::open(history, {placed.commit, placed.path, std::nullopt, false}));
        auto state = std::make_shared<PickaxeState>(std::move(walk), history);
        state->value = argument_text(arguments, 1);
        state->column = argument_text(arguments, 2);
        const bool names_column = arguments.size() > 2 && !arguments[2].is_null();
        if (names_column && !placed.version.table->find_column(state->column)) {
          return Error(ErrorCode::kUndefinedColumn,
                       fmt::format("column \"{}\" of relation \"{}\" does not exist", state->column,
                                   placed.version.table->name));
        }
        // NULL is equal to no value.
        if (arguments[1].is_null())
          return NextRow([](std::vector<Value>&) -> Result<bool> { return false; });
        return NextRow([state, keys](std::vector<Value>& row) -> Result<bool> {
          while (state->ready.empty()) {
            diff::RowVersion version;
            TRY_ASSIGN(const bool more, state->walk.next(version));
            if (!more) return false;
            TRY(find_value(*state, version, keys));
          }
          row = std::move(state->ready.back());
          state->ready.pop_back();
          return true;
        });
      });
}

// ---- rowan.blame ----

struct BlameStream {
  BlameStream(const diff::History& the_history, PlacedTable the_table)
      : history(the_history),
        placed(std::move(the_table)),
        keys(placed.version.table),
        large(history.objects),
        commits(history) {}

  diff::History history;
  PlacedTable placed;
  catalog::TableLineKeys keys;
  diff::LargeValues large;
  CommitCache commits;
  diff::Blame blame;
  std::optional<std::string> key;
  AtBoundary at_boundary;
  bool with_boundary = false;  // As a column.
  std::optional<tree::Cursor> cursor;
  size_t row = 0;
  std::vector<std::vector<Value>> ready;  // Lines of the current row, last first.

  Result<std::string> next_line() {  // Empty: no more.
    if (key) {
      if (row > 0 || blame.commits.empty()) return std::string();
      TRY_ASSIGN(const auto line, diff::find_row(history.source(), placed.version, *key));
      return line.value_or("");
    }
    if (row > 0) TRY(cursor->next());
    return cursor->at_end() ? std::string() : std::string(cursor->line());
  }
};

Result<std::shared_ptr<BlameStream>> open_blame(const diff::History& history, PlacedTable placed,
                                                const std::optional<std::string>& key, bool cells) {
  auto stream = std::make_shared<BlameStream>(history, std::move(placed));
  diff::BlameRequest request{stream->placed.commit, stream->placed.path, std::nullopt, cells,
                             false};
  stream->key = key;
  if (key) {
    TRY_ASSIGN(const auto line, diff::find_row(history.source(), stream->placed.version, *key));
    if (!line) return stream;
    request.keys = std::vector<std::string>{*key};
  } else {
    TRY_ASSIGN(tree::Cursor cursor,
               tree::Cursor::open({history.objects, history.cache, stream->keys},
                                  stream->placed.version.rows));
    stream->cursor.emplace(std::move(cursor));
  }
  TRY_ASSIGN(stream->blame, diff::blame(history, request));
  return stream;
}

void add_facts(const BlameStream& stream, const Oid& commit, const CommitFacts& facts,
               std::vector<Value>& row) {
  row.push_back(text_value(facts.hex));
  row.push_back(text_value(facts.author));
  row.push_back(time_value(facts.time_us));
  row.push_back(text_value(facts.subject));
  if (stream.with_boundary) row.push_back(bool_value(facts.is_cut));
  if (facts.is_cut && stream.at_boundary) stream.at_boundary(commit);
}

Result<bool> next_blamed(BlameStream& stream, const RowReader& keys, bool cells,
                         std::vector<Value>& row) {
  while (stream.ready.empty()) {
    TRY_ASSIGN(const std::string line, stream.next_line());
    if (line.empty()) return false;
    const catalog::TableDef& table = *stream.placed.version.table;
    TRY_ASSIGN(const uint64_t count, diff::counted_rows(table, line));
    std::vector<Value> name;
    TRY(keys.append(table, line, stream.large, name));
    if (!cells) {
      const Oid& commit = stream.blame.at(stream.row);
      TRY_ASSIGN(const CommitFacts* facts, stream.commits.get(commit));
      add_facts(stream, commit, *facts, name);
      stream.ready.assign(count, name);
    } else {
      TRY_ASSIGN(const std::vector<Value> values,
                 type::decode_line(table.layout, line, stream.large));
      for (size_t c = table.columns.size(); c-- > 0;) {
        const Oid& commit = stream.blame.at(stream.row, c);
        TRY_ASSIGN(const CommitFacts* facts, stream.commits.get(commit));
        std::vector<Value> cell = name;
        const Value& value = values[table.columns[c].slot];
        cell.push_back(text_value(table.columns[c].name));
        cell.push_back(value.is_null() ? Value::null(kTextType) : text_value(type::to_text(value)));
        add_facts(stream, commit, *facts, cell);
        stream.ready.insert(stream.ready.end(), count, cell);
      }
    }
    ++stream.row;
  }
  row = std::move(stream.ready.back());
  stream.ready.pop_back();
  return true;
}

// `at_boundary`: for the statement, which shows no such column; null: a function's.
VirtualTablePtr blame_rows(SessionImpl& session, const catalog::TableDef& shown, bool cells,
                           std::function<Result<RowCall>(const std::vector<Value>&)> call_of,
                           const AtBoundary& at_boundary = nullptr) {
  const RowReader keys(shown, naming_columns(shown), {});
  std::vector<OutputColumn> columns = keys.columns();
  if (cells) {
    columns.push_back({"column", kTextType});
    columns.push_back({"value", kTextType});
  }
  columns.push_back({"commit", kTextType});
  columns.push_back({"author", kTextType});
  columns.push_back({"time", kTimeType});
  columns.push_back({"message", kTextType});
  const bool with_boundary = !at_boundary;
  if (with_boundary) columns.push_back({"boundary", kBoolType});
  return stream_table(
      std::move(columns),
      [&session, keys, cells, call_of, at_boundary, with_boundary](const std::vector<Value>& arguments,
                                       const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(RowCall call, call_of(arguments));
        TRY_ASSIGN(const auto stream, open_blame(session_history(session, context.cancelled),
                                                 std::move(call.placed),
                                                 call.key ? std::optional(call.key->encoded)
                                                          : std::nullopt,
                                                 cells));
        stream->at_boundary = at_boundary;
        stream->with_boundary = with_boundary;
        return NextRow([stream, keys, cells](std::vector<Value>& row) {
          return next_blamed(*stream, keys, cells, row);
        });
      });
}

// ---- FOR SYSTEM_TIME ----

struct VersionsState {
  VersionsState(diff::TableHistory the_walk, const plan::TimeRange& the_range)
      : walk(std::move(the_walk)), range(the_range) {}

  bool wanted(int64_t from_us, int64_t to_us) const {
    if (range.from_us && to_us <= *range.from_us) return false;
    if (range.to_us && (range.to_inclusive ? from_us > *range.to_us : from_us >= *range.to_us))
      return false;
    return true;
  }

  diff::TableHistory walk;
  plan::TimeRange range;
  std::unordered_map<std::string, int64_t> ends;  // When the version before a change ended, by key.
  std::vector<std::pair<std::string, int64_t>>
      new_ends;  // Of the commit being read: they hold for older ones.
  Oid commit;
  std::vector<Value> current;
  uint64_t left = 0;
};

constexpr int64_t kForEver = INT64_MAX;

Value version_time(int64_t time_us) {
  return time_us == kForEver ? Value::of_int(kTimeType, INT64_MAX) : time_value(time_us);
}

Result<bool> next_version(VersionsState& state, const RowReader& reader, std::vector<Value>& row) {
  while (state.left == 0) {
    diff::RowVersion version;
    TRY_ASSIGN(const bool more, state.walk.next(version));
    if (!more) return false;
    if (version.commit != state.commit) {
      for (auto& [key, time_us] : state.new_ends) state.ends[std::move(key)] = time_us;
      state.new_ends.clear();
      state.commit = version.commit;
    }
    const auto end = state.ends.find(std::string(version.row.key));
    const int64_t to_us = end == state.ends.end() ? kForEver : end->second;
    state.new_ends.emplace_back(version.row.key, version.time_us);
    // Where history is cut the version may have stood since any time before.
    const int64_t from_us = version.is_cut ? INT64_MIN : version.time_us;
    if (version.row.to_line.empty() || !state.wanted(from_us, to_us)) continue;
    state.current.clear();
    TRY(reader.append(*version.pair->to(), version.row.to_line, state.walk.large(), state.current));
    state.current.push_back(version.is_cut ? Value::null(kTimeType)
                                           : version_time(version.time_us));
    state.current.push_back(version_time(to_us));
    TRY_ASSIGN(state.left, diff::counted_rows(*version.pair->to(), version.row.to_line));
  }
  --state.left;
  row = state.current;
  return true;
}

}  // namespace

Result<VirtualTablePtr> row_versions_table(SessionImpl& session, const sql::QualifiedName& name,
                                           const plan::TimeRange& range) {
  const TableName table{session.schema_of(name), std::string(name.name)};
  auto placed = place_table(session, table, session.transaction()->snapshot().commit);
  if (!placed) return std::move(placed.error()).at(name.position);
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(session, *placed));
  const RowReader reader(*placed->version.table, past);
  std::vector<OutputColumn> columns = reader.columns();
  columns.push_back({"valid_from", kTimeType});
  columns.push_back({"valid_to", kTimeType});
  return stream_table(
      std::move(columns),
      [&session, reader, range, placed = *placed](
          const std::vector<Value>&, const expr::EvalContext& context) -> Result<NextRow> {
        if (range.from_us && range.to_us &&
            (range.to_inclusive ? *range.from_us > *range.to_us : *range.from_us >= *range.to_us)) {
          return NextRow([](std::vector<Value>&) -> Result<bool> { return false; });
        }
        TRY_ASSIGN(diff::TableHistory walk,
                   diff::TableHistory::open(session_history(session, context.cancelled),
                                            {placed.commit, placed.path, std::nullopt, true}));
        auto state = std::make_shared<VersionsState>(std::move(walk), range);
        return NextRow(
            [state, reader](std::vector<Value>& row) { return next_version(*state, reader, row); });
      });
}

Result<VirtualTablePtr> blame_table(SessionImpl& session, const BlameTarget& target) {
  TRY_ASSIGN(const Oid commit, session_revision(session, target.revision));
  TRY_ASSIGN(PlacedTable placed, place_table(session, target.table, commit));
  RowCall call{std::move(placed), std::nullopt};
  if (target.key) {
    TRY_ASSIGN(call.key, encode_row_key(*call.placed.version.table, *target.key));
  }
  const std::shared_ptr<const catalog::TableDef> shown = call.placed.version.table;
  return blame_rows(session, *shown, target.cells,
                    [call](const std::vector<Value>&) -> Result<RowCall> { return call; },
                    target.at_boundary);
}

Result<VirtualTablePtr> find_blame_function(SessionImpl& session, const sql::CallExpr& call,
                                            const KnownArguments& known) {
  const size_t count = known.size();
  if (call.name == "history" && count >= 1) return history_table(session, known);
  if (call.name == "pickaxe" && count >= 2 && count <= 4) return pickaxe_table(session, known);
  const bool cells = call.name == "blame_cells";
  if ((call.name != "blame" && !cells) || count < 1) return VirtualTablePtr();
  TRY_ASSIGN(const PlacedTable shown, place_argument(session, known, call.name, 1));
  return blame_rows(
      session, *shown.version.table, cells,
      [&session](const std::vector<Value>& arguments) { return row_call(session, arguments); });
}

}  // namespace rowan::engine
