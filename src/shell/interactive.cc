#include "shell/interactive.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "shell/line_editor.h"
#include "shell/runner.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

// The session whose statement Ctrl-C cancels. A signal handler can be given nothing else.
Session* interrupted_session = nullptr;

void on_interrupt(int) {
  if (interrupted_session != nullptr) interrupted_session->cancel();
}

void catch_interrupts(Session& session) {
  interrupted_session = &session;
  struct sigaction action {};
  action.sa_handler = on_interrupt;   // Without SA_RESTART: a read at the prompt ends too.
  ::sigaction(SIGINT, &action, nullptr);
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return out;
}

std::vector<std::string> complete(Session& session, const std::string& prefix) {
  std::vector<std::string> words;
  if (prefix.starts_with('\\')) {
    for (const char* command : {"\\d", "\\dt", "\\i", "\\l", "\\q", "\\timing", "\\x", "\\?"}) {
      if (std::string_view(command).starts_with(prefix)) words.emplace_back(command);
    }
    return words;
  }
  const std::string wanted = lower(prefix);
  const bool upper = !prefix.empty() && std::isupper(static_cast<unsigned char>(prefix.front())) != 0;
  for (const std::string_view keyword : sql::keywords()) {
    const std::string word = lower(keyword);
    if (!prefix.empty() && word.starts_with(wanted)) words.push_back(upper ? std::string(keyword) : word);
  }
  if (session.transaction_state() == TransactionState::kFailed) return words;
  for (const char* query : {"SELECT name FROM rowan.tables", "SELECT DISTINCT name FROM rowan.columns", "SELECT name FROM rowan.schemas",
                            "SELECT branch FROM rowan.branches"}) {
    auto rows = session.run(query);
    if (!rows) continue;
    for (;;) {
      auto more = (*rows)->next();
      if (!more || !*more) break;
      const std::string word = sql::quote_ident((*rows)->get_text(0));
      if (word.starts_with(wanted)) words.push_back(word);
    }
  }
  return words;
}

std::string prompt_of(const Session& session, bool continued) {
  const char state = session.transaction_state() == TransactionState::kOpen ? '*' : session.transaction_state() == TransactionState::kFailed ? '!' : '\0';
  std::string prompt = session.database() + "@" + session.branch();
  prompt += continued ? "-" : "=";
  if (state != '\0') prompt += state;
  return prompt + "> ";
}

}  // namespace

int run_interactive(Session& session) {
  const bool terminal = ::isatty(STDIN_FILENO) != 0;
  catch_interrupts(session);
  const char* home = std::getenv("HOME");
  LineEditor editor(home != nullptr ? std::string(home) + "/.rowan_history" : "", [&](const std::string& prefix) { return complete(session, prefix); });
  Runner runner(session, {}, std::cout, std::cerr);
  if (terminal) std::cout << "Rowan " << version() << ". Type help for help, \\q to leave.\n" << std::flush;
  const auto read_data = [&](std::string& line) { return editor.read(terminal ? ">> " : "", line) == LineEditor::Status::kLine; };
  std::string statement;
  for (;;) {
    std::string line;
    const auto status = editor.read(terminal ? prompt_of(session, runner.in_statement()) : "", line);
    if (status == LineEditor::Status::kEnd) break;
    if (status == LineEditor::Status::kInterrupted) {
      runner.drop_statement();
      statement.clear();
      continue;
    }
    statement += (statement.empty() ? "" : " ") + line;
    runner.add_line(line, read_data);
    if (!runner.in_statement()) {
      editor.remember(statement);
      statement.clear();
    }
    if (runner.wants_quit()) break;
  }
  interrupted_session = nullptr;
  return 0;
}

}  // namespace rowan::shell
