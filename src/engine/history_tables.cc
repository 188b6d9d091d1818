#include "engine/history_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "diff/changes.h"
#include "diff/table_history.h"
#include "engine/merge_tables.h"
#include "engine/session.h"
#include "git/ref_names.h"
#include "type/key_codec.h"
#include "type/text.h"
#include "type/widen.h"

namespace rowan::engine {

using plan::OutputColumn;
using type::Value;

// ---- Lines of any version into fixed columns ----

namespace {

std::vector<uint16_t> all_columns(const catalog::TableDef& table) {
  std::vector<uint16_t> all(table.columns.size());
  std::iota(all.begin(), all.end(), uint16_t{0});
  return all;
}

}  // namespace

RowReader::RowReader(const catalog::TableDef& table, const Definitions& past)
    : RowReader(table, all_columns(table), past) {}

RowReader::RowReader(const catalog::TableDef& table, const std::vector<uint16_t>& columns,
                     const Definitions& past)
    : names_(diff::column_names(table)), shown_(columns) {
  for (const uint16_t column : shown_)
    columns_.push_back({table.columns[column].name, table.columns[column].type});
  for (const auto& definition : past) {
    const auto places = diff::match_columns(names_, *definition);
    for (size_t i = 0; i < shown_.size(); ++i) {
      if (const auto place = places[shown_[i]])
        columns_[i].type = type::widened(columns_[i].type, definition->columns[*place].type);
    }
  }
}

RowReader::RowReader(std::vector<diff::ColumnName> columns, const std::vector<type::Type>& types)
    : names_(std::move(columns)), shown_(names_.size()) {
  std::iota(shown_.begin(), shown_.end(), uint16_t{0});
  for (size_t i = 0; i < names_.size(); ++i) columns_.push_back({names_[i].name, types[i]});
}

Result<void> RowReader::append(const catalog::TableDef& table, Bytes line,
                               const diff::LargeValues& large, std::vector<Value>& row) const {
  if (line.empty()) {
    for (const OutputColumn& column : columns_) row.push_back(Value::null(column.type));
    return {};
  }
  if (known_ != table.definition_id) {
    places_ = diff::match_columns(names_, table);
    known_ = table.definition_id;
  }
  TRY_ASSIGN(const std::vector<Value> slots, type::decode_line(table.layout, line, large));
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto place = places_[shown_[i]];
    if (!place) {
      row.push_back(Value::null(columns_[i].type));
      continue;
    }
    Result<Value> value = type::widen(slots[table.columns[*place].slot], columns_[i].type);
    if (!value) {
      return std::move(value.error())
          .with_detail(fmt::format("Column \"{}\" was of type {} then.", columns_[i].name,
                                   type::type_name(table.columns[*place].type)))
          .with_hint("Name the revision by a constant, or read that commit with AS OF.");
    }
    row.push_back(std::move(*value));
  }
  return {};
}

// ---- Helpers ----

Result<PlacedTable> place_table(SessionImpl& session, const TableName& name, const Oid& commit) {
  const diff::History history = session_history(session, nullptr);
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
    if (commit == session.transaction()->snapshot().commit) return error;
    return std::move(error).with_detail(
        fmt::format("It is not there as of commit {}.", commit.hex().substr(0, 12)));
  }
  placed.version = std::move(**found);
  return placed;
}

