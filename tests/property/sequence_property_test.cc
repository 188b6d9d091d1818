// Proves that a serial column gives no number twice to transactions that commit: two sessions draw, in blocks and
// outside, while the sequence and its table are renamed, moved, dropped and brought back.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "seed.h"
#include "sql_session.h"

using rowan::Database;
using rowan::testing::SqlSession;

namespace {

class Draws {
 public:
  explicit Draws(uint64_t seed)
      : random_(seed), database_(std::move(*Database::open(":memory:"))), users_{User(*database_), User(*database_)} {
    users_[0].session.must("CREATE SCHEMA o; CREATE TABLE t (id serial, w integer); SET lock_timeout = 50");
    users_[1].session.must("SET lock_timeout = 50");
  }
  void step() {
    User& user = users_[below(2)];
    switch (below(9)) {
      case 0:
        if (!user.is_open) user.is_open = run(user, "BEGIN").ok();
        return;
      case 1:
        return end(user, below(4) != 0);
      case 2:
        run(user, below(2) == 0 ? "ALTER SEQUENCE " + place() + "t_id_seq RENAME TO q"
                                : "ALTER SEQUENCE " + place() + "q RENAME TO t_id_seq");
        return;
      case 3:
        run(user, below(2) == 0 ? "ALTER TABLE t SET SCHEMA o" : "ALTER TABLE o.t SET SCHEMA public");
        return;
      case 4:
        return undone(user);
      default:
        return draw(user);
    }
  }
  void finish() {
    for (User& user : users_) end(user, true);
  }
  size_t given() const { return given_.size(); }

 private:
  struct User {
    explicit User(Database& database) : session(database) {}
    SqlSession session;
    bool is_open = false;
    std::vector<std::string> drawn;
  };
  int below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }
  std::string place() { return below(2) == 0 ? "o." : "public."; }

  // A block in which something failed is over, and gave nothing.
  SqlSession::Answer run(User& user, const std::string& sql) {
    auto answer = user.session.run(sql);
    script_ += std::to_string(&user - users_) + ": " + sql + (answer.ok() ? "" : " -- " + answer.failure.sqlstate);
    for (const auto& row : answer.rows) script_ += " -> " + row[0];
    script_ += "\n";
    if (!answer.ok() && user.is_open) {
      user.session.run("ROLLBACK");
      user.is_open = false;
      user.drawn.clear();
    }
    return answer;
  }
  void give(User& user) {
    for (const std::string& number : user.drawn) {
      const std::string why = number + " was given twice:\n" + script_;
      if (!given_.insert(number).second) FAIL(why);
    }
    user.drawn.clear();
  }
  void draw(User& user) {
    for (const std::string& table : {std::string("t"), std::string("o.t")}) {
      const bool here = user.session.rows("SELECT count(*) FROM information_schema.tables WHERE table_name = 't' "
                                          "AND table_schema = '" + std::string(table == "t" ? "public" : "o") + "'") == "1\n";
      if (!here) continue;
      const auto answer = run(user, "INSERT INTO " + table + " (w) VALUES (0) RETURNING id");
      if (answer.ok()) user.drawn.push_back(answer.rows[0][0]);
      if (!user.is_open) give(user);
      return;
    }
  }
  void end(User& user, bool commits) {
    if (!user.is_open) return;
    const bool stands = run(user, commits ? "COMMIT" : "ROLLBACK").ok() && commits;
    user.is_open = false;
    if (stands) give(user);
    user.drawn.clear();
  }
  // A drop or a move that is taken back at once, by one of three ways.
  void undone(User& user) {
    if (user.is_open) return;
    const std::string table = place() + "t";
    const bool drops = below(2) == 0;
    const bool works = run(user, drops ? "DROP TABLE " + table
                                       : "ALTER SEQUENCE " + table + "_id_seq RENAME TO x").ok();
    if (!works) return;
    User& other = users_[&user == &users_[0] ? 1 : 0];
    if (other.is_open && below(2) == 0) draw(other);
    switch (below(drops ? 3 : 2)) {
      case 0:
        CHECK(run(user, "REVERT HEAD").ok());
        return;
      case 1:
        CHECK(run(user, "RESET TO 'HEAD~1'").ok());
        return;
      default:
        CHECK(run(user, "RESTORE TABLE " + table + " TO 'HEAD~1'").ok());
    }
  }

  std::mt19937_64 random_;
  std::unique_ptr<Database> database_;
  User users_[2];
  std::set<std::string> given_;
  std::string script_;
};

}  // namespace

TEST_CASE("no number is given twice") {
  const uint64_t seed = rowan::testing::printed_seed();
  size_t given = 0;
  // Short rounds: once a commit has stored a block of numbers, its file hides what a counter forgets.
  for (uint64_t round = 0; round < 400; ++round) {
    Draws draws(seed + round);
    for (int i = 0; i < 16; ++i) draws.step();
    draws.finish();
    given += draws.given();
  }
  CHECK(given > 200);
}
