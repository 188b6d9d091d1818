// Statements that are planned: queries, INSERT, UPDATE, DELETE, EXPLAIN.
#include <fmt/format.h>

#include "base/ensure.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "engine/virtual_rows.h"
#include "exec/build.h"
#include "sql/statements.h"
#include "type/cast.h"
#include "type/text.h"

namespace rowan::engine {

namespace {

using sql::StatementKind;
using type::TypeId;

constexpr int kStatementRestartsMax = 1000;

Result<type::Value> to_value(const Parameter& parameter, type::Type wanted, int64_t now) {
  if (wanted.id == TypeId::kUnknown) wanted = {TypeId::kText};
  if (std::holds_alternative<std::monostate>(parameter)) return type::Value::null(wanted);
  if (const auto* text = std::get_if<std::string>(&parameter))
    return type::parse_text(wanted, *text, now);
  if (const auto* integer = std::get_if<int64_t>(&parameter)) {
    if (wanted.id == TypeId::kInt8) return type::Value::of_int(wanted, *integer);
    if (wanted.id == TypeId::kInt4 && *integer >= INT32_MIN && *integer <= INT32_MAX)
      return type::Value::of_int(wanted, *integer);
    return type::cast(type::Value::of_int({TypeId::kInt8}, *integer), wanted,
                      type::CastContext::kAssignment);
  }
  if (const auto* number = std::get_if<double>(&parameter)) {
    return type::cast(type::Value::of_double({TypeId::kFloat8}, *number), wanted,
                      type::CastContext::kAssignment);
  }
  return type::cast(type::Value::of_int({TypeId::kBool}, std::get<bool>(parameter) ? 1 : 0), wanted,
                    type::CastContext::kAssignment);
}

// A running query outside a block: it owns its transaction until its rows are read.
struct Stream {
  SessionImpl& session;
  std::shared_ptr<Prepared> prepared;
  std::shared_ptr<const plan::Plan> plan;
  std::unique_ptr<txn::Transaction> transaction;
  std::vector<type::Value> parameters;
  std::optional<exec::ExecContext> context;
  std::unique_ptr<exec::Operator> root;

  Result<void> open() {
    const Reading reading(session, *transaction);
    return root->open();
  }
  Result<bool> pull(type::Batch& batch) {
    const Reading reading(session, *transaction);
    return root->next(batch);
  }