Result<RowReader::Definitions> definitions_below(SessionImpl& session, const PlacedTable& placed) {
  return diff::past_definitions(session_history(session, nullptr), placed.commit, placed.path);
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

Result<const CommitFacts*> CommitCache::get(const Oid& commit) {
  const auto found = facts_.find(commit);
  if (found != facts_.end()) return &found->second;
  TRY_ASSIGN(const git::Commit read, read_commit(history_.objects, commit));
  const auto info = history_.index.find(commit);
  CommitFacts facts{commit.hex(), read.author.name, std::string(git::subject(read.message)),
                    info ? info->time_us : git::commit_time_us(read), history_.is_cut_at(commit)};
  return &facts_.emplace(commit, std::move(facts)).first->second;
}

// ---- The log ----

namespace {

std::vector<OutputColumn> log_columns(bool brief) {
  std::vector<OutputColumn> columns = {{"commit", kTextType},
                                       {"author", kTextType},
                                       {"email", kTextType},
                                       {"time", kTimeType},
                                       {"message", kTextType}};
  if (brief) return columns;
  columns.push_back({"committer", kTextType});
  columns.push_back({"body", kTextType});
  columns.push_back({"parents", kTextType});
  columns.push_back({"boundary", kBoolType});
  return columns;
}

std::string joined(const std::vector<Oid>& ids) {
  std::string text;
  for (const Oid& id : ids) text += (text.empty() ? "" : " ") + id.hex();
  return text;
}

// The message between its subject and its trailers.
std::string body_of(std::string_view message) {
  message.remove_prefix(std::min(message.size(), git::subject(message).size()));
  if (!git::trailers(message).empty()) {
    std::string_view text = message;
    while (text.ends_with('\n')) text.remove_suffix(1);
    const size_t last = text.rfind("\n\n");
    message = last == std::string_view::npos ? std::string_view() : message.substr(0, last);
  }
  while (message.starts_with('\n')) message.remove_prefix(1);
  while (message.ends_with('\n')) message.remove_suffix(1);
  return std::string(message);
}

// Every branch and tag.
std::vector<Oid> all_tips(SessionImpl& session) {
  std::vector<Oid> tips = {session.transaction()->snapshot().commit};
  for (const txn::BranchInfo& branch : session.owner().manager().branches())
    tips.push_back(branch.commit);
  for (const store::RefEntry& tag : session.owner().store().refs(git::kTagRefs)) {
    if (const auto commit =
            session.owner().manager().resolve_revision(tag.name, session.branch_name()))
      tips.push_back(*commit);
  }
  return tips;
}

VirtualTablePtr commits_table(SessionImpl& session) {
  return log_table(
      session,
      [&session](const std::vector<Value>&) -> Result<LogRequest> {
        LogRequest request;
        request.from = all_tips(session);
        return request;
      },
      false);
}

VirtualTablePtr parents_table(SessionImpl& session) {
  const std::vector<OutputColumn> columns = {
      {"commit", kTextType}, {"position", kBigintType}, {"parent", kTextType}};
  return stream_table(
      columns,
      [&session](const std::vector<Value>&, const expr::EvalContext& context) -> Result<NextRow> {
        LogRequest request;
        request.from = all_tips(session);
        struct State {
          LogWalk walk;
          LogEntry entry;
          size_t next = 0;
        };
        TRY_ASSIGN(LogWalk walk,
                   LogWalk::open(session_history(session, context.cancelled), std::move(request)));
        auto state = std::make_shared<State>(State{std::move(walk), {}, 0});
        return NextRow([state](std::vector<Value>& row) -> Result<bool> {
          while (state->next == state->entry.commit.parents.size()) {
            TRY_ASSIGN(const bool more, state->walk.next(state->entry));
            if (!more) return false;
            state->next = 0;
          }
          const size_t at = state->next++;
          row = {text_value(state->entry.id.hex()), bigint_value(static_cast<int64_t>(at + 1)),
                 text_value(state->entry.commit.parents[at].hex())};
          return true;
        });
      });
}

// rowan.log([revision or range [, table [, key …]]])
Result<LogRequest> log_request(SessionImpl& session, const std::vector<Value>& arguments) {
  LogRequest request;
  TRY_ASSIGN(const std::string revision, revision_text(arguments, 0));
  TRY_ASSIGN(const std::optional<CommitRange> range, session_range(session, revision));
  if (range) {
    request.from = {range->to};
    request.without = {range->from};
  } else {
    TRY_ASSIGN(const Oid commit, session_revision(session, revision));
    request.from = {commit};
  }
  if (arguments.size() > 2 && arguments[1].is_null())
    return Error(ErrorCode::kInvalidParameterValue, "a key needs the table that the row is in");
  if (arguments.size() < 2 || arguments[1].is_null()) return request;
  TRY_ASSIGN(const TableName name, parse_table_name(session, argument_text(arguments, 1)));
  TRY_ASSIGN(const PlacedTable placed, place_table(session, name, request.from.front()));
  request.path = placed.path;
  if (arguments.size() > 2) {
    TRY_ASSIGN(request.key,
               encode_row_key(*placed.version.table, {arguments.begin() + 2, arguments.end()}));
  }
  return request;
}

}  // namespace

VirtualTablePtr log_table(SessionImpl& session,
                          std::function<Result<LogRequest>(const std::vector<Value>&)> request_of,
                          bool brief) {
  return stream_table(
      log_columns(brief),
      [&session, request_of, brief](const std::vector<Value>& arguments,
                                    const expr::EvalContext& context) -> Result<NextRow> {
        TRY_ASSIGN(LogRequest request, request_of(arguments));
        TRY_ASSIGN(LogWalk walk,
                   LogWalk::open(session_history(session, context.cancelled), std::move(request)));
        auto shared = std::make_shared<LogWalk>(std::move(walk));
        return NextRow([shared, brief](std::vector<Value>& row) -> Result<bool> {
          LogEntry entry;
          TRY_ASSIGN(const bool more, shared->next(entry));
          if (!more) return false;
          const git::Commit& commit = entry.commit;
          row = {text_value(entry.id.hex()), text_value(commit.author.name),
                 text_value(commit.author.email), time_value(entry.time_us),
                 text_value(std::string(git::subject(commit.message)))};
          if (brief) return true;
          row.push_back(text_value(commit.committer.name));
          row.push_back(text_value(body_of(commit.message)));
          row.push_back(text_value(joined(commit.parents)));
          row.push_back(bool_value(entry.is_cut));
          return true;
        });
      },
      false);
}

VirtualTablePtr find_history_table(SessionImpl& session, std::string_view name) {
  if (name == "log")
    return log_table(
        session, [&session](const std::vector<Value>& none) { return log_request(session, none); },
        false);
  if (name == "commits") return commits_table(session);
  if (name == "parents") return parents_table(session);
  return nullptr;
}

// ---- Which function ----

namespace {

// from and to, or one range, from argument `first` on. Without a `to` it is HEAD.
Result<CommitRange> range_arguments(SessionImpl& session, const std::vector<Value>& arguments,
                                    size_t first) {
  TRY_ASSIGN(const std::string from, revision_text(arguments, first));
  TRY_ASSIGN(const std::string to, revision_text(arguments, first + 1));
  if (arguments.size() <= first + 1) {
    TRY_ASSIGN(const std::optional<CommitRange> range, session_range(session, from));
    if (range) return *range;
  }
  CommitRange range;
  TRY_ASSIGN(range.from, session_revision(session, from));
  TRY_ASSIGN(range.to, session_revision(session, to));
  return range;
}

// ([table,] from, to) | ([table,] range) | (from)
Result<DiffTarget> target_arguments(SessionImpl& session, const std::vector<Value>& arguments) {
  const bool has_table =
      arguments.size() == 3 ||
      (arguments.size() == 2 && argument_text(arguments, 1).find("..") != std::string::npos);
  DiffTarget target;
  if (has_table && !arguments[0].is_null()) {
    TRY_ASSIGN(target.table, parse_table_name(session, argument_text(arguments, 0)));
  }
  TRY_ASSIGN(target.range, range_arguments(session, arguments, has_table ? 1 : 0));
  return target;
}

std::optional<std::vector<Value>> all_known(const KnownArguments& known) {
  std::vector<Value> values;
  for (const std::optional<Value>& value : known) {
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

// Tables, revisions, columns, queries and policies are texts; a key has its columns' types, and a value
// that is looked for has any.
bool takes(const sql::CallExpr& call, const std::vector<type::Type>& types) {
  size_t texts = types.size();
  if (call.name == "log" || call.name == "history" || call.name == "blame" || call.name == "blame_cells")
    texts = std::min<size_t>(texts, 2);
  for (size_t i = 0; i < texts; ++i) {
    const bool is_value = call.name == "pickaxe" && i == 1;
    if (!is_value && !type::is_text(types[i].id)) return false;
  }
  return true;
}

}  // namespace

Result<VirtualTablePtr> find_history_function(SessionImpl& session, const sql::CallExpr& call,
                                              const std::vector<type::Type>& types,
                                              const KnownArguments& known) {
  if (call.schema != "rowan" || !takes(call, types)) return VirtualTablePtr();
  const size_t count = types.size();
  if (call.name == "log") {
    return log_table(
        session,
        [&session](const std::vector<Value>& arguments) { return log_request(session, arguments); },
        false);
  }
  if (call.name == "diff" && (count == 2 || count == 3)) {
    TRY_ASSIGN(const std::string text, known_text(known, 0, "diff"));
    TRY_ASSIGN(const TableName name, parse_table_name(session, text));
    const auto range_of = [&session](const std::vector<Value>& arguments) {
      return range_arguments(session, arguments, 1);
    };
    std::optional<CommitRange> range;
    if (const auto values = all_known(known)) {
      TRY_ASSIGN(range, range_of(*values));
    }
    return diff_table(session, name, range, range_of);
  }
  if (call.name == "diff_stat" && count >= 1 && count <= 3) {
    return diff_stat_table(session, [&session](const std::vector<Value>& arguments) {
      return target_arguments(session, arguments);
    });
  }
  if (call.name == "diff_rows" && count >= 1 && count <= 3) {
    return diff_rows_table(session, [&session](const std::vector<Value>& arguments) {
      return target_arguments(session, arguments);
    });
  }
  if (call.name == "schema_diff" && count >= 1 && count <= 3) {
    return schema_diff_table(session, [&session](const std::vector<Value>& arguments) {
      return target_arguments(session, arguments);
    });
  }
  const bool native = call.name == "native_patch";
  if ((call.name == "patch" || native) && count >= 1 && count <= 3) {
    return patch_table(
        session,
        [&session](const std::vector<Value>& arguments) {
          return target_arguments(session, arguments);
        },
        native);
  }
  if (call.name == "bisect" && count == 3) return bisect_table(session);
  if (call.name == "merge_decisions" && count >= 1 && count <= 3)
    return merge_decisions_table(session);
  return find_blame_function(session, call, known);
}

}  // namespace rowan::engine
