#include "engine/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/caught.h"
#include "base/deep_stack.h"
#include "base/limits.h"
#include "engine/failure.h"
#include "engine/virtual_rows.h"
#include "system/compiled_views.h"

namespace rowan::engine {

namespace {

class StatementImpl final : public Statement {
 public:
  StatementImpl(SessionImpl& session, std::shared_ptr<Prepared> prepared)
      : session_(session), prepared_(std::move(prepared)) {}
  size_t parameter_count() const override { return prepared_->parsed.parameter_count; }
  Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters) override {
    return guarded([&] { return to_outcome(session_.execute(prepared_, parameters)); });
  }

 private:
  SessionImpl& session_;
  std::shared_ptr<Prepared> prepared_;
};

}  // namespace

SessionImpl::SessionImpl(DatabaseImpl& database, std::string branch)
    : database_(database),
      head_{std::move(branch), false, {}},
      unique_(database.unique_indexes(), database.store()) {
  settings_.set_memory_limit(database.memory().bytes_max());
}
SessionImpl::~SessionImpl() = default;

Outcome<std::unique_ptr<Statement>> SessionImpl::prepare(std::string_view text) {
  return guarded([&]() -> Outcome<std::unique_ptr<Statement>> {
    auto prepared = parse_prepared(text);
    if (!prepared) return to_failure(prepared.error());
    return std::unique_ptr<Statement>(
        std::make_unique<StatementImpl>(*this, std::move(*prepared)));
  });
}

Outcome<std::unique_ptr<Rows>> SessionImpl::run(std::string_view text,
                                                const std::vector<Parameter>& parameters) {
  return guarded([&]() -> Outcome<std::unique_ptr<Rows>> {
    const auto prepared = ended([&] { return parse_prepared(text); });
    if (!prepared) return to_failure(prepared.error());
    return to_outcome(execute(*prepared, parameters));
  });
}

namespace {

// A failure handed on. The copy needs memory as well.
template <typename T>
Outcome<uint64_t> handed_on(const Outcome<T>& failed) {
  return guarded([&]() -> Outcome<uint64_t> { return failed.failure(); });
}

}  // namespace

Outcome<uint64_t> SessionImpl::run_script(std::string_view text,
                                          const std::function<void(Rows&)>& each) {
  std::vector<sql::ParsedStatement> parsed;
  bool is_deep = false;
  const Outcome<bool> is_parsed = guarded([&]() -> Outcome<bool> {
    auto statements =
        ended([&] { return parse_deep([&] { return sql::parse_script(text); }, is_deep); });
    if (!statements) return to_failure(statements.error());
    parsed = std::move(*statements);
    return true;
  });
  if (!is_parsed) return handed_on(is_parsed);
  uint64_t count = 0;
  for (sql::ParsedStatement& statement : parsed) {
    auto rows = guarded([&]() -> Outcome<std::unique_ptr<Rows>> {
      const auto prepared = ended([&]() -> Result<std::shared_ptr<Prepared>> {
        if (is_deep) return make_deep(std::move(statement));
        return make_prepared(std::move(statement));
      });
      if (!prepared) return to_failure(prepared.error());
      return to_outcome(execute(*prepared, {}));
    });
    if (!rows) return handed_on(rows);
    if (each) {
      each(**rows);
    } else {
      for (;;) {
        auto more = (*rows)->next();
        if (!more) return handed_on(more);
        if (!*more) break;
      }
    }
    ++count;
  }
  return count;
}

// A statement that fails, whether by an error or by an exception, ends what it was in (N2, N3).
template <typename Work>
auto SessionImpl::ended(const Work& work) -> decltype(work()) {
  try {
    auto result = work();
    if (!result) fail_statement();
    return result;
  } catch (...) {
    fail_statement();
    throw;
  }
}

void SessionImpl::fail_statement() noexcept {
  if (state_ == TransactionState::kIdle) {
    transaction_.reset();  // Rolls back.
    schema_changed_ = false;
  } else if (state_ == TransactionState::kOpen) {
    state_ = TransactionState::kFailed;
    // What it leaves undone goes with the rest: nothing but going back further is possible now.
    if (transaction_) ends_well([&] { transaction_->undo_statement(); });
  }
}

