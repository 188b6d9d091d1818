// Proves that every merge of two definition or row changes either goes through or says how it can:
// each pair of changes, in both directions; and each way out that a hint or rowan.conflicts names
// ends the merge, leaves every relation readable, and the repository sound; and that what was answered
// is what stands and what rowan.merge_decisions says. Every eighth row of the matrix by default, all
// with SLOW set.
#include <doctest/doctest.h>

#include "conflict_ways.h"


namespace {

const char* const kBase =
    "CREATE TABLE p (id integer PRIMARY KEY, n text); INSERT INTO p VALUES (1, 'one'), (2, 'two'); "
    "CREATE TABLE t (k integer PRIMARY KEY, a integer, b text, c integer NOT NULL DEFAULT 1, p integer); "
    "INSERT INTO t VALUES (1, 10, 'x', 1, 1), (2, 20, 'y', 2, 2), (3, 30, 'z', 3, NULL); "
    "CREATE TABLE e (k integer PRIMARY KEY, v text); "
    "CREATE TABLE l (x integer, y text); INSERT INTO l VALUES (1, 'one'), (1, 'one'), (2, 'two'); "
    "CREATE TABLE s (id serial PRIMARY KEY, w text); INSERT INTO s (w) VALUES ('a'), ('b'); "
    "CREATE VIEW v AS SELECT k, a FROM t; "
    "CREATE MATERIALIZED VIEW m AS SELECT k, b FROM t; "
    "CREATE SEQUENCE q; CREATE INDEX ib ON t (b)";

const char* const kChanges[] = {
    // Columns.
    "ALTER TABLE t ADD COLUMN extra text; UPDATE t SET extra = 'abc' WHERE k = 1",
    "ALTER TABLE t ADD COLUMN extra integer; UPDATE t SET extra = 7 WHERE k = 2",
    "ALTER TABLE t ADD COLUMN extra integer NOT NULL DEFAULT 5",
    "ALTER TABLE t ADD COLUMN extra integer DEFAULT 7; INSERT INTO t VALUES (7, 70, 'n', 7, NULL, 9)",
    "ALTER TABLE t ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE t ADD COLUMN id serial",
    "ALTER TABLE t ADD COLUMN u uuid NOT NULL DEFAULT gen_random_uuid()",
    "ALTER TABLE t DROP COLUMN a CASCADE",
    "ALTER TABLE t DROP COLUMN b CASCADE",
    "ALTER TABLE t RENAME COLUMN a TO aa",
    "ALTER TABLE t RENAME COLUMN a TO extra",
    "ALTER TABLE t RENAME COLUMN b TO extra",
    "DROP VIEW v; ALTER TABLE t ALTER COLUMN a TYPE text",
    "DROP VIEW v; ALTER TABLE t ALTER COLUMN a TYPE bigint",
    "DROP MATERIALIZED VIEW m; ALTER TABLE t ALTER COLUMN b TYPE integer USING length(b)",
    "ALTER TABLE t ALTER COLUMN c TYPE text; UPDATE t SET c = 'word' WHERE k = 3",
    "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 3",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 4",
    // Keys and constraints.
    "ALTER TABLE t DROP CONSTRAINT t_pkey",
    "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (a)",
    "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD CONSTRAINT nn PRIMARY KEY (k)",
    "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD CONSTRAINT t_pkey UNIQUE (a)",
    "ALTER TABLE t ADD CONSTRAINT nn CHECK (a > 0)",
    "ALTER TABLE t ADD CONSTRAINT nn UNIQUE (b)",
    "ALTER TABLE t ADD CONSTRAINT nn FOREIGN KEY (p) REFERENCES p",
    "CREATE INDEX nn ON t (a)",
    "CREATE INDEX nn ON p (n)",
    "CREATE UNIQUE INDEX nn ON t (b)",
    "DROP INDEX ib",
    "DELETE FROM l WHERE x = 1; ALTER TABLE l ADD COLUMN id serial PRIMARY KEY",
    "ALTER TABLE l ADD COLUMN id serial",
    "DELETE FROM l WHERE x = 1; ALTER TABLE l ADD PRIMARY KEY (x, y)",
    // Names.
    "ALTER TABLE t RENAME TO nn",
    "ALTER TABLE p RENAME TO nn",
    "ALTER TABLE t RENAME TO t2",
    "CREATE TABLE nn (z integer PRIMARY KEY); INSERT INTO nn VALUES (1)",
    "CREATE TABLE nn (z integer PRIMARY KEY, more text); INSERT INTO nn VALUES (1, 'm')",
    "CREATE VIEW nn AS SELECT n FROM p",
    "CREATE VIEW nn AS SELECT a, b FROM t",
    "CREATE MATERIALIZED VIEW nn AS SELECT k, b FROM t",
    "CREATE SEQUENCE nn",
    "DROP TABLE e; CREATE TABLE e2 (k integer PRIMARY KEY, v text)",
    "INSERT INTO e VALUES (1, 'row')",
    "ALTER TABLE e RENAME TO e2",
    "DROP TABLE t CASCADE",
    "DROP TABLE t CASCADE; CREATE VIEW t AS SELECT id FROM p",
    "DROP TABLE e",
    "CREATE SCHEMA other; CREATE TABLE other.t (k integer)",
    "ALTER TABLE p RENAME COLUMN n TO name",
    // Views and sequences.
    "DROP VIEW v",
    "CREATE OR REPLACE VIEW v AS SELECT k, a, b FROM t",
    "CREATE OR REPLACE VIEW v AS SELECT k, a, c FROM t",
    "ALTER VIEW v RENAME TO nn",
    "CREATE VIEW vv AS SELECT a FROM v",
    "CREATE VIEW joined AS SELECT t.k, p.n FROM t JOIN p ON p.id = t.p",
    "REFRESH MATERIALIZED VIEW m",
    "DROP MATERIALIZED VIEW m",
    "ALTER SEQUENCE q INCREMENT BY 3",
    "ALTER SEQUENCE q RENAME TO nn",
    "DROP SEQUENCE q",
    "ALTER TABLE s ADD COLUMN n integer DEFAULT nextval('q')",
    "CREATE VIEW drawn AS SELECT nextval('q') AS n",
    // What others need.
    "DROP TABLE p CASCADE",
    "ALTER TABLE p DROP CONSTRAINT p_pkey",
    "CREATE SCHEMA moved; ALTER TABLE t SET SCHEMA moved",
    // Rows.
    "INSERT INTO t (k, a, b) VALUES (9, 90, 'n')",
    "UPDATE t SET a = a + 1, b = 'other' WHERE k = 1",
    "UPDATE t SET a = 99 WHERE k = 1",
    "DELETE FROM t WHERE k = 1",
    "UPDATE t SET b = 'x'",
    "UPDATE t SET p = 2; DELETE FROM p WHERE id = 1",
    "INSERT INTO t (k, a, b, p) VALUES (10, 10, 'x', 1)",
    "INSERT INTO s (w) VALUES ('mine')",
    "INSERT INTO s (w) VALUES ('yours'), ('more')",
    "INSERT INTO l VALUES (1, 'one'), (3, 'three')",
    "DELETE FROM l WHERE x = 1",
};
constexpr size_t kCount = std::size(kChanges);
constexpr size_t kStride = 8;

}  // namespace

TEST_CASE("every conflict has a way out that its hint names") {
  std::string side;
  SUBCASE("ours") { side = "HEAD"; }
  SUBCASE("theirs") { side = "SOURCE"; }
  SUBCASE("the base's") { side = "BASE"; }
  rowan::testing::ConflictWays ways(kBase, {std::begin(kChanges), std::end(kChanges)},
                                      {.check_records = true});
  const char* const only = getenv("ONLY");  // "3" or "3,17": one row of the matrix, or one pair.
  const size_t only_ours = only == nullptr ? kCount : std::strtoul(only, nullptr, 10);
  const char* const comma = only == nullptr ? nullptr : strchr(only, ',');
  for (size_t ours = 0; ours < kCount; ++ours) {
    if (only != nullptr && ours != only_ours) continue;
    if (only == nullptr && getenv("SLOW") == nullptr && ours % kStride != kCount % kStride) continue;
    for (size_t theirs = 0; theirs < kCount; ++theirs) {
      if (comma != nullptr && theirs != std::strtoul(comma + 1, nullptr, 10)) continue;
      if (theirs != ours) ways.pair(ours, theirs, side);
    }
    ways.forget_branches(true);
  }
  ways.report();
  CHECK(ways.faults.empty());
}
