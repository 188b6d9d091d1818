// A patch applied to one commit gives exactly the tree of the other, whichever two commits of a
// random history are taken; and what rowan.diff says of them mirrored is what it says the other way
// round.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/database.h"
#include "rowan/rowan.h"

namespace rowan {

namespace {

class Past {
 public:
  Past(uint32_t seed, bool definitions) : random_(seed), definitions_(definitions) {
    auto opened = engine::DatabaseImpl::open(":memory:", {});
    REQUIRE(opened);
    database_ = std::move(*opened);
    session_ = std::move(*database_->connect(""));
  }

  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  // False: the statement was refused.
  bool run(const std::string& sql) {
    auto rows = session_->run(sql);
    last_ = rows ? "" : rows.failure().sqlstate + " " + rows.failure().message + " in: " + sql;
    return rows.ok();
  }
  void must_run(const std::string& sql) {
    const bool done = run(sql);
    INFO(last_);
    REQUIRE(done);
  }

  std::vector<std::vector<std::string>> query(const std::string& sql) {
    auto rows = session_->run(sql);
    INFO(sql << ": " << (rows ? "" : rows.failure().message));
    REQUIRE(rows.ok());
    std::vector<std::vector<std::string>> found;
    for (;;) {
      auto more = (*rows)->next();
      REQUIRE(more.ok());
      if (!*more) return found;
      std::vector<std::string>& row = found.emplace_back();
      for (size_t i = 0; i < (*rows)->columns().size(); ++i)
        row.push_back((*rows)->is_null(i) ? "NULL" : (*rows)->get_text(i));
    }
  }

  Oid root(const std::string& branch) { return database_->manager().tip_snapshot(branch)->root; }

  std::string table() { return std::string(1, static_cast<char>('a' + pick(4))); }
  std::string column() { return "c" + std::to_string(pick(5)); }
  std::string value() {
    switch (pick(5)) {
      case 0:
        return "NULL";
      case 1:
        return "'" + std::string(static_cast<size_t>(pick(4)), 'x') + "'";
      default:
        return "'" + std::to_string(pick(9)) + "'";
    }
  }

  void edit() {
    const std::string t = table();
    if (definitions_ && pick(3) == 0) return define(t);
    switch (pick(8)) {
      case 0:
        run("CREATE TABLE " + t + " (id integer PRIMARY KEY, c0 text, c1 integer)");
        break;
      case 1:
        run("CREATE TABLE " + t +
            " (id integer, k text, c0 text, c2 numeric, PRIMARY KEY (k, id))");
        break;
      case 2:
        run("CREATE TABLE " + t + " (c0 text, c1 integer)");
        break;
      case 3:
        run(pick(4) == 0 ? "DROP TABLE " + t
                         : "DELETE FROM " + t + " WHERE id % 3 = " + std::to_string(pick(3)));
        break;
      case 4:
        run("DELETE FROM " + t + " WHERE c1 = " + std::to_string(pick(9)));
        break;
      case 5:
        run("UPDATE " + t + " SET " + column() + " = " + value() +
            " WHERE id % 4 = " + std::to_string(pick(4)));
        break;
      default:
        for (int i = 0; i < 6; ++i) {
          const std::string id = std::to_string(pick(40));
          if (run("INSERT INTO " + t + " (id, c0) VALUES (" + id + ", " + value() + ")")) continue;
          if (run("INSERT INTO " + t + " (id, k, c0) VALUES (" + id + ", 'k', " + value() + ")"))
            continue;
          run("INSERT INTO " + t + " (c0) VALUES (" + value() + ")");
        }
    }
  }

