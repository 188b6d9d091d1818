// FrameReader: cuts the bytes of a connection into the frames of PostgreSQL's protocol 3.0.
//
//   frame     type (1 byte)  length (4 bytes, big endian, counts itself)  body
//   start-up                 length                                       body
//
// Ownership: owns the bytes that came and are not taken yet, and nothing when there are none; they
//            count in its share of the budget that it borrows.
// Threads:   one at a time.
// Errors:    kProtocolViolation for a length or a type that no message has, kOutOfMemory when the
//            budget has no room. The stream cannot be read on then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "server/pgwire/input_budget.h"

namespace rowan::server::pgwire {

inline constexpr size_t kStartupBytesMax = 10'000;
inline constexpr size_t kAuthenticationBytesMax = 64u << 10;
inline constexpr size_t kSmallMessageBytesMax = 10'000;  // Of messages that carry a name or less.
inline constexpr size_t kMessageBytesMax = 1u << 30;     // What the setting may allow the others.

struct Frame {
  char type = 0;  // 0: a start-up packet.
  Bytes body;     // Valid until the reader's next call.
};

// What the next frame may be.
enum class Phase : uint8_t { kStartup, kAuthentication, kMessages };

class FrameReader {
 public:
  FrameReader(size_t message_bytes_max, InputBudget& budget)
      : message_bytes_max_(message_bytes_max), share_(budget) {}

  bool empty() const { return begin_ == end_; }
  size_t bytes_held() const { return capacity_; }
  // The type of the frame behind the last one taken; 0 when it has not come yet.
  char peek_type() const { return empty() ? char{0} : buffer_[begin_]; }

  // For what else is kept of the client's messages. Lives as long as the reader.
  InputShare& share() { return share_; }

  void enter(Phase phase) { phase_ = phase; }
  // Where bytes may be put that came; at least one. It grows with what has come, never with what a
  // length claims.
  Result<std::span<char>> room();
  void received(size_t size) { end_ += size; }  // Of the room.
  // The next frame if it is there whole.
  Result<std::optional<Frame>> next();
  // Gives the memory back when there is nothing in it.
  void release();

 private:
  Result<std::optional<Frame>> cut(size_t header, size_t length);

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // Of what is not taken yet.
  size_t end_ = 0;
  size_t wanted_ = 0;  // Bytes of the frame that has begun; 0: not known.
  size_t message_bytes_max_;
  InputShare share_;
  Phase phase_ = Phase::kStartup;
};

}  // namespace rowan::server::pgwire
