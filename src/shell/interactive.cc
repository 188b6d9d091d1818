#include "shell/interactive.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "shell/completion.h"
#include "shell/line_editor.h"
#include "shell/runner.h"
#include "shell/signals.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

std::string names_query(NameKind kind, const std::string& owner) {
  switch (kind) {
    case NameKind::kTable:
      return "SELECT name FROM rowan.relations WHERE kind IN ('table', 'view', 'materialized "
             "view')" +
             (owner.empty() ? "" : " AND schema = " + sql::quote_literal(owner));
    case NameKind::kColumn:
      return "SELECT DISTINCT name FROM rowan.columns" +
             (owner.empty() ? "" : " WHERE \"table\" = " + sql::quote_literal(owner));
    case NameKind::kSchema:
      return "SELECT name FROM rowan.schemas";
    case NameKind::kBranch:
      return "SELECT branch FROM rowan.branches";
  }
  return "";
}

std::vector<std::string> list_names(Session& session, NameKind kind, const std::string& owner) {
  std::vector<std::string> names;
  if (session.transaction_state() == TransactionState::kFailed)
    return names;  // Nothing may run there.
  auto rows = session.run(names_query(kind, owner));
  if (!rows) return names;
  for (auto more = (*rows)->next(); more && *more; more = (*rows)->next()) {
    const std::string name = (*rows)->get_text(0);
    names.push_back(kind == NameKind::kBranch ? name : sql::quote_ident(name));
  }
  return names;
}

std::string prompt_of(const Session& session, bool continued) {
  std::string prompt = session.database() + "@" + session.branch() + (continued ? "-" : "=");
  if (session.transaction_state() == TransactionState::kOpen) prompt += '*';
  if (session.transaction_state() == TransactionState::kFailed) prompt += '!';
  return prompt + "> ";
}

// A line of COPY's data, typed at the terminal.
Outcome<bool> read_data(LineEditor& editor, std::string& line) {
  switch (editor.read(">> ", line, false)) {
    case LineEditor::Status::kLine:
      return true;
    case LineEditor::Status::kEnd:
      return false;
    case LineEditor::Status::kInterrupted:
      break;
  }
  return Failure{.sqlstate = "57014", .message = "canceling statement due to user request"};
}

void read_and_run(Session& session) {
  const char* home = std::getenv("HOME");
  Runner runner(session, {}, std::cout, std::cerr);
  std::string typed;  // All lines of the statement being typed: one entry of the history.
  LineEditor editor(
      home != nullptr ? std::string(home) + "/.rowan_history" : "", [&](std::string_view line) {
        return complete(typed + std::string(line), [&](NameKind kind, const std::string& owner) {
          return list_names(session, kind, owner);
        });
      });
  std::cout << "Rowan " << version() << ". Type help for help, \\q to leave.\n\n" << std::flush;
  while (!runner.wants_quit() && leaving_signal() == 0) {
    clear_interrupt();
    std::string line;
    const auto status = editor.read(prompt_of(session, runner.in_statement()), line);
    if (status == LineEditor::Status::kEnd) break;
    if (status == LineEditor::Status::kInterrupted) {
      runner.drop_statement();
      typed.clear();
      continue;
    }
    typed += line;
    // Kept before it runs: a statement that ends the process is the one to look at afterwards.
    if (sql::statement_end(typed) != std::string::npos || typed.starts_with('\\'))
      editor.remember(typed);
    runner.add_line(line, [&editor](std::string& data) { return read_data(editor, data); });
    if (runner.in_statement()) {
      typed += '\n';
    } else {
      typed.clear();
    }
  }
}

}  // namespace

int run_interactive(Session& session) {
  const SignalGuard guard(session);
  if (::isatty(STDIN_FILENO) != 0) {
    read_and_run(session);
  } else {
    Runner runner(session, {}, std::cout, std::cerr);
    ScriptReader script(STDIN_FILENO);
    runner.run_script(script);
  }
  return 0;
}

}  // namespace rowan::shell
