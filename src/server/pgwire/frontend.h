// What clients say: the bodies of their messages, taken apart. Views point into the body.
//
// Errors: kProtocolViolation, with PostgreSQL's words, for a body that is too short, too long, or
//         claims more than it holds; 22021 for a string that is no UTF-8. Nothing is allocated for
//         what is only claimed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace rowan::server::pgwire {

// The first packet of a connection.
enum class StartupKind : uint8_t { kSession, kSsl, kGss, kCancel };
struct StartupPacket {
  StartupKind kind = StartupKind::kSession;
  uint16_t major = 0;  // Of a session: the protocol's version.
  uint16_t minor = 0;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  uint32_t process = 0;  // Of a cancel request.
  uint32_t secret = 0;
};
Result<StartupPacket> parse_startup(Bytes body);

// SASLInitialResponse; later answers are the body itself.
struct SaslInitial {
  std::string_view mechanism;
  std::optional<Bytes> data;
};
Result<SaslInitial> parse_sasl_initial(Bytes body);

Result<std::string_view> parse_query(Bytes body);  // Query, CopyFail: one string.

struct ParseMessage {
  std::string_view statement;
  std::string_view sql;
  std::vector<uint32_t> types;
};
Result<ParseMessage> parse_parse(Bytes body);

struct BindMessage {
  std::string_view portal;
  std::string_view statement;
  std::vector<int16_t> parameter_formats;  // None: all text; one: of all.
  std::vector<std::optional<Bytes>> parameters;
  std::vector<int16_t> result_formats;  // As parameter_formats.
};
Result<BindMessage> parse_bind(Bytes body);

// Describe and Close.
struct TargetMessage {
  char kind = 'S';  // 'S': a statement, 'P': a portal.
  std::string_view name;
};
Result<TargetMessage> parse_target(Bytes body, std::string_view message);

struct ExecuteMessage {
  std::string_view portal;
  uint32_t rows_max = 0;  // 0: all.
};
Result<ExecuteMessage> parse_execute(Bytes body);

Result<void> parse_empty(Bytes body);  // Sync, Flush, CopyDone, Terminate.

}  // namespace rowan::server::pgwire
