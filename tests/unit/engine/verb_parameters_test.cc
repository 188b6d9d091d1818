// Names, revisions and messages are parameters: in the verbs as functions, and wherever a statement
// of version control has one. Whatever is in a value, it is that value and never SQL.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace {

using rowan::Database;
using rowan::Parameter;
using rowan::Session;

class Asking {
 public:
  Asking() {
    auto opened = Database::open(":memory:");
    REQUIRE(opened.ok());
    database_ = std::move(*opened);
    auto connected = database_->connect();
    REQUIRE(connected.ok());
    session = std::move(*connected);
  }
  // Every row as its values with '|' between, every row with a ';' behind; or the SQLSTATE.
  std::string ask(const std::string& sql, const std::vector<Parameter>& parameters = {}) {
    auto rows = session->run(sql, parameters);
    if (!rows.ok()) {
      message = rows.failure().message;
      return rows.failure().sqlstate;
    }
    std::string out;
    for (;;) {
      auto more = (*rows)->next();
      if (!more.ok()) return more.failure().sqlstate;
      if (!*more) return out;
      for (size_t i = 0; i < (*rows)->columns().size(); ++i) {
        out += i > 0 ? "|" : "";
        out += (*rows)->is_null(i) ? "NULL" : (*rows)->get_text(i);
      }
      out += ';';
    }
  }
  std::string columns(const std::string& sql, const std::vector<Parameter>& parameters = {}) {
    auto rows = session->run(sql, parameters);
    REQUIRE(rows.ok());
    std::string out;
    for (const auto& column : (*rows)->columns()) out += column.name + " ";
    return out;
  }

  std::unique_ptr<Session> session;
  std::string message;

 private:
  std::unique_ptr<Database> database_;
};

Parameter text(std::string value) { return Parameter(std::move(value)); }

// As evil as Git lets a branch's name be.
const std::string kOdd = "it's;--$1\"drop";

}  // namespace

TEST_CASE("a verb's arguments are parameters") {
  Asking it;
  it.ask("CREATE TABLE t (id integer PRIMARY KEY, n integer)");
  it.ask("INSERT INTO t VALUES (1, 1)");
  CHECK(it.ask("SELECT * FROM rowan.create_branch($1, $2)", {text(kOdd), text("HEAD")}) ==
        "NULL|0|0|NULL;");
  CHECK(it.ask("SELECT branch FROM rowan.branches WHERE branch = $1", {text(kOdd)}) == kOdd + ";");
  it.ask("UPDATE t SET n = 5");
  CHECK(it.ask("CALL rowan.checkout($1)", {text(kOdd)}) == "NULL|0|0|NULL;");
  it.ask("UPDATE t SET n = 7");
  it.ask("CALL rowan.checkout('main')");
  CHECK(it.columns("SELECT * FROM rowan.merge($1, $2, $3, $4)",
                   {text(kOdd), text("manual"), text(""), true}) == "commit rows conflicts notice ");
  CHECK(it.columns("SELECT * FROM rowan.merge($1, $2)", {text(kOdd), text("manual")}) ==
        "commit rows conflicts notice ");
  CHECK(it.ask("SELECT * FROM rowan.resolve($1, $2, $3)", {text("theirs"), text("t"), int64_t{1}})
            .starts_with("NULL|0|0|no conflicts are left"));
  const std::string message = "it's done; -- $2";
  CHECK(it.ask("CALL rowan.commit_merge($1)", {text(message)}).find('|') == 40);
  CHECK(it.ask("SELECT message FROM rowan.log LIMIT 1") == message + ";");
  CHECK(it.ask("SELECT n FROM t") == "7;");
  // A prepared call runs again with other values.
  auto prepared = it.session->prepare("CALL rowan.tag($1, $2)");
  REQUIRE(prepared.ok());
  CHECK((*prepared)->parameter_count() == 2);
  REQUIRE((*prepared)->run({text("one"), text("HEAD")}).ok());
  REQUIRE((*prepared)->run({text("two"), Parameter()}).ok());
  CHECK(it.ask("SELECT count(*) FROM rowan.tags") == "2;");
  CHECK(it.ask("CALL rowan.tag($1)", {Parameter()}) == "22023");
  CHECK(it.ask("CALL rowan.tag($1)") == "42P02");
}

