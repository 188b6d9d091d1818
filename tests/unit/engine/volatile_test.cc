// A table without a key stores equal rows as one line with their number; an expression is evaluated once
// for each of them all the same. Every kind of statement that evaluates an expression, over rows that
// are committed, the transaction's own, and both, with the optimizer on and off: the sequence has moved
// as far as PostgreSQL 15 moves it over the same rows.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "rowan/rowan.h"

namespace {

using rowan::Database;
using rowan::Session;

struct Case {
  int draws;  // By PostgreSQL 15, over six rows: 1 three times, 2 twice, 3 once.
  std::string_view statement;
};

constexpr Case kCases[] = {
    {6, "SELECT nextval('q') FROM u"},
    {3, "SELECT a, nextval('q') FROM u WHERE a = 1"},
    {6, "SELECT a FROM u WHERE nextval('q') > 0"},
    {2, "SELECT a FROM u WHERE a = 2 AND nextval('q') > 0"},
    {6, "SELECT a FROM u ORDER BY nextval('q')"},
    {6, "SELECT nextval('q') FROM u ORDER BY a DESC"},
    {2, "SELECT nextval('q') FROM u LIMIT 2"},
    {5, "SELECT nextval('q') FROM u LIMIT 2 OFFSET 3"},
    {2, "SELECT nextval('q') FROM u ORDER BY a LIMIT 2"},
    {6, "SELECT nextval('q') FROM u OFFSET 4"},
    {6, "SELECT sum(nextval('q')) FROM u"},
    {6, "SELECT a, sum(nextval('q')) FROM u GROUP BY a"},
    {3, "SELECT a, nextval('q') FROM u GROUP BY a"},
    {6, "SELECT count(*) FROM u GROUP BY nextval('q')"},
    {3, "SELECT a FROM u GROUP BY a HAVING nextval('q') > 0"},
    {6, "SELECT count(*) FILTER (WHERE nextval('q') > 0) FROM u"},
    {6, "SELECT DISTINCT nextval('q') FROM u"},
    {6, "SELECT DISTINCT ON (a) a, nextval('q') FROM u"},
    {6, "SELECT count(*) FROM (SELECT nextval('q') FROM u) x"},
    {6, "SELECT a FROM (SELECT a, nextval('q') AS n FROM u) x"},
    {6, "SELECT n, n FROM (SELECT nextval('q') AS n FROM u) x"},
    {6, "SELECT n FROM (SELECT nextval('q') AS n FROM u) x WHERE n > 0 AND n < 1000"},
    {6, "SELECT 1 FROM (SELECT max(nextval('q')) FROM u) x"},
    {6, "WITH x AS (SELECT nextval('q') AS n FROM u) SELECT n FROM x"},
    {6, "WITH x AS (SELECT nextval('q') AS n FROM u) SELECT count(*) FROM x AS a JOIN x AS b ON a.n = b.n"},
    {0, "WITH x AS (SELECT nextval('q') AS n FROM u) SELECT 1"},
    {6, "WITH x AS (SELECT a FROM u WHERE nextval('q') > 0) SELECT count(*) FROM x"},
    {14, "SELECT nextval('q') FROM u AS x JOIN u AS y ON x.a = y.a"},
    {14, "SELECT count(*) FROM u AS x LEFT JOIN u AS y ON x.a = y.a AND nextval('q') > 0"},
    {6, "SELECT count(*) FROM u AS x JOIN (SELECT a, nextval('q') AS n FROM u) y ON x.a = y.a"},
    {36, "SELECT nextval('q') FROM u AS x CROSS JOIN u AS y"},
    {12, "SELECT nextval('q') FROM u UNION ALL SELECT nextval('q') FROM u"},
    {6, "SELECT nextval('q') FROM u UNION SELECT 0"},
    {6, "SELECT a FROM u WHERE a IN (SELECT nextval('q') FROM u)"},
    {1, "SELECT (SELECT nextval('q')) FROM u"},
    {6, "SELECT (SELECT nextval('q') WHERE u.a > 0) FROM u"},
    {6, "SELECT a FROM u WHERE EXISTS (SELECT 1 WHERE nextval('q') > u.a)"},
    {14, "SELECT (SELECT max(nextval('q')) FROM u AS y WHERE y.a = u.a) FROM u"},
    {3, "SELECT CASE WHEN a = 1 THEN nextval('q') END FROM u"},
    {3, "SELECT coalesce(nullif(a, 1), nextval('q')) FROM u"},
    {6, "SELECT coalesce(nextval('q'), a) FROM u"},
    {6, "SELECT CASE WHEN nextval('q') > 0 THEN 1 ELSE 2 END FROM u"},
    {12, "SELECT nextval('q') + nextval('q') FROM u"},
    {12, "SELECT nextval('q') BETWEEN 1 AND 1000 FROM u"},
    {6, "SELECT nextval('q') IN (1, 2, 3) FROM u"},
    {6, "SELECT nextval('q')::text || 'x' FROM u"},
    {6, "SELECT n FROM v"},
    {6, "SELECT count(*) FROM v"},
    {6, "INSERT INTO t SELECT nextval('q') FROM u"},
    {6, "INSERT INTO t (b) SELECT a FROM u"},
    {2, "INSERT INTO t (b) SELECT a FROM u LIMIT 2"},
    {3, "INSERT INTO t VALUES (DEFAULT, 1), (DEFAULT, 1), (DEFAULT, 1)"},
    {2, "INSERT INTO t (b) VALUES (1), (1) RETURNING a"},
    {6, "INSERT INTO t (a) SELECT a FROM u RETURNING nextval('q')"},
    {4, "INSERT INTO u VALUES (7), (7) RETURNING nextval('q')"},
    {6, "UPDATE u SET s = nextval('q')"},
    {3, "UPDATE u SET s = nextval('q') WHERE a = 1"},
    {6, "UPDATE u SET s = DEFAULT"},
    {5, "UPDATE u SET s = DEFAULT WHERE a < 3"},
    {6, "UPDATE u SET s = 7 WHERE nextval('q') > 0"},
    {3, "UPDATE u SET s = 7 WHERE a = 1 AND nextval('q') > 0"},
    {1, "UPDATE u SET s = (SELECT nextval('q'))"},
    {6, "UPDATE u SET s = (SELECT nextval('q') WHERE u.a > 0)"},
    {6, "UPDATE u SET a = 9 RETURNING nextval('q')"},
    {6, "UPDATE u SET s = nextval('q') RETURNING s, a"},
    {5, "UPDATE u SET s = nextval('q') FROM (VALUES (1), (2)) AS x(b) WHERE u.a = x.b"},
    {5, "UPDATE u SET s = 5 FROM (VALUES (1), (2)) AS x(b) WHERE u.a = x.b AND nextval('q') > 0"},
    {1, "UPDATE u SET s = x.b FROM (SELECT nextval('q') AS b) AS x"},
    {6, "UPDATE u SET s = 5 FROM u AS x WHERE u.a = x.a RETURNING nextval('q')"},
    {3, "UPDATE u SET s = CASE WHEN a = 1 THEN nextval('q') ELSE 0 END"},
    {6, "DELETE FROM u WHERE nextval('q') > 0"},
    {3, "DELETE FROM u WHERE a = 1 AND nextval('q') > 1"},
    {6, "DELETE FROM u WHERE nextval('q') % 2 = 0"},
    {6, "DELETE FROM u RETURNING nextval('q')"},
    {3, "DELETE FROM u WHERE a = 1 RETURNING nextval('q'), a"},
    {5, "DELETE FROM u USING (VALUES (1), (2)) AS x(b) WHERE u.a = x.b AND nextval('q') > 0"},
    {5, "DELETE FROM u USING (VALUES (1), (2)) AS x(b) WHERE u.a = x.b RETURNING nextval('q')"},
    {6, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q')"},
    {6, "ALTER TABLE u ADD COLUMN c bigint NOT NULL DEFAULT nextval('q')"},
    {6, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q') PRIMARY KEY"},
    {6, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q') UNIQUE"},
    {6, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q') CHECK (c > 0)"},
    {6, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q'), ADD PRIMARY KEY (c)"},
    {6, "ALTER TABLE u ADD COLUMN c text DEFAULT 'x' || nextval('q')"},
    {12, "ALTER TABLE u ADD COLUMN c bigint DEFAULT nextval('q'), ADD COLUMN d bigint DEFAULT nextval('q')"},
    {6, "ALTER TABLE u ALTER COLUMN a TYPE bigint USING nextval('q')"},
    {6, "ALTER TABLE u ALTER COLUMN a TYPE bigint USING a + nextval('q') * 0"},
    {3, "ALTER TABLE u ALTER COLUMN a TYPE bigint USING CASE WHEN a = 1 THEN nextval('q') ELSE a END"},
    {6, "ALTER TABLE u ALTER COLUMN a TYPE bigint USING nextval('q'), ADD PRIMARY KEY (a)"},
    {6, "ALTER TABLE u ADD CHECK (nextval('q') > 0)"},
    {0, "ALTER TABLE u ALTER COLUMN a SET DEFAULT nextval('q')"},
    {0, "ALTER TABLE u ADD CHECK (a > 0)"},
    {6, "CREATE MATERIALIZED VIEW m AS SELECT nextval('q') AS n FROM u"},
    {6, "REFRESH MATERIALIZED VIEW mv"},
    {6, "SELECT count(*) FROM u WHERE a = nextval('q')"},
    {6, "SELECT a FROM u WHERE nextval('q') = 1 OR a = 1"},
    {3, "SELECT a FROM u WHERE a = 1 OR nextval('q') > 0"},
    {3, "UPDATE ck SET a = 2"},
    {6, "INSERT INTO ck SELECT a FROM u"},
    {0, "DELETE FROM ck"},
    {6, "SELECT nextval('q') FROM u ORDER BY nextval('q')"},
};

enum class Rows { kCommitted, kOwn, kBoth };

std::unique_ptr<Database> open_memory() {
  auto database = Database::open(":memory:", {});
  REQUIRE(database.ok());
  return std::move(*database);
}

void run(Session& session, const std::string& sql) {
  const auto done = session.run_script(sql);
  INFO(sql);
  if (!done) FAIL(done.failure().sqlstate << " " << done.failure().message);
}

std::string value(Session& session, const std::string& sql) {
  auto rows = session.run(sql, {});
  INFO(sql);
  if (!rows) FAIL(rows.failure().sqlstate << " " << rows.failure().message);
  auto more = (*rows)->next();
  REQUIRE(more.ok());
  return (*rows)->get_text(0);
}

// Reads a result to its end: rows outside a block stream.
void run_through(Session& session, std::string_view sql) {
  auto rows = session.run(sql, {});
  if (!rows) FAIL(rows.failure().sqlstate << " " << rows.failure().message);
  for (;;) {
    auto more = (*rows)->next();
    if (!more) FAIL(more.failure().sqlstate << " " << more.failure().message);
    if (!*more) return;
  }
}

// In a block unless the rows are committed.
void make_rows(Session& session, Rows rows) {
  run(session,
      "CREATE SEQUENCE q; CREATE TABLE u (a bigint, s bigint DEFAULT nextval('q'));"
      "CREATE TABLE t (a bigint DEFAULT nextval('q'), b bigint);"
      "CREATE TABLE ck (a bigint CHECK (nextval('q') > a - 100));"
      "CREATE VIEW v AS SELECT nextval('q') AS n FROM u;"
      "CREATE MATERIALIZED VIEW mv AS SELECT nextval('q') AS n FROM u");
  const std::string first = "INSERT INTO u VALUES (1, 0), (1, 0), (2, 0); INSERT INTO ck VALUES (1);";
  const std::string rest =
      "INSERT INTO u VALUES (1, 0), (2, 0), (3, 0); INSERT INTO ck VALUES (1), (1);";
  if (rows == Rows::kOwn) run(session, "BEGIN");
  run(session, first);
  if (rows == Rows::kBoth) run(session, "BEGIN");
  run(session, rest);
  run(session, "SELECT setval('q', 1, false)");
}

}  // namespace

TEST_CASE("a volatile expression is evaluated once for each row") {
  for (const Rows rows : {Rows::kCommitted, Rows::kOwn, Rows::kBoth}) {
    for (const bool optimizer : {true, false}) {
      for (const Case& each : kCases) {
        INFO(each.statement << " rows " << static_cast<int>(rows) << " optimizer " << optimizer);
        const auto database = open_memory();
        auto session = database->connect();
        REQUIRE(session.ok());
        make_rows(**session, rows);
        if (!optimizer) run(**session, "SET rowan.disabled_rules = 'all'");
        run_through(**session, each.statement);
        CHECK(value(**session, "SELECT nextval('q') - 1") == std::to_string(each.draws));
      }
    }
  }
}

TEST_CASE("volatile values of equal rows differ") {
  constexpr std::string_view kStatements[] = {
      "ALTER TABLE d ADD COLUMN c text DEFAULT f",
      "ALTER TABLE d ADD COLUMN c text; UPDATE d SET c = f",
      "ALTER TABLE d ADD COLUMN c text; UPDATE d SET c = f FROM (VALUES (1)) AS x(b) WHERE a = b",
      "ALTER TABLE d ADD COLUMN c text; ALTER TABLE d ALTER COLUMN c TYPE text USING f",
      "ALTER TABLE d ADD COLUMN c text; ALTER TABLE d ALTER COLUMN c SET DEFAULT f; UPDATE d SET c = DEFAULT",
      "ALTER TABLE d ADD COLUMN c text; INSERT INTO d SELECT a, f FROM d; DELETE FROM d WHERE c IS NULL",
  };
  for (const std::string_view function : {"gen_random_uuid()::text", "random()::text"}) {
    for (const std::string_view statement : kStatements) {
      std::string sql(statement);
      for (size_t at = sql.find(" f"); at != std::string::npos; at = sql.find(" f", at + 2)) {
        const size_t end = at + 2;
        if (end == sql.size() || sql[end] == ' ' || sql[end] == ';')
          sql.replace(at + 1, 1, function);
      }
      const auto database = open_memory();
      auto session = database->connect();
      REQUIRE(session.ok());
      run(**session, "CREATE TABLE d (a bigint); INSERT INTO d SELECT 1 FROM generate_series(1, 300)");
      run(**session, sql);
      INFO(sql);
      CHECK(value(**session, "SELECT count(*) || ' ' || count(DISTINCT c) FROM d") == "300 300");
    }
  }
}

TEST_CASE("a volatile condition is asked of each of some equal rows") {
  for (const std::string_view statement :
       {"DELETE FROM d WHERE random() < 0.5", "UPDATE d SET a = 2 WHERE random() < 0.5",
        "UPDATE d SET a = 2 FROM (VALUES (1)) AS x(b) WHERE a = b AND random() < 0.5"}) {
    const auto database = open_memory();
    auto session = database->connect();
    REQUIRE(session.ok());
    run(**session, "CREATE TABLE d (a bigint); INSERT INTO d SELECT 1 FROM generate_series(1, 2000)");
    run(**session, std::string(statement));
    INFO(statement);
    CHECK(value(**session, "SELECT count(*) FILTER (WHERE a = 1) BETWEEN 800 AND 1200 FROM d") == "t");
  }
}
