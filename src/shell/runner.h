// Runner: executes SQL text and backslash commands on a session and prints what comes of it. The shell feeds it lines, `rowan sql`
// whole scripts.
//
// Threads: one; interrupt() may be called from a signal handler.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "rowan/rowan.h"
#include "shell/printer.h"
#include "shell/progress_bar.h"

namespace rowan::shell {

class Runner {
 public:
  struct Options {
    PrintOptions print;
    bool stop_on_error = false;      // Scripts stop, the shell goes on.
    bool echo_timing = false;
    std::string source;              // For messages: the script's name.
  };
  Runner(Session& session, Options options, std::ostream& out, std::ostream& errors);

  // Statements and backslash commands of a whole text. False when a statement failed (and stop_on_error is set) or `\q` was met.
  bool run_script(std::string_view text);
  // Takes one more line of input and runs every statement that is complete with it. `read_more` gives further raw lines for
  // COPY FROM STDIN; false at the end of input.
  bool add_line(std::string_view line, const std::function<bool(std::string&)>& read_more);

  bool in_statement() const { return !buffer_.empty(); }   // The prompt of a continued statement.
  void drop_statement() { buffer_.clear(); }
  bool wants_quit() const { return quit_; }
  const std::string& failure_state() const { return failure_state_; }   // SQLSTATE of the last failure; empty: none.
  void interrupt() { session_.cancel(); }

 private:
  bool run_statement(std::string_view statement, CopySource* source);
  bool run_command(std::string_view line);
  bool describe(std::string_view name);
  bool include_file(const std::string& path);
  void report(const Failure& failure, std::string_view statement);

  Session& session_;
  Options options_;
  std::ostream& out_;
  std::ostream& errors_;
  ProgressBar progress_;
  std::string buffer_;               // The statement being typed.
  std::string failure_state_;
  bool quit_ = false;
  int include_depth_ = 0;
};

}  // namespace rowan::shell
