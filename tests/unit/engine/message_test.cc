// Several statements of a message, or of a pipeline, are one implicit transaction, as PostgreSQL 15 has
// it: what is expected here it said itself, through psql -c.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/engine/api_session.h"

namespace {

using rowan::Notice;
using rowan::Outcome;
using rowan::Rows;
using rowan::TransactionState;
using rowan::testing::ApiSession;

// Everything in the order in which it comes: notices, rows and tags, the failure.
std::string message(ApiSession& it, const std::string& sql) {
  std::string out;
  it.session->set_notice_handler([&](const Notice& notice) {
    out += notice.severity + " " + notice.sqlstate + " " + notice.message + "\n";
  });
  const auto ran = it.session->run_message(sql, [&](Rows& rows) -> Outcome<bool> {
    for (;;) {
      auto more = rows.next();
      if (!more.ok()) return more.failure();
      if (!*more) break;
      for (size_t i = 0; i < rows.columns().size(); ++i)
        out += (i > 0 ? "|" : "") + rows.get_text(i);
      out += "\n";
    }
    out += rows.tag() + "\n";
    return true;
  });
  if (!ran.ok()) out += "ERROR " + ran.failure().sqlstate + " " + ran.failure().message + "\n";
  it.session->set_notice_handler(nullptr);
  return out;
}

std::string rows_of_m(ApiSession& it) { return it.ask("SELECT a FROM m ORDER BY a"); }

}  // namespace

