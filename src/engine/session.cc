#include "engine/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/caught.h"
#include "base/deep_stack.h"
#include "base/limits.h"
#include "engine/failure.h"
#include "engine/statement.h"
#include "engine/stream.h"
#include "engine/virtual_rows.h"
#include "sql/statements.h"
#include "system/compiled_views.h"

namespace rowan::engine {

namespace {

// A text with nothing in it.
class NoStatement final : public Statement {
 public:
  size_t parameter_count() const override { return 0; }
  std::string words() const override { return {}; }
  bool is_copy_in() const override { return false; }
  bool is_copy_out() const override { return false; }
  StatementTraits traits() const override { return {.ends_block = true}; }  // A failed block takes it.
  Outcome<StatementInfo> describe() override { return StatementInfo{}; }
  Outcome<StatementInfo> describe(const std::vector<Parameter>&) override { return StatementInfo{}; }
  Outcome<bool> check(const std::vector<Parameter>&) override { return true; }
  Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>&) override {
    return guarded([]() -> Outcome<std::unique_ptr<Rows>> {
      return make_batch_rows(no_columns(), {}, {});
    });
  }
};

// Of a person of whom no more is known.
std::string local_email(std::string_view name) {
  std::string email(name);
  for (char& c : email) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    if (!plain) c = '-';
  }
  return email + "@localhost";
}

}  // namespace

SessionImpl::SessionImpl(DatabaseImpl& database, const ConnectOptions& options)
    : database_(database),
      author_(database.author()),
      is_owner_(options.user.empty()),
      databases_folder_(options.databases_folder),
      file_names_{options.folder, options.process},
      words_(options.command_hints ? versions::hint_words(versions::Door::kCommand)
                                   : database.hints()),
      head_{database.default_branch(), false, {}} {
  user_ = options.user.empty() ? author_.name : options.user;
  // Git knows people by their e-mail: nobody gets another's. The owner is one under both of his names.
  if (user_ != author_.name && user_ != database.login())
    author_ = {.name = options.user, .email = local_email(options.user)};
  if (!options.email.empty()) author_.email = options.email;
  settings_.now().set_memory_limit(database.memory().bytes_max());
  settings_.now().note("session_authorization", user_);
  settings_.now().note("rowan.author", fmt::format("{} <{}>", author_.name, author_.email));
}

SessionImpl::SessionImpl(DatabaseImpl& database, std::string branch)
    : SessionImpl(database, ConnectOptions()) {
  head_.branch = std::move(branch);
}

Result<void> SessionImpl::begin(const ConnectOptions& options) {
  home_ = options.branch;
  if (!home_.empty()) TRY(check_out(home_));
  note_branch();
  if (!options.application_name.empty())
    TRY(settings_.now().set_initial("application_name", options.application_name));
  for (const auto& [name, value] : options.settings) {
    if (!is_owner_ && name == "rowan.author") return not_the_owner(name);
    if (name == "rowan.branch") {
      home_ = value;
      TRY(check_out(home_));
    } else {
      TRY(settings_.now().set_initial(name, value));
    }
  }
  return {};
}
SessionImpl::~SessionImpl() = default;

Outcome<std::unique_ptr<Statement>> SessionImpl::prepare(
    std::string_view text, const std::vector<uint32_t>& parameter_oids) {
  return guarded([&]() -> Outcome<std::unique_ptr<Statement>> {
    const auto prepared = ended([&]() -> Result<std::shared_ptr<Prepared>> {
      auto parsed = parse_prepared(text);
      if (!parsed && sql::is_blank(text)) return std::shared_ptr<Prepared>();
      if (parsed) TRY((*parsed)->give_types(parameter_oids));
      return parsed;
    });
    if (!prepared) return to_failure(prepared.error());
    if (*prepared == nullptr) return std::unique_ptr<Statement>(std::make_unique<NoStatement>());
    return std::unique_ptr<Statement>(std::make_unique<StatementImpl>(*this, *prepared));
  });
}

Outcome<std::vector<std::unique_ptr<Statement>>> SessionImpl::prepare_all(std::string_view text) {
  using Statements = std::vector<std::unique_ptr<Statement>>;
  return guarded([&]() -> Outcome<Statements> {
    Statements statements;
    const auto made = ended([&]() -> Result<void> {
      bool is_deep = false;
      TRY_ASSIGN(auto parsed, parse_deep([&] { return sql::parse_script(text); }, is_deep));
      for (sql::ParsedStatement& one : parsed) {
        TRY_ASSIGN(auto prepared, prepared_of(std::move(one), is_deep));
        statements.push_back(std::make_unique<StatementImpl>(*this, std::move(prepared)));
      }
      return {};
    });
    if (!made) return to_failure(made.error());
    return statements;
  });
}

