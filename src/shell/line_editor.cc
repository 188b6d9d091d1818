#include "shell/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "shell/signals.h"

namespace rowan::shell {

namespace {

constexpr int kHistoryLinesMax = 2000;
constexpr size_t kWordsShownMax = 120;

}  // namespace

struct LineEditor::State {
  EditLine* edit = nullptr;
  History* history = nullptr;
  std::string prompt;
  std::string history_file;
  Complete complete;
  bool completes = true;  // The line being read is SQL, not data.
};

namespace {

char* show_prompt(EditLine* edit) {
  LineEditor::State* state = nullptr;
  el_get(edit, EL_CLIENTDATA, &state);
  return state->prompt.data();
}

bool input_waits() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Waits for a key or a signal. True when a key is there.
bool wait_for_key(EditLine* edit) {
  for (;;) {
    pollfd waits[] = {{STDIN_FILENO, POLLIN, 0}, {wake_descriptor(), POLLIN, 0}};
    const int count = ::poll(waits, 2, -1);
    if (count < 0 && errno != EINTR) return false;
    drain_wake();
    if (interrupted() || leaving_signal() != 0) return false;
    if (take_resize()) {
      el_resize(edit);
      el_set(edit, EL_PREP_TERM,
             1);  // A shell that continued us may have left the terminal in its own mode.
      el_set(edit, EL_REFRESH);
    }
    if (count > 0 && waits[0].revents != 0) return true;
  }
}

// libedit's source of characters: as its own, but a signal ends the wait.
int read_character(EditLine* edit, wchar_t* character) {
  if (!wait_for_key(edit)) return -1;
  unsigned char byte = 0;
  ssize_t count = ::read(STDIN_FILENO, &byte, 1);
  if (count <= 0) return static_cast<int>(count);
  const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  uint32_t code = more == 0 ? byte : byte & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    count = ::read(STDIN_FILENO, &byte, 1);
    if (count <= 0) return static_cast<int>(count);
    code = code << 6 | (byte & 0x3fu);
  }
  *character = static_cast<wchar_t>(code);
  return 1;
}

void list_words(const std::vector<std::string>& words) {
  winsize window{};
  const size_t columns =
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
  const size_t shown = std::min(words.size(), kWordsShownMax);
  size_t widest = 0;
  for (size_t i = 0; i < shown; ++i) widest = std::max(widest, count_characters(words[i]) + 2);
  const size_t per_line = std::max<size_t>(1, columns / widest);
  const size_t lines = (shown + per_line - 1) / per_line;
  std::fputc('\n', stdout);
  for (size_t line = 0; line < lines; ++line) {
    for (size_t i = line; i < shown; i += lines) {
      const size_t blanks = i + lines < shown ? widest - count_characters(words[i]) : 0;
      std::fprintf(stdout, "%s%*s", words[i].c_str(), static_cast<int>(blanks), "");
    }
    std::fputc('\n', stdout);
  }
  if (shown < words.size()) std::fprintf(stdout, "… and %zu more\n", words.size() - shown);
}

// Tab: completes the word before the cursor as far as all candidates agree, and lists them when
// there are several.
unsigned char complete_word(EditLine* edit, int) {
  LineEditor::State* state = nullptr;
  el_get(edit, EL_CLIENTDATA, &state);
  const LineInfo* info = el_line(edit);
  const std::string_view typed(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
  // A Tab that indents, that stands in data, or that was pasted with what follows it, is a tab.
  const bool indents = typed.find_first_not_of(" \t\n") == std::string_view::npos;
  if (indents || !state->completes || input_waits())
    return el_insertstr(edit, "\t") == -1 ? CC_ERROR : CC_REFRESH;
  const Completion found = state->complete(typed);
  if (found.words.empty()) return CC_ERROR;
  std::string common = found.words.front();
  for (const std::string& word : found.words) {
    const auto differ = std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first;
    common.erase(differ, common.end());
  }
  while (!common.empty() && found.words.size() > 1 &&
         (static_cast<unsigned char>(found.words.front()[common.size()]) & 0xc0) == 0x80)
    common.pop_back();
  if (found.words.size() == 1 && !common.ends_with('/') && !common.ends_with('.')) common += ' ';
  const std::string begun(typed.substr(typed.size() - found.replaced));
  if (common.size() > begun.size()) {
    el_deletestr(edit, static_cast<int>(count_characters(begun)));
    return el_insertstr(edit, common.c_str()) == -1 ? CC_ERROR : CC_REFRESH;
  }
  list_words(found.words);
  return CC_REDISPLAY;
}

}  // namespace

LineEditor::LineEditor(std::string history_file, Complete complete)
    : state_(std::make_unique<State>()) {
  state_->history_file = std::move(history_file);
  state_->complete = std::move(complete);
  state_->history = history_init();
  HistEvent event;
  history(state_->history, &event, H_SETSIZE, kHistoryLinesMax);
  history(state_->history, &event, H_SETUNIQUE, 1);
  if (!state_->history_file.empty())
    history(state_->history, &event, H_LOAD, state_->history_file.c_str());
  state_->edit = el_init("rowan", stdin, stdout, stderr);
  if (state_->edit == nullptr) return;
  el_set(state_->edit, EL_CLIENTDATA, state_.get());
  el_set(state_->edit, EL_PROMPT, show_prompt);
  el_set(state_->edit, EL_EDITOR, "emacs");
  el_set(state_->edit, EL_SIGNAL, 0);
  el_set(state_->edit, EL_GETCFN, read_character);
  el_set(state_->edit, EL_HIST, history, state_->history);
  el_set(state_->edit, EL_ADDFN, "rowan-complete", "Complete the word", complete_word);
  el_set(state_->edit, EL_BIND, "^I", "rowan-complete", nullptr);
  el_set(state_->edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(state_->edit, EL_BIND, "\033[3~", "ed-delete-next-char", nullptr);
  el_set(state_->edit, EL_BIND, "\033[H", "ed-move-to-beg", nullptr);
  el_set(state_->edit, EL_BIND, "\033[F", "ed-move-to-end", nullptr);
  el_set(state_->edit, EL_BIND, "\033[1;5C", "em-next-word", nullptr);
  el_set(state_->edit, EL_BIND, "\033[1;5D", "ed-prev-word", nullptr);
  el_source(state_->edit, nullptr);
}

LineEditor::~LineEditor() {
  if (state_->edit != nullptr) el_end(state_->edit);
  history_end(state_->history);
}

LineEditor::Status LineEditor::read(const std::string& prompt, std::string& line, bool completes) {
  line.clear();
  if (state_->edit == nullptr) return Status::kEnd;
  state_->prompt = prompt;
  state_->completes = completes;
  if (take_resize()) el_resize(state_->edit);  // It came while a statement ran.
  int count = 0;
  const char* text = el_gets(state_->edit, &count);
  if (text == nullptr || count <= 0) {
    const bool dropped = interrupted() && leaving_signal() == 0;
    if (dropped) el_reset(state_->edit);
    std::fputs(dropped ? "^C\n" : "\n", stdout);
    std::fflush(stdout);
    return dropped ? Status::kInterrupted : Status::kEnd;
  }
  line.assign(text, static_cast<size_t>(count));
  if (line.ends_with('\n')) line.pop_back();
  return Status::kLine;
}

// The file grows by each statement, so that shells side by side and a shell that is killed lose
// nothing.
void LineEditor::remember(const std::string& statement) {
  if (statement.empty()) return;
  HistEvent event;
  if (history(state_->history, &event, H_FIRST) == 0 && statement == event.str) return;
  history(state_->history, &event, H_ENTER, statement.c_str());
  if (state_->history_file.empty()) return;
  const int file =
      ::open(state_->history_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::FILE* stream = file < 0 ? nullptr : ::fdopen(file, "a");
  if (stream == nullptr) {
    if (file >= 0) ::close(file);
    return;  // A history that cannot be kept is no reason to stop.
  }
  std::fseek(stream, 0, SEEK_END);
  history(state_->history, &event, H_NSAVE_FP, static_cast<size_t>(1), stream);
  std::fclose(stream);
}

}  // namespace rowan::shell
