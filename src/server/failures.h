// What the server itself has to tell a client: failures with PostgreSQL's SQLSTATEs and words.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "rowan/rowan.h"

namespace rowan::server {

inline Failure failure(std::string_view sqlstate, std::string message, std::string hint = {},
                       std::string detail = {}) {
  Failure made;
  made.sqlstate = sqlstate;
  made.message = std::move(message);
  made.hint = std::move(hint);
  made.detail = std::move(detail);
  return made;
}

inline Failure to_failure(const Error& error) {
  Failure made = failure(sqlstate(error.code()), error.message(), error.hint(), error.detail());
  made.position = error.position();
  made.retryable = is_retryable(error.code());
  return made;
}

inline constexpr std::string_view kProtocolViolationState = "08P01";
inline constexpr std::string_view kUnsupportedState = "0A000";
inline constexpr std::string_view kActiveTransactionState = "25001";
inline constexpr std::string_view kFailedTransactionState = "25P02";
inline constexpr std::string_view kIdleInTransactionState = "25P03";
inline constexpr std::string_view kUndefinedStatementState = "26000";
inline constexpr std::string_view kRefusedState = "28000";
inline constexpr std::string_view kWrongPasswordState = "28P01";
inline constexpr std::string_view kUndefinedCursorState = "34000";
inline constexpr std::string_view kUndefinedDatabaseState = "3D000";
inline constexpr std::string_view kDuplicateCursorState = "42P03";
inline constexpr std::string_view kDuplicateDatabaseState = "42P04";
inline constexpr std::string_view kDuplicateStatementState = "42P05";
inline constexpr std::string_view kInvalidNameState = "42602";
inline constexpr std::string_view kTooManyConnectionsState = "53300";
inline constexpr std::string_view kTooLargeState = "54000";
inline constexpr std::string_view kNotInStateState = "55000";
inline constexpr std::string_view kInUseState = "55006";
inline constexpr std::string_view kCancelledState = "57014";
inline constexpr std::string_view kShutdownState = "57P01";
inline constexpr std::string_view kNotNowState = "57P03";
inline constexpr std::string_view kIdleSessionState = "57P05";

}  // namespace rowan::server
