#include "sql/statements.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "sql/parser.h"

namespace rowan::sql {
namespace {

constexpr StatementKind kKinds[] = {
#define STATEMENT(kind, ...) StatementKind::kind,
#include "sql/statements.def"
#undef STATEMENT
};

std::string said_of(std::string_view text, std::string (*say)(const Statement&)) {
  const auto parsed = parse_statement(text);
  REQUIRE_MESSAGE(parsed.has_value(), text);
  return say(*parsed->statement);
}

}  // namespace

TEST_CASE("the table of statements has every kind in its place") {
  size_t number = 0;
  for (const StatementKind kind : kKinds) CHECK(static_cast<size_t>(kind) == number++);
}

TEST_CASE("a statement's words are the words it begins with, and its tag is PostgreSQL's") {
  struct Row {
    const char* text;
    const char* words;
    const char* tag;
  };
  const Row rows[] = {
      {"DROP INDEX i", "DROP INDEX", "DROP INDEX"},
      {"DROP MATERIALIZED VIEW v", "DROP MATERIALIZED VIEW", "DROP MATERIALIZED VIEW"},
      {"ALTER SEQUENCE s RENAME TO r", "ALTER SEQUENCE", "ALTER SEQUENCE"},
      {"ALTER VIEW v RENAME TO w", "ALTER VIEW", "ALTER VIEW"},
      {"RELEASE SAVEPOINT a", "RELEASE SAVEPOINT", "RELEASE"},
      {"ROLLBACK TO SAVEPOINT a", "ROLLBACK TO SAVEPOINT", "ROLLBACK"},
      {"TRUNCATE t", "TRUNCATE TABLE", "TRUNCATE TABLE"},
      {"CREATE SNAPSHOT s", "CREATE SNAPSHOT", "CREATE SNAPSHOT"},
      {"CREATE TAG s", "CREATE TAG", "CREATE TAG"},
      {"DROP SNAPSHOT s", "DROP SNAPSHOT", "DROP SNAPSHOT"},
      {"PROTECT BRANCH b", "PROTECT BRANCH", "PROTECT BRANCH"},
      {"ALTER BRANCH b DROP HISTORY POLICY", "ALTER BRANCH", "ALTER BRANCH"},
      {"RESET TO 'HEAD~1'", "RESET", "RESET"},
      {"RESOLVE CONFLICTS USING HEAD", "RESOLVE CONFLICT", "RESOLVE"},
  };
  for (const Row& row : rows) {
    CHECK(said_of(row.text, words_of) == row.words);
    CHECK(said_of(row.text, tag_of) == row.tag);
  }
}

}  // namespace rowan::sql
