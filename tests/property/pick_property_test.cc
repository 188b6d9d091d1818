// Proves that a commit counts once, however it comes to a branch: random histories of keyless rows and
// sums with merges, picks (of picks, and of what is there already), reverts (of what is reverted already, too) and rebases, against a model that keeps a set of
// changes for each branch. In a second round tables change their names, schemas and columns meanwhile.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "seed.h"
#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

namespace {

constexpr int kKinds = 3;       // Of rows, and rows with a sum.
constexpr int kCopies = 60;     // Of each at first: so many that none is ever gone.
constexpr int kBranches = 3;

struct Delta {
  int rows[kKinds] = {};
  int sums[kKinds] = {};
};
struct Model {
  std::map<std::string, Delta> deltas;        // By what names a change.
  std::map<std::string, std::string> names;   // A commit's change.
  struct Branch {
    std::set<std::string> changes;
    std::vector<std::string> commits;  // Its own, newest last: without merges.
    std::string dropped;               // The commit that dropped a column last.
  };
  std::map<std::string, Branch> branches;

  std::string state(const std::string& branch) const {
    Delta sum;
    for (const std::string& name : branches.at(branch).changes) {
      for (int i = 0; i < kKinds; ++i) {
        sum.rows[i] += deltas.at(name).rows[i];
        sum.sums[i] += deltas.at(name).sums[i];
      }
    }
    std::string text;
    for (int i = 0; i < kKinds; ++i)
      text += std::to_string(i) + "|" + std::to_string(kCopies + sum.rows[i]) + "|" + std::to_string(sum.sums[i]) + "\n";
    return text;
  }
};

class History {
 public:
  // `moving`: tables go to other names and schemas, columns go and come back.
  explicit History(uint64_t seed, bool moving = false)
      : moving_(moving), random_(seed), database_(std::move(*Database::open(":memory:"))), session_(*database_) {
    session_.must("CREATE TABLE l (x integer, y text DEFAULT 'w'); "
                  "CREATE TABLE n (k integer PRIMARY KEY, v numeric MERGE RULE sum, note text); "
                  "CREATE SCHEMA o");
    for (int i = 0; i < kKinds; ++i) {
      const std::string key = std::to_string(i);
      session_.must("INSERT INTO l (x) SELECT " + key + " FROM generate_series(1, " + std::to_string(kCopies) + "); "
                    "INSERT INTO n VALUES (" + key + ", 0, '')");
    }
    for (int i = 0; i < kBranches; ++i) {
      session_.must("CREATE BRANCH b" + std::to_string(i));
      model_.branches["b" + std::to_string(i)] = {};
    }
  }

  void step() {
    const std::string branch = any_branch();
    script_ += branch + ": ";
    session_.must("CHECKOUT " + branch);
    if (moving_ && below(4) == 0) return below(3) == 0 ? change_columns(branch) : move_table();
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        return change(branch);
      case 3:
        return pick(branch);
      case 4:
        return pick_again(branch);
      case 5:
        return revert(branch);
      case 6:
        return revert_again(branch);
      case 7:
        return rebase(branch);
      default:
        return merge(branch);
    }
  }
  std::string state(const std::string& branch) {
    session_.must("CHECKOUT " + branch);
    return session_.rows("SELECT n.k, (SELECT count(*) FROM " + table("l") + " WHERE x = n.k), n.v::integer FROM " +
                         table("n") + " n ORDER BY 1");
  }
  // What differs; empty: nothing.
  std::string difference() {
    if (!rebase_difference_.empty()) return rebase_difference_;
    for (const auto& [branch, own] : model_.branches) {
      const std::string is = state(branch);
      if (is != model_.state(branch))
        return branch + " has\n" + is + "instead of\n" + model_.state(branch) + "after\n" + script_;
    }
    return {};
  }

