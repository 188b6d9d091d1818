// Nothing is stored that no commit leads to: whatever transactions make on their way and give up,
// stock git finds no dangling and no unreachable object once the repository is closed.
#include <map>
#include <random>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// Packs that are kept because they are not published.
size_t marks_of(const fs::path& repository) {
  size_t marks = 0;
  for (const auto& entry : fs::directory_iterator(repository / "objects/pack"))
    marks += entry.path().extension() == ".keep";
  return marks;
}

void check_no_garbage(const fs::path& repository) {
  CHECK(git(repository, "fsck --full --strict --dangling --no-progress") == "");
  CHECK(git(repository, "fsck --full --unreachable --no-progress") == "");
  // But what says which commit of a branch is good, which goes with the branch.
  CHECK(run("git -C '" + repository.string() +
            "' for-each-ref refs/rowan | grep -v 'refs/rowan/good/'")
            .output.empty());
  CHECK(marks_of(repository) == 0);
  check_clean(repository);
}

void write_csv(const fs::path& file, int from, int rows, const std::string& text) {
  std::string csv;
  for (int i = 0; i < rows; ++i)
    csv += std::to_string(from + i) + "," + text + std::to_string(i % 97) + "\n";
  write_file(file, csv);
}

// Runs one that must fail with `sqlstate`.
void refuse(Opened& opened, const std::string& sql, const std::string& sqlstate) {
  const std::string answer = opened.ask(sql);
  INFO(answer);
  CHECK(answer.starts_with(sqlstate));
}

}  // namespace

TEST_CASE("statements of every kind, at random") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  const auto number = [&](int below) { return std::to_string(pick(below)); };
  const Scratch scratch;
  const fs::path db = scratch / "db";
  for (int session = 0; session < 2; ++session) {
    Opened opened(db);
    if (session == 0) opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text NOT NULL)");
    if (session == 0) opened.execute("CREATE TABLE bag (v text)");
    const auto change = [&] {
      const std::string from = number(20'000);
      switch (pick(9)) {
        case 0:
        case 1: {
          const std::string text =
              pick(4) == 0 ? "repeat('large', " + number(9000) + ")" : "'v' || n";
          opened.execute("INSERT INTO t SELECT n, " + text + " FROM generate_series(" + from +
                         ", " + from + " + " + (text[0] == 'r' ? "3" : number(1500)) +
                         ") AS g(n) WHERE n NOT IN (SELECT id FROM t)");
          break;
        }
        case 2:
          opened.execute("UPDATE t SET v = v || 'x' WHERE id BETWEEN " + from + " AND " + from +
                         " + 300");
          break;
        case 3:
          opened.execute("DELETE FROM t WHERE id > " + from);
          break;
        case 4:
          opened.execute("INSERT INTO bag SELECT 'w' || (n % 50) FROM generate_series(1, " +
                         number(300) + ") AS g(n)");
          break;
        case 5:
          opened.execute("DELETE FROM bag WHERE v = 'w" + number(50) + "'");
          break;
        case 6:
          opened.execute(pick(3) == 0 ? "TRUNCATE t" : "TRUNCATE bag");
          break;
        case 7:
          opened.execute("CREATE TABLE made (id integer PRIMARY KEY, v text)");
          opened.execute(
              "INSERT INTO made SELECT n, repeat('y', 9000) FROM generate_series(1, 4) AS g(n)");
          opened.execute("DROP TABLE made");
          break;
        default:
          opened.execute("INSERT INTO t VALUES (1000000, 'one')");
          opened.execute("DELETE FROM t WHERE id = 1000000");
      }
    };
    for (int i = 0; i < 60; ++i) {
      const int kind = pick(5);
      if (kind == 0) {
        change();
        continue;
      }
      opened.execute("BEGIN");
      change();
      opened.execute("SAVEPOINT s");
      change();
      if (kind == 1) opened.execute("ROLLBACK TO s");
      if (kind == 2) {
        refuse(opened,
               "INSERT INTO t SELECT n, CASE WHEN n = 39 THEN NULL ELSE repeat('z', 9000) END FROM "
               "generate_series(30, 40) AS g(n) "
               "WHERE n NOT IN (SELECT id FROM t) OR n = 39",
               "23");
        opened.execute("ROLLBACK TO s");
      }
      change();
      opened.execute(kind == 3 ? "ROLLBACK" : "COMMIT");
    }
  }
  check_no_garbage(db);
}

