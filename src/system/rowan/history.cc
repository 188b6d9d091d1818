// rowan.history: the versions of a table's rows, newest first.
#include "system/fillers.h"
#include "system/rowan/history_parts.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

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

}  // namespace

Result<TablePtr> make_history(Context& context, const Call& call) {
  TRY_ASSIGN(const PlacedTable shown, place_argument(context, call, 1));
  std::vector<OutputColumn> columns = {
      {"commit", kTextType}, {"time", kTimeType}, {"author", kTextType}, {"change", kTextType}};
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(context, shown));
  const RowReader reader(*shown.version.table, past);
  columns.insert(columns.end(), reader.columns().begin(), reader.columns().end());
  return stream_table(
      std::move(columns),
      [&context, reader](const std::vector<Value>& arguments,
                         const expr::EvalContext& eval) -> Result<NextRow> {
        TRY_ASSIGN(const RowCall call, row_call(context, arguments));
        const diff::History history = history_of(context, eval.cancelled);
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
                              text_value(facts->author), text_value(change_of(version))};
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

}  // namespace rowan::system
