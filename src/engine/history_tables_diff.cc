// rowan.diff, rowan.diff_stat, rowan.diff_rows: what two commits differ by.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/memory_budget.h"
#include "catalog/objects.h"
#include "diff/changes.h"
#include "diff/patch.h"
#include "diff/schema_diff.h"
#include "engine/history_tables.h"
#include "engine/session.h"
#include "type/text.h"

namespace rowan::engine {

using plan::OutputColumn;
using type::Value;

namespace {

// A table on both sides of a range; at least one is there.
struct TableSides {
  std::optional<catalog::TableVersion> from;
  std::optional<catalog::TableVersion> to;
};

Result<TableSides> sides_of(SessionImpl& session, const TableName& name, const CommitRange& range) {
  const diff::History history = session_history(session, nullptr);
  TRY_ASSIGN(const Oid from_root, history.root_of(range.from));
  TRY_ASSIGN(const Oid to_root, history.root_of(range.to));
  const diff::Source source = history.source();
  const std::string path = name.path();
  TableSides sides;
  TRY_ASSIGN(sides.to, diff::table_at(source, to_root, path));
  if (sides.to) {  // It may have had another name, and another table this one.
    TRY_ASSIGN(const auto before, diff::path_before(source, from_root, to_root, path));
    if (before) {
      TRY_ASSIGN(sides.from, diff::table_at(source, from_root, *before));
    }
    return sides;
  }
  TRY_ASSIGN(sides.from, diff::table_at(source, from_root, path));
  TRY_ASSIGN(const std::vector<diff::ObjectChange> changes,
             diff::changed_objects(source, from_root, to_root));
  for (const diff::ObjectChange& change : changes) {
    if (change.kind != diff::ObjectKind::kTable || !change.renamed() || change.from->path != path)
      continue;
    TRY_ASSIGN(sides.to, diff::table_at(source, to_root, change.to->path));
  }
  if (!sides.from && !sides.to) {
    TRY_ASSIGN(const PlacedTable placed,
               place_table(session, name, range.to));  // Says that it is not there.
  }
  return sides;
}

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

// A JSON object of a line, for statements that show rows of several tables.
Result<std::string> row_json(const catalog::TableDef& table, Bytes line,
                             const diff::LargeValues& large) {
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  std::string out = "{";
  for (const catalog::ColumnDef& column : table.columns) {
    if (out.size() > 1) out += ", ";
    type::append_json(text_value(column.name), out);
    out += ": ";
    const Value& value = slots[column.slot];
    const bool is_json = type::is_json(column.type.id);
    if (is_json && !value.is_null()) {
      out += value.as_string();
    } else {
      type::append_json(value, out);
    }
  }
  return out + "}";
}

Result<std::string> key_text(const catalog::TableDef& table, Bytes line,
                             const diff::LargeValues& large) {
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  std::string text;
  for (const uint16_t column : table.primary_key) {
    text += (text.empty() ? "" : ", ") + type::to_text(slots[table.columns[column].slot]);
  }
  return table.primary_key.size() > 1 ? "(" + text + ")" : text;
}

// The changed tables of a range, one after the other.
class ChangedTables {
 public:
  static Result<ChangedTables> open(SessionImpl& session, const DiffTarget& target,
                                    const diff::History& history) {
    ChangedTables tables(history.source());
    if (target.table) {
      TRY_ASSIGN(const TableSides sides, sides_of(session, *target.table, target.range));
      tables.sides_.push_back(sides);
      return tables;
    }
    TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
    TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
    TRY_ASSIGN(const std::vector<diff::ObjectChange> changes,
               diff::changed_objects(tables.source_, from_root, to_root));
    for (const diff::ObjectChange& change : changes) {
      if (change.kind != diff::ObjectKind::kTable) continue;
      TableSides sides;
      if (change.from) {
        TRY_ASSIGN(sides.from, diff::table_at(tables.source_, from_root, change.from->path));
      }
      if (change.to) {
        TRY_ASSIGN(sides.to, diff::table_at(tables.source_, to_root, change.to->path));
      }
      tables.sides_.push_back(std::move(sides));
    }
    return tables;
  }

  const diff::Source& source() const { return source_; }
  bool at_end() const { return sides_.empty(); }
  TableSides take() {
    TableSides sides = std::move(sides_.front());
    sides_.pop_front();
    return sides;
  }

