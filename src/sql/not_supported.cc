#include "sql/not_supported.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "sql/lexer.h"

namespace rowan::sql {

namespace {

// Statements by the words that they begin with.
constexpr std::string_view kStatements[] = {
    "alter aggregate", "alter collation", "alter conversion", "alter database", "alter default",
    "alter domain", "alter event", "alter extension", "alter foreign", "alter function",
    "alter group", "alter language", "alter large", "alter operator", "alter policy",
    "alter procedure", "alter publication", "alter role", "alter routine", "alter rule",
    "alter schema", "alter server", "alter statistics", "alter subscription", "alter system",
    "alter tablespace", "alter text", "alter trigger", "alter type", "alter user", "cluster",
    "comment", "commit prepared", "create access", "create aggregate", "create cast",
    "create collation", "create constraint", "create conversion", "create domain", "create event",
    "create extension", "create foreign", "create function", "create global", "create group",
    "create language", "create local", "create operator", "create policy", "create procedure",
    "create publication", "create recursive", "create role", "create rule",
    "create schema authorization", "create server", "create statistics", "create subscription",
    "create tablespace", "create temp", "create temporary", "create text", "create transform",
    "create trigger", "create trusted", "create type", "create user", "do", "drop access",
    "drop aggregate", "drop cast", "drop collation", "drop conversion", "drop domain",
    "drop event", "drop extension", "drop foreign", "drop function", "drop group",
    "drop language", "drop operator", "drop owned", "drop policy", "drop procedure",
    "drop publication", "drop role", "drop routine", "drop rule", "drop server",
    "drop statistics", "drop subscription", "drop tablespace", "drop text", "drop transform",
    "drop trigger", "drop type", "drop user", "grant", "import", "listen", "load", "lock",
    "merge into", "notify", "prepare transaction", "reassign", "reindex", "revoke",
    "rollback prepared", "security", "set constraints", "set role", "set session authorization",
    "unlisten",
};

// What other programs call talking to another repository.
constexpr std::string_view kRemotes[] = {"push", "pull", "clone", "create remote", "drop remote", "show remotes"};

// Parts of statements that are there.
struct Part {
  std::string_view begin;  // How the statement begins; empty: anyhow.
  std::string_view at;     // Words around the one, marked by `|`, at which the parser stops.
  std::string_view words;  // What messages call it.
};
constexpr Part kParts[] = {
    {"alter index", "|set", "ALTER INDEX ... SET"},
    {"alter index", "|attach", "ALTER INDEX ... ATTACH"},
    {"alter index", "|alter", "ALTER INDEX ... ALTER"},
    {"alter index", "|depends", "ALTER INDEX ... DEPENDS"},
    {"alter index", "|reset", "ALTER INDEX ... RESET"},
    {"alter materialized view", "|set", "ALTER MATERIALIZED VIEW ... SET"},
    {"alter materialized view", "|reset", "ALTER MATERIALIZED VIEW ... RESET"},
    {"alter materialized view", "|owner", "ALTER MATERIALIZED VIEW ... OWNER"},
    {"alter materialized view", "|cluster", "ALTER MATERIALIZED VIEW ... CLUSTER"},
    {"alter materialized view", "|alter", "ALTER MATERIALIZED VIEW ... ALTER"},
    {"alter materialized view", "|depends", "ALTER MATERIALIZED VIEW ... DEPENDS"},
    {"alter materialized view", "|column", "ALTER MATERIALIZED VIEW ... RENAME COLUMN"},
    {"alter sequence", "|set", "ALTER SEQUENCE ... SET"},
    {"alter sequence", "|owner", "ALTER SEQUENCE ... OWNER"},
    {"alter table", "|attach", "ALTER TABLE ... ATTACH"},
    {"alter table", "|cluster", "ALTER TABLE ... CLUSTER"},
    {"alter table", "|detach", "ALTER TABLE ... DETACH"},
    {"alter table", "|disable", "ALTER TABLE ... DISABLE"},
    {"alter table", "|enable", "ALTER TABLE ... ENABLE"},
    {"alter table", "|force", "ALTER TABLE ... FORCE"},
    {"alter table", "|inherit", "ALTER TABLE ... INHERIT"},
    {"alter table", "|owner", "ALTER TABLE ... OWNER"},
    {"alter table", "|replica", "ALTER TABLE ... REPLICA"},
    {"alter table", "|validate", "ALTER TABLE ... VALIDATE"},
    {"alter table", "|of", "ALTER TABLE ... OF"},
    {"alter table", "|reset", "ALTER TABLE ... RESET"},
    {"alter table", "|all in", "ALTER TABLE ... ALL IN TABLESPACE"},
    {"alter table", "|no inherit", "ALTER TABLE ... NO INHERIT"},
    {"alter table", "|not of", "ALTER TABLE ... NOT OF"},
    {"alter table", "set |without", "ALTER TABLE ... SET WITHOUT"},
    {"alter table", "set |logged", "ALTER TABLE ... SET LOGGED"},
    {"alter table", "set |unlogged", "ALTER TABLE ... SET UNLOGGED"},
    {"alter table", "set |tablespace", "ALTER TABLE ... SET TABLESPACE"},
    {"alter table", "set |access", "ALTER TABLE ... SET ACCESS METHOD"},
    {"alter table", "set |(", "ALTER TABLE ... SET (...)"},
    {"alter table", "set |statistics", "ALTER TABLE ... SET STATISTICS"},
    {"alter table", "set |storage", "ALTER TABLE ... SET STORAGE"},
    {"alter table", "set |compression", "ALTER TABLE ... SET COMPRESSION"},
    {"alter table", "set |generated", "ALTER TABLE ... SET GENERATED"},
    {"alter table", "set |increment", "ALTER TABLE ... SET INCREMENT"},
    {"alter table", "set |start", "ALTER TABLE ... SET START"},
    {"alter table", "set |minvalue", "ALTER TABLE ... SET MINVALUE"},
    {"alter table", "set |maxvalue", "ALTER TABLE ... SET MAXVALUE"},
    {"alter table", "set |cache", "ALTER TABLE ... SET CACHE"},
    {"alter table", "set |cycle", "ALTER TABLE ... SET CYCLE"},
    {"alter table", "|restart", "ALTER TABLE ... RESTART"},
    {"alter table", "alter |constraint", "ALTER TABLE ... ALTER CONSTRAINT"},
    {"alter table", "drop |expression", "ALTER TABLE ... DROP EXPRESSION"},
    {"alter table", "not |valid", "ALTER TABLE ... NOT VALID"},
    {"alter table", "unique |using", "ALTER TABLE ... USING INDEX"},
    {"alter table", "key |using", "ALTER TABLE ... USING INDEX"},
    {"alter table", "|exclude", "ALTER TABLE ... EXCLUDE"},
    {"alter view", "|alter", "ALTER VIEW ... ALTER"},
    {"alter view", "|owner", "ALTER VIEW ... OWNER"},
    {"alter view", "|set", "ALTER VIEW ... SET"},
    {"alter view", "|reset", "ALTER VIEW ... RESET"},
    {"alter view", "|column", "ALTER VIEW ... RENAME COLUMN"},
    {"create database", "|owner", "CREATE DATABASE ... OWNER"},
    {"create database", "|template", "CREATE DATABASE ... TEMPLATE"},
    {"create database", "|encoding", "CREATE DATABASE ... ENCODING"},
    {"create database", "|with", "CREATE DATABASE ... WITH"},
    {"create database", "|tablespace", "CREATE DATABASE ... TABLESPACE"},
    {"create database", "|connection", "CREATE DATABASE ... CONNECTION"},
    {"create database", "|locale", "CREATE DATABASE ... LOCALE"},
    {"create index", "|include", "CREATE INDEX ... INCLUDE"},
    {"create index", "|tablespace", "CREATE INDEX ... TABLESPACE"},
    {"create index", "|with", "CREATE INDEX ... WITH"},
    {"create index", "|nulls not", "CREATE INDEX ... NULLS NOT DISTINCT"},
    {"create unique index", "|include", "CREATE UNIQUE INDEX ... INCLUDE"},
    {"create unique index", "|tablespace", "CREATE UNIQUE INDEX ... TABLESPACE"},
    {"create unique index", "|with", "CREATE UNIQUE INDEX ... WITH"},
    {"create unique index", "|nulls not", "CREATE UNIQUE INDEX ... NULLS NOT DISTINCT"},
    {"create materialized view", "|using", "CREATE MATERIALIZED VIEW ... USING"},
    {"create materialized view", "|tablespace", "CREATE MATERIALIZED VIEW ... TABLESPACE"},
    {"create materialized view", "|with", "CREATE MATERIALIZED VIEW ... WITH"},
    {"create schema", "|create", "CREATE SCHEMA ... CREATE"},
    {"create schema", "|authorization", "CREATE SCHEMA ... AUTHORIZATION"},
    {"create table", "|exclude", "CREATE TABLE ... EXCLUDE"},
    {"create table", "|inherits", "CREATE TABLE ... INHERITS"},
    {"create table", "|like", "CREATE TABLE ... LIKE"},
    {"create table", "|of", "CREATE TABLE ... OF"},
    {"create table", "|partition", "CREATE TABLE ... PARTITION"},
    {"create table", "|tablespace", "CREATE TABLE ... TABLESPACE"},
    {"create table", "|with", "CREATE TABLE ... WITH"},
    {"create table", "|using", "CREATE TABLE ... USING"},
    {"create table", "|include", "CREATE TABLE ... INCLUDE"},
    {"create table", "|compression", "CREATE TABLE ... COMPRESSION"},
    {"create table", "|storage", "CREATE TABLE ... STORAGE"},
    {"create table", "|as", "CREATE TABLE AS"},
    {"create table", "exclude |(", "CREATE TABLE ... EXCLUDE"},
    {"create table", "|on commit", "CREATE TABLE ... ON COMMIT"},
    {"create table", "|without oids", "CREATE TABLE ... WITHOUT OIDS"},
    {"create table", "|no inherit", "CREATE TABLE ... NO INHERIT"},
    {"create table", "|nulls not", "CREATE TABLE ... NULLS NOT DISTINCT"},
    {"create table", "= |off", "CREATE TABLE ... WITH (...)"},
    {"create table", "= |on", "CREATE TABLE ... WITH (...)"},
    {"create table", "= |true", "CREATE TABLE ... WITH (...)"},
    {"create table", "= |false", "CREATE TABLE ... WITH (...)"},
    {"create unlogged", "|sequence", "CREATE UNLOGGED ... SEQUENCE"},
    {"create view", "|with", "CREATE VIEW ... WITH"},
    {"commit", "|and", "COMMIT ... AND CHAIN"},
    {"end", "|and", "END ... AND CHAIN"},
    {"rollback", "|and", "ROLLBACK ... AND CHAIN"},
    {"copy", "|program", "COPY ... PROGRAM"},
    {"copy", "|where", "COPY ... WHERE"},
    {"copy", "force_quote |*", "COPY ... FORCE_QUOTE"},
    {"copy", "force_quote |(", "COPY ... FORCE_QUOTE"},
    {"copy", "force_null |(", "COPY ... FORCE_NULL"},
    {"copy", "force_not_null |(", "COPY ... FORCE_NOT_NULL"},
    {"copy", "|force", "COPY ... FORCE"},
    {"copy", "( |insert", "COPY ... INSERT"},
    {"copy", "( |update", "COPY ... UPDATE"},
    {"copy", "( |delete", "COPY ... DELETE"},
    {"insert", "|on conflict", "INSERT ... ON CONFLICT"},
    {"set transaction", "|snapshot", "SET TRANSACTION ... SNAPSHOT"},
    {"truncate", "|only", "TRUNCATE ... ONLY"},
    {"select", "|into", "SELECT ... INTO"},
    {"", "|for update", "SELECT ... FOR UPDATE"},
    {"", "|for share", "SELECT ... FOR SHARE"},
    {"", "|for no", "SELECT ... FOR NO KEY UPDATE"},
    {"", "|for key", "SELECT ... FOR KEY SHARE"},
    {"", "|tablesample", "TABLESAMPLE"},
    {"", "rows |from", "ROWS FROM"},
    {"", "|using <", "ORDER BY ... USING"},
    {"", "|using >", "ORDER BY ... USING"},
    {"", "|with ties", "FETCH FIRST ... WITH TIES"},
    {"", "|within group", "WITHIN GROUP"},
    {"", "|overlaps", "OVERLAPS"},
    {"", "is |document", "IS DOCUMENT"},
    {"", "is |normalized", "IS NORMALIZED"},
    {"", "current |of", "WHERE CURRENT OF"},
    {"", "by |distinct", "GROUP BY DISTINCT"},
};

// The words of a list, taken one by one.
std::string_view take_word(std::string_view& words) {
  const size_t end = std::min(words.find(' '), words.size());
  const std::string_view word = words.substr(0, end);
  words.remove_prefix(std::min(end + 1, words.size()));
  return word;
}

// The words of a statement that tell what it was to be.
struct Around {
  std::array<std::string_view, 4> begin;
  std::string_view before, at, after;  // The word at which the parser stopped, and its neighbours.
  uint32_t first_position = 0;

