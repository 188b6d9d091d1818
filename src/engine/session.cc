#include "engine/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/caught.h"
#include "base/deep_stack.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "base/limits.h"
#include "engine/branch_hints.h"
#include "engine/failure.h"
#include "engine/history.h"
#include "engine/history_statements.h"
#include "engine/merge_statements.h"
#include "engine/object_statements.h"
#include "engine/resolver.h"
#include "engine/system_tables.h"
#include "engine/text_parameters.h"
#include "engine/verbs.h"
#include "engine/version_control.h"
#include "engine/version_tables.h"
#include "exec/alter.h"
#include "exec/build.h"
#include "exec/copy.h"
#include "exec/ddl.h"
#include "exec/views.h"
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

bool is_definition(StatementKind kind) {
  switch (kind) {
    case StatementKind::kCreateSchema:
    case StatementKind::kDropSchema:
    case StatementKind::kCreateDatabase:
    case StatementKind::kDropDatabase:
    case StatementKind::kCreateTable:
    case StatementKind::kDropTable:
    case StatementKind::kAlterTable:
    case StatementKind::kRename:
    case StatementKind::kCreateIndex:
    case StatementKind::kDrop:
    case StatementKind::kCreateView:
    case StatementKind::kRefresh:
    case StatementKind::kCreateSequence:
    case StatementKind::kAlterSequence:
      return true;
    default:
      return false;
  }
}

bool writes(const sql::Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kTruncate:
      return true;
    case StatementKind::kCopy:
      return static_cast<const sql::CopyStmt&>(statement).from;
    case StatementKind::kExplain: {
      const auto& explain = static_cast<const sql::ExplainStmt&>(statement);
      return explain.analyze && writes(*explain.statement);
    }
    default:
      return is_definition(statement.kind);
  }
}

// What may be nested deeper than a thread's own stack bears. Definitions may not: they are read
// again wherever their tables are.
bool may_be_deep(StatementKind kind) {
  return kind == StatementKind::kSelect || kind == StatementKind::kInsert ||
         kind == StatementKind::kUpdate || kind == StatementKind::kDelete ||
         kind == StatementKind::kExplain;
}

std::string_view object_word(sql::ObjectKind kind) {
  switch (kind) {
    case sql::ObjectKind::kIndex:
      return "INDEX";
    case sql::ObjectKind::kView:
      return "VIEW";
    case sql::ObjectKind::kMaterializedView:
      return "MATERIALIZED VIEW";
    case sql::ObjectKind::kSequence:
      return "SEQUENCE";
  }
  return "";
}

// Whether a query's text holds one of the names, in small letters.
bool names_function(const sql::Statement& statement,
                    std::initializer_list<std::string_view> names) {
  if (statement.kind != StatementKind::kSelect) return false;
  const auto same_letter = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b;
  };
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::search(statement.text.begin(), statement.text.end(), name.begin(), name.end(),
                       same_letter) != statement.text.end();
  });
}

std::shared_ptr<Prepared> make_prepared(sql::ParsedStatement parsed) {
  auto prepared = std::make_shared<Prepared>();
  prepared->parsed = std::move(parsed);
  prepared->draws = names_function(*prepared->parsed.statement,
                                   {"nextval", "setval", "write_file", "delete_file"});
  prepared->uses_sequences =
      prepared->draws || names_function(*prepared->parsed.statement, {"currval", "lastval"});
  return prepared;
}

// Parses with the deep limits where the ordinary ones do not do: parsing itself needs no stack.
// `is_deep`: that was so.
template <typename Parse>
auto parse_deep(const Parse& parse, bool& is_deep) -> decltype(parse()) {
  auto parsed = parse();
  is_deep = !parsed && parsed.error().code() == ErrorCode::kStatementTooComplex;
  if (!is_deep) return parsed;
  std::optional<decltype(parse())> deep;
  TRY(run_on_deep_stack([&] { deep.emplace(parse()); }));
  return std::move(*deep);
}

// A statement of what was parsed with the deep limits.
Result<std::shared_ptr<Prepared>> make_deep(sql::ParsedStatement parsed) {
  const bool is_deep = may_be_deep(parsed.statement->kind);
  if (!is_deep) TRY(sql::parse_statement(parsed.statement->text));
  auto prepared = make_prepared(std::move(parsed));
  prepared->is_deep = is_deep;
  return prepared;
}

Result<std::shared_ptr<Prepared>> parse_prepared(std::string_view text) {
  bool is_deep = false;
  TRY_ASSIGN(sql::ParsedStatement parsed,
             parse_deep([&] { return sql::parse_statement(text); }, is_deep));
  if (is_deep) return make_deep(std::move(parsed));
  return make_prepared(std::move(parsed));
}

