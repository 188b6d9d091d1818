// kill -9 of a process whose four sessions commit SQL: every commit that was answered is there
// after opening again, whole, and the repository takes the next writes. The store's own crash tests
// are in tests/crash.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <random>
#include <sstream>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr int kSessions = 4;
constexpr int kRounds = 5;
using Counts = std::array<long, kSessions>;

// One session's work from row `next` on: single statements, blocks over two tables, and now and
// then a new table. Each answered commit is one line to `answers`.
void write_rows(Session& session, int number, long next, int answers) {
  const auto run = [&](const std::string& sql) {
    auto rows = session.run(sql);
    if (!rows || !(*rows)->next()) ::_exit(1);
  };
  for (;; ++next) {
    const std::string key = std::to_string(number) + ", " + std::to_string(next);
    if (next % 3 == 0) {
      run("BEGIN");
      run("INSERT INTO item VALUES (" + key + ", '" + std::string(next % 200, 'x') + "')");
      run("INSERT INTO pair VALUES (" + key + ")");
      run("COMMIT");
    } else {
      run("INSERT INTO item VALUES (" + key + ", 'row')");
    }
    if (next % 50 == 49)
      run("CREATE TABLE extra_" + std::to_string(number) + "_" + std::to_string(next) +
          " (id integer PRIMARY KEY)");
    const std::string line = std::to_string(number) + " " + std::to_string(next) + "\n";
    if (::write(answers, line.data(), line.size()) < 0) ::_exit(1);
  }
}

[[noreturn]] void writer_process(const fs::path& db, const Counts& from, int answers) {
  auto database = Database::open(db.string());
  if (!database) ::_exit(1);
  std::vector<std::thread> threads;
  for (int s = 0; s < kSessions; ++s) {
    threads.emplace_back([&, s] {
      auto session = (*database)->connect();
      if (!session) ::_exit(1);
      write_rows(**session, s, from[s], answers);
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(1);
}

// Runs a writer and kills it after a while. Gives, for each session, how many rows were answered
// for.
Counts write_and_kill(const fs::path& db, const Counts& from, std::mt19937& random) {
  const std::string lines =
      run_until_killed([&](int answers) { writer_process(db, from, answers); },
                       std::chrono::milliseconds(50 + random() % 1500));
  Counts answered = from;
  std::istringstream in(lines);
  long session = 0;
  for (long row = 0; in >> session >> row;) answered.at(static_cast<size_t>(session)) = row + 1;
  return answered;
}

}  // namespace

TEST_CASE("nothing that was answered is lost to kill -9") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute(
        "CREATE TABLE item (session integer, n integer, text text, PRIMARY KEY (session, n))");
    opened.execute("CREATE TABLE pair (session integer, n integer, PRIMARY KEY (session, n))");
  }
  const unsigned seed = std::random_device()();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Counts next{};
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const Counts answered = write_and_kill(db, next, random);
    if (round == 2) git(db, "gc -q");  // On what the kill left, before Rowan has seen it.
    Opened opened(db);
    for (int s = 0; s < kSessions; ++s) {
      CAPTURE(s);
      const std::string of = " WHERE session = " + std::to_string(s);
      const long there = std::stol(opened.ask("SELECT count(*) FROM item" + of));
      CHECK(there >= answered[s]);
      CHECK(there <= answered[s] +
                         1);  // The commit that was under way may be there, without gaps before it.
      if (there > 0)
        CHECK(opened.ask("SELECT max(n) FROM item" + of) == std::to_string(there - 1) + ";");
      CHECK(opened.ask("SELECT count(*) FROM item" + of + " AND n % 3 = 0") ==
            opened.ask("SELECT count(*) FROM pair" + of));
      next[s] = there;
    }
    opened.execute("INSERT INTO item VALUES (" + std::to_string(100 + round) + ", 0, 'between')");
  }
  CHECK(next[0] + next[1] + next[2] + next[3] > kRounds);
  check_clean(db);
}

TEST_CASE("a sequence gives no number twice, whether its process was closed or killed") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE item (id bigserial PRIMARY KEY, by text)");
  }
  std::mt19937 random(std::random_device{}());
  long last = 0;
  for (int round = 0; round < 6; ++round) {
    CAPTURE(round);
    {
      // Closed in order: the next one goes on where this one ended.
      Opened opened(db);
      const long first =
          std::stol(opened.ask("INSERT INTO item (by) VALUES ('closed') RETURNING id"));
      CHECK(first > last);
      last = first;
    }
    const std::string told = run_until_killed(
        [&](int answers) {
          auto database = Database::open(db.string());
          if (!database) ::_exit(1);
          auto session = (*database)->connect();
          if (!session) ::_exit(1);
          for (bool is_row = true;;
               is_row = !is_row) {  // Numbers that no row has are given out as well.
            const std::string number =
                Opened::ask(**session, is_row
                                           ? "INSERT INTO item (by) VALUES ('killed') RETURNING id"
                                           : "SELECT nextval('item_id_seq')") +
                "\n";
            if (::write(answers, number.data(), number.size()) < 0) ::_exit(1);
          }
        },
        std::chrono::milliseconds(random() % 40));
    long next = last + 1;
    std::istringstream lines(told);
    for (std::string line; std::getline(lines, line) && line.ends_with(';');)
      CHECK(std::stol(line) == next++);
    last = next - 1;
  }
  check_clean(db);
}

}  // namespace rowan::git_testing
