// History shows what was there: for every pair of types that a column had and has, each value of the
// older one reads in rowan.history, FOR SYSTEM_TIME, rowan.pickaxe and rowan.diff exactly as it read
// then.
#include "past.h"

#include <algorithm>

namespace rowan {

namespace {

struct TypeCase {
  std::string name;
  std::vector<std::string> values;  // As string literals.
};

const std::vector<TypeCase>& cases() {
  static const std::vector<TypeCase> all = {
      {"boolean", {"true", "false"}},
      {"smallint", {"-32768", "32767", "0"}},
      {"integer", {"-2147483648", "2147483647", "1000000"}},
      {"bigint", {"-9223372036854775808", "9223372036854775807", "9007199254740993"}},
      {"real", {"3.4028235e+38", "1e-45", "0.1", "1e6", "NaN", "-0", "Infinity"}},
      {"double precision", {"1.7976931348623157e308", "5e-324", "0.1", "1e15", "NaN", "-0"}},
      {"numeric", {"1.255", "1.2550", "NaN", "-Infinity", "1e30", "0.000000000000000000001"}},
      {"numeric(10,3)", {"1.255", "-9999999.999", "0", "NaN"}},
      {"numeric(10,1)", {"1.3", "-0.1", "999999999.9"}},
      {"numeric(5,-2)", {"123400", "-9999900"}},
      {"numeric(20,0)", {"9223372036854775807", "-1"}},
      {"text", {"", " x ", "2024-01-01", "07", "1.0", "a\nb"}},
      {"character varying", {"plain", ""}},
      {"character varying(300)", {std::string(300, 'x'), "5", "t"}},
      {"character varying(20)", {"twenty characters ok", ""}},
      {"character(5)", {"ab", "", "abcde"}},
      {"character(9)", {"ab", "nine char"}},
      {"bytea", {"\\x00ff", "\\x", "\\x61"}},
      {"date", {"2024-02-29", "infinity", "4713-01-01 BC", "5874897-12-31"}},
      {"time without time zone", {"23:59:59.999999", "00:00:00", "12:00"}},
      {"timestamp without time zone", {"2024-02-29 12:34:56.789", "2024-01-01", "-infinity"}},
      {"timestamp with time zone", {"2024-02-29 12:34:56.789+02", "infinity"}},
      {"time(0) without time zone", {"23:59:59", "24:00:00"}},
      {"timestamp(3) without time zone", {"2024-02-29 12:34:56.789", "infinity"}},
      {"timestamp(1) with time zone", {"2024-02-29 12:34:56.7+02", "infinity"}},
      {"uuid", {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
      {"json", {"{\"b\" : 1, \"a\":[1,2]}", "null", "1.0"}},
      {"jsonb", {"{\"b\": 1, \"aa\": [1, 2.50]}", "null", "1.0"}}};
  return all;
}

std::vector<std::string> column(const TextRows& rows, size_t index) {
  std::vector<std::string> found;
  for (const auto& row : rows) found.push_back(row[index]);
  std::sort(found.begin(), found.end());
  return found;
}

void fill(PastDatabase& past, const TypeCase& from) {
  past.must_run("CREATE TABLE t (k integer PRIMARY KEY, v " + from.name + ")");
  past.must_run("CREATE BRANCH empty");
  for (size_t i = 0; i < from.values.size(); ++i) {
    past.must_run("INSERT INTO t VALUES (" + std::to_string(i) + ", '" + from.values[i] + "')");
  }
}

// `alter`: how the column comes to its new type.
void check(const TypeCase& from, const TypeCase& to, const std::string& alter) {
  INFO(from.name << " -> " << to.name << " by " << alter);
  PastDatabase past;
  fill(past, from);
  const std::vector<std::string> was = column(past.query("SELECT v FROM t"), 0);
  past.must_run("CREATE BRANCH before");
  if (!past.run(alter)) return;  // No such cast, or a value that it refuses.
  past.run("INSERT INTO t VALUES (1000, '" + to.values.front() + "')");
  CHECK(column(past.query("SELECT v FROM rowan.history('t') WHERE change = 'added' AND k < 1000"),
               0) == was);
  // The first version of each row; what the new type made of it is another one if it differs.
  std::vector<std::string> first;
  std::string last_key;
  for (const auto& row :
       past.query("SELECT k, v FROM t FOR SYSTEM_TIME ALL WHERE k < 1000 ORDER BY k, valid_from")) {
    if (row[0] != last_key) first.push_back(row[1]);
    last_key = row[0];
  }
  std::sort(first.begin(), first.end());
  CHECK(first == was);
  CHECK(column(past.query("SELECT to_v FROM rowan.diff('t', 'empty', 'before')"), 0) == was);
  CHECK(column(past.query("SELECT v FROM t AS OF 'before'"), 0) == was);
}

}  // namespace

TEST_CASE("every value of every type reads as it read, whatever its column became") {
  for (const TypeCase& from : cases()) {
    for (const TypeCase& to : cases()) {
      const std::string target = "ALTER TABLE t ALTER COLUMN v TYPE " + to.name;
      check(from, to, target + " USING CAST(v AS " + to.name + ")");
      check(from, to, target + " USING NULL");
    }
  }
}

TEST_CASE("a column that was dropped and made again under its name shows what it held") {
  for (const TypeCase& from : cases()) {
    INFO(from.name);
    PastDatabase past;
    fill(past, from);
    const std::vector<std::string> was = column(past.query("SELECT v FROM t"), 0);
    past.must_run("ALTER TABLE t DROP COLUMN v, ADD COLUMN v integer");
    CHECK(column(past.query("SELECT v FROM rowan.history('t') WHERE change = 'added'"), 0) == was);
    CHECK(column(past.query("SELECT from_v FROM rowan.diff('t', 'HEAD~1', 'HEAD')"), 0) == was);
  }
}

TEST_CASE("a key that changed its type names the rows of old changes") {
  PastDatabase past;
  past.must_run("CREATE TABLE t (k bigint PRIMARY KEY, v text)");
  past.must_run("INSERT INTO t VALUES (9223372036854775807, 'big'), (1, 'one')");
  past.must_run("DELETE FROM t WHERE k > 1");
  past.must_run("ALTER TABLE t ALTER COLUMN k TYPE smallint");
  CHECK(past.query("SELECT change, k FROM rowan.pickaxe('t', 'big')") ==
        TextRows{{"removed", "9223372036854775807"}, {"made", "9223372036854775807"}});
  CHECK(past.query("SELECT count(*) FROM rowan.history('t') WHERE k = 1") == TextRows{{"1"}});
}

TEST_CASE("revisions that are parameters: columns hold what the table held there") {
  PastDatabase past;
  past.must_run("CREATE TABLE t (k integer PRIMARY KEY, n numeric(10,3))");
  past.must_run("INSERT INTO t VALUES (1, 1.255)");
  past.must_run("CREATE BRANCH fine");
  past.must_run("CREATE BRANCH word");
  past.must_run("ALTER TABLE t ALTER COLUMN n TYPE numeric(10,1)");
  CHECK(past.query("SELECT from_n, to_n FROM rowan.diff('t', $1, $2)",
                   {std::string("fine"), std::string("main")}) == TextRows{{"1.255", "1.3"}});
  CHECK(past.query("SELECT n FROM rowan.history('t', $1)", {std::string("main")}) ==
        TextRows{{"1.3"}, {"1.255"}});
  // Also what another branch made of it: the columns are those of the revision that is given.
  past.must_run("CHECKOUT word");
  past.must_run("ALTER TABLE t ALTER COLUMN n TYPE text USING 'words'");
  past.must_run("CHECKOUT main");
  CHECK(past.query("SELECT n FROM rowan.history('t', $1)", {std::string("word")}) ==
        TextRows{{"words"}, {"1.255"}});
  CHECK(past.query("SELECT n FROM rowan.history('t', 'word')") == TextRows{{"words"}, {"1.255"}});
}

}  // namespace rowan
