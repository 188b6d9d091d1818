#include "server/dialogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/caught.h"
#include "base/ensure.h"
#include "engine/database_folder.h"
#include "server/dialogue_parts.h"
#include "server/failures.h"
#include "server/pgwire/backend.h"

namespace rowan::server {

using pgwire::Frame;

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

// ---- Rows, and the ends of statements ----

void Dialogue::describe_columns(const std::vector<ColumnInfo>& columns,
                                const std::vector<int16_t>& formats) {
  std::vector<pgwire::FieldDescription> fields;
  fields.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i)
    fields.push_back({columns[i].name, columns[i].type_oid, columns[i].type_size,
                      columns[i].type_modifier,
                      static_cast<int16_t>(format_of(formats, i) == Format::kBinary ? 1 : 0),
                      columns[i].table_oid, columns[i].table_column});
  pgwire::row_description(out_, fields);
}

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

void Dialogue::complete(const std::string& tag, bool may_set) {
  pgwire::command_complete(out_, tag);
  end_of_statement(may_set);
}

void Dialogue::end_of_statement(bool may_set) {
  if (may_set) limits_stale_ = true;
  if (was_in_block_ && session_->transaction_state() == TransactionState::kIdle) drop_portals();
}

bool Dialogue::charge(pgwire::InputCharge& charge, size_t bytes) {
  if (charge.charge(in_.share(), bytes)) return true;
  fail(failure(ErrorCode::kOutOfMemory, "out of memory for what clients have sent", "",
               "All connections together hold as much as --input-memory allows."));
  return false;
}

// ---- Failures and ends ----

void Dialogue::fail(const Failure& failed) {
  Failure failure = failed;
  const bool in_script = !extended_ && script_at_ < script_.size();
  if (in_script && failure.position != 0)
    failure.position += script_[script_at_].characters_before;
  if (use_.keeps_nothing() && failure.sqlstate == rowan::sqlstate(ErrorCode::kReadOnlyTransaction)) {
    failure.message = fmt::format("database \"{}\" of this server keeps nothing", use_.name());
    failure.hint = fmt::format(
        "CREATE DATABASE makes one that keeps what is written, CREATE DATABASE {} this one: connect "
        "to it then.",
        use_.name() == engine::kTemplateDatabase ? engine::kFirstDatabase : use_.name());
  }
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