  void define(const std::string& t) {
    const std::string alter = "ALTER TABLE " + t + " ";
    switch (pick(14)) {
      case 0:
        run(alter + "ADD COLUMN " + column() + " integer");
        break;
      case 1:
        run(alter + "ADD COLUMN " + column() + " text NOT NULL DEFAULT 'd'");
        break;
      case 2:
        run(alter + "DROP COLUMN " + column());
        break;
      case 3:
        run(alter + "RENAME COLUMN " + column() + " TO " + column());
        break;
      case 4:
        run(alter + "RENAME TO " + table());
        break;
      case 5:
        run(alter + "ALTER COLUMN " + column() + " TYPE " + (pick(2) == 0 ? "text" : "bigint"));
        break;
      case 6:
        run(alter + "ALTER COLUMN " + column() + " SET DEFAULT " + value());
        break;
      case 7:
        run(alter + "ALTER COLUMN " + column() +
            (pick(2) == 0 ? " SET NOT NULL" : " DROP NOT NULL"));
        break;
      case 8:
        run(alter + "ADD CHECK (" + column() + " IS NOT NULL OR id > 5)");
        break;
      case 9:
        run(alter + "ADD UNIQUE (" + column() + ")");
        break;
      case 10:
        run("CREATE INDEX ON " + t + " (" + column() + ")");
        break;
      case 11:
        run(alter + "ADD FOREIGN KEY (id) REFERENCES " + table() + " ON DELETE CASCADE");
        break;
      case 12:
        run("CREATE VIEW v" + std::to_string(pick(3)) + " AS SELECT * FROM " + t);
        break;
      default:
        run("DROP VIEW v" + std::to_string(pick(3)));
        break;
    }
  }

  void check_patch(const std::string& from, const std::string& to, const std::string& name) {
    INFO("from " << from << " to " << to);
    const auto statements =
        query("SELECT statement FROM rowan.patch('" + from + "', '" + to + "')");
    must_run("CREATE BRANCH " + name + " FROM '" + from + "'");
    must_run("CHECKOUT " + name);
    bool exact = true;
    std::string all;
    for (const auto& row : statements) all += row[0] + "\n";
    INFO(all);
    for (const auto& row : statements) {
      if (row[0].starts_with("-- "))
        exact = false;
      else
        must_run(row[0]);
    }
    CHECK(query("SELECT * FROM rowan.schema_diff('" + name + "', '" + to + "')").empty());
    CHECK(query("SELECT * FROM rowan.diff_rows('" + name + "', '" + to + "')").empty());
    if (exact) CHECK(root(name) == root(to));
    must_run("CHECKOUT main");
    exact_ += exact;
    inexact_ += !exact;
  }

  void check_mirrored(const std::string& from, const std::string& to) {
    auto there = query("SELECT \"table\", change, from_row, to_row FROM rowan.diff_rows('" + from +
                       "', '" + to + "')");
    auto back = query(
        "SELECT \"table\", CASE change WHEN 'added' THEN 'removed' WHEN 'removed' THEN 'added' "
        "ELSE change END, to_row, from_row "
        "FROM rowan.diff_rows('" +
        to + "', '" + from + "')");
    for (auto* rows : {&there, &back}) {
      for (auto& row : *rows)
        row[0].clear();  // A renamed table goes by its newer name on either side.
      std::sort(rows->begin(), rows->end());
    }
    CHECK(there == back);
  }

  int exact() const { return exact_; }
  int inexact() const { return inexact_; }

 private:
  std::mt19937 random_;
  bool definitions_;
  std::unique_ptr<engine::DatabaseImpl> database_;
  std::unique_ptr<Session> session_;
  std::string last_;
  int exact_ = 0;
  int inexact_ = 0;
};

void check_history(uint32_t seed, bool definitions) {
  INFO("seed " << seed);
  Past past(seed, definitions);
  std::vector<std::string> branches;
  for (int i = 0; i < 6; ++i) {
    for (int n = 0; n < 10; ++n) past.edit();
    branches.push_back("at" + std::to_string(i));
    past.must_run("CREATE BRANCH " + branches.back());
  }
  int number = 0;
  for (const std::string& from : branches) {
    for (const std::string& to : branches) {
      if (from == to || past.pick(3) != 0) continue;
      past.check_mirrored(from, to);
      past.check_patch(from, to, "patched" + std::to_string(number++));
    }
  }
}

uint32_t first_seed() {
  const char* given = std::getenv("ROWAN_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

}  // namespace

TEST_CASE("a patch turns one commit into the other: rows and whole tables") {
  for (uint32_t seed = first_seed(); seed < first_seed() + 25; ++seed) check_history(seed, false);
}

}  // namespace rowan
