// A connection that is let in: its coroutine on the workers, from opening the session to the end.
//
// Threads: call it from any; all else is its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/pgwire/frame.h"
#include "server/shared.h"

namespace rowan::server {

// What a client said at its start.
struct Request {
  std::string user;
  std::string database;
  std::string application_name;
  std::vector<std::pair<std::string, std::string>> settings;
};

// Takes over the socket, which does not block, and what came on it already.
void start_connection(Shared& shared, int socket, std::shared_ptr<Presence> presence,
                      Request request, std::unique_ptr<pgwire::FrameReader> in);

}  // namespace rowan::server
