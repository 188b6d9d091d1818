// Memory that runs out. Wherever an allocation of a statement fails, once or from then on: it
// succeeds or ends in 53200, never in an abort; afterwards the repository is sound and holds what it
// held before the statement or what it holds after it. And what statements hold is bounded by
// bytes, however many rows they go through.
//
// Every call stack of the workload that allocates is one case. A sample runs by default;
// ROWAN_ALLOCATIONS=all runs them all, ROWAN_ALLOCATIONS=<n> about n of them.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"
#include "unit/engine/counted_new.h"
#include "unit/temp_folder.h"

namespace {

namespace fs = std::filesystem;
using counted_new::Fault;
using rowan::Database;
using rowan::OpenOptions;
using rowan::Rows;
using rowan::Session;
using rowan::TempFolder;

constexpr size_t kCasesByDefault = 160;

constexpr const char* kSetup = R"(
CREATE TABLE parent (id integer PRIMARY KEY, name text UNIQUE, note text);
CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent ON DELETE CASCADE,
                    price numeric(10,2) CHECK (price >= 0), made date DEFAULT '2020-01-01');
CREATE TABLE loose (a integer, b text);
CREATE INDEX child_parent ON child (parent_id);
CREATE SEQUENCE numbers;
CREATE VIEW cheap AS SELECT id, price FROM child WHERE price < 50;
CREATE MATERIALIZED VIEW totals AS SELECT parent_id, sum(price) AS total FROM child GROUP BY parent_id;
INSERT INTO parent SELECT g, 'name ' || g, repeat('x', g) FROM generate_series(1, 60) g;
INSERT INTO child (id, parent_id, price) SELECT g, g % 60 + 1, g FROM generate_series(1, 240) g;
INSERT INTO loose SELECT g % 7, 'text' FROM generate_series(1, 100) g;
CREATE BRANCH other;
CHECKOUT other;
UPDATE parent SET note = 'other' WHERE id < 5;
INSERT INTO parent VALUES (1000, 'of other', NULL);
CHECKOUT main;
UPDATE parent SET name = 'of main' WHERE id = 50;
CREATE TAG first;
)";

