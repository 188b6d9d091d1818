// Starting a thread. A machine that has no room for one more is an Error, never the end of the
// process.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/result.h"

namespace rowan {

// kOutOfMemory. `what`: for whom, as in "could not start a thread for <what>".
template <typename Body>
Result<std::thread> start_thread(std::string_view what, Body&& body) {
  try {
    return std::thread(std::forward<Body>(body));
  } catch (const std::system_error& failed) {
    return Error(ErrorCode::kOutOfMemory, "could not start a thread for " + std::string(what) +
                                              ": " + failed.code().message())
        .with_hint("The system's limit on threads or memory (ulimit -u, pids.max) is reached.");
  }
}

}  // namespace rowan
