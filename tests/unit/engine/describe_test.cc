// What describe() says of a statement is what running it gives: for a statement of every kind.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "unit/engine/api_session.h"
#include "sql/parser.h"
#include "sql/statements.h"

namespace {

using rowan::ColumnInfo;
using rowan::StatementInfo;
using rowan::sql::StatementKind;
using rowan::testing::ApiSession;

constexpr const char* kTables = R"(
CREATE TABLE t (id integer PRIMARY KEY, name varchar(20), code char(3), price numeric(10,2), at timestamp(3) with time zone,
                span interval hour to minute, tags text[], amounts numeric(6,1)[]);
INSERT INTO t (id, name, price) VALUES (1, 'one', 1.5), (2, 'two', 2.5);
CREATE INDEX i ON t (name);
CREATE VIEW v AS SELECT id, price FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id, price FROM t;
CREATE SEQUENCE s;
CREATE SCHEMA other;
CREATE BRANCH dev;
CREATE TAG one;
CREATE TABLE u (a integer PRIMARY KEY);
)";
constexpr const char* kPending =
    "UPDATE t SET price = 3 WHERE id = 1; CHECKOUT dev; UPDATE t SET price = 4 WHERE id = 1; CHECKOUT main; "
    "MERGE dev WITH MANUAL RESOLUTION";

struct Case {
  std::string sql;
  std::string before = {};
  bool runs = true;
};

const std::vector<Case> kCases = {
    {"SELECT *, id + 1 AS more, now(), NULL AS nothing, 'x' FROM t"},
    {"VALUES (1, 'a'), (2, NULL)"},
    {"SELECT * FROM rowan.create_branch('b')"},
    {"CALL rowan.create_branch('b')"},
    {"INSERT INTO t (id) VALUES (7) RETURNING id, name, price, tags"},
    {"INSERT INTO t (id) VALUES (7)"},
    {"UPDATE t SET price = 1 RETURNING *"},
    {"DELETE FROM t RETURNING code, at"},
    {"COPY t TO '/dev/null'"},
    {"EXPLAIN SELECT * FROM t"},
    {"EXPLAIN ANALYZE SELECT * FROM t"},
    {"TRUNCATE TABLE t"},
    {"CREATE SCHEMA x"},
    {"DROP SCHEMA other"},
    {"CREATE DATABASE d"},
    {"DROP DATABASE other"},
    {"CREATE TABLE x (a integer)"},
    {"DROP TABLE u"},
    {"ALTER TABLE t ADD COLUMN c integer"},
    {"ALTER VIEW v RENAME TO w"},
    {"CREATE INDEX j ON t (price)"},
    {"DROP INDEX i"},
    {"CREATE VIEW w AS SELECT 1 AS a"},
    {"REFRESH MATERIALIZED VIEW m"},
    {"CREATE SEQUENCE q"},
    {"ALTER SEQUENCE s RESTART"},
    {"BEGIN"},
    {"COMMIT", "BEGIN"},
    {"ROLLBACK", "BEGIN"},
    {"SAVEPOINT a", "BEGIN"},
    {"RELEASE SAVEPOINT a", "BEGIN; SAVEPOINT a"},
    {"ROLLBACK TO SAVEPOINT a", "BEGIN; SAVEPOINT a"},
    {"SET TRANSACTION READ ONLY", "BEGIN"},
    {"SET work_mem = '64kB'"},
    {"SHOW work_mem"},
    {"SHOW ALL"},
    {"SHOW transaction_isolation"},
    {"RESET ALL"},
    {"DISCARD ALL"},
    {"PREPARE p AS SELECT id, price FROM t"},
    {"EXECUTE p", "PREPARE p AS SELECT id, price FROM t"},
    {"EXECUTE p (8)", "PREPARE p AS INSERT INTO t (id) VALUES ($1) RETURNING price"},
    {"DEALLOCATE p", "PREPARE p AS SELECT 1"},
    {"CHECKPOINT"},
    {"DECLARE c CURSOR FOR SELECT id, price FROM t", "BEGIN"},
    {"DECLARE c CURSOR WITH HOLD FOR SELECT 1"},
    {"FETCH 2 FROM c", "DECLARE c CURSOR WITH HOLD FOR SELECT id, price FROM t"},
    {"MOVE c", "DECLARE c CURSOR WITH HOLD FOR SELECT id, price FROM t"},
    {"CLOSE c", "DECLARE c CURSOR WITH HOLD FOR SELECT 1"},
    {"VACUUM t"},
    {"ANALYZE"},
    {"SHOW LOG"},
    {"SHOW TRANSACTIONS"},
    {"SHOW DIFF 'HEAD~3..HEAD'"},
    {"SHOW DIFF STAT FROM 'HEAD~3'"},
    {"BLAME t"},
    {"BLAME t KEY 1 CELLS"},
    {"SHOW BRANCHES"},
    {"SHOW TAGS"},
    {"SHOW FOREIGN"},
    {"SHOW REFLOG"},
    {"SHOW TABLES"},
    {"SHOW VIEWS"},
    {"SHOW INDEXES ON t"},
    {"SHOW DATABASES"},
    {"SHOW STATUS"},
    {"DESCRIBE t"},
    {"SHOW MERGE CONFLICTS", kPending},
    {"CREATE BRANCH b"},
    {"DROP BRANCH dev"},
    {"RENAME BRANCH dev TO b"},
    {"CHECKOUT dev"},
    {"PROTECT BRANCH dev"},
    {"UNPROTECT BRANCH dev"},
    {"ALTER BRANCH dev SET HISTORY POLICY EVERY '1 day'"},
    {"ALTER BRANCH dev DROP HISTORY POLICY", "ALTER BRANCH dev SET HISTORY POLICY EVERY '1 day'"},
    {"CREATE TAG two"},
    {"CREATE SNAPSHOT two"},
    {"DROP TAG one"},
    {"DROP SNAPSHOT two", "CREATE SNAPSHOT two"},
    {"MERGE main", "CHECKOUT dev"},
    {"RESOLVE CONFLICTS USING HEAD", kPending},
    {"COMMIT MERGE", std::string(kPending) + "; RESOLVE CONFLICTS USING HEAD"},
    {"ABORT MERGE", kPending},
    {"RESTORE ALL TO 'HEAD~1'"},
    {"REVERT HEAD"},
    {"CHERRY-PICK dev", "CHECKOUT dev; INSERT INTO t (id) VALUES (9); CHECKOUT main"},
    {"RESET TO 'HEAD~1'"},
    {"REBASE ONTO main", "CHECKOUT dev"},
    {"SQUASH SINCE 'HEAD~2'", "INSERT INTO u VALUES (1)"},
    {"TAKE FOREIGN 'x'", "", false},
    {"DROP FOREIGN 'x'", "", false},
};

