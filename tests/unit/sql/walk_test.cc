// Proves that a walk knows common tables from stored ones, and that renaming in stored queries
// changes exactly what it must.
#include "sql/walk.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/parser.h"
#include "sql/print.h"

using namespace rowan;
using namespace rowan::sql;

namespace {

SelectStmt& query(ParsedStatement& parsed) { return static_cast<SelectStmt&>(*parsed.statement); }

ParsedStatement parse(const std::string& text) {
  auto parsed = parse_statement(text);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

struct Tables final : Visitor {
  std::string stored, common, sequences;
  void table(NamedTable& table) override { stored += to_sql(table.name) + " "; }
  void common_table(NamedTable& table, const CommonTable& common_table) override {
    common += to_sql(table.name) + (common_table.select->with.empty() ? " " : "+ ");
  }
  void call(CallExpr& call) override {
    if (const LiteralExpr* name = sequence_name(call)) sequences += std::string(name->text) + " ";
  }
};

Tables tables(const std::string& text) {
  ParsedStatement parsed = parse(text);
  Tables found;
  walk(query(parsed), found);
  return found;
}

std::string qualified(const std::string& text) {
  ParsedStatement parsed = parse(text);
  qualify_tables(query(parsed), [](const NamedTable& table) -> std::string_view {
    return table.name.name == "log" ? "" : "public";
  });
  return to_sql(query(parsed));
}

std::string renamed_table(const std::string& text) {
  ParsedStatement parsed = parse(text);
  QualifiedName from, to;
  from.schema = to.schema = "public";
  from.name = "t";
  to.name = "u";
  const bool changed = rename_table(query(parsed), from, to);
  const std::string out = to_sql(query(parsed));
  return changed ? out : "same " + out;
}

// Column a of public.t becomes z; public.u has a too, public.v has z.
std::string renamed_column(const std::string& text) {
  ParsedStatement parsed = parse(text);
  ColumnRename rename;
  rename.table.schema = "public";
  rename.table.name = "t";
  rename.column = "a";
  rename.new_column = "z";
  rename.has_column = [](const TableRef& table, std::string_view column) {
    if (table.kind != TableRefKind::kTable) return column == "f";
    const std::string_view name = static_cast<const NamedTable&>(table).name.name;
    return (name == "u" && column == "a") || (name == "v" && column == "z");
  };
  switch (rename_column(query(parsed), rename)) {
    case RenameOutcome::kBlocked:
      return "blocked";
    case RenameOutcome::kNothing:
      return "same " + to_sql(query(parsed));
    case RenameOutcome::kRenamed:
      return to_sql(query(parsed));
  }
  return {};
}

}  // namespace

TEST_CASE("common tables are told from stored ones") {
  CHECK(tables("select * from t, s.u join v on true").stored == "t s.u v ");
  CHECK(tables("with t as (select * from t) select * from t, public.t, t as of 'x'").stored ==
        "t public.t t ");
  CHECK(tables("with t as (select * from t) select * from t, public.t").common == "t ");
  CHECK(
      tables(
          "with a as (select 1), b as (select * from a, c), c as (select * from b) select * from c")
          .stored == "c ");
  CHECK(
      tables(
          "with a as (select 1), b as (select * from a, c), c as (select * from b) select * from c")
          .common == "a b c ");
  CHECK(tables("with recursive b as (select * from c), c as (select * from b) select * from c")
            .stored.empty());
  CHECK(tables("select (select max(a) from t) from u where exists (select 1 from w) order by "
               "(select 1 from x) limit (select 1 from y)")
            .stored == "u t w x y ");
  CHECK(tables("with w as (select 1) select (select 1 from w), 1 in (with w as (select 2 from w) "
               "select * from w)")
            .stored.empty());
  CHECK(
      tables("with w as (select 1) (select 2 from w) union (values ((select 3 from w)))").common ==
      "w w ");
  CHECK(tables("select * from (select * from t) x, (with t as (select 1) select * from t) y")
            .stored == "t ");
  CHECK(tables("select nextval('s'), currval('a.s'::regclass), setval('q', 3), nextval(x), f('s') "
               "from t where nextval('r') > 1")
            .sequences == "s a.s q r ");
}

TEST_CASE("tables are qualified") {
  CHECK(qualified("select t.a from t, s.u, log where a in (select b from v)") ==
        "SELECT t.a FROM public.t, s.u, log WHERE a IN (SELECT b FROM public.v)");
  CHECK(qualified("with w as (select * from t) select * from w") ==
        "WITH w AS (SELECT * FROM public.t) SELECT * FROM w");
  CHECK(qualified("select * from t as of 'x'") == "SELECT * FROM public.t AS OF 'x'");
}

TEST_CASE("tables are renamed") {
  CHECK(renamed_table("select t.a, public.t.b, public.t.* from public.t where exists (select 1 "
                      "from public.t as x)") ==
        "SELECT t.a, t.b, t.* FROM public.u AS t WHERE EXISTS (SELECT 1 FROM public.u AS x)");
  CHECK(renamed_table("select * from public.t as of 'x', other.t") ==
        "same SELECT * FROM public.t AS OF 'x', other.t");
}

TEST_CASE("columns are renamed") {
  CHECK(renamed_column("select a, b from public.t where a > 1 group by a") ==
        "SELECT z AS a, b FROM public.t WHERE z > 1 GROUP BY z");
  CHECK(
      renamed_column("select t.a + 1 as a, a::text, case when b then 1 else a end from public.t") ==
      "SELECT t.z + 1 AS a, z::text AS a, CASE WHEN b THEN 1 ELSE z END AS a FROM public.t");
  CHECK(renamed_column("select a from public.t order by a, a + 1") ==
        "SELECT z AS a FROM public.t ORDER BY a, z + 1");
  CHECK(renamed_column("select b as a from public.t order by a") ==
        "same SELECT b AS a FROM public.t ORDER BY a");
  CHECK(renamed_column("select x.a, u.a from public.t x join public.u on x.a = u.a") ==
        "SELECT x.z AS a, u.a FROM public.t AS x JOIN public.u ON x.z = u.a");
  CHECK(renamed_column(
            "select a from public.u where exists (select 1 from public.t where t.a = u.a)") ==
        "SELECT a FROM public.u WHERE EXISTS (SELECT 1 FROM public.t WHERE t.z = u.a)");
  CHECK(
      renamed_column("select b from public.t where exists (select 1 from public.u where a = 1)") ==
      "same SELECT b FROM public.t WHERE EXISTS (SELECT 1 FROM public.u WHERE a = 1)");
  CHECK(
      renamed_column("select b from public.t where exists (select 1 from public.v where a = 1)") ==
      "SELECT b FROM public.t WHERE EXISTS (SELECT 1 FROM public.v WHERE z = 1)");
  CHECK(renamed_column("select a from (select a from public.t) x") ==
        "SELECT a FROM (SELECT z AS a FROM public.t) AS x");
  CHECK(renamed_column("with t as (select 1 as a) select a, t.a from t") ==
        "same WITH t AS (SELECT 1 AS a) SELECT a, t.a FROM t");
  CHECK(renamed_column("with w as (select a from public.t) select a from w union select a from "
                       "public.t order by a") ==
        "WITH w AS (SELECT z AS a FROM public.t) SELECT a FROM w UNION SELECT z AS a FROM public.t "
        "ORDER BY a");
  CHECK(renamed_column("select (select a from public.t) from public.u") ==
        "SELECT (SELECT z AS a FROM public.t) FROM public.u");
  CHECK(renamed_column("select a from public.t as of 'x'") ==
        "same SELECT a FROM public.t AS OF 'x'");
  CHECK(renamed_column("select count(*) from public.t") == "same SELECT count(*) FROM public.t");
  CHECK(renamed_column("select * from public.t") == "blocked");
  CHECK(renamed_column("select u.* from public.t, public.u") ==
        "same SELECT u.* FROM public.t, public.u");
  CHECK(renamed_column("select b from public.t join public.u using (a)") == "blocked");
  CHECK(renamed_column("select b from public.t natural join public.u") == "blocked");
  CHECK(renamed_column("select b from public.t natural join public.v") == "blocked");
  CHECK(renamed_column("select b from public.t natural join f() g") ==
        "same SELECT b FROM public.t NATURAL JOIN f() AS g");
}

TEST_CASE("columns are renamed in expressions") {
  auto parsed = parse_expression("a > 0 and t.a < 9 and u.a = b");
  REQUIRE(parsed);
  CHECK(rename_column(*parsed->expr, "t", "a", "z") == RenameOutcome::kRenamed);
  CHECK(to_sql(*parsed->expr) == "(z > 0) AND (t.z < 9) AND (u.a = b)");
  CHECK(rename_column(*parsed->expr, "t", "nope", "z") == RenameOutcome::kNothing);
  CHECK(has_subquery(*parse_expression("1 + (select 1)")->expr));
  CHECK_FALSE(has_subquery(*parse_expression("1 + f(2)")->expr));
}
