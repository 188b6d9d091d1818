// Sessions side by side on one database: whatever they do at once, money is neither made nor lost,
// every snapshot sees the same sum, and the repository stays sound. Runs a few seconds; meant for
// the thread sanitizer as well.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::Failure;
using rowan::Session;
using rowan::TempFolder;

constexpr int kSessions = 8;
constexpr int kAccounts = 30'000;  // Enough leaves for scans with read-ahead.
constexpr int64_t kSum = int64_t{kAccounts} * 100;
constexpr auto kDuration = std::chrono::seconds(3);

// What the threads count. doctest's assertions are left to the main thread.
struct Tally {
  std::atomic<uint64_t> transfers{0};
  std::atomic<uint64_t> scans{0};
  std::atomic<uint64_t> branches{0};
  std::atomic<uint64_t> checkpoints{0};
  std::atomic<uint64_t> wrong_sums{0};
  std::atomic<uint64_t> failures{0};
  std::atomic<bool> has_message{false};
  std::string message;  // Of the first unexpected failure.

  void fail(const std::string& what) {
    failures.fetch_add(1);
    if (!has_message.exchange(true)) {
      message = what;
    }
  }
  // Conflicts and victims of deadlocks are ordinary answers.
  void note(const Failure& failure) {
    if (!failure.retryable) {
      fail(failure.sqlstate + " " + failure.message);
    }
  }
};

class Worker {
 public:
  Worker(Database& database, int number, Tally& tally)
      : database_(database),
        number_(number),
        tally_(tally),
        random_(static_cast<uint32_t>(number) + 1) {}

  void run(std::chrono::steady_clock::time_point until) {
    auto connected = database_.connect("main");
    if (!connected) {
      tally_.fail("connect: " + connected.failure().message);
      return;
    }
    session_ = std::move(*connected);
    while (std::chrono::steady_clock::now() < until && tally_.failures.load() == 0) {
      switch (random_() % 16) {
        case 0:
          check_sum("SELECT sum(balance) FROM account");
          break;
        case 1:
          check_sum(
              "SELECT sum(b) FROM (SELECT owner, sum(balance) AS b FROM account GROUP BY owner) AS "
              "g");
          break;
        case 2:
          check_snapshot();
          break;
        case 3:
          move_account();
          break;
        case 4:
          use_branch();
          break;
        case 5:
          checkpoint();
          break;
        default:
          transfer();
      }
    }
  }

 private:
  bool execute(const std::string& sql) { return change(sql).has_value(); }

  // The number of rows changed, or nothing when it failed.
  std::optional<uint64_t> change(const std::string& sql) {
    auto rows = session_->run(sql);
    if (!rows) {
      tally_.note(rows.failure());
      return std::nullopt;
    }
    return (*rows)->affected();
  }

  void check_sum(const std::string& sql) {
    auto rows = session_->run(sql);
    if (!rows) {
      tally_.note(rows.failure());
      return;
    }
    auto more = (*rows)->next();
    if (!more || !*more) {
      tally_.fail("no sum: " + (more ? std::string("no row") : more.failure().message));
      return;
    }
    tally_.scans.fetch_add(1);
    const std::string sum = (*rows)->get_text(0);
    if (sum != std::to_string(kSum)) {
      tally_.wrong_sums.fetch_add(1);
      tally_.fail(sql + " gave " + sum);
    }
  }

  void check_snapshot() {
    if (!execute("BEGIN ISOLATION LEVEL REPEATABLE READ")) return;
    check_sum("SELECT sum(balance) FROM account");
    check_sum("SELECT sum(balance) FROM account WHERE id >= 0");
    execute("COMMIT");
  }

  void finish(bool good) {
    if (!good || !execute("COMMIT")) {
      execute("ROLLBACK");
      return;
    }
    tally_.transfers.fetch_add(1);
  }

