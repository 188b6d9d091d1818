#include "shell/statement_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace rowan::shell {

namespace {

constexpr std::string_view kHelp =
    R"(General
  \q, quit, exit     leave the shell (also Ctrl-D)
  \? or help         this help
  \h [STATEMENT]     statements, or the syntax of one: \h create table
  \timing [on|off]   turn timing of statements on or off
  \verbose [on|off]  say which commit each statement made
  \x [on|off]        turn expanded records on or off
  \i FILE            run the statements of a file
A statement ends with a semicolon and may span lines. Tab completes; the arrow keys and Ctrl-R look
through the history. Ctrl-C cancels the running statement, or drops the one being typed.

What there is
  \d                 tables, views and sequences
  \d NAME            what a table, view, index or sequence consists of; * and ? as below
  \dt [PATTERN]      tables with their row counts; * is any text, ? any character
  \dv \dm \di \ds    views, materialized views, indexes, sequences, likewise
  \l                 schemas (CREATE DATABASE makes one)

Versions (a revision: a branch, a tag, a commit's id, HEAD~3, main@{2026-02-28} …)
  SHOW STATUS                              where this session is
  SHOW LOG [FOR table] [LIMIT n]           commits, newest first
  SHOW DIFF FROM 'rev' TO 'rev'            what differs between two of them
  SHOW BRANCHES, SHOW TAGS                 branches, tags
  CREATE BRANCH name [FROM 'rev']          make a branch; DROP BRANCH drops it
  CHECKOUT name                            switch this session to it
  MERGE name [WITH OURS | THEIRS]          bring its commits into this branch
  SHOW MERGE CONFLICTS, RESOLVE CONFLICT   what a merge asks, and answering it
  COMMIT MERGE, ABORT MERGE                going on, giving up
  REVERT 'rev', CHERRY-PICK 'rev'          undo a commit's change, or bring it here
  RESTORE TABLE t TO 'rev'                 a table as it was
  RESET TO 'rev', REBASE ONTO 'rev'        move this branch, or its commits
  SQUASH SINCE 'rev', SHOW REFLOG          one commit of several; where this branch was
  CREATE TAG name [MESSAGE 'text']         name this commit
  PROTECT BRANCH name                      nobody writes to it but by MERGE
  SHOW FOREIGN, TAKE FOREIGN 'commit'      what git pushed and was not admitted
  SELECT … FROM t AS OF 'rev'              read an earlier state
  BLAME t                                  the commit behind each row
  COMMIT MESSAGE 'text'                    end a BEGIN block with your own words
)";

struct StatementHelp {
  std::string_view words;
  std::string_view syntax;
};
constexpr StatementHelp kStatements[] = {
    {"ABORT",
     "ABORT\n"},
    {"ABORT MERGE",
     "ABORT MERGE\n"},
    {"ALTER BRANCH",
     "ALTER BRANCH branch SET HISTORY POLICY EVERY 'interval' [KEEP 'interval']\n"
     "ALTER BRANCH branch DROP HISTORY POLICY\n"},
    {"ALTER INDEX",
     "ALTER INDEX index RENAME TO new_name\n"},
    {"ALTER MATERIALIZED VIEW",
     "ALTER MATERIALIZED VIEW view RENAME TO new_name\n"},
    {"ALTER SEQUENCE",
     "ALTER SEQUENCE sequence [START n] [INCREMENT n] [MINVALUE n] [MAXVALUE n] [CYCLE]\n"
     "    [OWNED BY table.column] [RESTART [WITH n]]\n"
     "ALTER SEQUENCE sequence RENAME TO new_name\n"},
    {"ALTER TABLE",
     "ALTER TABLE [IF EXISTS] table action, ...\n"
     "  where action is one of:\n"
     "    ADD [COLUMN] [IF NOT EXISTS] column type [constraint ...]\n"
     "    DROP [COLUMN] [IF EXISTS] column [CASCADE]\n"
     "    ALTER [COLUMN] column TYPE type [USING expression]\n"
     "    ALTER [COLUMN] column SET DEFAULT expression | DROP DEFAULT\n"
     "    ALTER [COLUMN] column SET NOT NULL | DROP NOT NULL\n"
     "    ALTER [COLUMN] column ADD GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY | DROP IDENTITY\n"
     "    ALTER [COLUMN] column SET MERGE RULE rule | DROP MERGE RULE\n"
     "    ADD [CONSTRAINT name] {PRIMARY KEY | UNIQUE | CHECK | FOREIGN KEY} ...\n"
     "    DROP CONSTRAINT [IF EXISTS] name [CASCADE]\n"
     "ALTER TABLE table RENAME [COLUMN | CONSTRAINT] name TO new_name\n"
     "ALTER TABLE table RENAME TO new_name\n"
     "ALTER TABLE table SET SCHEMA schema\n"},
    {"ALTER VIEW",
     "ALTER VIEW view RENAME TO new_name\n"},
    {"ANALYZE",
     "ANALYZE [table, ...]\n"},
    {"BEGIN",
     "BEGIN [ISOLATION LEVEL {READ COMMITTED | REPEATABLE READ}] [READ ONLY | READ WRITE]\n"},
    {"BLAME",
     "BLAME table [KEY key] [AS OF 'rev'] [CELLS]\n"},
    {"CALL",
     "CALL rowan.verb(argument, ...)\n"},
    {"CHECKOUT",
     "CHECKOUT {branch | 'rev'}\n"
     "CHECKOUT NEW branch [FROM 'rev']\n"},
    {"CHECKPOINT",
     "CHECKPOINT\n"},
    {"CHERRY-PICK",
     "CHERRY-PICK 'rev' [, ...] [PARENT n] [MESSAGE 'text']\n"},
    {"CLOSE CURSOR",
     "CLOSE {cursor | ALL}\n"},
    {"COMMIT",
     "COMMIT [MESSAGE 'text']\n"},
    {"COMMIT MERGE",
     "COMMIT MERGE [MESSAGE 'text']\n"},
    {"COPY",
     "COPY table [(column, ...)] FROM {'file' | STDIN} [(option, ...)]\n"
     "COPY {table [(column, ...)] | (query)} TO {'file' | STDOUT} [(option, ...)]\n"
     "  where option is one of:\n"
     "    FORMAT {csv | text}, HEADER, DELIMITER ',', NULL '', QUOTE '\"', ESCAPE '\"'\n"},
    {"CREATE BRANCH",
     "CREATE BRANCH [IF NOT EXISTS] branch [FROM 'rev']\n"},
    {"CREATE DATABASE",
     "CREATE DATABASE name\n"},
    {"CREATE INDEX",
     "CREATE [UNIQUE] INDEX [CONCURRENTLY] [IF NOT EXISTS] [index]\n"
     "    ON table (column [ASC | DESC] [NULLS FIRST | NULLS LAST], ...)\n"},
    {"CREATE MATERIALIZED VIEW",
     "CREATE MATERIALIZED VIEW [IF NOT EXISTS] view [(column, ...)] AS query [WITH [NO] DATA]\n"},
    {"CREATE SCHEMA",
     "CREATE SCHEMA [IF NOT EXISTS] schema\n"},
    {"CREATE SEQUENCE",
     "CREATE SEQUENCE [IF NOT EXISTS] sequence [AS type] [START n] [INCREMENT n] [MINVALUE n]\n"
     "    [MAXVALUE n] [CYCLE] [CACHE 1] [OWNED BY table.column]\n"},
    {"CREATE SNAPSHOT",
     "CREATE SNAPSHOT [IF NOT EXISTS] tag [FROM 'rev'] [MESSAGE 'text']\n"},
    {"CREATE TABLE",
     "CREATE TABLE [IF NOT EXISTS] [schema.]table (\n"
     "    column type [NOT NULL] [DEFAULT expression] [PRIMARY KEY | UNIQUE] [CHECK (expression)]\n"
     "        [REFERENCES table (column) [ON DELETE action] [ON UPDATE action]]\n"
     "        [GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY [(option ...)]] [MERGE RULE rule],\n"
     "    [CONSTRAINT name] {PRIMARY KEY (column, ...) | UNIQUE (column, ...) | CHECK (expression)\n"
     "        | FOREIGN KEY (column, ...) REFERENCES table (column, ...)}, ...\n"
     ") [MERGE RULE rule]\n"
     "  where action is one of:\n"
     "    CASCADE | SET NULL | SET DEFAULT | RESTRICT | NO ACTION\n"
     "  and rule is one of:\n"
     "    sum | max | min | union | newest | conflict\n"},
    {"CREATE TAG",
     "CREATE TAG [IF NOT EXISTS] tag [FROM 'rev'] [MESSAGE 'text']\n"},
    {"CREATE VIEW",
     "CREATE [OR REPLACE] VIEW [schema.]view [(column, ...)] AS query\n"},
    {"DEALLOCATE",
     "DEALLOCATE [PREPARE] {name | ALL}\n"},
    {"DECLARE CURSOR",
     "DECLARE cursor [[NO] SCROLL] CURSOR [WITH HOLD] FOR query\n"},
    {"DELETE",
     "DELETE FROM table [AS alias] [USING ...] [WHERE condition] [RETURNING ...]\n"},
    {"DESCRIBE",
     "DESCRIBE {table | view}\n"},
    {"DISCARD",
     "DISCARD {ALL | PLANS | SEQUENCES | TEMP}\n"},
    {"DROP BRANCH",
     "DROP BRANCH [IF EXISTS] branch [FORCE]\n"},
    {"DROP DATABASE",
     "DROP DATABASE [IF EXISTS] name [CASCADE | RESTRICT]\n"},
    {"DROP FOREIGN",
     "DROP FOREIGN 'commit'\n"},
    {"DROP INDEX",
     "DROP INDEX [CONCURRENTLY] [IF EXISTS] index, ... [CASCADE | RESTRICT]\n"},
    {"DROP MATERIALIZED VIEW",
     "DROP MATERIALIZED VIEW [IF EXISTS] view, ... [CASCADE | RESTRICT]\n"},
    {"DROP SCHEMA",
     "DROP SCHEMA [IF EXISTS] schema [CASCADE | RESTRICT]\n"},
    {"DROP SEQUENCE",
     "DROP SEQUENCE [IF EXISTS] sequence, ... [CASCADE | RESTRICT]\n"},
    {"DROP SNAPSHOT",
     "DROP SNAPSHOT [IF EXISTS] tag\n"},
    {"DROP TABLE",
     "DROP TABLE [IF EXISTS] table, ... [CASCADE | RESTRICT]\n"},
    {"DROP TAG",
     "DROP TAG [IF EXISTS] tag\n"},
    {"DROP VIEW",
     "DROP VIEW [IF EXISTS] view, ... [CASCADE | RESTRICT]\n"},
    {"END",
     "END [MESSAGE 'text']\n"},
    {"EXECUTE",
     "EXECUTE name [(value, ...)]\n"},
    {"EXPLAIN",
     "EXPLAIN [ANALYZE] statement\n"},
    {"FETCH",
     "FETCH [NEXT | PRIOR | FIRST | LAST | n | ALL | ABSOLUTE n | RELATIVE n\n"
     "    | FORWARD [n | ALL] | BACKWARD [n | ALL]] [FROM] cursor\n"},
    {"INSERT",
     "INSERT INTO table [AS alias] [(column, ...)] [OVERRIDING {SYSTEM | USER} VALUE]\n"
     "    {VALUES (value, ...), ... | query | DEFAULT VALUES} [RETURNING ...]\n"},
    {"MERGE",
     "MERGE [BRANCH] 'rev', ... [WITH option, ...] [MESSAGE 'text'] [DRY RUN]\n"
     "  where option is one of:\n"
     "    ROW LEVEL | OURS | THEIRS | MANUAL | NO FAST FORWARD | FAST FORWARD ONLY | RENUMBER\n"
     "    | UNRELATED HISTORIES\n"},
    {"MOVE",
     "MOVE [NEXT | PRIOR | FIRST | LAST | n | ALL | ABSOLUTE n | RELATIVE n\n"
     "    | FORWARD [n | ALL] | BACKWARD [n | ALL]] [FROM] cursor\n"},
    {"PREPARE",
     "PREPARE name [(type, ...)] AS {SELECT | INSERT | UPDATE | DELETE} ...\n"},
    {"PROTECT BRANCH",
     "PROTECT BRANCH branch\n"},
    {"REBASE",
     "REBASE [ONTO] 'rev'\n"},
    {"REFRESH MATERIALIZED VIEW",
     "REFRESH MATERIALIZED VIEW view [WITH [NO] DATA]\n"},
    {"RELEASE SAVEPOINT",
     "RELEASE [SAVEPOINT] name\n"},
    {"RENAME BRANCH",
     "RENAME BRANCH branch TO new_name\n"},
    {"RESET",
     "RESET {setting | ALL}\n"
     "RESET [BRANCH] TO 'rev'\n"},
    {"RESOLVE CONFLICT",
     "RESOLVE CONFLICT schema.table.key USING {HEAD | SOURCE | BASE | '{json}'}\n"
     "RESOLVE CONFLICT IN table KEY (value, ...) USING ...\n"
     "RESOLVE CONFLICTS [IN table [WHERE condition]] USING ...\n"},
    {"RESTORE",
     "RESTORE {TABLE table, ... | SCHEMA schema | DATABASE schema | ALL} TO 'rev' [MESSAGE 'text']\n"},
    {"REVERT",
     "REVERT 'rev' [, ...] [PARENT n] [MESSAGE 'text']\n"},
    {"ROLLBACK",
     "ROLLBACK\n"},
    {"ROLLBACK TO SAVEPOINT",
     "ROLLBACK TO [SAVEPOINT] name\n"},
    {"SAVEPOINT",
     "SAVEPOINT name\n"},
    {"SELECT",
     "[WITH name AS (query), ...]\n"
     "SELECT [DISTINCT [ON (expression, ...)]] expression [AS name], ...\n"
     "    [FROM table [AS OF 'rev'] [alias] [join ...]] [WHERE condition]\n"
     "    [GROUP BY expression, ...] [HAVING condition]\n"
     "    [{UNION | INTERSECT | EXCEPT} [ALL] query]\n"
     "    [ORDER BY expression [ASC | DESC] [NULLS FIRST | NULLS LAST], ...]\n"
     "    [LIMIT n] [OFFSET n] [FETCH FIRST n ROWS ONLY]\n"},
    {"SET",
     "SET [SESSION | LOCAL] setting {TO | =} {value | DEFAULT}\n"},
    {"SET TRANSACTION",
     "SET TRANSACTION [ISOLATION LEVEL {READ COMMITTED | REPEATABLE READ}] [READ ONLY | READ WRITE]\n"
     "SET SESSION CHARACTERISTICS AS TRANSACTION ...\n"},
    {"SHOW",
     "SHOW {setting | ALL}\n"},
    {"SHOW BRANCHES",
     "SHOW BRANCHES\n"},
    {"SHOW DATABASES",
     "SHOW DATABASES\n"},
    {"SHOW DIFF",
     "SHOW DIFF [STAT | SCHEMA] [FOR table] ['a..b' | 'a...b' | FROM 'a' TO 'b'] [LIMIT n]\n"},
    {"SHOW FOREIGN",
     "SHOW FOREIGN\n"},
    {"SHOW INDEXES",
     "SHOW INDEXES ON table\n"},
    {"SHOW LOG",
     "SHOW LOG [FOR table [KEY key]] [ON 'rev'] [AUTHOR 'name'] [PATH 'public/table'] [GREP 'text']\n"
     "    [SINCE time] [UNTIL time] [LIMIT n]\n"},
    {"SHOW MERGE CONFLICTS",
     "SHOW [MERGE] CONFLICTS [FOR table]\n"},
    {"SHOW REFLOG",
     "SHOW REFLOG [branch]\n"},
    {"SHOW STATUS",
     "SHOW STATUS\n"},
    {"SHOW TABLES",
     "SHOW TABLES [IN schema]\n"},
    {"SHOW TAGS",
     "SHOW TAGS\n"},
    {"SHOW TRANSACTIONS",
     "SHOW TRANSACTIONS [LIMIT n]\n"},
    {"SHOW VIEWS",
     "SHOW VIEWS [IN schema]\n"},
    {"SQUASH",
     "SQUASH SINCE 'rev' [MESSAGE 'text'] [FORCE]\n"},
    {"START TRANSACTION",
     "START TRANSACTION [ISOLATION LEVEL {READ COMMITTED | REPEATABLE READ}] [READ ONLY | READ WRITE]\n"},
    {"TABLE",
     "TABLE table\n"},
    {"TAKE FOREIGN",
     "TAKE FOREIGN 'commit' [MESSAGE 'text']\n"},
    {"TRUNCATE TABLE",
     "TRUNCATE [TABLE] table, ... [RESTART IDENTITY | CONTINUE IDENTITY] [CASCADE | RESTRICT]\n"},
    {"UNPROTECT BRANCH",
     "UNPROTECT BRANCH branch\n"},
    {"UPDATE",
     "UPDATE table [AS alias] SET column = value, (column, ...) = (value, ...)\n"
     "    [FROM ...] [WHERE condition] [RETURNING ...]\n"},
    {"VACUUM",
     "VACUUM [(option, ...)] [table, ...]\n"},
    {"VALUES",
     "VALUES (value, ...), ...\n"},
    {"WITH",
     "WITH name [(column, ...)] AS (query), ... SELECT ...\n"},
};

constexpr size_t kColumns = 3;
constexpr size_t kColumnWidth = 27;

// In capitals, with one blank between words.
std::string as_words(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\t';
    if (is_blank && (out.empty() || out.back() == ' ')) continue;
    out += is_blank ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return out;
}

}  // namespace

std::string_view shell_help() { return kHelp; }

std::string list_statements() {
  std::string out = "Available help (\\h STATEMENT shows its syntax):\n";
  const size_t count = std::size(kStatements);
  const size_t lines = (count + kColumns - 1) / kColumns;
  for (size_t line = 0; line < lines; ++line) {
    std::string text;
    for (size_t i = line; i < count; i += lines) {
      text.resize(i / lines * kColumnWidth, ' ');
      text += kStatements[i].words;
    }
    out += "  " + text + "\n";
  }
  return out;
}

std::string statement_help(std::string_view words) {
  const std::string wanted = as_words(words);
  const auto show = [](const StatementHelp& help) {
    return fmt::format("Statement:   {}\nSyntax:\n{}\n", help.words, help.syntax);
  };
  for (const StatementHelp& help : kStatements) {
    if (help.words == wanted) return show(help);
  }
  std::string out;
  for (const StatementHelp& help : kStatements) {
    if (help.words.starts_with(wanted)) out += show(help);
  }
  return out;
}

}  // namespace rowan::shell
