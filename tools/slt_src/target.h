// What a script runs on: a database in this process, or one on a server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::slt {

using Cell = std::optional<std::string>;  // PostgreSQL's text; nothing: NULL.

struct Answer {
  std::optional<Failure> failure;
  std::vector<ColumnKind> kinds;  // Of the columns.
  std::vector<std::vector<Cell>> rows;
};

class Target {
 public:
  virtual ~Target() = default;
  virtual Answer run(const std::string& session, const std::string& sql) = 0;
  // Ends all sessions.
  virtual void reconnect() = 0;
  // Ends all sessions, and says what is wrong with what is stored.
  virtual std::vector<std::string> check() = 0;
};

// Both end the program when there is nothing to run on.
std::unique_ptr<Target> make_local_target(const std::string& path);
// Makes `database` anew on a server that serves a folder, and drops it at the end.
std::unique_ptr<Target> make_wire_target(const std::string& url, const std::string& database);

}  // namespace rowan::slt
