// Statements that are planned: queries, INSERT, UPDATE, DELETE, EXPLAIN.
#include <fmt/format.h>

#include "base/ensure.h"
#include "engine/given_parameters.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "engine/stream.h"
#include "engine/virtual_rows.h"
#include "exec/build.h"
#include "sql/statements.h"

namespace rowan::engine {

namespace {

using sql::StatementKind;

constexpr int kStatementRestartsMax = 1000;

Result<std::unique_ptr<exec::DmlPlan>> plan_modify(const sql::Statement& statement,
                                                   plan::PlanContext& context) {
  if (statement.kind == StatementKind::kInsert)
    return exec::plan_insert(static_cast<const sql::InsertStmt&>(statement), context);
  if (statement.kind == StatementKind::kUpdate)
    return exec::plan_update(static_cast<const sql::UpdateStmt&>(statement), context);
  ENSURE(statement.kind == StatementKind::kDelete);
  return exec::plan_delete(static_cast<const sql::DeleteStmt&>(statement), context);
}

}  // namespace

bool SessionImpl::plan_is_current(const Prepared& prepared) const {
  return prepared.planned && !block_.schema_changed() &&
         prepared.generation == block_.transaction()->snapshot().schema_generation &&
         prepared.search_path == settings().search_path();
}

Result<void> SessionImpl::plan_statement(Prepared& prepared) {
  if (plan_is_current(prepared)) return {};
  prepared.planned = false;
  prepared.start_parameters();
  SessionResolver resolver(*this);
  const expr::EvalContext eval = eval_context();
  plan::PlanContext context{resolver, prepared.parameters, eval, settings().disabled_rules()};
  bool cacheable = true;
  const sql::Statement& statement = *prepared.parsed.statement;
  if (statement.kind == StatementKind::kSelect) {
    TRY_ASSIGN(plan::Plan query,
               plan::plan_query(static_cast<const sql::SelectStmt&>(statement), context));
    cacheable = query.cacheable;
    prepared.is_point = exec::is_point_get(query);
    prepared.columns = column_infos(query.outputs);
    const expr::Effects& effects = query.effects;
    prepared.draws = effects.writes;
    prepared.uses_session = effects.writes || effects.reads_session;
    prepared.query = std::make_shared<const plan::Plan>(std::move(query));
  } else {
    TRY_ASSIGN(std::unique_ptr<exec::DmlPlan> dml, plan_modify(statement, context));
    cacheable = dml->cacheable();
    prepared.columns = column_infos(dml->returning());
    prepared.dml = std::move(dml);
  }
  prepared.generation = block_.transaction()->snapshot().schema_generation;
  prepared.search_path = settings().search_path();
  prepared.planned = cacheable && !block_.schema_changed();
  return {};
}

Result<void> SessionImpl::check_parameter_count(const Prepared& prepared,
                                                const std::vector<Parameter>& parameters) {
  const size_t wanted_count = prepared.parameter_count();
  if (parameters.size() >= wanted_count) return {};
  return Error(ErrorCode::kUndefinedParameter,
               fmt::format("there is no parameter ${}", parameters.size() + 1))
      .with_detail(fmt::format("The statement has {} parameters, {} were given.", wanted_count,
                               parameters.size()));
}

Result<void> SessionImpl::bind_parameters(const Prepared& prepared,
                                          const std::vector<Parameter>& parameters) {
  const size_t wanted_count = prepared.parameter_count();
  TRY(check_parameter_count(prepared, parameters));
  parameter_values_.clear();
  const int64_t now = statement_time_us();
  for (size_t i = 0; i < wanted_count; ++i) {
    const type::Type wanted =
        i < prepared.parameters.types.size() ? prepared.parameters.types[i] : type::Type{};
    TRY_ASSIGN(type::Value value, to_value(parameters[i], wanted, now));
    parameter_values_.push_back(std::move(value));
  }
  return {};
}

Result<std::unique_ptr<Rows>> SessionImpl::run_select(const std::shared_ptr<Prepared>& prepared,
                                                      const std::vector<Parameter>& parameters) {
  const bool began_to_write = prepared->draws;
  parameter_values_.clear();
  TRY(plan_statement(*prepared));
  if (prepared->draws && !began_to_write) {  // It writes after all, and begins again as one that does.
    block_.end_own();
    return execute_checked(prepared, parameters);
  }
  TRY(bind_parameters(*prepared, parameters));
  return run_query(prepared);
}

Result<std::unique_ptr<Rows>> SessionImpl::run_query(const std::shared_ptr<Prepared>& prepared) {
  if (prepared->is_point && !prepared->uses_session) {
    exec::ExecContext context = exec_context();
    TRY_ASSIGN(exec::PointRow row, exec::run_point_get(*prepared->query, context));
    block_.end_own();
    return make_point_rows(prepared->columns, row.found, std::move(row.values));
  }
  if (!prepared->uses_session && !prepared->is_deep) {
    const auto stream =
        std::make_shared<Stream>(*this, prepared, block_.take_own(), parameter_values_);
    TRY(stream->open());
    return make_stream_rows(prepared->columns,
                            [stream](type::Batch& batch) { return stream->pull(batch); });
  }
  exec::ExecContext context = exec_context();
  TRY_ASSIGN(const std::unique_ptr<exec::Operator> root, exec::build(*prepared->query, context));
  TRY(root->open());
  MemoryAccount account = context.rows_account();
  TRY_ASSIGN(std::vector<type::Batch> batches, exec::read_batches(*root, context, account));
  uint64_t rows = 0;
  for (const type::Batch& batch : batches) rows += batch.rows;
  std::string commit;
  if (prepared->uses_session) {
    TRY_ASSIGN(commit, finish_statement(*prepared));
  } else {
    block_.end_own();
  }
  return make_batch_rows(prepared->columns, std::move(batches),
                         {fmt::format("SELECT {}", rows), rows, std::move(commit), {}},
                         std::move(account));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_modify(Prepared& prepared,
                                                      const std::vector<Parameter>& parameters) {
  parameter_values_.clear();
  TRY(plan_statement(prepared));
  TRY(bind_parameters(prepared, parameters));
  exec::ExecContext context = exec_context();
  std::shared_ptr<const exec::DmlPlan> plan = prepared.dml;
  exec::DmlOutcome outcome;
  for (int runs = 0;; ++runs) {
    TRY_ASSIGN(outcome, plan->run(context));
    if (!outcome.restart) break;
    if (runs == kStatementRestartsMax)
      return Error(ErrorCode::kSerializationFailure,
                   "could not serialize access due to concurrent update");
    TRY(block_.transaction()->restart_statement());
    if (!plan_is_current(prepared)) {
      TRY(plan_statement(prepared));
      plan = prepared.dml;
    }
  }
  std::string tag = fmt::format("{} {}", plan->tag(), outcome.rows);
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return make_batch_rows(prepared.columns, std::move(outcome.returning),
                         {std::move(tag), outcome.rows, std::move(commit), {}},
                         std::move(outcome.returning_account));
}

// For the types of its parameters.
Result<void> SessionImpl::plan_explained(Prepared& prepared) {
  const sql::Statement& inner =
      *static_cast<const sql::ExplainStmt&>(*prepared.parsed.statement).statement;
  SessionResolver resolver(*this);
  parameter_values_.clear();
  const expr::EvalContext eval = eval_context();
  plan::PlanContext planning{resolver, prepared.parameters, eval, settings().disabled_rules()};
  if (inner.kind == StatementKind::kSelect) {
    TRY(plan::plan_query(static_cast<const sql::SelectStmt&>(inner), planning));
  } else if (sql::class_of(inner.kind) == sql::StatementClass::kModify) {
    TRY(plan_modify(inner, planning));
  }
  return {};
}

Result<std::unique_ptr<Rows>> SessionImpl::run_explain(Prepared& prepared,
                                                       const std::vector<Parameter>& given) {
  const auto& explain = static_cast<const sql::ExplainStmt&>(*prepared.parsed.statement);
  const sql::Statement& inner = *explain.statement;
  SessionResolver resolver(*this);
  parameter_values_.clear();
  exec::ExecContext context = exec_context();
  prepared.start_parameters();
  plan::PlanContext planning{resolver, prepared.parameters, context.eval,
                             settings().disabled_rules()};
  std::vector<std::string> lines;
  if (inner.kind == StatementKind::kSelect) {
    TRY_ASSIGN(const plan::Plan plan,
               plan::plan_query(static_cast<const sql::SelectStmt&>(inner), planning));
    if (explain.analyze) {
      TRY(bind_parameters(prepared, given));
      TRY_ASSIGN(lines, exec::explain_analyze(plan, context));
    } else {
      lines = plan::explain(plan);
    }
  } else if (sql::class_of(inner.kind) == sql::StatementClass::kModify) {
    if (explain.analyze)
      return Error(ErrorCode::kFeatureNotSupported,
                   "EXPLAIN ANALYZE of a statement that writes is not supported yet");
    TRY_ASSIGN(const std::unique_ptr<exec::DmlPlan> plan, plan_modify(inner, planning));
    lines = plan->explain();
  } else {
    return Error(ErrorCode::kSyntaxError, "EXPLAIN takes SELECT, INSERT, UPDATE or DELETE");
  }
  std::vector<std::vector<std::string>> rows;
  for (std::string& line : lines) rows.push_back({std::move(line)});
  TableRows table = exec::answer_rows(StatementKind::kExplain, rows);
  block_.end_own();
  return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                         {"EXPLAIN", 0, {}, {}});
}

// ---- What a commit keeps of a statement ----

Result<std::string> SessionImpl::finish_statement(Prepared& prepared) {
  return block_.finish_statement(may_write(prepared) ? commit_text(prepared) : std::string_view());
}

std::string_view SessionImpl::commit_text(Prepared& prepared) const {
  const Settings::CommitStatement form = settings().commit_statement();
  if (form == Settings::CommitStatement::kOff || prepared.parsed.may_hold_secret) return {};
  // Definitions have no data to hide, and numeric($1,$2) says nothing.
  const bool defines =
      sql::class_of(prepared.parsed.statement->kind) == sql::StatementClass::kDefine;
  if (form == Settings::CommitStatement::kFull || defines)
    return prepared.parsed.statement->text;
  if (prepared.commit_text.empty())
    prepared.commit_text = sql::normalise_statement(prepared.parsed.statement->text);
  return prepared.commit_text;
}

}  // namespace rowan::engine
