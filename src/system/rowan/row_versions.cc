// FOR SYSTEM_TIME: the versions of a table's rows and how long each stood.
#include <unordered_map>
#include <utility>

#include "diff/table_history.h"
#include "system/fillers.h"
#include "system/rowan/history_tables.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

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

Result<TablePtr> row_versions_table(Context& context, const sql::QualifiedName& name,
                                    const plan::TimeRange& range) {
  const TableName table{
      name.schema.empty() ? context.schema_of(name.name) : std::string(name.schema),
      std::string(name.name)};
  auto placed = place_table(context, table, context.transaction().snapshot().commit);
  if (!placed) return std::move(placed.error()).at(name.position);
  TRY_ASSIGN(const RowReader::Definitions past, definitions_below(context, *placed));
  const RowReader reader(*placed->version.table, past);
  std::vector<OutputColumn> columns = reader.columns();
  columns.push_back({"valid_from", kTimeType});
  columns.push_back({"valid_to", kTimeType});
  return stream_table(
      std::move(columns),
      [&context, reader, range, placed = *placed](
          const std::vector<Value>&, const expr::EvalContext& eval) -> Result<NextRow> {
        if (range.from_us && range.to_us &&
            (range.to_inclusive ? *range.from_us > *range.to_us : *range.from_us >= *range.to_us)) {
          return NextRow([](std::vector<Value>&) -> Result<bool> { return false; });
        }
        TRY_ASSIGN(diff::TableHistory walk,
                   diff::TableHistory::open(history_of(context, eval.cancelled),
                                            {placed.commit, placed.path, std::nullopt, true}));
        auto state = std::make_shared<VersionsState>(std::move(walk), range);
        return NextRow(
            [state, reader](std::vector<Value>& row) { return next_version(*state, reader, row); });
      });
}

}  // namespace rowan::system
