// `rowan serve`: what its options say, and the server's words on the terminal.
#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>

#include "server/server.h"
#include "shell/command.h"
#include "shell/printer.h"
#include "shell/signals.h"

namespace rowan::shell {

namespace {

constexpr const char* kPasswordVariable = "ROWAN_PASSWORD";
constexpr size_t kConnectionsMax = 100'000;
constexpr size_t kInputMbMax = 1'000'000;

std::optional<size_t> number_in(const Words& words, const std::string& name, size_t fallback,
                                size_t max) {
  if (!words.has(name)) return fallback;
  const std::string text = words.get(name);
  size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number > max)
    return std::nullopt;
  return number;
}

// The file's first line.
std::optional<Failure> read_password(const std::string& path, std::string& password) {
  std::ifstream file(path, std::ios::binary);
  if (!file || !std::getline(file, password)) password.clear();
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (!password.empty()) return std::nullopt;
  return Failure{.sqlstate = "58P01",
                 .message = fmt::format(
                     "file \"{}\" cannot be read, or has no password in its first line", path)};
}

// 0, or the exit code of what is wrong with them.
int read_options(const Words& words, server::ServerOptions& options) {
  options.folder = words.plain[0];
  const auto port = number_in(words, "--port", options.port, 65535);
  if (!port) return bad_value("--port takes a number from 0 (any that is free) to 65535");
  options.port = static_cast<uint16_t>(*port);
  const auto connections =
      number_in(words, "--max-connections", options.connections_max, kConnectionsMax);
  if (!connections || *connections == 0)
    return bad_value("--max-connections takes a number from 1 to 100000");
  options.connections_max = *connections;
  const auto input = number_in(words, "--input-memory", options.input_bytes_max >> 20, kInputMbMax);
  if (!input || *input == 0)
    return bad_value("--input-memory takes a number of megabytes from 1 to 1000000");
  options.input_bytes_max = *input << 20;
  if (words.has("--listen")) options.listen = words.options.at("--listen");
  if (options.listen.size() == 1 && options.listen[0] == "none") options.listen.clear();
  options.socket_folder = words.get("--socket-dir");
  if (options.listen.empty() && options.socket_folder.empty())
    return bad_value("with --listen none there is only the Unix socket: give --socket-dir");
  const std::string auth = words.get("--auth", "scram");
  if (auth != "scram" && auth != "trust") return bad_value("--auth takes scram or trust");
  if (auth == "trust") options.auth = server::AuthMode::kTrust;
  if (words.has("--password-file")) {
    if (auth == "trust") return bad_value("--auth trust asks for no password");
    if (auto failure = read_password(words.get("--password-file"), options.password))
      return fail(*failure);
  } else if (const char* given = std::getenv(kPasswordVariable); given != nullptr) {
    options.password = given;
  }
  return kFine;
}

int command_serve(const Words& words) {
  server::ServerOptions options;
  if (const int wrong = read_options(words, options); wrong != kFine) return wrong;
  ignore_broken_pipes();
  const auto ran = server::run_server(
      options, [](std::string_view line) { std::cout << visible(line) << std::endl; },
      [](std::string_view line) { std::cerr << "WARNING:  " << line << std::endl; });
  if (!ran) return fail(ran.failure());
  return kFine;
}

}  // namespace

const std::vector<Command>& serve_commands() {
  static const std::vector<Command> all = {
      {"serve",
       "DIR [--port 5432] [--listen ADDRESS]… [--socket-dir FOLDER] [--password-file FILE] "
       "[--auth scram|trust] [--max-connections 1000] "
       "[--input-memory 1024]",
       "serve a repository, or every repository in a folder, to PostgreSQL's clients until "
       "SIGTERM or Ctrl-C; the password is a file's first line, else ROWAN_PASSWORD, else one is "
       "made and printed",
       1,
       1,
       {"--port", "--listen", "--socket-dir", "--password-file", "--auth", "--max-connections",
        "--input-memory"},
       {},
       command_serve},
  };
  return all;
}

}  // namespace rowan::shell
