// Proves that every merge of two definition or row changes either goes through or says how it can:
// each pair of changes, in both directions; and each way out that a hint or rowan.conflicts names
// ends the merge, leaves every relation readable, and the repository sound; and that what was answered
// is what stands and what rowan.merge_decisions says. Every eighth row of the matrix by default, all with SLOW set.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

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

struct Matrix {
  Matrix() : database(std::move(*Database::open(":memory:"))), session(*database) {
    session.must(kBase);
    for (size_t i = 0; i < kCount; ++i) {
      const std::string branch = "c" + std::to_string(i);
      session.must("CHECKOUT main; CREATE BRANCH " + branch + "; CHECKOUT " + branch);
      session.must(kChanges[i]);
    }
  }

  // A branch where `ours` was made, to merge into.
  void begin(size_t ours) {
    const std::string branch = "w" + std::to_string(made++);
    session.must("CREATE BRANCH " + branch + " FROM c" + std::to_string(ours) + "; CHECKOUT " + branch);
  }
  void fault(const std::string& what) {
    faults.push_back("[" + std::string(kChanges[ours]) + "] <- [" + kChanges[theirs] + "] " + what);
  }
  // That something is not there is a conflict with a way out, no violation.
  static bool is_violation(const std::string& sqlstate) {
    const bool is_missing = sqlstate == "42P01" || sqlstate == "42830";
    return sqlstate.starts_with("23") || (sqlstate.starts_with("42") && !is_missing) ||
           sqlstate == "VC008";
  }
  // Every relation can be read, and every table written.
  void check_readable(const std::string& way) {
    for (const auto& row : session.run("SELECT schema, name FROM rowan.relations WHERE kind NOT IN ('index', 'sequence')").rows) {
      const auto answer = session.run("SELECT * FROM \"" + row[0] + "\".\"" + row[1] + "\"");
      if (!answer.ok()) fault(way + ": " + row[1] + " cannot be read: " + answer.text());
    }
  }
  // After a merge that went through. A violation is a way that does not work, unless it says so.
  void ended(const std::string& way, const SqlSession::Answer& answer) {
    if (answer.ok()) return check_readable(way);
    fault(way + ": " + answer.text());
  }

  // What merge_decisions says of each answer, and what is there now.
  void check_record(const std::string& way, const std::string& commit,
                    const std::map<std::string, std::string>& answers) {
    const auto decisions = session.run(
        "SELECT schema, \"table\", key, kind, \"column\", base, ours, theirs, merged, choice "
        "FROM rowan.merge_decisions('" + commit + "') WHERE ground = 'answer'");
    if (!decisions.ok()) return fault(way + ": merge_decisions: " + decisions.text());
    for (const auto& row : decisions.rows) {
      const std::string about = row[0] + "." + row[1] + " " + row[3];
      const bool is_definition = row[2] == "∅";
      const bool is_cell = !is_definition && row[4] != "∅";
      const std::string& side = row[9] == "base" ? row[5] : row[9] == "ours" ? row[6] : row[7];
      if ((is_definition || is_cell) && row[9] != "neither" && side != row[8])
        fault(way + ": on record as " + row[9] + ": " + about + ": " + side + " is " + row[8]);
      if (const auto found = answers.find(about); is_definition && found != answers.end()) {
        const std::string wanted = found->second == "HEAD"     ? "ours"
                                   : found->second == "SOURCE" ? "theirs"
                                                               : "base";
        if (row[9] != wanted) fault(way + ": on record as " + row[9] + ": " + about);
      }
      if (!is_cell || !row[3].starts_with("both ")) continue;
      const std::string key = row[1] == "p" || row[1] == "s" ? "id" : "k";
      const auto there = session.run("SELECT \"" + row[4] + "\"::text FROM \"" + row[0] + "\".\"" +
                                     row[1] + "\" WHERE " + key + "::text = '" + row[2] + "'");
      if (!there.ok()) continue;  // By another key now.
      if (there.rows.size() != 1 || there.rows[0][0] != row[8])
        fault(way + ": is not there as on record: " + about + " " + row[2] + ", " + row[4]);
    }
  }

