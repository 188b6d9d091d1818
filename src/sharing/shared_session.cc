#include "sharing/shared_session.h"

#include <algorithm>
#include <utility>

#include "sharing/failures.h"
#include "sharing/scripts.h"
#include "sql/parser.h"

namespace rowan::sharing {

namespace {

constexpr int kAttemptsMax = 5;  // Of what was not begun, in one process after the other.

}  // namespace

// A statement that is prepared again where its session begins again.
class SharedStatement final : public Statement {
 public:
  // `sql`: empty for one of several of a text, which cannot be prepared again.
  SharedStatement(SharedSession& session, std::string_view sql, std::vector<uint32_t> oids,
                  std::unique_ptr<Statement> inner)
      : session_(session),
        sql_(sql),
        oids_(std::move(oids)),
        inner_(std::move(inner)),
        generation_(session.generation_),
        parameter_count_(inner_->parameter_count()),
        words_(inner_->words()),
        is_copy_in_(inner_->is_copy_in()),
        is_copy_out_(inner_->is_copy_out()),
        traits_(inner_->traits()) {}

  size_t parameter_count() const override { return parameter_count_; }
  std::string words() const override { return words_; }
  bool is_copy_in() const override { return is_copy_in_; }
  bool is_copy_out() const override { return is_copy_out_; }
  StatementTraits traits() const override { return traits_; }
  Outcome<StatementInfo> describe() override {
    return session_.on(SharedSession::Kind::kLooks, [&](Session& now) -> Outcome<StatementInfo> {
      auto statement = current(now);
      if (!statement) return statement.failure();
      return (*statement)->describe();
    });
  }
  Outcome<StatementInfo> describe(const std::vector<Parameter>& parameters) override {
    return session_.on(SharedSession::Kind::kLooks, [&](Session& now) -> Outcome<StatementInfo> {
      auto statement = current(now);
      if (!statement) return statement.failure();
      return (*statement)->describe(parameters);
    });
  }
  Outcome<bool> check(const std::vector<Parameter>& parameters) override {
    return session_.on(SharedSession::Kind::kLooks, [&](Session& now) -> Outcome<bool> {
      auto statement = current(now);
      if (!statement) return statement.failure();
      return (*statement)->check(parameters);
    });
  }
  Outcome<std::unique_ptr<Rows>> run(const std::vector<Parameter>& parameters) override {
    return session_.on(session_.kind_of(traits_),
                       [&](Session& now) -> Outcome<std::unique_ptr<Rows>> {
                         auto statement = current(now);
                         if (!statement) return statement.failure();
                         return (*statement)->run(parameters);
                       });
  }
  // In the session as it is now.
  Outcome<Statement*> current(Session& now) {
    if (generation_ == session_.generation_) return inner_.get();
    if (sql_.empty()) return to_failure(lost_connection());
    auto again = now.prepare(sql_, oids_);
    if (!again) return again.failure();
    inner_ = std::move(*again);
    generation_ = session_.generation_;
    return inner_.get();
  }

