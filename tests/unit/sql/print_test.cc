// Proves that printed expressions parse back to the same text, and that precedence is PostgreSQL's.
#include "sql/print.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/parser.h"

using namespace rowan;
using namespace rowan::sql;

namespace {
std::string printed(const std::string& text) {
  auto parsed = parse_expression(text);
  if (!parsed) return "error: " + parsed.error().message();
  const std::string once = to_sql(*parsed->expr);
  auto again = parse_expression(once);
  if (!again) return "not read back: " + once + ": " + again.error().message();
  const std::string twice = to_sql(*again->expr);
  return once == twice ? once : once + " / " + twice;
}
}  // namespace

TEST_CASE("precedence") {
  CHECK(printed("a or b and not c") == "a OR (b AND (NOT c))");
  CHECK(printed("not a = b") == "NOT (a = b)");
  CHECK(printed("a = b is null") == "(a = b) IS NULL");
  CHECK(printed("a < b + c * d ^ e") == "a < (b + (c * (d ^ e)))");
  CHECK(printed("-a ^ b") == "(-a) ^ b");
  CHECK(printed("-1::int4") == "-1::int4");
  CHECK(printed("(-1)::int4") == "(-1)::int4");
  CHECK(printed("a - b - c") == "(a - b) - c");
  CHECK(printed("a || b + c") == "a || (b + c)");
  CHECK(printed("a between 1 and 2 and b") == "(a BETWEEN 1 AND 2) AND b");
  CHECK(printed("a not in (1, 2) or b not like 'x' escape '!'") == "(a NOT IN (1, 2)) OR (b NOT LIKE 'x' ESCAPE '!')");
  CHECK(printed("a % b = c").substr(0, 7) == "(a % b)");
  CHECK(printed("a = b = c") == "error: syntax error at or near \"=\"");
  CHECK(printed("a and (b and c) and d") == "a AND b AND c AND d");
}

TEST_CASE("forms") {
  for (const char* text : {"1", "'it''s'", "NULL", "true", "a.b", "s.a.b", "\"A b\"", "f(1, a)", "count(*)", "sum(DISTINCT a)", "$3",
                           "CURRENT_TIMESTAMP", "now()", "'2024-01-01'::date", "a::numeric(10, 2)", "a::varchar(20)",
                           "a::timestamp with time zone", "a::timestamp(3) with time zone", "a::double precision", "ROW(1, 2)",
                           "CASE WHEN a THEN 1 ELSE 2 END", "CASE a WHEN 1 THEN 'x' END", "a IS DISTINCT FROM b", "a IS NOT TRUE",
                           "a BETWEEN SYMMETRIC 1 AND 2", "a SIMILAR TO b", "a ->> 'x'", "~ a", "- (-a)", "left(a, 2)",
                           "sum(a) FILTER (WHERE b)", "date_part('year', a)", "EXTRACT('year' FROM a)", "substring(a, 1, 2)", "btrim(a)", "timezone('utc', a)"}) {
    CAPTURE(text);
    CHECK(printed(text).find("error") == std::string::npos);
    CHECK(printed(text).find(" / ") == std::string::npos);
    if (std::string(text) != "- (-a)") CHECK(printed(text) == text);
  }
  CHECK(printed("date '2024-01-01'") == "'2024-01-01'::date");
  CHECK(printed("extract(year from a)") == "EXTRACT('year' FROM a)");
  CHECK(printed("position('a' in b)") == "\"position\"('a', b)");
  CHECK(printed("trim(both 'x' from a)") == "btrim(a, 'x')");
  CHECK(printed("cast(a as character varying(3))") == "a::character varying(3)");
  CHECK(printed("a at time zone 'utc'") == "timezone('utc', a)");
  CHECK(printed("(a, b)") == "ROW(a, b)");
}
