// Failures of sharing itself.
#pragma once

#include <fmt/format.h>

#include "base/error.h"
#include "engine/failure.h"

namespace rowan::sharing {

using engine::to_failure;

inline bool is(const Failure& failure, ErrorCode code) { return failure.sqlstate == sqlstate(code); }

inline Error lost_connection() {
  return Error(ErrorCode::kConnectionFailure,
               "the connection to the process that has the repository open broke off");
}

inline Error ended_by_the_other() {
  return Error(ErrorCode::kAdminShutdown,
               "the process that has the repository open ends, and ended the transaction");
}

// Of a commit that was under way when the connection broke off.
inline Error unknown_outcome() {
  return Error(ErrorCode::kTransactionResolutionUnknown,
               "the connection to the process that has the repository open broke off during a commit")
      .with_hint("Look whether the change is there before it is made again.");
}

}  // namespace rowan::sharing