std::string shape(const std::vector<ColumnInfo>& columns) {
  std::string out;
  for (const ColumnInfo& column : columns) {
    out += column.name + " " + column.type_name + " " + std::to_string(column.type_oid) + " " +
           std::to_string(column.type_modifier) + " " + std::to_string(column.type_size) + "; ";
  }
  return out;
}

std::string types(const StatementInfo& info) {
  std::string out;
  for (const auto& parameter : info.parameters)
    out += parameter.type_name + " " + std::to_string(parameter.type_oid) + "; ";
  return out;
}

}  // namespace

TEST_CASE("what describe() says is what run() gives, for every kind of statement") {
  std::set<StatementKind> seen;
  for (const Case& one : kCases) {
    const std::string sql = one.sql;
    CAPTURE(sql);
    const auto parsed = rowan::sql::parse_statement(sql);
    REQUIRE(parsed.has_value());
    seen.insert(parsed->statement->kind);
    ApiSession it;
    it.must(kTables);
    if (!one.before.empty()) it.must(one.before);
    const auto statement = it.prepare(sql);
    const auto state = it.session->transaction_state();
    auto info = statement->describe();
    if (!one.runs && !info.ok()) continue;
    REQUIRE_MESSAGE(info.ok(), (info.ok() ? "" : info.failure().message));
    CHECK(info->words == rowan::sql::words_of(*parsed->statement));
    CHECK(it.session->transaction_state() == state);
    auto rows = statement->run();
    if (!one.runs) continue;
    REQUIRE_MESSAGE(rows.ok(), (rows.ok() ? "" : rows.failure().message));
    CHECK(shape(info->columns) == shape((*rows)->columns()));
    CHECK(info->gives_rows == !(*rows)->columns().empty());
  }
  const auto is_kind_seen = [&](StatementKind kind) { return seen.contains(kind); };
#define STATEMENT(kind, its_class, words, ...) CHECK_MESSAGE(is_kind_seen(StatementKind::kind), words);
#include "sql/statements.def"
#undef STATEMENT
}

