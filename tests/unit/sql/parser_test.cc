// Proves that every kind of statement parses to the tree it should, that refusals say what
// PostgreSQL says, and that depth is capped.
#include "sql/parser.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/print.h"

using namespace rowan;
using namespace rowan::sql;

namespace rowan::sql {
bool operator==(const GivenText& given, std::string_view text) { return given.text() == text; }
}  // namespace rowan::sql

namespace {
std::string kind_or_error(const std::string& text) {
  auto parsed = parse_statement(text);
  if (parsed) return "kind " + std::to_string(static_cast<int>(parsed->statement->kind));
  return std::string(sqlstate(parsed.error().code())) + " " +
         std::to_string(parsed.error().position()) + " " + parsed.error().message();
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
  for (const char* text :
       {"select",
        "select 1",
        "select a b, c as d, e as select, t.*, * from t",
        "select distinct on (a) a from t order by a desc nulls last limit 1 offset 2",
        "select * from a join b on a.x = b.x left outer join c using (y, z) natural full join d "
        "cross join e",
        "select * from (select 1) s(x), generate_series(1, 10) g, rowan.log('main') l, (a join b "
        "on true)",
        "select * from t as of 'main~1' x where a = 1",
        "select * from t as of timestamp '2024-01-01' as y",
        "select * from t for system_time as of now() - '1 day'::interval z",
        "select * from s.t@'v1' q join t as of on true",
        "with a(x) as (select 1), b as (values (1), (2)) select * from a, b union all select 1, 2 "
        "order by 1",
        "with recursive r as (select 1 union select 2) table r",
        "((select 1) union (select 2 limit 1)) limit 3",
        "(select 1 limit 1) limit 2",
        "select (select 1), exists (select 1), 1 in (select 2), 1 = any (select 3)",
        "select count(*) filter (where a) from t group by a, b having count(*) > 1 fetch first 3 "
        "rows only",
        "select offset_ from t offset 3 rows fetch next row only",
        "values (1, default), (2, 3)",
        "select log, id, slot, position, time, timestamp, values, key, branch from t",
        "select left('a', 1), right('b', 1)",
        "select a at time zone 'utc', double precision '1.5', numeric(10,2) '1', timestamp(3) with "
        "time zone 'now'",
        "insert into t values (1, 'a'), (2, default) returning *, a + 1 as b",
        "insert into s.t (a, b) select 1, 2",
        "insert into t default values",
        "insert into t as x (a) (select 1)",
        "insert into t (select 1)",
        "update t set a = 1, b = default where c returning a",
        "update only t as x set (a, b) = (1, 2) from u where x.a = u.a",
        "update t x set a = 1",
        "delete from t",
        "delete from t as x using u, v where x.a = u.a returning x.*",
        "truncate a, b",
        "truncate table a restart identity cascade",
        "copy t from 'x.csv' with (format csv, header true, delimiter ';', null '', quote '\"', "
        "escape '\\')",
        "copy t (a, b) from stdin csv header",
        "copy (select 1) to stdout with csv header delimiter as ','",
        "copy s.t to stdout",
        "create schema if not exists s",
        "create schema s",
        "drop schema if exists s cascade",
        "create database d",
        "drop database if exists d",
        "create table if not exists s.t (id integer primary key, a varchar(20) default 'x' not "
        "null, b double precision default -1.5 * 2, constraint k unique (a, b), unique (b))",
        "create table t (id integer NOT NULL SLOT 0 ID 1a2b3c4d, b text SLOT 1 ID 12e45678 ABSENT "
        "'x', c numeric(3,1) SLOT 2 ID 12345678 ABSENT -1.5, DROPPED SLOT 3 ID 99aa0011, PRIMARY "
        "KEY (id))",
        "create table t ()",
        "drop table if exists a, s.b cascade",
        "begin",
        "begin transaction isolation level repeatable read, read only",
        "start transaction read write not deferrable",
        "commit",
        "end work",
        "commit message 'hello'",
        "commit work message 'x'",
        "rollback",
        "abort",
        "savepoint a",
        "release a",
        "release savepoint a",
        "rollback to a",
        "rollback work to savepoint a",
        "set transaction isolation level serializable",
        "set a = 1",
        "set session a.b to 'x', y",
        "set local a to default",
        "set time zone 'utc'",
        "set names 'utf8'",
        "set session characteristics as transaction isolation level read committed",
        "show all",
        "show a.b",
        "show time zone",
        "show transaction isolation level",
        "reset a",
        "reset all",
        "explain select 1",
        "explain analyze update t set a = 1",
        "explain (analyze, costs on) select 1",
        "explain (select 1)",
        "show log",
        "show log for s.t limit 3",
        "show branches",
        "show tables",
        "show tables in s",
        "show databases",
        "describe s.t",
        "create branch b",
        "create branch if not exists feature-x/y from 'main~1'",
        "create branch b from main",
        "drop branch if exists feature-x force",
        "rename branch a-b to c/d",
        "checkout feature-x/y",
        "checkout \"A b\"",
        "checkout 'x'",
        "checkpoint;",
        "select $1, $2"}) {
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
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->as_of.kind ==
        AsOfKind::kRevision);
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

TEST_CASE("definitions parse") {
  for (const char* text :
       {"alter table t add a int",
        "alter table if exists only s.t add column if not exists a int not null default 1 "
        "references u (x) on delete cascade",
        "alter table t add constraint k primary key (a, b), add unique (c), add check (a > 0), add "
        "foreign key (a) references u",
        "alter table t drop a, drop column if exists b cascade, drop constraint c restrict, drop "
        "constraint if exists d",
        "alter table t rename a to b",
        "alter table t rename column a to b",
        "alter table t rename constraint a to b",
        "alter table t rename to u",
        "alter table t set schema s",
        "alter table t alter a type bigint, alter column b set data type text using b::text || 'x'",
        "alter table t alter a set default 1 + 2, alter b drop default, alter c set not null, "
        "alter d drop not null",
        "alter table t alter a add generated always as identity (start 5), alter b drop identity "
        "if exists, alter c drop identity",
        "alter table t set merge rule newest, alter c set merge rule sum, alter d drop merge rule",
        "alter table t drop merge rule",
        "alter table t modify a bigint",
        "alter table t modify column a varchar(10)",
        "alter table t add merge int, drop rule, drop merge",
        "alter table t alter merge type int, alter column type set default 2",
        "alter table t add action text",
        "alter table t alter data set not null",
        "create table t (a int check (a > 0), constraint c check (a < b) not deferrable initially "
        "immediate, b int null)",
        "create table t (a int references u, b int constraint f references s.u (x) match simple on "
        "delete set null on update no action not deferrable)",
        "create table t (a int, foreign key (a) references u on delete set default on update "
        "restrict)",
        "create table t (a int generated always as identity, b bigint generated by default as "
        "identity (start with 10 increment by -2 no cycle cache 1))",
        "create table t (a int merge rule sum, b text collate \"C\" merge rule union not null) "
        "merge rule conflict",
        "create table t (a int, index i (a, b desc nulls last), unique index j (a), index k "
        "(lower(a), (a + 1)))",
        "create table t (index int, unique_ int, merge rule, rule text, view int, data bytea, type "
        "text, no int, sequence bigint, key int, \"index\" int)",
        "create table t (index varchar(20), merge varchar(3))",
        "create index on t (a)",
        "create unique index concurrently if not exists i on only s.t using btree (a asc nulls "
        "first, lower(b) desc, (a + 1)) where a > 0",
        "create index i on t (trim(a), s.f(b))",
        "create index concurrently i on t (a collate \"C\" desc)",
        "drop index i",
        "drop index concurrently if exists s.i",
        "drop index if exists s.i, j cascade",
        "drop index i on d.t",
        "drop view v, w restrict",
        "drop view if exists v cascade",
        "drop materialized view if exists m",
        "drop sequence s, t",
        "alter index i rename to j",
        "alter view if exists s.v rename to w",
        "alter materialized view m rename to n",
        "alter sequence if exists s rename to t",
        "create view v as select 1",
        "create or replace view s.v (a, b) as (select 1, 2) union all select 3, 4 order by 1",
        "create view v as values (1)",
        "create view v as with a as (select 1) table a",
        "create materialized view m as select 1",
        "create materialized view if not exists m (a, b) as select 1, 2 with no data",
        "create materialized view s.m (a integer SLOT 0 ID 1a2b3c4d, b text SLOT 1 ID 00000001) as "
        "select 1, 'x' with data",
        "refresh materialized view concurrently s.m",
        "refresh materialized view s.m with no data",
        "refresh view m",
        "refresh materialized view m with data",
        "create sequence s",
        "create sequence if not exists a.s as smallint start 1 increment by 2 minvalue -5 no "
        "maxvalue cycle cache 20 owned by a.t.c",
        "alter sequence s restart",
        "alter sequence if exists s restart with 5 owned by none",
        "alter sequence s increment 3 no minvalue maxvalue 100 no cycle",
        "select merge, rule, view, index, type, data, no, sequence, action, identity, match, add "
        "from merge rule",
        "select 1 merge, 2 rule, 3 view, 4 index, 5 type, 6 as data, 7 no, 8 sequence, 9 as "
        "column, 10 column, 11 as initially, 12 as concurrently",
        "select a from index index, view as view where type = add"}) {
    CAPTURE(text);
    CHECK(kind_or_error(text).substr(0, 4) == "kind");
    if (kind_or_error(text).substr(0, 4) != "kind") MESSAGE(kind_or_error(text));
  }
}

TEST_CASE("trees of tables with constraints") {
  auto parsed = parse(
      "create table s.t (a int constraint c check (a > 0) check (a < 9) references u (x) on delete "
      "cascade on update set null, "
      "b text null merge rule union, index varchar(20), unique index i (a, (b) desc), constraint f "
      "foreign key (a, b) references v, "
      "check (a <> 3)) merge rule newest");
  const auto& table = as<CreateTableStmt>(parsed);
  REQUIRE(table.columns.size() == 3);
  const ColumnClause& a = table.columns[0];
  REQUIRE(a.checks.size() == 2);
  CHECK(a.checks[0].name == "c");
  CHECK(a.checks[0].position == 38);
  CHECK(a.checks[1].name.empty());
  REQUIRE(a.references != nullptr);
  CHECK(a.references->columns[0] == "a");
  CHECK(a.references->table.name == "u");
  CHECK(a.references->referenced[0] == "x");
  CHECK(a.references->on_delete == ForeignAction::kCascade);
  CHECK(a.references->on_update == ForeignAction::kSetNull);
  CHECK(table.columns[1].checks.empty());
  CHECK(table.columns[1].explicit_null);
  CHECK(table.columns[1].merge_rule == "union");
  CHECK(table.columns[2].name == "index");
  CHECK(table.columns[2].type.name == "varchar");
  REQUIRE(table.indexes.size() == 1);
  CHECK(table.indexes[0].unique);
  CHECK(table.indexes[0].name == "i");
  CHECK(table.indexes[0].columns[1].column == "b");
  CHECK(table.indexes[0].columns[1].descending);
  CHECK(table.indexes[0].columns[1].nulls_first);
  REQUIRE(table.foreign_keys.size() == 1);
  CHECK(table.foreign_keys[0].name == "f");
  CHECK(table.foreign_keys[0].columns.size() == 2);
  CHECK(table.foreign_keys[0].referenced.empty());
  CHECK(table.foreign_keys[0].on_delete == ForeignAction::kNoAction);
  REQUIRE(table.checks.size() == 1);
  CHECK(table.merge_rule == "newest");
  parsed = parse("create table t (a int, index j (a), index int, index varchar(5))");
  CHECK(as<CreateTableStmt>(parsed).indexes.size() == 1);
  CHECK(as<CreateTableStmt>(parsed).columns.size() == 3);
  parsed = parse(
      "create table t (a int generated by default as identity (start with 5 increment -1 no "
      "maxvalue))");
  const ColumnClause& identity = as<CreateTableStmt>(parsed).columns[0];
  CHECK(identity.identity == IdentityKind::kByDefault);
  REQUIRE(identity.identity_options != nullptr);
  CHECK(identity.identity_options->start == 5);
  CHECK(identity.identity_options->increment == -1);
  CHECK(identity.identity_options->no_max);
}

TEST_CASE("trees of changes of tables") {
  auto parsed = parse(
      "alter table if exists s.t add a int constraint k unique default 7, alter b set default 1, "
      "alter c type text using c || 'x', drop d cascade");
  const auto& alter = as<AlterTableStmt>(parsed);
  CHECK(alter.if_exists);
  REQUIRE(alter.actions.size() == 4);
  CHECK(alter.actions[0].kind == AlterKind::kAddColumn);
  CHECK(alter.actions[0].column.name == "a");
  CHECK(alter.actions[0].column.unique);
  CHECK(alter.actions[0].column.key_name == "k");
  CHECK(alter.actions[0].column.default_text == "7");
  CHECK(alter.actions[1].kind == AlterKind::kSetDefault);
  CHECK(alter.actions[1].name == "b");
  CHECK(alter.actions[1].value != nullptr);
  CHECK(alter.actions[2].kind == AlterKind::kSetType);
  CHECK(alter.actions[2].type.name == "text");
  CHECK(alter.actions[2].value != nullptr);
  CHECK(alter.actions[3].cascade);
  parsed = parse(
      "alter table t alter c drop merge rule, set merge rule sum, add constraint k check (a > 0)");
  CHECK(as<AlterTableStmt>(parsed).actions[0].kind == AlterKind::kSetMergeRule);
  CHECK(as<AlterTableStmt>(parsed).actions[0].name == "c");
  CHECK(as<AlterTableStmt>(parsed).actions[0].new_name.empty());
  CHECK(as<AlterTableStmt>(parsed).actions[1].name.empty());
  CHECK(as<AlterTableStmt>(parsed).actions[1].new_name == "sum");
  CHECK(as<AlterTableStmt>(parsed).actions[2].kind == AlterKind::kAddCheck);
  CHECK(as<AlterTableStmt>(parsed).actions[2].check.name == "k");
  parsed = parse("alter table t rename a to b");
  CHECK(as<AlterTableStmt>(parsed).actions[0].kind == AlterKind::kRenameColumn);
  CHECK(as<AlterTableStmt>(parsed).actions[0].new_name == "b");
}

TEST_CASE("trees of indexes, views and sequences") {
  auto parsed = parse("create unique index i on s.t (a desc, lower(b) nulls first) where a > 0");
  const auto& index = as<CreateIndexStmt>(parsed);
  CHECK(index.index.unique);
  CHECK(index.index.name == "i");
  CHECK(index.index.columns[0].column == "a");
  CHECK(index.index.columns[1].column.empty());
  CHECK(index.index.columns[1].expr != nullptr);
  CHECK(index.index.columns[1].nulls_first);
  CHECK(index.where != nullptr);
  parsed = parse("drop index if exists i on d.t cascade");
  CHECK(as<DropStmt>(parsed).object == ObjectKind::kIndex);
  CHECK(as<DropStmt>(parsed).on_table.name == "t");
  CHECK(as<DropStmt>(parsed).if_exists);
  CHECK(as<DropStmt>(parsed).cascade);
  parsed = parse("create or replace view v (x) as select 1");
  CHECK(as<CreateViewStmt>(parsed).or_replace);
  CHECK(as<CreateViewStmt>(parsed).columns.size() == 1);
  CHECK(as<CreateViewStmt>(parsed).select->text == "select 1");
  parsed =
      parse("create materialized view m (a integer SLOT 0 ID 1a2b3c4d) as select 1 with no data");
  CHECK(as<CreateViewStmt>(parsed).materialized);
  CHECK(as<CreateViewStmt>(parsed).columns.empty());
  REQUIRE(as<CreateViewStmt>(parsed).stored_columns.size() == 1);
  CHECK(as<CreateViewStmt>(parsed).stored_columns[0].id == 0x1a2b3c4d);
  CHECK_FALSE(as<CreateViewStmt>(parsed).with_data);
  parsed = parse("create sequence s owned by a.t.c minvalue -9223372036854775808 restart");
  const SequenceOptions& options = as<SequenceStmt>(parsed).options;
  CHECK(options.owner_table.schema == "a");
  CHECK(options.owner_table.name == "t");
  CHECK(options.owner_column == "c");
  CHECK(options.min == INT64_MIN);
  CHECK(options.has_restart);
  CHECK_FALSE(options.restart_with);
}

TEST_CASE("refusals of definitions") {
  CHECK(kind_or_error("create table t (a int, foreign key (a) references u match full)") ==
        "0A000 59 MATCH FULL is not supported yet");
  CHECK(kind_or_error("create table t (a int references u deferrable)") ==
        "0A000 36 deferrable constraints are not supported yet");
  CHECK(kind_or_error("create table t (a int, unique (a) initially deferred)") ==
        "0A000 45 deferrable constraints are not supported yet");
  CHECK(kind_or_error("create table t (a int generated always as (b + 1) stored)") ==
        "0A000 23 generated columns are not supported yet");
  CHECK(kind_or_error("create table t (a int) inherits (u)") ==
        "0A000 24 CREATE TABLE ... INHERITS is not supported yet");
  CHECK(kind_or_error("create index i on t using gin (a)") ==
        "0A000 27 index method \"gin\" is not supported yet");
  CHECK(kind_or_error("create index i on t using hsah (a)") ==
        "42704 27 access method \"hsah\" does not exist");
  CHECK(kind_or_error("create index i on t (a text_pattern_ops)") ==
        "0A000 24 operator classes are not supported yet");
  CHECK(kind_or_error("create index i on t (a) include (b)").substr(0, 5) == "0A000");
  CHECK(kind_or_error("create or replace function f() returns int") ==
        "0A000 1 CREATE OR REPLACE FUNCTION is not supported yet");
  CHECK(kind_or_error("create or replace view v as selec 1") ==
        "42601 29 syntax error at or near \"selec\"");
  CHECK(kind_or_error("create view v as select 1 with check option").substr(0, 5) == "0A000");
  CHECK(kind_or_error("alter table t owner to joe").substr(0, 5) == "0A000");
  CHECK(kind_or_error("alter table t ad a int") == "42601 15 syntax error at or near \"ad\"");
  CHECK(kind_or_error("alter table t rename a to b, rename c to d") ==
        "42601 28 syntax error at or near \",\"");
  CHECK(kind_or_error("alter role joe") == "0A000 1 ALTER ROLE is not supported yet");
  CHECK(kind_or_error("create sequence s start 1 start 2") ==
        "42601 27 conflicting or redundant options");
  CHECK(kind_or_error("create sequence s start 9223372036854775808") ==
        "22003 25 value \"9223372036854775808\" is out of range for type bigint");
  CHECK(kind_or_error("create sequence s owned by t") == "42601 28 invalid OWNED BY option");
  CHECK(kind_or_error("create table t (a int references u on delete cascade on delete cascade)")
            .substr(0, 5) == "42601");
  CHECK(kind_or_error("create table t (a int, constraint c unique index i (a))").substr(0, 5) ==
        "42601");
}

TEST_CASE("statements of version control parse") {
  for (
      const char* text :
      {"show log for s.t key 5 on feature-x/y author 'a' path 'p' since '2024-01-01' until now() "
       "grep 'g' limit 3",
       "show log key (1, 'x', -2.5) for t",
       "show log on main for s.t",
       "show log since timestamp '2024-01-01' author 'x'",
       "show transactions",
       "show transactions limit 5",
       "show diff",
       "show diff stat",
       "show diff schema for s.t 'a..b' limit 10",
       "show diff 'main...feature-x'",
       "show diff from v1.0 to feature-x",
       "show diff to b",
       "show diff 'HEAD~2' for t",
       "blame s.t",
       "blame t key 5 as of 'main~2' cells",
       "blame t as of feature-x/y",
       "blame t cells key (1, 'x')",
       "show tags",
       "show status",
       "show views",
       "show views in d",
       "show index on d.t",
       "show indexes from t",
       "show indexes",
       "show conflicts for s.t",
       "show merge conflicts",
       "show reflog",
       "show reflog feature-x",
       "show reflog for main",
       "show tables from s",
       "alter branch feature-x rename to y",
       "checkout new feature-x from 'main~1'",
       "checkout -b feature-x/y",
       "switch branch feature-x",
       "switch main",
       "checkout new",
       "protect branch main",
       "unprotect branch a-b",
       "alter branch main set history policy every '1 hour' keep '30 days'",
       "alter branch main set history policy every '1 day'",
       "alter branch main drop history policy",
       "merge feature-x",
       "merge branch a, b-c, 'd~1' with ours dry run message 'x'",
       "merge a with manual resolution",
       "merge a with no fast forward, renumber",
       "merge a message 'm' with theirs with fast forward only, with unrelated histories",
       "merge a with row level resolution with last writer",
       "merge a dry run",
       "merge a with row level",
       "merge \"feature-x\"",
       "commit merge",
       "commit merge message 'done'",
       "abort merge",
       "resolve conflict d.t.42 using head",
       "resolve conflict d.t.'a b' using source",
       "resolve conflict d.t.(1, 'x') using base",
       "resolve conflict t.-5 using head",
       "resolve conflict d.t.abc using '{\"a\": 1}'",
       "resolve conflict d.t.1.5 using head",
       "resolve conflict in s.t key (1, 2) using 'null'",
       "resolve conflict d.t.$1 using head",
       "resolve conflicts using theirs",
       "resolve conflicts in s.t using ours",
       "resolve conflicts in t where id > 5 and ours_a = 1 using base",
       "create tag v1.0",
       "create tag if not exists v1.0 from feature-x message 'first'",
       "create snapshot s from 'main~3'",
       "drop tag v1.0",
       "drop snapshot if exists s",
       "restore to 'main~3'",
       "restore all to v1.0 message 'back'",
       "restore table a, s.b to feature-x",
       "restore database d to v1",
       "restore schema s to head",
       "revert head",
       "revert abc, 'main~1' parent 2 message 'undo'",
       "cherry-pick feature-x",
       "cherry-pick a..b, c message 'm' parent 1",
       "CHERRY-PICK 'a..b'",
       "reset to 'main~2'",
       "reset branch to v1.0 force",
       "reset hard to feature-x",
       "reset hard 'HEAD~1'",
       "rebase main",
       "rebase onto feature-x",
       "squash since 'main~5' message 'one' force",
       "squash since v1.0",
       "reset a",
       "reset a.b",
       "reset all",
       "copy into d.t from 'f.csv'",
       "copy into d.t from 's3://b/k' with (header = true, delimiter = ';')",
       "copy into 'f.csv' from d.t with (header = false)",
       "select * from t for system_time between '2024-01-01' and now() x, u for system_time from "
       "'2023-01-01' to '2024-01-01' as y, v for system_time all z",
       "select * from t for system_time all where a",
       "select merge, tag, blame, diff, branch, restore, conflict, head, source, base, rule, stat, "
       "author, path, history, status, until, since from t",
       "select 1 as merge, 2 as tag, 3 as blame, 4 as diff, 5 as branch, 6 as restore, 7 as "
       "conflict, 8 as head, 9 as source, 10 as base, 11 as rule, 12 as stat",
       "select 1 merge, 2 tag, 3 blame, 4 diff, 5 branch, 6 restore, 7 conflict, 8 head, 9 source, "
       "10 base, 11 rule, 12 stat, 13 key, 14 cells, 15 message",
       "select t.merge, tag.tag, blame(diff), merge.merge(1), stat::status from merge as tag join "
       "blame tag2 on diff = branch, restore conflict where history = path order by status limit 1",
       "create table merge (tag int, blame text, diff int, branch text, restore int, conflict int, "
       "head int, source int, base int, rule int, stat int, primary key (tag, status), status int)",
       "update blame set merge = 1, tag = diff where stat = path",
       "insert into tag (merge, history) values (1, 2) returning merge tag",
       "delete from diff using merge where blame",
       "create view blame (merge, tag) as select 1, 2",
       "drop view restore, revert",
       "alter table tag rename merge to diff",
       "savepoint merge",
       "release merge",
       "with merge as (select 1 tag), blame (diff) as (select 2) select * from merge, blame",
       "set tag = merge",
       "show squash"}) {
    CAPTURE(text);
    CHECK(kind_or_error(text).substr(0, 4) == "kind");
    if (kind_or_error(text).substr(0, 4) != "kind") MESSAGE(kind_or_error(text));
  }
}

TEST_CASE("trees of merges and conflicts") {
  auto parsed = parse(
      "merge feature-x, 'v1~2' with manual resolution, with no fast forward with renumber dry run "
      "message 'm'");
  const auto& merge = as<MergeStmt>(parsed);
  CHECK(merge.kind == StatementKind::kMerge);
  REQUIRE(merge.sources.size() == 2);
  CHECK(merge.sources[0] == "feature-x");
  CHECK(merge.sources[1] == "v1~2");
  CHECK(merge.policy == "manual");
  CHECK(merge.no_fast_forward);
  CHECK(merge.renumber);
  CHECK(merge.dry_run);
  CHECK(merge.message == "m");
  CHECK(merge.text ==
        "merge feature-x, 'v1~2' with manual resolution, with no fast forward with renumber dry "
        "run message 'm'");
  CHECK(as<MergeStmt>(parse("merge a with last writer")).policy == "row-level");
  const auto key = [&](const std::string& path) -> std::string {
    parsed = parse("resolve conflict " + path + " using head");
    const auto& resolve = as<ResolveStmt>(parsed);
    REQUIRE(resolve.key != nullptr);
    return std::string(resolve.table.schema) + "/" + std::string(resolve.table.name) + "/" +
           to_sql(*resolve.key);
  };
  CHECK(key("s.t.42") == "s/t/42");
  CHECK(key("t.42") == "/t/42");
  CHECK(key("s.t.-42") == "s/t/-42");
  CHECK(key("s.t.1.5") == "s/t/1.5");
  CHECK(key("s.t.Abc_1") == "s/t/'Abc_1'");
  CHECK(key("s.t.\"Abc 1\"") == "s/t/'Abc 1'");
  CHECK(key("s.t.'it''s'") == "s/t/'it''s'");
  CHECK(key("s.t.(1, 'x')") == "s/t/ROW(1, 'x')");
  CHECK(key("s.t.(7)") == "s/t/7");
  CHECK(key("in s.t key 7") == "s/t/7");
  parsed = parse("resolve conflict s.t.1 using '{\"a\": 1}'");
  CHECK(as<ResolveStmt>(parsed).side == ResolveSide::kJson);
  CHECK(as<ResolveStmt>(parsed).json == "{\"a\": 1}");
  parsed = parse("resolve conflicts in s.t where id > 1 using source");
  CHECK(as<ResolveStmt>(parsed).side == ResolveSide::kSource);
  CHECK(as<ResolveStmt>(parsed).where != nullptr);
  CHECK(as<ResolveStmt>(parsed).key == nullptr);
  parsed = parse("commit merge message 'x'");
  CHECK(parsed.statement->kind == StatementKind::kCommitMerge);
  CHECK(as<MergeStmt>(parsed).message == "x");
  CHECK(parse("abort merge").statement->kind == StatementKind::kAbortMerge);
  CHECK(parse("abort").statement->kind == StatementKind::kRollback);
}

TEST_CASE("a parameter in the place of a name gets its text when the statement runs") {
  ParsedStatement parsed = parse("  show diff $1 for t to $2");
  REQUIRE(parsed.text_parameters.size() == 2);
  CHECK(parsed.parameter_count == 2);
  CHECK(parsed.text_parameters[0]->is_revision);
  CHECK(parsed.statement->text.substr(parsed.text_parameters[1]->begin, 2) == "$2");
  const auto& diff = as<DiffStmt>(parsed);
  CHECK(diff.range.is_written());
  CHECK(diff.range.empty());
  parsed.text_parameters[0]->text = "a";
  parsed.text_parameters[1]->text = "b";
  CHECK(revision_range(diff)->from == "a");
  CHECK(revision_range(diff)->to == "b");
  parsed.text_parameters[0]->text = "a..c";
  CHECK(!revision_range(diff).has_value());
  parsed.text_parameters[1]->text = "";
  CHECK(revision_range(diff)->to == "c");
  CHECK(!parse_statement("show diff 'a..b' to $1").has_value());
  CHECK(!parse_statement("show diff $1 from b").has_value());

  parsed = parse("select 1 from t as of $2, u@$1");
  REQUIRE(parsed.text_parameters.size() == 2);
  CHECK(parsed.text_parameters[0]->number == 2);
  REQUIRE(parsed.text_parameters[0]->literal != nullptr);
  const auto& from = as<SelectStmt>(parsed).from;
  CHECK(static_cast<const NamedTable&>(*from[0]).as_of.value == parsed.text_parameters[0]->literal);

  parsed = parse("merge $1, b, $2 message $3");
  const auto& merge = as<MergeStmt>(parsed);
  REQUIRE(merge.sources.size() == 3);
  parsed.text_parameters[1]->text = "c";
  CHECK(merge.sources[1] == "b");
  CHECK(merge.sources[2] == "c");
  CHECK(merge.has_message);
  CHECK(!parsed.text_parameters[2]->is_revision);
  // What is prepared has its own.
  CHECK(parse("prepare p as select 1 from t as of $1").text_parameters.empty());
}

TEST_CASE("arguments have names") {
  const ParsedStatement parsed = parse("select f(1, b => 2, \"C\" := 3), g(table => 1, from => 2)");
  const auto& items = as<SelectStmt>(parsed).items;
  const auto& f = static_cast<const CallExpr&>(*items[0].expr);
  REQUIRE(f.names.size() == 3);
  CHECK(f.names[0].empty());
  CHECK(f.names[1] == "b");
  CHECK(f.names[2] == "C");
  CHECK(static_cast<const CallExpr&>(*items[1].expr).names[1] == "from");
  for (const char* wrong : {"select f(a => 1, 2)", "select f(a => 1, a => 2)", "select 1 => 2",
                            "select numeric(a => 1) '1'"}) {
    CAPTURE(wrong);
    const auto refused = parse_statement(wrong);
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code() == ErrorCode::kSyntaxError);
  }
}

TEST_CASE("trees of cursors") {
  const auto fetch = [](const std::string& text) -> std::string {
    const ParsedStatement parsed = parse(text);
    const auto& made = as<FetchStmt>(parsed);
    const char* const words[] = {"forward", "backward", "absolute", "relative"};
    return std::string(words[static_cast<int>(made.direction)]) + " " +
           (made.count == kFetchAll ? "all" : std::to_string(made.count)) + " " +
           std::string(made.cursor);
  };
  CHECK(fetch("fetch c") == "forward 1 c");
  CHECK(fetch("fetch from c") == "forward 1 c");
  CHECK(fetch("fetch next in \"C\"") == "forward 1 C");
  CHECK(fetch("fetch prior c") == "backward 1 c");
  CHECK(fetch("fetch first from c") == "absolute 1 c");
  CHECK(fetch("fetch last from c") == "absolute -1 c");
  CHECK(fetch("fetch all c") == "forward all c");
  CHECK(fetch("fetch -3 c") == "forward -3 c");
  CHECK(fetch("fetch forward c") == "forward 1 c");
  CHECK(fetch("fetch forward 100 from _psql_cursor") == "forward 100 _psql_cursor");
  CHECK(fetch("fetch backward all in c") == "backward all c");
  CHECK(fetch("fetch absolute -2 c") == "absolute -2 c");
  CHECK(fetch("move relative +2 in c") == "relative 2 c");
  CHECK(!parse_statement("fetch 3000000000 c").has_value());
  const ParsedStatement parsed =
      parse("declare c no scroll cursor with hold for select 1 order by 1");
  const auto& declare = as<DeclareStmt>(parsed);
  CHECK(declare.no_scroll);
  CHECK(!declare.scroll);
  CHECK(declare.hold);
  CHECK(declare.query == " select 1 order by 1");
  CHECK(as<CloseStmt>(parse("close c")).cursor == "c");
  CHECK(as<CloseStmt>(parse("close all")).cursor.empty());
  // The words are names elsewhere.
  CHECK(parse("select forward, hold, scroll from move, vacuum, cursor where prior < relative").statement !=
        nullptr);
  CHECK(parse("select time without time zone '1:00' as without").statement != nullptr);
}

TEST_CASE("VACUUM and ANALYZE name tables") {
  CHECK(as<MaintenanceStmt>(parse("vacuum analyze pgbench_branches")).tables[0].name ==
        "pgbench_branches");
  const ParsedStatement parsed = parse("VACUUM (ANALYZE, VERBOSE true, parallel 2) a, \"B\".c");
  CHECK(as<MaintenanceStmt>(parsed).tables.size() == 2);
  CHECK(as<MaintenanceStmt>(parsed).tables[1].schema == "B");
  CHECK(as<MaintenanceStmt>(parse("ANALYZE verbose t (a, b)")).tables.size() == 1);
  CHECK(parse("vacuum full freeze verbose analyze").statement->kind == StatementKind::kVacuum);
  for (const char* wrong : {"VACUUM a,", "VACUUM (", "VACUUM (fast)", "ANALYZE (full)",
                            "VACUUM (full maybe)"}) {
    CAPTURE(wrong);
    CHECK(!parse_statement(wrong).has_value());
  }
}

TEST_CASE("trees of revisions and diffs") {
  const auto diff = [](const std::string& text) -> std::string {
    const ParsedStatement parsed = parse("show diff " + text);
    const auto& made = as<DiffStmt>(parsed);
    const auto range = revision_range(made);
    REQUIRE(range.has_value());
    return std::string(range->from) + " " + std::string(range->to) + (range->three_dots ? " three" : "") +
           (made.stat ? " stat" : "") + (made.schema ? " schema" : "") +
           (made.has_table ? " " + std::string(made.table.name) : "");
  };
  CHECK(diff("'a..b'") == "a b");
  CHECK(diff("'a...b-c' stat") == "a b-c three stat");
  CHECK(diff("'..b'") == "HEAD b");
  CHECK(diff("'a..'") == "a HEAD");
  CHECK(diff("'v1.0..v1.1'") == "v1.0 v1.1");
  CHECK(diff("'main~1'") == "main~1 HEAD");
  CHECK(diff("'main~1' to dev") == "main~1 dev");
  CHECK(diff("schema for s.t from v1.0 to feature-x") == "v1.0 feature-x schema t");
  CHECK(diff("from head") == "HEAD HEAD");
  CHECK(diff("to dev") == "HEAD dev");
  CHECK(diff("") == "HEAD~1 HEAD");
  auto parsed = parse("cherry-pick a..b, 'c' message 'm' parent 2");
  CHECK(parsed.statement->kind == StatementKind::kCherryPick);
  CHECK(as<RevisionsStmt>(parsed).revisions[0] == "a..b");
  CHECK(as<RevisionsStmt>(parsed).revisions[1] == "c");
  CHECK(as<RevisionsStmt>(parsed).parent == 2);
  CHECK(as<RevisionsStmt>(parsed).message == "m");
  parsed = parse("reset hard to Head force");
  CHECK(parsed.statement->kind == StatementKind::kResetTo);
  CHECK(as<RevisionsStmt>(parsed).revisions[0] == "HEAD");
  CHECK(as<RevisionsStmt>(parsed).force);
  CHECK(parse("reset to_").statement->kind == StatementKind::kReset);
  parsed = parse("show log for s.t key (1, 'x') on feature-x since '2024-01-01' limit 7");
  const auto& log = as<ShowLogStmt>(parsed);
  CHECK(log.kind == StatementKind::kShowLog);
  CHECK(log.table.name == "t");
  CHECK(log.branch == "feature-x");
  CHECK(log.key->kind == ExprKind::kRow);
  CHECK(log.since != nullptr);
  CHECK(log.limit != nullptr);
  parsed = parse("restore table a, s.b to 'main~1' message 'back'");
  CHECK(as<RestoreStmt>(parsed).scope == RestoreScope::kTables);
  CHECK(as<RestoreStmt>(parsed).tables[1].schema == "s");
  CHECK(as<RestoreStmt>(parsed).revision == "main~1");
  CHECK(as<RestoreStmt>(parsed).message == "back");
  parsed = parse("create snapshot V1.0 from head message 'm'");
  CHECK(as<TagStmt>(parsed).kind == StatementKind::kCreateSnapshot);
  CHECK(as<TagStmt>(parsed).name == "v1.0");
  CHECK(as<TagStmt>(parsed).from == "HEAD");
  parsed = parse("blame s.t key 5 as of feature-x/y cells");
  CHECK(as<BlameStmt>(parsed).revision == "feature-x/y");
  CHECK(as<BlameStmt>(parsed).cells);
  CHECK(as<BlameStmt>(parsed).key != nullptr);
  parsed = parse("checkout -b Feature-x from head");
  CHECK(as<BranchStmt>(parsed).create);
  CHECK(as<BranchStmt>(parsed).name == "feature-x");
  CHECK(as<BranchStmt>(parsed).from == "HEAD");
  parsed = parse("alter branch main set history policy every '1 hour' keep '9 days'");
  CHECK(as<BranchSettingStmt>(parsed).every == "1 hour");
  CHECK(as<BranchSettingStmt>(parsed).keep == "9 days");
  parsed = parse("copy into d.t from 'x' with (delimiter = '\\t')");
  CHECK(as<CopyStmt>(parsed).csv);
  CHECK(as<CopyStmt>(parsed).header);
  CHECK(as<CopyStmt>(parsed).from);
  CHECK(as<CopyStmt>(parsed).delimiter == "\t");
  parsed = parse("copy into 'x' from d.t with (header = false)");
  CHECK_FALSE(as<CopyStmt>(parsed).header);
  CHECK_FALSE(as<CopyStmt>(parsed).from);
  CHECK(as<CopyStmt>(parsed).path == "x");
  parsed = parse("select * from t for system_time from 1 to 2 x, u for system_time all");
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->as_of.kind == AsOfKind::kFromTo);
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->as_of.until != nullptr);
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[0])->alias == "x");
  CHECK(static_cast<NamedTable*>(as<SelectStmt>(parsed).from[1])->as_of.kind == AsOfKind::kAll);
}