// A commit's body holds at most kCommitBodyBytesMax of SQL; what is cut is named by its length and
// hash.
std::string cut_body(std::string body) {
  if (body.size() <= kCommitBodyBytesMax) return body;
  const auto hash = sha256(body);
  const std::string note =
      fmt::format("\n... {} bytes in all, sha256 {}", body.size(),
                  to_hex(Bytes(reinterpret_cast<const char*>(hash.data()), hash.size())));
  size_t cut = kCommitBodyBytesMax;
  while (cut > 0 && (static_cast<uint8_t>(body[cut]) & 0xc0) == 0x80)
    --cut;  // Not inside a character.
  body.resize(cut);
  return body + note;
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
  // While it lives, system tables read through the transaction.
  struct Reading {
    Reading(SessionImpl& the_session, txn::Transaction& transaction) : session(the_session) {
      session.set_reading(&transaction);
    }
    ~Reading() { session.set_reading(nullptr); }
    SessionImpl& session;
  };
};

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
      branch_(std::move(branch)),
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

Result<std::unique_ptr<Rows>> SessionImpl::execute_checked(
    const std::shared_ptr<Prepared>& prepared, const std::vector<Parameter>& parameters) {
  const sql::Statement& statement = *prepared->parsed.statement;
  switch (statement.kind) {
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kSavepoint:
    case StatementKind::kReleaseSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kSetTransaction:
      return run_transaction_statement(static_cast<const sql::TransactionStmt&>(statement));
    default:
      break;
  }
  if (state_ == TransactionState::kFailed) {
    return Error(ErrorCode::kInFailedTransaction,
                 "current transaction is aborted, commands ignored until end of transaction block");
  }
  switch (statement.kind) {
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kShow:
    case StatementKind::kCheckpoint:
      return run_outside_transaction(*prepared);
    default:
      break;
  }
  if (takes_text_parameters(prepared->parsed)) {
    TRY_ASSIGN(const auto text, with_text_parameters(prepared->parsed, parameters));
    if (text) {
      TRY_ASSIGN(const auto given, parse_prepared(*text));
      return execute_checked(given, parameters);
    }
  }
  if (is_version_statement(statement.kind) || is_conflict_statement(statement))
    return run_version_control(statement);
  TRY_ASSIGN(const std::optional<VerbCall> verb, find_verb_call(statement));
  if (verb) return run_verb(*prepared, *verb, parameters);
  RowsResult rows = run_in_transaction(prepared, parameters);
  if (!rows && rows.error().code() == ErrorCode::kUndefinedFunction) TRY(check_no_verb(statement));
  return rows;
}

// ---- Transactions ----

Result<void> SessionImpl::begin_transaction(txn::IsolationLevel isolation, bool read_only) {
  if (pinned_) {
    TRY_ASSIGN(const Oid commit, database_.manager().resolve_revision("HEAD", branch_));
    TRY_ASSIGN(transaction_, database_.manager().begin_at(commit, isolation, &cancelled_));
  } else {
    TRY_ASSIGN(transaction_, database_.manager().begin(branch_, isolation, read_only, &cancelled_,
                                                       last_sequence_));
  }
  schema_changed_ = false;
  transaction_->set_lock_timeout(settings_.lock_timeout_ms());
  unique_.clear();
  return {};
}

void SessionImpl::end_transaction(bool committed) {
  transaction_.reset();
  state_ = TransactionState::kIdle;
  schema_changed_ = false;
  commit_body_.clear();
  if (settings_on_rollback_)
    settings_ = committed ? std::move(*settings_on_commit_) : std::move(*settings_on_rollback_);
  settings_on_rollback_.reset();
  settings_on_commit_.reset();
}

Result<txn::CommitOutcome> SessionImpl::commit_transaction(std::string_view message) {
  if (transaction_->has_changes())
    TRY(check_writable());  // The branch may have been protected since the statement.
  txn::CommitRequest request;
  request.author = database_.author();
  request.message = message;
  request.body = cut_body(std::move(commit_body_));
  request.application = settings_.application_name();
  request.sync = settings_.synchronous_commit();
  commit_body_.clear();
  auto outcome = transaction_->commit(request);
  if (outcome && outcome->changed) {
    last_sequence_ = outcome->sequence;
    last_commit_ = outcome->commit.hex();
  }
  return outcome;
}

