// A patch applied to one commit gives exactly the tree of the other, whichever two commits of a
// random history are taken; plain, it gives the same contents. What rowan.diff says of them mirrored
// is what it says the other way round, and what a model says that knows the two states alone.
#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "diff/changes.h"
#include "past.h"

namespace rowan {

namespace {

class Past : public PastDatabase {
 public:
  Past(uint32_t seed, bool definitions) : PastDatabase(seed), definitions_(definitions) {}

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
    switch (pick(26)) {
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
      case 13:
        run("DROP VIEW v" + std::to_string(pick(3)) + (pick(2) == 0 ? " CASCADE" : ""));
        break;
      default:
        define_objects(t, alter);
    }
  }

  // Identities, sequences, schemas, and views upon views.
  void define_objects(const std::string& t, const std::string& alter) {
    const std::string kind = pick(2) == 0 ? "ALWAYS" : "BY DEFAULT";
    const std::string q = "q" + std::to_string(pick(2));
    const std::string v = "v" + std::to_string(pick(3));
    switch (pick(14)) {
      case 0:
        run("CREATE TABLE " + t + " (id integer GENERATED " + kind +
            " AS IDENTITY PRIMARY KEY, c0 text)");
        break;
      case 1:
        run("CREATE TABLE " + t + " (id serial PRIMARY KEY, c0 text, c1 integer)");
        break;
      case 2:
        run(alter + "ADD COLUMN " + column() + " integer GENERATED " + kind +
            " AS IDENTITY (START WITH 10 INCREMENT BY 5)");
        break;
      case 3:
        run(alter + "ALTER COLUMN id DROP IDENTITY IF EXISTS");
        break;
      case 4:
        run(alter + "ALTER COLUMN id ADD GENERATED " + kind + " AS IDENTITY");
        break;
      case 5:
        run(alter + "ADD COLUMN " + column() + " serial");
        break;
      case 6:
        run("CREATE SEQUENCE " + q + " INCREMENT BY " + std::to_string(1 + pick(3)));
        break;
      case 7:
        run(pick(2) == 0 ? "DROP SEQUENCE " + q : "ALTER SEQUENCE " + q + " RESTART WITH 40");
        break;
      case 8:
        run(alter + "ALTER COLUMN c1 SET DEFAULT nextval('" + q + "')");
        break;
      case 9:
        run("ALTER SEQUENCE " + q + " OWNED BY " + (pick(3) == 0 ? "NONE" : t + ".id"));
        break;
      case 10:
        run("CREATE MATERIALIZED VIEW m" + std::to_string(pick(2)) + " AS SELECT * FROM " +
            (pick(2) == 0 ? t : v));
        break;
      case 11:
        run("DROP MATERIALIZED VIEW m" + std::to_string(pick(2)));
        break;
      case 12:
        run("CREATE VIEW v" + std::to_string(pick(3)) + " AS SELECT * FROM " + v);
        break;
      default:
        run("INSERT INTO " + t + " (c0) VALUES ('drawn')");
    }
  }

  // All of it is one transaction.
  void apply(const std::string& from, const std::string& to, const std::string& function,
             const std::string& name) {
    const auto statements = query("SELECT statement FROM rowan." + function + "('" + from + "', '" +
                                  to + "')");
    must_run("CREATE BRANCH " + name + " FROM '" + from + "'");
    must_run("CHECKOUT " + name);
    exact_now_ = true;
    patch_.clear();
    for (const auto& row : statements) patch_ += row[0] + "\n";
    INFO(patch_);
    must_run("BEGIN");
    for (const auto& row : statements) {
      if (row[0].starts_with("-- ")) {
        exact_now_ = false;
      } else {
        must_run(row[0]);
      }
    }
    must_run("COMMIT");
    must_run("CHECKOUT main");
  }

  void check_patch(const std::string& from, const std::string& to, const std::string& name) {
    INFO("from " << from << " to " << to);
    apply(from, to, "native_patch", name);
    {
      INFO(patch_);
      CHECK(query("SELECT * FROM rowan.schema_diff('" + name + "', '" + to + "')").empty());
      CHECK(query("SELECT * FROM rowan.diff_rows('" + name + "', '" + to + "')").empty());
      if (exact_now_) CHECK(root(name) == root(to));
    }
    exact_ += exact_now_;
    inexact_ += !exact_now_;
    apply(from, to, "patch", name + "_plain");
    INFO(patch_);
    for (const char* word : {" SLOT ", "SEQUENCE NAME", " ID ", "ABSENT", "MERGE RULE"})
      CHECK(patch_.find(word) == std::string::npos);
    CHECK(query("SELECT * FROM rowan.schema_diff('" + name + "_plain', '" + to + "')").empty());
    CHECK(contents(name + "_plain") == contents(to));
  }