TEST_CASE("columns are known where names and messages are parameters") {
  ApiSession it;
  it.must(kTables);
  struct ByParameters {
    const char* sql;
    std::vector<rowan::Parameter> parameters;
    const char* before = "";
  };
  const ByParameters cases[] = {
      {"MERGE $1", {"main"}, "CHECKOUT dev"},
      {"ABORT MERGE", {}, kPending},
      {"CHECKOUT $1", {"dev"}},
      {"SHOW DIFF $1", {"HEAD~1"}},
      {"SHOW LOG ON $1 SINCE $2 LIMIT $3", {"HEAD", "2001-01-01", int64_t{1}}},
      {"SHOW LOG FOR t KEY $1 AUTHOR $2", {int64_t{1}, "x"}},
      {"BLAME t KEY $1 AS OF $2", {int64_t{1}, "HEAD"}},
      {"SELECT * FROM t AS OF TIMESTAMP $1", {"2099-01-01"}},
      {"SELECT * FROM t FOR SYSTEM_TIME BETWEEN $1 AND $2", {"2001-01-01", "2099-01-01"}},
      {"EXECUTE p ('HEAD')", {}, "PREPARE p AS SELECT * FROM t AS OF $1"},
      {"EXPLAIN SELECT * FROM t AS OF $1", {"HEAD"}},
      {"CREATE TAG $1", {"three"}},
  };
  for (const ByParameters& one : cases) {
    const std::string sql = one.sql;
    CAPTURE(sql);
    it.must(one.before);
    const auto statement = it.prepare(sql);
    auto info = statement->describe();
    REQUIRE_MESSAGE(info.ok(), (info.ok() ? "" : info.failure().message));
    auto rows = statement->run(one.parameters);
    REQUIRE_MESSAGE(rows.ok(), (rows.ok() ? "" : rows.failure().message));
    CHECK(shape(info->columns) == shape((*rows)->columns()));
    CHECK(info->gives_rows == !(*rows)->columns().empty());
    rows = rowan::Outcome<std::unique_ptr<rowan::Rows>>(std::unique_ptr<rowan::Rows>());
    it.must("CHECKOUT main");
  }
}

TEST_CASE("columns follow the values of parameters once these are known") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer PRIMARY KEY)");
  it.must("CREATE TAG one");
  it.must("ALTER TABLE t ADD COLUMN b text");
  struct Case {
    const char* sql;
    bool follows;
  };
  const Case cases[] = {{"SELECT * FROM t AS OF $1", true},
                        {"SELECT * FROM t@$1", true},
                        {"EXPLAIN SELECT * FROM t AS OF $1", true},
                        {"SHOW DIFF FOR t FROM $1", true},
                        {"SELECT * FROM t WHERE b = $1", false},
                        {"CREATE BRANCH x FROM $1", false}};
  for (const Case& one : cases) {
    const std::string sql = one.sql;
    CAPTURE(sql);
    const auto statement = it.prepare(sql);
    auto before = statement->describe();
    REQUIRE_MESSAGE(before.ok(), (before.ok() ? "" : before.failure().message));
    CHECK(before->follows_values == one.follows);
    auto with = statement->describe({"one"});
    REQUIRE_MESSAGE(with.ok(), (with.ok() ? "" : with.failure().message));
    CHECK(types(*with) == "text 25; ");
    auto rows = statement->run({"one"});
    REQUIRE_MESSAGE(rows.ok(), (rows.ok() ? "" : rows.failure().message));
    CHECK(shape(with->columns) == shape((*rows)->columns()));
  }
  const auto old = it.prepare("SELECT * FROM t AS OF $1");
  CHECK(old->describe()->columns.size() == 2);
  CHECK(old->describe({"one"})->columns.size() == 1);
  CHECK(old->describe()->columns.size() == 2);
  CHECK(old->describe({"two"}).failure().sqlstate == "VC002");
  CHECK(old->describe({rowan::Parameter()}).failure().sqlstate == "22023");
  CHECK(old->describe(std::vector<rowan::Parameter>()).failure().sqlstate == "42P02");
}

TEST_CASE("values are checked against their types before a statement runs") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer PRIMARY KEY, b date)");
  const auto statement = it.prepare("INSERT INTO t VALUES ($1, $2)");
  REQUIRE(statement->describe().ok());
  CHECK(statement->check({"1", "2024-02-29"}).ok());
  CHECK(statement->check({int64_t{1}, rowan::Parameter()}).ok());
  CHECK(statement->check({"x", "2024-02-29"}).failure().sqlstate == "22P02");
  CHECK(statement->check({"1", "2023-02-29"}).failure().sqlstate == "22008");
  CHECK(statement->check({rowan::BinaryValue{"\1"}, "2024-02-29"}).failure().sqlstate == "08P01");
  CHECK(statement->check({"1"}).failure().sqlstate == "42P02");
  it.must("BEGIN");
  CHECK(!statement->check({"x", "x"}).ok());
  CHECK(it.session->transaction_state() == rowan::TransactionState::kFailed);
}

