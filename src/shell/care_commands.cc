// The repository as a whole: proving it sound, publishing it, and bringing it to this version.
#include <fmt/format.h>

#include <iostream>

#include "engine/failure.h"
#include "engine/upgrade.h"
#include "shell/command.h"
#include "shell/printer.h"
#include "shell/progress_bar.h"

namespace rowan::shell {

namespace {

int command_check(const Words& words) {
  if (words.has("--drop-caches")) {
    Connection writer{.drop_caches = true};
    if (auto failure = connect(words.plain[0], "", false, writer)) return fail(*failure);
  }
  Connection connection;
  if (auto failure = connect(words.plain[0], "", true, connection)) return fail(*failure);
  ProgressBar bar;
  std::vector<std::string> notes;
  auto problems =
      connection.database->check([&](const Progress& progress) { bar.show(progress); }, &notes);
  bar.clear();
  if (!problems) return fail(problems.failure());
  for (const std::string& line : notes) std::cout << visible(line) << '\n';
  for (const std::string& problem : *problems) std::cout << visible(problem) << '\n';
  if (problems->empty()) std::cout << "No problem found.\n";
  return problems->empty() ? kFine : kFound;
}

int command_checkpoint(const Words& words) {
  Connection connection;
  if (auto failure = connect(words.plain[0], "", false, connection)) return fail(*failure);
  auto done = connection.database->checkpoint();
  if (!done) return fail(done.failure());
  std::cout << "CHECKPOINT\n";
  return kFine;
}

int command_upgrade(const Words& words) {
  const bool dry_run = words.has("--dry-run");
  const auto steps = engine::upgrade_repository(words.plain[0], dry_run);
  if (!steps) return fail(engine::to_failure(steps.error()));
  for (const engine::UpgradeStep& step : *steps) {
    std::cout << fmt::format("Branch {}: {}.\n  rowan.json {} {}\n", visible(step.branch), step.why,
                             dry_run ? "would read" : "now reads", step.format);
    if (!dry_run) std::cout << "  in commit " << step.commit.hex() << '\n';
  }
  if (steps->empty()) std::cout << "Nothing to do.\n";
  return kFine;
}

}  // namespace

const std::vector<Command>& care_commands() {
  static const std::vector<Command> all = {
      {"upgrade",
       "DIR [--dry-run]",
       "bring the branches to what this version writes; with --dry-run only say what would change",
       1,
       1,
       {},
       {"--dry-run"},
       command_upgrade},
      {"check",
       "DIR [--drop-caches]",
       "read everything that is stored and prove it sound; --drop-caches first forgets what was "
       "derived from it",
       1,
       1,
       {},
       {"--drop-caches"},
       command_check},
      {"checkpoint", "DIR", "publish all commits to Git now", 1, 1, {}, {}, command_checkpoint},
  };
  return all;
}

}  // namespace rowan::shell