 private:
  // While it lives, system tables read through the transaction, and what is collected counts.
  struct Reading {
    Reading(SessionImpl& the_session, txn::Transaction& transaction)
        : session(the_session), counted(&the_session.owner().memory()) {
      session.set_reading(&transaction);
    }
    ~Reading() { session.set_reading(nullptr); }
    SessionImpl& session;
    const BudgetScope counted;
  };
};

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
  return prepared.planned && !schema_changed_ &&
         prepared.generation == transaction_->snapshot().schema_generation &&
         prepared.search_path == settings_.search_path();
}

Result<void> SessionImpl::plan_statement(Prepared& prepared) {
  if (plan_is_current(prepared)) return {};
  prepared.planned = false;
  prepared.parameters.types.assign(prepared.parsed.parameter_count, type::Type{});
  SessionResolver resolver(*this);
  const expr::EvalContext eval = eval_context();
  plan::PlanContext context{resolver, prepared.parameters, eval, settings_.disabled_rules()};
  bool cacheable = true;
  const sql::Statement& statement = *prepared.parsed.statement;
  if (statement.kind == StatementKind::kSelect) {
    TRY_ASSIGN(plan::Plan query,
               plan::plan_query(static_cast<const sql::SelectStmt&>(statement), context));
    cacheable = query.cacheable;
    prepared.is_point = exec::is_point_get(query);
    prepared.columns = column_infos(query.outputs);
    const CallEffects effects = resolver.effects_of(query);
    prepared.draws = effects.writes;
    prepared.uses_session = effects.writes || effects.reads_session;
    prepared.query = std::make_shared<const plan::Plan>(std::move(query));
  } else {
    TRY_ASSIGN(std::unique_ptr<exec::DmlPlan> dml, plan_modify(statement, context));
    cacheable = dml->cacheable();
    prepared.columns = column_infos(dml->returning());
    prepared.dml = std::move(dml);
  }
  prepared.generation = transaction_->snapshot().schema_generation;
  prepared.search_path = settings_.search_path();
  prepared.planned = cacheable && !schema_changed_;
  return {};
}

Result<void> SessionImpl::bind_parameters(const Prepared& prepared,
                                          const std::vector<Parameter>& parameters) {
  if (parameters.size() < prepared.parsed.parameter_count) {
    return Error(ErrorCode::kUndefinedParameter,
                 fmt::format("there is no parameter ${}", parameters.size() + 1))
        .with_detail(fmt::format("The statement has {} parameters, {} were given.",
                                 prepared.parsed.parameter_count, parameters.size()));
  }
  parameter_values_.clear();
  const int64_t now = eval_context().transaction_time_us;
  for (size_t i = 0; i < prepared.parsed.parameter_count; ++i) {
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
    if (state_ == TransactionState::kIdle) transaction_.reset();
    return execute_checked(prepared, parameters);
  }
  TRY(bind_parameters(*prepared, parameters));
  return run_query(prepared);
}

Result<std::unique_ptr<Rows>> SessionImpl::run_query(const std::shared_ptr<Prepared>& prepared) {
  if (prepared->is_point && !prepared->uses_session) {
    exec::ExecContext context = exec_context();
    TRY_ASSIGN(exec::PointRow row, exec::run_point_get(*prepared->query, context));
    if (state_ == TransactionState::kIdle) transaction_.reset();
    return make_point_rows(prepared->columns, row.found, std::move(row.values));
  }
  if (state_ == TransactionState::kIdle && !prepared->uses_session && !prepared->is_deep) {
    auto stream = std::make_shared<Stream>(Stream{
        *this, prepared, prepared->query, std::move(transaction_), parameter_values_, {}, {}});
    stream->context.emplace(context_in(*stream->transaction, eval_context()));
    stream->context->eval.transaction_time_us =
        stream->transaction->start_time_us() - kMicrosFrom1970To2000;
    stream->context->eval.parameters = &stream->parameters;
    stream->context->eval.sequences = nullptr;  // It outlives the statement, which they belong to.
    stream->context->eval.files = nullptr;
    TRY_ASSIGN(stream->root, exec::build(*stream->plan, *stream->context));
    TRY(stream->open());
    return make_stream_rows(prepared->columns,
                            [stream](type::Batch& batch) { return stream->pull(batch); });
  }
  // In a block later statements may change what the rows are read from: all are read now.
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
  } else if (state_ == TransactionState::kIdle) {
    transaction_.reset();
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
    TRY(transaction_->restart_statement());
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

Result<std::unique_ptr<Rows>> SessionImpl::run_explain(const sql::ExplainStmt& explain) {
  const sql::Statement& inner = *explain.statement;
  SessionResolver resolver(*this);
  expr::ParameterTypes parameters;
  parameter_values_.clear();
  exec::ExecContext context = exec_context();
  plan::PlanContext planning{resolver, parameters, context.eval, settings_.disabled_rules()};
  std::vector<std::string> lines;
  if (inner.kind == StatementKind::kSelect) {
    TRY_ASSIGN(const plan::Plan plan,
               plan::plan_query(static_cast<const sql::SelectStmt&>(inner), planning));
    if (explain.analyze) {
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
  TableRows table = text_rows({"QUERY PLAN"}, rows);
  if (state_ == TransactionState::kIdle) transaction_.reset();
  return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                         {"EXPLAIN", 0, {}, {}});
}

}  // namespace rowan::engine