TEST_CASE("what a statement would show is not read to describe it") {
  // Messages that do not go into the memory of all statements: whoever makes the rows ends in 53200.
  constexpr size_t kMemoryBytes = 256 << 10;
  constexpr int kCommits = 100;
  rowan::OpenOptions options;
  options.memory_bytes = kMemoryBytes;
  auto opened = rowan::Database::open(":memory:", options);
  REQUIRE(opened.ok());
  auto connected = (*opened)->connect();
  REQUIRE(connected.ok());
  rowan::Session& session = **connected;
  const std::string message(8 << 10, 'm');
  REQUIRE(session.run("CREATE TABLE t (id integer PRIMARY KEY)").ok());
  for (int i = 0; i < kCommits; ++i) {
    auto made = session.run_script("BEGIN; INSERT INTO t VALUES (" + std::to_string(i) +
                                   "); COMMIT MESSAGE '" + message + "'");
    REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.failure().message));
  }
  for (const std::string sql : {"SHOW LOG", "SHOW TRANSACTIONS", "SHOW LOG FOR t"}) {
    CAPTURE(sql);
    auto statement = session.prepare(sql);
    REQUIRE(statement.ok());
    auto info = (*statement)->describe();
    REQUIRE_MESSAGE(info.ok(), (info.ok() ? "" : info.failure().message));
    CHECK(info->columns.size() >= 4);
    const auto rows = (*statement)->run();
    REQUIRE(!rows.ok());
    CHECK(rows.failure().sqlstate == "53200");
  }
}

TEST_CASE("columns have PostgreSQL's oids, sizes and modifiers") {
  ApiSession it;
  it.must(kTables);
  auto info = it.prepare("SELECT * FROM t")->describe();
  REQUIRE(info.ok());
  CHECK(shape(info->columns) ==
        "id integer 23 -1 4; name character varying(20) 1043 24 -1; code character(3) 1042 7 -1; "
        "price numeric(10,2) 1700 655366 -1; at timestamp(3) with time zone 1184 3 8; "
        "span interval hour to minute 1186 201392127 16; tags text[] 1009 -1 -1; "
        "amounts numeric(6,1)[] 1231 393221 -1; ");
}

TEST_CASE("parameters have the types that a statement gives them") {
  ApiSession it;
  it.must(kTables);
  const auto types_of = [&](const std::string& sql, const std::vector<uint32_t>& oids = {}) {
    const auto statement = it.prepare(sql, oids);
    auto info = statement->describe();
    if (!info.ok()) return info.failure().sqlstate + " " + info.failure().message;
    CHECK(info->parameters.size() == statement->parameter_count());
    return types(*info);
  };
  CHECK(types_of("SELECT * FROM t WHERE id = $1 AND price > $2 LIMIT $3") ==
        "integer 23; numeric 1700; bigint 20; ");
  CHECK(types_of("SELECT $1 + 1, $2::date, $3") == "integer 23; date 1082; text 25; ");
  CHECK(types_of("INSERT INTO t (id, name, tags) VALUES ($1, $2, $3)") ==
        "integer 23; character varying 1043; text[] 1009; ");
  CHECK(types_of("UPDATE t SET price = $2 WHERE id = $1") == "integer 23; numeric 1700; ");
  CHECK(types_of("DELETE FROM t WHERE id = ANY ($1)") == "integer[] 1007; ");
  CHECK(types_of("EXPLAIN SELECT * FROM t WHERE id = $1") == "integer 23; ");
  // Those given win over those inferred; 0 and unknown are inferred.
  CHECK(types_of("SELECT * FROM t WHERE id = $1 AND price > $2", {20, 0}) ==
        "bigint 20; numeric 1700; ");
  CHECK(types_of("SELECT $1", {705}) == "text 25; ");
  CHECK(types_of("SELECT 1", {23}) == "integer 23; ");
  CHECK(types_of("SELECT * FROM rowan.merge($1, dry_run => $2)") == "text 25; boolean 16; ");
  CHECK(types_of("SELECT * FROM rowan.merge($1, messages => $2)").starts_with("42883"));
  CHECK(types_of("SELECT * FROM rowan.merge($1, $2, $3, $4)") ==
        "text 25; text 25; text 25; boolean 16; ");
  CHECK(types_of("MERGE $1 MESSAGE $2") == "text 25; text 25; ");
  CHECK(types_of("SHOW DIFF $1") == "text 25; ");
  CHECK(types_of("SELECT id FROM t AS OF $2 WHERE id = $1") == "integer 23; text 25; ");
  const auto unknown = it.session->prepare("SELECT $1", {999999});
  REQUIRE(!unknown.ok());
  CHECK(unknown.failure().sqlstate == "42704");
}

