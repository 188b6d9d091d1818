// What statements collect outside of sorts and hash tables counts as well: rows of system tables,
// locks, the values that UNIQUE and FOREIGN KEY look at, what merges find, what statements show of
// history and the texts of patches. Each grows here until
// rowan.memory_limit ends it in 53200; what was committed is as it was, and with more memory the
// same statement succeeds. Afterwards nothing is held.
#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::OpenOptions;
using rowan::Session;
using rowan::TempFolder;

constexpr size_t kLittle = 6u << 20;
constexpr size_t kEnough = 512u << 20;

class Opened {
 public:
  Opened(const TempFolder& folder, size_t memory_bytes) {
    OpenOptions options;
    options.create = true;
    options.memory_bytes = memory_bytes;
    options.user = "Ada";
    options.email = "ada@example.org";
    auto opened = Database::open((folder.path / "r.git").string(), options);
    REQUIRE(opened);
    database = std::move(*opened);
    auto connected = database->connect();
    REQUIRE(connected);
    session = std::move(*connected);
  }

  // The SQLSTATE of the first statement that fails, or "00000".
  std::string state_of(const std::string& sql) {
    const auto done = session->run_script(sql);
    return done ? "00000" : done.failure().sqlstate;
  }
  void must(const std::string& sql) {
    const auto done = session->run_script(sql);
    INFO(sql.substr(0, 200));
    INFO((done ? std::string() : done.failure().sqlstate + ": " + done.failure().message));
    REQUIRE(done);
  }
  std::string ask(const std::string& sql) {
    auto rows = session->run(sql);
    INFO((rows ? std::string() : rows.failure().message));
    REQUIRE(rows);
    std::string text;
    for (;;) {
      auto more = (*rows)->next();
      if (!more) return more.failure().sqlstate;
      if (!*more) return text;
      text += (*rows)->get_text(0) + ";";
    }
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
};

// `setup` with enough memory, `work` with little: 53200, `answer` still answers as before; then
// `work` with enough.
void check(const std::string& setup, const std::string& work, const std::string& answer) {
  const TempFolder folder;
  std::string before;
  {
    Opened with(folder, kEnough);
    with.must(setup);
    before = with.ask(answer);
  }
  {
    Opened with(folder, kLittle);
    CHECK(with.state_of(work) == "53200");
    with.state_of("ROLLBACK");
    CHECK(with.ask(answer) == before);
    // Given back: a statement of ordinary size runs.
    CHECK(with.state_of("SELECT id FROM small ORDER BY id DESC") == "00000");
    auto problems = with.database->check();
    REQUIRE(problems);
    for (const std::string& problem : *problems) FAIL_CHECK(problem);
  }
  Opened with(folder, kEnough);
  with.must(work);
}

constexpr const char* kSmall =
    "CREATE TABLE small (id integer PRIMARY KEY); INSERT INTO small SELECT g FROM generate_series(1, 1000) g;";

// One block of many statements, each of a few rows.
std::string block_of(int statements, const std::string& before_number, const std::string& behind) {
  std::string sql = "BEGIN;";
  for (int i = 0; i < statements; ++i)
    sql += before_number + std::to_string(i) + behind + ";";
  return sql + "COMMIT";
}

}  // namespace

TEST_CASE("rows of a system table") {
  std::string setup = kSmall;
  for (int i = 0; i < 12; ++i)
    setup += "SELECT rowan.write_file('F" + std::to_string(i) + "', repeat('x', 1000000));";
  check(setup, "SELECT path FROM rowan.files WHERE length(content) > 0", "SELECT count(*) FROM small");
}

TEST_CASE("locks of a long transaction") {
  check(std::string(kSmall) +
            "CREATE TABLE t (id integer PRIMARY KEY, v integer); "
            "INSERT INTO t SELECT g, 0 FROM generate_series(1, 60000) g;",
        block_of(60, "UPDATE t SET v = 1 WHERE id / 1000 = ", ""),
        "SELECT sum(v) FROM t");
}

TEST_CASE("values that UNIQUE keeps for a transaction") {
  check(std::string(kSmall) + "CREATE TABLE t (id integer PRIMARY KEY, v text UNIQUE);",
        block_of(60, "INSERT INTO t SELECT g, 'value ' || g FROM generate_series(1, 300000) g WHERE g / 1000 = ",
                 ""),
        "SELECT count(*) FROM t");
}

TEST_CASE("values that FOREIGN KEY looks for") {
  check(std::string(kSmall) +
            "CREATE TABLE parent (id integer PRIMARY KEY); "
            "INSERT INTO parent SELECT g FROM generate_series(1, 50000) g;"
            "CREATE TABLE child (id integer PRIMARY KEY, p integer REFERENCES parent);",
        "INSERT INTO child SELECT g, g FROM generate_series(1, 50000) g",
        "SELECT count(*) FROM child");
}

