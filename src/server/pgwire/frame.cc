#include "server/pgwire/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/ensure.h"

namespace rowan::server::pgwire {

namespace {

constexpr size_t kFirstBytes = 8u << 10;
constexpr size_t kLengthBytes = 4;

uint32_t read_length(const char* at) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(at);
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

Error bad_length(uint32_t length) {
  return Error(ErrorCode::kProtocolViolation, fmt::format("invalid message length {}", length));
}

Error out_of_input() {
  return Error(ErrorCode::kOutOfMemory, "out of memory for messages that have not come whole")
      .with_detail("All connections together hold as much as --input-memory allows.");
}

// How long a message of that type may be; 0: there is none.
size_t bytes_max(char type, size_t large) {
  switch (type) {
    case 'Q':  // Query
    case 'P':  // Parse
    case 'B':  // Bind
    case 'F':  // FunctionCall
    case 'd':  // CopyData
      return large;
    case 'E':  // Execute
    case 'D':  // Describe
    case 'C':  // Close
    case 'H':  // Flush
    case 'S':  // Sync
    case 'X':  // Terminate
    case 'c':  // CopyDone
    case 'f':  // CopyFail
    case 'p':  // An answer to authentication that comes late.
      return kSmallMessageBytesMax;
    default:
      return 0;
  }
}

}  // namespace

Result<std::span<char>> FrameReader::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) {
    const size_t twice = std::max(kFirstBytes, 2 * capacity_);
    const size_t grown = wanted_ > capacity_ ? std::min(wanted_, twice) : twice;
    if (!share_.add(grown - capacity_)) return out_of_input();
    std::unique_ptr<char[]> larger(new char[grown]);  // Not zeroed, as make_unique would.
    if (end_ > 0) std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    capacity_ = grown;
  }
  return std::span<char>(buffer_.get() + end_, capacity_ - end_);
}

Result<std::optional<Frame>> FrameReader::next() {
  const size_t there = end_ - begin_;
  const size_t header = phase_ == Phase::kStartup ? kLengthBytes : 1 + kLengthBytes;
  if (there < header) return std::optional<Frame>();
  const uint32_t length = read_length(buffer_.get() + begin_ + header - kLengthBytes);
  size_t limit = kStartupBytesMax;
  if (phase_ != Phase::kStartup) {
    const char type = buffer_[begin_];
    limit = phase_ == Phase::kAuthentication ? (type == 'p' ? kAuthenticationBytesMax : 0)
                                             : bytes_max(type, message_bytes_max_);
    if (limit == 0)
      return Error(ErrorCode::kProtocolViolation,
                   fmt::format("invalid frontend message type {}", static_cast<uint8_t>(type)));
  }
  if (length < kLengthBytes || length > limit) return bad_length(length);
  return cut(header, length - kLengthBytes);
}

Result<std::optional<Frame>> FrameReader::cut(size_t header, size_t length) {
  const size_t size = header + length;
  if (end_ - begin_ < size) {
    wanted_ = size;
    return std::optional<Frame>();
  }
  wanted_ = 0;
  const char type = phase_ == Phase::kStartup ? char{0} : buffer_[begin_];
  const Bytes body(buffer_.get() + begin_ + header, length);
  begin_ += size;
  ENSURE(begin_ <= end_);
  return std::optional<Frame>(Frame{type, body});
}

void FrameReader::release() {
  if (!empty()) return;
  buffer_.reset();
  share_.remove(capacity_);
  capacity_ = begin_ = end_ = 0;
}

}  // namespace rowan::server::pgwire