TEST_CASE("a text with nothing in it is a statement that gives nothing") {
  ApiSession it;
  for (const char* text : {"", " ", ";", "-- nothing\n", "/* */ ;;"}) {
    CAPTURE(text);
    const auto statement = it.prepare(text);
    auto info = statement->describe();
    REQUIRE(info.ok());
    CHECK(info->words.empty());
    CHECK(!info->gives_rows);
    CHECK(ApiSession::read(statement->run()).empty());
  }
}

TEST_CASE("describe() of what is wrong fails as run() does, and fails a block") {
  ApiSession it;
  it.must(kTables);
  for (const char* sql : {"SELECT nowhere FROM t", "INSERT INTO missing VALUES (1)", "EXECUTE q",
                          "SHOW no_setting"}) {
    CAPTURE(sql);
    const auto statement = it.prepare(sql);
    const auto info = statement->describe();
    auto rows = statement->run();
    REQUIRE(!info.ok());
    REQUIRE(!rows.ok());
    CHECK(info.failure().sqlstate == rows.failure().sqlstate);
    CHECK(info.failure().message == rows.failure().message);
    it.must("BEGIN");
    CHECK(!it.prepare(sql)->describe().ok());
    CHECK(it.session->transaction_state() == rowan::TransactionState::kFailed);
    const auto later = it.prepare("SELECT 1")->describe();
    REQUIRE(!later.ok());
    CHECK(later.failure().sqlstate == "25P02");
    it.must("ROLLBACK");
  }
}

TEST_CASE("a statement is planned once, for describe() and run() together") {
  ApiSession it;
  it.must(kTables);
  it.must("CREATE TABLE p (id integer PRIMARY KEY, price numeric(10,2)); INSERT INTO p VALUES (1, 1.5)");
  const auto statement = it.prepare("SELECT price FROM p WHERE id = $1");
  REQUIRE(statement->describe().ok());
  CHECK(ApiSession::read(statement->run({int64_t{1}})) == "1.50;SELECT 1");
  it.must("ALTER TABLE p ALTER COLUMN price TYPE integer");
  auto info = statement->describe();
  REQUIRE(info.ok());
  CHECK(info->columns[0].type_name == "integer");
  CHECK(ApiSession::read(statement->run({int64_t{1}})) == "2;SELECT 1");
}

TEST_CASE("values go out as text and in PostgreSQL's binary form, and come in so") {
  ApiSession it;
  it.must(kTables);
  it.must("UPDATE t SET at = '2024-02-03 04:05:06.789Z', span = '3:04', tags = '{a,NULL}', code = 'x' WHERE id = 1");
  auto rows = it.session->run("SELECT * FROM t WHERE id = 1");
  REQUIRE(rows.ok());
  REQUIRE(*(*rows)->next());
  std::vector<std::string> binary;
  for (size_t i = 0; i < (*rows)->columns().size(); ++i) {
    if ((*rows)->is_null(i)) continue;
    std::string text = "before:", bytes;
    (*rows)->append(i, rowan::Format::kText, text);
    CHECK(text == "before:" + (*rows)->get_text(i));
    (*rows)->append(i, rowan::Format::kBinary, bytes);
    const std::string type = (*rows)->columns()[i].type_name;
    const std::string name = (*rows)->columns()[i].name;
    CAPTURE(name);
    CHECK(it.ask("SELECT $1::" + type + " IS NOT DISTINCT FROM " + name + " FROM t WHERE id = 1",
                 {rowan::BinaryValue{bytes}}) == "t;SELECT 1");
    binary.push_back(bytes);
  }
  CHECK(binary[0] == std::string("\0\0\0\1", 4));
  CHECK(it.ask("SELECT $1::integer", {rowan::BinaryValue{"abc"}}).starts_with("08P01"));
  // A streamed result as well.
  auto streamed = it.session->run("SELECT id FROM t ORDER BY price");
  REQUIRE(streamed.ok());
  REQUIRE(*(*streamed)->next());
  std::string bytes;
  (*streamed)->append(0, rowan::Format::kBinary, bytes);
  CHECK(bytes == std::string("\0\0\0\1", 4));
}
