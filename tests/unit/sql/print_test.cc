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
  CHECK(printed("a not in (1, 2) or b not like 'x' escape '!'") ==
        "(a NOT IN (1, 2)) OR (b NOT LIKE 'x' ESCAPE '!')");
  CHECK(printed("a % b = c").substr(0, 7) == "(a % b)");
  CHECK(printed("a = b = c") == "error: syntax error at or near \"=\"");
  CHECK(printed("a and (b and c) and d") == "a AND b AND c AND d");
}

TEST_CASE("forms") {
  for (const char* text : {"1",
                           "'it''s'",
                           "NULL",
                           "true",
                           "a.b",
                           "s.a.b",
                           "\"A b\"",
                           "f(1, a)",
                           "count(*)",
                           "sum(DISTINCT a)",
                           "$3",
                           "CURRENT_TIMESTAMP",
                           "now()",
                           "'2024-01-01'::date",
                           "a::numeric(10, 2)",
                           "a::varchar(20)",
                           "a::timestamp with time zone",
                           "a::timestamp(3) with time zone",
                           "a::double precision",
                           "ROW(1, 2)",
                           "CASE WHEN a THEN 1 ELSE 2 END",
                           "CASE a WHEN 1 THEN 'x' END",
                           "a IS DISTINCT FROM b",
                           "a IS NOT TRUE",
                           "a BETWEEN SYMMETRIC 1 AND 2",
                           "a SIMILAR TO b",
                           "a ->> 'x'",
                           "~ a",
                           "- (-a)",
                           "left(a, 2)",
                           "sum(a) FILTER (WHERE b)",
                           "date_part('year', a)",
                           "EXTRACT('year' FROM a)",
                           "substring(a, 1, 2)",
                           "btrim(a)",
                           "timezone('utc', a)"}) {
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
  CHECK(printed("checkout -b.c + merge-a.b") == "((checkout - b.c) + merge) - a.b");
  CHECK(printed("merge > a-b.c") == "merge > (a - b.c)");
  CHECK(printed("\"position\" 'a'") == "'a'::\"position\"");
  CHECK(printed("a::\"A b\".c::view::\"select\"") == "a::\"A b\".c::view::\"select\"");
}

namespace {
std::string printed_query(const std::string& text) {
  auto parsed = parse_statement(text);
  if (!parsed) return "error: " + parsed.error().message();
  const std::string once = to_sql(static_cast<const SelectStmt&>(*parsed->statement));
  auto again = parse_statement(once);
  if (!again) return "not read back: " + once + ": " + again.error().message();
  const std::string twice = to_sql(static_cast<const SelectStmt&>(*again->statement));
  return once == twice ? once : once + " / " + twice;
}
}  // namespace

TEST_CASE("queries print as themselves") {
  for (const char* text :
       {"SELECT",
        "SELECT 1",
        "SELECT a, b AS c, t.*, s.t.* FROM s.t",
        "SELECT * FROM t",
        "SELECT DISTINCT a FROM t",
        "SELECT DISTINCT ON (a, b + 1) a FROM t",
        "SELECT a FROM t WHERE (a > 1) AND (b IS NULL) GROUP BY a, b HAVING count(*) > 1 ORDER BY "
        "a DESC, b NULLS FIRST, c DESC NULLS LAST LIMIT 1 OFFSET 2",
        "SELECT 1 LIMIT ALL",
        "SELECT 1 LIMIT (a + 1)",
        "VALUES (1, 'x'), (2, DEFAULT)",
        "VALUES (1) ORDER BY 1 LIMIT 2",
        "SELECT 1 UNION SELECT 2",
        "SELECT 1 UNION ALL (SELECT 2 INTERSECT SELECT 3)",
        "(SELECT 1 EXCEPT SELECT 2) UNION VALUES (3) ORDER BY 1",
        "(SELECT 1 LIMIT 1) UNION ALL (WITH a AS (SELECT 1) SELECT * FROM a)",
        "WITH a AS (SELECT 1), b (x, y) AS (VALUES (1, 2)) SELECT * FROM a, b",
        "WITH RECURSIVE r AS (SELECT 1 UNION SELECT 2) SELECT * FROM r",
        "WITH a AS (SELECT 1) SELECT 1 UNION SELECT 2",
        "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y, z) NATURAL FULL JOIN d CROSS "
        "JOIN e RIGHT JOIN f ON true",
        "SELECT * FROM a JOIN (b JOIN c ON x) ON y, (SELECT 1) AS s (x), generate_series(1, 10) AS "
        "g (n), rowan.log('main') AS l",
        "SELECT * FROM t AS OF 'main~1' AS x (a, b)",
        "SELECT * FROM t AS OF $1",
        "SELECT * FROM s.t AS OF TIMESTAMP '2024-01-01' AS y",
        "SELECT ARRAY[1, a], ARRAY[], (a)[1], ((b)[2])[i + 1]",
        "SELECT * FROM t FOR SYSTEM_TIME BETWEEN '2024-01-01' AND (now() - '1 day'::interval) AS x",
        "SELECT * FROM t FOR SYSTEM_TIME FROM 1 TO 2",
        "SELECT * FROM t FOR SYSTEM_TIME ALL AS \"all\"",
        "SELECT (SELECT 1) AS x, EXISTS (SELECT 1), 1 IN (SELECT 2), (1 NOT IN (SELECT 2)) AND "
        "(NOT EXISTS (SELECT 3))",
        "SELECT ((SELECT 1) + 2) * 3",
        "SELECT a IN ((SELECT 1), 2)",
        "SELECT * FROM \"Select\" AS \"A b\" (\"C\", d)",
        "SELECT a FROM (SELECT b) WHERE c",
        "SELECT sum(DISTINCT a) FILTER (WHERE b), count(*), CURRENT_DATE FROM t AS OF 'x'",
        "SELECT * FROM \"left\"('a'), \"substring\"('a', 1), \"current_date\"()",
        "SELECT 1 AS \"select\", 2 AS merge, 3 AS \"table\" FROM branch AS tag",
        "SELECT a::timestamp with time zone AS b, c::double precision AS d FROM t",
        "SELECT CASE WHEN EXISTS (SELECT 1) THEN (SELECT 2) END",
        "SELECT * FROM cat.s.t"}) {
    CAPTURE(text);
    CHECK(printed_query(text) == text);
  }
}

TEST_CASE("queries become canonical") {
  CHECK(printed_query("table t") == "SELECT * FROM t");
  CHECK(printed_query("((select 1))") == "SELECT 1");
  CHECK(printed_query("select all a x from t@'v1' y") == "SELECT a AS x FROM t AS OF 'v1' AS y");
  CHECK(printed_query("select 1 union select 2 intersect all select 3") ==
        "SELECT 1 UNION (SELECT 2 INTERSECT ALL SELECT 3)");
  CHECK(printed_query("select 1 union select 2 union select 3") ==
        "(SELECT 1 UNION SELECT 2) UNION SELECT 3");
  CHECK(printed_query("(select a from t order by a) limit 3") ==
        "SELECT a FROM t ORDER BY a LIMIT 3");
  CHECK(printed_query("(select 1 limit 2) limit 1") == "SELECT * FROM (SELECT 1 LIMIT 2) LIMIT 1");
  CHECK(printed_query("with a as (select 1) (select 2 union select 3) order by 1") ==
        "WITH a AS (SELECT 1) SELECT 2 UNION SELECT 3 ORDER BY 1");
  CHECK(printed_query("select 1 fetch first row only") == "SELECT 1 LIMIT 1");
  CHECK(printed_query("select * from a inner join b on true left outer join c on x or y") ==
        "SELECT * FROM a JOIN b ON true LEFT JOIN c ON x OR y");
  CHECK(printed_query("select * from a join b join c on x on y") ==
        "SELECT * FROM a JOIN (b JOIN c ON x) ON y");
  CHECK(printed_query("select 1 = any (select 2), exists(select), a order by a nulls last, b desc "
                      "nulls first") ==
        "SELECT 1 IN (SELECT 2), EXISTS (SELECT), a ORDER BY a, b DESC");
  CHECK(printed_query("select * from only t for system_time as of now() z, substring('a', 1)")
            .substr(0, 5) == "error");
  CHECK(printed_query("select * from only t for system_time as of now() z") ==
        "SELECT * FROM t AS OF TIMESTAMP now() AS z");
  CHECK(printed("a = (select max(b) from t where t.c = d)") ==
        "a = (SELECT max(b) FROM t WHERE t.c = d)");
  CHECK(printed("not exists (select 1)") == "NOT EXISTS (SELECT 1)");
}