  // What a user sees of a branch: definitions, and every row of every table and view by name. Rows of
  // materialised views are as old as their last refresh.
  std::map<std::string, TextRows> contents(const std::string& branch) {
    std::map<std::string, TextRows> all;
    must_run("CHECKOUT " + branch);
    all["columns"] = query(
        "SELECT schema, \"table\", position, name, type, nullable, \"default\", identity "
        "FROM rowan.columns ORDER BY 1, 2, 3");
    all["indexes"] = query("SELECT * FROM rowan.indexes ORDER BY 1, 2, 3");
    all["relations"] = query("SELECT * FROM rowan.relations ORDER BY 1, 2, 3");
    for (const auto& row : all["relations"]) {
      if (row[2] != "table" && row[2] != "view") continue;
      const std::string name = "\"" + row[0] + "\".\"" + row[1] + "\"";
      TextRows& rows = all[name];
      rows = query("SELECT * FROM " + name);
      std::sort(rows.begin(), rows.end());
    }
    must_run("CHECKOUT main");
    return all;
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
  bool definitions_;
  std::string patch_;
  bool exact_now_ = true;
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

// ---- The difference by a model that knows the two states alone ----

struct State {
  std::vector<uint32_t> ids;
  std::vector<std::string> names;
  TextRows rows;
};

State state_of(PastDatabase& past, const std::string& branch) {
  const diff::Source source{past.database().store(), past.database().store().cache()};
  const auto version = diff::table_at(source, past.root(branch), "public/t");
  REQUIRE(version);
  REQUIRE(*version);
  State state;
  for (const auto& column : (*version)->table->columns) {
    state.ids.push_back(column.id);
    state.names.push_back(column.name);
  }
  state.rows = past.query("SELECT * FROM t AS OF '" + branch + "'");
  return state;
}

// Pairs of columns, by ID and then by name; -1: none.
std::vector<std::pair<int, int>> pairs_of(const State& from, const State& to) {
  std::vector<std::pair<int, int>> pairs;
  std::set<int> taken_from, taken_to;
  for (const bool by_id : {true, false}) {
    for (size_t t = 0; t < to.ids.size(); ++t) {
      for (size_t f = 0; f < from.ids.size(); ++f) {
        const int a = static_cast<int>(f);
        const int b = static_cast<int>(t);
        const bool one = by_id ? from.ids[f] == to.ids[t] : from.names[f] == to.names[t];
        if (!one || taken_from.contains(a) || taken_to.contains(b)) continue;
        taken_from.insert(a);
        taken_to.insert(b);
        pairs.emplace_back(a, b);
      }
    }
  }
  for (int f = 0; f < static_cast<int>(from.ids.size()); ++f) {
    if (!taken_from.contains(f)) pairs.emplace_back(f, -1);
  }
  for (int t = 0; t < static_cast<int>(to.ids.size()); ++t) {
    if (!taken_to.contains(t)) pairs.emplace_back(-1, t);
  }
  return pairs;
}

std::string cell(const std::vector<std::string>& row, int index) {
  return index < 0 ? "NULL" : row[static_cast<size_t>(index)];
}

// added, removed, modified, cells.
using Stat = std::vector<std::string>;

Stat model_stat(const State& from, const State& to, bool keyed) {
  const auto pairs = pairs_of(from, to);
  int added = 0, removed = 0, modified = 0, cells = 0;
  if (keyed) {
    std::map<std::string, std::vector<std::string>> before, after;
    for (const auto& row : from.rows) before[row[0]] = row;
    for (const auto& row : to.rows) after[row[0]] = row;
    for (const auto& [key, row] : before) removed += !after.contains(key);
    for (const auto& [key, row] : after) {
      if (!before.contains(key)) {
        ++added;
        continue;
      }
      int changed = 0;
      for (const auto& [f, t] : pairs) changed += cell(before[key], f) != cell(row, t);
      modified += changed > 0;
      cells += changed;
    }
  } else {
    std::map<std::vector<std::string>, int> counts;
    for (const bool is_to : {false, true}) {
      for (const auto& row : is_to ? to.rows : from.rows) {
        std::vector<std::string> values;
        for (const auto& [f, t] : pairs) values.push_back(cell(row, is_to ? t : f));
        counts[values] += is_to ? 1 : -1;
      }
    }
    for (const auto& [values, count] : counts) (count > 0 ? added : removed) += std::abs(count);
  }
  return {std::to_string(added), std::to_string(removed), std::to_string(modified),
          std::to_string(cells)};
}

void change_by_some_route(PastDatabase& past, bool keyed) {
  const auto column = [&] { return "c" + std::to_string(past.pick(3)); };
  const auto value = [&] {
    return past.pick(4) == 0 ? std::string("NULL") : "'" + std::to_string(past.pick(3)) + "'";
  };
  const std::string alter = "ALTER TABLE t ";
  const std::string c = column();
  switch (past.pick(14)) {
    case 0:
      past.run(alter + "ADD COLUMN " + c + " integer");
      break;
    case 1:
      past.run(alter + "ADD COLUMN " + c + " integer DEFAULT 1");
      break;
    case 2:
      past.run(alter + "ADD COLUMN " + c + " text DEFAULT '1'");
      past.run(alter + "ALTER COLUMN " + c + " DROP DEFAULT");
      break;
    case 3:
      past.run(alter + "DROP COLUMN " + c);
      break;
    case 4:
      past.run(alter + "DROP COLUMN " + c + ", ADD COLUMN " + c + " integer");
      break;
    case 5:
      past.run(alter + "RENAME COLUMN " + c + " TO " + column());
      break;
    case 6:
      past.run(alter + "ALTER COLUMN " + c + " TYPE " + (past.pick(2) == 0 ? "text" : "bigint") +
               " USING CAST(" + c + " AS integer)");
      break;
    case 7:
      past.run("UPDATE t SET " + c + " = " + value());
      break;
    case 8:
      past.run("DELETE FROM t WHERE id % 3 = " + std::to_string(past.pick(3)));
      break;
    case 9:
      // There and back again.
      if (past.run("BEGIN") && past.run(alter + "RENAME COLUMN " + c + " TO away") &&
          past.run(alter + "ADD COLUMN " + c + " integer") &&
          past.run("UPDATE t SET " + c + " = CAST(away AS integer)") &&
          past.run(alter + "DROP COLUMN away")) {
        past.run("COMMIT");
      } else {
        past.run("ROLLBACK");
      }
      break;
    case 10:
      past.run("UPDATE t SET " + c + " = " + value() + " WHERE id % 2 = 0");
      break;
    default:
      for (int i = 0; i < 3; ++i)
        past.run("INSERT INTO t (id, " + c + ") VALUES (" +
                 std::to_string(past.pick(keyed ? 12 : 4)) + ", " + value() + ")");
  }
}

void check_states(uint32_t seed, bool keyed) {
  INFO("seed " << seed << (keyed ? " keyed" : " counted"));
  PastDatabase past(seed);
  past.must_run(std::string("CREATE TABLE t (id integer") + (keyed ? " PRIMARY KEY" : "") +
                ", c0 integer)");
  std::vector<std::string> branches;
  for (int i = 0; i < 9; ++i) {
    // Now and then from an older state, so that forks take the same slots.
    if (i > 2 && past.pick(3) == 0) {
      const std::string fork = "fork" + std::to_string(i);
      past.must_run("CREATE BRANCH " + fork + " FROM '" +
                    branches[static_cast<size_t>(past.pick(i))] + "'");
      past.must_run("CHECKOUT " + fork);
    }
    for (int n = 0; n < 4; ++n) change_by_some_route(past, keyed);
    branches.push_back("at" + std::to_string(i));
    past.must_run("CREATE BRANCH " + branches.back());
  }
  for (const std::string& from : branches) {
    const State before = state_of(past, from);
    for (const std::string& to : branches) {
      const State after = state_of(past, to);
      INFO(from << " to " << to);
      const Stat expected = model_stat(before, after, keyed);
      const TextRows found =
          past.query("SELECT added, removed, modified, cells_modified FROM rowan.diff_stat('t', '" +
                     from + "', '" + to + "')");
      REQUIRE(found == TextRows{expected});
      const int shown = std::stoi(expected[0]) + std::stoi(expected[1]) + std::stoi(expected[2]);
      CHECK(past.query("SELECT count(*) FROM rowan.diff('t', '" + from + "', '" + to + "')") ==
            TextRows{{std::to_string(shown)}});
    }
  }
}

}  // namespace

TEST_CASE("a patch turns one commit into the other: rows and whole tables") {
  for (uint32_t seed = first_seed(); seed < first_seed() + 25; ++seed) check_history(seed, false);
}

TEST_CASE("a patch turns one commit into the other: definitions too") {
  for (uint32_t seed = first_seed(); seed < first_seed() + 25; ++seed) check_history(seed, true);
}

TEST_CASE("the same two states have one difference, however they came about") {
  for (uint32_t seed = first_seed(); seed < first_seed() + 60; ++seed) {
    check_states(seed, true);
    check_states(seed, false);
  }
}

}  // namespace rowan
