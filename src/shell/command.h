// What the commands of the command line share: their words, a connection, and how they end. Not for
// other rooms.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::shell {

inline constexpr int kFine = 0;
inline constexpr int kFound = 1;
inline constexpr int kUsage = 2;

// A command's words: plain ones in order, and options with or without a value.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::vector<std::string>> options;

  bool has(const std::string& name) const { return options.contains(name); }
  std::string get(const std::string& name, std::string fallback = "") const {
    const auto found = options.find(name);
    return found == options.end() || found->second.empty() ? fallback : found->second.back();
  }
};

struct Command {
  std::string_view name;
  std::string_view form;  // What follows the name, as help shows it.
  std::string_view purpose;
  size_t plain_min;
  size_t plain_max;
  std::set<std::string> with_value;
  std::set<std::string> flags;
  int (*run)(const Words&);
};

// An open repository and one session on it. Ends by publishing what was committed; what stands in the
// way of that is said at the end of the process, and is its exit code.
struct Connection {
  ~Connection();
  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
  bool speaks_sql = false;   // Hints name statements, not options of commands.
  bool drop_caches = false;  // When it is opened for writing.
  bool is_read_only = false;
};

std::optional<Failure> connect(const std::string& path, const std::string& branch, bool read_only,
                               Connection& connection);
// For commands that only read: beside another process they see what is published, and the repository of
// a working tree they read as well.
std::optional<Failure> connect_to_read(const std::string& path, const std::string& branch,
                                       Connection& connection);

int fail(const Failure& failure);  // Says it and gives the exit code of its class.
int bad_value(
    std::string_view message);  // For an option's value that is none, before anything was opened.
// `seen` is told of each row.
int run_and_print(Session& session, const std::string& sql,
                  const std::function<void(const Rows&)>& seen = {});
std::string table_name(const std::string& word);  // "shop.orders" as SQL.

// Branches, tags, and what makes or moves commits (version_commands.cc).
const std::vector<Command>& version_commands();
// What came from other programs (foreign_commands.cc).
const std::vector<Command>& foreign_commands();
// The repository as a whole (care_commands.cc).
const std::vector<Command>& care_commands();
// The server (serve_command.cc).
const std::vector<Command>& serve_commands();

}  // namespace rowan::shell