Result<std::unique_ptr<Rows>> SessionImpl::run_transaction_statement(
    const sql::TransactionStmt& statement) {
  const bool in_block = state_ != TransactionState::kIdle;
  const auto outside = [&](std::string_view what) {
    return Error(ErrorCode::kNoActiveTransaction,
                 fmt::format("{} can only be used in transaction blocks", what));
  };
  switch (statement.kind) {
    case StatementKind::kBegin: {
      if (in_block) return done("BEGIN", 0, {}, "there is already a transaction in progress");
      TRY(begin_transaction(
          statement.has_isolation ? statement.isolation : settings_.isolation(),
          statement.has_read_only ? statement.read_only : settings_.default_read_only()));
      state_ = TransactionState::kOpen;
      first_statement_ = true;
      mode_.begin(transaction_->read_only());
      return done("BEGIN");
    }
    case StatementKind::kCommit: {
      if (!in_block) return done("COMMIT", 0, {}, "there is no transaction in progress");
      if (state_ == TransactionState::kFailed) {
        end_transaction(false);
        return done("ROLLBACK");
      }
      auto outcome = commit_transaction(statement.message);
      end_transaction(outcome.has_value());
      if (!outcome) return std::move(outcome.error());
      return done("COMMIT", 0, outcome->changed ? outcome->commit.hex() : std::string());
    }
    case StatementKind::kRollback: {
      if (!in_block) return done("ROLLBACK", 0, {}, "there is no transaction in progress");
      end_transaction(false);
      return done("ROLLBACK");
    }
    case StatementKind::kSavepoint: {
      if (!in_block) return outside("SAVEPOINT");
      if (state_ == TransactionState::kFailed) {
        return Error(
            ErrorCode::kInFailedTransaction,
            "current transaction is aborted, commands ignored until end of transaction block");
      }
      transaction_->savepoint(std::string(statement.savepoint));
      mode_.savepoint(statement.savepoint);
      return done("SAVEPOINT");
    }
    case StatementKind::kReleaseSavepoint: {
      if (!in_block) return outside("RELEASE SAVEPOINT");
      if (state_ == TransactionState::kFailed) {
        return Error(
            ErrorCode::kInFailedTransaction,
            "current transaction is aborted, commands ignored until end of transaction block");
      }
      TRY(transaction_->release_savepoint(statement.savepoint));
      mode_.release(statement.savepoint);
      return done("RELEASE");
    }
    case StatementKind::kRollbackTo: {
      if (!in_block) return outside("ROLLBACK TO SAVEPOINT");
      TRY(transaction_->rollback_to_savepoint(statement.savepoint));
      mode_.rollback_to(statement.savepoint);
      state_ = TransactionState::kOpen;
      return done("ROLLBACK");
    }
    default:
      break;
  }
  if (!in_block)
    return done("SET", 0, {}, "SET TRANSACTION can only be used in transaction blocks");
  return set_transaction(statement);
}