Outcome<std::unique_ptr<Rows>> SessionImpl::run(std::string_view text,
                                                const std::vector<Parameter>& parameters) {
  return guarded([&]() -> Outcome<std::unique_ptr<Rows>> {
    const auto prepared = ended([&]() -> Result<std::shared_ptr<Prepared>> {
      auto parsed = parse_prepared(text);
      if (!parsed && sql::is_blank(text)) return std::shared_ptr<Prepared>();
      return parsed;
    });
    if (!prepared) return to_failure(prepared.error());
    if (*prepared == nullptr) return make_batch_rows(no_columns(), {}, {});
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
      const auto prepared = ended([&] { return prepared_of(std::move(statement), is_deep); });
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

Error SessionImpl::named_timeout(Error error) const {
  if (error.code() != ErrorCode::kQueryCanceled || !timed_out_.load(std::memory_order_relaxed))
    return error;
  return Error(ErrorCode::kQueryCanceled, "canceling statement due to statement timeout");
}

Result<std::unique_ptr<Rows>> SessionImpl::execute(const std::shared_ptr<Prepared>& prepared,
                                                   const std::vector<Parameter>& parameters) {
  cancelled_.store(false, std::memory_order_relaxed);
  block_.draw_before(prepared->parsed.statement->kind);
  return ended([&]() -> RowsResult {
    TRY_ASSIGN(auto rows, within(settings().statement_timeout_ms() * 1000, [&] {
                 return execute_at_depth(prepared, parameters);
               }));
    if (notice_handler_ || !prepared->parsed.notices.empty() || settings().leaves_out_notices())
      tell(prepared->parsed.notices, *rows);
    return rows;
  });
}

// What the statement says goes to the handler, or stays with the rows.
void SessionImpl::tell(const std::vector<std::string>& of_parser, Rows& rows) {
  constexpr std::string_view kCutName = "42622";
  std::vector<Notice> notices;
  for (const std::string& message : of_parser)
    notices.push_back({.sqlstate = std::string(kCutName), .message = message});
  for (Notice& notice : take_notices(rows)) notices.push_back(std::move(notice));
  std::erase_if(notices, [&](const Notice& notice) { return !settings().wants(notice.severity); });
  if (!notice_handler_) return add_notices(rows, std::move(notices));
  for (const Notice& notice : notices) notice_handler_(notice);
}

Result<std::unique_ptr<Rows>> SessionImpl::execute_at_depth(
    const std::shared_ptr<Prepared>& prepared, const std::vector<Parameter>& parameters) {
  if (prepared->is_deep) return execute_deep(prepared, parameters);
  RowsResult rows = execute_checked(prepared, parameters);
  const bool is_too_deep = !rows && rows.error().code() == ErrorCode::kStatementTooComplex &&
                           may_be_deep(prepared->parsed.statement->kind);
  if (!is_too_deep) return rows;
  block_.undo_statement();
  return execute_deep(prepared, parameters);
}

Result<std::unique_ptr<Rows>> SessionImpl::execute_deep(const std::shared_ptr<Prepared>& prepared,
                                                        const std::vector<Parameter>& parameters) {
  prepared->is_deep = true;
  std::optional<RowsResult> rows;
  TRY(run_on_deep_stack([&] {
    const DropPlans dropped(*prepared);
    rows.emplace(execute_checked(prepared, parameters));
  }));
  return std::move(*rows);
}

std::string SessionImpl::schema_of(std::string_view name) const {
  if (system::find_compiled_view("pg_catalog", name) != nullptr) return "pg_catalog";
  return versions::schema_of(settings().search_path(), name,
                             reading_ != nullptr ? reading_ : block_.transaction(),
                             database_.manager(), head_.branch);
}

int64_t SessionImpl::statement_time_us() const {
  const txn::Transaction* const transaction = block_.transaction();
  return (transaction != nullptr ? transaction->start_time_us() : database_.clock().now_us()) -
         kMicrosFrom1970To2000;
}

expr::EvalContext SessionImpl::eval_context() const {
  expr::EvalContext context;
  context.parameters = &parameter_values_;
  context.given = given_;
  context.transaction_time_us = statement_time_us();
  context.user = user_;
  context.database = database_.name();
  // Contexts that are there already look at it.
  if (std::string now = schema(); now != schema_) schema_ = std::move(now);
  context.schema = schema_;
  context.path = settings().search_path();
  context.branch = head_.name();
  context.last_commit = block_.last_commit();
  context.cancelled = &cancelled_;
  sequences_.use(block_.transaction(), settings().search_path());
  context.sequences = &sequences_;
  files_.use(block_.transaction(), database_.store().cache());
  context.files = &files_;
  context.catalog = &catalog_;
  return context;
}

exec::ExecContext SessionImpl::context_in(txn::Transaction& transaction,
                                          const expr::EvalContext& eval) const {
  exec::ExecContext context{database_.manager(), transaction, eval};
  context.work_mem = settings().work_mem();
  context.memory = &database_.memory();
  return context;
}

exec::ExecContext SessionImpl::exec_context() {
  exec::ExecContext context = context_in(*block_.transaction(), eval_context());
  context.unique = &block_.unique();
  context.foreign_keys = &foreign_keys_;
  context.checks = &checks_;
  return context;
}

Result<void> SessionImpl::check_out(std::string_view revision) {
  TRY_ASSIGN(head_, versions::find_head(database_.manager(), head_, revision, words_));
  block_.forget_sequence();
  note_branch();
  return {};
}

void SessionImpl::note_branch() { settings_.now().note("rowan.branch", head_.name()); }

git::Signature SessionImpl::author() const {
  const std::optional<Settings::Author> named = settings().author();
  return named ? git::Signature{.name = named->name, .email = named->email} : author_;
}

Result<void> SessionImpl::check_writable() const {
  return versions::check_writable(head_, database_.branch_settings(), words_);
}

std::unique_ptr<Rows> SessionImpl::done(std::string tag, uint64_t affected, std::string commit_id,
                                        std::string notice) {
  ResultFacts facts{std::move(tag), affected, std::move(commit_id), {}};
  if (!notice.empty()) facts.notices.push_back(std::move(notice));
  return make_batch_rows(no_columns(), {}, std::move(facts));
}

std::unique_ptr<Rows> SessionImpl::done_with_warning(std::string tag, ErrorCode code,
                                                     std::string message) {
  auto rows = done(std::move(tag));
  add_notices(*rows, {{.severity = "WARNING",
                       .sqlstate = std::string(sqlstate(code)),
                       .message = std::move(message)}});
  return rows;
}

}  // namespace rowan::engine