TEST_CASE("keys of a new UNIQUE constraint and of a new foreign key") {
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE parent (id integer PRIMARY KEY); "
      "INSERT INTO parent SELECT g FROM generate_series(1, 80000) g;"
      "CREATE TABLE t (id integer PRIMARY KEY, v integer);"
      "INSERT INTO t SELECT g, g FROM generate_series(1, 80000) g;";
  SUBCASE("unique") {
    check(setup, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (v)", "SELECT count(*) FROM t");
  }
  SUBCASE("foreign") {
    check(setup, "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (v) REFERENCES parent",
          "SELECT count(*) FROM t");
  }
}

TEST_CASE("what a merge changes, and its conflicts") {
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE t (id integer PRIMARY KEY, v text);"
      "INSERT INTO t SELECT g, 'as it was before ' || g FROM generate_series(1, 80000) g;"
      "CREATE BRANCH other; CHECKOUT other; UPDATE t SET v = 'theirs ' || id; CHECKOUT main;";
  SUBCASE("conflicts") {
    check(setup + "UPDATE t SET v = 'ours ' || id", "MERGE other WITH MANUAL RESOLUTION",
          "SELECT max(v) FROM t");
  }
  SUBCASE("changes") {
    check(setup + "UPDATE t SET v = 'ours' WHERE id = 80000", "MERGE other WITH OURS",
          "SELECT max(v) FROM t");
  }
}

TEST_CASE("what SHOW DIFF shows of a million rows; as a query it streams") {
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE t (id integer PRIMARY KEY);"
      "INSERT INTO t SELECT g FROM generate_series(1, 1000000) g;";
  check(setup, "SHOW DIFF FOR t", "SELECT count(*) FROM rowan.diff('t', 'HEAD~1', 'HEAD')");
}

TEST_CASE("what statements show of history") {
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE t (id integer PRIMARY KEY, v text);"
      "INSERT INTO t SELECT g, 'value ' || g FROM generate_series(1, 100000) g;";
  const std::string answer = "SELECT count(*) FROM t";
  SUBCASE("rows of all tables") { check(setup, "SHOW DIFF", answer); }
  SUBCASE("blame, whole") { check(setup, "BLAME t", answer); }
  SUBCASE("blame, as a query") { check(setup, "SELECT count(*) FROM rowan.blame('t')", answer); }
}

// Of a load: what is sorted at a time becomes less; what must be kept until the commit ends in 53200.
TEST_CASE("the rows of a COPY") {
  const TempFolder folder;
  const std::string file = (folder.path / "rows.csv").string();
  {
    std::ofstream out(file);
    for (int i = 0; i < 400'000; ++i) out << i << ",name number " << i << " of many words\n";
  }
  const std::string copy = "COPY t FROM '" + file + "' (FORMAT csv)";
  Opened little(folder, 24u << 20);
  SUBCASE("with a key") {
    little.must("CREATE TABLE t (id integer PRIMARY KEY, v text);" + copy);
    CHECK(little.ask("SELECT count(*) FROM t") == "400000;");
  }
  SUBCASE("without a key") {
    little.must("CREATE TABLE t (id integer, v text);" + copy);
    CHECK(little.ask("SELECT count(*) FROM t") == "400000;");
  }
  SUBCASE("with a unique constraint") {
    little.must("CREATE TABLE t (id integer PRIMARY KEY, v text UNIQUE)");
    CHECK(little.state_of(copy) == "53200");
    CHECK(little.ask("SELECT count(*) FROM t") == "0;");
    little.must("INSERT INTO t SELECT -g, 'v' || g FROM generate_series(1, 1000) g");
    // All of it was given back, so the load ends where it ended.
    CHECK(little.state_of(copy) == "53200");
    little.must("CREATE TABLE plain (id integer PRIMARY KEY, v text);"
                "COPY plain FROM '" + file + "' (FORMAT csv)");
    CHECK(little.ask("SELECT count(*) FROM plain") == "400000;");
  }
}

TEST_CASE("the text of a patch") {
  const std::string patch =
      "SELECT count(*) FROM rowan.patch('HEAD~1', 'HEAD') WHERE statement = ''";
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE t (id integer PRIMARY KEY, v text); CREATE TABLE many (v text);"
      "INSERT INTO t SELECT g, 'value ' || g FROM generate_series(1, 100000) g;"
      "INSERT INTO many SELECT 'value ' || g FROM generate_series(1, 100000) g;";
  const std::string answer = "SELECT count(*) FROM t";
  SUBCASE("rows that come") {
    check(setup + "INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(200001, 300000) g;",
          patch, answer);
  }
  SUBCASE("rows that change") { check(setup + "UPDATE t SET v = v || '.';", patch, answer); }
  SUBCASE("rows that go") { check(setup + "DELETE FROM t WHERE id > 10;", patch, answer); }
  SUBCASE("rows without a key that go") { check(setup + "DELETE FROM many;", patch, answer); }
}

TEST_CASE("rows without a key that are set off against each other") {
  const std::string setup = std::string(kSmall) +
      "CREATE TABLE many (v text, w integer DEFAULT 1);"
      "INSERT INTO many SELECT 'value ' || g FROM generate_series(1, 100000) g;"
      "ALTER TABLE many DROP COLUMN w; UPDATE many SET v = v || '.';";
  check(setup, "SELECT count(*) FROM rowan.diff_stat('HEAD~1', 'HEAD')", "SELECT count(*) FROM many");
}