  void by_policy(const char* policy) {
    begin(ours);
    ended(policy, session.run("MERGE c" + std::to_string(theirs) + " WITH " + policy));
  }
  // Settles each conflict by the side; some can only be settled by another one, which way_out names.
  void by_hand(const std::string& side) {
    begin(ours);
    const std::string source = "c" + std::to_string(theirs);
    if (const auto answer = session.run("MERGE " + source + " WITH MANUAL RESOLUTION"); !answer.ok()) {
      fault("MANUAL: " + answer.text());
      return;
    }
    std::set<std::string> seen;
    std::map<std::string, std::string> answers;
    for (int round = 0; round < 12; ++round) {
      const auto open = session.run("SELECT way_out, schema || '.' || \"table\" || ' ' || kind FROM rowan.conflicts");
      if (open.rows.empty()) break;
      const std::string way = open.rows[0][0];
      if (!seen.insert(way + open.rows[0][1]).second) {
        fault("MANUAL " + side + ": listed again: " + way);
        return;
      }
      const size_t using_at = way.find(" USING ");
      if (using_at == std::string::npos) {
        fault("MANUAL " + side + ": no side can stand: " + open.rows[0][1]);
        session.must("ABORT MERGE");
        return;
      }
      const std::string sides = way.substr(using_at + 7);
      const std::string use = sides.find(side) != std::string::npos ? side : sides.substr(0, sides.find(' '));
      const auto answer = session.run(way.substr(0, using_at) + " USING " + use);
      if (!answer.ok()) {
        fault("MANUAL: " + way + ": " + answer.text());
        return;
      }
      answers[open.rows[0][1]] = use;
    }
    const auto answer = session.run("COMMIT MERGE");
    if (!answer.ok() && is_violation(answer.failure.sqlstate)) {
      ++stopped["MANUAL " + side];  // Said which rows break what; one of the branches can be changed.
      if (getenv("VERBOSE") != nullptr) fault("COMMIT MERGE " + side + ": " + answer.text());
      session.must("ABORT MERGE");
      return;
    }
    ended("MANUAL " + side, answer);
    if (answer.ok() && !answers.empty()) check_record("MANUAL " + side, answer.commit, answers);
  }

  // Answers are remembered: each side needs a matrix of its own.
  void pair(size_t our, size_t their, const std::string& side) {
    ours = our;
    theirs = their;
    begin(ours);
    const auto answer = session.run("MERGE c" + std::to_string(theirs));
    if (answer.ok()) return check_readable("MERGE");
    if (is_violation(answer.failure.sqlstate)) {
      ++stopped["MERGE"];
      if (answer.failure.hint.empty()) fault("MERGE without a hint: " + answer.text());
      if (getenv("VERBOSE") != nullptr) fault("MERGE: " + answer.text());
      return;
    }
    if (answer.failure.sqlstate != "VC001") return fault("MERGE: " + answer.text());
    ++conflicts;
    const std::string& hint = answer.failure.hint;
    const auto names = [&](const char* words) { return hint.find(words) != std::string::npos; };
    if (names("OURS")) by_policy("OURS");
    if (names("THEIRS")) by_policy("THEIRS");
    if (names("RENUMBER")) by_policy("RENUMBER");
    by_hand(side);
  }

  std::unique_ptr<Database> database;
  SqlSession session;
  size_t made = 0, ours = 0, theirs = 0;
  size_t conflicts = 0;
  std::map<std::string, size_t> stopped;
  std::vector<std::string> faults;
};

}  // namespace

TEST_CASE("every conflict has a way out that its hint names") {
  std::string side;
  SUBCASE("ours") { side = "HEAD"; }
  SUBCASE("theirs") { side = "SOURCE"; }
  SUBCASE("the base's") { side = "BASE"; }
  Matrix matrix;
  const char* const only = getenv("ONLY");  // "3" or "3,17": one row of the matrix, or one pair.
  const size_t only_ours = only == nullptr ? kCount : std::strtoul(only, nullptr, 10);
  const char* const comma = only == nullptr ? nullptr : strchr(only, ',');
  for (size_t ours = 0; ours < kCount; ++ours) {
    if (only != nullptr && ours != only_ours) continue;
    if (only == nullptr && getenv("SLOW") == nullptr && ours % kStride != kCount % kStride) continue;
    for (size_t theirs = 0; theirs < kCount; ++theirs) {
      if (comma != nullptr && theirs != std::strtoul(comma + 1, nullptr, 10)) continue;
      if (theirs != ours) matrix.pair(ours, theirs, side);
    }
    matrix.session.must("CHECKOUT main");
    const auto problems = matrix.database->check();
    REQUIRE(problems.ok());
    for (const std::string& problem : *const_cast<rowan::Outcome<std::vector<std::string>>&>(problems))
      matrix.faults.push_back("[" + std::string(kChanges[ours]) + "] check: " + problem);
    for (const auto& row : matrix.session.run("SELECT name FROM rowan.branches WHERE name LIKE 'w%'").rows) {
      matrix.session.run("DROP BRANCH " + row[0] + " FORCE");
    }
  }
  for (const std::string& fault : matrix.faults) MESSAGE(fault);
  MESSAGE("conflicting pairs: " << matrix.conflicts);
  for (const auto& [way, count] : matrix.stopped) MESSAGE(way << " stopped by violations: " << count);
  CHECK(matrix.faults.empty());
}
