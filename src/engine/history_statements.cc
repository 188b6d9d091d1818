#include "engine/history_statements.h"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "engine/history_tables.h"
#include "engine/session.h"
#include "expr/binder.h"

namespace rowan::engine {

using type::Value;

namespace {

constexpr uint64_t kTransactionsShown = 100;  // CommitDB's own limit of SHOW TRANSACTIONS.

// No columns: only constants, functions and parameters.
class NoColumns final : public expr::Scope {
 public:
  explicit NoColumns(std::string_view clause) : clause_(clause) {}
  Result<expr::NodePtr> resolve_column(const sql::ColumnExpr& column) override {
    return Error(ErrorCode::kUndefinedColumn,
                 fmt::format("cannot use column reference in {}", clause_))
        .at(column.position);
  }
  std::string_view clause() const override { return clause_; }

 private:
  std::string_view clause_;
};

Result<Value> constant_of(const sql::Expr& expr, type::Type wanted, std::string_view clause,
                          const expr::EvalContext& eval) {
  NoColumns scope(clause);
  expr::ParameterTypes parameters;
  expr::BindContext context{scope, parameters, {}};
  TRY_ASSIGN(expr::NodePtr node, expr::bind(expr, context));
  if (wanted.id != type::TypeId::kUnknown || node->type.id == type::TypeId::kUnknown) {
    const type::Type to = wanted.id == type::TypeId::kUnknown ? kTextType : wanted;
    TRY_ASSIGN(node, expr::coerce(std::move(node), to, type::CastContext::kAssignment, context));
  }
  return expr::evaluate_constant(*node, eval);
}

Result<uint64_t> limit_of(const sql::Expr* limit, uint64_t otherwise,
                          const expr::EvalContext& eval) {
  if (limit == nullptr) return otherwise;
  TRY_ASSIGN(const Value value, constant_of(*limit, kBigintType, "LIMIT", eval));
  if (value.is_null()) return UINT64_MAX;
  if (value.as_int() < 0) return Error(ErrorCode::kInvalidRowCount, "LIMIT must not be negative");
  return static_cast<uint64_t>(value.as_int());
}

Result<std::optional<int64_t>> time_of(const sql::Expr* time, std::string_view clause,
                                       const expr::EvalContext& eval) {
  if (time == nullptr) return std::optional<int64_t>();
  TRY_ASSIGN(const Value value, constant_of(*time, kTimeType, clause, eval));
  if (value.is_null())
    return Error(ErrorCode::kInvalidParameterValue, fmt::format("{} must not be null", clause))
        .at(time->position);
  if (value.as_int() == INT64_MIN) return std::optional<int64_t>(INT64_MIN);
  if (value.as_int() >= INT64_MAX - kMicrosFrom1970To2000) return std::optional<int64_t>(INT64_MAX);
  return std::optional<int64_t>(value.as_int() + kMicrosFrom1970To2000);
}

// The values of KEY: one, or those of a row.
Result<std::vector<Value>> key_values(const sql::Expr& key, const expr::EvalContext& eval) {
  std::vector<Value> values;
  const auto add = [&](const sql::Expr& part) -> Result<void> {
    TRY_ASSIGN(Value value, constant_of(part, {}, "KEY", eval));
    values.push_back(std::move(value));
    return {};
  };
  if (key.kind == sql::ExprKind::kRow) {
    for (const sql::Expr* part : static_cast<const sql::RowExpr&>(key).items) TRY(add(*part));
  } else {
    TRY(add(key));
  }
  return values;
}

TableName name_of(SessionImpl& session, const sql::QualifiedName& name) {
  return {session.schema_of(name), std::string(name.name)};
}

Result<TableRows> rows_of(const plan::VirtualTable& table, uint64_t limit,
                          const expr::EvalContext& eval) {
  TableRows rows;
  rows.columns = table.columns();
  TRY_ASSIGN(rows.batches, all_rows(table, {}, eval, limit));
  return rows;
}

// Collects where a walk finds history cut, and says so.
class Boundaries {
 public:
  AtBoundary collector() const {
    return [found = found_](const Oid& commit) { found->insert(commit); };
  }
  // `what`: what is not known of the commits.
  void add_notices(std::string_view what, TableRows& rows) const {
    for (const Oid& commit : *found_) {
      rows.notices.push_back(
          fmt::format("history is cut at commit {} (a shallow clone): {}", commit.hex(), what));
    }
  }

