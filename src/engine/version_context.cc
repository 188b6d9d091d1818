// What verbs of version control are lent by a database and its sessions, and what a session takes back.
#include <utility>

#include "base/caught.h"
#include "engine/resolver.h"
#include "engine/session.h"
#include "engine/virtual_rows.h"
#include "exec/build.h"
#include "versions/context.h"

namespace rowan::engine {

namespace {

// Runs a query of the engine's own making on the session's branch.
Result<std::vector<type::Batch>> run_own_query(SessionImpl& session, const sql::SelectStmt& query) {
  TRY_ASSIGN(const auto transaction, session.owner().manager().begin(
                                         session.branch_name(), txn::IsolationLevel::kReadCommitted,
                                         true, &session.cancel_flag()));
  TRY(transaction->begin_statement(false));
  session.set_reading(transaction.get());
  const auto read = [&]() -> Result<std::vector<type::Batch>> {
    SessionResolver resolver(session);
    expr::ParameterTypes parameters;
    const expr::EvalContext eval = session.eval_context();
    plan::PlanContext planning{resolver, parameters, eval, session.settings().disabled_rules()};
    TRY_ASSIGN(const plan::Plan plan, plan::plan_query(query, planning));
    exec::ExecContext context = session.context_in(*transaction, eval);
    MemoryAccount account = context.rows_account();
    return exec::run_all(plan, context, account);
  };
  auto batches = read();
  session.set_reading(nullptr);
  return batches;
}

}  // namespace

versions::Context DatabaseImpl::context_on(const std::string& branch,
                                           const versions::HintWords& words) {
  versions::Context context{.store = *store_,
                            .manager = *manager_,
                            .indexes = manager_->indexes(),
                            .repository = *this,
                            .settings = branch_settings_,
                            .clock = clock(),
                            .head = {branch, false, {}},
                            .author = author_,
                            .words = words};
  context.eval.transaction_time_us = clock().now_us() - kMicrosFrom1970To2000;
  context.eval.user = author_.name;
  context.eval.database = name_;
  context.eval.branch = branch;
  return context;
}

versions::Context SessionImpl::version_context() {
  versions::Context context = database_.context_on(head_.branch, words_);
  context.head = head_;
  context.author = author();
  context.application = settings().application_name();
  context.keeps_statements = settings().commit_statement() != Settings::CommitStatement::kOff;
  context.sync = settings().synchronous_commit();
  context.cancelled = &cancelled_;
  context.eval = eval_context();
  context.transaction = transaction();
  context.run_query = [this](const sql::SelectStmt& query) { return run_own_query(*this, query); };
  return context;
}

Result<versions::VerbResult> SessionImpl::lend(const Verb& verb) {
  versions::Context context = version_context();
  auto result = caught([&] { return verb(context); });
  take_back(context);
  return result;
}

void SessionImpl::take_back(const versions::Context& context) {
  // Its branch got another name.
  if (!context.effects.checked_out && home_ == head_.name()) home_ = context.head.name();
  head_ = context.head;
  note_branch();
  const versions::Effects& effects = context.effects;
  if (effects.checked_out) block_.forget_sequence();
  if (effects.violations) violations_ = *effects.violations;
  if (effects.commit) block_.note_commit(effects.commit->id, effects.commit->sequence);
}

}  // namespace rowan::engine
