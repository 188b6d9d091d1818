// The witness (a): whatever the statements, every commit's tree is its parent's with exactly the
// commit's row changes applied. `rowan check` proves it commit by commit; here it gets random
// histories, and the rows are compared with a model.
#include <map>
#include <random>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// Random statements over a keyed table with large values, one without a key, one with a composite
// key.
class RandomHistory {
 public:
  RandomHistory(Opened& opened, unsigned seed) : opened_(opened), random_(seed) {
    opened_.execute("CREATE TABLE keyed (id integer PRIMARY KEY, text text, n numeric(8,2))");
    opened_.execute("CREATE TABLE bag (word text, n integer)");
    opened_.execute("CREATE TABLE pair (a text, b date, n bigint, PRIMARY KEY (a, b))");
  }

  void step() {
    const bool in_block = pick(4) == 0;
    if (in_block) opened_.execute("BEGIN");
    for (int i = in_block ? pick(6) + 1 : 1; i > 0; --i) change();
    if (in_block) opened_.execute("COMMIT");
  }

  void check_model() {
    std::string expected;
    for (const auto& [id, text] : keyed_)
      expected +=
          std::to_string(id) + "|" + text.substr(0, 12) + "|" + std::to_string(text.size()) + ";";
    CHECK(opened_.ask("SELECT id, substr(text, 1, 12), length(text) FROM keyed ORDER BY id") ==
          expected);
    expected.clear();
    for (const auto& [word, count] : bag_) expected += word + "|" + std::to_string(count) + ";";
    CHECK(opened_.ask("SELECT word, count(*) FROM bag GROUP BY word ORDER BY word") == expected);
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string word() { return "w" + std::to_string(pick(12)); }

  void change() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
        return insert_keyed(pick(30) + 1);
      case 3:
      case 4:
        return update_keyed();
      case 5:
        return delete_keyed();
      case 6:
      case 7:
        return add_words();
      case 8:
        return remove_word();
      case 9:
      case 10:
        return change_pairs();
      default:
        return define();
    }
  }

  void insert_keyed(int rows) {
    std::string values;
    for (int i = 0; i < rows; ++i) {
      const int id = pick(100'000);
      if (keyed_.contains(id)) continue;
      const size_t size = pick(40) == 0 ? 9'000 + static_cast<size_t>(pick(20'000))
                                        : static_cast<size_t>(pick(300));
      keyed_[id] = std::string(size, static_cast<char>('a' + pick(26)));
      values += (values.empty() ? "(" : ", (") + std::to_string(id) + ", '" + keyed_[id] + "', " +
                std::to_string(pick(9999)) + ".5)";
    }
    if (!values.empty()) opened_.execute("INSERT INTO keyed VALUES " + values);
  }
  void update_keyed() {
    if (keyed_.empty()) return;
    const auto from = keyed_.lower_bound(pick(100'000));
    if (from == keyed_.end()) return;
    const int to = from->first + pick(5000);
    const std::string text(static_cast<size_t>(pick(10) == 0 ? 10'000 : pick(200)), 'u');
    opened_.execute("UPDATE keyed SET text = '" + text + "' WHERE id BETWEEN " +
                    std::to_string(from->first) + " AND " + std::to_string(to));
    for (auto at = from; at != keyed_.end() && at->first <= to; ++at) at->second = text;
  }
  void delete_keyed() {
    const int from = pick(100'000);
    const int to = from + pick(3000);
    opened_.execute("DELETE FROM keyed WHERE id BETWEEN " + std::to_string(from) + " AND " +
                    std::to_string(to));
    keyed_.erase(keyed_.lower_bound(from), keyed_.upper_bound(to));
  }
  void add_words() {
    const std::string one = word();
    const int times = pick(4) + 1;
    opened_.execute("INSERT INTO bag SELECT '" + one + "', n / 2 FROM generate_series(1, " +
                    std::to_string(times) + ") AS g(n)");
    bag_[one] += times;
  }
  void remove_word() {
    const std::string one = word();
    opened_.execute("DELETE FROM bag WHERE word = '" + one + "'");
    bag_.erase(one);
  }
  void change_pairs() {
    const std::string key = "'" + word() + "', date '2024-01-01' + " + std::to_string(pick(300));
    const std::string where = " WHERE a = '" + word() + "'";
    switch (pick(3)) {
      case 0:
        opened_.execute("UPDATE pair SET n = n + 1, b = b + 1000" + where);
        break;
      case 1:
        opened_.execute("DELETE FROM pair" + where);
        break;
      default:
        if (auto rows = opened_.ask("SELECT 1 FROM pair WHERE (a, b) = (" + key + ")");
            rows.empty())
          opened_.execute("INSERT INTO pair VALUES (" + key + ", 1)");
    }
  }
  void define() {
    const std::string name = "t" + std::to_string(pick(4));
    if (defined_.contains(name)) {
      opened_.execute("DROP TABLE " + name);
      defined_.erase(name);
    } else {
      opened_.execute("CREATE TABLE " + name + " (id integer PRIMARY KEY, text text DEFAULT 'x')");
      opened_.execute("INSERT INTO " + name + " (id) SELECT n FROM generate_series(1, 50) AS g(n)");
      defined_[name] = true;
    }
  }

  Opened& opened_;
  std::mt19937 random_;
  std::map<int, std::string> keyed_;
  std::map<std::string, int> bag_;
  std::map<std::string, bool> defined_;
};

}  // namespace

TEST_CASE("random histories are their changes, commit by commit") {
  for (int round = 0; round < 3; ++round) {
    const unsigned seed = std::random_device()();
    CAPTURE(seed);
    const Scratch scratch;
    const fs::path db = scratch / "db";
    {
      Opened opened(db);
      RandomHistory history(opened, seed);
      for (int i = 0; i < 120; ++i) history.step();
      history.check_model();
    }
    check_clean(db);
    // What stock git makes of each step is the same difference: applied to the parent it gives the
    // commit's tree.
    const fs::path work = scratch / "work";
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    const std::string script =
        "cd '" + work.string() +
        "' && for c in $(git rev-list --reverse main | tail -n +2 | awk 'NR % 10 == 0'); do "
        "git read-tree $c~1 && git diff --binary $c~1 $c | git apply --cached && [ $(git "
        "write-tree) = $(git rev-parse $c^{tree}) ] || exit 1; done";
    must(script);
  }
}

}  // namespace rowan::git_testing