 private:
  // False: rows that were taken away where a column was not there cannot be told apart from others here.
  bool may(const std::string& sql) {
    const auto answer = session_.run(sql);
    const std::string why = sql + ": " + answer.text() + " after\n" + script_;
    const std::string& detail = answer.failure.detail;
    const bool is_untold = moving_ && (detail.find("(rewritten rows)") != std::string::npos ||
                                       detail.find(".y (dropped column)") != std::string::npos);
    if (!answer.ok() && !is_untold) FAIL(why);
    return answer.ok();
  }
  void must(const std::string& sql) {
    const auto answer = session_.run(sql);
    const std::string why = sql + ": " + answer.text() + " after\n" + script_;
    if (!answer.ok()) FAIL(why);
  }
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::string any_branch() { return "b" + std::to_string(below(kBranches)); }

  // What the table that was called so at first is called on the branch.
  std::string table(const std::string& first) {
    const auto found = session_.run("SELECT table_schema || '.' || table_name FROM information_schema.tables "
                                    "WHERE table_schema IN ('public', 'o') AND left(table_name, 1) = '" + first + "'");
    const std::string what = first + " is " + std::to_string(found.rows.size()) + " tables after\n" + script_;
    if (found.rows.size() != 1) FAIL(what);
    return found.rows[0][0];
  }
  void move_table() {
    const std::string first = below(2) == 0 ? "l" : "n";
    const std::string now = table(first);
    const std::string other = first + std::to_string(below(3));
    const bool to_schema = below(3) == 0;
    const std::string sql = "ALTER TABLE " + now + (to_schema ? std::string(" SET SCHEMA ") + (now[0] == 'o' ? "public" : "o")
                                                              : " RENAME TO " + other);
    if (!to_schema && now.substr(now.find('.') + 1) == other) return;
    session_.must(sql);
    script_ += sql + " as " + tip().substr(0, 6) + "\n";
  }
  // All rows have the same in it, whenever it comes.
  void change_columns(const std::string& branch) {
    const bool has = session_.run("SELECT y FROM " + table("l") + " LIMIT 1").ok();
    const std::string& dropped = model_.branches[branch].dropped;
    const bool undo = !has && !dropped.empty() && below(2) == 0;
    const std::string sql = undo ? "REVERT '" + dropped + "'"
                                 : "ALTER TABLE " + table("l") + (has ? " DROP COLUMN y" : " ADD COLUMN y text DEFAULT 'w'");
    if (!may(sql)) return;
    if (has) model_.branches[branch].dropped = tip();
    script_ += sql + " as " + tip().substr(0, 6) + "\n";
  }

  void made(const std::string& branch, const std::string& commit, const std::string& name) {
    model_.names[commit] = name;
    model_.branches[branch].changes.insert(name);
    model_.branches[branch].commits.push_back(commit);
  }
  void change(const std::string& branch) {
    Delta delta;
    const int kind = below(kKinds);
    const std::string key = std::to_string(kind);
    const std::string l = table("l");
    session_.must("BEGIN");
    if (below(3) == 0) {
      // One copy fewer: all go, and all but one come again.
      const std::string rest = session_.rows("SELECT count(*) - 1 FROM " + l + " WHERE x = " + key);
      session_.must("DELETE FROM " + l + " WHERE x = " + key + "; INSERT INTO " + l + " (x) SELECT " + key +
                    " FROM generate_series(1, " + rest.substr(0, rest.size() - 1) + ")");
      delta.rows[kind] = -1;
    } else {
      const int copies = 1 + below(2);
      session_.must("INSERT INTO " + l + " (x) SELECT " + key + " FROM generate_series(1, " + std::to_string(copies) + ")");
      delta.rows[kind] = copies;
    }
    delta.sums[kind] = below(9) - 4;
    session_.must("UPDATE " + table("n") + " SET v = v + " + std::to_string(delta.sums[kind]) + " WHERE k = " + key);
    const auto answer = session_.run("COMMIT");
    REQUIRE(answer.ok());
    const std::string commit = tip();
    model_.deltas[commit] = delta;
    made(branch, commit, commit);
    script_ += "change " + commit.substr(0, 6) + " rows " + std::to_string(delta.rows[kind]) + " sums " +
               std::to_string(delta.sums[kind]) + " of " + key + "\n";
  }
  std::string tip() { return session_.run("SELECT \"commit\" FROM rowan.log LIMIT 1").rows.at(0).at(0); }

