// SessionImpl: one connection: where it stands (branch, author), its settings, transactions, prepared
// statements and cursors, and the way of a statement from text to result.
//
// Threads: one at a time, but cancel().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/cursors.h"
#include "engine/database.h"
#include "engine/deadlines.h"
#include "engine/named_statements.h"
#include "engine/prepared.h"
#include "engine/rows.h"
#include "engine/session_system.h"
#include "engine/session_settings.h"
#include "engine/settings.h"
#include "engine/transaction_block.h"
#include "engine/virtual_rows.h"
#include "exec/constraints.h"
#include "exec/copy.h"
#include "exec/foreign_keys.h"
#include "exec/operator.h"
#include "exec/files.h"
#include "exec/sequences.h"
#include "exec/validator.h"
#include "rowan/rowan.h"
#include "system/catalog/reader.h"
#include "txn/transaction.h"
#include "versions/context.h"

namespace rowan::engine {

class CopyRun;
struct VerbCall;

class SessionImpl final : public Session, private BlockSession {
 public:
  SessionImpl(DatabaseImpl& database, const ConnectOptions& options);
  // On a branch that is there, for work of the database's own.
  SessionImpl(DatabaseImpl& database, std::string branch);
  // What the options say beside who it is: the branch and the settings.
  Result<void> begin(const ConnectOptions& options);
  ~SessionImpl() override;

  Outcome<std::unique_ptr<Statement>> prepare(
      std::string_view sql, const std::vector<uint32_t>& parameter_oids) override;
  Outcome<std::vector<std::unique_ptr<Statement>>> prepare_all(std::string_view sql) override;
  Outcome<std::unique_ptr<Rows>> run(std::string_view sql,
                                     const std::vector<Parameter>& parameters) override;
  Outcome<uint64_t> run_script(std::string_view sql,
                               const std::function<void(Rows&)>& each) override;
  Outcome<uint64_t> run_message(std::string_view sql,
                                const std::function<Outcome<bool>(Rows&)>& each) override;
  Outcome<bool> name_statement(std::string_view name, Statement& statement) override;
  Outcome<std::unique_ptr<Statement>> named_statement(std::string_view name) override;
  Outcome<bool> drop_named_statement(std::string_view name) override;
  void begin_implicit() override { block_.begin_implicit(); }
  Outcome<bool> end_implicit() override;
  void fail_block() override {
    if (block_.is_shared()) block_.fail_statement();
  }
  Outcome<std::unique_ptr<CopyIn>> start_copy_in(Statement& statement) override;
  Outcome<std::unique_ptr<CopyOut>> start_copy_out(Statement& statement) override;
  void set_notice_handler(std::function<void(const Notice&)> handler) override {
    notice_handler_ = std::move(handler);
  }
  void set_status_handler(
      std::function<void(std::string_view, std::string_view)> handler) override;
  std::vector<std::pair<std::string, std::string>> reported_settings() const override;
  Outcome<bool> reset() override;
  std::string setting(std::string_view name) const override;
  Result<std::string> change_setting(std::string_view name, std::string_view value, bool is_local);
  int64_t timeout_ms(std::string_view name) const override;
  void set_copy_source(CopySource* source) override { copy_source_ = source; }
  void set_copy_sink(CopySink* sink) override { copy_sink_ = sink; }
  void set_progress(std::function<void(const Progress&)> report) override {
    progress_ = std::move(report);
  }
  void cancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  std::string branch() const override { return head_.name(); }
  std::string database() const override { return database_.name(); }
  std::string user() const override { return user_; }
  TransactionState transaction_state() const override { return block_.told_state(); }

  Result<std::unique_ptr<Rows>> execute(const std::shared_ptr<Prepared>& prepared,
                                        const std::vector<Parameter>& parameters);
  // `values`: null when it has none yet.
  Result<StatementInfo> describe_prepared(const std::shared_ptr<Prepared>& prepared,
                                          const std::vector<Parameter>* values);
  // Fails a block, as describing does. Requires: it was described.
  Result<void> check(const Prepared& prepared, const std::vector<Parameter>& values) {
    return ended([&] { return check_parameters(prepared, values); });
  }
  // Of commits: the connection's, or what rowan.author says.
  git::Signature author() const override;
  TransactionBlock& block() { return block_; }
  // Work that ends in 57014 after that time; 0: no bound.
  template <typename Work>
  auto within(int64_t time_us, const Work& work) -> decltype(work());

