// Proves that every kind of statement parses to the tree it should, that refusals say what PostgreSQL says, and that depth is capped.
#include "sql/parser.h"

#include <doctest/doctest.h>

#include <string>

using namespace rowan;
using namespace rowan::sql;

namespace {
std::string kind_or_error(const std::string& text) {
  auto parsed = parse_statement(text);
  if (parsed) return "kind " + std::to_string(static_cast<int>(parsed->statement->kind));
  return std::string(sqlstate(parsed.error().code())) + " " + std::to_string(parsed.error().position()) + " " + parsed.error().message();
}
template <typename T>
const T& as(const ParsedStatement& parsed) {
  return static_cast<const T&>(*parsed.statement);
}
ParsedStatement parse(const std::string& text) {
  auto parsed = parse_statement(text);
  const std::string why = parsed ? "" : parsed.error().message();
  CAPTURE(text);
  CAPTURE(why);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}
}  // namespace

TEST_CASE("all statements parse") {
  for (const char* text : {
           "select", "select 1", "select a b, c as d, e as select, t.*, * from t", "select distinct on (a) a from t order by a desc nulls last limit 1 offset 2",
           "select * from a join b on a.x = b.x left outer join c using (y, z) natural full join d cross join e",
           "select * from (select 1) s(x), generate_series(1, 10) g, rowan.log('main') l, (a join b on true)",
           "select * from t as of 'main~1' x where a = 1", "select * from t as of timestamp '2024-01-01' as y",
           "select * from t for system_time as of now() - '1 day'::interval z", "select * from s.t@'v1' q join t as of on true",
           "with a(x) as (select 1), b as (values (1), (2)) select * from a, b union all select 1, 2 order by 1",
           "with recursive r as (select 1 union select 2) table r", "((select 1) union (select 2 limit 1)) limit 3",
           "(select 1 limit 1) limit 2", "select (select 1), exists (select 1), 1 in (select 2), 1 = any (select 3)",
           "select count(*) filter (where a) from t group by a, b having count(*) > 1 fetch first 3 rows only",
           "select offset_ from t offset 3 rows fetch next row only", "values (1, default), (2, 3)",
           "select log, id, slot, position, time, timestamp, values, key, branch from t", "select left('a', 1), right('b', 1)",
           "select a at time zone 'utc', double precision '1.5', numeric(10,2) '1', timestamp(3) with time zone 'now'",
           "insert into t values (1, 'a'), (2, default) returning *, a + 1 as b", "insert into s.t (a, b) select 1, 2",
           "insert into t default values", "insert into t as x (a) (select 1)", "insert into t (select 1)",
           "update t set a = 1, b = default where c returning a", "update only t as x set (a, b) = (1, 2) from u where x.a = u.a", "update t x set a = 1",
           "delete from t", "delete from t as x using u, v where x.a = u.a returning x.*",
           "truncate a, b", "truncate table a restart identity cascade",
           "copy t from 'x.csv' with (format csv, header true, delimiter ';', null '', quote '\"', escape '\\')",
           "copy t (a, b) from stdin csv header", "copy (select 1) to stdout with csv header delimiter as ','", "copy s.t to stdout",
           "create schema if not exists s", "create schema s", "drop schema if exists s cascade", "create database d", "drop database if exists d",
           "create table if not exists s.t (id integer primary key, a varchar(20) default 'x' not null, b double precision default -1.5 * 2, constraint k unique (a, b), unique (b))",
           "create table t (id integer NOT NULL SLOT 0 ID 1a2b3c4d, b text SLOT 1 ID 12e45678 ABSENT 'x', c numeric(3,1) SLOT 2 ID 12345678 ABSENT -1.5, DROPPED SLOT 3 ID 99aa0011, PRIMARY KEY (id))",
           "create table t ()", "drop table if exists a, s.b cascade",
           "begin", "begin transaction isolation level repeatable read, read only", "start transaction read write not deferrable",
           "commit", "end work", "commit message 'hello'", "commit work message 'x'", "rollback", "abort", "savepoint a", "release a", "release savepoint a",
           "rollback to a", "rollback work to savepoint a", "set transaction isolation level serializable",
           "set a = 1", "set session a.b to 'x', y", "set local a to default", "set time zone 'utc'", "set names 'utf8'",
           "set session characteristics as transaction isolation level read committed", "show all", "show a.b", "show time zone",
           "show transaction isolation level", "reset a", "reset all", "explain select 1", "explain analyze update t set a = 1",
           "explain (analyze, costs off) select 1", "explain (select 1)", "show log", "show log for s.t limit 3", "show branches",
           "show tables", "show tables in s", "show databases", "describe s.t", "create branch b", "create branch if not exists feature-x/y from 'main~1'",
           "create branch b from main", "drop branch if exists feature-x force", "rename branch a-b to c/d", "checkout feature-x/y", "checkout \"A b\"", "checkout 'x'",
           "checkpoint;", "select $1, $2"}) {
    CAPTURE(text);
    CHECK(kind_or_error(text).substr(0, 4) == "kind");
    if (kind_or_error(text).substr(0, 4) != "kind") MESSAGE(kind_or_error(text));
  }
}