TEST_CASE("the statements of a message are one transaction, as PostgreSQL has it") {
  struct Case {
    const char* sql;
    const char* says;
    const char* leaves = "1;SELECT 1";
    TransactionState state = TransactionState::kIdle;
  };
  const Case cases[] = {
      {"INSERT INTO m VALUES (2); SELECT 1/0",
       "INSERT 0 1\nERROR 22012 division by zero\n"},
      {"INSERT INTO m VALUES (2); INSERT INTO m VALUES (3)", "INSERT 0 1\nINSERT 0 1\n",
       "1;2;3;SELECT 3"},
      {"INSERT INTO m VALUES (2); COMMIT; INSERT INTO m VALUES (3); SELECT 1/0",
       "INSERT 0 1\nWARNING 25P01 there is no transaction in progress\nCOMMIT\nINSERT 0 1\n"
       "ERROR 22012 division by zero\n",
       "1;2;SELECT 2"},
      {"INSERT INTO m VALUES (2); ROLLBACK; INSERT INTO m VALUES (3)",
       "INSERT 0 1\nWARNING 25P01 there is no transaction in progress\nROLLBACK\nINSERT 0 1\n",
       "1;3;SELECT 2"},
      {"INSERT INTO m VALUES (2); BEGIN; INSERT INTO m VALUES (3); SELECT 1/0",
       "INSERT 0 1\nBEGIN\nINSERT 0 1\nERROR 22012 division by zero\n", "1;SELECT 1",
       TransactionState::kFailed},
      {"INSERT INTO m VALUES (2); BEGIN; INSERT INTO m VALUES (3)", "INSERT 0 1\nBEGIN\nINSERT 0 1\n",
       "1;SELECT 1", TransactionState::kOpen},
      {"BEGIN; INSERT INTO m VALUES (2); COMMIT; INSERT INTO m VALUES (3); SELECT 1/0",
       "BEGIN\nINSERT 0 1\nCOMMIT\nINSERT 0 1\nERROR 22012 division by zero\n", "1;2;SELECT 2"},
      {"INSERT INTO m VALUES (2); SAVEPOINT a",
       "INSERT 0 1\nERROR 25P01 SAVEPOINT can only be used in transaction blocks\n"},
      {"INSERT INTO m VALUES (2); RELEASE SAVEPOINT a",
       "INSERT 0 1\nERROR 25P01 RELEASE SAVEPOINT can only be used in transaction blocks\n"},
      {"INSERT INTO m VALUES (2); ROLLBACK TO a",
       "INSERT 0 1\nERROR 25P01 ROLLBACK TO SAVEPOINT can only be used in transaction blocks\n"},
      {"INSERT INTO m VALUES (2); BEGIN ISOLATION LEVEL REPEATABLE READ",
       "INSERT 0 1\nERROR 25001 SET TRANSACTION ISOLATION LEVEL must be called before any query\n"},
      {"SET LOCAL application_name = 'x'; SHOW application_name", "SET\nx\nSHOW\n"},
      {"SET application_name = 'y'; SELECT 1/0", "SET\nERROR 22012 division by zero\n"},
      {"BEGIN; BEGIN; COMMIT; COMMIT",
       "BEGIN\nWARNING 25001 there is already a transaction in progress\nBEGIN\nCOMMIT\n"
       "WARNING 25P01 there is no transaction in progress\nCOMMIT\n"},
      {"SELECT 1; SET TRANSACTION READ ONLY; INSERT INTO m VALUES (2)",
       "1\nSELECT 1\nSET\nERROR 25006 cannot change data in a read-only transaction\n"},
      {"SELECT a FROM m; INSERT INTO m VALUES (2); SELECT a FROM m ORDER BY a",
       "1\nSELECT 1\nINSERT 0 1\n1\n2\nSELECT 2\n", "1;2;SELECT 2"},
      {"INSERT INTO m VALUES (2); SELECT syntax error",
       "INSERT 0 1\nERROR 42703 column \"syntax\" does not exist\n"},
      {"INSERT INTO m VALUES (2); SELECT FROM WHERE",
       "ERROR 42601 syntax error at or near \"WHERE\"\n"},
      // What no transaction takes: alone it is fine, behind others it is not.
      {"CREATE BRANCH b", "CREATE BRANCH\n"},
      {"INSERT INTO m VALUES (2); CREATE BRANCH b",
       "INSERT 0 1\nERROR 25001 CREATE BRANCH cannot run inside a transaction block\n"},
      {"SELECT 1; CREATE BRANCH b",
       "1\nSELECT 1\nERROR 25001 CREATE BRANCH cannot run inside a transaction block\n"},
      {"CREATE BRANCH b; INSERT INTO m VALUES (2)", "CREATE BRANCH\nINSERT 0 1\n", "1;2;SELECT 2"},
      {"SELECT 1; DISCARD ALL",
       "1\nSELECT 1\nERROR 25001 DISCARD ALL cannot run inside a transaction block\n"},
      {"COMMIT", "WARNING 25P01 there is no transaction in progress\nCOMMIT\n"},
      {"ROLLBACK", "WARNING 25P01 there is no transaction in progress\nROLLBACK\n"},
      {"SET LOCAL work_mem = '1MB'",
       "WARNING 25P01 SET LOCAL can only be used in transaction blocks\nSET\n"},
      {"SET TRANSACTION READ ONLY",
       "WARNING 25P01 SET TRANSACTION can only be used in transaction blocks\nSET\n"},
      {"", "\n"},
      {" ; ", "\n"},
  };
  for (const Case& one : cases) {
    const std::string sql = one.sql;
    CAPTURE(sql);
    ApiSession it;
    it.must("CREATE TABLE m (a integer PRIMARY KEY); INSERT INTO m VALUES (1)");
    CHECK(message(it, sql) == one.says);
    CHECK(it.session->transaction_state() == one.state);
    if (one.state != TransactionState::kIdle) it.must("ROLLBACK");
    CHECK(rows_of_m(it) == one.leaves);
    CHECK(it.session->setting("application_name").empty());
  }
}