// Each stands alone on what kSetup leaves. FILE is a file's name.
constexpr const char* kWorkload[] = {
    "SELECT 1",
    "SELECT * FROM parent WHERE id = 7",
    "SELECT * FROM parent",
    "SELECT count(*), sum(price), avg(price), min(made), max(made) FROM child",
    "SELECT parent_id, string_agg(id::text, ',') FROM child GROUP BY parent_id",
    "SELECT p.name, c.price FROM parent p JOIN child c ON c.parent_id = p.id ORDER BY 2 DESC, 1",
    "SELECT p.name, c.id FROM parent p LEFT JOIN child c ON c.parent_id = p.id AND c.price > 200",
    "SELECT * FROM parent p, loose l WHERE p.id < 3 AND l.a > p.id",
    "SELECT DISTINCT b, a FROM loose ORDER BY a LIMIT 3",
    "SELECT id FROM parent UNION SELECT id FROM child EXCEPT SELECT a FROM loose",
    "SELECT id FROM parent INTERSECT ALL SELECT parent_id FROM child",
    "SELECT * FROM parent WHERE id IN (SELECT parent_id FROM child WHERE price > 100)",
    "SELECT id, (SELECT max(price) FROM child c WHERE c.parent_id = p.id) FROM parent p",
    "SELECT * FROM parent p WHERE EXISTS (SELECT FROM child c WHERE c.parent_id = p.id)",
    "WITH a AS (SELECT * FROM child), b AS (SELECT * FROM a) SELECT count(*) FROM a, b WHERE a.id = b.id",
    "SELECT * FROM cheap",
    "SELECT * FROM totals ORDER BY total",
    "SELECT upper(name), length(note), name LIKE '%1%', name || note, substring(name, 2, 3) FROM parent",
    "SELECT CASE WHEN id > 5 THEN 'a' ELSE note END, coalesce(note, name), nullif(id, 3) FROM parent",
    "SELECT '{\"a\": [1, 2]}'::jsonb -> 'a', '2020-02-03'::date + 4, now() IS NULL, 1.5::numeric * 3",
    "SELECT * FROM generate_series(1, 5000) g WHERE g % 9 = 0",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v (x, y)",
    "EXPLAIN SELECT * FROM parent p JOIN child c ON c.parent_id = p.id WHERE p.name = 'name 3'",
    "EXPLAIN ANALYZE SELECT count(*) FROM child",
    "SELECT * FROM parent AS OF 'first'",
    "SELECT * FROM rowan.log LIMIT 5",
    "SELECT * FROM rowan.diff_stat('main', 'other')",
    "SELECT * FROM rowan.blame('parent') LIMIT 3",
    "SELECT * FROM rowan.tables",
    "SHOW BRANCHES",
    "SHOW ALL",
    "SHOW TABLES",
    "SHOW LOG",
    "DESCRIBE parent",
    "SET work_mem = '1MB'",
    "SELECT nextval('numbers')",
    "SELECT setval('numbers', 100)",
    "INSERT INTO parent VALUES (2000, 'new', 'row')",
    "INSERT INTO parent VALUES (2000, 'new', 'row'), (2001, 'newer', NULL) RETURNING *",
    "INSERT INTO parent SELECT g, 'n' || g, repeat('long', 5000) FROM generate_series(3000, 3010) g",
    "INSERT INTO child (id, parent_id, price) VALUES (9000, 1, 2) RETURNING made, price * 2",
    "INSERT INTO loose SELECT a + 1, b FROM loose",
    "INSERT INTO parent VALUES (1, 'twice', NULL)",
    "INSERT INTO child VALUES (9001, 99999, 1)",
    "INSERT INTO child VALUES (9001, 1, -1)",
    "UPDATE parent SET note = 'changed' WHERE id = 3",
    "UPDATE parent SET note = name || note RETURNING id, note",
    "UPDATE parent SET id = id + 5000 WHERE id = 60",
    "UPDATE child SET price = price + 1 FROM parent p WHERE p.id = child.parent_id AND p.id < 9",
    "UPDATE loose SET a = a + 1 WHERE a > 3",
    "DELETE FROM parent WHERE id = 4",
    "DELETE FROM child WHERE price > 100 RETURNING *",
    "DELETE FROM loose",
    "TRUNCATE loose",
    "CREATE TABLE fresh (id serial PRIMARY KEY, a text DEFAULT 'x', UNIQUE (a))",
    "CREATE TABLE parent (id integer)",
    "CREATE SCHEMA more",
    "CREATE INDEX loose_a ON loose (a)",
    "CREATE UNIQUE INDEX parent_note ON parent (note, id)",
    "CREATE VIEW dear AS SELECT * FROM child WHERE price > 100",
    "CREATE MATERIALIZED VIEW counts AS SELECT a, count(*) FROM loose GROUP BY a",
    "REFRESH MATERIALIZED VIEW totals",
    "CREATE SEQUENCE others START 5",
    "ALTER SEQUENCE numbers RESTART WITH 9",
    "ALTER TABLE parent ADD COLUMN extra integer DEFAULT 3",
    "ALTER TABLE parent DROP COLUMN note",
    "ALTER TABLE child ALTER COLUMN price SET NOT NULL",
    "ALTER TABLE child RENAME COLUMN made TO day",
    "ALTER TABLE loose RENAME TO looser",
    "ALTER TABLE loose ADD CONSTRAINT small CHECK (a < 1000)",
    "DROP INDEX child_parent",
    "DROP VIEW cheap",
    "DROP TABLE child CASCADE",
    "DROP SEQUENCE numbers",
    "COPY parent FROM 'FILE' (FORMAT csv)",
    "COPY loose FROM 'FILE2' (FORMAT csv)",
    "COPY parent TO 'FILE3'",
    "CREATE BRANCH third",
    "RENAME BRANCH other TO another",
    "CHECKOUT other",
    "CREATE TAG second",
    "DROP TAG first",
    "MERGE other",
    "CHERRY-PICK other",
    "REVERT HEAD",
    "REBASE other",
    "RESTORE TABLE parent TO first",
    "RESET HARD TO first",
    "CHECKPOINT",
    "BEGIN; INSERT INTO loose VALUES (1, 'in'); UPDATE parent SET note = 'b' WHERE id = 9; COMMIT",
    "BEGIN; DELETE FROM loose; SAVEPOINT s; INSERT INTO loose VALUES (4, 'c'); ROLLBACK TO s; COMMIT",
    "BEGIN; CREATE TABLE inside (a integer); INSERT INTO inside VALUES (1); ROLLBACK",
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM parent; SELECT count(*) FROM child; COMMIT",
};