  // Some commit that `fits`; empty: none does.
  template <typename Fits>
  std::string any_commit(const Fits& fits) {
    std::vector<std::string> found;
    for (const auto& [commit, name] : model_.names) {
      if (fits(commit, name)) found.push_back(commit);
    }
    return found.empty() ? std::string() : found[static_cast<size_t>(below(static_cast<int>(found.size())))];
  }
  void pick(const std::string& branch) {
    const auto& own = model_.branches[branch].changes;
    const std::string commit =
        any_commit([&](const std::string&, const std::string& name) { return !own.contains(name); });
    if (commit.empty()) return;
    if (!may("CHERRY-PICK '" + commit + "'")) return;
    script_ += "pick " + commit.substr(0, 6) + " as " + tip().substr(0, 6) + "\n";
    made(branch, tip(), model_.names[commit]);
  }
  // Whether what the name stands for, a change or one that is undone, is as it says.
  static bool in_effect(const std::set<std::string>& own, const std::string& name) {
    const size_t marks = name.find_first_not_of('-');
    int effect = 0;
    for (const std::string& other : own) {
      const size_t others = other.find_first_not_of('-');
      if (other.substr(others) == name.substr(marks)) effect += others % 2 == 0 ? 1 : -1;
    }
    return marks % 2 == 0 ? effect > 0 : effect <= 0;
  }
  // A commit that the branch holds, and that is in effect there, is nothing to be picked.
  void pick_again(const std::string& branch) {
    const auto& own = model_.branches[branch].changes;
    const std::string commit = any_commit([&](const std::string&, const std::string& name) {
      return own.contains(name) && in_effect(own, name);
    });
    if (commit.empty()) return;
    const std::string before = tip();
    if (!may("CHERRY-PICK '" + commit + "'")) return;
    script_ += "pick again " + commit.substr(0, 6) + "\n";
    const std::string what = "again after\n" + script_;
    if (!moving_ && tip() != before) FAIL(what);  // Columns that are not here may leave their slots.
  }
  // Nor is there anything to be reverted in one that it has reverted.
  void revert_again(const std::string& branch) {
    const auto& own = model_.branches[branch].changes;
    const std::string commit = any_commit([&](const std::string&, const std::string& name) {
      return own.contains("-" + name) && in_effect(own, "-" + name);
    });
    if (commit.empty()) return;
    const std::string before = tip();
    may("REVERT '" + commit + "'" + (below(2) == 0 ? " MESSAGE 'undone'" : ""));
    script_ += "revert again " + commit.substr(0, 6) + "\n";
    const std::string what = "again after\n" + script_;
    if (!moving_ && tip() != before) FAIL(what);  // Columns that are not here may leave their slots.
  }
  void revert(const std::string& branch) {
    const auto& own = model_.branches[branch];
    if (own.commits.empty()) return;
    const std::string commit = own.commits[static_cast<size_t>(below(static_cast<int>(own.commits.size())))];
    const std::string name = "-" + model_.names[commit];
    if (own.changes.contains(name)) return;
    if (!may("REVERT '" + commit + "'" + (below(2) == 0 ? " MESSAGE 'undone'" : ""))) return;
    Delta undone = model_.deltas[model_.names[commit]];
    for (int i = 0; i < kKinds; ++i) {
      undone.rows[i] = -undone.rows[i];
      undone.sums[i] = -undone.sums[i];
    }
    model_.deltas[name] = undone;
    script_ += "revert " + commit.substr(0, 6) + " as " + tip().substr(0, 6) + "\n";
    made(branch, tip(), name);
  }
  void merge(const std::string& branch) {
    const std::string other = any_branch();
    if (other == branch) return;
    const std::string side = below(2) == 0 ? " WITH THEIRS" : " WITH OURS";
    if (!moving_) {
      session_.must("MERGE " + other + (side == " WITH THEIRS" ? side : ""));
    } else if (const auto answer = session_.run("MERGE " + other); !answer.ok()) {
      // Rows that cannot be told apart are no matter of sides; names that both gave are.
      if (answer.failure.detail.find("rewritten rows") != std::string::npos) return;
      must("MERGE " + other + side);
    }
    if (model_.branches[branch].dropped.empty()) model_.branches[branch].dropped = model_.branches[other].dropped;
    const auto& more = model_.branches[other].changes;
    model_.branches[branch].changes.insert(more.begin(), more.end());
    script_ += "merge " + other + "\n";
  }
  // A rebase gives what a merge gives, whatever was merged before. On a branch of its own: what was
  // replayed is known by no name any more.
  void rebase(const std::string& branch) {
    const std::string other = any_branch();
    session_.must("CREATE BRANCH rebased; CHECKOUT rebased");
    const auto rebased = session_.run("REBASE ONTO " + other);
    const std::string why = rebased.text() + " after\n" + script_;
    if (!rebased.ok() && !moving_) FAIL(why);
    if (!rebased.ok()) return session_.must("CHECKOUT " + branch + "; DROP BRANCH rebased FORCE");
    Model both = model_;
    const auto& more = model_.branches[other].changes;
    both.branches[branch].changes.insert(more.begin(), more.end());
    const std::string is = state("rebased");
    const std::string want = both.state(branch);
    session_.must("CHECKOUT " + branch + "; DROP BRANCH rebased FORCE");
    script_ += "rebase onto " + other + "\n";
    if (is != want) rebase_difference_ = branch + " rebased has\n" + is + "instead of\n" + want + "after\n" + script_;
  }
  bool moving_;
  std::mt19937_64 random_;
  std::unique_ptr<Database> database_;
  SqlSession session_;
  Model model_;
  std::string script_;
  std::string rebase_difference_;
};

}  // namespace