TEST_CASE("a pipeline is one transaction from its first statement to its end") {
  ApiSession it;
  it.must("CREATE TABLE m (a integer PRIMARY KEY)");
  auto other = it.connect();
  const auto seen = [&] { return ApiSession::read(other->run("SELECT count(*) FROM m")); };
  it.session->begin_implicit();
  CHECK(it.ask("SELECT 1") == "1;SELECT 1");
  CHECK(it.ask("INSERT INTO m VALUES (1)") == "INSERT 0 1");
  it.session->begin_implicit();  // Again is as well.
  CHECK(it.ask("INSERT INTO m VALUES (2)") == "INSERT 0 1");
  CHECK(seen() == "0;SELECT 1");
  CHECK(it.session->transaction_state() == TransactionState::kIdle);
  REQUIRE(it.session->end_implicit().ok());
  CHECK(seen() == "2;SELECT 1");
  REQUIRE(it.session->end_implicit().ok());

  it.session->begin_implicit();
  CHECK(it.ask("INSERT INTO m VALUES (3)") == "INSERT 0 1");
  CHECK(it.ask("INSERT INTO m VALUES (1)").starts_with("23505"));
  REQUIRE(it.session->end_implicit().ok());
  CHECK(seen() == "2;SELECT 1");

  it.session->begin_implicit();
  CHECK(it.ask("INSERT INTO m VALUES (4)") == "INSERT 0 1");
  CHECK(it.ask("BEGIN") == "BEGIN");
  REQUIRE(it.session->end_implicit().ok());
  CHECK(it.session->transaction_state() == TransactionState::kOpen);
  CHECK(seen() == "2;SELECT 1");
  CHECK(it.ask("COMMIT") == "COMMIT");
  CHECK(seen() == "3;SELECT 1");

  // One that nobody ends is gone with its session.
  other->begin_implicit();
  CHECK(ApiSession::read(other->run("INSERT INTO m VALUES (5)")) == "INSERT 0 1");
  other.reset();
  CHECK(it.ask("SELECT count(*) FROM m") == "3;SELECT 1");
}

TEST_CASE("the statements of prepare_all run one by one, each over what those before made") {
  ApiSession it;
  auto statements = it.session->prepare_all(
      "CREATE TABLE n (a integer); INSERT INTO n VALUES (1), (2);; SELECT sum(a) FROM n");
  REQUIRE(statements.ok());
  REQUIRE(statements->size() == 3);
  CHECK((*statements)[1]->words() == "INSERT");
  it.session->begin_implicit();
  CHECK(ApiSession::read((*statements)[0]->run()) == "CREATE TABLE");
  CHECK(ApiSession::read((*statements)[1]->run()) == "INSERT 0 2");
  CHECK(ApiSession::read((*statements)[2]->run()) == "3;SELECT 1");
  REQUIRE(it.session->end_implicit().ok());
  CHECK(it.ask("SELECT count(*) FROM n") == "2;SELECT 1");
}

TEST_CASE("who takes the results may stop a message, which fails") {
  ApiSession it;
  it.must("CREATE TABLE m (a integer PRIMARY KEY)");
  int results = 0;
  const auto ran = it.session->run_message(
      "INSERT INTO m VALUES (1); SELECT 1; INSERT INTO m VALUES (2)", [&](Rows&) -> Outcome<bool> {
        if (++results < 2) return true;
        return rowan::Failure{.sqlstate = "08006", .message = "gone"};
      });
  REQUIRE(!ran.ok());
  CHECK(ran.failure().sqlstate == "08006");
  CHECK(rows_of_m(it) == "SELECT 0");
}