TEST_CASE("spilled workspaces") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v integer)");
    const std::string series = " FROM generate_series(1, 150000) AS g(n)";
    opened.execute("INSERT INTO t SELECT n, n" + series);
    opened.execute("UPDATE t SET v = v + 1");
    opened.execute("BEGIN");
    opened.execute("UPDATE t SET v = v + 1");
    opened.execute("ROLLBACK");
    opened.execute("BEGIN");
    opened.execute("SAVEPOINT s");
    opened.execute("UPDATE t SET v = v + 1 WHERE id > 50000");
    opened.execute("ROLLBACK TO s");
    opened.execute("DELETE FROM t WHERE id > 70000");
    opened.execute("INSERT INTO t SELECT n + 1000000, n" + series);
    opened.execute("COMMIT");
    // The tip moves while a workspace is spilled over it.
    opened.execute("BEGIN");
    opened.execute("UPDATE t SET v = v + 1 WHERE id > 10");
    const auto other = opened.connect();
    Opened::execute(*other, "INSERT INTO t VALUES (-1, 0)");
    opened.execute("COMMIT");
    CHECK(opened.ask("SELECT count(*) FROM t") == "220001;");
  }
  check_no_garbage(db);
}

TEST_CASE("bulk loads") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  write_csv(scratch / "a.csv", 0, 20'000, "a");
  write_csv(scratch / "b.csv", 5, 20'000, "b");
  write_csv(scratch / "c.csv", 100'000, 20'000, "c");
  const auto copy = [&](const std::string& table, const std::string& file) {
    return "COPY " + table + " FROM '" + (scratch / file).string() + "' (FORMAT csv)";
  };
  {
    Opened opened(db);
    for (const char* table : {"t", "u"})
      opened.execute(std::string("CREATE TABLE ") + table + " (id integer PRIMARY KEY, v text)");
    opened.execute(copy("t", "a.csv"));
    refuse(opened, copy("t", "b.csv"), "23505");
    opened.execute("BEGIN");
    opened.execute(copy("t", "c.csv"));
    opened.execute("ROLLBACK");
    opened.checkpoint();
    CHECK(marks_of(db) == 0);  // Not only at close.
    // The same content again: a load that is rolled back must not take away the one that was
    // committed, nor the other way round.
    opened.execute("BEGIN");
    opened.execute(copy("u", "a.csv"));
    opened.execute("ROLLBACK");
    opened.execute("BEGIN");
    opened.execute(copy("u", "c.csv"));
    const auto other = opened.connect();
    Opened::execute(*other, copy("t", "c.csv"));
    opened.execute("ROLLBACK");
    opened.execute(copy("u", "c.csv"));
    opened.checkpoint();
    // Loaded and changed at once, and loaded while the tip moves.
    opened.execute("BEGIN");
    opened.execute("TRUNCATE u");
    opened.execute(copy("u", "a.csv"));
    opened.execute("UPDATE u SET v = 'changed' WHERE id % 1000 = 0");
    opened.execute("COMMIT");
    opened.execute("BEGIN");
    opened.execute(copy("u", "c.csv"));
    Opened::execute(*other, "INSERT INTO u VALUES (-5, 'meanwhile')");
    opened.execute("COMMIT");
    opened.execute("BEGIN");
    opened.execute("CREATE TABLE gone (id integer PRIMARY KEY, v text)");
    opened.execute(copy("gone", "a.csv"));
    opened.execute("DROP TABLE gone");
    opened.execute("COMMIT");
    CHECK(opened.ask("SELECT count(*), min(id) FROM u") == "40001|-5;");
    CHECK(opened.ask("SELECT count(*) FROM t") == "40000;");
  }
  check_no_garbage(db);
}

TEST_CASE("a process that dies in the middle of a load leaves nothing behind") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  write_csv(scratch / "a.csv", 0, 20'000, "a");
  write_csv(scratch / "c.csv", 100'000, 20'000, "c");
  Opened(db).execute("CREATE TABLE t (id integer PRIMARY KEY, v text)");
  const auto copy = [&](const std::string& file) {
    return "COPY t FROM '" + (scratch / file).string() + "' (FORMAT csv); ";
  };
  // One load is committed and one is not when the process is killed.
  write_file(scratch / "script.sql",
             copy("a.csv") + "BEGIN; " + copy("c.csv") +
                 "SELECT 'load' || 'ed'; SELECT count(*) FROM generate_series(1, 20000000000);");
  const std::string output = "'" + (scratch / "output").string() + "'";
  must(std::string(::getenv("ROWAN")) + " sql '" + db.string() + "' -f '" +
       (scratch / "script.sql").string() + "' > " + output +
       " 2>&1 & pid=$!; "
       "for i in $(seq 1000); do grep -q loaded " +
       output +
       " && break; sleep 0.02; done; "
       "cat '" +
       db.string() + "'/objects/pack/*.keep; kill -9 $pid; wait $pid; grep -q loaded " + output);
  {
    Opened opened(db);
    CHECK(opened.ask("SELECT count(*), max(v) FROM t").starts_with("20000|a"));
  }
  check_no_garbage(db);
}

}  // namespace rowan::git_testing
