// What came from other programs: `rowan foreign` over the statements of the same name, and git's
// pre-receive hook.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "engine/failure.h"
#include "engine/import/adopt.h"
#include "engine/import/hook.h"
#include "shell/command.h"
#include "shell/printer.h"
#include "sql/parser.h"

namespace rowan::shell {

namespace {

int foreign_rows(const Words& words, const std::string& sql) {
  Connection connection;
  if (auto failure = connect_to_read(words.plain[1], "", connection)) return fail(*failure);
  return run_and_print(*connection.session, sql + ";");
}

int show_one(const Words& words) {
  constexpr size_t kDigitsMin = 4;
  if (words.plain[2].size() < kDigitsMin) {
    return fail({"VC002", fmt::format("\"{}\" is too short to name a foreign tip", words.plain[2]),
                 "", "Give at least 4 digits of its id; rowan foreign list DIR lists them.", 0,
                 false});
  }
  Connection connection;
  if (auto failure = connect_to_read(words.plain[1], "", connection)) return fail(*failure);
  const std::string name = sql::quote_literal(words.plain[2]);
  const std::string from = fmt::format(
      " FROM rowan.foreign WHERE ref = {0} OR substr(\"commit\", 1, length({0})) = {0}", name);
  auto found = connection.session->run("SELECT 1" + from);
  if (!found) return fail(found.failure());
  auto row = (*found)->next();
  if (!row) return fail(row.failure());
  if (!*row) {
    return fail({"VC002", fmt::format("there is no foreign tip \"{}\"", words.plain[2]), "",
                 "rowan foreign list DIR lists them.", 0, false});
  }
  return run_and_print(*connection.session, "SELECT *" + from + ";");
}

int change(const Words& words, std::string_view statement) {
  Connection connection;
  if (auto failure = connect(words.plain[1], "", false, connection)) return fail(*failure);
  const std::string message =
      words.has("-m") ? " MESSAGE " + sql::quote_literal(words.get("-m")) : "";
  return run_and_print(
      *connection.session,
      fmt::format("{} FOREIGN {}{};", statement, sql::quote_literal(words.plain[2]), message));
}

int command_foreign(const Words& words) {
  const std::string& verb = words.plain[0];
  const bool names_one = verb == "show" || verb == "take" || verb == "drop";
  if (!names_one && verb != "list")
    return bad_value("foreign has the verbs list, show, take and drop, not \"" + verb + "\"");
  if (words.plain.size() != (names_one ? 3u : 2u)) {
    return bad_value(names_one ? "foreign " + verb + " takes the folder and the commit's id"
                               : "foreign list takes the folder alone");
  }
  if (words.has("-m") && verb != "take") return bad_value("-m goes with foreign take");
  if (verb == "list") {
    return foreign_rows(words,
                        "SELECT branch, \"commit\", ref, parked_at, file, line, reason FROM "
                        "rowan.foreign ORDER BY branch, parked_at, \"commit\"");
  }
  if (verb == "show") return show_one(words);
  return change(words, verb == "take" ? "TAKE" : "DROP");
}

std::string own_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "rowan" : path.string();
}

// The lines of a pre-receive hook: old value, new value, ref.
int run_hook(const std::string& folder) {
  std::vector<engine::PushedRef> pushed;
  std::string from, to, name;
  while (std::cin >> from >> to >> name) {
    const auto old_value = Oid::parse(from);
    const auto new_value = Oid::parse(to);
    if (!old_value || !new_value)
      return bad_value("hook run reads lines of old value, new value, ref");
    pushed.push_back({name, *old_value, *new_value});
  }
  const char* quarantine = std::getenv("GIT_QUARANTINE_PATH");
  if (quarantine == nullptr) quarantine = std::getenv("GIT_OBJECT_DIRECTORY");
  const auto refused =
      engine::refused_pushes(folder, quarantine == nullptr ? "" : quarantine, pushed);
  if (!refused) return fail(engine::to_failure(refused.error()));
  for (const std::string& line : *refused) std::cerr << "rowan: " << visible(line) << '\n';
  return refused->empty() ? kFine : kFound;
}

int command_hook(const Words& words) {
  const std::string& verb = words.plain[0];
  if (verb == "run") return run_hook(words.plain.size() > 1 ? words.plain[1] : ".");
  if (verb != "install" || words.plain.size() != 2)
    return bad_value("hook install takes the folder of a bare repository; git calls hook run");
  const auto done = engine::install_hook(words.plain[1], own_program(), words.has("--force"));
  if (!done) return fail(engine::to_failure(done.error()));
  std::cout << "Installed " << words.plain[1]
            << "/hooks/pre-receive: pushes that would not be admitted are refused.\n";
  return kFine;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

int command_adopt(const Words& words) {
  const std::string& folder = words.plain[0];
  const auto adopted = engine::adopt_repository(folder, words.has("--discard-journal"));
  if (!adopted) return fail(engine::to_failure(adopted.error()));
  std::cout << "Adopted " << folder << ". Branches: " << joined(adopted->branches) << ".\n";
  if (words.has("--discard-journal")) {
    std::cout << "What its journal held and was not published is given up.\n";
  } else if (adopted->transactions != 0) {
    std::cout << "Transactions taken from its journal: " << adopted->transactions << ".\n";
  }
  if (!adopted->dropped.empty())
    std::cout << "Settings dropped: " << joined(adopted->dropped) << ".\n";
  if (!adopted->set_aside.empty())
    std::cout << "Set aside, since git would run or follow it: " << joined(adopted->set_aside)
              << ".\n";
  if (!adopted->protected_branches.empty())
    std::cout << "Protected still, until UNPROTECT BRANCH: "
              << joined(adopted->protected_branches) << ".\n";
  if (!adopted->history_policies.empty())
    std::cout << "With a history policy still: " << joined(adopted->history_policies) << ".\n";
  for (const engine::ParkedTip& tip : adopted->parked) {
    std::cout << fmt::format("Not admitted to branch {}: commit {}: {}\n", tip.branch,
                             tip.commit.hex(), tip.reason);
  }
  return adopted->parked.empty() ? kFine : kFound;
}

}  // namespace

const std::vector<Command>& foreign_commands() {
  static const std::vector<Command> all = {
      {"adopt",
       "DIR [--discard-journal]",
       "make a folder that came from somebody else one's own: its commits are judged, its settings "
       "and caches dropped",
       1,
       1,
       {},
       {"--discard-journal"},
       command_adopt},
      {"foreign",
       "list DIR | show DIR COMMIT | take DIR COMMIT [-m MESSAGE] | drop DIR COMMIT",
       "commits of other programs that were not admitted: list, merge or forget them",
       1,
       3,
       {"-m"},
       {},
       command_foreign},
      {"hook",
       "install DIR [--force] | run [DIR]",
       "a pre-receive hook that refuses pushes that would not be admitted",
       1,
       2,
       {},
       {"--force"},
       command_hook},
  };
  return all;
}

}  // namespace rowan::shell