// The case that runs, for whoever looks at an abort.
char running[512];

[[noreturn]] void tell_and_abort() {
  counted_new::is_failing = false;
  counted_new::is_watched = false;
  std::fprintf(stderr, "aborted in: %s\n", running);
  void* frames[64];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, 64), 2);
  std::abort();
}

std::unique_ptr<Database> open(const fs::path& path) {
  auto opened = Database::open(path.string());
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.failure().message));
  return std::move(*opened);
}

std::unique_ptr<Session> connect(Database& database) {
  auto session = database.connect();
  REQUIRE(session.ok());
  return std::move(*session);
}

// What the repository holds, without times and ids of commits.
std::string content(Database& database) {
  std::string text;
  const auto session = connect(database);
  for (const char* query :
       {"SELECT branch FROM rowan.branches ORDER BY 1", "SELECT tag FROM rowan.tags ORDER BY 1",
        "SELECT schema, name, tree FROM rowan.tables ORDER BY 1, 2"}) {
    auto rows = session->run(query);
    REQUIRE_MESSAGE(rows.ok(), query);
    for (;;) {
      auto more = (*rows)->next();
      REQUIRE(more.ok());
      if (!*more) break;
      for (size_t i = 0; i < (*rows)->columns().size(); ++i) text += (*rows)->get_text(i) + "|";
      text += "\n";
    }
  }
  return text;
}

// Runs a script and reads all of its rows; the SQLSTATE, or nothing.
std::string run(Session& session, const std::string& sql) {
  auto done = session.run_script(sql);
  return done.ok() ? std::string() : done.failure().sqlstate;
}

class Workload {
 public:
  Workload() {
    std::ofstream(folder_.path / "rows") << "4000,d,e\n4001,f,g\n4002,\"h,h\",\n";
    std::ofstream loose(folder_.path / "many");
    for (int i = 0; i < 6000; ++i) loose << i << ",some text\n";
    OpenOptions options;
    options.create = true;
    auto made = Database::open(base().string(), options);
    REQUIRE(made.ok());
    const auto session = connect(**made);
    auto done = session->run_script(kSetup);
    REQUIRE_MESSAGE(done.ok(), (done.ok() ? "" : done.failure().message));
  }

  std::string text(size_t index) const {
    std::string sql = kWorkload[index];
    for (const auto& [mark, name] : {std::pair("FILE3", "out"), {"FILE2", "many"}, {"FILE", "rows"}}) {
      if (const size_t at = sql.find(mark); at != std::string::npos)
        sql.replace(at, std::strlen(mark), (folder_.path / name).string());
    }
    return sql;
  }

  // A copy of what kSetup made.
  fs::path fresh() {
    fs::remove_all(folder_.path / "work.git");
    fs::copy(base(), folder_.path / "work.git", fs::copy_options::recursive);
    return folder_.path / "work.git";
  }

 private:
  fs::path base() const { return folder_.path / "base.git"; }
  TempFolder folder_;
};

struct Case {
  size_t statement;
  uint64_t allocation;
};

struct Recorded {
  std::string state;  // SQLSTATE without a fault.
  std::string before, after;
};

void check_sound(Database& database, const char* where) {
  auto problems = database.check();
  REQUIRE_MESSAGE(problems.ok(), where);
  for (const std::string& problem : *problems) FAIL_CHECK(where << ": " << problem);
}

