// What tests with stock git share: a scratch folder, commands, and a repository opened through the
// embedding API.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::git_testing {

namespace fs = std::filesystem;

// A folder that is gone at the end, and a home of its own for git, so that the user's settings
// change nothing.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "rowan-git-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "home");
    ::setenv("HOME", (folder_ / "home").c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::setenv("GIT_TERMINAL_PROMPT", "0", 1);
    for (const char* who : {"AUTHOR", "COMMITTER"}) {
      ::setenv((std::string("GIT_") + who + "_NAME").c_str(), "Ada Test", 1);
      ::setenv((std::string("GIT_") + who + "_EMAIL").c_str(), "ada@example.org", 1);
    }
    std::ofstream(folder_ / "home" / ".gitconfig")
        << "[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n";
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  fs::path folder_;
};

struct Ended {
  int code = 0;        // -1: ended by a signal.
  std::string output;  // Both streams.
};

inline Ended run(const std::string& command) {
  Ended ended;
  FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  for (size_t n; (n = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) ended.output.append(buffer, n);
  const int status = ::pclose(pipe);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

// The command's output; it must succeed.
inline std::string must(const std::string& command) {
  const Ended ended = run(command);
  INFO(command);
  INFO(ended.output);
  REQUIRE(ended.code == 0);
  return ended.output;
}

inline std::string git(const fs::path& repository, const std::string& arguments) {
  return must("git -C '" + repository.string() + "' " + arguments);
}

// Runs `work` in a process of its own, which writes what it did to the descriptor it is given, and
// kills it that long after its first word. Gives all it wrote.
inline std::string run_until_killed(const std::function<void(int answers)>& work,
                                    std::chrono::milliseconds after) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work(ends[1]);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string lines;
  char buffer[4096];
  lines.append(buffer,
               static_cast<size_t>(std::max<ssize_t>(0, ::read(ends[0], buffer, sizeof buffer))));
  std::this_thread::sleep_for(after);
  REQUIRE(::kill(child, SIGKILL) == 0);
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    lines.append(buffer, static_cast<size_t>(n));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return lines;
}

// The rowan program, which meson names.
inline Ended run_rowan(const std::string& arguments) {
  const char* program = ::getenv("ROWAN");
  REQUIRE(program != nullptr);
  return run(std::string(program) + " " + arguments);
}

inline void check_clean(const fs::path& repository) {
  const Ended fsck = run("git -C '" + repository.string() + "' fsck --full --strict --no-dangling");
  INFO(fsck.output);
  CHECK(fsck.code == 0);
  CHECK(fsck.output.find("error") == std::string::npos);
  CHECK(fsck.output.find("warning") == std::string::npos);
  const Ended checked = run_rowan("check '" + repository.string() + "'");
  INFO(checked.output);
  CHECK(checked.code == 0);
}

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  REQUIRE(file.good());
}

inline bool eventually(const std::function<bool()>& holds, int limit_ms = 5000) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// An open repository with one session.
class Opened {
 public:
  explicit Opened(const fs::path& path, OpenOptions options = {}) {
    if (!fs::exists(path)) options.create = true;
    auto database = Database::open(path.string(), options);
    INFO((database.ok() ? "" : database.failure().message));
    REQUIRE(database.ok());
    database_ = std::move(*database);
    session_ = connect();
  }

  Database& database() { return *database_; }
  std::unique_ptr<Session> connect(const std::string& branch = "") {
    auto session = database_->connect(branch);
    INFO((session.ok() ? "" : session.failure().message));
    REQUIRE(session.ok());
    return std::move(*session);
  }

  // Every row as its values with '|' between, every row with a ';' behind. A failure gives
  // "SQLSTATE: message".
  static std::string ask(Session& session, const std::string& sql) {
    auto rows = session.run(sql);
    if (!rows) return rows.failure().sqlstate + ": " + rows.failure().message;
    std::string out;
    while (true) {
      auto more = (*rows)->next();
      if (!more) return more.failure().sqlstate + ": " + more.failure().message;
      if (!*more) return out;
      for (size_t i = 0; i < (*rows)->columns().size(); ++i) {
        out += i > 0 ? "|" : "";
        out += (*rows)->is_null(i) ? "NULL" : (*rows)->get_text(i);
      }
      out += ';';
    }
  }
  std::string ask(const std::string& sql) { return ask(*session_, sql); }

  // Runs a statement that must succeed; gives the id of the commit it made.
  static std::string execute(Session& session, const std::string& sql) {
    auto rows = session.run(sql);
    INFO(sql);
    INFO((rows.ok() ? "" : rows.failure().sqlstate + ": " + rows.failure().message));
    REQUIRE(rows.ok());
    while (true) {
      auto more = (*rows)->next();
      REQUIRE(more.ok());
      if (!*more) return (*rows)->commit_id();
    }
  }
  std::string execute(const std::string& sql) { return execute(*session_, sql); }

  void checkpoint() { REQUIRE(database_->checkpoint().ok()); }

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Session> session_;
};

}  // namespace rowan::git_testing
