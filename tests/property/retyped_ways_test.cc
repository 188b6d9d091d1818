// Proves that a merge over a column to which one side gave another type, while the other side has values
// that the type does not take, goes to its end by every way out that it names: whatever is made over
// the column, on tables with a key and without, in both directions. And that without a key it comes to
// the same from either side.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "seed.h"
#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

namespace {

struct Case {
  bool has_key, base_has_row, retyped_first, not_null;
  std::string type, value, over;  // `over`: made on the side that gives b another type;
  std::string to = "numeric(8,2) USING 7", other = "";  // `other`: made on the other one.

  std::string text() const {
    return (has_key ? "keyed, " : "keyless, ") + type + (not_null ? " NOT NULL" : "") + (base_has_row ? ", a row" : ", empty") +
           (retyped_first ? ", retyped first: " : ", retyped last: ") + over + " | " + to + " | " + other;
  }
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const char* const overs[] = {
      "ALTER TABLE t ADD CHECK (b > -5)", "CREATE VIEW v AS SELECT b + 1 AS b1 FROM t",
      "CREATE MATERIALIZED VIEW m AS SELECT b FROM t",
      "CREATE VIEW v AS SELECT b + 1 AS b1 FROM t; CREATE MATERIALIZED VIEW m AS SELECT b1 FROM v",
      "ALTER TABLE t ADD CHECK (b > -5); CREATE VIEW v AS SELECT k FROM t WHERE b > 1",
      "ALTER TABLE t ALTER b SET DEFAULT 5", "ALTER TABLE t ADD UNIQUE (k, b)", "CREATE INDEX i ON t (b)",
      "CREATE TABLE p (b numeric(8,2) PRIMARY KEY); INSERT INTO p VALUES (7), (9); "
      "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES p"};
  const char* const others[] = {"ALTER TABLE t ADD CHECK (b > '2000-01-01')", "CREATE MATERIALIZED VIEW m AS SELECT b FROM t",
                                "ALTER TABLE t ADD UNIQUE (b)", "CREATE VIEW v AS SELECT max(b) AS b FROM t"};
  for (const bool has_key : {true, false}) {
    for (const bool base_has_row : {false, true}) {
      for (const auto& [retyped_first, not_null] :
           {std::pair(false, false), std::pair(true, false), std::pair(true, true)}) {
        for (const auto& [type, value] : {std::pair("date", "'2024-09-01'"), std::pair("text", "'word'")}) {
          for (const char* over : overs) cases.push_back({has_key, base_has_row, retyped_first, not_null, type, value, over});
          for (const char* other : others) {
            cases.push_back({has_key, base_has_row, retyped_first, not_null, type, value, "", "json USING '7'::json", other});
            cases.push_back({has_key, base_has_row, retyped_first, not_null, type, value, "ALTER TABLE t ALTER b SET NOT NULL",
                             "json USING '7'::json", other});
          }
        }
      }
    }
  }
  return cases;
}

// One merge by hand. Empty: it came to its end, and all that is there can be read.
std::string by_hand(const Case& one, bool into_retyped, const std::string& side) {
  const auto database = std::move(*Database::open(":memory:"));
  SqlSession session(*database);
  session.must("CREATE TABLE t (k integer" + std::string(one.has_key ? " PRIMARY KEY" : "") + ", b " + one.type + (one.not_null ? " NOT NULL)" : ")"));
  if (one.base_has_row) session.must("INSERT INTO t VALUES (0, " + std::string(one.type == "date" ? "'2020-02-02'" : "'first'") + ")");
  session.must("CREATE BRANCH f");
  const std::string written = "CHECKOUT main; INSERT INTO t VALUES (1, " + one.value + ")" + (one.other.empty() ? "" : "; " + one.other);
  const std::string retyped =
      "CHECKOUT f; ALTER TABLE t ALTER b TYPE " + one.to + "; INSERT INTO t VALUES (2, '9')" + (one.over.empty() ? "" : "; " + one.over);
  session.must(one.retyped_first ? retyped + "; " + written : written + "; " + retyped);
  session.must(into_retyped ? "CHECKOUT f" : "CHECKOUT main");
  const std::string source = into_retyped ? "main" : "f";
  for (const char* const policy : {"", " WITH OURS", " WITH THEIRS"}) {
    const auto answer = session.run("MERGE " + source + policy + " DRY RUN");
    if (!answer.ok()) return std::string("DRY RUN") + policy + ": " + answer.text();
    for (const std::string& notice : answer.notices) {
      if (notice.find("violated constraint") != notice.npos) return std::string("DRY RUN") + policy + ": " + notice;
    }
  }
  session.must("MERGE " + source + " WITH MANUAL RESOLUTION");
  std::set<std::string> seen;
  for (;;) {
    const auto open = session.run("SELECT way_out, \"table\" || ' ' || kind FROM rowan.conflicts");
    if (open.rows.empty()) break;
    const std::string& way = open.rows[0][0];
    if (!seen.insert(way + open.rows[0][1]).second) return "listed again: " + open.rows[0][1];
    const size_t at = way.find(" USING ");
    if (at == way.npos) return "no way out: " + open.rows[0][1];
    const std::string sides = way.substr(at + 7);
    const std::string use = sides.find(side) != sides.npos ? side : sides.substr(0, sides.find(' '));
    const auto answer = session.run(way.substr(0, at) + " USING " + use);
    if (!answer.ok()) return way + ": " + answer.text();
  }
  if (session.run("SELECT 1 FROM rowan.merges").rows.size() == 1) {
    const auto answer = session.run("COMMIT MERGE");
    if (!answer.ok()) return "COMMIT MERGE: " + answer.text();
  }
  for (const auto& row : session.run("SELECT name FROM rowan.relations WHERE schema = 'public' AND kind <> 'index'").rows) {
    const auto answer = session.run("SELECT * FROM \"" + row[0] + "\"");
    if (!answer.ok()) return row[0] + " cannot be read: " + answer.text();
  }
  return {};
}

}  // namespace