  DatabaseImpl& owner() { return database_; }
  const std::string& databases_folder() const { return databases_folder_; }  // Empty: none.
  const NamedStatements& named_statements() const { return named_; }
  const Cursors& cursors() const { return cursors_; }
  const versions::HintWords& hints() const { return words_; }
  system::Context& system() { return system_; }  // What system relations see of it.
  const Settings& settings() const { return settings_.now(); }
  // The session's branch; on a tag or commit the commit's id, which stands for HEAD in revisions.
  const std::string& branch_name() const { return head_.branch; }
  bool is_pinned() const { return head_.is_pinned; }
  // What reads as a verb of version control does is lent. Made new for each statement.
  versions::Context version_context();
  // Runs a verb of version control on such a context. What the verb did there is the session's then,
  // also when it failed.
  using Verb = std::function<Result<versions::VerbResult>(versions::Context&)>;
  Result<versions::VerbResult> lend(const Verb& verb);
  // CHECKOUT: a branch, or any other revision to read from. kUndefinedBranch.
  Result<void> check_out(std::string_view revision);
  // Whether the session may change its branch: 25006 on a tag or commit, 42501 on a protected
  // branch.
  Result<void> check_writable() const override;
  // What stopped the last merge: rows that break constraints.
  const std::vector<exec::Violation>& violations() const { return violations_; }
  void set_violations(std::vector<exec::Violation> violations) {
    violations_ = std::move(violations);
  }
  expr::EvalContext eval_context() const;
  int64_t statement_time_us() const;  // now(), since 2000.
  // By search_path: where a name that is new goes, and where one is that was written without a schema.
  std::string schema() const { return schema_of(std::string_view()); }
  std::string schema_of(std::string_view name) const;
  std::string schema_of(const sql::QualifiedName& name) const {
    return name.schema.empty() ? schema_of(name.name) : std::string(name.schema);
  }
  const std::atomic<bool>& cancel_flag() const { return cancelled_; }
  // For operators that read in that transaction, within the session's memory.
  exec::ExecContext context_in(txn::Transaction& transaction, const expr::EvalContext& eval) const;
  // The transaction that the running statement reads through: never null while one runs or its rows
  // are pulled.
  txn::Transaction* transaction() { return reading_ != nullptr ? reading_ : block_.transaction(); }
  // A result outside a block owns its transaction; while rows are pulled from it, system tables
  // read through that one.
  void set_reading(txn::Transaction* transaction) { reading_ = transaction; }

 private:
  friend class CopyRun;
  using RowsResult = Result<std::unique_ptr<Rows>>;

  const versions::Head& head() const override { return head_; }
  void take_back(const versions::Context& context);
  template <typename Work>
  auto ended(const Work& work) -> decltype(work());
  void tell(const std::vector<std::string>& of_parser, Rows& rows);
  Error named_timeout(Error error) const;
  Outcome<uint64_t> run_parsed(std::vector<sql::ParsedStatement> parsed, bool is_deep,
                               const std::function<Outcome<bool>(Rows&)>& each);
  Result<StatementInfo> describe_checked(Prepared& prepared, const std::vector<Parameter>* values);
  Result<void> describe_with(Prepared& prepared, const std::vector<Parameter>* values,
                             StatementInfo& info);
  Result<void> describe_kind(Prepared& prepared, StatementInfo& info);
  Result<void> describe_named(const sql::PrepareStmt& execute, StatementInfo& info);
  Result<void> check_parameters(const Prepared& prepared,
                                const std::vector<Parameter>& values) const;
  static Result<void> check_parameter_count(const Prepared& prepared,
                                            const std::vector<Parameter>& parameters);
  Result<void> plan_explained(Prepared& prepared);
  RowsResult execute_at_depth(const std::shared_ptr<Prepared>& prepared,
                              const std::vector<Parameter>& parameters);
  RowsResult execute_deep(const std::shared_ptr<Prepared>& prepared,
                          const std::vector<Parameter>& parameters);
  RowsResult execute_checked(const std::shared_ptr<Prepared>& prepared,
                             const std::vector<Parameter>& parameters);
  RowsResult run_transaction_statement(const sql::TransactionStmt& statement);
  // `told`, unless null, gets what a statement of version control came to, in the place of rows.
  RowsResult dispatch(const std::shared_ptr<Prepared>& prepared,
                      const std::vector<Parameter>& parameters, versions::VerbResult* told = nullptr);
  RowsResult run_select(const std::shared_ptr<Prepared>& prepared,
                        const std::vector<Parameter>& parameters);
  RowsResult run_query(const std::shared_ptr<Prepared>& prepared);
  RowsResult run_modify(Prepared& prepared, const std::vector<Parameter>& parameters);
  RowsResult run_copy(Prepared& prepared);
  RowsResult run_explain(Prepared& prepared, const std::vector<Parameter>& parameters);
  // `define` gives a notice, or nothing.
  RowsResult run_definition(
      Prepared& prepared, const std::function<Result<std::string>(exec::ExecContext&)>& define);
  RowsResult run_view_definition(Prepared& prepared);
  RowsResult finish_definition(Prepared& prepared, std::string tag, std::string notice);
  RowsResult run_show(const sql::Statement& statement);
  RowsResult run_set(const sql::SetStmt& statement);
  Result<versions::TableRows> shown_setting(const sql::SetStmt& statement);
  Result<void> apply_setting(const sql::SetStmt& statement);
  Result<void> set_branch(const sql::SetStmt& statement, bool reset);
  Result<void> go_home();  // To the connection's branch.
  RowsResult run_discard(const sql::SetStmt& statement);
  Result<void> discard_all();
  RowsResult run_prepare(const sql::PrepareStmt& statement);
  RowsResult run_execute(const sql::PrepareStmt& statement);
  // What EXECUTE gives it.
  Result<std::vector<Parameter>> arguments_of(const sql::PrepareStmt& statement,
                                              const Prepared& prepared);
  RowsResult run_deallocate(const sql::PrepareStmt& statement);
  static Prepared& query_of(Prepared& declare);
  RowsResult run_declare(const std::shared_ptr<Prepared>& prepared,
                         const std::vector<Parameter>& parameters);
  RowsResult run_fetch(const sql::FetchStmt& statement);
  RowsResult run_close(const sql::CloseStmt& statement);
  RowsResult run_maintenance(const sql::MaintenanceStmt& statement);
  void note_branch();     // In the setting of that name.
  RowsResult run_checkpoint();
  // A statement of version control, which no block takes.
  RowsResult run_version(const sql::Statement& statement,
                         const std::function<Result<versions::VerbResult>(SessionImpl&)>& change,
                         versions::VerbResult* told);
  // What has no transaction of the session: `run` makes its own commit, if any.
  RowsResult run_past_transactions(const sql::Statement& statement,
                                   const std::function<Result<versions::VerbResult>(SessionImpl&)>& run,
                                   versions::VerbResult* told = nullptr);
  // As its statement, with the arguments as values; one row.
  RowsResult run_verb(Prepared& prepared, const VerbCall& call,
                      const std::vector<Parameter>& parameters);