TEST_CASE("refusals of version control") {
  CHECK(kind_or_error("merge into t using u on true when matched then delete") ==
        "0A000 1 MERGE INTO is not supported yet");
  CHECK(kind_or_error("merge a with ourss") == "42601 14 merge option \"ourss\" not recognized");
  CHECK(kind_or_error("merge a with ours, theirs") == "42601 20 a merge has one policy");
  CHECK(kind_or_error("merge a with no fast forward, fast forward only").substr(0, 5) == "42601");
  CHECK(kind_or_error("merge") == "42601 6 syntax error at end of input");
  CHECK(kind_or_error("resolve conflict using head") ==
        "42601 18 syntax error at or near \"using\"");
  CHECK(kind_or_error("resolve conflict s.t.1 using both") ==
        "42601 30 syntax error at or near \"both\"");
  CHECK(kind_or_error("resolve conflict s.t .1. using head").substr(0, 5) == "42601");
  CHECK(kind_or_error("checkout old b").substr(0, 5) == "42601");
  CHECK(kind_or_error("checkout -c b").substr(0, 5) == "42601");
  CHECK(kind_or_error("revert a force") == "42601 10 syntax error at or near \"force\"");
  CHECK(kind_or_error("revert a parent 0").substr(0, 5) == "22023");
  CHECK(kind_or_error("squash since a parent 1").substr(0, 5) == "42601");
  CHECK(kind_or_error("restore table t") == "42601 16 syntax error at end of input");
  CHECK(kind_or_error("show diff 'a..b' 'c..d'").substr(0, 5) == "42601");
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
  CHECK(kind_or_error("grant select on t to u") == "0A000 1 GRANT is not supported yet");
  CHECK(kind_or_error("select sum(a) over (partition by b) from t") ==
        "0A000 15 window functions are not supported yet");
  CHECK(kind_or_error("create table t as select 1") ==
        "0A000 16 CREATE TABLE AS is not supported yet");
  CHECK(kind_or_error("select array[[1]]") ==
        "0A000 14 arrays of more than one dimension and slices are not supported yet");
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
  CHECK(kind_or_error("select " + repeat("(", 30000) + "1" + repeat(")", 30000)).substr(0, 5) ==
        "54001");
  CHECK(kind_or_error("select " + repeat("(", 5000) + "1" + repeat(")", 5000)) == "kind 0");
  CHECK(kind_or_error("select 1" + repeat(" + 1", 5000)).substr(0, 5) == "54001");
  CHECK(kind_or_error("select 1" + repeat(" + 1", 400)) == "kind 0");
  CHECK(kind_or_error("select a = 1" + repeat(" or a = 1", 20000)) == "kind 0");
  CHECK(kind_or_error("select a" + repeat(" and a or a", 3000)).substr(0, 4) == "kind");
  CHECK(kind_or_error("select " + repeat("not ", 3000) + "a").substr(0, 5) == "54001");
  CHECK(kind_or_error(repeat("select (", 20000)).substr(0, 5) == "54001");
  CHECK(kind_or_error("select 1 in (1" + repeat(", 1", 20000) + ")") == "kind 0");
  CHECK(kind_or_error("select 1" + repeat(" union select 1", 2000)).substr(0, 5) == "54001");
}