TEST_CASE("revisions, names and messages of statements are parameters") {
  Asking it;
  it.ask("CREATE TABLE t (id integer PRIMARY KEY, n integer)");
  it.ask("INSERT INTO t VALUES (1, 1)");
  CHECK(it.ask("CREATE TAG $1 MESSAGE $2", {text("v1"), text("it's")}).empty());
  it.ask("UPDATE t SET n = 2");
  CHECK(it.ask("SELECT n FROM t AS OF $1", {text("v1")}) == "1;");
  CHECK(it.ask("SELECT n FROM t@$1", {text("v1")}) == "1;");
  CHECK(it.ask("SELECT a.n, b.n FROM t AS OF $2 AS a, t AS OF $1 AS b", {text("v1"), text("HEAD")}) ==
        "2|1;");
  const std::string plain = it.ask("SHOW DIFF FROM 'v1' TO 'HEAD'");
  CHECK(!plain.empty());
  CHECK(it.ask("SHOW DIFF FROM $1 TO $2", {text("v1"), text("HEAD")}) == plain);
  CHECK(it.ask("SHOW DIFF $1", {text("v1..HEAD")}) == plain);
  CHECK(it.ask("SHOW LOG ON $1 LIMIT 1", {text("v1")}) == it.ask("SHOW LOG ON v1 LIMIT 1"));
  CHECK(it.ask("BLAME t AS OF $1", {text("v1")}) == it.ask("BLAME t AS OF 'v1'"));
  CHECK(it.ask("CREATE BRANCH $1 FROM $2", {text(kOdd), text("v1")}).empty());
  CHECK(it.ask("SHOW REFLOG $1", {text(kOdd)}) == it.ask("SELECT * FROM rowan.reflog($1)", {text(kOdd)}));
  CHECK(it.ask("CHECKOUT $1", {text(kOdd)}).empty());
  CHECK(it.ask("SELECT n FROM t") == "1;");
  it.ask("INSERT INTO t VALUES (3, 3)");
  it.ask("CHECKOUT main");
  CHECK(it.ask("MERGE $1 MESSAGE $2", {text(kOdd), text("'; DROP TABLE t; --")}) != "42601");
  CHECK(it.ask("SELECT message FROM rowan.log LIMIT 1") == "'; DROP TABLE t; --;");
  CHECK(it.ask("SELECT count(*) FROM t") == "2;");
  it.ask("RESTORE TABLE t TO $1 MESSAGE $2", {text("v1"), text("back")});
  CHECK(it.ask("SELECT n FROM t") == "1;");
  it.ask("REVERT $1", {text("HEAD")});
  CHECK(it.ask("SELECT count(*) FROM t") == "2;");
  it.ask("RESET TO $1", {text("v1")});
  CHECK(it.ask("SELECT n FROM t") == "1;");
  it.ask("RENAME BRANCH $1 TO $2", {text(kOdd), text("plain")});
  it.ask("DROP BRANCH $1 FORCE", {text("plain")});
  CHECK(it.ask("SELECT branch FROM rowan.branches") == "main;");
  CHECK(it.ask("DROP TAG $1", {text("v1")}).empty());
}

TEST_CASE("arguments of verbs have names") {
  Asking it;
  it.ask("CREATE TABLE t (id integer PRIMARY KEY, n integer)");
  it.ask("INSERT INTO t VALUES (1, 1)");
  CHECK(it.ask("CALL rowan.create_branch(name => 'a')") == "NULL|0|0|NULL;");
  CHECK(it.ask("CALL rowan.create_branch('a', if_not_exists => true)").find("skipping") !=
        std::string::npos);
  CHECK(it.ask("SELECT * FROM rowan.create_branch(revision => $2, name => $1)",
               {text("b"), text("HEAD")}) == "NULL|0|0|NULL;");
  it.ask("CHECKOUT a");
  it.ask("UPDATE t SET n = 2");
  it.ask("CHECKOUT main");
  CHECK(it.ask("SELECT * FROM rowan.merge(source => 'a', message => 'by name', policy := 'ours')")
            .find('|') == 40);
  it.ask("RESTORE ALL TO 'HEAD~1'");
  CHECK(it.ask("CALL rowan.restore('a', message => 'back', table => 't')") != "42601");
  CHECK(it.ask("SELECT message FROM rowan.log LIMIT 1") == "back;");
  CHECK(it.ask("SELECT count(*) FROM rowan.log(revision => 'a', \"table\" => 't')") == "3;");
  CHECK(it.ask("SELECT count(*) FROM rowan.log(table => 't')") != "42883");
  CHECK(it.ask("SELECT \"table\" FROM rowan.diff_stat(to => 'main', from => 'main~1')") == "t;");
  CHECK(it.ask("SELECT count(*) FROM rowan.diff(table => 't', range => 'main~1..main')") == "1;");

  CHECK(it.ask("CALL rowan.merge(policy => 'ours')") == "42883");
  CHECK(it.message == "function rowan.merge(policy => unknown) does not exist");
  CHECK(it.ask("CALL rowan.merge('a', source => 'b')") == "42883");
  CHECK(it.ask("CALL rowan.merge('a', foo => 1)") == "42883");
  CHECK(it.message == "function rowan.merge(unknown, foo => integer) does not exist");
  CHECK(it.ask("CALL rowan.merge(source => 'a', 'ours')") == "42601");
  CHECK(it.message == "positional argument cannot follow named argument");
  CHECK(it.ask("CALL rowan.merge(source => 'a', source => 'b')") == "42601");
  CHECK(it.ask("SELECT * FROM rowan.reflog(b => 'main')") == "42883");
}

