// Extended query: Parse, Bind, Describe, Execute, Close and Sync.
#include "server/dialogue_parts.h"

#include <fmt/format.h>

#include <utility>

#include "server/failures.h"
#include "server/pgwire/backend.h"
#include "sql/parser.h"

namespace rowan::server {

void Dialogue::parse(Bytes body) {
  extended_ = true;
  const auto message = pgwire::parse_parse(body);
  if (!message) return fail(to_failure(message.error()));
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
  } else if (!name_statement(message->statement, std::move(prepared))) {
    return;
  }
  pgwire::empty_message(out_, pgwire::kParseComplete);
}

// SQL's PREPARE, EXECUTE and DEALLOCATE know it by that name as well, unless it is the server's own.
bool Dialogue::name_statement(std::string_view name, std::shared_ptr<PreparedStatement> prepared) {
  if (prepared->statement && !prepared->info.words.empty()) {
    auto named = session_->name_statement(name, *prepared->statement);
    if (!named) {
      fail(named.failure());
      return false;
    }
    statements_.insert_or_assign(std::string(name), std::move(prepared));
    return true;
  }
  if (statements_.emplace(name, std::move(prepared)).second) return true;
  fail(failure(ErrorCode::kDuplicatePreparedStatement,
               fmt::format("prepared statement \"{}\" already exists", name)));
  return false;
}

// Whether the block, which may have failed, takes it.
bool Dialogue::check_prepared(const PreparedStatement& statement) {
  if (session_->transaction_state() != TransactionState::kFailed ||
      statement.statement == nullptr || statement.info.words.empty() ||
      statement.statement->traits().ends_block)
    return true;
  fail(failure(ErrorCode::kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block"));
  return false;
}

std::shared_ptr<Dialogue::PreparedStatement> Dialogue::find_statement(std::string_view name) {
  if (name.empty()) {
    if (unnamed_statement_) return unnamed_statement_;
    fail(failure(ErrorCode::kUndefinedPreparedStatement, "unnamed prepared statement does not exist"));
    return nullptr;
  }
  const auto found = statements_.find(name);
  if (found != statements_.end()) return found->second;
  auto named = session_->named_statement(name);  // By PREPARE.
  if (!named) {
    fail(named.failure());
    return nullptr;
  }
  auto prepared = std::make_shared<PreparedStatement>();
  prepared->statement = std::move(*named);
  auto info = prepared->statement->describe();
  if (!info) {
    fail(info.failure());
    return nullptr;
  }
  prepared->info = std::move(*info);
  statements_.emplace(name, prepared);
  return prepared;
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
  const std::shared_ptr<PreparedStatement> prepared = find_statement(message->statement);
  if (prepared == nullptr) return;
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

void Dialogue::describe(Bytes body) {
  extended_ = true;
  static const std::vector<int16_t> kAllText;
  const auto message = pgwire::parse_target(body, "DESCRIBE");
  if (!message) return fail(to_failure(message.error()));
  std::shared_ptr<const PreparedStatement> prepared;
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
    prepared = portal->prepared;
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
    if (!message->name.empty()) {
      if (auto dropped = drop_statement(message->name); !dropped) return fail(dropped.failure());
    }
  } else {
    if (message->name.empty()) unnamed_portal_.reset();
    if (const auto found = portals_.find(message->name); found != portals_.end())
      portals_.erase(found);
  }
  pgwire::empty_message(out_, pgwire::kCloseComplete);
}

// False: there is none of that name.
Outcome<bool> Dialogue::drop_statement(std::string_view name) {
  const auto found = statements_.find(name);
  const bool is_known = found != statements_.end();
  if (is_known) statements_.erase(found);
  auto dropped = session_->drop_named_statement(name);
  if (!dropped) return dropped.failure();
  return is_known || *dropped;
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

}  // namespace rowan::server