// Where nothing was read yet the block starts again with other properties.
Result<std::unique_ptr<Rows>> SessionImpl::set_transaction(const sql::TransactionStmt& statement) {
  const txn::IsolationLevel isolation =
      statement.has_isolation ? statement.isolation : transaction_->isolation();
  if (isolation != transaction_->isolation() && (!first_statement_ || mode_.in_savepoint())) {
    return Error(ErrorCode::kActiveTransaction,
                 first_statement_
                     ? "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
                     : "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  if (statement.has_read_only && statement.read_only) mode_.forbid_writes();
  if (statement.has_read_only && !statement.read_only) TRY(mode_.allow_writes(first_statement_));
  if (first_statement_ && !mode_.in_savepoint())
    TRY(begin_transaction(isolation, mode_.read_only()));
  return done("SET");
}

Result<std::string> SessionImpl::finish_statement(Prepared& prepared) {
  if (prepared.draws || writes(*prepared.parsed.statement)) {
    const std::string_view text = commit_text(prepared);
    if (state_ == TransactionState::kOpen) {
      // Past the limit only the length and the hash would change; keep enough to know that it is
      // past.
      if (!text.empty() && commit_body_.size() < 4 * kCommitBodyBytesMax) {
        if (!commit_body_.empty()) commit_body_ += ";\n";
        commit_body_ += text;
      }
    } else {
      commit_body_ = text;
    }
  }
  if (state_ == TransactionState::kOpen) return std::string();
  TRY_ASSIGN(const txn::CommitOutcome outcome, commit_transaction(""));
  transaction_.reset();
  schema_changed_ = false;
  return outcome.changed ? outcome.commit.hex() : std::string();
}

// What the commit's body keeps of a statement.
std::string_view SessionImpl::commit_text(Prepared& prepared) const {
  const Settings::CommitStatement form = settings_.commit_statement();
  if (form == Settings::CommitStatement::kOff || prepared.parsed.may_hold_secret) return {};
  // Definitions have no data to hide, and numeric($1,$2) says nothing.
  const StatementKind kind = prepared.parsed.statement->kind;
  if (form == Settings::CommitStatement::kFull || is_definition(kind))
    return prepared.parsed.statement->text;
  if (prepared.commit_text.empty())
    prepared.commit_text = sql::normalise_statement(prepared.parsed.statement->text);
  return prepared.commit_text;
}

// ---- Planning ----

// What cannot be read is told by whoever reads it.
std::string SessionImpl::schema_of(std::string_view name) const {
  const std::vector<std::string>& path = settings_.search_path();
  if (path.size() == 1) return path[0];
  const auto found_in = [&](const catalog::Catalog& catalog) {
    auto found = catalog.schema_of(path, name);
    return found ? std::move(*found) : path[0];
  };
  const txn::Transaction* const transaction = reading_ != nullptr ? reading_ : transaction_.get();
  if (transaction != nullptr) return found_in(transaction->catalog());
  const auto tip = database_.manager().tip_snapshot(branch_);
  store::ObjectStore& store = database_.store();
  return tip ? found_in(catalog::Catalog(store, store.cache(), tip->root)) : path[0];
}

expr::EvalContext SessionImpl::eval_context() const {
  expr::EvalContext context;
  context.parameters = &parameter_values_;
  context.transaction_time_us =
      (transaction_ ? transaction_->start_time_us() : database_.clock().now_us()) -
      kMicrosFrom1970To2000;
  context.user = database_.author().name;
  context.database = database_.name();
  schema_ = schema();
  context.schema = schema_;
  context.path = settings_.search_path();
  context.branch = pinned_ ? pinned_name_ : branch_;
  context.last_commit = last_commit_;
  context.cancelled = &cancelled_;
  sequences_.use(transaction_.get(), settings_.search_path());
  context.sequences = &sequences_;
  files_.use(transaction_.get(), database_.store().cache());
  context.files = &files_;
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
    const SequenceUse use = resolver.sequence_use(query);
    prepared.draws = prepared.draws || use.draws;
    prepared.uses_sequences = prepared.uses_sequences || use.draws || use.reads;
    prepared.query = std::make_shared<const plan::Plan>(std::move(query));
  } else {
    std::unique_ptr<exec::DmlPlan> dml;
    if (statement.kind == StatementKind::kInsert) {
      TRY_ASSIGN(dml, exec::plan_insert(static_cast<const sql::InsertStmt&>(statement), context));
    } else if (statement.kind == StatementKind::kUpdate) {
      TRY_ASSIGN(dml, exec::plan_update(static_cast<const sql::UpdateStmt&>(statement), context));
    } else {
      ENSURE(statement.kind == StatementKind::kDelete);
      TRY_ASSIGN(dml, exec::plan_delete(static_cast<const sql::DeleteStmt&>(statement), context));
    }
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

// ---- Statements inside a transaction ----

Result<std::unique_ptr<Rows>> SessionImpl::run_in_transaction(
    const std::shared_ptr<Prepared>& prepared, const std::vector<Parameter>& parameters) {
  const sql::Statement& statement = *prepared->parsed.statement;
  const bool write = prepared->draws || writes(statement);
  if (write) TRY(check_writable());
  if (state_ == TransactionState::kIdle)
    TRY(begin_transaction(settings_.isolation(), write ? settings_.default_read_only() : true));
  first_statement_ = false;
  if (write && (transaction_->read_only() || (in_block() && mode_.read_only()))) {
    return Error(ErrorCode::kReadOnlyTransaction, "cannot change data in a read-only transaction");
  }
  TRY(transaction_->begin_statement(write));
  switch (statement.kind) {
    case StatementKind::kSelect:
      parameter_values_.clear();
      TRY(plan_statement(*prepared));
      if (prepared->draws && !write) {  // It writes after all, and begins again as one that does.
        if (state_ == TransactionState::kIdle) transaction_.reset();
        return run_in_transaction(prepared, parameters);
      }
      TRY(bind_parameters(*prepared, parameters));
      return run_query(prepared);
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
      parameter_values_.clear();
      TRY(plan_statement(*prepared));
      TRY(bind_parameters(*prepared, parameters));
      return run_dml(*prepared);
    case StatementKind::kCopy:
      return run_copy(*prepared);
    case StatementKind::kExplain:
      return run_explain(static_cast<const sql::ExplainStmt&>(statement));
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
    case StatementKind::kDescribe:
      return run_show(*prepared);
    default:
      return run_definition(*prepared);
  }
}

Result<std::unique_ptr<Rows>> SessionImpl::run_query(const std::shared_ptr<Prepared>& prepared) {
  if (prepared->is_point && !prepared->uses_sequences) {
    exec::ExecContext context = exec_context();
    TRY_ASSIGN(exec::PointRow row, exec::run_point_get(*prepared->query, context));
    if (state_ == TransactionState::kIdle) transaction_.reset();
    return make_point_rows(prepared->columns, row.found, std::move(row.values));
  }
  if (state_ == TransactionState::kIdle && !prepared->uses_sequences && !prepared->is_deep) {
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
  if (prepared->uses_sequences) {
    TRY_ASSIGN(commit, finish_statement(*prepared));
  } else if (state_ == TransactionState::kIdle) {
    transaction_.reset();
  }
  return make_batch_rows(prepared->columns, std::move(batches),
                         {fmt::format("SELECT {}", rows), rows, std::move(commit), {}},
                         std::move(account));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_dml(Prepared& prepared) {
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

Result<std::unique_ptr<Rows>> SessionImpl::run_copy(Prepared& prepared) {
  const auto& statement = static_cast<const sql::CopyStmt&>(*prepared.parsed.statement);
  exec::ExecContext context = exec_context();
  int64_t next_report_us = 0;
  const exec::ProgressReport report = [&](std::string_view what, uint64_t finished, uint64_t total,
                                          std::string_view unit) {
    const int64_t now = database_.clock().now_us();
    if (!progress_ || now < next_report_us) return;
    next_report_us = now + 100'000;
    progress_({what, finished, total, unit});
  };
  uint64_t rows = 0;
  if (statement.from) {
    exec::FileSource source;
    if (statement.end == sql::CopyEnd::kFile) {
      TRY_ASSIGN(source, exec::open_copy_source(statement.path, context));
    } else {
      if (copy_source_ == nullptr)
        return Error(ErrorCode::kFeatureNotSupported, "COPY FROM STDIN needs a source of data")
            .with_hint("Use COPY FROM 'file'.");
      CopySource* from = std::exchange(copy_source_, nullptr);
      source.read = [from](char* buffer, size_t size) -> Result<size_t> {
        auto got = from->read(buffer, size);
        if (!got) return to_error(got.failure());
        return *got;
      };
    }
    TRY_ASSIGN(rows, exec::copy_from(statement, source.read, source.bytes, report, context));
  } else {
    SessionResolver resolver(*this);
    expr::ParameterTypes parameters;
    plan::PlanContext planning{resolver, parameters, context.eval, settings_.disabled_rules()};
    exec::FileSink sink;
    if (statement.end == sql::CopyEnd::kFile) {
      TRY_ASSIGN(sink, exec::open_copy_sink(statement.path, context));
    } else {
      if (copy_sink_ == nullptr)
        return Error(ErrorCode::kFeatureNotSupported, "COPY TO STDOUT needs somewhere to write")
            .with_hint("Use COPY TO 'file'.");
      CopySink* to = std::exchange(copy_sink_, nullptr);
      sink.write = [to](std::string_view bytes) -> Result<void> {
        auto written = to->write(bytes);
        if (!written) return to_error(written.failure());
        return {};
      };
    }
    TRY_ASSIGN(rows, exec::copy_to(statement, sink.write, planning, report, context));
    if (sink.finish) TRY(sink.finish());
  }
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return done(fmt::format("COPY {}", rows), rows, std::move(commit));
}

Result<void> SessionImpl::check_concurrently(const sql::Statement& statement) const {
  if (!in_block()) return {};
  const bool creates = statement.kind == StatementKind::kCreateIndex &&
                       static_cast<const sql::CreateIndexStmt&>(statement).concurrently;
  const bool drops = statement.kind == StatementKind::kDrop &&
                     static_cast<const sql::DropStmt&>(statement).concurrently;
  if (!creates && !drops) return {};
  return Error(ErrorCode::kActiveTransaction,
               fmt::format("{} INDEX CONCURRENTLY cannot run inside a transaction block",
                           creates ? "CREATE" : "DROP"));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_definition(Prepared& prepared) {
  const sql::Statement& statement = *prepared.parsed.statement;
  TRY(check_concurrently(statement));
  exec::ExecContext context = exec_context();
  std::string notice;
  std::string tag;
  switch (statement.kind) {
    case StatementKind::kCreateSchema:
    case StatementKind::kCreateDatabase: {
      TRY_ASSIGN(notice,
                 exec::run_create_schema(static_cast<const sql::SchemaStmt&>(statement), context));
      tag = statement.kind == StatementKind::kCreateSchema ? "CREATE SCHEMA" : "CREATE DATABASE";
      break;
    }
    case StatementKind::kDropSchema:
    case StatementKind::kDropDatabase: {
      TRY_ASSIGN(notice,
                 exec::run_drop_schema(static_cast<const sql::SchemaStmt&>(statement), context));
      tag = statement.kind == StatementKind::kDropSchema ? "DROP SCHEMA" : "DROP DATABASE";
      break;
    }
    case StatementKind::kCreateTable: {
      TRY_ASSIGN(notice, exec::run_create_table(static_cast<const sql::CreateTableStmt&>(statement),
                                                context));
      tag = "CREATE TABLE";
      break;
    }
    case StatementKind::kDropTable: {
      TRY_ASSIGN(notice,
                 exec::run_drop_table(static_cast<const sql::DropTableStmt&>(statement), context));
      tag = "DROP TABLE";
      break;
    }
    case StatementKind::kTruncate: {
      TRY_ASSIGN(notice,
                 exec::run_truncate(static_cast<const sql::TruncateStmt&>(statement), context));
      tag = "TRUNCATE TABLE";
      break;
    }
    case StatementKind::kAlterTable: {
      TRY_ASSIGN(notice, exec::run_alter_table(static_cast<const sql::AlterTableStmt&>(statement),
                                               context));
      tag = "ALTER TABLE";
      break;
    }
    case StatementKind::kRename: {
      const auto& rename = static_cast<const sql::RenameStmt&>(statement);
      TRY_ASSIGN(notice, exec::run_rename(rename, context));
      tag = "ALTER " + std::string(object_word(rename.object));
      break;
    }
    case StatementKind::kCreateIndex: {
      TRY_ASSIGN(notice, exec::run_create_index(static_cast<const sql::CreateIndexStmt&>(statement),
                                                context));
      tag = "CREATE INDEX";
      break;
    }
    case StatementKind::kDrop: {
      const auto& drop = static_cast<const sql::DropStmt&>(statement);
      TRY_ASSIGN(notice, exec::run_drop(drop, context));
      tag = "DROP " + std::string(object_word(drop.object));
      break;
    }
    case StatementKind::kCreateSequence: {
      TRY_ASSIGN(notice, exec::run_create_sequence(static_cast<const sql::SequenceStmt&>(statement),
                                                   context));
      tag = "CREATE SEQUENCE";
      break;
    }
    case StatementKind::kAlterSequence: {
      TRY_ASSIGN(notice, exec::run_alter_sequence(static_cast<const sql::SequenceStmt&>(statement),
                                                  context));
      tag = "ALTER SEQUENCE";
      break;
    }
    case StatementKind::kCreateView:
    case StatementKind::kRefresh: {
      TRY_ASSIGN(exec::ViewOutcome outcome, run_view_statement(statement, context));
      tag = std::move(outcome.tag);
      notice = std::move(outcome.notice);
      break;
    }
    default:
      return Error(ErrorCode::kFeatureNotSupported, "this statement is not supported yet");
  }
  schema_changed_ = true;
  TRY_ASSIGN(std::string commit, finish_statement(prepared));
  return done(std::move(tag), 0, std::move(commit), std::move(notice));
}

Result<exec::ViewOutcome> SessionImpl::run_view_statement(const sql::Statement& statement,
                                                          exec::ExecContext& context) {
  SessionResolver resolver(*this);
  expr::ParameterTypes parameters;
  plan::PlanContext planning{resolver, parameters, context.eval, settings_.disabled_rules()};
  if (statement.kind == StatementKind::kRefresh)
    return exec::run_refresh(static_cast<const sql::RefreshStmt&>(statement), context, planning);
  return exec::run_create_view(static_cast<const sql::CreateViewStmt&>(statement), context,
                               planning);
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
  } else if (inner.kind == StatementKind::kInsert || inner.kind == StatementKind::kUpdate ||
             inner.kind == StatementKind::kDelete) {
    if (explain.analyze)
      return Error(ErrorCode::kFeatureNotSupported,
                   "EXPLAIN ANALYZE of a statement that writes is not supported yet");
    std::unique_ptr<exec::DmlPlan> plan;
    if (inner.kind == StatementKind::kInsert) {
      TRY_ASSIGN(plan, exec::plan_insert(static_cast<const sql::InsertStmt&>(inner), planning));
    } else if (inner.kind == StatementKind::kUpdate) {
      TRY_ASSIGN(plan, exec::plan_update(static_cast<const sql::UpdateStmt&>(inner), planning));
    } else {
      TRY_ASSIGN(plan, exec::plan_delete(static_cast<const sql::DeleteStmt&>(inner), planning));
    }
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

Result<std::unique_ptr<Rows>> SessionImpl::run_show(Prepared& prepared) {
  const sql::Statement& statement = *prepared.parsed.statement;
  TableRows table;
  switch (statement.kind) {
    case StatementKind::kShowLog:
    case StatementKind::kShowTransactions: {
      TRY_ASSIGN(table,
                 show_log(*this, static_cast<const sql::ShowLogStmt&>(statement), eval_context()));
      break;
    }
    case StatementKind::kShowDiff: {
      TRY_ASSIGN(table,
                 show_diff(*this, static_cast<const sql::DiffStmt&>(statement), eval_context()));
      break;
    }
    case StatementKind::kBlame: {
      TRY_ASSIGN(table,
                 run_blame(*this, static_cast<const sql::BlameStmt&>(statement), eval_context()));
      break;
    }
    case StatementKind::kShowBranches:
    case StatementKind::kShowTags:
    case StatementKind::kShowForeign:
    case StatementKind::kShowReflog: {
      TRY_ASSIGN(table, show_version_rows(*this, statement));
      break;
    }
    case StatementKind::kShowTables: {
      const auto& show = static_cast<const sql::ShowStmt&>(statement);
      const std::string schema = show.name.name.empty() ? this->schema() : std::string(show.name.name);
      TRY_ASSIGN(const std::vector<std::string> names, transaction_->catalog().tables(schema));
      std::vector<std::vector<std::string>> rows;
      for (const std::string& name : names) rows.push_back({name});
      table = text_rows({"name"}, rows);
      break;
    }
    case StatementKind::kShowViews: {
      TRY_ASSIGN(table, show_views(*this, static_cast<const sql::ShowStmt&>(statement)));
      break;
    }
    case StatementKind::kShowIndexes: {
      TRY_ASSIGN(table, show_indexes(*this, static_cast<const sql::ShowStmt&>(statement)));
      break;
    }
    case StatementKind::kShowDatabases: {
      TRY_ASSIGN(const std::vector<std::string> names, transaction_->catalog().schemas());
      std::vector<std::vector<std::string>> rows;
      for (const std::string& name : names) rows.push_back({name});
      table = text_rows({"name"}, rows);
      break;
    }
    default: {
      const auto& show = static_cast<const sql::ShowStmt&>(statement);
      TRY_ASSIGN(std::optional<TableRows> view, describe_view(*this, show, eval_context()));
      if (view.has_value()) {
        table = std::move(*view);
        break;
      }
      TRY_ASSIGN(const catalog::TableVersion version,
                 transaction_->get_table(schema_of(show.name), show.name.name));
      std::vector<std::vector<std::string>> rows;
      for (size_t i = 0; i < version.table->columns.size(); ++i) {
        const catalog::ColumnDef& column = version.table->columns[i];
        const auto& key = version.table->primary_key;
        const bool in_key = std::find(key.begin(), key.end(), i) != key.end();
        rows.push_back({column.name, type::type_name(column.type), column.not_null ? "NO" : "YES",
                        column.default_sql, in_key ? "YES" : "NO"});
      }
      table = text_rows({"column", "type", "nullable", "default", "primary_key"}, rows);
    }
  }
  if (state_ == TransactionState::kIdle) transaction_.reset();
  uint64_t rows = 0;
  for (const type::Batch& batch : table.batches) rows += batch.rows;
  return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                         {fmt::format("SHOW {}", rows), rows, {}, {}});
}

// ---- Statements outside a transaction ----

Result<std::unique_ptr<Rows>> SessionImpl::run_outside_transaction(Prepared& prepared) {
  const sql::Statement& statement = *prepared.parsed.statement;
  switch (statement.kind) {
    case StatementKind::kSet:
    case StatementKind::kReset:
    case StatementKind::kShow:
      return run_set(static_cast<const sql::SetStmt&>(statement));
    case StatementKind::kCheckpoint:
      TRY(database_.manager().roll_up_due());
      TRY(database_.store().checkpoint());
      return done("CHECKPOINT");
    default:
      return Error(ErrorCode::kInternal, "a statement came to the wrong place");
  }
}

Result<std::unique_ptr<Rows>> SessionImpl::run_set(const sql::SetStmt& statement) {
  if (statement.kind == StatementKind::kShow) {
    TableRows table;
    if (statement.name == "all") {
      std::vector<std::vector<std::string>> rows;
      for (const Settings::Row& row : settings_.all())
        rows.push_back({std::string(row.name), row.value, std::string(row.description)});
      table = text_rows({"name", "setting", "description"}, rows);
    } else if (statement.name == "transaction_isolation" ||
               statement.name == "transaction isolation level") {
      constexpr std::string_view kNames[] = {"read uncommitted", "read committed",
                                             "repeatable read", "serializable"};
      const txn::IsolationLevel level =
          transaction_ ? transaction_->isolation() : settings_.isolation();
      table =
          text_rows({"transaction_isolation"}, {{std::string(kNames[static_cast<size_t>(level)])}});
    } else {
      TRY_ASSIGN(std::string value, settings_.get(statement.name));
      table = text_rows({std::string(statement.name)}, {{std::move(value)}});
    }
    return make_batch_rows(column_infos(table.columns), std::move(table.batches),
                           {"SHOW", 0, {}, {}});
  }
  const bool reset = statement.kind == StatementKind::kReset || statement.is_default;
  const auto apply = [&](Settings& settings) {
    return reset ? settings.reset(statement.name)
                 : settings.set(statement.name, statement.value, statement.is_list);
  };
  const bool in_block = state_ == TransactionState::kOpen;
  if (statement.local && !in_block) {
    Settings tried = settings_;
    TRY(apply(tried));
    return done("SET", 0, {}, "SET LOCAL can only be used in transaction blocks");
  }
  if (in_block && !settings_on_rollback_) {
    settings_on_rollback_ = settings_;
    settings_on_commit_ = settings_;
  }
  TRY(apply(settings_));
  if (in_block && !statement.local) TRY(apply(*settings_on_commit_));
  if (statement.also != nullptr) return run_set(*statement.also);
  return done(statement.kind == StatementKind::kReset ? "RESET" : "SET");
}

Result<VersionResult> SessionImpl::version_result(const sql::Statement& statement) {
  const bool read_only = in_block() && transaction_ ? transaction_->read_only() || mode_.read_only()
                                                    : settings_.default_read_only();
  if (read_only) TRY(check_only_reads(statement));
  return is_conflict_statement(statement) ? run_conflict_statement(*this, statement)
                                          : run_version_statement(*this, statement);
}

Result<std::unique_ptr<Rows>> SessionImpl::run_verb(Prepared& prepared, const VerbCall& call,
                                                    const std::vector<Parameter>& parameters) {
  prepared.parameters.types.assign(prepared.parsed.parameter_count, type::Type{});
  TRY_ASSIGN(const std::vector<expr::NodePtr> nodes, bind_arguments(call, prepared.parameters));
  TRY(bind_parameters(prepared, parameters));
  std::vector<type::Value> arguments;
  for (const expr::NodePtr& node : nodes) {
    TRY_ASSIGN(type::Value value, expr::evaluate_constant(*node, eval_context()));
    arguments.push_back(std::move(value));
  }
  TRY_ASSIGN(const std::string text, statement_of(call, arguments));
  TRY_ASSIGN(const sql::ParsedStatement statement, sql::parse_statement(text));
  TRY_ASSIGN(VersionResult result, version_result(*statement.statement));
  TableRows row = verb_row(result);
  result.facts.tag = call.is_call ? "CALL" : "SELECT";
  result.facts.notices.clear();  // They are in the row.
  return make_batch_rows(column_infos(row.columns), std::move(row.batches),
                         std::move(result.facts));
}

Result<std::unique_ptr<Rows>> SessionImpl::run_version_control(const sql::Statement& statement) {
  TRY_ASSIGN(VersionResult result, version_result(statement));
  return make_batch_rows(result.rows ? column_infos(result.rows->columns) : no_columns(),
                         result.rows ? std::move(result.rows->batches) : std::vector<type::Batch>{},
                         std::move(result.facts));
}

Result<void> SessionImpl::check_out(std::string_view revision) {
  txn::Manager& manager = database_.manager();
  TRY_ASSIGN(const bool is_branch, manager.has_branch(revision));
  if (is_branch) {
    branch_ = revision;
    pinned_ = false;
  } else {
    auto commit = manager.resolve_revision(revision, branch_);
    if (!commit && commit.error().code() != ErrorCode::kUndefinedRevision)
      return std::move(commit).error();
    if (!commit) {
      return Error(ErrorCode::kUndefinedBranch,
                   fmt::format("branch \"{}\" does not exist", revision))
          .with_hint(std::string(branch_words(database_.hints()).list_branches));
    }
    branch_ = commit->hex();
    pinned_ = true;
    pinned_name_ = revision;
  }
  last_sequence_ = 0;
  return {};
}

Result<void> SessionImpl::check_writable() const {
  if (pinned_) {
    return Error(ErrorCode::kReadOnlyTransaction,
                 fmt::format("cannot write: the session is on \"{}\", which is no branch",
                             pinned_name_))
        .with_hint(fmt::format("CREATE BRANCH name FROM '{}' makes one; then CHECKOUT name.",
                               pinned_name_));
  }
  if (!database_.branch_settings().is_protected(branch_)) return {};
  return Error(ErrorCode::kInsufficientPrivilege,
               fmt::format("branch \"{}\" is protected", branch_))
      .with_hint(
          fmt::format(fmt::runtime(branch_words(database_.hints()).change_elsewhere), branch_));
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
