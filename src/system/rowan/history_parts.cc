#include "system/rowan/history_parts.h"

#include <fmt/format.h>

#include <utility>

#include "diff/table_history.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::system {

using plan::OutputColumn;
using type::Value;

diff::History history_of(Context& context, const std::atomic<bool>* cancelled) {
  return versions::history_of(context.versions(), cancelled);
}

Result<Oid> commit_of(Context& context, std::string_view revision) {
  return versions::find_commit(context.versions(), revision);
}

Result<std::optional<CommitRange>> range_of(Context& context, std::string_view text) {
  return versions::find_range(context.versions(), text);
}

Result<TableName> parse_table_name(Context& context, std::string_view text) {
  return versions::parse_table_name(context.versions(), text);
}

Result<PlacedTable> place_table(Context& context, const TableName& name, const Oid& commit) {
  const diff::History history = history_of(context, nullptr);
  PlacedTable placed;
  placed.commit = commit;
  placed.path = name.path();
  TRY_ASSIGN(placed.root, history.root_of(commit));
  const catalog::Catalog catalog(history.objects, history.cache, placed.root);
  auto found = catalog.find_table(name.schema, name.name);
  if (!found) return std::move(found.error());
  if (!*found) {
    const std::string shown =
        name.schema == catalog::kDefaultSchema ? name.name : name.schema + "." + name.name;
    TRY_ASSIGN(const auto kind, catalog.find_relation(name.schema, name.name));
    if (kind != sql::ObjectKind::kNone)
      return Error(ErrorCode::kWrongObjectType, fmt::format("\"{}\" is not a table", shown))
          .with_hint("Only tables have rows with a history of their own.");
    Error error(ErrorCode::kUndefinedTable, fmt::format("relation \"{}\" does not exist", shown));
    if (commit == context.transaction().snapshot().commit) return error;
    return std::move(error).with_detail(
        fmt::format("It is not there as of commit {}.", commit.hex().substr(0, 12)));
  }
  placed.version = std::move(**found);
  return placed;
}

Result<RowReader::Definitions> definitions_below(Context& context, const PlacedTable& placed) {
  return diff::past_definitions(history_of(context, nullptr), placed.commit, placed.path);
}

namespace {

// A row of the past may have a key that the column no longer takes: every integer is written alike,
// and so is a number or a text of any length.
type::Type key_type(type::Type column) {
  if (type::is_integer(column.id)) return kBigintType;
  if (column.id == type::TypeId::kNumeric || column.id == type::TypeId::kVarchar)
    column.modifier = -1;
  return column;
}

}  // namespace

Result<diff::RowKey> encode_row_key(const catalog::TableDef& table,
                                    const std::vector<Value>& values) {
  if (table.primary_key.empty()) {
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("table \"{}\" has no primary key to name a row by", table.name));
  }
  if (values.size() != table.primary_key.size()) {
    return Error(ErrorCode::kInvalidParameterValue,
                 fmt::format("the primary key of table \"{}\" has {} columns, {} values were given",
                             table.name, table.primary_key.size(), values.size()));
  }
  diff::RowKey key;
  for (size_t i = 0; i < values.size(); ++i) {
    const type::Type wanted = key_type(table.columns[table.primary_key[i]].type);
    if (values[i].is_null())
      return Error(ErrorCode::kInvalidParameterValue, "a key must not be null");
    TRY_ASSIGN(Value value, type::parse_text(wanted, type::to_text(values[i])));
    TRY(type::append_key(value, key.encoded));
    key.values.push_back(std::move(value));
  }
  return key;
}

std::string argument_text(const std::vector<Value>& arguments, size_t index) {
  return index < arguments.size() && !arguments[index].is_null() ? type::to_text(arguments[index])
                                                                 : std::string();
}

Result<std::string> revision_text(const std::vector<Value>& arguments, size_t index) {
  std::string text = argument_text(arguments, index);
  if (text.empty() && index < arguments.size() && !arguments[index].is_null())
    return Error(ErrorCode::kInvalidParameterValue, "a revision must not be empty");
  return text;
}