 private:
  SharedSession& session_;
  std::string sql_;
  std::vector<uint32_t> oids_;
  std::unique_ptr<Statement> inner_;
  uint64_t generation_;
  size_t parameter_count_;
  std::string words_;
  bool is_copy_in_;
  bool is_copy_out_;
  StatementTraits traits_;
};

// ---- From one process to the next ----

template <typename Work>
auto SharedSession::on(Kind kind, const Work& work) -> decltype(work(std::declval<Session&>())) {
  for (int attempt = 0;; ++attempt) {
    if (auto failed = get_ready()) return *failed;
    const bool was_at_rest =
        !implicit_ && inner_->transaction_state() == TransactionState::kIdle;
    auto outcome = work(*inner_);
    if (outcome || remote_ == nullptr || remote_->link().loss() == Link::Loss::kNone)
      return outcome;
    const bool can_repeat = kind == Kind::kLooks ||
                            remote_->link().loss() == Link::Loss::kNotBegun ||
                            remote_->link().loss() == Link::Loss::kIdle;
    if (!was_at_rest || !can_repeat || attempt == kAttemptsMax) return break_off(kind);
    break_off(Kind::kLooks);
  }
}

std::optional<Failure> SharedSession::begin() { return begin_again(); }

std::optional<Failure> SharedSession::get_ready() {
  if (inner_ && (remote_ == nullptr || remote_->link().is_alive())) return std::nullopt;
  if (inner_) {
    const bool was_at_rest = !implicit_ && remote_->link().state() == TransactionState::kIdle;
    Failure told = break_off(Kind::kRuns);
    if (!was_at_rest) return told;
  }
  return begin_again();
}

Failure SharedSession::break_off(Kind kind) {
  Link& link = remote_->link();
  Failure told = link.why();
  const bool in_block = link.state() != TransactionState::kIdle;
  if (kind == Kind::kCommits && link.loss() == Link::Loss::kUnknown) {
    told = to_failure(unknown_outcome());
  } else if (kind != Kind::kLooks && told.hint.empty()) {
    told.hint = in_block || implicit_ ? "Its transaction was rolled back: run it again."
                                      : "Run it again.";
  }
  block_is_lost_ = in_block && kind != Kind::kCommits;
  branch_ = link.branch();
  database_ = inner_->database();
  user_ = inner_->user();
  settings_ = link.settings();
  current_.store(nullptr);
  ears_ = link.ears;
  remote_ = nullptr;
  inner_.reset();
  ++generation_;
  return told;
}

std::optional<Failure> SharedSession::begin_again() {
  RemoteSession* remote = nullptr;
  auto session = attachments_.attach_session(options_, remote);
  if (!session) return session.failure();
  if (generation_ > 0) {  // As it was.
    const auto give_back = [&](const std::string& text) -> std::optional<Failure> {
      auto done = (*session)->run(text);
      if (done) return std::nullopt;
      return done.failure();
    };
    if (!branch_.empty() && branch_ != (*session)->branch()) {
      if (auto failed = give_back("SET rowan.branch = " + sql::quote_literal(branch_))) return failed;
    }
    for (const auto& [name, value] : settings_) {
      auto set = (*session)->run("SELECT set_config($1, $2, false)", {name, value});
      if (!set) return set.failure();
      while (auto more = (*set)->next()) {
        if (!*more) break;
      }
    }
    if (block_is_lost_) {
      if (auto failed = give_back("BEGIN")) return failed;
      (*session)->fail_block();
      block_is_lost_ = false;
    }
  }
  inner_ = std::move(*session);
  remote_ = remote;
  apply_handlers();
  current_.store(inner_.get());
  return std::nullopt;
}

void SharedSession::apply_handlers() {
  inner_->set_notice_handler(ears_.notice);
  inner_->set_status_handler(ears_.status);
  inner_->set_progress(ears_.progress);
  inner_->set_copy_source(ears_.source);
  inner_->set_copy_sink(ears_.sink);
}

SharedSession::Kind SharedSession::kind_of(const StatementTraits& traits) const {
  if (traits.may_commit && traits.ends_block) return Kind::kCommits;  // COMMIT
  if (implicit_ || transaction_state() != TransactionState::kIdle) return Kind::kRuns;
  if (traits.may_commit) return Kind::kCommits;
  return traits.may_repeat ? Kind::kLooks : Kind::kRuns;
}

TransactionState SharedSession::transaction_state() const {
  if (inner_) return inner_->transaction_state();
  return block_is_lost_ ? TransactionState::kFailed : TransactionState::kIdle;
}

// ---- Session ----

Outcome<std::unique_ptr<Statement>> SharedSession::prepare(
    std::string_view sql, const std::vector<uint32_t>& parameter_oids) {
  auto statement =
      on(Kind::kLooks, [&](Session& now) { return now.prepare(sql, parameter_oids); });
  if (!statement) return statement.failure();
  return std::unique_ptr<Statement>(
      std::make_unique<SharedStatement>(*this, sql, parameter_oids, std::move(*statement)));
}

Outcome<std::vector<std::unique_ptr<Statement>>> SharedSession::prepare_all(std::string_view sql) {
  auto statements = on(Kind::kLooks, [&](Session& now) { return now.prepare_all(sql); });
  if (!statements) return statements.failure();
  const std::string_view alone = statements->size() == 1 ? sql : std::string_view();
  for (auto& statement : *statements)
    statement = std::make_unique<SharedStatement>(*this, alone, std::vector<uint32_t>(),
                                                  std::move(statement));
  return statements;
}

Outcome<std::unique_ptr<Rows>> SharedSession::run(std::string_view sql,
                                                  const std::vector<Parameter>& parameters) {
  auto statement = prepare(sql, {});
  if (!statement) return statement.failure();
  return (*statement)->run(parameters);
}

// Statement by statement, so that each is known when the connection breaks off in it.
Outcome<uint64_t> SharedSession::run_script(std::string_view sql,
                                            const std::function<void(Rows&)>& each) {
  auto statements = prepare_all(sql);
  if (!statements) return statements.failure();
  return run_each(*statements, each);
}

Outcome<uint64_t> SharedSession::run_message(std::string_view sql,
                                             const std::function<Outcome<bool>(Rows&)>& each) {
  return run_as_message(*this, sql, each);
}

Outcome<bool> SharedSession::name_statement(std::string_view name, Statement& statement) {
  return on(Kind::kRuns, [&](Session& now) -> Outcome<bool> {
    auto current = static_cast<SharedStatement&>(statement).current(now);
    if (!current) return current.failure();
    return now.name_statement(name, **current);
  });
}

Outcome<std::unique_ptr<Statement>> SharedSession::named_statement(std::string_view name) {
  auto statement = on(Kind::kRuns, [&](Session& now) { return now.named_statement(name); });
  if (!statement) return statement.failure();
  return std::unique_ptr<Statement>(std::make_unique<SharedStatement>(
      *this, std::string_view(), std::vector<uint32_t>(), std::move(*statement)));
}

Outcome<bool> SharedSession::drop_named_statement(std::string_view name) {
  return on(Kind::kLooks, [&](Session& now) { return now.drop_named_statement(name); });
}

void SharedSession::begin_implicit() {
  if (get_ready() || transaction_state() != TransactionState::kIdle) return;
  implicit_ = true;
  inner_->begin_implicit();
}

Outcome<bool> SharedSession::end_implicit() {
  if (!inner_) {  // It broke off, as a statement of it was told.
    implicit_ = false;
    return true;
  }
  auto ended = on(Kind::kCommits, [](Session& now) { return now.end_implicit(); });
  implicit_ = false;
  return ended;
}

void SharedSession::fail_block() {
  if (inner_ && (implicit_ || transaction_state() == TransactionState::kOpen)) inner_->fail_block();
}

Outcome<std::unique_ptr<CopyIn>> SharedSession::start_copy_in(Statement& statement) {
  return on(Kind::kRuns, [&](Session& now) -> Outcome<std::unique_ptr<CopyIn>> {
    auto current = static_cast<SharedStatement&>(statement).current(now);
    if (!current) return current.failure();
    return now.start_copy_in(**current);
  });
}

Outcome<std::unique_ptr<CopyOut>> SharedSession::start_copy_out(Statement& statement) {
  return on(Kind::kRuns, [&](Session& now) -> Outcome<std::unique_ptr<CopyOut>> {
    auto current = static_cast<SharedStatement&>(statement).current(now);
    if (!current) return current.failure();
    return now.start_copy_out(**current);
  });
}

void SharedSession::set_copy_source(CopySource* source) {
  ears_.source = source;
  if (inner_) inner_->set_copy_source(source);
}
void SharedSession::set_copy_sink(CopySink* sink) {
  ears_.sink = sink;
  if (inner_) inner_->set_copy_sink(sink);
}
void SharedSession::set_progress(std::function<void(const Progress&)> report) {
  ears_.progress = report;
  if (inner_) inner_->set_progress(std::move(report));
}
void SharedSession::set_notice_handler(std::function<void(const Notice&)> handler) {
  ears_.notice = handler;
  if (inner_) inner_->set_notice_handler(std::move(handler));
}
void SharedSession::set_status_handler(
    std::function<void(std::string_view, std::string_view)> handler) {
  ears_.status = handler;
  if (inner_) inner_->set_status_handler(std::move(handler));
}

std::vector<std::pair<std::string, std::string>> SharedSession::reported_settings() const {
  return inner_ ? inner_->reported_settings() : Settings();
}

void SharedSession::cancel() {
  if (Session* session = current_.load()) session->cancel();
}

Outcome<bool> SharedSession::reset() {
  if (!inner_) {  // What is open is gone, and nothing is to be given back.
    block_is_lost_ = false;
    branch_.clear();
    settings_.clear();
  }
  return on(Kind::kRuns, [](Session& now) { return now.reset(); });
}

std::string SharedSession::setting(std::string_view name) const {
  return inner_ ? inner_->setting(name) : std::string();
}

int64_t SharedSession::timeout_ms(std::string_view name) const {
  return inner_ ? inner_->timeout_ms(name) : 0;
}

}  // namespace rowan::sharing