TEST_CASE("a commit counts once, by merge and by pick") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 25; ++round) {
    History history(first + round);
    std::string difference;
    for (int step = 0; step < 30 && difference.empty(); ++step) {
      history.step();
      difference = history.difference();
    }
    const std::string what = "SEED=" + std::to_string(first + round) + ": " + difference;
    if (!difference.empty()) FAIL(what);
  }
}

TEST_CASE("a commit counts once, whatever its table is called") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 25; ++round) {
    History history(first + round, true);
    std::string difference;
    for (int step = 0; step < 30 && difference.empty(); ++step) {
      history.step();
      difference = history.difference();
    }
    const std::string what = "SEED=" + std::to_string(first + round) + ": " + difference;
    if (!difference.empty()) FAIL(what);
  }
}

TEST_CASE("a rebase leaves out what was picked already") {
  const uint64_t first = rowan::testing::printed_seed();
  for (uint64_t round = 0; round < 10; ++round) {
    auto database = std::move(*Database::open(":memory:"));
    SqlSession session(*database);
    std::mt19937_64 random(first + round);
    session.must("CREATE TABLE l (x integer); CREATE TABLE n (k integer PRIMARY KEY, v bigint MERGE RULE sum); "
                 "INSERT INTO n VALUES (1, 0); CREATE BRANCH side");
    int changes = 0;
    for (int i = 0; i < 12; ++i) {
      const bool on_main = random() % 2 == 0;
      session.must(std::string("CHECKOUT ") + (on_main ? "main" : "side"));
      session.must("BEGIN; INSERT INTO l VALUES (1); UPDATE n SET v = v + 1; COMMIT");
      ++changes;
      if (random() % 3 != 0) continue;
      session.must(std::string("CHECKOUT ") + (on_main ? "side" : "main"));
      session.must(std::string("CHERRY-PICK '") + (on_main ? "main" : "side") + "'");
    }
    session.must("CHECKOUT side; REBASE ONTO main");
    const std::string want = std::to_string(changes) + "|" + std::to_string(changes) + "\n";
    CHECK(session.rows("SELECT (SELECT count(*) FROM l), v FROM n") == want);
  }
}
