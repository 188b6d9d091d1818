// Proves: what is nested as deeply as PostgreSQL takes it with its own stack is answered, also on a
// thread with a small stack; what is nested deeper ends in 54001.
#include <doctest/doctest.h>
#include <pthread.h>

#include <functional>
#include <memory>
#include <string>

#include "rowan/rowan.h"

namespace {

using rowan::Database;
using rowan::Session;

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// The first value, or the SQLSTATE.
std::string answer(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  if (!rows.ok()) return rows.failure().sqlstate;
  auto more = (*rows)->next();
  if (!more.ok()) return more.failure().sqlstate;
  return *more ? (*rows)->get_text(0) : "no row";
}

std::string unions(int arms) { return "SELECT count(*) FROM (SELECT 1" + repeat(" UNION ALL SELECT 2", arms - 1) + ") u"; }

std::string chained(int names) {
  std::string sql = "WITH c0 AS (SELECT 1 AS a)";
  for (int i = 1; i < names; ++i)
    sql += ", c" + std::to_string(i) + " AS (SELECT a + 1 AS a FROM c" + std::to_string(i - 1) + ")";
  return sql + " SELECT a FROM c" + std::to_string(names - 1);
}

std::string nested_in(int levels) {
  return "SELECT count(*) FROM t WHERE a IN " + repeat("(SELECT a FROM t WHERE a IN ", levels - 1) +
         "(SELECT a FROM t)" + repeat(")", levels - 1);
}

std::string subqueries(int levels) {
  return "SELECT a FROM " + repeat("(SELECT a FROM ", levels) + "t" + repeat(") s", levels);
}

void check_all(Session& session) {
  CHECK(answer(session, "SELECT " + repeat("(", 5000) + "7" + repeat(")", 5000)) == "7");
  CHECK(answer(session, "SELECT 1" + repeat(" + 1", 4999)) == "5000");
  CHECK(answer(session, "SELECT " + repeat("NOT ", 5000) + "true") == "t");
  CHECK(answer(session, unions(2000)) == "2000");
  CHECK(answer(session, chained(500)) == "500");
  CHECK(answer(session, nested_in(500)) == "1");
  CHECK(answer(session, subqueries(1000)) == "1");
  CHECK(answer(session, "UPDATE t SET a = 1" + repeat(" + 0", 3000)) == "no row");
  CHECK(answer(session, "INSERT INTO u SELECT 1" + repeat(" + 1", 2999)) == "no row");
  CHECK(answer(session, "SELECT a FROM u") == "3000");
  CHECK(answer(session, "DELETE FROM u WHERE a = 0" + repeat(" + 1", 3000)) == "no row");
  CHECK(answer(session, "SELECT count(*) FROM u") == "0");
  // Past the edge.
  CHECK(answer(session, "SELECT " + repeat("(", 30000) + "7" + repeat(")", 30000)) == "54001");
  CHECK(answer(session, "SELECT 1" + repeat(" + 1", 20000)) == "54001");
  CHECK(answer(session, unions(6000)) == "54001");
  CHECK(answer(session, chained(6000)) == "54001");
  CHECK(answer(session, subqueries(6000)) == "54001");
  // Definitions stay with what every reader of them bears.
  CHECK(answer(session, "CREATE VIEW deep AS SELECT 1" + repeat(" + 1", 4999) + " AS a") == "54001");
}

}  // namespace

TEST_CASE("deep nesting") {
  auto database = Database::open(":memory:");
  REQUIRE(database.ok());
  auto session = (*database)->connect();
  REQUIRE(session.ok());
  REQUIRE((*session)->run_script("CREATE TABLE t (a integer); INSERT INTO t VALUES (1); CREATE TABLE u (a integer)").ok());
  check_all(**session);
  SUBCASE("in a block, whose earlier statements stand") {
    CHECK(answer(**session, "BEGIN") == "no row");
    CHECK(answer(**session, "INSERT INTO u VALUES (77)") == "no row");
    CHECK(answer(**session, chained(500)) == "500");
    CHECK(answer(**session, "COMMIT") == "no row");
    CHECK(answer(**session, "SELECT a FROM u") == "77");
  }
  SUBCASE("prepared and run again") {
    auto statement = (*session)->prepare("SELECT $1::integer" + repeat(" + 1", 3000));
    REQUIRE(statement.ok());
    for (const int64_t value : {1, 5}) {
      auto rows = (*statement)->run({value});
      REQUIRE(rows.ok());
      REQUIRE(*(*rows)->next());
      CHECK((*rows)->get_int(0) == value + 3000);
    }
  }
}

TEST_CASE("deep nesting on a thread with a stack of 1 MB") {
  const std::function<void()> body = [] {
    auto database = Database::open(":memory:");
    auto session = (*database)->connect();
    (*session)->run_script("CREATE TABLE t (a integer); INSERT INTO t VALUES (1); CREATE TABLE u (a integer)");
    check_all(**session);
  };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1u << 20);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &attributes,
                         [](void* work) -> void* {
                           (*static_cast<const std::function<void()>*>(work))();
                           return nullptr;
                         },
                         const_cast<std::function<void()>*>(&body)) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}
