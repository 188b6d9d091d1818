// Simple query: the statements of a message, one after the other; and those that the server itself obeys.
#include "server/dialogue_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/failures.h"
#include "server/pgwire/backend.h"
#include "sql/parser.h"

namespace rowan::server {

namespace {

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
  const char* counted = text.data();
  uint32_t characters = 0;  // Before `counted`.
  const auto failed = [&](Failure failure) {
    if (failure.position != 0) failure.position += characters;
    script_.clear();
    fail(failure);
    return false;
  };
  std::vector<ScriptItem> items;
  for (const std::string_view one : statements_in(text)) {
    characters += characters_in({counted, static_cast<size_t>(one.data() - counted)});
    counted = one.data();
    const auto own = find_server_statement(one);
    if (!own) return failed(to_failure(own.error()));
    ScriptItem item{*own, nullptr};
    item.characters_before = characters;
    if (!item.own || is_shared(*item.own)) {
      auto statement = session_->prepare(one, {});
      if (!statement) return failed(statement.failure());
      item.statement = std::move(*statement);
    }
    items.push_back(std::move(item));
  }
  script_ = std::move(items);
  return true;
}

void Dialogue::next_of_script() {
  static const std::vector<int16_t> kAllText;
  static const std::vector<int16_t> kAllBinary = {1};
  const auto formats_of = [](const Rows& rows) -> const std::vector<int16_t>& {
    return rows.format() == Format::kBinary ? kAllBinary : kAllText;
  };
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
      describe_columns(rows_->columns(), formats_of(*rows_));
  }
  switch (pump(*rows_, formats_of(*rows_), 0, rows_sent_)) {
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
    return drop_statement(statement.name);
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

}  // namespace rowan::server
