// LineEditor: lines from a terminal, with editing, history and completion (libedit).
//
// Threads: one. Requires: standard input is a terminal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "shell/completion.h"

namespace rowan::shell {

class LineEditor {
 public:
  // `complete` is asked with the line up to the cursor. `history_file` may be empty: no history is
  // kept.
  using Complete = std::function<Completion(std::string_view line)>;
  LineEditor(std::string history_file, Complete complete);
  ~LineEditor();

  enum class Status { kLine, kInterrupted, kEnd };
  // A line without its newline; a recalled statement may hold several. Tab is a tab when it
  // `completes` nothing.
  Status read(const std::string& prompt, std::string& line, bool completes = true);
  void remember(const std::string& statement);  // Into the history and its file.

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace rowan::shell
