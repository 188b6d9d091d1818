// Proves that sequences have one stored text that reads back to itself, PostgreSQL's rules for
// their options, and the spelling of names.
#include "catalog/objects.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/parser.h"

using namespace rowan;

namespace {
Result<catalog::SequenceDef> make(const std::string& options) {
  const auto parsed = sql::parse_statement("create sequence s " + options);
  REQUIRE(parsed);
  return catalog::sequence_from_options(
      static_cast<const sql::SequenceStmt&>(*parsed->statement).options,
      catalog::new_sequence("public", "s", {type::TypeId::kInt8}), true);
}
std::string refusal(const std::string& options) {
  const auto made = make(options);
  return made ? "made" : std::string(sqlstate(made.error().code())) + " " + made.error().message();
}
std::string unread(const std::string& text) {
  const auto read = catalog::sequence_from_json(text, "public", "s");
  return read ? "read" : std::string(sqlstate(read.error().code())) + " " + read.error().message();
}
}  // namespace

TEST_CASE("a sequence's text") {
  auto sequence = make("as integer increment 2 start 10 cycle");
  REQUIRE(sequence);
  sequence->owner_table = "public.\"T\"";
  sequence->owner_column = "id";
  sequence->called = true;
  sequence->last = 41;
  const std::string text = catalog::sequence_json(*sequence);
  CHECK(text ==
        "{\"type\":\"integer\",\"start\":10,\"increment\":2,\"min\":1,\"max\":2147483647,\"cycle\":"
        "true,"
        "\"owner\":[\"public.\\\"T\\\"\",\"id\"],\"last\":41}\n");
  const auto again = catalog::sequence_from_json(text, "public", "s");
  REQUIRE(again);
  CHECK(catalog::sequence_json(*again) == text);
  CHECK(again->called);
  CHECK(catalog::sequence_json(*make("")) ==
        "{\"type\":\"bigint\",\"start\":1,\"increment\":1,\"min\":1,\"max\":9223372036854775807,"
        "\"cycle\":false}\n");
  CHECK(catalog::sequence_json(*make("increment -1")) ==
        "{\"type\":\"bigint\",\"start\":-1,\"increment\":-1,\"min\":-9223372036854775808,\"max\":-"
        "1,\"cycle\":false}\n");
}

TEST_CASE("options") {
  CHECK(refusal("increment 0") == "22023 INCREMENT must not be zero");
  CHECK(refusal("as smallint maxvalue 100000") ==
        "22023 MAXVALUE (100000) is out of range for sequence data type smallint");
  CHECK(refusal("minvalue 10 maxvalue 5") == "22023 MINVALUE (10) must be less than MAXVALUE (5)");
  CHECK(refusal("start 0") == "22023 START value (0) cannot be less than MINVALUE (1)");
  CHECK(refusal("cache 0") == "22023 CACHE (0) must be greater than zero");
  CHECK(refusal("as text") == "22023 sequence type must be smallint, integer, or bigint");

  const auto change = [](catalog::SequenceDef base, const std::string& options) {
    const auto parsed = sql::parse_statement("alter sequence s " + options);
    REQUIRE(parsed);
    return catalog::sequence_from_options(
        static_cast<const sql::SequenceStmt&>(*parsed->statement).options, std::move(base));
  };
  auto used = *make("start 5");
  used.called = true;
  used.last = 64;
  CHECK(change(used, "increment 3")->last == 64);
  CHECK(!change(used, "restart")->called);
  const auto restarted = change(used, "restart with 100");
  REQUIRE(restarted);
  CHECK(restarted->last + restarted->increment == 100);
  const auto smaller = change(used, "as integer");
  REQUIRE(smaller);
  CHECK(smaller->max == INT32_MAX);
}

TEST_CASE("sequence text that is refused") {
  CHECK(unread("[]") == "VC008 sequence.json of public.s: no JSON object");
  CHECK(unread("{\"type\":\"text\"}") ==
        "VC008 sequence.json of public.s: \"type\" must be smallint, integer or bigint");
  CHECK(unread("{\"colour\":1}") == "VC008 sequence.json of public.s: unknown key \"colour\"");
  CHECK(unread("{\"last\":1e3}") ==
        "VC008 sequence.json of public.s: \"last\" must be a 64-bit integer");
  CHECK(unread("{\"max\":18446744073709551615}") ==
        "VC008 sequence.json of public.s: \"max\" must be a 64-bit integer");
  CHECK(unread("{\"increment\":0}") ==
        "VC008 sequence.json of public.s: INCREMENT must not be zero");
  CHECK(unread("{\"owner\":[\"a.b.c\",\"d\"]}") ==
        "VC008 sequence.json of public.s: \"owner\" names no table");
  CHECK(unread("{}") == "read");
}

TEST_CASE("names") {
  const auto name = [](const std::string& text) {
    const auto parsed = catalog::parse_name(text, "public");
    return parsed ? catalog::qualified(parsed->schema, parsed->name) : "none";
  };
  CHECK(name("T") == "public.t");
  CHECK(name("\"T\"") == "public.\"T\"");
  CHECK(name(" a . \"b\"\"c.d\" ") == "a.\"b\"\"c.d\"");
  for (const char* text : {"", "a.", ".a", "a b", "\"a", "a.b.c", "\"\""})
    CHECK(name(text) == "none");
}
