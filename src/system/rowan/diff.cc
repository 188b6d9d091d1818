// rowan.diff: the changed rows of one table, the columns of both sides beside each other.
#include <utility>

#include "system/fillers.h"
#include "system/rowan/history_tables.h"
#include "system/rowan/table_sides.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

namespace {

struct DiffShape {
  std::vector<OutputColumn> columns;
  // Where each column behind `change` comes from.
  RowReader from, to;
  std::vector<bool> is_to;
};

// change, from_<c> and to_<c> for each column of either version, from_commit, to_commit. With
// `past`, columns hold what they were in those definitions too.
DiffShape shape_of(const diff::TablePair& pair, const RowReader::Definitions& past) {
  std::vector<OutputColumn> shown = {{"change", kTextType}};
  std::vector<diff::ColumnName> from_names, to_names;
  std::vector<type::Type> from_types, to_types;
  std::vector<bool> is_to;
  const auto has = [](const catalog::TableDef* table, const std::string& name) {
    return table != nullptr && table->find_column(name).has_value();
  };
  const auto add = [&](bool to, const catalog::TableDef& table, uint16_t index) {
    const catalog::ColumnDef& column = table.columns[index];
    const type::Type type = RowReader(table, {index}, past).columns()[0].type;
    shown.push_back({(to ? "to_" : "from_") + column.name, type});
    (to ? to_names : from_names).push_back({column.id, column.name});
    (to ? to_types : from_types).push_back(type);
    is_to.push_back(to);
  };
  for (const diff::ColumnPair& columns : pair.columns()) {
    // A column of one side shows on the other as well, as NULL, unless that has another one of its
    // name.
    const auto& [from, to] = columns;
    if (from) {
      add(false, *pair.from(), *from);
    } else if (!has(pair.from(), pair.to()->columns[*to].name)) {
      add(false, *pair.to(), *to);
    }
    if (to) {
      add(true, *pair.to(), *to);
    } else if (!has(pair.to(), pair.from()->columns[*from].name)) {
      add(true, *pair.from(), *from);
    }
  }
  shown.push_back({"from_commit", kTextType});
  shown.push_back({"to_commit", kTextType});
  return {std::move(shown), RowReader(std::move(from_names), from_types),
          RowReader(std::move(to_names), to_types), std::move(is_to)};
}

// Rows of one table's difference, each repeated by its count.
struct DiffStream {
  diff::Source source;
  TableSides sides;
  std::optional<diff::TableDiff> rows;
  RowReader from, to;
  std::string from_hex, to_hex;
  std::vector<Value> current;
  uint64_t left = 0;
};

}  // namespace

Result<TablePtr> diff_table(Context& context, const TableName& table,
                            const std::optional<CommitRange>& range, RangeOf range_of) {
  TableSides known;
  RowReader::Definitions past;
  if (range) {
    TRY_ASSIGN(known, sides_of(context, table, *range));
  } else {
    // The revisions are parameters: the columns are those the table has now.
    TRY_ASSIGN(const PlacedTable now,
               place_table(context, table, context.transaction().snapshot().commit));
    known.from = known.to = now.version;
    TRY_ASSIGN(past, definitions_below(context, now));
  }
  const diff::TablePair pair(known.from ? known.from->table : nullptr,
                             known.to ? known.to->table : nullptr);
  auto shape = std::make_shared<const DiffShape>(shape_of(pair, past));
  return stream_table(
      shape->columns,
      [&context, table, range_of, shape](const std::vector<Value>& arguments,
                                         const expr::EvalContext& eval) -> Result<NextRow> {
        TRY_ASSIGN(const CommitRange commits, range_of(arguments));
        const diff::History history = history_of(context, eval.cancelled);
        TRY_ASSIGN(TableSides sides, sides_of(context, table, commits));
        auto stream = std::make_shared<DiffStream>(DiffStream{history.source(),
                                                              std::move(sides),
                                                              std::nullopt,
                                                              shape->from,
                                                              shape->to,
                                                              commits.from.hex(),
                                                              commits.to.hex(),
                                                              {},
                                                              0});
        TRY_ASSIGN(diff::TableDiff rows,
                   diff::TableDiff::open(stream->source, stream->sides.from, stream->sides.to));
        stream->rows.emplace(std::move(rows));
        return NextRow([stream, shape](std::vector<Value>& row) -> Result<bool> {
          if (stream->left == 0) {
            diff::RowDiff difference;
            TRY_ASSIGN(const bool more, stream->rows->next(difference));
            if (!more) return false;
            // A counted row that grew or shrank is added or removed: only that side shows.
            const bool with_from = difference.kind != diff::RowKind::kAdded;
            const bool with_to = difference.kind != diff::RowKind::kRemoved;
            const diff::TablePair& both = stream->rows->pair();
            const catalog::TableDef& any = both.to() != nullptr ? *both.to() : *both.from();
            std::vector<Value> from, to;
            const Bytes from_line = difference.from_line.empty() && with_from
                                        ? difference.to_line
                                        : difference.from_line;
            TRY(stream->from.append(with_from ? *both.from() : any, with_from ? from_line : Bytes(),
                                    stream->rows->large(), from));
            TRY(stream->to.append(with_to ? *both.to() : any,
                                  with_to ? difference.to_line : Bytes(), stream->rows->large(),
                                  to));
            stream->current = {text_value(std::string(diff::row_kind_name(difference.kind)))};
            size_t next_from = 0;
            size_t next_to = 0;
            for (const bool is_to : shape->is_to)
              stream->current.push_back(is_to ? std::move(to[next_to++])
                                              : std::move(from[next_from++]));
            stream->current.push_back(text_value(stream->from_hex));
            stream->current.push_back(text_value(stream->to_hex));
            stream->left = difference.count;
          }
          --stream->left;
          row = stream->current;
          return true;
        });
      });
}

Result<TablePtr> make_diff(Context& context, const Call& call) {
  TRY_ASSIGN(const std::string text, known_text(call.known, 0, "diff"));
  TRY_ASSIGN(const TableName name, parse_table_name(context, text));
  const auto range_of = [&context](const Values& arguments) {
    return range_arguments(context, arguments, 1);
  };
  std::optional<CommitRange> range;
  Values values;
  for (const std::optional<Value>& value : call.known) {
    if (value) values.push_back(*value);
  }
  if (values.size() == call.types.size()) {
    TRY_ASSIGN(range, range_of(values));
  }
  return diff_table(context, name, range, range_of);
}

}  // namespace rowan::system
