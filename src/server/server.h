// The server: listens, lets in, and ends in order.
//
// Threads: run() keeps the caller's as the control thread, which accepts, authenticates, cancels
//          and watches the time, and never waits for the engine; sessions run on workers.
#pragma once

#include <functional>
#include <string_view>

#include "rowan/rowan.h"
#include "server/options.h"

namespace rowan::server {

// Serves until SIGTERM, SIGINT or SIGHUP, which end it in order: new clients are told 57P03,
// connections at rest 57P01, what runs has five seconds; then all is published and closed. `say` is
// told, line by line, where it listens and how to connect; `warn`, what a user must know.
Outcome<bool> run_server(const ServerOptions& options,
                         const std::function<void(std::string_view)>& say,
                         const std::function<void(std::string_view)>& warn);

}  // namespace rowan::server