 private:
  explicit ChangedTables(const diff::Source& source) : source_(source) {}
  diff::Source source_;
  std::deque<TableSides> sides_;
};

std::string table_label(const TableSides& sides) {
  return (sides.to ? sides.to : sides.from)->table->qualified_name();
}

Result<int64_t> count_rows(SessionImpl& session,
                           const std::optional<catalog::TableVersion>& version) {
  if (!version) return int64_t{0};
  store::ObjectStore& store = session.owner().store();
  TRY_ASSIGN(const uint64_t rows, session.owner().manager().row_counts().ensure(
                                      store, store.cache(), *version->table, version->rows));
  return static_cast<int64_t>(rows);
}

}  // namespace

Result<VirtualTablePtr> diff_table(
    SessionImpl& session, const TableName& table, const std::optional<CommitRange>& range,
    std::function<Result<CommitRange>(const std::vector<Value>&)> range_of) {
  TableSides known;
  RowReader::Definitions past;
  if (range) {
    TRY_ASSIGN(known, sides_of(session, table, *range));
  } else {
    // The revisions are parameters: the columns are those the table has now.
    TRY_ASSIGN(const PlacedTable now,
               place_table(session, table, session.transaction()->snapshot().commit));
    known.from = known.to = now.version;
    TRY_ASSIGN(past, definitions_below(session, now));
  }
  const diff::TablePair pair(known.from ? known.from->table : nullptr,
                             known.to ? known.to->table : nullptr);
  auto shape = std::make_shared<const DiffShape>(shape_of(pair, past));
  return stream_table(
      shape->columns,
      [&session, table, range_of, shape](const std::vector<Value>& arguments,
                                         const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const CommitRange commits, range_of(arguments));
        const diff::History history = session_history(session, context.cancelled);
        TRY_ASSIGN(TableSides sides, sides_of(session, table, commits));
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

VirtualTablePtr diff_stat_table(
    SessionImpl& session, std::function<Result<DiffTarget>(const std::vector<Value>&)> target_of) {
  std::vector<OutputColumn> columns = {{"table", kTextType}};
  for (const char* name :
       {"added", "removed", "modified", "cells_modified", "old_rows", "new_rows"})
    columns.push_back({name, kBigintType});
  return stream_table(
      std::move(columns),
      [&session, target_of](const std::vector<Value>& arguments,
                            const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const DiffTarget target, target_of(arguments));
        TRY_ASSIGN(
            ChangedTables open,
            ChangedTables::open(session, target, session_history(session, context.cancelled)));
        auto tables = std::make_shared<ChangedTables>(std::move(open));
        const bool one = target.table.has_value();
        return NextRow([&session, tables, one](std::vector<Value>& row) -> Result<bool> {
          while (!tables->at_end()) {
            const TableSides sides = tables->take();
            TRY_ASSIGN(const diff::DiffStat stat,
                       diff::count_differences(tables->source(), sides.from, sides.to));
            if (!stat.any() && !one && sides.from && sides.to)
              continue;  // Only its definition changed.
            TRY_ASSIGN(const int64_t old_rows, count_rows(session, sides.from));
            TRY_ASSIGN(const int64_t new_rows, count_rows(session, sides.to));
            row = {text_value(table_label(sides))};
            for (const uint64_t count :
                 {stat.added, stat.removed, stat.modified, stat.cells_modified})
              row.push_back(bigint_value(static_cast<int64_t>(count)));
            row.push_back(bigint_value(old_rows));
            row.push_back(bigint_value(new_rows));
            return true;
          }
          return false;
        });
      },
      false);
}

VirtualTablePtr diff_rows_table(
    SessionImpl& session, std::function<Result<DiffTarget>(const std::vector<Value>&)> target_of) {
  std::vector<OutputColumn> columns;
  for (const char* name : {"table", "change", "key", "from_row", "to_row"})
    columns.push_back({name, kTextType});
  return stream_table(
      std::move(columns),
      [&session, target_of](const std::vector<Value>& arguments,
                            const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const DiffTarget target, target_of(arguments));
        TRY_ASSIGN(
            ChangedTables open,
            ChangedTables::open(session, target, session_history(session, context.cancelled)));
        struct State {
          ChangedTables tables;
          TableSides sides;
          std::optional<diff::TableDiff> rows;
          std::vector<Value> current;
          uint64_t left = 0;
        };
        auto state = std::make_shared<State>(State{std::move(open), {}, std::nullopt, {}, 0});
        return NextRow([state](std::vector<Value>& row) -> Result<bool> {
          diff::RowDiff difference;
          while (state->left == 0) {
            if (!state->rows) {
              if (state->tables.at_end()) return false;
              state->sides = state->tables.take();
              TRY_ASSIGN(diff::TableDiff rows,
                         diff::TableDiff::open(state->tables.source(), state->sides.from,
                                               state->sides.to));
              state->rows.emplace(std::move(rows));
            }
            TRY_ASSIGN(const bool more, state->rows->next(difference));
            if (!more) {
              state->rows.reset();
              continue;
            }
            const diff::TablePair& pair = state->rows->pair();
            const diff::LargeValues& large = state->rows->large();
            const bool is_to = difference.kind != diff::RowKind::kRemoved;
            const catalog::TableDef& named = is_to ? *pair.to() : *pair.from();
            TRY_ASSIGN(std::string key,
                       key_text(named, is_to ? difference.to_line : difference.from_line, large));
            state->current = {
                text_value(table_label(state->sides)),
                text_value(std::string(diff::row_kind_name(difference.kind))),
                named.primary_key.empty() ? Value::null(kTextType) : text_value(std::move(key)),
                Value::null(kTextType), Value::null(kTextType)};
            if (difference.kind != diff::RowKind::kAdded) {
              TRY_ASSIGN(std::string json, row_json(*pair.from(), difference.from_line, large));
              state->current[3] = text_value(std::move(json));
            }
            if (is_to) {
              TRY_ASSIGN(std::string json, row_json(*pair.to(), difference.to_line, large));
              state->current[4] = text_value(std::move(json));
            }
            state->left = difference.count;
          }
          --state->left;
          row = state->current;
          return true;
        });
      },
      false);
}

namespace {

// Rows that are there already; `memory` counts them.
NextRow given_rows(std::vector<std::vector<Value>> rows, CountedMemory memory = {}) {
  auto shared = std::make_shared<std::vector<std::vector<Value>>>(std::move(rows));
  auto held = std::make_shared<CountedMemory>(std::move(memory));
  return [shared, held, at = size_t{0}](std::vector<Value>& row) mutable -> Result<bool> {
    if (at == shared->size()) return false;
    row = std::move((*shared)[at++]);
    return true;
  };
}

Value text_or_null(std::string text) {
  return text.empty() ? Value::null(kTextType) : text_value(std::move(text));
}

// Whether a change's object is the table or a part of it.
bool belongs_to(const std::string& object, const TableName& table) {
  const std::string name = catalog::qualified(table.schema, table.name);
  return object == name || object.starts_with(name + ".");
}

}  // namespace

namespace {

// A name that neither side knows is a slip, and no difference.
Result<void> check_named(const diff::History& history, const DiffTarget& target,
                         const Oid& from_root, const Oid& to_root) {
  if (!target.table) return {};
  for (const Oid& root : {from_root, to_root}) {
    const catalog::Catalog catalog(history.objects, history.cache, root);
    TRY_ASSIGN(const auto kind, catalog.find_relation(target.table->schema, target.table->name));
    if (kind != sql::ObjectKind::kNone) return {};
  }
  return Error(ErrorCode::kUndefinedTable,
               fmt::format("relation \"{}{}\" does not exist",
                           target.table->schema == catalog::kDefaultSchema
                               ? std::string()
                               : target.table->schema + ".",
                           target.table->name))
      .with_detail("Neither of the revisions has it.");
}

}  // namespace

VirtualTablePtr schema_diff_table(
    SessionImpl& session, std::function<Result<DiffTarget>(const std::vector<Value>&)> target_of) {
  std::vector<OutputColumn> columns;
  for (const char* name : {"object", "kind", "from_sql", "to_sql"})
    columns.push_back({name, kTextType});
  return stream_table(
      std::move(columns),
      [&session, target_of](const std::vector<Value>& arguments,
                            const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const DiffTarget target, target_of(arguments));
        const diff::History history = session_history(session, context.cancelled);
        TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
        TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
        TRY(check_named(history, target, from_root, to_root));
        TRY_ASSIGN(std::vector<diff::SchemaChange> changes,
                   diff::schema_changes(history.source(), from_root, to_root));
        std::vector<std::vector<Value>> rows;
        for (diff::SchemaChange& change : changes) {
          if (target.table && !belongs_to(change.object, *target.table)) continue;
          rows.push_back({text_value(std::move(change.object)), text_value(std::move(change.kind)),
                          text_or_null(std::move(change.from_sql)),
                          text_or_null(std::move(change.to_sql))});
        }
        return given_rows(std::move(rows));
      },
      false);
}

