#include <fmt/format.h>

#include <utility>

#include "sharing/failures.h"
#include "sharing/remote_session.h"

namespace rowan::sharing {

Result<std::shared_ptr<Link>> Link::greet(std::shared_ptr<const Place> place, Descriptor socket) {
  std::shared_ptr<Link> link(new Link(std::move(place), std::move(socket)));
  link->impatient_since_ms_ = now_ms();  // Who is stopped takes connections all the same.
  TRY(link->channel_.send(static_cast<uint8_t>(Ask::kGreet), kGreeting));
  TRY_ASSIGN(const Frame frame, link->channel_.receive());
  link->impatient_since_ms_ = 0;
  Decoder in(frame.body);
  if (static_cast<Tell>(frame.kind) == Tell::kFarewell) {
    Farewell farewell;
    in(farewell);
    // Other ends than these are those of a process that ends.
    const bool is_full = is(farewell.why, ErrorCode::kTooManyConnections);
    return Error(is_full ? ErrorCode::kTooManyConnections : ErrorCode::kConnectionFailure,
                 farewell.why.message)
        .with_detail(farewell.why.detail);
  }
  Welcome welcome;
  in(welcome);
  if (!in.is_sound() || welcome.greeting != kGreeting)
    return Error(ErrorCode::kDatabaseInUse,
                 "another version of Rowan has the repository open, which cannot be shared with")
        .with_detail(fmt::format("Process {}.", welcome.process));
  link->process_ = welcome.process;
  return link;
}

uint8_t Link::hears() const {
  return static_cast<uint8_t>((ears.notice ? kHearsNotices : 0) |
                              (ears.status ? kHearsStatuses : 0) |
                              (ears.progress ? kHearsProgress : 0) |
                              (ears.source != nullptr ? kHasSource : 0) |
                              (ears.sink != nullptr ? kHasSink : 0));
}

Failure Link::lost(Loss loss, Failure why) {
  if (loss_ == Loss::kNone) {
    loss_ = loss;
    why_ = std::move(why);
  }
  return why_;
}

void Link::cancel() const noexcept {
  const uint64_t key = key_.load(std::memory_order_relaxed);
  impatient_since_ms_.store(now_ms(), std::memory_order_relaxed);
  place_->send_once(static_cast<uint8_t>(Ask::kCancel), reinterpret_cast<const char*>(&key),
                    sizeof key);
}

bool Link::is_alive() {
  if (loss_ != Loss::kNone) return false;
  // Nothing is said that was not asked for, but the farewell.
  if (!channel_.has_something()) return true;
  const auto frame = channel_.receive();
  if (frame && static_cast<Tell>(frame->kind) == Tell::kFarewell) {
    Farewell farewell;
    Decoder in(frame->body);
    in(farewell);
    lost(Loss::kIdle, farewell.why);
  } else {
    lost(Loss::kIdle, to_failure(lost_connection()));
  }
  return false;
}

void Link::tell(Ask ask, std::string_view body) {
  if (loss_ == Loss::kNone)
    ignore_error(channel_.send(static_cast<uint8_t>(ask), body), "the next call finds it out");
}

Outcome<std::string> Link::call(Ask ask, std::string_view body) {
  if (loss_ != Loss::kNone) return why_;
  Call head;
  head.number = ++number_;
  head.hears = hears();
  impatient_since_ms_.store(0, std::memory_order_relaxed);
  const auto sent = channel_.send(static_cast<uint8_t>(ask), encode(head), body);
  if (!sent && sent.error().code() != ErrorCode::kConnectionFailure)
    return to_failure(sent.error());  // It is too long.
  for (;;) {
    auto frame = channel_.receive();
    // What did not arrive whole was not begun.
    if (!frame) return lost(sent ? Loss::kUnknown : Loss::kNotBegun, to_failure(lost_connection()));
    if (auto answer = take(*frame, head.number)) return std::move(*answer);
  }
}

// The answer, or nothing when that is still to come.
std::optional<Outcome<std::string>> Link::take(Frame& frame, uint64_t number) {
  Decoder in(frame.body);
  switch (static_cast<Tell>(frame.kind)) {
    case Tell::kDone:
    case Tell::kFailed: {
      Reply reply;
      in(reply);
      state_ = reply.state;
      branch_ = std::move(reply.branch);
      if (reply.settings) settings_ = std::move(*reply.settings);
      if (!in.is_sound() || reply.number != number) break;
      if (static_cast<Tell>(frame.kind) == Tell::kDone) {
        frame.body.erase(0, frame.body.size() - in.rest().size());
        return Outcome<std::string>(std::move(frame.body));
      }
      Failure failure;
      in(failure);
      return Outcome<std::string>(std::move(failure));
    }
    case Tell::kNotice: {
      Notice notice;
      in(notice);
      if (ears.notice) ears.notice(notice);
      return std::nullopt;
    }
    case Tell::kProgress: {
      std::string what, unit;
      Progress progress;
      in(what, progress.done, progress.total, unit);
      progress.what = what;
      progress.unit = unit;
      if (ears.progress) ears.progress(progress);
      return std::nullopt;
    }
    case Tell::kStatus: {
      std::string name, value;
      in(name, value);
      if (ears.status) ears.status(name, value);
      return std::nullopt;
    }
    case Tell::kReadSource:
      answer_source(frame.body);
      return std::nullopt;
    case Tell::kWriteSink:
      answer_sink(frame.body);
      return std::nullopt;
    case Tell::kFarewell: {
      Farewell farewell;
      in(farewell);
      const bool begun = farewell.last_call >= number;
      return Outcome<std::string>(
          lost(begun ? Loss::kEnded : Loss::kNotBegun, farewell.why));
    }
  }
  return Outcome<std::string>(lost(Loss::kUnknown, to_failure(lost_connection())));
}

void Link::answer_source(std::string_view body) {
  uint64_t size = 0;
  Decoder in(body);
  in(size);
  constexpr uint64_t kSourceBytesMax = 1u << 20;
  std::string buffer(static_cast<size_t>(std::min(size, kSourceBytesMax)), '\0');
  std::optional<Failure> failure;
  size_t got = 0;
  if (ears.source == nullptr) {
    failure = to_failure(lost_connection());
  } else if (auto read = ears.source->read(buffer.data(), buffer.size())) {
    got = *read;
  } else {
    failure = read.failure();
  }
  tell(Ask::kSourceBytes, encode(failure, std::string_view(buffer).substr(0, got)));
}

void Link::answer_sink(std::string_view body) {
  Decoder in(body);
  std::optional<Failure> failure;
  if (ears.sink != nullptr) {
    auto written = ears.sink->write(in.view());
    if (!written) failure = written.failure();
  }
  tell(Ask::kSinkTaken, encode(failure));
}

}  // namespace rowan::sharing