 private:
  std::shared_ptr<std::set<Oid>> found_ = std::make_shared<std::set<Oid>>();
};

// CommitDB's columns, its names and its time format.
Result<TableRows> transactions(SessionImpl& session, uint64_t limit, const LogRequest& request,
                               const expr::EvalContext& eval) {
  TableRows rows;
  for (const char* name : {"ID", "Timestamp", "Message", "Author"})
    rows.columns.push_back({name, kTextType});
  TRY_ASSIGN(LogWalk walk, LogWalk::open(session_history(session, eval.cancelled), request));
  RowCollector collector(rows.columns);
  LogEntry entry;
  while (collector.rows() < limit) {
    TRY_ASSIGN(const bool more, walk.next(entry));
    if (!more) break;
    const std::time_t seconds = static_cast<std::time_t>(entry.time_us / 1'000'000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char time[32];
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &utc);
    const git::Signature& author = entry.commit.author;
    collector.add({text_value(entry.id.hex()), text_value(time),
                   text_value(std::string(git::subject(entry.commit.message))),
                   text_value(fmt::format("{} <{}>", author.name, author.email))});
  }
  rows.batches = collector.finish();
  return rows;
}

}  // namespace

Result<TableRows> show_log(SessionImpl& session, const sql::ShowLogStmt& statement) {
  const expr::EvalContext eval = session.eval_context();
  const Boundaries boundaries;
  LogRequest request;
  request.at_boundary = boundaries.collector();
  TRY_ASSIGN(const std::optional<CommitRange> range, session_range(session, statement.branch));
  if (range) {
    request.from = {range->to};
    request.without = {range->from};
  } else {
    TRY_ASSIGN(const Oid commit, session_revision(session, statement.branch));
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
    auto placed = place_table(session, name_of(session, statement.table), request.from.front());
    if (!placed) return std::move(placed.error()).at(statement.table.position);
    request.path = placed->path;
    if (statement.key != nullptr) {
      TRY_ASSIGN(const std::vector<Value> values, key_values(*statement.key, eval));
      TRY_ASSIGN(request.key, encode_row_key(*placed->version.table, values));
    }
  }
  const bool commitdb = statement.kind == sql::StatementKind::kShowTransactions;
  TRY_ASSIGN(const uint64_t limit,
             limit_of(statement.limit, commitdb ? kTransactionsShown : UINT64_MAX, eval));
  TableRows rows;
  if (commitdb) {
    TRY_ASSIGN(rows, transactions(session, limit, request, eval));
  } else {
    const VirtualTablePtr table = log_table(
        session, [request](const std::vector<Value>&) -> Result<LogRequest> { return request; },
        true);
    TRY_ASSIGN(rows, rows_of(*table, limit, eval));
  }
  size_t shown = 0;
  for (const type::Batch& batch : rows.batches) shown += batch.rows;
  if (shown == limit) return rows;  // Not all was asked for.
  boundaries.add_notices(request.path.empty() ? "what came before it is not here"
                                              : "what came before it is not here, nor whether it "
                                                "made what it has",
                         rows);
  return rows;
}

Result<TableRows> show_diff(SessionImpl& session, const sql::DiffStmt& statement) {
  const expr::EvalContext eval = session.eval_context();
  DiffTarget target;
  TRY_ASSIGN(target.range.to, session_revision(session, statement.to));
  const std::string_view from = !statement.from.empty() ? statement.from
                                : statement.to.empty()  ? "HEAD~1"
                                                        : "HEAD";
  TRY_ASSIGN(target.range.from, session_revision(session, from));
  if (statement.three_dots) {
    TRY_ASSIGN(target.range, merge_base_range(session, target.range.from, target.range.to));
  }
  if (statement.has_table) target.table = name_of(session, statement.table);
  TRY_ASSIGN(const uint64_t limit, limit_of(statement.limit, UINT64_MAX, eval));
  const auto target_of = [target](const std::vector<Value>&) -> Result<DiffTarget> {
    return target;
  };
  if (statement.schema) return rows_of(*schema_diff_table(session, target_of), limit, eval);
  if (statement.stat) return rows_of(*diff_stat_table(session, target_of), limit, eval);
  if (!statement.has_table) return rows_of(*diff_rows_table(session, target_of), limit, eval);
  const auto range_of = [target](const std::vector<Value>&) -> Result<CommitRange> {
    return target.range;
  };
  auto table = diff_table(session, *target.table, target.range, range_of);
  if (!table) return std::move(table.error()).at(statement.table.position);
  return rows_of(**table, limit, eval);
}

Result<TableRows> run_blame(SessionImpl& session, const sql::BlameStmt& statement) {
  const expr::EvalContext eval = session.eval_context();
  BlameTarget target{name_of(session, statement.table), std::string(statement.revision),
                     std::nullopt, statement.cells, {}};
  const Boundaries boundaries;
  target.at_boundary = boundaries.collector();
  if (statement.key != nullptr) {
    TRY_ASSIGN(target.key, key_values(*statement.key, eval));
  }
  auto table = blame_table(session, target);
  if (!table) return std::move(table.error()).at(statement.table.position);
  TRY_ASSIGN(TableRows rows, rows_of(**table, UINT64_MAX, eval));
  boundaries.add_notices("what is given to it is as old as it, or older", rows);
  return rows;
}

}  // namespace rowan::engine
