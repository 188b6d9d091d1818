// What the server itself has to tell a client: failures with PostgreSQL's SQLSTATEs and words.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/failure.h"
#include "rowan/rowan.h"

namespace rowan::server {

inline Failure failure(ErrorCode code, std::string message, std::string hint = {},
                       std::string detail = {}) {
  Failure made;
  made.sqlstate = sqlstate(code);
  made.message = std::move(message);
  made.hint = std::move(hint);
  made.detail = std::move(detail);
  return made;
}

inline Failure to_failure(const Error& error) {
  return engine::to_failure(error);
}

}  // namespace rowan::server
