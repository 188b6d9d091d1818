// The test vectors of docs/format.md, through the code: format 1 must never change. tests/format
// proves the page itself.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "engine/database.h"
#include "rowan/rowan.h"
#include "type/key_codec.h"
#include "type/text.h"

namespace rowan::engine {
namespace {

std::string key_of(std::string_view type_name, std::string_view text) {
  const auto type = type::type_from_name(type_name, nullptr, 0);
  REQUIRE(type.has_value());
  const auto value = type::parse_text(*type, text);
  REQUIRE(value.has_value());
  std::string key;
  REQUIRE(type::append_key(*value, key).has_value());
  return key;
}

// A database in memory after some statements.
struct Filled {
  std::unique_ptr<DatabaseImpl> database;
  std::unique_ptr<Session> session;

  explicit Filled(const std::vector<std::string>& statements) {
    auto opened = DatabaseImpl::open(":memory:", {});
    REQUIRE(opened.has_value());
    database = std::move(*opened);
    auto connected = database->connect("");
    REQUIRE(connected.ok());
    session = std::move(*connected);
    for (const std::string& statement : statements) {
      auto done = session->run(statement);
      REQUIRE_MESSAGE(done.ok(), statement);
    }
  }

  std::string text(const std::string& query) {
    auto rows = session->run(query);
    REQUIRE(rows.ok());
    auto more = (*rows)->next();
    REQUIRE(more.ok());
    REQUIRE(*more);
    return (*rows)->get_text(0);
  }
  std::string rows_id(const std::string& table) {
    return text("SELECT tree FROM rowan.tables WHERE name = '" + table + "'");
  }
  std::string root_id() {
    const auto tip = database->manager().tip_snapshot("main");
    REQUIRE(tip.has_value());
    return tip->root.hex();
  }
};

}  // namespace

TEST_CASE("hash64 gives the page's values") {
  CHECK(hash64("d7167", 0) == 0x98d35fbba7cf65e6);
  CHECK(hash64("d7167", 1) == 0x7cd63adacdcd2fbd);
}

TEST_CASE("keys are the page's") {
  CHECK(key_of("int2", "0") == "a0");
  CHECK(key_of("int4", "7167") == "d7167");
  CHECK(key_of("int4", "-7167") == "1v2832");
  CHECK(key_of("int8", "-9223372036854775808") == "1g0776627963145224191");
  CHECK(key_of("text", "Ada 7") == "t_41da-207+");
  CHECK(key_of("text", "\xc3\xa9") == "t~c3~a9+");
  CHECK(key_of("text", "") == "t+");
  CHECK(key_of("bytea", "\\x00ff") == "x00ff+");
  CHECK(key_of("date", "2000-01-11") == "db10");
  CHECK(key_of("date", "1999-12-31") == "d1y8");
  CHECK(key_of("time", "00:00:01") == "hg1000000");
  CHECK(key_of("float8", "1") == "fbff0000000000000");
  CHECK(key_of("float8", "-0") == "f8000000000000000");
  CHECK(key_of("float8", "NaN") == "ffff8000000000000");
  CHECK(key_of("numeric", "12.50") == "n6a2125+");
  CHECK(key_of("numeric", "0.0012") == "n61y712+");
  CHECK(key_of("numeric", "-12.5") == "n41y7874~");
  CHECK(key_of("interval", "1 mon") == "im2592000000000");
  CHECK(key_of("interval", "30 days") == "im2592000000000");
  CHECK(key_of("interval", "00:00") == "ia0");
  CHECK(key_of("interval", "-1 days") == "i1o13599999999");
}

TEST_CASE("the page's repository has the page's ids, whatever the order of rows") {
  const std::string table =
      "CREATE TABLE item (id integer PRIMARY KEY, name text, price numeric(10,2), seen date)";
  const std::string ada = "(42, 'Ada \"A\"', 5, '2024-02-29')";
  const std::string summer = "(7, '\xc3\xa9t\xc3\xa9', NULL, NULL)";
  const std::string negative = "(-7167, NULL, 0.5, NULL)";
  Filled at_once({table, "INSERT INTO item VALUES " + ada + ", " + summer + ", " + negative});
  Filled in_steps({table, "INSERT INTO item VALUES " + summer,
                   "INSERT INTO item VALUES (1, 'goes again', 1, NULL)",
                   "INSERT INTO item VALUES " + negative, "DELETE FROM item WHERE id = 1",
                   "INSERT INTO item VALUES " + ada});
  for (Filled* filled : {&at_once, &in_steps}) {
    CHECK(filled->rows_id("item") == "effe2479547b7fd506b08fdcd23d6ebf8e7106e4");
    CHECK(filled->root_id() == "30a0c59de15f010374259ccaf1bcd7b04565b061");
  }
}

TEST_CASE("numbered rows have the page's trees") {
  Filled filled({"CREATE TABLE few (id integer PRIMARY KEY, other text)",
                 "CREATE TABLE many (id integer PRIMARY KEY)",
                 "INSERT INTO few SELECT n FROM generate_series(1, 1000) n",
                 "INSERT INTO many SELECT n FROM generate_series(100000, 1, -1) n"});
  CHECK(filled.rows_id("few") == "dfd1f4310dbcb5b61d74551fc9bfc525ebd81916");
  CHECK(filled.rows_id("many") == "7cffe3832b4ecce9ca5fc31ac9e4e253d2ff8548");
}

}  // namespace rowan::engine
