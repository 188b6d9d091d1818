// rowan.pickaxe: where cells took or lost a value.
#include <fmt/format.h>

#include <utility>

#include "system/fillers.h"
#include "system/rowan/history_parts.h"
#include "type/text.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

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
    std::vector<Value> found = {text_value(facts->hex),
                                time_value(version.time_us),
                                text_value(facts->author),
                                text_value(facts->subject),
                                text_value(version.is_cut ? "boundary"
                                           : is           ? "made"
                                                          : "removed"),
                                text_value(name)};
    TRY(keys.append(with_to ? *pair.to() : *pair.from(), with_to ? row.to_line : row.from_line,
                    state.walk.large(), found));
    state.ready.push_back(std::move(found));
  }
  return {};
}

}  // namespace

// rowan.pickaxe(table, value [, column [, revision]])
Result<TablePtr> make_pickaxe(Context& context, const Call& call) {
  TRY_ASSIGN(const PlacedTable shown, place_argument(context, call, 3));
  std::vector<OutputColumn> columns = {{"commit", kTextType}, {"time", kTimeType},
                                       {"author", kTextType}, {"message", kTextType},
                                       {"change", kTextType}, {"column", kTextType}};
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(context, shown));
  const RowReader keys(*shown.version.table, naming_columns(*shown.version.table), past);
  columns.insert(columns.end(), keys.columns().begin(), keys.columns().end());
  return stream_table(
      std::move(columns),
      [&context, keys](const std::vector<Value>& arguments,
                       const expr::EvalContext& eval) -> Result<NextRow> {
        TRY_ASSIGN(const TableName name, parse_table_name(context, argument_text(arguments, 0)));
        TRY_ASSIGN(const std::string revision, revision_text(arguments, 3));
        TRY_ASSIGN(const Oid commit, commit_of(context, revision));
        TRY_ASSIGN(const PlacedTable placed, place_table(context, name, commit));
        const diff::History history = history_of(context, eval.cancelled);
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

}  // namespace rowan::system
