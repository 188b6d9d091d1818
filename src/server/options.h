// How a server is to be run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rowan::server {

enum class AuthMode : uint8_t {
  kPassword,  // The folder's owner by the Unix socket as he is, all else by SCRAM-SHA-256.
  kTrust,     // Anybody: for tests, on loopback.
};

struct ServerOptions {
  std::filesystem::path folder;
  std::vector<std::string> listen = {"127.0.0.1"};  // Addresses.
  uint16_t port = 5432;                             // 0: one that is free.
  std::filesystem::path socket_folder;              // Empty: no Unix socket.
  AuthMode auth = AuthMode::kPassword;
  // Or a verifier, in SCRAM's form; empty: one is made and told.
  std::string password;
  size_t connections_max = 1000;
  size_t message_bytes_max = 256u << 20;
  size_t input_bytes_max = size_t{1} << 30;  // Of all connections, for messages not yet whole.
};

}  // namespace rowan::server
