#include "server/dialogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "base/ensure.h"
#include "server/failures.h"
#include "server/pgwire/backend.h"
#include "sql/parser.h"

namespace rowan::server {

using pgwire::Frame;

struct Dialogue::PreparedStatement {
  std::unique_ptr<Statement> statement;  // Null: the server's own.
  std::optional<ServerStatement> own;
  StatementInfo info;
  pgwire::InputCharge text;
};

struct Dialogue::Portal {
  std::string name;
  std::shared_ptr<PreparedStatement> prepared;
  std::vector<Parameter> parameters;
  pgwire::InputCharge values;    // Of the parameters.
  std::optional<std::vector<ColumnInfo>> own_columns;  // Where they follow the parameters.
  std::vector<int16_t> formats;  // None: all text; one: of all.
  std::unique_ptr<Rows> rows;
  uint64_t rows_max = 0;  // Of the running Execute.
  uint64_t sent = 0;      // By the running Execute.
  bool was_run = false;
  bool suspended = false;  // Before the running Execute.
  bool done = false;       // Its rows were all sent.

  const std::vector<ColumnInfo>& columns() const {
    return own_columns ? *own_columns : prepared->info.columns;
  }
};

struct Dialogue::ScriptItem {
  std::optional<ServerStatement> own;
  std::unique_ptr<Statement> statement;  // Null: the server's alone.
  uint32_t characters_before = 0;  // In its message.
};

namespace {

Format format_of(const std::vector<int16_t>& formats, size_t column) {
  if (formats.empty()) return Format::kText;
  return formats[formats.size() == 1 ? 0 : column] == 1 ? Format::kBinary : Format::kText;
}

// The statements of a text, blank ones left out.
std::vector<std::string_view> statements_in(std::string_view text) {
  std::vector<std::string_view> statements;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, std::min(sql::statement_end(text), text.size()));
    if (!sql::is_blank(one)) statements.push_back(one);
    text.remove_prefix(one.size());
  }
  return statements;
}

// Whether more than blanks follow the first semicolon, which may stand in a string.
bool may_hold_several(std::string_view text) {
  const size_t first = text.find(';');
  return first != std::string_view::npos &&
         text.find_first_not_of("; \t\r\n\f\v", first) != std::string_view::npos;
}