TEST_CASE("rows in a block stream, and any number of them side by side") {
  ApiSession it;
  it.must("CREATE TABLE big (a integer PRIMARY KEY); INSERT INTO big SELECT * FROM generate_series(1, 50000)");
  const auto rest = [](Rows& rows) {
    int64_t sum = 0;
    for (;;) {
      auto more = rows.next();
      REQUIRE_MESSAGE(more.ok(), (more.ok() ? "" : more.failure().message));
      if (!*more) return sum;
      sum += rows.get_int(0);
    }
  };
  it.must("BEGIN");
  auto first = it.session->run("SELECT a FROM big ORDER BY a");
  auto second = it.session->run("SELECT a + 1 FROM big");
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  REQUIRE(*(*first)->next());
  CHECK((*first)->get_int(0) == 1);
  CHECK(it.ask("DELETE FROM big") == "DELETE 50000");
  auto third = it.session->run("SELECT count(*) FROM big");
  REQUIRE(third.ok());
  REQUIRE(*(*second)->next());
  CHECK(rest(**first) == 50000LL * 50001 / 2 - 1);
  CHECK((*first)->tag() == "SELECT 50000");
  CHECK(rest(**third) == 0);
  CHECK(it.ask("COMMIT") == "COMMIT");
  CHECK(rest(**second) > 0);  // They outlive their block.
  CHECK((*second)->tag() == "SELECT 50000");
}

TEST_CASE("rows that the block itself made are read as they were when their query began") {
  ApiSession it;
  it.must("CREATE TABLE own (a integer PRIMARY KEY); BEGIN; SAVEPOINT before; "
          "INSERT INTO own SELECT * FROM generate_series(1, 20000)");
  auto rows = it.session->run("SELECT a FROM own");
  REQUIRE(rows.ok());
  REQUIRE(*(*rows)->next());
  it.must("UPDATE own SET a = a + 100000 WHERE a > 10000; DELETE FROM own WHERE a < 5000; "
          "ROLLBACK TO SAVEPOINT before; INSERT INTO own VALUES (7)");
  int64_t count = 1, sum = (*rows)->get_int(0);
  for (;;) {
    auto more = (*rows)->next();
    REQUIRE_MESSAGE(more.ok(), (more.ok() ? "" : more.failure().message));
    if (!*more) break;
    ++count;
    sum += (*rows)->get_int(0);
  }
  CHECK(count == 20000);
  CHECK(sum == 20000LL * 20001 / 2);
  it.must("COMMIT");
  CHECK(it.ask("SELECT a FROM own") == "7;SELECT 1");
}

TEST_CASE("what a rollback leaves unread is gone, and a failed row fails its block") {
  ApiSession it;
  it.must("CREATE TABLE big (a integer PRIMARY KEY); INSERT INTO big SELECT * FROM generate_series(1, 50000)");
  it.must("BEGIN");
  auto cut = it.session->run("SELECT a FROM big");
  REQUIRE(cut.ok());
  REQUIRE(it.session->reset().ok());
  CHECK(ApiSession::read(std::move(cut)).find("34000") != std::string::npos);

  it.must("BEGIN");
  auto rolled_back = it.session->run("SELECT a FROM big");
  REQUIRE(*(*rolled_back)->next());
  CHECK(it.ask("ROLLBACK") == "ROLLBACK");
  CHECK(ApiSession::read(std::move(rolled_back)).find("34000") != std::string::npos);

  it.must("BEGIN");
  auto failing = it.session->run("SELECT 1 / (a - 40000) FROM big");
  REQUIRE(failing.ok());
  CHECK(it.ask("SELECT 1") == "1;SELECT 1");  // The failure waits for its reader.
  CHECK(it.session->transaction_state() == TransactionState::kOpen);
  CHECK(ApiSession::read(std::move(failing)).find("22012") != std::string::npos);
  CHECK(it.session->transaction_state() == TransactionState::kFailed);
  CHECK(it.ask("COMMIT") == "ROLLBACK");

  it.must("BEGIN");
  auto left = it.session->run("SELECT a FROM big");
  CHECK(it.ask("SELECT 1/0").starts_with("22012"));
  CHECK(it.ask("ROLLBACK") == "ROLLBACK");
  CHECK(ApiSession::read(std::move(left)).find("SELECT") != std::string::npos);  // Drawn before.
}
