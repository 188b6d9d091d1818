// Ten sessions on ten branches under load, with merges among them: every branch holds, of every
// session's rows, the first so many without a gap, whatever is merged, reset, squashed, rebased and
// tagged beside it; nothing is lost on the way to main, and the repository stays sound.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::Session;
using rowan::TempFolder;

constexpr int kSessions = 10;
constexpr auto kDuration = std::chrono::seconds(3);

// What the threads say; doctest's assertions are left to the main thread.
struct Report {
  std::mutex mutex;
  std::vector<std::string> problems;
  std::atomic<int> merges = 0;
  std::atomic<int> rewrites = 0;
  std::atomic<long> rows[kSessions] = {};

  void say(std::string problem) {
    const std::lock_guard lock(mutex);
    if (problems.size() < 10) problems.push_back(std::move(problem));
  }
};

class Worker {
 public:
  Worker(Database& database, int number, Report& report)
      : database_(database),
        number_(number),
        name_("b" + std::to_string(number)),
        report_(report),
        random_(static_cast<uint32_t>(number) * 7 + 1) {}

  void run(std::chrono::steady_clock::time_point until) {
    auto connected = database_.connect(name_);
    if (!connected) return report_.say("connect: " + connected.failure().message);
    session_ = std::move(*connected);
    while (good_ && std::chrono::steady_clock::now() < until) {
      switch (random_() % 16) {
        case 0:
        case 1:
        case 2:
          merge();
          break;
        case 3:
          rewrite();
          break;
        case 4:
          tag();
          break;
        case 5:
          check();
          break;
        case 6:
          good_ = good_ && database_.checkpoint().ok();
          break;
        default:
          insert();
      }
    }
    check();
    report_.rows[number_] = next_;
  }

 private:
  // False: it failed. What may be tried again is no problem.
  bool execute(const std::string& sql) {
    auto rows = session_->run(sql);
    while (rows) {
      auto more = (*rows)->next();
      if (more && *more) continue;
      if (more) return true;
      rows = more.failure();
    }
    if (!rows.failure().retryable) {
      report_.say(name_ + ": " + sql + ": " + rows.failure().sqlstate + " " +
                  rows.failure().message + " " + rows.failure().detail);
      good_ = false;
    }
    return false;
  }

  void insert() {
    if (execute("INSERT INTO item VALUES (" + std::to_string(number_) + ", " +
                std::to_string(next_) + ", 'row')"))
      ++next_;
  }

  void merge() {
    const int other = static_cast<int>(random_() % kSessions);
    if (other != number_ && execute("MERGE b" + std::to_string(other))) ++report_.merges;
  }

  // On a branch of its own, which goes again.
  void rewrite() {
    const std::string scratch = "scratch/" + name_;
    if (next_ < 2 || !execute("CHECKOUT NEW '" + scratch + "'")) return;
    const std::string own = std::to_string(number_ + 100);
    execute("INSERT INTO item VALUES (" + own + ", 0, 'scratch')");
    execute("INSERT INTO item VALUES (" + own + ", 1, 'scratch')");
    execute("SQUASH SINCE 'HEAD~2'");
    execute("REBASE ONTO 'b" + std::to_string(random_() % kSessions) + "'");
    execute("REVERT HEAD");
    execute("RESET TO '" + name_ + "'");
    execute("RESTORE TABLE item TO HEAD");
    execute("CHECKOUT " + name_);
    if (execute("DROP BRANCH '" + scratch + "' FORCE")) ++report_.rewrites;
  }

  void tag() {
    const std::string name = "t" + std::to_string(number_);
    if (execute("CREATE TAG " + name + " MESSAGE 'a moment'")) execute("DROP TAG " + name);
  }

  void check() {
    auto rows = session_->run("SELECT source, count(*), max(n) FROM item GROUP BY source");
    while (rows) {
      auto more = (*rows)->next();
      if (!more) return report_.say(more.failure().message);
      if (!*more) return;
      const int64_t source = (*rows)->get_int(0);
      const bool own = source == number_ && (*rows)->get_int(1) != next_;
      if (source >= 100 || own || (*rows)->get_int(1) != (*rows)->get_int(2) + 1) {
        report_.say(name_ + " holds " + (*rows)->get_text(1) + " rows of " + (*rows)->get_text(0) +
                    " up to " + (*rows)->get_text(2));
        good_ = false;
      }
    }
    report_.say(rows.failure().message);
  }

  Database& database_;
  const int number_;
  const std::string name_;
  Report& report_;
  std::mt19937 random_;
  std::unique_ptr<Session> session_;
  long next_ = 0;
  bool good_ = true;
};

std::string ask(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  if (!rows) return rows.failure().sqlstate + " " + rows.failure().message;
  std::string text;
  for (;;) {
    auto more = (*rows)->next();
    if (!more) return more.failure().message;
    if (!*more) return text;
    for (size_t i = 0; i < (*rows)->columns().size(); ++i) text += (*rows)->get_text(i) + ' ';
  }
}

void check_sound(Database& database) {
  auto problems = database.check();
  REQUIRE_MESSAGE(problems.ok(), (problems.ok() ? "" : problems.failure().message));
  for (const std::string& problem : *problems) FAIL_CHECK(problem);
}

// Gives how many rows main has at the end.
long stress(Database& database) {
  auto session = std::move(*database.connect());
  REQUIRE(ask(*session,
              "CREATE TABLE item (source integer, n integer, text text, PRIMARY KEY (source, n))")
              .empty());
  for (int i = 0; i < kSessions; ++i)
    REQUIRE(ask(*session, "CREATE BRANCH b" + std::to_string(i)).empty());
  Report report;
  const auto until = std::chrono::steady_clock::now() + kDuration;
  std::vector<std::thread> threads;
  for (int i = 0; i < kSessions; ++i)
    threads.emplace_back([&, i] { Worker(database, i, report).run(until); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& problem : report.problems) FAIL_CHECK(problem);
  CHECK(report.merges > 0);
  CHECK(report.rewrites > 0);
  long all = 0;
  for (int i = 0; i < kSessions; ++i) {
    ask(*session, "MERGE b" + std::to_string(i));
    all += report.rows[i];
  }
  for (int i = 0; i < kSessions; ++i) {
    CHECK(ask(*session, "SELECT count(*) FROM item WHERE source = " + std::to_string(i)) ==
          std::to_string(report.rows[i]) + " ");
  }
  CHECK(ask(*session, "SELECT count(*) FROM item") == std::to_string(all) + " ");
  check_sound(database);
  return all;
}

}  // namespace

TEST_CASE("ten sessions on ten branches in memory") {
  auto database = Database::open(":memory:");
  REQUIRE(database.ok());
  stress(**database);
}

TEST_CASE(
    "ten sessions on ten branches on a Git store, and what it holds after it is opened again") {
  const TempFolder folder;
  const std::string path = folder.repository().string();
  long rows = 0;
  {
    rowan::OpenOptions options;
    options.create = true;
    auto database = Database::open(path, options);
    REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.failure().message));
    rows = stress(**database);
  }
  auto again = Database::open(path);
  REQUIRE(again.ok());
  auto session = std::move(*(*again)->connect());
  CHECK(ask(*session, "SELECT count(*) FROM item") == std::to_string(rows) + " ");
  check_sound(**again);
}
