#include "system/shown.h"

#include <fmt/format.h>

#include <ctime>
#include <memory>
#include <set>
#include <utility>

#include "expr/constant.h"
#include "sql/parser.h"
#include "system/rowan/history_tables.h"

namespace rowan::system {

using type::Value;

namespace {

constexpr uint64_t kTransactionsShown = 100;  // CommitDB's own limit of SHOW TRANSACTIONS.

Result<uint64_t> limit_of(const sql::Expr* limit, uint64_t otherwise,
                          const expr::EvalContext& eval) {
  if (limit == nullptr) return otherwise;
  TRY_ASSIGN(const auto value, expr::constant_value(*limit, kBigintType, "LIMIT", eval));
  if (!value || value->is_null()) return UINT64_MAX;
  if (value->as_int() < 0) return Error(ErrorCode::kInvalidRowCount, "LIMIT must not be negative");
  return static_cast<uint64_t>(value->as_int());
}

Result<std::optional<int64_t>> time_of(const sql::Expr* time, std::string_view clause,
                                       const expr::EvalContext& eval) {
  if (time == nullptr) return std::optional<int64_t>();
  TRY_ASSIGN(const auto value, expr::constant_value(*time, kTimeType, clause, eval));
  if (!value) return std::optional<int64_t>();
  if (value->is_null())
    return Error(ErrorCode::kInvalidParameterValue, fmt::format("{} must not be null", clause))
        .at(time->position);
  if (value->as_int() == INT64_MIN) return std::optional<int64_t>(INT64_MIN);
  if (value->as_int() >= INT64_MAX - exec::kMicrosFrom1970To2000)
    return std::optional<int64_t>(INT64_MAX);
  return std::optional<int64_t>(value->as_int() + exec::kMicrosFrom1970To2000);
}

// The values of KEY: one, or those of a row. Nothing: a parameter of it has no value yet.
Result<std::optional<std::vector<Value>>> key_values(const sql::Expr& key,
                                                     const expr::EvalContext& eval) {
  std::vector<Value> values;
  bool is_known = true;
  const auto add = [&](const sql::Expr& part) -> Result<void> {
    TRY_ASSIGN(auto value, expr::constant_value(part, {}, "KEY", eval));
    is_known = is_known && value.has_value();
    if (value) values.push_back(std::move(*value));
    return {};
  };
  if (key.kind == sql::ExprKind::kRow) {
    for (const sql::Expr* part : static_cast<const sql::RowExpr&>(key).items) TRY(add(*part));
  } else {
    TRY(add(key));
  }
  if (!is_known) return std::optional<std::vector<Value>>();
  return std::optional(std::move(values));
}

TableName name_of(Context& context, const sql::QualifiedName& name) {
  return {name.schema.empty() ? context.schema_of(name.name) : std::string(name.schema),
          std::string(name.name)};
}

// Collects where a walk finds history cut, and says so.
class Boundaries {
 public:
  AtBoundary collector() const {
    return [found = found_](const Oid& commit) { found->insert(commit); };
  }
  // `what`: what is not known of the commits.
  std::vector<std::string> notices(std::string_view what) const {
    std::vector<std::string> texts;
    for (const Oid& commit : *found_) {
      texts.push_back(
          fmt::format("history is cut at commit {} (a shallow clone): {}", commit.hex(), what));
    }
    return texts;
  }

