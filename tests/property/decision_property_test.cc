// Proves that rowan.merge_decisions lists each cell of a merge in which a side's change is not what the
// row has now, and nothing else; under every policy and rule, as MERGE made it and as it would. And that
// several branches come to one state in whatever order they are named.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "seed.h"
#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

namespace {

const std::array<std::string, 6> kColumns{"a", "s", "hi", "newer", "u", "note"};
using Row = std::array<std::string, 6>;
using Rows = std::map<std::string, Row>;

class Trial {
 public:
  explicit Trial(uint64_t seed)
      : random_(seed), database_(std::move(*Database::open(":memory:"))), session_(*database_) {
    session_.must("CREATE TABLE t (k integer PRIMARY KEY, a integer, s bigint MERGE RULE sum, "
                  "hi numeric(8,2) MERGE RULE max, newer text MERGE RULE newest, u jsonb MERGE RULE union, note text)");
    for (int key = 1; key <= 6; ++key) session_.must(insert(key));
    session_.must("CREATE BRANCH side");
    change("main");
    change("side");
  }

  std::string problem(const std::string& policy) {
    session_.must("CHECKOUT main; CREATE BRANCH before; CREATE BRANCH work; CHECKOUT work");
    const Rows base = rows("main@{0}~" + std::to_string(main_changes_));
    const Rows ours = rows("main"), theirs = rows("side");
    const std::string foreseen =
        policy == "manual" ? std::string() : decisions("'main', 'side', '" + policy + "'");
    if (policy == "manual") {
      session_.must("MERGE side WITH MANUAL RESOLUTION");
      const auto open = session_.run("SELECT way_out FROM rowan.conflicts");
      for (const auto& row : open.rows) {
        const std::string way = row[0].substr(0, row[0].find(" USING "));
        const char* const sides[] = {" USING HEAD", " USING SOURCE"};
        session_.must(way + sides[random_() % 2]);
      }
      if (!open.rows.empty()) session_.must("COMMIT MERGE");
    } else {
      session_.must("MERGE side WITH " + std::string(policy == "row-level" ? "ROW LEVEL" : policy));
    }
    const std::string listed = decisions("'HEAD'");
    const std::string wanted = expected(base, ours, theirs, rows("work"));
    if (listed != wanted)
      return policy + ": listed\n" + listed + "instead of\n" + wanted;
    if (policy != "manual" && foreseen != listed)
      return policy + ": foreseen\n" + foreseen + "instead of\n" + listed;
    session_.must("CHECKOUT main; DROP BRANCH work FORCE; DROP BRANCH before FORCE");
    return {};
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  std::string value(size_t column) {
    if (below(8) == 0) return "NULL";
    const std::string number = std::to_string(below(4));
    switch (column) {
      case 3:
      case 5:
        return "'w" + number + "'";
      case 4:
        return "'[" + number + "]'";
      default:
        return number;
    }
  }
  std::string insert(int key) {
    std::string sql = "INSERT INTO t VALUES (" + std::to_string(key);
    for (size_t i = 0; i < kColumns.size(); ++i) sql += ", " + value(i);
    return sql + ")";
  }
  void change(const std::string& branch) {
    session_.must("CHECKOUT " + branch);
    for (int i = 0; i < 8; ++i) {
      const int key = 1 + below(9);
      const bool is_there = session_.rows("SELECT k FROM t WHERE k = " + std::to_string(key)) != "";
      std::string sql;
      if (!is_there) {
        sql = insert(key);
      } else if (below(6) == 0) {
        sql = "DELETE FROM t WHERE k = " + std::to_string(key);
      } else {
        const size_t column = static_cast<size_t>(below(6));
        sql = "UPDATE t SET " + kColumns[column] + " = " + value(column) + " WHERE k = " + std::to_string(key);
      }
      if (session_.run(sql).commit.empty()) continue;
      if (branch == "main") ++main_changes_;
    }
  }
  Rows rows(const std::string& revision) {
    Rows rows;
    const auto answer = session_.run("SELECT k, a, s, hi, newer, u, note FROM t AS OF '" + revision + "'");
    REQUIRE_MESSAGE(answer.ok(), answer.text());
    for (const auto& row : answer.rows) std::copy(row.begin() + 1, row.end(), rows[row[0]].begin());
    return rows;
  }
  // key|column|ours|theirs|merged, and key|∅ for rows that one side deleted.
  std::string decisions(const std::string& arguments) {
    const std::string from = " FROM rowan.merge_decisions(" + arguments + ")";
    return session_.rows("SELECT key, \"column\", ours, theirs, merged" + from +
                         " WHERE \"column\" IS NOT NULL ORDER BY key, \"column\"") +
           session_.rows("SELECT key" + from + " WHERE \"column\" IS NULL ORDER BY key");
  }
  static std::string expected(const Rows& base, const Rows& ours, const Rows& theirs, const Rows& merged) {
    std::string cells, whole;
    std::set<std::string> keys;
    for (const Rows* side : {&base, &ours, &theirs}) {
      for (const auto& [key, row] : *side) keys.insert(key);
    }
    for (const std::string& key : keys) {
      const bool was = base.contains(key), here = ours.contains(key), there = theirs.contains(key);
      if (here != there) {
        const Rows& kept = here ? ours : theirs;
        if (was && kept.at(key) != base.at(key)) whole += key + "\n";
        continue;
      }
      if (!here) continue;
      std::set<std::string> lines;
      for (size_t i = 0; i < kColumns.size(); ++i) {
        const auto lost = [&](const Rows& side) {
          return side.at(key)[i] != merged.at(key)[i] && (!was || side.at(key)[i] != base.at(key)[i]);
        };
        if (lost(ours) || lost(theirs))
          lines.insert(key + "|" + kColumns[i] + "|" + ours.at(key)[i] + "|" + theirs.at(key)[i] + "|" +
                       merged.at(key)[i] + "\n");
      }
      for (const std::string& line : lines) cells += line;
    }
    return cells + whole;
  }

  std::mt19937_64 random_;
  std::unique_ptr<Database> database_;
  SqlSession session_;
  int main_changes_ = 0;
};

}  // namespace

TEST_CASE("what a merge decides is on record, and nothing else") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 40; ++round) {
    Trial trial(first + round);
    for (const char* policy : {"row-level", "ours", "theirs", "manual"}) {
      const std::string problem = trial.problem(policy);
      const std::string what = "SEED=" + std::to_string(first + round) + " " + problem;
      if (!problem.empty()) FAIL(what);
    }
  }
}