  // Outside a block: commits what the statement wrote; gives the commit's id, or nothing when there
  // is none.
  Result<std::string> finish_statement(Prepared& prepared);
  Result<void> plan_statement(Prepared& prepared);
  bool plan_is_current(const Prepared& prepared) const;
  Result<void> bind_parameters(const Prepared& prepared, const std::vector<Parameter>& parameters);
  exec::ExecContext exec_context();
  std::string_view commit_text(Prepared& prepared) const;
  std::unique_ptr<Rows> done(std::string tag, uint64_t affected = 0, std::string commit_id = {},
                             std::string notice = {});
  std::unique_ptr<Rows> done_with_warning(std::string tag, ErrorCode code, std::string message);

  DatabaseImpl& database_;
  git::Signature author_;  // The connection's.
  std::string user_;       // As whom it connected.
  bool is_owner_ = true;   // Nobody was named when it connected.
  std::string home_;       // The connection's branch; empty: Git's HEAD.
  const std::string databases_folder_;
  const exec::FileNames file_names_;  // Whose names COPY's are.
  const versions::HintWords& words_;  // Of the door that it came by.
  SessionSystem system_{*this};
  versions::Head head_;
  std::vector<exec::Violation> violations_;
  SessionSettings settings_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> timed_out_{false};  // By the clock, not by somebody.
  TransactionBlock block_{*this, database_, settings_, cursors_, cancelled_};
  txn::Transaction* reading_ = nullptr;  // Set while rows of a stream are pulled.
  std::vector<type::Value> parameter_values_;
  expr::ParameterSource* given_ = nullptr;  // Of the statement that runs or is described.
  exec::ForeignKeyState foreign_keys_;  // Of the running statement.
  exec::CheckCache checks_;
  mutable exec::SessionSequences sequences_;  // Drawing changes it, whoever evaluates.
  mutable std::string schema_;                // What the running statement's context names.
  mutable exec::SessionFiles files_;          // As sequences_.
  mutable system::SnapshotReader catalog_{system_};  // As sequences_.
  CopySource* copy_source_ = nullptr;
  CopySink* copy_sink_ = nullptr;
  std::function<void(const Progress&)> progress_;
  std::function<void(const Notice&)> notice_handler_;
  NamedStatements named_;
  Cursors cursors_;
};

// Why a setting is refused that the connection's user may not have.
Error not_the_owner(std::string_view name);

// A statement that fails, whether by an error or by an exception, ends what it was in (N2, N3).
template <typename Work>
auto SessionImpl::ended(const Work& work) -> decltype(work()) {
  try {
    auto result = work();
    if (!result) block_.fail_statement();
    return result;
  } catch (...) {
    block_.fail_statement();
    throw;
  }
}

template <typename Work>
auto SessionImpl::within(int64_t time_us, const Work& work) -> decltype(work()) {
  if (time_us <= 0) return work();
  decltype(work()) result = [&]() -> decltype(work()) {
    Deadlines::Alarm alarm(database_.deadlines(), cancelled_, timed_out_);
    TRY(alarm.set(time_us));
    return work();
  }();
  if (timed_out_.load(std::memory_order_relaxed)) {
    if (!result) result = named_timeout(std::move(result).error());
    timed_out_.store(false, std::memory_order_relaxed);
    cancelled_.store(false, std::memory_order_relaxed);
  }
  return result;
}

}  // namespace rowan::engine
