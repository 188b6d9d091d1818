// Runner: executes SQL text and backslash commands on a session and prints what comes of it. The
// shell feeds it lines, `rowan sql` whole scripts.
//
// Threads: one.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"
#include "shell/printer.h"
#include "shell/progress_bar.h"
#include "shell/script_reader.h"

namespace rowan::shell {

// The next line of COPY's data, without its newline; false at the end.
using NextLine = std::function<Outcome<bool>(std::string&)>;

class Runner {
 public:
  struct Options {
    PrintOptions print;
    bool stop_on_error = false;  // Scripts stop, the shell goes on.
    bool quote_statement =
        true;  // Errors show the statement's line: not for a statement that the user did not write.
    std::string source = {};  // For messages: the script's name.
  };
  Runner(Session& session, Options options, std::ostream& out, std::ostream& errors);

  // Statements and backslash commands of a whole script. COPY FROM STDIN takes the lines behind it,
  // or those of `data`. False when it stopped early: a statement failed (and stop_on_error is set),
  // `\q`, a signal, or the output is gone.
  bool run_script(ScriptReader& script, ScriptReader* data = nullptr);
  // Takes more text as it was typed, and runs every statement that is complete with it. Returns as
  // run_script().
  bool add_line(std::string_view line, const NextLine& read_more);

  bool in_statement() const { return !buffer_.empty(); }  // The prompt of a continued statement.
  void drop_statement() { buffer_.clear(); }
  bool wants_quit() const { return quit_ || !out_; }
  const std::string& failure_state() const {
    return failure_state_;
  }  // SQLSTATE of the last failure; empty: none.

 private:
  bool run_typed(const NextLine& read_more);
  bool run_copy(std::string_view statement, const NextLine& next_line, bool drain);
  bool run_statement(std::string_view statement, CopySource* source);
  bool run_query(std::string_view sql, std::string title, bool footer);
  bool run_command(std::string_view line);
  bool explain_statement(std::string_view words);
  bool run_switch(std::string_view command, std::string_view argument);
  bool list_relations(std::string_view kinds, const std::string& title, std::string_view pattern);
  bool list_tables(std::string_view pattern);
  bool require_match(const std::string& from, std::string_view pattern);
  bool describe_matching(std::string_view pattern);
  bool describe(std::string_view name);
  bool describe_table(const std::string& schema, const std::string& table,
                      const std::string& where);
  bool read_texts(const std::string& query, std::vector<std::string>& texts);
  bool show_section(std::string_view heading, const std::string& query);
  bool end_sections();
  bool include_file(const std::string& path);
  bool refuse(const std::string& sqlstate,
              const std::string& message);  // A backslash command that cannot be done.
  bool report(const Failure& failure,
              std::string_view statement);  // As run_statement(): whether to go on.

  Session& session_;
  Options options_;
  std::ostream& out_;
  std::ostream& errors_;
  ProgressBar progress_;
  std::string buffer_;  // The statement being typed.
  std::string failure_state_;
  size_t line_ = 0;  // Of the running statement in its script.
  bool timing_ = false;
  bool quit_ = false;
  int include_depth_ = 0;
};

}  // namespace rowan::shell
