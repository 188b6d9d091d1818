// kill -9 of a process that resets, squashes, reverts, restores and tags while another session
// writes: the branch is where the last answer said, or one step farther; its reflog leads back; the
// repository takes the next writes and stays sound for Rowan and for stock git.
#include <signal.h>
#include <unistd.h>

#include <random>
#include <sstream>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr int kRounds = 5;

std::string tip_of(Session& session) {
  auto rows = session.run("SELECT commit FROM rowan.branches WHERE branch = 'w'");
  if (!rows || !*(*rows)->next()) ::_exit(1);
  return (*rows)->get_text(0);
}

// One session's steps on branch w. Each answered one is a line: the branch's tip and the newest
// tag's number.
void rewrite(Session& session, long& number, int answers) {
  const auto run = [&](const std::string& sql) {
    auto rows = session.run(sql);
    if (!rows || !(*rows)->next()) {
      if (!rows) ::fprintf(stderr, "%s: %s\n", sql.c_str(), rows.failure().message.c_str());
      ::_exit(1);
    }
    const std::string line = tip_of(session) + " " + std::to_string(number) + "\n";
    if (::write(answers, line.data(), line.size()) < 0) ::_exit(1);
  };
  const auto insert = [&] {
    run("INSERT INTO item VALUES (1, " + std::to_string(::random()) + std::to_string(::getpid()) +
        ")");
  };
  for (;;) {
    insert();
    insert();
    run("SQUASH SINCE 'HEAD~2'");
    insert();
    run("RESET TO 'HEAD~1'");
    insert();
    run("REVERT HEAD");
    run("RESTORE TO 'HEAD~1'");
    run("RESET TO 'w@{1}'");
    run("CREATE TAG t" + std::to_string(number++) + " MESSAGE 'here'");
  }
}

[[noreturn]] void writer_process(const fs::path& db, long number, int answers) {
  auto database = Database::open(db.string());
  if (!database) ::_exit(1);
  ::srandom(static_cast<unsigned>(::getpid()));
  auto other = (*database)->connect();
  auto session = (*database)->connect("w");
  if (!session || !other) ::_exit(1);
  std::thread beside([&] {
    for (long n = ::random();; ++n) {
      if (!(*other)->run("INSERT INTO item VALUES (0, " + std::to_string(n) + ")")) ::_exit(1);
    }
  });
  rewrite(**session, number, answers);
  ::_exit(1);
}

struct Answered {
  std::string tip;
  long tags = 0;
};

Answered work_and_kill(const fs::path& db, const Answered& from, std::mt19937& random) {
  const std::string lines =
      run_until_killed([&](int answers) { writer_process(db, from.tags, answers); },
                       std::chrono::milliseconds(50 + random() % 1500));
  Answered answered = from;
  std::istringstream in(lines);
  Answered line;
  while (in >> line.tip >> line.tags) answered = line;
  return answered;
}

}  // namespace

TEST_CASE("branches that were moving when the process was killed") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE item (session integer, n text, PRIMARY KEY (session, n))");
    opened.execute("CREATE BRANCH w");
  }
  const unsigned seed = std::random_device()();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Answered answered;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    answered = work_and_kill(db, answered, random);
    Opened opened(db);
    const std::string now = opened.ask("SELECT commit FROM rowan.reflog('w') LIMIT 2");
    const bool stands = now.find(answered.tip) != std::string::npos;
    CHECK(stands);
    const long tags = std::stol(opened.ask("SELECT count(*) FROM rowan.tags"));
    CHECK(tags >= answered.tags);
    CHECK(tags <= answered.tags + 1);
    answered.tags = tags;
    // What was answered is not only named but whole.
    CHECK(std::stol(opened.ask("SELECT count(*) FROM item AS OF '" + answered.tip + "'")) >= 0);
    auto session = opened.connect("w");
    Opened::execute(*session, "INSERT INTO item VALUES (2, 'round " + std::to_string(round) + "')");
    Opened::execute(*session, "RESET TO 'HEAD~1'");
    opened.execute("INSERT INTO item VALUES (3, 'round " + std::to_string(round) + "')");
  }
  check_clean(db);
  CHECK(git(db, "tag -n1").find("here") != std::string::npos);
  CHECK_FALSE(git(db, "reflog show w").empty());
}

}  // namespace rowan::git_testing