TEST_CASE("several branches are merged by one call") {
  Asking it;
  it.ask("CREATE TABLE t (id integer PRIMARY KEY)");
  for (const std::string branch : {"a", "b", "c"}) {
    it.ask("CREATE BRANCH " + branch);
    it.ask("CHECKOUT " + branch);
    it.ask("INSERT INTO t VALUES (" + std::to_string(branch[0]) + ")");
    it.ask("CHECKOUT main");
  }
  CHECK(it.ask("SELECT * FROM rowan.merge_octopus(ARRAY['a', 'b'], message => 'two')").find('|') == 40);
  CHECK(it.ask("SELECT message, parents FROM rowan.log LIMIT 1").substr(0, 4) == "two|");
  CHECK(it.ask("SELECT id FROM t ORDER BY id") == "97;98;");
  CHECK(it.ask("CALL rowan.merge_octopus(sources => $1)", {text("{c}")}) != "42883");
  CHECK(it.ask("SELECT count(*) FROM t") == "3;");
  CHECK(it.ask("CALL rowan.merge_octopus(ARRAY[]::text[])") == "22023");
  CHECK(it.ask("CALL rowan.merge_octopus(ARRAY['a', NULL])") == "22023");
  CHECK(it.ask("CALL rowan.merge_octopus('a')") == "22P02");
}

TEST_CASE("a commit says which branch a parameter named") {
  Asking it;
  it.ask("SET commit_statement = full");
  it.ask("CREATE TABLE t (id integer PRIMARY KEY)");
  it.ask("CREATE BRANCH a");
  it.ask("CHECKOUT a");
  it.ask("INSERT INTO t VALUES (1)");
  it.ask("CHECKOUT main");
  it.ask("INSERT INTO t VALUES (2)");
  const std::string sql = " MERGE $1 MESSAGE $2";
  auto merge = it.session->prepare(sql);
  REQUIRE(merge.ok());
  REQUIRE((*merge)->run({text("a"), text("it's")}).ok());
  CHECK(it.ask("SELECT body FROM rowan.log LIMIT 1").starts_with("MERGE 'a' MESSAGE 'it''s'"));
  // Run again, other values are in their places.
  CHECK(!(*merge)->run({text("nowhere"), text("")}).ok());
  it.ask("CREATE VIEW v AS SELECT count(*) FROM t AS OF $1", {text("a")});
  CHECK(it.ask("SELECT * FROM v") == "1;");
}

TEST_CASE("times and limits are parameters") {
  Asking it;
  it.ask("CREATE TABLE t (id integer PRIMARY KEY)");
  it.ask("INSERT INTO t VALUES (1)");
  it.ask("INSERT INTO t VALUES (2)");
  CHECK(it.ask("SELECT count(*) FROM t AS OF TIMESTAMP $1", {text("2099-01-01")}) == "2;");
  CHECK(it.ask("SELECT count(*) FROM t AS OF TIMESTAMP $1::timestamptz + $2::interval", {text("2099-01-01"), text("1 day")}) ==
        "2;");
  CHECK(it.ask("SELECT count(*) FROM t FOR SYSTEM_TIME AS OF $1 WHERE id = $2",
               {text("2099-01-01"), int64_t{2}}) == "1;");
  CHECK(it.ask("SELECT count(*) FROM t FOR SYSTEM_TIME FROM $1 TO $2",
               {text("2001-01-01"), text("2099-01-01")}) == "2;");
  CHECK(it.ask("SELECT count(*) FROM t AS OF TIMESTAMP $1", {text("x")}) == "22007");
  CHECK(it.ask("SELECT count(*) FROM t AS OF TIMESTAMP $1", {Parameter()}) == "22023");
  CHECK(it.ask("SELECT count(*) FROM t AS OF TIMESTAMP $1") == "42P02");
  CHECK(it.ask("SHOW LOG LIMIT $1", {int64_t{1}}) == it.ask("SHOW LOG LIMIT 1"));
  CHECK(it.ask("SHOW LOG LIMIT $1", {int64_t{-1}}) == "2201W");
  CHECK(it.ask("SHOW LOG SINCE $1", {text("2099-01-01")}).empty());
  CHECK(it.ask("SHOW LOG FOR t KEY $1", {int64_t{2}}) == it.ask("SHOW LOG FOR t KEY 2"));
  CHECK(it.ask("SHOW LOG GREP $1", {text("nothing has this")}).empty());
  CHECK(it.ask("BLAME t KEY $1", {int64_t{2}}) == it.ask("BLAME t KEY 2"));
  CHECK(it.ask("EXECUTE p(1)") == "26000");
}

TEST_CASE("what cannot be a name is refused") {
  Asking it;
  CHECK(it.ask("CREATE BRANCH $1", {Parameter()}) == "22023");
  CHECK(it.message == "parameter $1 stands for a name and must not be null");
  CHECK(it.ask("CREATE BRANCH $1", {true}) == "42804");
  CHECK(it.ask("CREATE BRANCH $1") == "42P02");
  CHECK(it.ask("CREATE BRANCH $1", {text("")}) != "");
  CHECK(it.ask("CREATE BRANCH $1", {text("a b")}) == "42602");
  CHECK(it.ask("SELECT count(*) FROM rowan.branches") == "1;");
}