Result<const CommitFacts*> CommitCache::get(const Oid& commit) {
  const auto found = facts_.find(commit);
  if (found != facts_.end()) return &found->second;
  TRY_ASSIGN(const git::Commit read, versions::read_commit(history_.objects, commit));
  const auto info = history_.index.find(commit);
  CommitFacts facts{commit.hex(), read.author.name, std::string(git::subject(read.message)),
                    info ? info->time_us : git::commit_time_us(read), history_.is_cut_at(commit)};
  return &facts_.emplace(commit, std::move(facts)).first->second;
}

// ---- Arguments ----

Result<std::string> known_text(const KnownArguments& known, size_t index,
                               std::string_view function) {
  if (index >= known.size() || !known[index] || known[index]->is_null()) {
    return Error(ErrorCode::kIndeterminateType,
                 fmt::format("the table of rowan.{} must be known when the statement is planned",
                             function))
        .with_hint("Write its name as a constant.");
  }
  return type::to_text(*known[index]);
}

Result<CommitRange> range_arguments(Context& context, const std::vector<Value>& arguments,
                                    size_t first) {
  TRY_ASSIGN(const std::string from, revision_text(arguments, first));
  TRY_ASSIGN(const std::string to, revision_text(arguments, first + 1));
  if (arguments.size() <= first + 1) {
    TRY_ASSIGN(const std::optional<CommitRange> range, range_of(context, from));
    if (range) return *range;
  }
  CommitRange range;
  TRY_ASSIGN(range.from, commit_of(context, from));
  TRY_ASSIGN(range.to, commit_of(context, to));
  return range;
}

Result<DiffTarget> target_arguments(Context& context, const std::vector<Value>& arguments) {
  const bool has_table =
      arguments.size() == 3 ||
      (arguments.size() == 2 && argument_text(arguments, 1).find("..") != std::string::npos);
  DiffTarget target;
  if (has_table && !arguments[0].is_null()) {
    TRY_ASSIGN(target.table, parse_table_name(context, argument_text(arguments, 0)));
  }
  TRY_ASSIGN(target.range, range_arguments(context, arguments, has_table ? 1 : 0));
  return target;
}

// ---- Rows of one table ----

std::vector<uint16_t> naming_columns(const catalog::TableDef& table) {
  if (!table.primary_key.empty()) return table.primary_key;
  std::vector<uint16_t> all;
  for (size_t i = 0; i < table.columns.size(); ++i) all.push_back(static_cast<uint16_t>(i));
  return all;
}

Result<PlacedTable> place_argument(Context& context, const Call& call, size_t revision_at) {
  const KnownArguments& known = call.known;
  TRY_ASSIGN(const std::string text, known_text(known, 0, call.name));
  TRY_ASSIGN(const TableName name, parse_table_name(context, text));
  std::string revision;
  if (known.size() > revision_at) {
    if (!known[revision_at]) {
      // A parameter: the columns are those of the table as it is now.
      return place_table(context, name, context.transaction().snapshot().commit);
    }
    if (!known[revision_at]->is_null()) {
      TRY_ASSIGN(revision, revision_text({*known[revision_at]}, 0));
    }
  }
  TRY_ASSIGN(const Oid commit, commit_of(context, revision));
  return place_table(context, name, commit);
}

Result<RowCall> row_call(Context& context, const std::vector<Value>& arguments) {
  RowCall call;
  TRY_ASSIGN(const TableName name, parse_table_name(context, argument_text(arguments, 0)));
  TRY_ASSIGN(const std::string revision, revision_text(arguments, 1));
  TRY_ASSIGN(const Oid commit, commit_of(context, revision));
  TRY_ASSIGN(call.placed, place_table(context, name, commit));
  if (arguments.size() > 2) {
    TRY_ASSIGN(call.key, encode_row_key(*call.placed.version.table,
                                        {arguments.begin() + 2, arguments.end()}));
  }
  return call;
}

}  // namespace rowan::system
