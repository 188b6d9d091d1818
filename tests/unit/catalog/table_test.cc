// Proves that table.sql has one spelling that reads back to itself, that slots and ids are assigned, and what is refused.
#include "catalog/table.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/parser.h"

using namespace rowan;

namespace {
Result<catalog::TableDef> make(const std::string& text) {
  auto parsed = sql::parse_statement(text);
  REQUIRE(parsed);
  return catalog::table_from_statement(static_cast<const sql::CreateTableStmt&>(*parsed->statement), "public");
}
std::string refusal(const std::string& text) {
  const auto table = make(text);
  if (table) return "made";
  return std::string(sqlstate(table.error().code())) + " " + table.error().message();
}
}  // namespace

TEST_CASE("canonical text reads back to itself") {
  for (const char* text : {
           "create table orders (id int primary key, note varchar(20) default 'x', n numeric(10,2) default -1.5 not null)",
           "create table \"A b\".\"select\" (\"X\" text, y timestamptz default now(), unique (y), constraint k unique (\"X\", y))",
           "create table t (a int SLOT 2 ID 00000001 ABSENT 5, b text SLOT 0 ID 12e45678 ABSENT 'it''s', DROPPED SLOT 1 ID 99aa0011)",
           "create table t (a int, b int, constraint pk primary key (b, a))", "create table t (a int default 1 + 2, b bool default (1 = 2))"}) {
    CAPTURE(text);
    const auto table = make(text);
    REQUIRE(table);
    const std::string once = catalog::table_sql(*table);
    const auto again = catalog::table_from_sql(once, table->schema, table->name);
    const std::string why = again ? "" : again.error().message();
    CAPTURE(once);
    CAPTURE(why);
    REQUIRE(again);
    CHECK(catalog::table_sql(*again) == once);
    CHECK(again->definition_id == table->definition_id);
  }
}

TEST_CASE("the drawn form") {
  const auto table = make("create table orders (id integer primary key SLOT 0 ID 1a2b3c4d, note text default 'x' SLOT 1 ID 99aa0011)");
  REQUIRE(table);
  CHECK(catalog::table_sql(*table) ==
        "CREATE TABLE public.orders (\n  id integer NOT NULL SLOT 0 ID 1a2b3c4d,\n  note text DEFAULT 'x' SLOT 1 ID 99aa0011,\n"
        "  PRIMARY KEY (id)\n);\n");
  CHECK(table->primary_key_name == "orders_pkey");
  CHECK(!table->layout.counted);
}

TEST_CASE("refusals") {
  CHECK(refusal("create table t (a int, a int)") == "42701 column \"a\" specified more than once");
  CHECK(refusal("create table t (a int primary key, primary key (a))") == "42P16 multiple primary keys for table \"t\" are not allowed");
  CHECK(refusal("create table t (a int, primary key (b))") == "42703 column \"b\" named in key does not exist");
  CHECK(refusal("create table t (a json primary key)").substr(0, 5) == "0A000");
  CHECK(refusal("create table t (a nonsense)") == "42704 type \"nonsense\" does not exist");
}
