// Statements that the server itself obeys: those about whole databases, and about what is prepared
// in a connection.
//
//   CREATE DATABASE [IF NOT EXISTS] name [[WITH] option [=] value …]
//   DROP DATABASE [IF EXISTS] name [[WITH] (FORCE)]
//   DISCARD ALL | PLANS | SEQUENCES | TEMP
//   DEALLOCATE [PREPARE] name | ALL
//
// Threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rowan::server {

enum class ServerVerb : uint8_t {
  kCreateDatabase,
  kDropDatabase,
  kDiscard,
  kDeallocate,
};

struct ServerStatement {
  ServerVerb verb = ServerVerb::kDiscard;
  std::string name;        // Empty: ALL.
  bool if_exists = false;  // IF [NOT] EXISTS
  std::string tag;
};

// Nothing when the text is another statement. kSyntaxError when it is one of these, but wrong.
Result<std::optional<ServerStatement>> find_server_statement(std::string_view text);

}  // namespace rowan::server