VirtualTablePtr patch_table(
    SessionImpl& session, std::function<Result<DiffTarget>(const std::vector<Value>&)> target_of,
    bool native) {
  const std::vector<OutputColumn> columns = {{"position", kBigintType}, {"statement", kTextType}};
  return stream_table(
      columns,
      [&session, target_of, native](const std::vector<Value>& arguments,
                            const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(const DiffTarget target, target_of(arguments));
        const diff::History history = session_history(session, context.cancelled);
        TRY_ASSIGN(const Oid from_root, history.root_of(target.range.from));
        TRY_ASSIGN(const Oid to_root, history.root_of(target.range.to));
        TRY(check_named(history, target, from_root, to_root));
        TRY_ASSIGN(diff::Patch patch,
                   diff::make_patch(history.source(),
                                    {from_root, to_root,
                                     target.table ? target.table->path() : std::string(), native}));
        std::vector<std::vector<Value>> rows;
        const auto add = [&](std::string text) {
          rows.push_back(
              {bigint_value(static_cast<int64_t>(rows.size() + 1)), text_value(std::move(text))});
        };
        for (std::string& note : patch.notes) {
          std::replace(note.begin(), note.end(), '\n', ' ');  // A name may hold one.
          add("-- " + std::move(note));
        }
        for (std::string& statement : patch.statements) {
          statement += ';';
          add(std::move(statement));
        }
        return given_rows(std::move(rows), std::move(patch.memory));
      },
      false);
}

}  // namespace rowan::engine
