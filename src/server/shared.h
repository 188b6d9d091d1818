// What the connections of a server have in common. Fixed once it runs, but for what is atomic or
// guards itself.
#pragma once

#include <sys/types.h>

#include <atomic>

#include "server/auth/scram.h"
#include "server/connections.h"
#include "server/databases.h"
#include "server/options.h"
#include "server/pgwire/input_budget.h"
#include "server/workers.h"

namespace rowan::server {

struct Shared {
  Shared(const ServerOptions& given, Databases& served, Workers& made)
      : options(given),
        databases(served),
        workers(made),
        connections(given.connections_max),
        input(given.input_bytes_max) {}

  const ServerOptions& options;
  Databases& databases;
  Workers& workers;
  Connections connections;
  pgwire::InputBudget input;
  auth::ScramVerifier verifier;
  uid_t owner = 0;                    // Of the folder.
  std::atomic<bool> draining{false};  // Connections end when they are at rest.
};

}  // namespace rowan::server