Result<std::unique_ptr<Rows>> SessionImpl::execute(const std::shared_ptr<Prepared>& prepared,
                                                   const std::vector<Parameter>& parameters) {
  cancelled_.store(false, std::memory_order_relaxed);
  return ended([&]() -> RowsResult {
    TRY_ASSIGN(auto rows, execute_at_depth(prepared, parameters));
    if (!prepared->parsed.notices.empty()) add_notices(*rows, prepared->parsed.notices);
    return rows;
  });
}

Result<std::unique_ptr<Rows>> SessionImpl::execute_at_depth(
    const std::shared_ptr<Prepared>& prepared, const std::vector<Parameter>& parameters) {
  if (prepared->is_deep) return execute_deep(prepared, parameters);
  RowsResult rows = execute_checked(prepared, parameters);
  const bool is_too_deep = !rows && rows.error().code() == ErrorCode::kStatementTooComplex &&
                           may_be_deep(prepared->parsed.statement->kind);
  if (!is_too_deep) return rows;
  if (state_ == TransactionState::kIdle) {
    transaction_.reset();
  } else if (transaction_) {
    transaction_->undo_statement();
  }
  return execute_deep(prepared, parameters);
}

Result<std::unique_ptr<Rows>> SessionImpl::execute_deep(const std::shared_ptr<Prepared>& prepared,
                                                        const std::vector<Parameter>& parameters) {
  prepared->is_deep = true;
  std::optional<RowsResult> rows;
  TRY(run_on_deep_stack([&] {
    const auto drop_plans = [&] {  // Which are as deep, and so is taking them apart.
      prepared->planned = false;
      prepared->query.reset();
      prepared->dml.reset();
    };
    try {
      rows.emplace(execute_checked(prepared, parameters));
    } catch (...) {
      drop_plans();
      throw;
    }
    drop_plans();
  }));
  return std::move(*rows);
}

std::string SessionImpl::schema_of(std::string_view name) const {
  if (system::find_compiled_view("pg_catalog", name) != nullptr) return "pg_catalog";
  return versions::schema_of(settings_.search_path(), name,
                             reading_ != nullptr ? reading_ : transaction_.get(),
                             database_.manager(), head_.branch);
}

expr::EvalContext SessionImpl::eval_context() const {
  expr::EvalContext context;
  context.parameters = &parameter_values_;
  context.transaction_time_us =
      (transaction_ ? transaction_->start_time_us() : database_.clock().now_us()) -
      kMicrosFrom1970To2000;
  context.user = database_.author().name;
  context.database = database_.name();
  // Contexts that are there already look at it.
  if (std::string now = schema(); now != schema_) schema_ = std::move(now);
  context.schema = schema_;
  context.path = settings_.search_path();
  context.branch = head_.name();
  context.last_commit = last_commit_;
  context.cancelled = &cancelled_;
  sequences_.use(transaction_.get(), settings_.search_path());
  context.sequences = &sequences_;
  files_.use(transaction_.get(), database_.store().cache());
  context.files = &files_;
  context.catalog = &catalog_;
  return context;
}

exec::ExecContext SessionImpl::context_in(txn::Transaction& transaction,
                                          const expr::EvalContext& eval) const {
  exec::ExecContext context{database_.manager(), transaction, eval};
  context.work_mem = settings_.work_mem();
  context.memory = &database_.memory();
  return context;
}

exec::ExecContext SessionImpl::exec_context() {
  exec::ExecContext context = context_in(*transaction_, eval_context());
  context.unique = &unique_;
  context.foreign_keys = &foreign_keys_;
  context.checks = &checks_;
  return context;
}

Result<void> SessionImpl::check_out(std::string_view revision) {
  TRY_ASSIGN(head_, versions::find_head(database_.manager(), head_, revision, database_.hints()));
  last_sequence_ = 0;
  return {};
}

Result<void> SessionImpl::check_writable() const {
  return versions::check_writable(head_, database_.branch_settings(), database_.hints());
}

void SessionImpl::note_commit(const Oid& commit, uint64_t sequence) {
  last_commit_ = commit.hex();
  last_sequence_ = std::max(last_sequence_, sequence);
}

std::unique_ptr<Rows> SessionImpl::done(std::string tag, uint64_t affected, std::string commit_id,
                                        std::string notice) {
  ResultFacts facts{std::move(tag), affected, std::move(commit_id), {}};
  if (!notice.empty()) facts.notices.push_back(std::move(notice));
  return make_batch_rows(no_columns(), {}, std::move(facts));
}

}  // namespace rowan::engine
