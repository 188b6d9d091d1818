// Which statements the server itself obeys, and how it reads them.
#include <doctest/doctest.h>

#include "server/server_statement.h"

namespace rowan::server {
namespace {

ServerStatement found(std::string_view text) {
  const auto statement = find_server_statement(text);
  REQUIRE_MESSAGE(statement.has_value(), text);
  REQUIRE_MESSAGE(statement->has_value(), text);
  return **statement;
}

TEST_CASE("databases are named as identifiers are") {
  CHECK(found("CREATE DATABASE Shop").name == "shop");
  CHECK(found(" create /* x */ database \"My \"\"Shop\"\"\" ; ").name == "My \"Shop\"");
  CHECK(found("create database if not exists a").if_exists);
  CHECK(found("drop database if exists a").if_exists);
  CHECK(found("DROP DATABASE a WITH (FORCE)").name == "a");
  CHECK(found("CREATE DATABASE \"a\" TEMPLATE=template0 ENCODING 'UTF8' LC_COLLATE = 'C' "
              "CONNECTION LIMIT -1")
            .name == "a");
}

TEST_CASE("what is prepared is dropped by name, or all of it") {
  CHECK(found("DEALLOCATE ALL").name.empty());
  CHECK(found("deallocate prepare \"S1\"").name == "S1");
  CHECK(found("DISCARD ALL;").tag == "DISCARD ALL");
  CHECK(found("discard temporary").tag == "DISCARD TEMP");
}

TEST_CASE("other statements are the engine's") {
  for (const char* text : {"", ";", "SELECT 1", "VACUUM t", "CREATE TABLE database (a int)", "DROP TABLE a",
                           "create", "'create' database x", "-- create database x"}) {
    CAPTURE(text);
    const auto statement = find_server_statement(text);
    REQUIRE(statement.has_value());
    CHECK_FALSE(statement->has_value());
  }
}

TEST_CASE("what is wrong with one is a syntax error with its place") {
  for (const char* text : {"CREATE DATABASE", "CREATE DATABASE a b", "CREATE DATABASE 'a'",
                           "DROP DATABASE a, b", "DISCARD", "DISCARD ALL x", "DEALLOCATE",
                           "CREATE DATABASE a; SELECT 1", "CREATE DATABASE \"a"}) {
    CAPTURE(text);
    const auto statement = find_server_statement(text);
    REQUIRE_FALSE(statement.has_value());
    CHECK(statement.error().code() == ErrorCode::kSyntaxError);
    CHECK(statement.error().position() > 0);
  }
}

TEST_CASE("an option of CREATE DATABASE asks for what there is, or is refused") {
  for (const char* option :
       {"OWNER DEFAULT", "OWNER = DEFAULT TEMPLATE DEFAULT", "ENCODING utf8", "LOCALE 'C' STRATEGY wal_log",
        "ALLOW_CONNECTIONS true IS_TEMPLATE = false CONNECTION LIMIT = -1 TABLESPACE pg_default"}) {
    CAPTURE(option);
    CHECK(found("CREATE DATABASE a WITH " + std::string(option)).name == "a");
  }
  for (const char* option : {"ENCODING 'LATIN1'", "OWNER ada", "TEMPLATE other", "LOCALE 'de_DE.UTF-8'", "LC_CTYPE = 'de_DE'",
                             "LOCALE_PROVIDER icu", "ICU_LOCALE 'de'", "CONNECTION LIMIT 5",
                             "ALLOW_CONNECTIONS false", "IS_TEMPLATE = true", "TABLESPACE fast"}) {
    CAPTURE(option);
    const auto statement = find_server_statement("CREATE DATABASE a " + std::string(option));
    REQUIRE_FALSE(statement.has_value());
    CHECK(statement.error().code() == ErrorCode::kFeatureNotSupported);
  }
}

}  // namespace
}  // namespace rowan::server
