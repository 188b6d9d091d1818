// To be visible is not to be durable: what one session was told is made, any other sees from then
// on, at every isolation level and however much of it is on disk (X5).
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::OpenOptions;
using rowan::Session;
using rowan::TempFolder;

constexpr int kThreads = 6;
constexpr int kRounds = 40;

// doctest's assertions are left to the main thread.
class Faults {
 public:
  void add(std::string fault) {
    const std::lock_guard lock(mutex_);
    if (faults_.size() < 5) faults_.push_back(std::move(fault));
  }
  const std::vector<std::string>& all() const { return faults_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> faults_;
};

// The first value of the query, or its SQLSTATE.
std::string value_of(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  if (!rows.ok()) return rows.failure().sqlstate;
  auto more = (*rows)->next();
  if (!more.ok()) return more.failure().sqlstate;
  return *more && !(*rows)->columns().empty() ? (*rows)->get_text(0) : "";
}

struct Levels {
  const char* writer_sync;
  const char* reader_sync;
  const char* isolation;
};

// One thread's rounds: it commits in one session, and looks from another at once.
void work(Database& database, int number, const Levels& levels, Faults& faults) {
  auto writer = database.connect(), reader = database.connect();
  const std::string mine = std::to_string(number);
  value_of(**writer, "SET synchronous_commit = " + std::string(levels.writer_sync));
  value_of(**reader, "SET synchronous_commit = " + std::string(levels.reader_sync));
  const auto expect = [&](const std::string& sql, const std::string& wanted) {
    const std::string begin = "BEGIN ISOLATION LEVEL " + std::string(levels.isolation);
    for (const std::string& start : {std::string(), begin, begin + " READ ONLY"}) {
      if (!start.empty()) value_of(**reader, start);
      const std::string got = value_of(**reader, sql);
      if (!start.empty()) value_of(**reader, "COMMIT");
      if (got != wanted)
        faults.add(std::string(levels.writer_sync) + " " + levels.isolation + " " + start + ": " +
                   sql + " gave " + got + " and not " + wanted);
    }
  };
  for (int round = 0; round < kRounds; ++round) {
    const std::string n = std::to_string(round);
    const std::string table = "t" + mine + "_" + n;
    value_of(**writer, "UPDATE counter SET n = " + n + " WHERE id = " + mine);
    expect("SELECT n FROM counter WHERE id = " + mine, n);
    expect("SELECT n FROM counter WHERE id + 0 = " + mine, n);
    if (round % 8 != 0) continue;
    value_of(**writer, "CREATE TABLE " + table + " (a integer)");
    expect("SELECT count(*) FROM " + table, "0");
    value_of(**writer, "CREATE BRANCH b" + table);
    expect("SELECT count(*) FROM rowan.branches WHERE branch = 'b" + table + "'", "1");
    expect("SELECT count(*) FROM " + table + " AS OF 'b" + table + "'", "0");
    const std::string drawn = value_of(**writer, "SELECT nextval('numbers" + mine + "')");
    if (value_of(**reader, "SELECT nextval('numbers" + mine + "') > " + drawn) != "t")
      faults.add("a sequence went back behind " + drawn);
  }
}

void try_levels(Database& database, const Levels& levels, Faults& faults) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] { work(database, i, levels, faults); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("what was acknowledged is in every snapshot taken later") {
  for (const char* opened : {"on", "normal", "off"}) {
    for (const char* sync : {"on", "normal", "off"}) {
      for (const char* isolation : {"READ COMMITTED", "REPEATABLE READ"}) {
        const TempFolder folder;
        OpenOptions options;
        options.create = true;
        options.synchronous_commit = opened;
        auto database = Database::open(folder.repository().string(), options);
        REQUIRE(database.ok());
        auto session = (*database)->connect();
        std::string setup = "CREATE TABLE counter (id integer PRIMARY KEY, n integer);";
        for (int i = 0; i < kThreads; ++i) {
          setup += "INSERT INTO counter VALUES (" + std::to_string(i) + ", -1);";
          setup += "CREATE SEQUENCE numbers" + std::to_string(i) + ";";
        }
        auto made = (*session)->run_script(setup);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().message));
        Faults faults;
        try_levels(**database, {sync, "on", isolation}, faults);
        for (const std::string& fault : faults.all()) FAIL_CHECK((std::string(opened) + ": " + fault));
      }
    }
  }
}
