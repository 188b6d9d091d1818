// Many definitions in one transaction: what they cost grows with their number (it was its square,
// since every one read all before it), and names are taken and free as if each were committed.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

#include "rowan/rowan.h"
#include "unit/engine/counted_new.h"

namespace {

using rowan::Database;
using rowan::Session;

struct InMemory {
  InMemory() {
    auto opened = Database::open(":memory:");
    REQUIRE(opened);
    database = std::move(*opened);
    auto connected = database->connect();
    REQUIRE(connected);
    session = std::move(*connected);
  }
  std::string state_of(const std::string& sql) {
    auto done = session->run(sql);
    return done ? "00000" : done.failure().sqlstate;
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
};

uint64_t allocations_for(int tables) {
  InMemory in;
  REQUIRE(in.state_of("BEGIN") == "00000");
  counted_new::count = 0;
  counted_new::is_watched = true;
  for (int i = 0; i < tables; ++i) {
    const std::string name = "t" + std::to_string(i);
    const auto done = in.session->run("CREATE TABLE " + name + " (id integer PRIMARY KEY, v text UNIQUE)");
    if (!done) break;
  }
  const auto done = in.session->run("COMMIT");
  counted_new::is_watched = false;
  REQUIRE(done);
  auto rows = in.session->run("SELECT count(*) FROM rowan.tables");
  REQUIRE(rows);
  auto more = (*rows)->next();
  REQUIRE(more);
  CHECK((*rows)->get_text(0) == std::to_string(tables));
  return counted_new::count;
}

}  // namespace

TEST_CASE("four times as many tables take four times the work") {
  allocations_for(10);  // What is made once.
  const uint64_t few = allocations_for(300);
  const uint64_t many = allocations_for(1200);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(many < 6 * few);
}

TEST_CASE("in a block, names of tables, keys and indexes are taken and free as they should be") {
  const uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 4; ++round) {
    InMemory in;
    // By name of the relation: the table it belongs to; a table's own is itself.
    std::map<std::string, std::string> names;
    std::map<std::string, std::string> saved;
    REQUIRE(in.state_of("BEGIN") == "00000");
    const auto step = [&](const std::string& sql, bool may, const auto& change) {
      REQUIRE(in.state_of("SAVEPOINT s") == "00000");
      CAPTURE(sql);
      const std::string state = in.state_of(sql);
      REQUIRE((state == "00000") == may);
      if (may) {
        change();
      } else {
        REQUIRE(in.state_of("ROLLBACK TO s") == "00000");
      }
    };
    for (int i = 0; i < 300; ++i) {
      const std::string one = "n" + std::to_string(random() % 12), two = "n" + std::to_string(random() % 12);
      const bool one_is_table = names.contains(one) && names[one] == one;
      switch (random() % 6) {
        case 0:
          step("CREATE TABLE " + one + " (a integer, b integer, CONSTRAINT " + two + " UNIQUE (b))",
               one != two && !names.contains(one) && !names.contains(two), [&] {
                 names[one] = one;
                 names[two] = one;
               });
          break;
        case 1:
          step("CREATE INDEX " + two + " ON " + one + " (a)", one_is_table && !names.contains(two),
               [&] { names[two] = one; });
          break;
        case 2:
          step("DROP TABLE " + one, one_is_table, [&] {
            std::erase_if(names, [&](const auto& each) { return each.second == one; });
          });
          break;
        case 3:
          // As in PostgreSQL, an index is renamed that way as well.
          step("ALTER TABLE " + one + " RENAME TO " + two,
               names.contains(one) && !names.contains(two), [&] {
                 for (auto& [name, table] : names) {
                   if (one_is_table && table == one) table = two;
                 }
                 const std::string table = names[one];
                 names.erase(one);
                 names[two] = one_is_table ? two : table;
               });
          break;
        case 4:
          if (random() % 4 != 0) break;
          saved = names;
          REQUIRE(in.state_of("SAVEPOINT outer_one") == "00000");
          for (const auto& [name, table] : saved) {
            if (name != table) continue;
            REQUIRE(in.state_of("DROP TABLE " + name) == "00000");
            break;
          }
          REQUIRE(in.state_of("CREATE TABLE other" + std::to_string(i) + " (a integer PRIMARY KEY)") == "00000");
          REQUIRE(in.state_of("ROLLBACK TO outer_one") == "00000");
          break;
        default:
          step("ALTER TABLE " + one + " ADD CONSTRAINT " + two + " UNIQUE (a)",
               one_is_table && !names.contains(two), [&] { names[two] = one; });
      }
    }
    REQUIRE(in.state_of("COMMIT") == "00000");
    for (const auto& [name, table] : names)
      CHECK(in.state_of("CREATE TABLE " + name + " (a integer)") == "42P07");
    auto problems = in.database->check();
    REQUIRE(problems);
    CHECK(problems->empty());
  }
}