TEST_CASE("several branches come to one state, in whatever order they are named") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 20; ++round) {
    std::mt19937_64 random(first + round);
    const auto below = [&](uint64_t bound) { return random() % bound; };
    auto database = std::move(*Database::open(":memory:"));
    SqlSession session(*database);
    session.must("CREATE TABLE t (k integer PRIMARY KEY, a integer, s bigint MERGE RULE sum, "
                 "hi integer MERGE RULE max, lo integer MERGE RULE min, newer text MERGE RULE newest, u jsonb MERGE RULE union)");
    const std::array<std::string, 6> columns{"a", "s", "hi", "lo", "newer", "u"};
    const auto value = [&](size_t column) {
      const std::string number = std::to_string(below(4));
      return column == 4 ? "'w" + number + "'" : column == 5 ? "'[" + number + "]'" : number;
    };
    for (int key = 1; key <= 3; ++key)
      session.must("INSERT INTO t VALUES (" + std::to_string(key) + ", 1, 1, 1, 1, 'w1', '[1]')");
    const std::array<std::string, 4> branches{"main", "b0", "b1", "b2"};
    for (size_t i = 1; i < branches.size(); ++i) session.must("CREATE BRANCH " + branches[i]);
    // By cell: when each branch changed its row last.
    std::map<std::string, std::map<std::string, int>> changed_row;
    for (int step = 0; step < 24; ++step) {
      const std::string& branch = branches[below(branches.size())];
      const std::string key = std::to_string(1 + below(3));
      const size_t column = below(columns.size());
      session.must("CHECKOUT " + branch);
      const std::string is = columns[column] + " = " + value(column) + " WHERE k = " + key;
      if (!session.run("UPDATE t SET " + is).commit.empty()) changed_row[key][branch] = step;
      if (below(10) == 0) session.run("DELETE FROM t WHERE k = 3");
    }
    std::vector<size_t> order{1, 2, 3};
    std::string merged;
    const std::string seed = "SEED=" + std::to_string(first + round);
    do {
      std::string names;
      for (const size_t i : order) names += (names.empty() ? "" : ", ") + branches[i];
      session.must("CHECKOUT main; CREATE BRANCH work; CHECKOUT work; MERGE " + names);
      const std::string rows = session.rows("SELECT * FROM t ORDER BY k");
      if (merged.empty()) merged = rows;
      const std::string what = seed + " " + names + "\n" + rows + "instead of\n" + merged;
      if (rows != merged) FAIL(what);
      for (const std::string key : {"1", "2"}) {
        const std::string of = " WHERE k = " + key;
        std::string newest = "w1";
        int last = -1;
        for (const std::string& branch : branches) {
          const std::string own = session.rows("SELECT newer FROM t AS OF '" + branch + "'" + of);
          if (own == "w1\n" || changed_row[key][branch] < last) continue;
          last = changed_row[key][branch];
          newest = own.substr(0, own.size() - 1);
        }
        const std::string is = session.rows("SELECT newer FROM t" + of);
        const std::string wrong = seed + " " + names + " newest of " + key + ": " + is + "instead of " + newest;
        if (is != newest + "\n") FAIL(wrong);
      }
      session.must("CHECKOUT main; DROP BRANCH work FORCE");
    } while (std::next_permutation(order.begin(), order.end()));
  }
}