// Runs each statement once, and notes every call stack that allocates the first time it is met.
std::vector<Case> record(Workload& workload, std::vector<Recorded>& recorded) {
  std::vector<Case> cases;
  std::unordered_map<uint64_t, uint64_t> seen;
  void* warm[4];
  ::backtrace(warm, 4);
  for (size_t i = 0; i < std::size(kWorkload); ++i) {
    const auto database = open(workload.fresh());
    Recorded one;
    one.before = content(*database);
    const std::string sql = workload.text(i);
    {
      const auto session = connect(*database);
      std::unordered_map<uint64_t, uint64_t> stacks;
      counted_new::count = 0;
      counted_new::stacks = &stacks;
      counted_new::is_watched = true;
      one.state = run(*session, sql);
      counted_new::is_watched = false;
      counted_new::stacks = nullptr;
      for (const auto& [stack, number] : stacks) {
        if (seen.emplace(stack, number).second) cases.push_back({i, number});
      }
    }
    one.after = content(*database);
    recorded.push_back(std::move(one));
  }
  std::sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) {
    return std::pair(a.statement, a.allocation) < std::pair(b.statement, b.allocation);
  });
  return cases;
}

void run_case(Workload& workload, const Case& one, const Recorded& recorded, Fault fault) {
  const fs::path path = workload.fresh();
  const std::string sql = workload.text(one.statement);
  const std::string where = sql + " (allocation " + std::to_string(one.allocation) +
                            (fault == Fault::kOnce ? ", once)" : ", from then on)");
  CAPTURE(where);
  std::snprintf(running, sizeof running, "%s", where.c_str());
  std::string state;
  {
    const auto database = open(path);
    {
      auto session = connect(*database);
      counted_new::count = 0;
      counted_new::fail_at = one.allocation;
      counted_new::fault = fault;
      counted_new::is_watched = true;
      auto done = session->run_script(sql);
      counted_new::is_watched = false;
      counted_new::fault = Fault::kNone;
      counted_new::is_failing = false;
      if (!done.ok()) state = done.failure().sqlstate;
    }
  }
  CHECK_MESSAGE((state == "53200" || state == recorded.state), where << ": " << state);
  const auto again = open(path);
  const std::string now = content(*again);
  CHECK_MESSAGE((now == recorded.before || now == recorded.after), where << "\n" << now);
  check_sound(*again, where.c_str());
}

}  // namespace

TEST_CASE("wherever memory runs out, a statement fails or succeeds, and nothing is lost") {
  std::set_terminate(tell_and_abort);
  Workload workload;
  std::vector<Recorded> recorded;
  const std::vector<Case> cases = record(workload, recorded);
  for (size_t i = 0; i < recorded.size(); ++i) {
    const bool is_meant = recorded[i].state.empty() || recorded[i].state.starts_with("23") ||
                          recorded[i].state == "42P07";
    CHECK_MESSAGE(is_meant, std::string(kWorkload[i]) << ": " << recorded[i].state);
  }
  const char* wanted = std::getenv("ROWAN_ALLOCATIONS");
  const size_t most = wanted == nullptr                    ? kCasesByDefault
                      : std::string_view(wanted) == "all" ? cases.size()
                                                           : std::strtoul(wanted, nullptr, 10);
  const size_t step = std::max<size_t>(1, cases.size() / std::max<size_t>(1, most));
  MESSAGE(cases.size() << " call stacks, every " << step << "th");
  for (size_t i = 0; i < cases.size(); i += step) {
    const Case& one = cases[i];
    run_case(workload, one, recorded[one.statement],
             (i / step) % 2 == 0 ? Fault::kOnce : Fault::kSticky);
    if (step > 1) continue;
    run_case(workload, one, recorded[one.statement], Fault::kSticky);
  }
}

namespace {

constexpr int64_t kMegabyte = 1 << 20;

// The most that is live at a time while the query's rows are read, above what was live before.
int64_t peak_of(Session& session, const std::string& sql, uint64_t& rows_read) {
  const int64_t before = counted_new::live_bytes;
  counted_new::peak_bytes = before;
  auto rows = session.run(sql);
  REQUIRE_MESSAGE(rows.ok(), sql << ": " << (rows.ok() ? "" : rows.failure().message));
  for (rows_read = 0;; ++rows_read) {
    auto more = (*rows)->next();
    REQUIRE_MESSAGE(more.ok(), sql << ": " << (more.ok() ? "" : more.failure().message));
    if (!*more) break;
  }
  return counted_new::peak_bytes - before;
}

}  // namespace

