// Branches merged into main from several threads while others write to them and to main: every row
// and every increment arrives once, no merge stops a writer, and the repository stays sound.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::Session;
using rowan::TempFolder;

constexpr int kBranches = 4;
constexpr auto kDuration = std::chrono::seconds(2);

struct Tally {
  std::atomic<int64_t> increments{0};
  std::atomic<int64_t> merges{0};
  std::atomic<bool> failed{false};
  std::string message;  // Of the first failure; written once.

  void fail(const std::string& what) {
    if (!failed.exchange(true)) message = what;
  }
};

// Runs until it works: conflicts of transactions are ordinary answers.
bool run(Session& session, const std::string& sql, Tally& tally) {
  while (!tally.failed) {
    auto rows = session.run(sql, {});
    if (rows) return true;
    if (!rows.failure().retryable)
      tally.fail(sql + ": " + rows.failure().sqlstate + " " + rows.failure().message + " " +
                 rows.failure().detail);
  }
  return false;
}

int64_t number(Session& session, const std::string& sql) {
  auto rows = session.run(sql, {});
  REQUIRE(rows.ok());
  auto more = (*rows)->next();
  REQUIRE(more.ok());
  REQUIRE(*more);
  return std::stoll((*rows)->get_text(0));
}

std::unique_ptr<Session> connect(Database& database, const std::string& branch) {
  auto session = database.connect(branch);
  return session ? std::move(*session) : nullptr;
}

}  // namespace

TEST_CASE("merges beside writers") {
  const TempFolder folder;
  const std::string path = folder.repository().string();
  REQUIRE(Database::init(path).ok());
  auto opened = Database::open(path, {});
  REQUIRE(opened.ok());
  Database& database = **opened;
  Tally tally;
  auto main = connect(database, "main");
  REQUIRE(
      run(*main, "CREATE TABLE counter (id integer PRIMARY KEY, n bigint MERGE RULE sum)", tally));
  REQUIRE(run(*main, "CREATE TABLE line (id text PRIMARY KEY)", tally));
  REQUIRE(run(*main, "CREATE TABLE log (word text)", tally));
  REQUIRE(run(*main, "INSERT INTO counter VALUES (1, 0)", tally));
  for (int i = 0; i < kBranches; ++i)
    REQUIRE(run(*main, "CREATE BRANCH b" + std::to_string(i), tally));

  const auto until = std::chrono::steady_clock::now() + kDuration;
  const auto write = [&](const std::string& branch, bool merges) {
    auto own = connect(database, branch);
    auto target = connect(database, "main");
    for (int i = 0; std::chrono::steady_clock::now() < until && !tally.failed; ++i) {
      bool fine = run(*own, "UPDATE counter SET n = n + 1 WHERE id = 1", tally);
      fine =
          fine &&
          run(*own, "INSERT INTO line VALUES ('" + branch + " " + std::to_string(i) + "')", tally);
      fine = fine && run(*own, "INSERT INTO log VALUES ('same')", tally);
      if (fine) tally.increments.fetch_add(1);
      if (fine && merges && i % 8 == 7 && run(*target, "MERGE " + branch, tally))
        tally.merges.fetch_add(1);
      if (fine && merges && i % 32 == 31) run(*own, "MERGE main", tally);  // Histories cross.
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kBranches; ++i) threads.emplace_back(write, "b" + std::to_string(i), true);
  threads.emplace_back(write, "main", false);
  for (std::thread& thread : threads) thread.join();
  INFO(tally.message);
  REQUIRE_FALSE(tally.failed);
  for (int i = 0; i < kBranches; ++i) REQUIRE(run(*main, "MERGE b" + std::to_string(i), tally));
  MESSAGE(tally.increments.load() << " increments, " << tally.merges.load() << " merges");
  CHECK(number(*main, "SELECT n FROM counter") == tally.increments);
  CHECK(number(*main, "SELECT count(*) FROM line") == tally.increments);
  CHECK(number(*main, "SELECT count(*) FROM log") == tally.increments);
  auto problems = database.check(nullptr);
  REQUIRE(problems.ok());
  CHECK(problems->empty());
}
