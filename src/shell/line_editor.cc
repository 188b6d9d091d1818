#include "shell/line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>

namespace rowan::shell {

namespace {

constexpr int kHistoryLinesMax = 2000;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '\\' || c == '.'; }

}  // namespace

struct LineEditor::State {
  EditLine* edit = nullptr;      // nullptr: not a terminal.
  History* history = nullptr;
  std::string prompt;
  std::string history_file;
  Complete complete;
};

namespace {

char* show_prompt(EditLine* edit) {
  LineEditor::State* state = nullptr;
  el_get(edit, EL_CLIENTDATA, &state);
  return state->prompt.data();
}

// Tab: completes the word before the cursor as far as all candidates agree, and lists them when there are several.
unsigned char complete_word(EditLine* edit, int) {
  LineEditor::State* state = nullptr;
  el_get(edit, EL_CLIENTDATA, &state);
  const LineInfo* info = el_line(edit);
  const char* start = info->cursor;
  while (start > info->buffer && is_word(start[-1])) --start;
  const std::string prefix(start, info->cursor);
  std::vector<std::string> found = state->complete(prefix);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  if (found.empty()) return CC_ERROR;
  std::string common = found.front();
  for (const std::string& word : found) {
    size_t same = 0;
    while (same < std::min(common.size(), word.size()) && common[same] == word[same]) ++same;
    common.resize(same);
  }
  if (found.size() == 1) common += ' ';
  if (common.size() > prefix.size()) {
    el_deletestr(edit, static_cast<int>(prefix.size()));
    return el_insertstr(edit, common.c_str()) == -1 ? CC_ERROR : CC_REFRESH;
  }
  std::fputc('\n', stdout);
  for (const std::string& word : found) std::fprintf(stdout, "%s  ", word.c_str());
  std::fputc('\n', stdout);
  return CC_REDISPLAY;
}

}  // namespace

LineEditor::LineEditor(std::string history_file, Complete complete) : state_(std::make_unique<State>()) {
  state_->history_file = std::move(history_file);
  state_->complete = std::move(complete);
  if (::isatty(STDIN_FILENO) == 0) return;
  state_->edit = el_init("rowan", stdin, stdout, stderr);
  if (state_->edit == nullptr) return;
  el_set(state_->edit, EL_CLIENTDATA, state_.get());
  el_set(state_->edit, EL_PROMPT, show_prompt);
  el_set(state_->edit, EL_EDITOR, "emacs");
  el_set(state_->edit, EL_SIGNAL, 0);
  state_->history = history_init();
  HistEvent event;
  history(state_->history, &event, H_SETSIZE, kHistoryLinesMax);
  history(state_->history, &event, H_SETUNIQUE, 1);
  if (!state_->history_file.empty()) history(state_->history, &event, H_LOAD, state_->history_file.c_str());
  el_set(state_->edit, EL_HIST, history, state_->history);
  el_set(state_->edit, EL_ADDFN, "rowan-complete", "Complete the word", complete_word);
  el_set(state_->edit, EL_BIND, "^I", "rowan-complete", nullptr);
  el_set(state_->edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(state_->edit, nullptr);
}

LineEditor::~LineEditor() {
  if (state_->history != nullptr) {
    HistEvent event;
    if (!state_->history_file.empty()) history(state_->history, &event, H_SAVE, state_->history_file.c_str());
    history_end(state_->history);
  }
  if (state_->edit != nullptr) el_end(state_->edit);
}

LineEditor::Status LineEditor::read(const std::string& prompt, std::string& line) {
  line.clear();
  if (state_->edit == nullptr) {
    if (!std::getline(std::cin, line)) return Status::kEnd;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return Status::kLine;
  }
  state_->prompt = prompt;
  int count = 0;
  errno = 0;
  const char* text = el_gets(state_->edit, &count);
  if (text == nullptr || count <= 0) {
    if (errno == EINTR) {
      el_reset(state_->edit);
      std::fputs("^C\n", stdout);
      return Status::kInterrupted;
    }
    std::fputc('\n', stdout);
    return Status::kEnd;
  }
  line.assign(text, static_cast<size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return Status::kLine;
}

void LineEditor::remember(const std::string& statement) {
  if (state_->history == nullptr || statement.empty()) return;
  HistEvent event;
  history(state_->history, &event, H_ENTER, statement.c_str());
}

}  // namespace rowan::shell
