// What is accepted is obeyed, and what is not obeyed is refused: every setting and every word that a statement takes as an
// option, with a value that is not the usual one and an effect that shows, with a value that there is not, and given twice.
#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rowan/rowan.h"

namespace {

using rowan::Database;
using rowan::Session;

// An option that is obeyed: what `probe` gives after `statements`.
struct Obeyed {
  std::string_view option;
  std::string_view statements;
  std::string_view probe;
  std::string_view gives;
};
struct Refused {
  std::string_view option;
  std::string_view statement;
  std::string_view sqlstate;
};

constexpr std::string_view kSetup =
    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one');"
    "CREATE SCHEMA sx; CREATE TABLE sx.only_there (v int);"
    "CREATE TABLE j (id int PRIMARY KEY, n int, tags jsonb, w text);"
    "INSERT INTO j VALUES (1, 10, '[\"a\"]', 'base');"
    "CREATE TAG first; CREATE BRANCH dev; UPDATE t SET v = 'two'; CREATE TABLE made (a int)";

constexpr Obeyed kObeyed[] = {
    // ---- Settings ----
    {"setting application_name", "SET application_name = 'tester'; UPDATE t SET v = 'app'", "SHOW application_name", "tester"},
    {"setting client_encoding", "SET client_encoding = 'unicode'", "SELECT 'é'", "é"},
    {"setting commit_statement", "SET commit_statement = normalized", "SHOW commit_statement", "normalised"},
    {"setting commit_statement", "SET commit_statement = full; UPDATE t SET v = 'seen'", "SELECT count(*) FROM rowan.log() WHERE body LIKE '%seen%'", "1"},
    {"setting commit_statement", "SET commit_statement = off; UPDATE t SET v = 'unseen'", "SELECT count(*) FROM rowan.log() WHERE body LIKE '%unseen%'", "0"},
    {"setting datestyle", "SET datestyle = 'US, ISO'", "SELECT date '02/03/2004'", "2004-02-03"},
    {"setting default_transaction_isolation", "SET default_transaction_isolation = 'repeatable read'; BEGIN", "SHOW transaction_isolation", "repeatable read"},
    {"setting default_transaction_read_only", "SET default_transaction_read_only = yes", "SHOW default_transaction_read_only", "on"},
    {"setting lock_timeout", "SET lock_timeout = '2 s'", "SHOW lock_timeout", "2 s"},
    {"setting rowan.disabled_rules", "SET rowan.disabled_rules = 'point_get, key_range'", "EXPLAIN SELECT v FROM t WHERE id = 1", "Seq Scan on t  (rows=1)"},
    {"setting rowan.disabled_rules", "SET rowan.disabled_rules = 'all'", "EXPLAIN SELECT v FROM t WHERE id = 1", "Filter  (rows=1)"},
    {"setting search_path", "SET search_path TO nowhere, public, sx", "SELECT count(*) FROM only_there", "0"},
    {"setting standard_conforming_strings", "SET standard_conforming_strings = true", "SELECT '\\n'", "\\n"},
    {"setting synchronous_commit", "SET synchronous_commit = local", "SHOW synchronous_commit", "on"},
    {"setting synchronous_commit", "SET synchronous_commit = normal", "SHOW synchronous_commit", "normal"},
    {"setting timezone", "SET TIME ZONE 'GMT'", "SHOW timezone", "GMT"},
    {"set local", "BEGIN; SET LOCAL application_name = 'gone'; COMMIT", "SHOW application_name", ""},
    {"reset", "SET application_name = 'x'; RESET ALL", "SHOW application_name", ""},
    {"transaction mode", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SHOW transaction_isolation", "repeatable read"},
    // ---- MERGE ----
    {"merge dry run", "CHECKOUT dev; MERGE main DRY RUN", "SELECT v FROM t", "one"},
    {"merge ours", "CHECKOUT dev; UPDATE t SET v = 'dev'; MERGE main WITH OURS", "SELECT v FROM t", "dev"},
    {"merge theirs", "CHECKOUT dev; UPDATE t SET v = 'dev'; MERGE main WITH THEIRS", "SELECT v FROM t", "two"},
    {"merge no fast forward", "CHECKOUT dev; MERGE main WITH NO FAST FORWARD MESSAGE 'joined'", "SELECT message FROM rowan.log() LIMIT 1", "joined"},
    {"merge fast forward only", "CHECKOUT dev; MERGE main WITH FAST FORWARD ONLY", "SELECT v FROM t", "two"},
    {"merge manual", "CHECKOUT dev; UPDATE t SET v = 'dev'; MERGE main WITH MANUAL RESOLUTION", "SELECT count(*) FROM rowan.conflicts", "1"},
    {"merge rule sum", "ALTER TABLE j ALTER COLUMN n SET MERGE RULE sum; CREATE BRANCH f; UPDATE j SET n = n + 1; CHECKOUT f; UPDATE j SET n = n + 5; MERGE main", "SELECT n FROM j", "16"},
    {"merge rule union", "ALTER TABLE j ALTER COLUMN tags SET MERGE RULE union; CREATE BRANCH f; UPDATE j SET tags = '[\"a\", \"b\"]'; CHECKOUT f; UPDATE j SET tags = '[\"a\", \"c\"]'; MERGE main", "SELECT tags FROM j", "[\"a\", \"b\", \"c\"]"},
    {"merge rule union", "ALTER TABLE j SET MERGE RULE union; CREATE BRANCH f; UPDATE j SET tags = '[\"a\", \"b\"]'; CHECKOUT f; UPDATE j SET tags = '[\"a\", \"c\"]'; MERGE main", "SELECT tags FROM j", "[\"a\", \"b\", \"c\"]"},
    // ---- COPY, EXPLAIN, sequences, indexes ----
    {"explain analyze", "SELECT 1", "EXPLAIN (ANALYZE off, COSTS on, FORMAT text) SELECT v FROM t", "Seq Scan on t  (rows=1)"},
    {"sequence increment", "CREATE SEQUENCE s START 5 INCREMENT BY 10; SELECT nextval('s')", "SELECT nextval('s')", "15"},
    {"sequence cycle", "CREATE SEQUENCE s MINVALUE 1 MAXVALUE 2 CYCLE; SELECT nextval('s'); SELECT nextval('s')", "SELECT nextval('s')", "1"},
    {"sequence restart", "CREATE SEQUENCE s; SELECT nextval('s'); ALTER SEQUENCE s RESTART WITH 7", "SELECT nextval('s')", "7"},
    {"sequence as", "CREATE SEQUENCE s AS smallint", "SELECT max FROM rowan.sequences WHERE name = 's'", "32767"},
    {"index order", "CREATE INDEX i ON t (v DESC NULLS LAST)", "SELECT columns FROM rowan.indexes WHERE name = 'i'", "(v DESC NULLS LAST)"},
    // ---- Revisions, branches ----
    {"as of tag", "SELECT 1", "SELECT v FROM t AS OF 'first'", "one"},
    {"branch from", "CREATE BRANCH b FROM 'first'; CHECKOUT b", "SELECT v FROM t", "one"},
    {"protect", "PROTECT BRANCH dev", "SELECT protected FROM rowan.branches WHERE branch = 'dev'", "t"},
    {"history policy", "ALTER BRANCH dev SET HISTORY POLICY EVERY '1 hour' KEEP '2 days'", "SELECT history_every IS NOT NULL AND history_keep IS NOT NULL FROM rowan.branches WHERE branch = 'dev'", "t"},
    {"drop database cascade", "CREATE VIEW public.ov AS SELECT v FROM sx.only_there; DROP DATABASE sx CASCADE", "SELECT count(*) FROM rowan.relations WHERE name = 'ov'", "0"},
    {"drop database", "DROP DATABASE sx", "SELECT count(*) FROM rowan.schemas WHERE name = 'sx'", "0"},
    {"restore message", "RESTORE TABLE t TO 'first' MESSAGE 'back'", "SELECT message FROM rowan.log() LIMIT 1", "back"},
    {"log limit", "SELECT 1", "SHOW LOG LIMIT 1", ""},
};

constexpr Refused kRefused[] = {
    // ---- Settings ----
    {"setting", "SET nosuch = 1", "42704"},
    {"setting", "RESET nosuch", "42704"},
    {"setting", "SHOW nosuch", "42704"},
    {"setting client_encoding", "SET client_encoding = 'latin1'", "22023"},
    {"setting commit_statement", "SET commit_statement = sometimes", "22023"},
    {"setting datestyle", "SET datestyle = 'German, DMY'", "0A000"},
    {"setting datestyle", "SET datestyle = 'ISO, DMY'", "0A000"},
    {"setting datestyle", "SET datestyle = 'SQL'", "0A000"},
    {"setting datestyle", "SET datestyle = 'ISO, MDY, DMY'", "22023"},
    {"setting datestyle", "SET datestyle = 'ISO, SQL'", "22023"},
    {"setting datestyle", "SET datestyle = 'nice'", "22023"},
    {"setting default_transaction_isolation", "SET default_transaction_isolation = 'snapshot'", "22023"},
    {"setting default_transaction_isolation", "SET default_transaction_isolation = 'serializable'", "0A000"},
    {"setting default_transaction_read_only", "SET default_transaction_read_only = maybe", "22023"},
    {"setting lock_timeout", "SET lock_timeout = '2 fortnights'", "22023"},
    {"setting lock_timeout", "SET lock_timeout = -1", "22023"},
    {"setting rowan.disabled_rules", "SET rowan.disabled_rules = 'point_gt'", "22023"},
    {"setting search_path", "SET search_path =", "42601"},
    {"setting server_encoding", "SET server_encoding = 'UTF8'", "55000"},
    {"setting server_version", "SET server_version = '16'", "55000"},
    {"setting standard_conforming_strings", "SET standard_conforming_strings = off", "22023"},
    {"setting synchronous_commit", "SET synchronous_commit = sometimes", "22023"},
    {"setting timezone", "SET timezone = 'Europe/Berlin'", "22023"},
    {"transaction mode", "BEGIN ISOLATION LEVEL SERIALIZABLE", "0A000"},
    {"transaction mode", "BEGIN ISOLATION LEVEL CHAOS", "42601"},
    // ---- MERGE ----
    {"merge", "MERGE dev WITH EVERYTHING", "42601"},
    {"merge", "MERGE dev WITH OURS, WITH THEIRS", "42601"},
    {"merge", "MERGE dev WITH NO FAST FORWARD, FAST FORWARD ONLY", "42601"},
    {"merge", "MERGE dev MESSAGE 'a' MESSAGE 'b'", "42601"},
    {"merge", "MERGE ''", "22023"},
    {"merge rule", "ALTER TABLE t ALTER COLUMN v SET MERGE RULE union", "42P16"},
    {"merge rule", "ALTER TABLE j ALTER COLUMN n SET MERGE RULE union", "42P16"},
    {"merge rule", "ALTER TABLE t ALTER COLUMN v SET MERGE RULE sum", "42P16"},
    {"merge rule", "ALTER TABLE j ALTER COLUMN tags SET MERGE RULE max", "42P16"},
    {"merge rule", "ALTER TABLE t SET MERGE RULE union", "42P16"},
    {"merge rule", "ALTER TABLE t ADD COLUMN c text MERGE RULE union", "42P16"},
    {"merge rule", "ALTER TABLE t ALTER COLUMN v SET MERGE RULE newset", "42704"},
    {"merge rule", "CREATE TABLE r (id int PRIMARY KEY, c text MERGE RULE union)", "42P16"},
    {"merge rule", "CREATE TABLE r (id int PRIMARY KEY, c text) MERGE RULE sum", "42P16"},
    // ---- COPY, EXPLAIN, sequences, indexes ----
    {"copy", "COPY t TO STDOUT (FORMAT csv, FORMAT text)", "42601"},
    {"copy", "COPY t TO STDOUT (DELIMITER ',', DELIMITER ';')", "42601"},
    {"copy", "COPY t TO STDOUT (HEADER, HEADER false)", "42601"},
    {"copy", "COPY t TO STDOUT WITH CSV CSV", "42601"},
    {"copy", "COPY t TO STDOUT (HEADER maybe)", "42601"},
    {"copy", "COPY t TO STDOUT (FORMAT tsv)", "22023"},
    {"copy", "COPY t TO STDOUT (ENCODING 'latin1')", "0A000"},
    {"copy", "COPY t TO STDOUT (QUOTE '''')", "0A000"},
    {"copy", "COPY t TO STDOUT (NOSUCH 1)", "42601"},
    {"explain", "EXPLAIN (ANALYZE maybe) SELECT 1", "42601"},
    {"explain", "EXPLAIN (FORMAT json) SELECT 1", "0A000"},
    {"explain", "EXPLAIN (FORMAT nosuch) SELECT 1", "22023"},
    {"explain", "EXPLAIN (VERBOSE) SELECT 1", "0A000"},
    {"explain", "EXPLAIN VERBOSE SELECT 1", "0A000"},
    {"explain", "EXPLAIN (BUFFERS on) SELECT 1", "0A000"},
    {"explain", "EXPLAIN (COSTS off) SELECT 1", "0A000"},
    {"explain", "EXPLAIN (NOSUCH) SELECT 1", "42601"},
    {"sequence", "CREATE SEQUENCE s START 1 START 2", "42601"},
    {"sequence", "CREATE SEQUENCE s CYCLE NO CYCLE", "42601"},
    {"sequence", "CREATE SEQUENCE s INCREMENT 0", "22023"},
    {"sequence", "CREATE SEQUENCE s MINVALUE 5 MAXVALUE 4", "22023"},
    {"sequence", "CREATE SEQUENCE s AS text", "22023"},
    {"index", "CREATE INDEX i ON t (nosuch)", "42703"},
    // ---- Revisions, branches ----
    {"revision", "SELECT * FROM t AS OF ''", "22023"},
    {"revision", "SELECT * FROM t@''", "22023"},
    {"revision", "CREATE BRANCH b FROM ''", "22023"},
    {"revision", "CREATE TAG g FROM ''", "22023"},
    {"revision", "SHOW DIFF FROM '' TO 'main'", "22023"},
    {"revision", "SHOW DIFF ''", "22023"},
    {"revision", "SHOW LOG ON ''", "22023"},
    {"revision", "BLAME t AS OF ''", "22023"},
    {"revision", "RESET TO ''", "22023"},
    {"revision", "RESTORE ALL TO ''", "22023"},
    {"revision", "REVERT ''", "22023"},
    {"revision", "REBASE ''", "22023"},
    {"revision", "SQUASH SINCE ''", "22023"},
    {"revision", "SELECT * FROM rowan.log('')", "22023"},
    {"revision", "SELECT * FROM rowan.diff('t', '', 'main')", "22023"},
    {"revision", "SELECT * FROM rowan.diff_stat('first', '')", "22023"},
    {"revision", "SELECT * FROM rowan.blame('t', '')", "22023"},
    {"log", "SHOW LOG LIMIT 1 LIMIT 2", "42601"},
    {"log", "SHOW LOG AUTHOR 'a' AUTHOR 'b'", "42601"},
    {"log", "SHOW LOG FOR t FOR j", "42601"},
    {"log", "SHOW LOG ON dev ON main", "42601"},
    {"diff", "SHOW DIFF FOR t FOR j", "42601"},
    {"diff", "SHOW DIFF FROM 'dev' FROM 'main'", "42601"},
    {"blame", "BLAME t KEY 1 KEY 2", "42601"},
    {"branch", "CREATE BRANCH ''", "42602"},
    {"branch", "PROTECT BRANCH nosuch", "VC005"},
    {"history policy", "ALTER BRANCH dev SET HISTORY POLICY EVERY 'often'", "22007"},
    {"history policy", "ALTER BRANCH dev SET HISTORY POLICY EVERY '1 hour' KEEP ''", "22007"},
    {"history policy", "ALTER BRANCH dev SET HISTORY POLICY EVERY '-1 hour'", "22023"},
    {"drop database", "DROP DATABASE sx RESTRICT", "2BP01"},
    {"drop schema", "DROP SCHEMA sx", "2BP01"},
    {"revert", "REVERT 'HEAD' PARENT 1 PARENT 2", "42601"},
    {"revert", "REVERT 'HEAD' PARENT 0", "22023"},
    {"revert", "REVERT 'HEAD' MESSAGE 'a' MESSAGE 'b'", "42601"},
};

std::unique_ptr<Database> open_memory() {
  auto database = Database::open(":memory:", {});
  REQUIRE(database.ok());
  return std::move(*database);
}

void run_all(Session& session, std::string_view sql) {
  const auto done = session.run_script(std::string(sql) + ";");
  if (!done) FAIL(sql << ": " << done.failure().sqlstate << " " << done.failure().message);
}

std::string first_value(Session& session, std::string_view sql) {
  auto rows = session.run(sql, {});
  if (!rows) FAIL(sql << ": " << rows.failure().sqlstate << " " << rows.failure().message);
  auto more = (*rows)->next();
  if (!more || !*more) FAIL(sql << " gives no row");
  return (*rows)->get_text(0);
}

}  // namespace

TEST_CASE("an option that is accepted is obeyed") {
  for (const Obeyed& each : kObeyed) {
    INFO(each.option << ": " << each.statements);
    const auto database = open_memory();
    auto session = database->connect();
    REQUIRE(session.ok());
    run_all(**session, kSetup);
    run_all(**session, each.statements);
    const std::string found = first_value(**session, each.probe);
    if (!each.gives.empty() || each.probe.starts_with("SHOW a")) CHECK(found == each.gives);
  }
}

TEST_CASE("an option that is not obeyed is refused") {
  for (const Refused& each : kRefused) {
    INFO(each.option << ": " << each.statement);
    const auto database = open_memory();
    auto session = database->connect();
    REQUIRE(session.ok());
    run_all(**session, kSetup);
    auto rows = (*session)->run(each.statement, {});
    bool failed = !rows;
    std::string sqlstate = failed ? rows.failure().sqlstate : "";
    if (!failed) {
      auto more = (*rows)->next();
      failed = !more;
      if (failed) sqlstate = more.failure().sqlstate;
    }
    CHECK(sqlstate == each.sqlstate);
  }
}

TEST_CASE("every setting is in both lists") {
  std::set<std::string> obeyed, refused;
  for (const Obeyed& each : kObeyed) obeyed.emplace(each.option);
  for (const Refused& each : kRefused) refused.emplace(each.option);
  const auto database = open_memory();
  auto session = database->connect();
  REQUIRE(session.ok());
  auto rows = (*session)->run("SELECT name FROM rowan.settings", {});
  REQUIRE(rows.ok());
  for (;;) {
    auto more = (*rows)->next();
    REQUIRE(more.ok());
    if (!*more) break;
    const std::string name = "setting " + (*rows)->get_text(0);
    INFO(name);
    const bool fixed = name == "setting server_encoding" || name == "setting server_version";
    CHECK((fixed || obeyed.contains(name)));
    CHECK((refused.contains(name) || name == "setting application_name"));  // It may be any text.
  }
}