 private:
  std::shared_ptr<std::set<Oid>> found_ = std::make_shared<std::set<Oid>>();
};

constexpr Column kBriefLog[] = {{"commit", type::TypeId::kText},
                                {"author", type::TypeId::kText},
                                {"email", type::TypeId::kText},
                                {"time", type::TypeId::kTimestamptz},
                                {"message", type::TypeId::kText}};
// CommitDB's columns, its names and its time format.
constexpr Column kTransactions[] = {{"ID", type::TypeId::kText},
                                    {"Timestamp", type::TypeId::kText},
                                    {"Message", type::TypeId::kText},
                                    {"Author", type::TypeId::kText}};

std::string commitdb_time(int64_t time_us) {
  const std::time_t seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char time[32];
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return time;
}

Result<NextRow> transaction_rows(Context& context, const LogRequest& request,
                                 const expr::EvalContext& eval) {
  TRY_ASSIGN(LogWalk walk, LogWalk::open(history_of(context, eval.cancelled), request));
  auto shared = std::make_shared<LogWalk>(std::move(walk));
  return NextRow([shared](Values& row) -> Result<bool> {
    LogEntry entry;
    TRY_ASSIGN(const bool more, shared->next(entry));
    if (!more) return false;
    const git::Signature& author = entry.commit.author;
    row = {text_value(entry.id.hex()), text_value(commitdb_time(entry.time_us)),
           text_value(std::string(git::subject(entry.commit.message))),
           text_value(fmt::format("{} <{}>", author.name, author.email))};
    return true;
  });
}

std::vector<plan::OutputColumn> outputs_of(Columns columns) {
  std::vector<plan::OutputColumn> outputs;
  for (const Column& column : columns)
    outputs.push_back({std::string(column.name), {column.type, -1}});
  return outputs;
}

// A table of fixed columns, for a request that is known.
template <typename Open>
TablePtr known_table(Columns columns, Open open) {
  return stream_table(
      outputs_of(columns),
      [open](const Values&, const expr::EvalContext& eval) { return open(eval); }, false);
}

// What of the log the statement asks for.
Result<LogRequest> log_request(Context& context, const sql::ShowLogStmt& statement,
                               const expr::EvalContext& eval) {
  LogRequest request;
  TRY_ASSIGN(const std::optional<CommitRange> range, range_of(context, statement.branch));
  if (range) {
    request.from = {range->to};
    request.without = {range->from};
  } else {
    TRY_ASSIGN(const Oid commit, commit_of(context, statement.branch));
    request.from = {commit};
  }
  request.path = statement.path;
  while (request.path.ends_with('/')) request.path.pop_back();
  request.author = statement.author;
  request.grep = statement.grep;
  TRY_ASSIGN(request.since_us, time_of(statement.since, "SINCE", eval));
  TRY_ASSIGN(request.until_us, time_of(statement.until, "UNTIL", eval));
  if (statement.key != nullptr && !statement.has_table) {
    return Error(ErrorCode::kSyntaxError, "KEY needs the table that the row is in")
        .at(statement.key->position)
        .with_hint("SHOW LOG FOR t KEY …");
  }
  if (statement.has_table) {
    if (!request.path.empty())
      return Error(ErrorCode::kSyntaxError, "FOR and PATH do not go together");
    auto placed = place_table(context, name_of(context, statement.table), request.from.front());
    if (!placed) return std::move(placed.error()).at(statement.table.position);
    request.path = placed->path;
    if (statement.key != nullptr) {
      TRY_ASSIGN(const auto values, key_values(*statement.key, eval));
      if (values) {
        TRY_ASSIGN(request.key, encode_row_key(*placed->version.table, *values));
      }
    }
  }
  return request;
}

// ---- A function a statement ----

Result<Shown> show_log(Context& context, const sql::ShowLogStmt& statement) {
  const expr::EvalContext eval = context.eval();
  const Boundaries boundaries;
  TRY_ASSIGN(LogRequest request, log_request(context, statement, eval));
  request.at_boundary = boundaries.collector();
  const bool commitdb = statement.kind == sql::StatementKind::kShowTransactions;
  Shown shown;
  TRY_ASSIGN(shown.limit,
             limit_of(statement.limit, commitdb ? kTransactionsShown : UINT64_MAX, eval));
  shown.table = known_table(commitdb ? Columns(kTransactions) : Columns(kBriefLog),
                            [&context, request, commitdb](const expr::EvalContext& now) {
                              return commitdb ? transaction_rows(context, request, now)
                                              : log_rows(context, request, true, now);
                            });
  const std::string_view what = request.path.empty()
                                    ? "what came before it is not here"
                                    : "what came before it is not here, nor whether it "
                                      "made what it has";
  shown.notices = [boundaries, what, limit = shown.limit](uint64_t rows) {
    // Else not all was asked for.
    return rows == limit ? std::vector<std::string>() : boundaries.notices(what);
  };
  return shown;
}

Result<Shown> show_diff(Context& context, const sql::DiffStmt& statement) {
  const expr::EvalContext eval = context.eval();
  DiffTarget target;
  TRY_ASSIGN(const sql::RevisionRange range, sql::revision_range(statement));
  TRY_ASSIGN(target.range.to, commit_of(context, range.to));
  TRY_ASSIGN(target.range.from, commit_of(context, range.from));
  if (range.three_dots) {
    TRY_ASSIGN(target.range,
               versions::merge_base_range(context.versions(), target.range.from, target.range.to));
  }
  if (statement.has_table) target.table = name_of(context, statement.table);
  TRY_ASSIGN(const uint64_t limit, limit_of(statement.limit, UINT64_MAX, eval));
  Shown shown;
  shown.limit = limit;
  if (statement.has_table && !statement.schema && !statement.stat) {
    const auto range_of = [target](const Values&) -> Result<CommitRange> { return target.range; };
    auto table = diff_table(context, *target.table, target.range, range_of);
    if (!table) return std::move(table.error()).at(statement.table.position);
    shown.table = std::move(*table);
    return shown;
  }
  const auto rows = statement.schema ? schema_diff_rows
                    : statement.stat ? diff_stat_rows
                                     : diff_rows_rows;
  const std::string_view name = statement.schema ? "schema_diff"
                                : statement.stat ? "diff_stat"
                                                 : "diff_rows";
  shown.table =
      known_table(columns_of(name), [&context, target, rows](const expr::EvalContext& now) {
        return rows(context, target, now);
      });
  return shown;
}

Result<Shown> show_blame(Context& context, const sql::BlameStmt& statement) {
  const expr::EvalContext eval = context.eval();
  BlameTarget target{name_of(context, statement.table),
                     std::string(statement.revision),
                     std::nullopt,
                     statement.cells,
                     {}};
  const Boundaries boundaries;
  target.at_boundary = boundaries.collector();
  if (statement.key != nullptr) {
    TRY_ASSIGN(target.key, key_values(*statement.key, eval));
  }
  auto table = blame_table(context, target);
  if (!table) return std::move(table.error()).at(statement.table.position);
  Shown shown;
  shown.table = std::move(*table);
  shown.notices = [boundaries](uint64_t) {
    return boundaries.notices("what is given to it is as old as it, or older");
  };
  return shown;
}

constexpr ShowRow kRows[] = {
    {sql::StatementKind::kShowLog, ShowCall<show_log>::run},
    {sql::StatementKind::kShowTransactions, ShowCall<show_log>::run},
    {sql::StatementKind::kShowDiff, ShowCall<show_diff>::run},
    {sql::StatementKind::kBlame, ShowCall<show_blame>::run},
};

}  // namespace

constinit const std::span<const ShowRow> kHistoryShows = kRows;

}  // namespace rowan::system