TEST_CASE("details of trees") {
  auto parsed = parse("create branch Feature-X/y from head");
  CHECK(as<BranchStmt>(parsed).name == "feature-x/y");
  CHECK(as<BranchStmt>(parsed).from == "HEAD");
  parsed = parse("create table t (a text default 'x' || 'y' not null SLOT 3 ID 0000ffff)");
  CHECK(as<CreateTableStmt>(parsed).columns[0].default_text == "'x' || 'y'");
  CHECK(as<CreateTableStmt>(parsed).columns[0].id == 0xffff);
  CHECK(as<CreateTableStmt>(parsed).columns[0].slot == 3);
  CHECK(as<CreateTableStmt>(parsed).columns[0].not_null);
  parsed = parse("explain select a from t ; ");
  CHECK(parsed.statement->text == "explain select a from t");
  CHECK(as<ExplainStmt>(parsed).statement->text == "select a from t");
  parsed = parse("select * from t@'v1' x");
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->as_of.kind == AsOfKind::kRevision);
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->alias == "x");
  parsed = parse("copy t from stdin with (format csv, header)");
  CHECK(as<CopyStmt>(parsed).csv);
  CHECK(as<CopyStmt>(parsed).header);
  CHECK(as<CopyStmt>(parsed).from);
  CHECK(as<CopyStmt>(parsed).end == CopyEnd::kStdin);
  parsed = parse("select 1 union select 2 intersect select 3");
  CHECK(as<SelectStmt>(parsed).set_operation == SetOperation::kUnion);
  CHECK(as<SelectStmt>(parsed).right->set_operation == SetOperation::kIntersect);
  parsed = parse("set search_path to a, b");
  CHECK(as<SetStmt>(parsed).value == "a, b");
  parsed = parse("select $2, $7");
  CHECK(parsed.parameter_count == 7);
  parsed = parse("update t set (a, b) = (1, 2)");
  CHECK(as<UpdateStmt>(parsed).set.size() == 2);
}

TEST_CASE("scripts") {
  auto script = parse_script("select 1;; -- x\n select 'a;b'; select 3");
  REQUIRE(script);
  CHECK(script->size() == 3);
  auto bad = parse_script("select 1; selec 2");
  REQUIRE(!bad);
  CHECK(bad.error().position() == 11);
}

TEST_CASE("refusals") {
  CHECK(kind_or_error("selec 1") == "42601 1 syntax error at or near \"selec\"");
  CHECK(kind_or_error("select 1 from") == "42601 14 syntax error at end of input");
  CHECK(kind_or_error("select * from where") == "42601 15 syntax error at or near \"where\"");
  CHECK(kind_or_error("") == "42601 1 syntax error at end of input");
  CHECK(kind_or_error("select 1; select 2").substr(0, 5) == "42601");
  CHECK(kind_or_error("create view v as select 1") == "0A000 1 CREATE VIEW is not supported yet");
  CHECK(kind_or_error("alter table t add a int") == "0A000 1 ALTER TABLE is not supported yet");
  CHECK(kind_or_error("create unique index i on t (a)") == "0A000 1 CREATE UNIQUE is not supported yet");
  CHECK(kind_or_error("grant select on t to u") == "0A000 1 GRANT is not supported yet");
  CHECK(kind_or_error("merge x") == "0A000 1 MERGE is not supported yet");
  CHECK(kind_or_error("select sum(a) over (partition by b) from t") == "0A000 15 window functions are not supported yet");
  CHECK(kind_or_error("create table t as select 1") == "0A000 16 CREATE TABLE AS is not supported yet");
  CHECK(kind_or_error("create table t (a int check (a > 0))") == "0A000 23 CHECK constraints are not supported yet");
  CHECK(kind_or_error("select array[1]") == "0A000 8 arrays are not supported yet");
  CHECK(kind_or_error("values (1), (2, 3)") == "42601 14 VALUES lists must all be the same length");
  CHECK(kind_or_error("create table t (a int null not null)").substr(0, 5) == "42601");
  CHECK(kind_or_error("select $0").substr(0, 5) == "42P02");
}

TEST_CASE("depth is capped and long chains work") {
  const auto repeat = [](const std::string& part, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += part;
    return out;
  };
  CHECK(kind_or_error("select " + repeat("(", 5000) + "1" + repeat(")", 5000)).substr(0, 5) == "54001");
  CHECK(kind_or_error("select " + repeat("(", 300) + "1" + repeat(")", 300)) == "kind 0");
  CHECK(kind_or_error("select 1" + repeat(" + 1", 5000)).substr(0, 5) == "54001");
  CHECK(kind_or_error("select 1" + repeat(" + 1", 400)) == "kind 0");
  CHECK(kind_or_error("select a = 1" + repeat(" or a = 1", 20000)) == "kind 0");
  CHECK(kind_or_error("select a" + repeat(" and a or a", 3000)).substr(0, 4) == "kind");
  CHECK(kind_or_error("select " + repeat("not ", 3000) + "a").substr(0, 5) == "54001");
  CHECK(kind_or_error(repeat("select (", 2000)).substr(0, 5) == "54001");
  CHECK(kind_or_error("select 1 in (1" + repeat(", 1", 20000) + ")") == "kind 0");
  CHECK(kind_or_error("select 1" + repeat(" union select 1", 2000)).substr(0, 5) == "54001");
}