  void transfer() {
    const auto from = std::to_string(random_() % kAccounts);
    const auto to = std::to_string(random_() % kAccounts);
    const auto amount = std::to_string(random_() % 50);
    if (!execute(random_() % 4 == 0 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN")) return;
    finish(change("UPDATE account SET balance = balance - " + amount + " WHERE id = " + from) ==
               1 &&
           change("UPDATE account SET balance = balance + " + amount + " WHERE id = " + to) == 1);
  }

  // An account goes to another number, or back, with its money: rows come and go, so leaves are cut
  // anew.
  void move_account() {
    const uint32_t low = random_() % kAccounts / 8 * 8;  // Most accounts stay where they are.
    const bool back = random_() % 2 == 0;
    const auto from = std::to_string(back ? low + kAccounts : low);
    const auto to = std::to_string(back ? low : low + kAccounts);
    if (!execute("BEGIN")) return;
    finish(change("UPDATE account SET balance = balance WHERE id = " + from) ==
               1 &&  // Locks the row.
           change("INSERT INTO account SELECT " + to +
                  ", owner, balance FROM account WHERE id = " + from) == 1 &&
           change("DELETE FROM account WHERE id = " + from) == 1);
  }

  // A branch of this session's own: what is written there is not seen on main.
  void use_branch() {
    const std::string name = "b" + std::to_string(number_) + "_" + std::to_string(branches_++);
    if (!execute("CREATE BRANCH " + name)) return;
    if (execute("CHECKOUT " + name)) {
      execute("UPDATE account SET balance = balance + 1 WHERE id = " +
              std::to_string(random_() % kAccounts));
      execute("CHECKOUT main");
    }
    if (branches_ % 2 == 0) {
      execute("DROP BRANCH " + name + " FORCE");
    }
    tally_.branches.fetch_add(1);
  }

  void checkpoint() {
    auto done = database_.checkpoint();
    if (!done) {
      tally_.note(done.failure());
      return;
    }
    tally_.checkpoints.fetch_add(1);
  }

  Database& database_;
  int number_;
  Tally& tally_;
  std::mt19937 random_;
  std::unique_ptr<Session> session_;
  int branches_ = 0;
};

void make_accounts(Database& database) {
  auto session = database.connect("main");
  REQUIRE(session.ok());
  REQUIRE((*session)
              ->run("CREATE TABLE account (id integer PRIMARY KEY, owner text, balance bigint)")
              .ok());
  std::string insert = "INSERT INTO account VALUES ";
  for (int i = 0; i < kAccounts; ++i) {
    insert += (i > 0 ? ", (" : "(") + std::to_string(i) + ", 'owner number " +
              std::to_string(i % 37) + "', 100)";
  }
  REQUIRE((*session)->run(insert).ok());
}

void check_sound(Database& database) {
  auto problems = database.check();
  REQUIRE_MESSAGE(problems.ok(), (problems.ok() ? "" : problems.failure().message));
  for (const std::string& problem : *problems) FAIL_CHECK(problem);
  auto session = database.connect("main");
  REQUIRE(session.ok());
  auto rows = (*session)->run("SELECT sum(balance), count(*) FROM account");
  REQUIRE(rows.ok());
  REQUIRE(*(*rows)->next());
  CHECK((*rows)->get_text(0) == std::to_string(kSum));
  CHECK((*rows)->get_text(1) == std::to_string(kAccounts));
}

void stress(Database& database) {
  make_accounts(database);
  Tally tally;
  const auto until = std::chrono::steady_clock::now() + kDuration;
  std::vector<std::thread> threads;
  for (int i = 0; i < kSessions; ++i) {
    threads.emplace_back([&database, &tally, i, until] { Worker(database, i, tally).run(until); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_MESSAGE(tally.failures.load() == 0, tally.message);
  CHECK(tally.wrong_sums.load() == 0);
  CHECK(tally.transfers.load() > 0);
  CHECK(tally.scans.load() > 0);
  CHECK(tally.branches.load() > 0);
  CHECK(tally.checkpoints.load() > 0);
  check_sound(database);
}

}  // namespace

// The scan of a query that ends early may still be reading ahead when its rows are written.
TEST_CASE("large values are written while the query's scan was cut short") {
  auto database = Database::open(":memory:");
  REQUIRE(database.ok());
  make_accounts(**database);
  auto session = (*database)->connect();
  REQUIRE(session.ok());
  REQUIRE((*session)->run("CREATE TABLE large (id integer PRIMARY KEY, text text)").ok());
  const std::string insert =
      "INSERT INTO large SELECT a.id, repeat(a.owner, 800) FROM account AS a JOIN account AS b ON "
      "a.id = b.id LIMIT 60";
  auto inserted = (*session)->run(insert);
  REQUIRE_MESSAGE(inserted.ok(), (inserted.ok() ? "" : inserted.failure().message));
  CHECK((*inserted)->affected() == 60);
  auto problems = (*database)->check();
  REQUIRE(problems.ok());
  CHECK((*problems).empty());
}

TEST_CASE("sessions side by side in memory") {
  auto database = Database::open(":memory:");
  REQUIRE(database.ok());
  stress(**database);
}

TEST_CASE("sessions side by side on a Git store, and what it holds after it is opened again") {
  const TempFolder folder;
  const std::string path = folder.repository().string();
  {
    rowan::OpenOptions options;
    options.create = true;
    auto database = Database::open(path, options);
    REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.failure().message));
    stress(**database);
  }
  auto again = Database::open(path);
  REQUIRE(again.ok());
  check_sound(**again);
}
