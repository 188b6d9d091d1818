// Proves that RENUMBER loses no row and mistakes none for another: rows of both branches, under the same
// keys and often with the same texts, that refer to each other through simple, composite and recursive
// foreign keys. What each row is, and all that it refers to, is there after the merge, as often as it should.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "seed.h"
#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

namespace {

const std::string kNull = "∅";

using Row = std::vector<std::string>;
struct State {
  std::map<std::string, Row> e, line, sub;  // By id.
  std::set<Row> tag;
  std::vector<Row> note;

  // What a row says, with what it refers to and without keys.
  std::string person(const std::string& id) const {
    return id == kNull ? "nobody" : e.at(id)[1] + " under (" + person(e.at(id)[2]) + ")";
  }
  std::string line_text(const std::string& id) const {
    return "line " + line.at(id)[2] + " of " + person(line.at(id)[1]);
  }
  std::string tag_text(const Row& row) const { return "tag " + row[1] + " of " + person(row[0]); }
  std::string sub_text(const std::string& id) const {
    const Row& row = sub.at(id);
    return "sub " + row[3] + " of " + (row[1] == kNull ? "nothing" : tag_text({row[1], row[2]}));
  }
  std::string note_text(const Row& row) const { return "note " + row[1] + " of " + person(row[0]); }
};

class Trial {
 public:
  explicit Trial(uint64_t seed)
      : random_(seed), database_(std::move(*Database::open(":memory:"))), session_(*database_) {
    session_.must(
        "CREATE TABLE e (id serial PRIMARY KEY, n text, boss integer REFERENCES e); "
        "CREATE TABLE line (id serial PRIMARY KEY, e integer REFERENCES e, what text); "
        "CREATE TABLE tag (e integer REFERENCES e, pos integer, PRIMARY KEY (e, pos)); "
        "CREATE TABLE sub (id serial PRIMARY KEY, e integer, pos integer, w text, FOREIGN KEY (e, pos) REFERENCES tag); "
        "CREATE TABLE note (e integer REFERENCES e, words text); "
        "INSERT INTO e VALUES (1, 'top', NULL); INSERT INTO line VALUES (1, 1, 'old'); "
        "CREATE BRANCH f");
    // How likely a value is the same on both branches.
    alike_ = below(4) == 0 ? 100 : 60 + below(40);
    change("main", random_(), random_());
    change("f", first_shared_, random_());
  }

  std::string problem() {
    const State ours = state("main"), theirs = state("f");
    session_.must("CHECKOUT main; MERGE f WITH THEIRS, RENUMBER");
    const State merged = state("main");
    std::vector<std::string> is = texts(merged), wanted = expected(ours, theirs);
    std::sort(is.begin(), is.end());
    std::sort(wanted.begin(), wanted.end());
    std::string text;
    std::vector<std::string> lost, more;
    std::set_difference(wanted.begin(), wanted.end(), is.begin(), is.end(), std::back_inserter(lost));
    std::set_difference(is.begin(), is.end(), wanted.begin(), wanted.end(), std::back_inserter(more));
    for (const std::string& one : lost) text += "lost: " + one + "\n";
    for (const std::string& one : more) text += "too much: " + one + "\n";
    auto problems = database_->check();
    REQUIRE(problems.ok());
    for (const std::string& one : *problems) text += "check: " + one + "\n";
    return text;
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }

  // Both branches draw the same from `shared` and something else from `own`.
  void change(const std::string& branch, uint64_t shared, uint64_t own) {
    first_shared_ = shared;
    std::mt19937_64 both(shared), alone(own), which(own + 1);
    const auto draw = [&](size_t bound) {
      const size_t a = both() % bound, b = alone() % bound;
      return branch == "main" || static_cast<int>(which() % 100) < alike_ ? a : b;
    };
    session_.must("CHECKOUT " + branch);
    std::vector<std::string> people{"NULL", "1"};
    std::vector<std::string> tags{"NULL, NULL"};
    for (int id = 2; id <= 4; ++id) {
      const std::string key = std::to_string(id);
      const std::string name = draw(2) == 0 ? "'x'" : "'y'";
      const std::string boss = people[draw(100) % people.size()];
      if (draw(6) == 0) continue;
      session_.must("INSERT INTO e VALUES (" + key + ", " + name + ", " + boss + ")");
      people.push_back(key);
    }
    for (int id = 2; id <= 4; ++id) {
      const std::string of = people[draw(100) % people.size()];
      const std::string what = draw(2) == 0 ? "'pen'" : "'ink'";
      if (draw(6) == 0) continue;
      session_.must("INSERT INTO line VALUES (" + std::to_string(id) + ", " + of + ", " + what + ")");
    }
    const std::string moved = people[draw(100) % people.size()];
    if (draw(2) == 0) session_.must("UPDATE line SET e = " + moved + " WHERE id = 1");
    for (const std::string& of : people) {
      if (of == "NULL" || draw(3) == 0) continue;
      session_.must("INSERT INTO tag VALUES (" + of + ", 1)");
      tags.push_back(of + ", 1");
    }
    for (int id = 1; id <= 3; ++id) {
      const std::string of = tags[draw(100) % tags.size()];
      if (draw(6) == 0) continue;
      session_.must("INSERT INTO sub VALUES (" + std::to_string(id) + ", " + of + ", 's')");
    }
    for (int i = 0; i < 2; ++i)
      session_.must("INSERT INTO note VALUES (" + people[draw(100) % people.size()] + ", 'n')");
  }