  bool begins_with(std::string_view words) const {
    for (size_t i = 0; !words.empty(); ++i) {
      if (i == begin.size() || begin[i] != take_word(words)) return false;
    }
    return true;
  }
  bool stops_at(std::string_view words) const {
    const size_t mark = words.find('|');
    std::string_view left = words.substr(0, mark);
    std::string_view right = words.substr(mark + 1);
    if (!left.empty() && take_word(left) != before) return false;
    return take_word(right) == at && (right.empty() || take_word(right) == after);
  }
};

Around words_around(uint32_t error_position, std::string_view source, uint32_t position_base,
                    Arena& arena) {
  Around around;
  Lexer lexer(source, arena, position_base);
  Token token{};
  std::string_view last;
  for (size_t i = 0; lexer.next(token) > 0; ++i) {
    if (i == 0) around.first_position = token.position;
    if (i < around.begin.size()) around.begin[i] = token.text();
    if (token.position == error_position) {
      around.before = last;
      around.at = token.text();
    } else if (token.position > error_position) {
      if (around.after.empty()) around.after = token.text();
      if (i + 1 >= around.begin.size()) break;
    }
    last = token.text();
  }
  return around;
}

std::string upper(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

Error missing(const std::string& words, uint32_t position) {
  return Error(ErrorCode::kFeatureNotSupported, words + " is not supported yet").at(position);
}

std::optional<Error> missing_part(const Around& around, uint32_t position) {
  for (const Part& part : kParts) {
    if (around.begins_with(part.begin) && around.stops_at(part.at))
      return missing(std::string(part.words), position);
  }
  const bool writes = around.at == "insert" || around.at == "update" || around.at == "delete";
  if (!around.begins_with("with") || !writes) return std::nullopt;
  return Error(ErrorCode::kFeatureNotSupported, "WITH is supported only for queries yet")
      .at(position);
}

}  // namespace

Error explain_syntax_error(Error error, std::string_view source, uint32_t position_base,
                           Arena& arena) {
  if (error.code() != ErrorCode::kSyntaxError) return error;
  const Around around = words_around(error.position(), source, position_base, arena);
  if (auto part = missing_part(around, error.position())) return *std::move(part);
  const uint32_t first = around.first_position;
  if (around.begins_with("create or replace") && around.begin[3] != "view")
    return around.begin[3].empty() ? error
                                   : missing("CREATE OR REPLACE " + upper(around.begin[3]), first);
  // Else it is the statement about tips.
  const bool drops_tip = around.begins_with("drop foreign") && around.begin[2] != "table" &&
                         around.begin[2] != "data";
  for (const std::string_view words : kStatements) {
    if (!drops_tip && around.begins_with(words)) return missing(upper(words), first);
  }
  for (const std::string_view words : kRemotes) {
    if (around.begins_with(words)) {
      return missing(upper(words), first)
          .with_hint("Remotes are git's: git clone, fetch and push work on the repository's folder.");
    }
  }
  return error;
}

}  // namespace rowan::sql
