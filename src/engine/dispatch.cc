// From a parsed statement to what runs it: what its class asks for first, then one switch over all
// kinds. It has no default on purpose: the compiler names the kind that was forgotten.
#include <fmt/format.h>

#include <functional>

#include "engine/import/take.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "engine/given_parameters.h"
#include "engine/verbs.h"
#include "exec/alter.h"
#include "exec/ddl.h"
#include "exec/dml.h"
#include "exec/views.h"
#include "sql/statements.h"
#include "system/shown.h"
#include "versions/branches.h"
#include "versions/change_branch.h"
#include "versions/merging.h"
#include "versions/replay.h"
#include "versions/resolve.h"
#include "versions/rewrite.h"
#include "versions/tags.h"

namespace rowan::engine {

namespace {

using sql::StatementClass;
using sql::StatementKind;

// A call of what runs a kind of statement, with the statement as that kind.
template <typename Done, typename Kind>
std::function<Result<Done>(SessionImpl&)> call_of(Result<Done> (*run)(SessionImpl&, const Kind&),
                                                  const sql::Statement& statement) {
  return [run, &statement](SessionImpl& session) {
    return run(session, static_cast<const Kind&>(statement));
  };
}

// A verb of version control.
template <typename Kind>
std::function<Result<versions::VerbResult>(SessionImpl&)> call_of(
    Result<versions::VerbResult> (*run)(versions::Context&, const Kind&),
    const sql::Statement& statement) {
  return [run, &statement](SessionImpl& session) {
    return session.lend([run, &statement](versions::Context& context) {
      return run(context, static_cast<const Kind&>(statement));
    });
  };
}

template <typename Kind>
std::function<Result<std::string>(exec::ExecContext&)> call_of(
    Result<std::string> (*run)(const Kind&, exec::ExecContext&), const sql::Statement& statement) {
  return [run, &statement](exec::ExecContext& context) {
    return run(static_cast<const Kind&>(statement), context);
  };
}

bool runs_in_transaction(StatementClass its_class) {
  switch (its_class) {
    case StatementClass::kQuery:
    case StatementClass::kModify:
    case StatementClass::kCopy:
    case StatementClass::kExplain:
    case StatementClass::kShow:
    case StatementClass::kDefine:
      return true;
    case StatementClass::kTransaction:
    case StatementClass::kSession:
    case StatementClass::kVersion:
      return false;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Rows>> SessionImpl::execute_checked(
    const std::shared_ptr<Prepared>& prepared, const std::vector<Parameter>& parameters) {
  const BudgetScope counted(&database_.memory());
  const sql::Statement& statement = *prepared->parsed.statement;
  const StatementClass its_class = sql::class_of(statement.kind);
  block_.note_start();
  if (block_.has_failed() && its_class != StatementClass::kTransaction) return failed_block();
  GivenParameters given(*this, *prepared, &parameters);
  const SetWhile<expr::ParameterSource> while_run(given_, &given);
  TRY(given.fill_texts());
  if (statement.kind == StatementKind::kExecute)
    return run_execute(static_cast<const sql::PrepareStmt&>(statement));
  if (versions::is_conflict_change(statement))
    return run_past_transactions(statement, call_of(versions::run_conflict_change, statement));
  TRY_ASSIGN(const std::optional<VerbCall> verb, find_verb_call(statement));
  if (verb) return run_verb(*prepared, *verb, parameters);
  if (sql::deeds_of(statement.kind).has(sql::Deed::kAlone))
    TRY(block_.check_alone(sql::words_of(statement)));
  if (runs_in_transaction(its_class)) TRY(block_.begin_statement(may_write(*prepared)));
  RowsResult rows = dispatch(prepared, parameters);
  if (!rows && rows.error().code() == ErrorCode::kUndefinedFunction) TRY(check_no_verb(statement));
  return rows;
}

Result<std::unique_ptr<Rows>> SessionImpl::dispatch(const std::shared_ptr<Prepared>& prepared,
                                                    const std::vector<Parameter>& parameters,
                                                    versions::VerbResult* told) {
  const sql::Statement& statement = *prepared->parsed.statement;
  const auto define = [&](auto run) { return run_definition(*prepared, call_of(run, statement)); };
  const auto change = [&](auto run) {
    return run_version(statement, call_of(run, statement), told);
  };
  switch (statement.kind) {
    case StatementKind::kSelect:
      return run_select(prepared, parameters);
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
      return run_modify(*prepared, parameters);
    case StatementKind::kCopy:
      return run_copy(*prepared);
    case StatementKind::kExplain:
      return run_explain(*prepared, parameters);

    case StatementKind::kTruncate:
      return define(exec::run_truncate);
    case StatementKind::kCreateSchema:
    case StatementKind::kCreateDatabase:
      return define(exec::run_create_schema);
    case StatementKind::kDropSchema:
    case StatementKind::kDropDatabase:
      return define(exec::run_drop_schema);
    case StatementKind::kCreateTable:
      return define(exec::run_create_table);
    case StatementKind::kDropTable:
      return define(exec::run_drop_table);
    case StatementKind::kAlterTable:
      return define(exec::run_alter_table);
    case StatementKind::kRename:
      return define(exec::run_rename);
    case StatementKind::kCreateIndex:
      return define(exec::run_create_index);
    case StatementKind::kDrop:
      return define(exec::run_drop);
    case StatementKind::kCreateSequence:
      return define(exec::run_create_sequence);
    case StatementKind::kAlterSequence:
      return define(exec::run_alter_sequence);
    case StatementKind::kCreateView:
    case StatementKind::kRefresh:
      return run_view_definition(*prepared);

    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction:
      return run_transaction_statement(static_cast<const sql::TransactionStmt&>(statement));

    case StatementKind::kSet:
    case StatementKind::kShow:
    case StatementKind::kReset:
      return run_set(static_cast<const sql::SetStmt&>(statement));
    case StatementKind::kDiscard:
      return run_discard(static_cast<const sql::SetStmt&>(statement));
    case StatementKind::kPrepare:
      return run_prepare(static_cast<const sql::PrepareStmt&>(statement));
    case StatementKind::kExecute:
      return run_execute(static_cast<const sql::PrepareStmt&>(statement));
    case StatementKind::kDeallocate:
      return run_deallocate(static_cast<const sql::PrepareStmt&>(statement));
    case StatementKind::kCheckpoint:
      return run_checkpoint();

    case StatementKind::kDeclare:
      return run_declare(prepared, parameters);
    case StatementKind::kFetch:
    case StatementKind::kMove:
      return run_fetch(static_cast<const sql::FetchStmt&>(statement));
    case StatementKind::kClose:
      return run_close(static_cast<const sql::CloseStmt&>(statement));

    case StatementKind::kVacuum:
    case StatementKind::kAnalyze:
      return run_maintenance(static_cast<const sql::MaintenanceStmt&>(statement));

    case StatementKind::kShowLog:
    case StatementKind::kShowTransactions:
    case StatementKind::kShowDiff:
    case StatementKind::kBlame:
    case StatementKind::kShowBranches:
    case StatementKind::kShowTags:
    case StatementKind::kShowForeign:
    case StatementKind::kShowReflog:
    case StatementKind::kShowTables:
    case StatementKind::kShowViews:
    case StatementKind::kShowIndexes:
    case StatementKind::kShowDatabases:
    case StatementKind::kShowStatus:
    case StatementKind::kDescribe:
      return run_show(statement);

    case StatementKind::kShowConflicts:
      return run_past_transactions(statement, call_of(versions::show_conflicts, statement));
    case StatementKind::kCreateBranch:
      return change(versions::run_create_branch);
    case StatementKind::kDropBranch:
      return change(versions::run_drop_branch);
    case StatementKind::kRenameBranch:
      return change(versions::run_rename_branch);
    case StatementKind::kCheckout:
      return change(versions::run_checkout);
    case StatementKind::kProtectBranch:
    case StatementKind::kUnprotectBranch:
      return change(versions::run_protect_branch);
    case StatementKind::kSetHistoryPolicy:
      return change(versions::run_set_history_policy);
    case StatementKind::kDropHistoryPolicy:
      return change(versions::run_drop_history_policy);
    case StatementKind::kCreateTag:
    case StatementKind::kCreateSnapshot:
      return change(versions::run_create_tag);
    case StatementKind::kDropTag:
    case StatementKind::kDropSnapshot:
      return change(versions::run_drop_tag);
    case StatementKind::kMerge:
      return change(versions::run_merge);
    case StatementKind::kCommitMerge:
      return change(versions::run_commit_merge);
    case StatementKind::kAbortMerge:
      return change(versions::run_abort_merge);
    case StatementKind::kResolve:
      return change(versions::run_resolve);
    case StatementKind::kRestore:
      return change(versions::run_restore);
    case StatementKind::kRevert:
      return change(versions::run_revert);
    case StatementKind::kCherryPick:
      return change(versions::run_cherry_pick);
    case StatementKind::kResetTo:
      return change(versions::run_reset);
    case StatementKind::kRebase:
      return change(versions::run_rebase);
    case StatementKind::kSquash:
      return change(versions::run_squash);
    case StatementKind::kTakeForeign:
      return change(run_take_foreign);
    case StatementKind::kDropForeign:
      return change(run_drop_foreign);
  }
  return Error(ErrorCode::kInternal, "a statement of no known kind");
}

// ---- Definitions ----

namespace {

// What no transaction block takes, as it could not be taken back.
Result<void> check_concurrently(const sql::Statement& statement) {
  const bool creates = statement.kind == StatementKind::kCreateIndex &&
                       static_cast<const sql::CreateIndexStmt&>(statement).concurrently;
  const bool drops = statement.kind == StatementKind::kDrop &&
                     static_cast<const sql::DropStmt&>(statement).concurrently;
  if (!creates && !drops) return {};
  return Error(ErrorCode::kActiveTransaction,
               fmt::format("{} INDEX CONCURRENTLY cannot run inside a transaction block",
                           creates ? "CREATE" : "DROP"));
}

}  // namespace

Result<std::unique_ptr<Rows>> SessionImpl::run_definition(
    Prepared& prepared, const std::function<Result<std::string>(exec::ExecContext&)>& define) {
  if (block_.is_behind_others()) TRY(check_concurrently(*prepared.parsed.statement));
  exec::ExecContext context = exec_context();
  TRY_ASSIGN(std::string notice, define(context));
  return finish_definition(prepared, sql::tag_of(*prepared.parsed.statement), std::move(notice));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_view_definition(Prepared& prepared) {
  const sql::Statement& statement = *prepared.parsed.statement;
  exec::ExecContext context = exec_context();
  SessionResolver resolver(*this);
  expr::ParameterTypes parameters;
  plan::PlanContext planning{resolver, parameters, context.eval, settings().disabled_rules()};
  exec::ViewOutcome outcome;
  if (statement.kind == StatementKind::kRefresh) {
    TRY_ASSIGN(outcome, exec::run_refresh(static_cast<const sql::RefreshStmt&>(statement), context,
                                          planning));
  } else {
    TRY_ASSIGN(outcome, exec::run_create_view(static_cast<const sql::CreateViewStmt&>(statement),
                                              context, planning));
  }
  return finish_definition(prepared, std::move(outcome.tag), std::move(outcome.notice));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_transaction_statement(
    const sql::TransactionStmt& statement) {
  TRY_ASSIGN(BlockAnswer answer, block_.run(statement));
  if (answer.warning)
    return done_with_warning(std::move(answer.tag), answer.warning->code(),
                             answer.warning->message());
  return done(std::move(answer.tag), 0, std::move(answer.commit_id));
}

Result<std::unique_ptr<Rows>> SessionImpl::finish_definition(Prepared& prepared, std::string tag,
                                                             std::string notice) {
  block_.note_schema_change();
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return done(std::move(tag), 0, std::move(commit), std::move(notice));
}

// ---- VACUUM and ANALYZE ----

// There are no dead rows, and what is counted is counted of each tree: the tables must be there, no more.
Result<std::unique_ptr<Rows>> SessionImpl::run_maintenance(const sql::MaintenanceStmt& statement) {
  SessionResolver resolver(*this);
  for (const sql::QualifiedName& table : statement.tables)
    TRY(resolver.resolve(table, {}, std::nullopt));
  block_.end_own();
  return done(sql::tag_of(statement));
}

// ---- Tables that statements show ----

Result<std::unique_ptr<Rows>> SessionImpl::run_show(
    const sql::Statement& statement) {
  TRY_ASSIGN(const system::Shown shown, system::shown_by(system_, statement));
  TRY_ASSIGN(TableRows table, system::rows_of(shown, eval_context()));
  block_.end_own();
  uint64_t rows = 0;
  for (const type::Batch& batch : table.batches) rows += batch.rows;
  return make_counted_rows(column_infos(table.columns), std::move(table.batches),
                           {fmt::format("SHOW {}", rows), rows, {}, std::move(table.notices)},
                           database_.memory());
}

// ---- Version control ----

Result<std::unique_ptr<Rows>> SessionImpl::run_version(
    const sql::Statement& statement,
    const std::function<Result<versions::VerbResult>(SessionImpl&)>& change, versions::VerbResult* told) {
  const auto run = [&](SessionImpl& session) -> Result<versions::VerbResult> {
    TRY(block_.check_alone(sql::words_of(statement)));
    auto result = change(session);
    // A foreign tip that the statement merged leaves the list.
    if (result && !database_.store().read_only())
      ignore_error(sweep_parked(database_.manager()), "the next statement and open look again");
    return result;
  };
  return run_past_transactions(statement, run, told);
}

Result<std::unique_ptr<Rows>> SessionImpl::run_past_transactions(
    const sql::Statement& statement,
    const std::function<Result<versions::VerbResult>(SessionImpl&)>& run, versions::VerbResult* told) {
  if (block_.refuses_writes()) TRY(versions::check_only_reads(statement));
  TRY_ASSIGN(versions::VerbResult result, run(*this));
  if (told != nullptr) {
    *told = std::move(result);
    return std::unique_ptr<Rows>();
  }
  if (!result.rows) return make_batch_rows(no_columns(), {}, std::move(result.facts));
  return make_counted_rows(column_infos(result.rows->columns), std::move(result.rows->batches),
                           std::move(result.facts), database_.memory());
}

Result<std::unique_ptr<Rows>> SessionImpl::run_verb(Prepared& prepared, const VerbCall& call,
                                                    const std::vector<Parameter>& parameters) {
  prepared.start_parameters();
  TRY_ASSIGN(const std::vector<expr::NodePtr> nodes, bind_arguments(call, prepared.parameters));
  TRY(bind_parameters(prepared, parameters));
  std::vector<type::Value> arguments;
  for (const expr::NodePtr& node : nodes) {
    TRY_ASSIGN(type::Value value, expr::evaluate_constant(*node, eval_context()));
    arguments.push_back(std::move(value));
  }
  TRY_ASSIGN(const std::string text, statement_of(call, arguments));
  TRY_ASSIGN(const std::shared_ptr<Prepared> statement, parse_prepared(text));
  versions::VerbResult result;
  TRY(dispatch(statement, {}, &result));
  TableRows row = verb_row(result);
  result.facts.tag = call.is_call ? "CALL" : "SELECT";
  result.facts.notices.clear();  // They are in the row.
  return make_batch_rows(column_infos(row.columns), std::move(row.batches),
                         std::move(result.facts));
}

}  // namespace rowan::engine