  State state(const std::string& branch) {
    session_.must("CHECKOUT " + branch);
    const auto rows = [&](const std::string& table) {
      const auto answer = session_.run("SELECT * FROM " + table);
      REQUIRE_MESSAGE(answer.ok(), answer.text());
      return answer.rows;
    };
    State state;
    for (const Row& row : rows("e")) state.e[row[0]] = row;
    for (const Row& row : rows("line")) state.line[row[0]] = row;
    for (const Row& row : rows("sub")) state.sub[row[0]] = row;
    for (const Row& row : rows("tag")) state.tag.insert(row);
    state.note = rows("note");
    return state;
  }

  static std::vector<std::string> texts(const State& state) {
    std::vector<std::string> texts;
    for (const auto& [id, row] : state.e) texts.push_back(state.person(id));
    for (const auto& [id, row] : state.line) texts.push_back(state.line_text(id));
    for (const auto& [id, row] : state.sub) texts.push_back(state.sub_text(id));
    for (const Row& row : state.tag) texts.push_back(state.tag_text(row));
    for (const Row& row : state.note) texts.push_back(state.note_text(row));
    return texts;
  }

  static std::vector<std::string> expected(const State& ours, const State& theirs) {
    // Of theirs, under a key that ours gave to another row. References go to smaller keys.
    std::set<std::string> moved;
    for (const auto& [id, row] : theirs.e) {
      const auto own = ours.e.find(id);
      if (own != ours.e.end() && (own->second != row || moved.contains(row[2]))) moved.insert(id);
    }
    std::vector<std::string> texts;
    for (const auto& [id, row] : ours.e) texts.push_back(ours.person(id));
    for (const auto& [id, row] : theirs.e) {
      if (!ours.e.contains(id) || moved.contains(id)) texts.push_back(theirs.person(id));
    }
    for (const auto& [id, row] : ours.line) {
      if (id != "1") texts.push_back(ours.line_text(id));
    }
    texts.push_back(theirs.line.at("1")[1] == "1" ? ours.line_text("1") : theirs.line_text("1"));
    const auto is_other = [&](const auto& own, const std::string& id, const Row& row) {
      const auto found = own.find(id);
      return found == own.end() || found->second != row || moved.contains(row[1]);
    };
    for (const auto& [id, row] : theirs.line) {
      if (id != "1" && is_other(ours.line, id, row)) texts.push_back(theirs.line_text(id));
    }
    for (const auto& [id, row] : ours.sub) texts.push_back(ours.sub_text(id));
    for (const auto& [id, row] : theirs.sub) {
      if (is_other(ours.sub, id, row)) texts.push_back(theirs.sub_text(id));
    }
    for (const Row& row : ours.tag) texts.push_back(ours.tag_text(row));
    for (const Row& row : theirs.tag) {
      if (!ours.tag.contains(row) || moved.contains(row[0])) texts.push_back(theirs.tag_text(row));
    }
    for (const State* side : {&ours, &theirs}) {
      for (const Row& row : side->note) texts.push_back(side->note_text(row));
    }
    return texts;
  }

  std::mt19937_64 random_;
  std::unique_ptr<Database> database_;
  SqlSession session_;
  uint64_t first_shared_ = 0;
  int alike_ = 0;
};

}  // namespace

TEST_CASE("RENUMBER keeps every row, and what it refers to") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 100; ++round) {
    Trial trial(first + round);
    const std::string problem = trial.problem();
    const std::string what = "SEED=" + std::to_string(first + round) + "\n" + problem;
    if (!problem.empty()) FAIL(what);
  }
}