uint32_t characters_in(std::string_view text) {
  return static_cast<uint32_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Dialogue::Dialogue(Databases& databases, Databases::Use use, std::unique_ptr<Session> session,
                   Presence& presence, pgwire::FrameReader& in, std::string& out)
    : databases_(databases),
      use_(std::move(use)),
      session_(std::move(session)),
      presence_(presence),
      in_(in),
      out_(out) {
  presence_.set_session(session_.get());
  session_->set_notice_handler([this](const Notice& notice) {
    Failure told;
    told.sqlstate = notice.sqlstate;
    told.message = notice.message;
    told.detail = notice.detail;
    told.hint = notice.hint;
    pgwire::notice_response(out_, notice.severity, told);
  });
  session_->set_status_handler([this](std::string_view name, std::string_view value) {
    pgwire::parameter_status(statuses_, name, value);
  });
}

Dialogue::~Dialogue() {
  presence_.set_session(nullptr);
  copy_in_.reset();
  copy_out_.reset();
  rows_.reset();
  script_.clear();
  drop_portals();
  statements_.clear();
  unnamed_statement_.reset();
}

void Dialogue::greet() {
  statuses_.clear();
  for (const auto& [name, value] : session_->reported_settings())
    pgwire::parameter_status(out_, name, value);
  pgwire::backend_key_data(out_, presence_.process(), presence_.secret());
  ready();
}

bool Dialogue::is_at_rest() const {
  return (state_ == State::kReady || state_ == State::kSkipping) && !implicit_ &&
         session_->transaction_state() == TransactionState::kIdle;
}

Dialogue::IdleLimit Dialogue::idle_limit() {
  if (limits_stale_) {
    const auto limit = [&](std::string_view name) {
      return std::chrono::milliseconds(session_->timeout_ms(name));
    };
    session_limit_ = {limit("idle_session_timeout"), Ending::kIdleSession};
    transaction_limit_ = {limit("idle_in_transaction_session_timeout"), Ending::kIdleInTransaction};
    limits_stale_ = false;
  }
  if (state_ != State::kReady) return {};
  return session_->transaction_state() == TransactionState::kIdle ? session_limit_
                                                                  : transaction_limit_;
}

Next Dialogue::advance() {
  try {
    return step();
  } catch (...) {
    // Memory ran out where an answer was made; what stands in `out` may be half a message.
    const Error error = error_of_exception();
    state_ = State::kEnded;
    out_.clear();
    pgwire::error_response(out_, to_failure(error), pgwire::Severity::kFatal);
    return Next::kEnd;
  }
}

Next Dialogue::step() {
  for (;;) {
    if (presence_.ending() != Ending::kNone && state_ != State::kEnded) say_farewell();
    if (state_ == State::kEnded) return Next::kEnd;
    if (out_.size() >= kChunkBytes) return Next::kWrite;
    switch (state_) {
      case State::kScript:
        next_of_script();
        break;
      case State::kPortal:
        continue_portal();
        break;
      case State::kCopyOut:
        continue_copy_out();
        break;
      case State::kReady:
      case State::kCopyIn:
      case State::kSkipping:
        if (!take_message()) return Next::kRead;
        break;
      case State::kEnded:
        break;
    }
  }
}

bool Dialogue::take_message() {
  auto frame = in_.next();
  if (!frame) {
    broken(frame.error());
    return true;
  }
  if (!*frame) return false;
  handle(**frame);
  return true;
}

void Dialogue::handle(const Frame& frame) {
  if (frame.type == 'X') {
    state_ = State::kEnded;
    return;
  }
  if (frame.type == 'p') {  // Nobody asked for it.
    broken(Error(ErrorCode::kProtocolViolation, "invalid frontend message type 112"));
    return;
  }
  if (state_ == State::kCopyIn) {
    handle_copy_in(frame);
    return;
  }
  if (state_ == State::kSkipping && frame.type != 'S') return;
  switch (frame.type) {
    case 'Q': {
      const auto text = pgwire::parse_query(frame.body);
      extended_ = false;
      if (!text) {
        fail(to_failure(text.error()));
        end_simple();
      } else {
        query(*text);
      }
      break;
    }
    case 'P':
      parse(frame.body);
      break;
    case 'B':
      bind(frame.body);
      break;
    case 'D':
      describe(frame.body);
      break;
    case 'E':
      execute(frame.body);
      break;
    case 'C':
      close(frame.body);
      break;
    case 'S':
      sync();
      break;
    case 'H':
      wants_flush_ = true;
      break;
    case 'F':
      extended_ = false;
      fail(failure(ErrorCode::kFeatureNotSupported, "function calls by their own message are not supported",
                   "Call the function in a SELECT."));
      end_simple();
      break;
    default:
      break;  // CopyData, CopyDone and CopyFail of a COPY that has failed.
  }
}

// ---- Simple query ----

void Dialogue::query(std::string_view text) {
  unnamed_statement_.reset();
  unnamed_portal_.reset();
  const bool is_read = may_hold_several(text) ? read_script(text) : read_statement(text);
  if (!is_read) return end_simple();
  if (script_.empty()) {
    pgwire::empty_message(out_, pgwire::kEmptyQueryResponse);
    return end_simple();
  }
  script_at_ = 0;
  rows_.reset();
  if (script_.size() > 1 && !implicit_) {
    session_->begin_implicit();
    implicit_ = true;
  }
  state_ = State::kScript;
}

// One statement, of which nothing need be cut off.
bool Dialogue::read_statement(std::string_view text) {
  script_.clear();
  const auto own = find_server_statement(text);
  if (!own) {
    fail(to_failure(own.error()));
    return false;
  }
  if (*own && !is_shared(**own)) {
    script_.push_back({*own, nullptr});
    return true;
  }
  auto statements = session_->prepare_all(text);
  if (!statements) {
    fail(statements.failure());
    return false;
  }
  for (auto& statement : *statements) script_.push_back({*own, std::move(statement)});
  return true;
}

// All are read before the first one runs.
bool Dialogue::read_script(std::string_view text) {
  script_.clear();
  const auto failed_at = [&](Failure failure, std::string_view statement) {
    if (failure.position != 0)
      failure.position += characters_in({text.data(), static_cast<size_t>(statement.data() - text.data())});
    script_.clear();
    fail(failure);
    return false;
  };
  std::vector<ScriptItem> items;
  for (const std::string_view one : statements_in(text)) {
    const auto own = find_server_statement(one);
    if (!own) return failed_at(to_failure(own.error()), one);
    ScriptItem item{*own, nullptr};
    item.characters_before =
        characters_in({text.data(), static_cast<size_t>(one.data() - text.data())});
    if (!item.own || is_shared(*item.own)) {
      auto statement = session_->prepare(one, {});
      if (!statement) return failed_at(statement.failure(), one);
      item.statement = std::move(*statement);
    }
    items.push_back(std::move(item));
  }
  script_ = std::move(items);
  return true;
}

void Dialogue::next_of_script() {
  static const std::vector<int16_t> kAllText;
  if (!rows_ && script_at_ == script_.size()) return end_script();
  const ScriptItem& item = script_[script_at_];
  if (!rows_ && item.own && obeys(*item.own)) {
    if (!run_server_statement(*item.own)) return end_script();
    ++script_at_;
    return;
  }
  Statement& statement = *item.statement;
  const StatementTraits traits = statement.traits();
  if (!rows_) {
    if (session_->transaction_state() == TransactionState::kFailed && !traits.ends_block) {
      // The engine says so, too; but what COPY would begin must not.
      if (statement.is_copy_in() || statement.is_copy_out()) {
        fail(failure(ErrorCode::kInFailedTransaction,
                     "current transaction is aborted, commands ignored until "
                     "end of transaction block"));
        return end_script();
      }
    }
    was_in_block_ = session_->transaction_state() != TransactionState::kIdle;
    if (script_.size() > 1 && traits.stands_alone) {
      fail(failure(ErrorCode::kActiveTransaction,
                   statement.words() + " cannot run inside a transaction block"));
      return end_script();
    }
    if (statement.is_copy_in()) return begin_copy_in(statement);
    if (statement.is_copy_out()) return begin_copy_out(statement);
    auto rows = statement.run();
    if (!rows) {
      fail(rows.failure());
      return end_script();
    }
    rows_ = std::move(*rows);
    rows_sent_ = 0;
    if (!rows_->columns().empty() || statement.words() == "SELECT")
      describe_columns(rows_->columns(), kAllText);
  }
  switch (pump(*rows_, kAllText, 0, rows_sent_)) {
    case Pumped::kFull:
      return;
    case Pumped::kFailed:
      return end_script();
    case Pumped::kLimit:
    case Pumped::kDone:
      break;
  }
  complete(rows_->tag(), traits.may_set);
  rows_.reset();
  ++script_at_;
}

void Dialogue::end_script() {
  rows_.reset();
  script_.clear();
  end_simple();
}

void Dialogue::end_simple() {
  if (state_ == State::kEnded) return;
  if (session_->transaction_state() == TransactionState::kIdle) drop_portals();
  if (implicit_) {
    implicit_ = false;
    auto ended = session_->end_implicit();
    if (!ended) fail(ended.failure());
  }
  if (state_ == State::kEnded) return;
  state_ = State::kReady;
  ready();
}

// ---- Extended query ----

void Dialogue::parse(Bytes body) {
  extended_ = true;
  const auto message = pgwire::parse_parse(body);
  if (!message) return fail(to_failure(message.error()));
  if (!message->statement.empty() && statements_.contains(message->statement))
    return fail(
        failure(ErrorCode::kDuplicatePreparedStatement,
                fmt::format("prepared statement \"{}\" already exists", message->statement)));
  if (message->statement.empty()) unnamed_statement_.reset();
  auto prepared = std::make_shared<PreparedStatement>();
  if (!charge(prepared->text, body.size())) return;
  const auto own = find_server_statement(message->sql);
  if (!own) return fail(to_failure(own.error()));
  prepared->own = *own;
  if (!prepared->own || is_shared(*prepared->own)) {
    auto statement = session_->prepare(message->sql, message->types);
    if (!statement) return fail(statement.failure());
    prepared->statement = std::move(*statement);
    prepared->info.words = prepared->statement->words();
    if (!check_prepared(*prepared)) return;
    if (!prepared->info.words.empty()) {
      auto info = prepared->statement->describe();
      if (!info) return fail(info.failure());
      prepared->info = std::move(*info);
    }
  }
  if (message->statement.empty()) {
    unnamed_statement_ = std::move(prepared);
  } else {
    statements_.emplace(message->statement, std::move(prepared));
  }
  pgwire::empty_message(out_, pgwire::kParseComplete);
}

// Whether the block, which may have failed, takes it.
bool Dialogue::check_prepared(const PreparedStatement& statement) {
  if (session_->transaction_state() != TransactionState::kFailed ||
      statement.statement == nullptr || statement.statement->traits().ends_block)
    return true;
  fail(failure(ErrorCode::kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block"));
  return false;
}

Dialogue::PreparedStatement* Dialogue::find_statement(std::string_view name) {
  if (name.empty()) {
    if (unnamed_statement_) return unnamed_statement_.get();
    fail(failure(ErrorCode::kUndefinedPreparedStatement, "unnamed prepared statement does not exist"));
    return nullptr;
  }
  const auto found = statements_.find(name);
  if (found != statements_.end()) return found->second.get();
  fail(failure(ErrorCode::kUndefinedPreparedStatement,
               fmt::format("prepared statement \"{}\" does not exist", name)));
  return nullptr;
}

Dialogue::Portal* Dialogue::find_portal(std::string_view name) {
  if (name.empty() && unnamed_portal_) return unnamed_portal_.get();
  const auto found = portals_.find(name);
  if (!name.empty() && found != portals_.end()) return found->second.get();
  fail(failure(ErrorCode::kInvalidCursorName, fmt::format("portal \"{}\" does not exist", name)));
  return nullptr;
}

bool Dialogue::check_bind(const pgwire::BindMessage& message, const PreparedStatement& statement) {
  const size_t parameters = statement.info.parameters.size();
  if (message.parameters.size() != parameters) {
    fail(failure(
        ErrorCode::kProtocolViolation,
        fmt::format(
            "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
            message.parameters.size(), message.statement, parameters)));
    return false;
  }
  return check_prepared(statement);
}

// The values against the statement's types; and what a run with them gives.
bool Dialogue::check_values(Portal& portal) {
  if (portal.prepared->statement == nullptr) return true;
  Statement& statement = *portal.prepared->statement;
  const StatementInfo& info = portal.prepared->info;
  if (!info.parameters.empty()) {
    auto checked = statement.check(portal.parameters);
    if (!checked) {
      fail(checked.failure());
      return false;
    }
  }
  if (info.follows_values) {
    auto described = statement.describe(portal.parameters);
    if (!described) {
      fail(described.failure());
      return false;
    }
    portal.own_columns = std::move(described->columns);
  }
  const size_t columns = portal.columns().size();
  if (portal.formats.size() <= 1 || portal.formats.size() == columns) return true;
  fail(failure(ErrorCode::kProtocolViolation,
               fmt::format("bind message has {} result formats but query has {} columns",
                           portal.formats.size(), columns)));
  return false;
}

void Dialogue::bind(Bytes body) {
  extended_ = true;
  const auto message = pgwire::parse_bind(body);
  if (!message) return fail(to_failure(message.error()));
  if (find_statement(message->statement) == nullptr) return;
  const auto& prepared = message->statement.empty() ? unnamed_statement_
                                                    : statements_.find(message->statement)->second;
  if (!check_bind(*message, *prepared)) return;
  if (!message->portal.empty() && portals_.contains(message->portal))
    return fail(failure(ErrorCode::kDuplicateCursor,
                        fmt::format("cursor \"{}\" already exists", message->portal)));
  if (message->portal.empty()) unnamed_portal_.reset();
  auto portal = std::make_unique<Portal>();
  if (!charge(portal->values, body.size())) return;
  portal->name = message->portal;
  portal->prepared = prepared;
  portal->formats = message->result_formats;
  portal->parameters.reserve(message->parameters.size());
  for (size_t i = 0; i < message->parameters.size(); ++i) {
    const std::optional<Bytes>& value = message->parameters[i];
    if (!value) {
      portal->parameters.emplace_back(std::monostate());
    } else if (format_of(message->parameter_formats, i) == Format::kBinary) {
      portal->parameters.emplace_back(BinaryValue{std::string(*value)});
    } else {
      portal->parameters.emplace_back(std::string(*value));
    }
  }
  if (!check_values(*portal)) return;
  if (message->portal.empty()) {
    unnamed_portal_ = std::move(portal);
  } else {
    portals_.emplace(portal->name, std::move(portal));
  }
  pgwire::empty_message(out_, pgwire::kBindComplete);
}

bool Dialogue::charge(pgwire::InputCharge& charge, size_t bytes) {
  if (charge.charge(in_.share(), bytes)) return true;
  fail(failure(ErrorCode::kOutOfMemory, "out of memory for what clients have sent", "",
               "All connections together hold as much as --input-memory allows."));
  return false;
}

void Dialogue::describe_columns(const std::vector<ColumnInfo>& columns,
                                const std::vector<int16_t>& formats) {
  std::vector<pgwire::FieldDescription> fields;
  fields.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i)
    fields.push_back({columns[i].name, columns[i].type_oid, columns[i].type_size,
                      columns[i].type_modifier,
                      static_cast<int16_t>(format_of(formats, i) == Format::kBinary ? 1 : 0)});
  pgwire::row_description(out_, fields);
}

void Dialogue::describe(Bytes body) {
  extended_ = true;
  static const std::vector<int16_t> kAllText;
  const auto message = pgwire::parse_target(body, "DESCRIBE");
  if (!message) return fail(to_failure(message.error()));
  const PreparedStatement* prepared = nullptr;
  const std::vector<int16_t>* formats = &kAllText;
  const std::vector<ColumnInfo>* columns = nullptr;
  if (message->kind == 'S') {
    prepared = find_statement(message->name);
    if (prepared == nullptr) return;
    columns = &prepared->info.columns;
    std::vector<uint32_t> types;
    for (const ParameterInfo& parameter : prepared->info.parameters)
      types.push_back(parameter.type_oid);
    pgwire::parameter_description(out_, types);
  } else if (!message->name.empty() && !portals_.contains(message->name)) {
    return describe_cursor(message->name);
  } else {
    const Portal* portal = find_portal(message->name);
    if (portal == nullptr) return;
    prepared = portal->prepared.get();
    formats = &portal->formats;
    columns = &portal->columns();
  }
  if (prepared->info.gives_rows) {
    describe_columns(*columns, *formats);
  } else {
    pgwire::empty_message(out_, pgwire::kNoData);
  }
}

// One that DECLARE made, which is a portal as well.
void Dialogue::describe_cursor(std::string_view name) {
  static const std::vector<int16_t> kAllText;
  auto fetch = session_->prepare("FETCH FROM " + sql::quote_ident(name), {});
  if (!fetch) return fail(fetch.failure());
  auto info = (*fetch)->describe();
  if (info) return describe_columns(info->columns, kAllText);
  Failure told = info.failure();
  if (told.sqlstate == rowan::sqlstate(ErrorCode::kInvalidCursorName))
    told.message = fmt::format("portal \"{}\" does not exist", name);
  fail(told);
}

void Dialogue::execute(Bytes body) {
  extended_ = true;
  const auto message = pgwire::parse_execute(body);
  if (!message) return fail(to_failure(message.error()));
  Portal* portal = find_portal(message->portal);
  if (portal == nullptr) return;
  portal->rows_max = message->rows_max;
  portal->sent = 0;
  const PreparedStatement& prepared = *portal->prepared;
  if (prepared.statement && prepared.info.words.empty())
    return pgwire::empty_message(out_, pgwire::kEmptyQueryResponse);
  if (portal->was_run && !prepared.info.gives_rows)
    return fail(
        failure(ErrorCode::kObjectNotInState, fmt::format("portal \"{}\" cannot be run", message->portal)));
  if (!check_prepared(prepared)) return;
  running_portal_ = portal;
  portal->suspended = portal->was_run;
  if (portal->was_run) {
    state_ = State::kPortal;
  } else {
    run_portal();
  }
}

// Whether the rows are still those that the client was told of.
bool Dialogue::keeps_described_columns(const Portal& portal) {
  const auto& told = portal.columns();
  const auto& found = portal.rows->columns();
  bool same = told.size() == found.size();
  for (size_t i = 0; same && i < told.size(); ++i) same = told[i].type_oid == found[i].type_oid;
  if (!same) fail(failure(ErrorCode::kFeatureNotSupported, "cached plan must not change result type"));
  return same;
}

void Dialogue::run_portal() {
  Portal& portal = *running_portal_;
  PreparedStatement& prepared = *portal.prepared;
  portal.was_run = true;
  const std::shared_ptr<PreparedStatement> kept =
      portal.prepared;  // What runs may drop the portal.
  if (prepared.own && obeys(*prepared.own)) {
    running_portal_ = nullptr;
    run_server_statement(*kept->own);
    return;
  }
  was_in_block_ = session_->transaction_state() != TransactionState::kIdle;
  // Alone before its Sync it is a transaction by itself, which streams.
  if (!implicit_ && !was_in_block_ && !next_is_sync()) {
    session_->begin_implicit();
    implicit_ = true;
  }
  Statement& statement = *prepared.statement;
  if (statement.is_copy_in()) return begin_copy_in(statement);
  if (statement.is_copy_out()) return begin_copy_out(statement);
  auto rows = statement.run(portal.parameters);
  if (!rows) return fail(rows.failure());
  portal.rows = std::move(*rows);
  if (!keeps_described_columns(portal)) {
    portal.rows.reset();
    return;
  }
  state_ = State::kPortal;
}

void Dialogue::continue_portal() {
  Portal& portal = *running_portal_;
  if (portal.done) return finish_portal();
  switch (pump(*portal.rows, portal.formats, portal.rows_max, portal.sent)) {
    case Pumped::kFull:
      return;
    case Pumped::kFailed:
      return;
    case Pumped::kLimit:
      pgwire::empty_message(out_, pgwire::kPortalSuspended);
      running_portal_ = nullptr;
      state_ = State::kReady;
      return;
    case Pumped::kDone:
      portal.done = true;
      return finish_portal();
  }
}

void Dialogue::finish_portal() {
  Portal& portal = *running_portal_;
  std::string tag = portal.rows->tag();
  // What a portal gives in pieces is counted piece by piece.
  if (portal.suspended && tag.starts_with("SELECT ")) tag = fmt::format("SELECT {}", portal.sent);
  const bool may_set = portal.prepared->statement->traits().may_set;
  state_ = State::kReady;
  running_portal_ = nullptr;
  complete(tag, may_set);
}

void Dialogue::close(Bytes body) {
  extended_ = true;
  const auto message = pgwire::parse_target(body, "CLOSE");
  if (!message) return fail(to_failure(message.error()));
  if (message->kind == 'S') {
    if (message->name.empty()) unnamed_statement_.reset();
    if (const auto found = statements_.find(message->name); found != statements_.end())
      statements_.erase(found);
  } else {
    if (message->name.empty()) unnamed_portal_.reset();
    if (const auto found = portals_.find(message->name); found != portals_.end())
      portals_.erase(found);
  }
  pgwire::empty_message(out_, pgwire::kCloseComplete);
}

void Dialogue::sync() {
  extended_ = false;  // What fails now needs no other Sync.
  end_simple();
}

void Dialogue::drop_portals() {
  running_portal_ = nullptr;
  portals_.clear();
  unnamed_portal_.reset();
}

// ---- Rows, COPY, the ends of statements ----

Dialogue::Pumped Dialogue::pump(Rows& rows, const std::vector<int16_t>& formats, uint64_t rows_max,
                                uint64_t& sent) {
  const size_t columns = rows.columns().size();
  while (out_.size() < kChunkBytes) {
    if (rows_max != 0 && sent == rows_max) return Pumped::kLimit;
    auto more = rows.next();
    if (!more) {
      fail(more.failure());
      return Pumped::kFailed;
    }
    if (!*more) return Pumped::kDone;
    pgwire::DataRow row(out_, columns);
    for (size_t i = 0; i < columns; ++i) {
      if (rows.is_null(i)) {
        row.null();
        continue;
      }
      row.begin_value();
      rows.append(i, format_of(formats, i), out_);
      row.end_value();
    }
    if (!row.end()) {
      fail(failure(ErrorCode::kProgramLimit, "a row is longer than a message can be"));
      return Pumped::kFailed;
    }
    ++sent;
  }
  return Pumped::kFull;
}

void Dialogue::begin_copy_in(Statement& statement) {
  auto copy = session_->start_copy_in(statement);
  if (!copy) {
    fail(copy.failure());
    if (!extended_) end_script();
    return;
  }
  copy_in_ = std::move(*copy);
  pgwire::copy_response(out_, 'G', copy_in_->column_count(), 0);
  wants_flush_ = true;
  state_ = State::kCopyIn;
}

void Dialogue::handle_copy_in(const Frame& frame) {
  const auto failed = [this](const Failure& failure) {
    copy_in_.reset();
    fail(failure);
    if (!extended_) end_script();
  };
  switch (frame.type) {
    case 'd': {
      auto written = copy_in_->write(frame.body);
      if (!written) failed(written.failure());
      return;
    }
    case 'c': {
      auto rows = copy_in_->finish();
      copy_in_.reset();
      return copied(std::move(rows));
    }
    case 'f': {
      const auto reason = pgwire::parse_query(frame.body);
      return failed(copy_in_->fail(reason ? *reason : std::string_view()));
    }
    case 'H':
    case 'S':
      return;  // As PostgreSQL: a client need not know whether its Execute began a COPY.
    default: {
      Failure told = copy_in_->fail("unexpected message");
      told.sqlstate = rowan::sqlstate(ErrorCode::kProtocolViolation);
      told.message = fmt::format("unexpected message type 0x{:02X} during COPY from stdin",
                                 static_cast<uint8_t>(frame.type));
      return failed(told);
    }
  }
}

void Dialogue::begin_copy_out(Statement& statement) {
  auto copy = session_->start_copy_out(statement);
  if (!copy) {
    fail(copy.failure());
    if (!extended_) end_script();
    return;
  }
  copy_out_ = std::move(*copy);
  copy_in_quotes_ = false;
  pgwire::copy_response(out_, 'H', copy_out_->column_count(), 0);
  state_ = State::kCopyOut;
}

// A message a row, as clients expect it: up to a line's end outside of quotes.
void Dialogue::continue_copy_out() {
  auto more = copy_out_->next(copy_chunk_);
  if (!more) {
    copy_out_.reset();
    fail(more.failure());
    if (!extended_) end_script();
    return;
  }
  if (!*more) {
    pgwire::empty_message(out_, pgwire::kCopyDone);
    auto rows = copy_out_->finish();
    copy_out_.reset();
    copy_chunk_ = std::string();
    return copied(std::move(rows));
  }
  size_t begin = 0;
  for (size_t i = 0; i < copy_chunk_.size(); ++i) {
    if (copy_chunk_[i] == '"') copy_in_quotes_ = !copy_in_quotes_;
    if (copy_chunk_[i] != '\n' || copy_in_quotes_) continue;
    pgwire::copy_data(out_, std::string_view(copy_chunk_).substr(begin, i + 1 - begin));
    begin = i + 1;
  }
  if (begin < copy_chunk_.size())
    pgwire::copy_data(out_, std::string_view(copy_chunk_).substr(begin));
}

void Dialogue::copied(Outcome<std::unique_ptr<Rows>> rows) {
  if (!rows) {
    fail(rows.failure());
    if (!extended_) end_script();
    return;
  }
  while (true) {  // To the end, where the tag is final.
    auto more = (*rows)->next();
    if (!more) {
      fail(more.failure());
      if (!extended_) end_script();
      return;
    }
    if (!*more) break;
  }
  complete((*rows)->tag(), true);  // Its query may call anything.
  if (extended_) {
    running_portal_ = nullptr;
    state_ = State::kReady;
  } else {
    ++script_at_;
    state_ = State::kScript;
  }
}

void Dialogue::complete(const std::string& tag, bool may_set) {
  pgwire::command_complete(out_, tag);
  end_of_statement(may_set);
}

void Dialogue::end_of_statement(bool may_set) {
  if (may_set) limits_stale_ = true;
  if (was_in_block_ && session_->transaction_state() == TransactionState::kIdle) drop_portals();
}

// ---- What the server itself does ----

// Whether the engine keeps things of the kind, too.
bool Dialogue::is_shared(const ServerStatement& statement) {
  return statement.verb == ServerVerb::kDiscard || statement.verb == ServerVerb::kDeallocate;
}

// Does the server's part of it; false: the rest is the engine's.
bool Dialogue::obeys(const ServerStatement& statement) {
  if (!is_shared(statement)) return true;
  if (session_->transaction_state() == TransactionState::kFailed) return false;
  if (statement.verb == ServerVerb::kDeallocate && !statement.name.empty())
    return statements_.contains(statement.name);
  const bool all = statement.name.empty();
  const bool alone = session_->transaction_state() == TransactionState::kIdle && !implicit_;
  if (all && (alone || statement.verb == ServerVerb::kDeallocate)) statements_.clear();
  return false;
}

bool Dialogue::run_server_statement(const ServerStatement& statement) {
  auto obeyed = obey(statement);
  if (!obeyed) {
    fail(obeyed.failure());
    return false;
  }
  complete(statement.tag, true);
  return true;
}

Outcome<bool> Dialogue::obey(const ServerStatement& statement) {
  const TransactionState transaction = session_->transaction_state();
  if (transaction == TransactionState::kFailed)
    return failure(
        ErrorCode::kInFailedTransaction,
        "current transaction is aborted, commands ignored until end of transaction block");
  if (statement.verb == ServerVerb::kDeallocate) {
    statements_.erase(statement.name);
    return true;
  }
  if (transaction != TransactionState::kIdle || implicit_)
    return failure(ErrorCode::kActiveTransaction,
                   fmt::format("{} cannot run inside a transaction block", statement.tag));
  if (statement.verb == ServerVerb::kCreateDatabase)
    return databases_.create(statement.name, statement.if_exists);
  if (databases_.serves_folder() && statement.name == use_.name())
    return failure(ErrorCode::kDatabaseInUse, "cannot drop the currently open database");
  return databases_.drop(statement.name, statement.if_exists);
}

// ---- Failures and ends ----

void Dialogue::fail(const Failure& failed) {
  Failure failure = failed;
  const bool in_script = !extended_ && script_at_ < script_.size();
  if (in_script && failure.position != 0)
    failure.position += script_[script_at_].characters_before;
  if (presence_.ending() != Ending::kNone &&
      failure.sqlstate == rowan::sqlstate(ErrorCode::kQueryCanceled))
    return say_farewell();
  pgwire::error_response(out_, failure);
  limits_stale_ = true;
  running_portal_ = nullptr;
  if (extended_) state_ = State::kSkipping;
  // A failure of the server's own is one of the transaction's as well, as in PostgreSQL.
  session_->fail_block();
}

void Dialogue::fail_fatally(const Failure& failure) {
  pgwire::error_response(out_, failure, pgwire::Severity::kFatal);
  state_ = State::kEnded;
}

void Dialogue::broken(const Error& error) { fail_fatally(to_failure(error)); }

void Dialogue::say_farewell() {
  switch (presence_.ending()) {
    case Ending::kNone:
      return;
    case Ending::kShutdown:
    case Ending::kTerminated:
      return fail_fatally(
          failure(ErrorCode::kAdminShutdown, "terminating connection due to administrator command"));
    case Ending::kIdleSession:
      return fail_fatally(
          failure(ErrorCode::kIdleSessionTimeout, "terminating connection due to idle-session timeout"));
    case Ending::kIdleInTransaction:
      return fail_fatally(failure(ErrorCode::kIdleInTransactionTimeout,
                                  "terminating connection due to idle-in-transaction timeout"));
  }
}

void Dialogue::ready() {
  out_ += statuses_;
  statuses_.clear();
  pgwire::ready_for_query(out_, session_->transaction_state());
  wants_flush_ = true;
}

}  // namespace rowan::server
