// COPY in and out.
#include "server/dialogue_parts.h"

#include <fmt/format.h>

#include <utility>

#include "server/failures.h"
#include "server/pgwire/backend.h"

namespace rowan::server {

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

void Dialogue::handle_copy_in(const pgwire::Frame& frame) {
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

}  // namespace rowan::server
