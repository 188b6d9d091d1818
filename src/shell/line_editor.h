// LineEditor: a line from a terminal with editing, history and completion (libedit), or from a pipe.
//
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rowan::shell {

class LineEditor {
 public:
  // `complete` gives the words that may follow `prefix`.
  using Complete = std::function<std::vector<std::string>(const std::string& prefix)>;
  LineEditor(std::string history_file, Complete complete);
  ~LineEditor();

  enum class Status { kLine, kInterrupted, kEnd };
  Status read(const std::string& prompt, std::string& line);   // Without its newline.
  void remember(const std::string& statement);                 // Into the history.

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace rowan::shell