// The helpers of a scan read ahead in threads of their own, where nobody else catches.
TEST_CASE("memory that runs out while other threads read ahead") {
  constexpr uint64_t kPoints = 40;
  std::set_terminate(tell_and_abort);
  const TempFolder folder;
  {
    OpenOptions options;
    options.create = true;
    auto made = Database::open(folder.repository().string(), options);
    REQUIRE(made.ok());
    const auto session = connect(**made);
    REQUIRE(run(*session, "CREATE TABLE t (id integer PRIMARY KEY, v text);"
                          "INSERT INTO t SELECT g, 'some text, and ' || g FROM generate_series(1, 60000) g").empty());
  }
  const std::string sql = "SELECT v FROM t WHERE v LIKE '%77%'";
  uint64_t allocations = 0, failed = 0;
  for (uint64_t point = 0; point <= kPoints; ++point) {  // The first time only to count.
    const auto database = open(folder.repository());
    const auto session = connect(*database);
    std::snprintf(running, sizeof running, "%s (point %d)", sql.c_str(), static_cast<int>(point));
    counted_new::count = 0;
    counted_new::fail_at = point == 0 ? UINT64_MAX : allocations * point / (kPoints + 1) + 1;
    counted_new::fault = Fault::kSticky;
    counted_new::is_watched = true;
    const std::string state = run(*session, sql);
    counted_new::is_watched = false;
    counted_new::fault = Fault::kNone;
    counted_new::is_failing = false;
    if (point == 0) allocations = counted_new::count;
    CHECK((state.empty() || (state == "53200" && point > 0)));
    failed += state.empty() ? 0 : 1;
    CHECK(run(*session, sql).empty());
  }
  CHECK(failed > kPoints / 2);
}

TEST_CASE("rows that stream are bounded by bytes, not by number") {
  const TempFolder folder;
  OpenOptions options;
  options.create = true;
  auto database = Database::open(folder.repository().string(), options);
  REQUIRE(database.ok());
  const auto session = connect(**database);
  REQUIRE(run(*session, "CREATE TABLE t (id integer PRIMARY KEY, big text);"
                        "INSERT INTO t SELECT g, repeat(chr(65 + g % 26), 200000) "
                        "FROM generate_series(1, 1000) g; CHECKPOINT;"
                        "SET work_mem = '32MB'").empty());
  uint64_t rows = 0;
  const auto small = [&](const std::string& sql, uint64_t expected) {
    const int64_t peak = peak_of(*session, sql, rows);
    CHECK_MESSAGE(peak < 100 * kMegabyte, sql << ": " << peak / kMegabyte << " MB");
    CHECK_MESSAGE(rows == expected, sql);
  };
  small("SELECT * FROM t", 1000);                      // 200 MB.
  small("SELECT * FROM t ORDER BY id DESC", 1000);     // Backward.
  small("SELECT big FROM t WHERE id >= 3", 998);       // A range.
  small("SELECT repeat('a', 1000000) || id FROM t", 1000);
  small("SELECT id FROM t WHERE repeat('a', 1000000) || id LIKE 'a%'", 1000);
  small("SELECT sum(length(repeat('a', 1000000) || id)) FROM t", 1);
  small("SELECT length(a.big || b.big) FROM t a JOIN t b ON a.id = b.id AND b.id < 50", 49);
  small("SELECT (SELECT max(big) FROM t b WHERE b.id = a.id) FROM t a", 1000);
  small("SELECT count(*) FROM generate_series(1, 3000000) a", 1);
  small("SELECT * FROM generate_series(1, 1000000000000) LIMIT 3", 3);
  small("SELECT 1 FROM generate_series(1, 2000) a, generate_series(1, 2000) b LIMIT 3000000", 3000000);
  small("SELECT 1 FROM (SELECT 1 AS x FROM generate_series(1, 2000)) a "
        "JOIN (SELECT 1 AS x FROM generate_series(1, 2000)) b ON a.x = b.x LIMIT 3000000", 3000000);
}