TEST_CASE("what is made over a column of another type leaves every way out of a merge open") {
  for (const Case& one : all_cases()) {
    for (const bool into_retyped : {false, true}) {
      for (const char* const side : {"HEAD", "SOURCE"}) {
        const std::string problem = by_hand(one, into_retyped, side);
        const std::string why =
            one.text() + (into_retyped ? ", into it, " : ", into the other, ") + side + ": " + problem;
        if (!problem.empty()) FAIL_CHECK(why);
      }
    }
  }
}

namespace {

// A table without a key on two branches: one gave a column another type, the other perhaps another
// column; both wrote rows.
class Keyless {
 public:
  explicit Keyless(uint64_t seed)
      : random_(seed), database_(std::move(*Database::open(":memory:"))), session_(*database_) {
    is_text_ = below(3) == 0;
    has_second_ = below(2) == 0;
    do_all(std::string("CREATE TABLE t (k ") + (is_text_ ? "text" : "integer") + (has_second_ ? ", v integer)" : ")"));
    for (int i = below(5); i > 0; --i) write({"NULL", "8", "9", "1"});
    do_all("CREATE BRANCH f");
    if (has_second_ && below(3) == 0) do_all("ALTER TABLE t ALTER v TYPE text");
    for (int i = below(4); i > 0; --i) write({"NULL", is_text_ ? "'w'" : "8", "9", "1"});
    do_all("CHECKOUT f");
    const char* const types[] = {"date USING NULL", "boolean USING k::integer::boolean", "date USING '2024-09-01'::date",
                                 is_text_ ? "integer USING k::integer + 10" : "text USING k::text"};
    const char* const values[] = {"'2024-09-01'", "true", "'2024-09-01'", "'18'"};
    const int type = below(4);
    do_all(std::string("ALTER TABLE t ALTER k TYPE ") + types[type]);
    for (int i = below(4); i > 0; --i) write({"NULL", values[type], "NULL", values[type]});
  }

  // A merge into a branch, as it came out: its table and whether anything is on record.
  std::string merged(const std::string& into, const std::string& from, const std::string& policy) {
    session_.must("CREATE BRANCH w FROM " + into + "; CHECKOUT w");
    const auto answer = session_.run("MERGE " + from + " WITH " + policy);
    std::string came = answer.ok() ? "" : answer.failure.sqlstate + "\n";
    if (answer.ok()) {
      came += session_.rows("SELECT type FROM rowan.columns WHERE \"table\" = 't' ORDER BY position");
      came += session_.rows("SELECT * FROM t ORDER BY k::text" + std::string(has_second_ ? ", v::text" : ""));
      came += session_.rows("SELECT count(*) FROM rowan.merge_decisions('HEAD')");
    }
    session_.must("CHECKOUT main; DROP BRANCH w FORCE");
    return came;
  }
  const std::string& done() const { return done_; }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  void do_all(const std::string& sql) {
    done_ += sql + "; ";
    session_.must(sql);
  }
  void write(const std::vector<std::string>& values) {
    const std::string value = values[static_cast<size_t>(below(4))], other = values[static_cast<size_t>(below(4))];
    const std::string second = has_second_ ? ", '" + std::to_string(below(2)) + "'" : "";
    const std::string where = value == "NULL" ? " WHERE k IS NULL" : " WHERE k = " + quoted(value);
    switch (below(4)) {
      case 0:
        return do_all("DELETE FROM t" + where);
      case 1:
        return do_all("UPDATE t SET k = " + quoted(other) + where);
      default:
        return do_all("INSERT INTO t VALUES (" + quoted(value) + second + ")");
    }
  }
  std::string quoted(const std::string& value) const {
    const bool is_number = value.find_first_not_of("0123456789") == value.npos;
    return is_text_ && is_number ? "'" + value + "'" : value;
  }

  std::mt19937_64 random_;
  std::unique_ptr<Database> database_;
  SqlSession session_;
  std::string done_;
  bool is_text_ = false, has_second_ = false;
};

}  // namespace

TEST_CASE("without a key a merge over another type comes to the same from either side") {
  const uint64_t first = rowan::testing::printed_seed();
  size_t went_through = 0;
  for (uint64_t seed = first; seed < first + 120; ++seed) {
    Keyless trial(seed);
    for (const auto& [from_main, from_f] : {std::pair("OURS", "THEIRS"), std::pair("THEIRS", "OURS")}) {
      const std::string a = trial.merged("main", "f", from_main);
      const std::string b = trial.merged("f", "main", from_f);
      const std::string why = "seed " + std::to_string(seed) + ", main's " + from_main + ": " + trial.done() +
                              "\nmain <- f:\n" + a + "f <- main:\n" + b;
      if (a != b) FAIL_CHECK(why);
      went_through += !a.starts_with("VC001");
    }
  }
  CHECK(went_through > 60);
}
