// rowan.blame and rowan.blame_cells: which commit each row or cell is from.
#include <utility>

#include "diff/row_history.h"
#include "system/fillers.h"
#include "system/rowan/history_tables.h"
#include "type/text.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

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
TablePtr blame_rows(Context& context, const catalog::TableDef& shown, bool cells,
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
      [&context, keys, cells, call_of, at_boundary, with_boundary](
          const std::vector<Value>& arguments, const expr::EvalContext& eval) -> Result<NextRow> {
        TRY_ASSIGN(RowCall call, call_of(arguments));
        TRY_ASSIGN(const auto stream,
                   open_blame(history_of(context, eval.cancelled), std::move(call.placed),
                              call.key ? std::optional(call.key->encoded) : std::nullopt, cells));
        stream->at_boundary = at_boundary;
        stream->with_boundary = with_boundary;
        return NextRow([stream, keys, cells](std::vector<Value>& row) {
          return next_blamed(*stream, keys, cells, row);
        });
      });
}

}  // namespace

Result<TablePtr> blame_table(Context& context, const BlameTarget& target) {
  TRY_ASSIGN(const Oid commit, commit_of(context, target.revision));
  TRY_ASSIGN(PlacedTable placed, place_table(context, target.table, commit));
  RowCall call{std::move(placed), std::nullopt};
  if (target.key) {
    TRY_ASSIGN(call.key, encode_row_key(*call.placed.version.table, *target.key));
  }
  const std::shared_ptr<const catalog::TableDef> shown = call.placed.version.table;
  return blame_rows(
      context, *shown, target.cells,
      [call](const std::vector<Value>&) -> Result<RowCall> { return call; }, target.at_boundary);
}

Result<TablePtr> make_blame(Context& context, const Call& call) {
  TRY_ASSIGN(const PlacedTable shown, place_argument(context, call, 1));
  return blame_rows(context, *shown.version.table, call.name == "blame_cells",
                    [&context](const Values& arguments) { return row_call(context, arguments); });
}

}  // namespace rowan::system
