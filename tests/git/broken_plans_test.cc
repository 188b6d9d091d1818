// Proves: no rule of the planner and no operator takes a promise of a table's definition (NOT NULL, UNIQUE, a
// primary or foreign key, CHECK) for the truth about a commit that breaks it. Every question gives as
// of such a commit, and to a session that stands there, what it gives with all rules switched off.
#include <set>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr int kRows = 400;

// A line of item: [id, code, name, size, maker], and a note where there is one.
std::string line_of(int id) {
  const std::string n = std::to_string(id);
  return "[" + n + ",\"c" + n + "\",\"n" + std::to_string(id % 50) + "\"," + std::to_string(id % 90 + 1) + "," +
         std::to_string(id % 7 + 1) + "]\n";
}

struct BrokenPromise {
  const char* name;
  int row;         // Whose line becomes `to`.
  const char* to;
};

constexpr BrokenPromise kBroken[] = {
    {"NULL in NOT NULL UNIQUE", 20, "[20,null,\"n20\",21,7,null]\n"},
    {"NULL in NOT NULL with an index", 20, "[20,\"c20\",null,21,7,null]\n"},
    {"NULLs in every NOT NULL column", 20, "[20,null,null,null,null,null]\n"},
    {"NULL in a foreign key that is NOT NULL", 20, "[20,\"c20\",\"n20\",21,null,null]\n"},
    {"a repeated UNIQUE value", 20, "[20,\"c21\",\"n20\",21,7,null]\n"},
    {"a repeated key", 20, "[20,\"c20\",\"n20\",21,7,null]\n[20,\"again\",\"n1\",1,1,\"twice\"]\n"},
    {"NULL in the primary key", 20, "[null,\"c20\",\"n20\",21,7,null]\n"},
    {"a foreign key to nothing", 20, "[20,\"c20\",\"n20\",21,77,null]\n"},
    {"a broken CHECK", 20, "[20,\"c20\",\"n20\",-21,7,null]\n"},
};

// {item} and {maker} are the tables there.
constexpr const char* kQuestions[] = {
    // An index's order, with NULLs where the query wants them.
    "SELECT id, name FROM {item} ORDER BY name NULLS FIRST, id LIMIT 3",
    "SELECT id, name FROM {item} ORDER BY name NULLS LAST, id LIMIT 3",
    "SELECT id, name FROM {item} ORDER BY name DESC NULLS LAST, id LIMIT 3",
    "SELECT id, name FROM {item} ORDER BY name DESC, id LIMIT 3",
    "SELECT id, code FROM {item} ORDER BY code NULLS FIRST LIMIT 3",
    "SELECT id, code FROM {item} ORDER BY code DESC NULLS LAST LIMIT 3",
    "SELECT id, code FROM {item} ORDER BY code DESC LIMIT 3",
    "SELECT id, maker FROM {item} WHERE maker = 7 ORDER BY name NULLS FIRST, id LIMIT 2",
    "SELECT id, size FROM {item} ORDER BY maker NULLS FIRST, size NULLS FIRST, id LIMIT 4",
    "SELECT id FROM {item} WHERE name IS NULL ORDER BY code NULLS FIRST LIMIT 2",
    "SELECT min(name), max(name), min(code), max(code), min(size), max(maker) FROM {item}",
    // What NULL folds to.
    "SELECT id FROM {item} WHERE name IS NULL",
    "SELECT id FROM {item} WHERE code IS NULL",
    "SELECT id FROM {item} WHERE maker IS NULL",
    "SELECT count(*) FROM {item} WHERE name IS NOT NULL AND code IS NOT NULL",
    "SELECT count(*) FROM {item} WHERE id IS NULL",
    "SELECT count(*) FROM {item} WHERE id IS NOT NULL",
    "SELECT id FROM {item} WHERE coalesce(name, 'none') = 'none'",
    "SELECT id FROM {item} WHERE name IS DISTINCT FROM name OR size IS DISTINCT FROM size",
    "SELECT id FROM {item} WHERE NOT (name = name)",
    "SELECT count(*) FROM {item} WHERE (name = 'n1') IS UNKNOWN",
    // Counts.
    "SELECT count(*), count(id), count(code), count(name), count(size), count(maker), count(note) FROM {item}",
    "SELECT count(*) FROM {item}",
    "SELECT count(DISTINCT id), count(DISTINCT code), count(DISTINCT maker) FROM {item}",
    "SELECT sum(size), avg(size) FROM {item}",
    // DISTINCT and groups over what is said to be unique.
    "SELECT count(*) FROM (SELECT DISTINCT code FROM {item}) d",
    "SELECT count(*) FROM (SELECT DISTINCT id, name FROM {item}) d",
    "SELECT code, count(*) FROM {item} GROUP BY code HAVING count(*) > 1 ORDER BY 1",
    "SELECT code, count(*) FROM {item} WHERE code IS NULL GROUP BY code",
    "SELECT id, name, size FROM {item} WHERE id IN (19, 20, 21) GROUP BY id ORDER BY id",
    "SELECT count(*) FROM (SELECT id FROM {item} UNION SELECT id FROM {item}) u",
    "SELECT count(*) FROM (SELECT code FROM {item} EXCEPT SELECT code FROM {item} WHERE id <> 20) e",
    "SELECT code FROM {item} WHERE id BETWEEN 19 AND 22 INTERSECT ALL SELECT code FROM {item} ORDER BY 1 NULLS FIRST",
    // Look-ups of one row by a key.
    "SELECT id FROM {item} WHERE code = 'c21' ORDER BY id",
    "SELECT id FROM {item} WHERE code = 'c20' ORDER BY id",
    "SELECT id FROM {item} WHERE code IN ('c20', 'c21', 'again') ORDER BY id",
    "SELECT code, note FROM {item} WHERE id = 20",
    "SELECT code FROM {item} WHERE id BETWEEN 19 AND 21 ORDER BY id",
    "SELECT (SELECT max(id) FROM {item} WHERE code = 'c21')",
    "SELECT a.id, b.id FROM {item} a JOIN {item} b ON a.code = b.code WHERE a.id IN (19, 20, 21) ORDER BY 1, 2",
    "SELECT m.id, i.code FROM {maker} m LEFT JOIN {item} i ON i.id = m.id + 18 ORDER BY 1, 2 NULLS FIRST",
    "SELECT m.id, i.id FROM {maker} m JOIN {item} i ON i.code = 'c' || (m.id + 18) ORDER BY 1, 2",
    // Joins that foreign keys would make idle, and their opposites.
    "SELECT count(*) FROM {item} i JOIN {maker} m ON m.id = i.maker",
    "SELECT count(*), count(m.id) FROM {item} i LEFT JOIN {maker} m ON m.id = i.maker",
    "SELECT i.id FROM {item} i LEFT JOIN {maker} m ON m.id = i.maker WHERE m.id IS NULL",
    "SELECT count(*) FROM {maker} m RIGHT JOIN {item} i ON m.id = i.maker WHERE m.id IS NULL",
    "SELECT id FROM {item} i WHERE NOT EXISTS (SELECT 1 FROM {maker} m WHERE m.id = i.maker)",
    "SELECT count(*) FROM {item} i WHERE EXISTS (SELECT 1 FROM {maker} m WHERE m.id = i.maker)",
    "SELECT id FROM {item} WHERE maker NOT IN (SELECT id FROM {maker})",
    "SELECT count(*) FROM {maker} WHERE id NOT IN (SELECT maker FROM {item})",
    "SELECT count(*) FROM {maker} WHERE id IN (SELECT maker FROM {item})",
    "SELECT count(*) FROM {maker} WHERE name NOT IN (SELECT name FROM {item})",
    "SELECT count(*) FROM {item} i FULL JOIN {maker} m ON m.id = i.maker WHERE i.id IS NULL OR m.id IS NULL",
    "SELECT m.id, count(i.id) FROM {maker} m LEFT JOIN {item} i ON i.maker = m.id GROUP BY m.id ORDER BY 1",
    "SELECT i.id, i.name, m.name FROM {item} i JOIN {maker} m ON m.id = i.maker WHERE i.id < 22 GROUP BY i.id, m.id "
    "ORDER BY i.id LIMIT 30",
    // CHECK (size > 0) says nothing about these rows.
    "SELECT id FROM {item} WHERE size <= 0",
    "SELECT id FROM {item} WHERE size < 0 OR size IS NULL",
    "SELECT count(*) FROM {item} WHERE size > 0",
    // The key's order.
    "SELECT id FROM {item} ORDER BY id LIMIT 3",
    "SELECT id FROM {item} ORDER BY id NULLS FIRST LIMIT 3",
    "SELECT id FROM {item} ORDER BY id DESC LIMIT 3",
    "SELECT id FROM {item} ORDER BY id DESC NULLS LAST LIMIT 3",
    "SELECT id, code FROM {item} ORDER BY id, code LIMIT 22",
    "SELECT id FROM {item} WHERE id > 397 ORDER BY id",
    "SELECT count(*) FROM {item} WHERE id >= 390",
    "SELECT count(*) FROM {item} WHERE id < 30",
    "SELECT count(*) FROM {item} WHERE name > 'n3'",
    "SELECT count(*) FROM {item} WHERE code >= 'c390'",
    "SELECT id FROM {item} WHERE code < 'c11' ORDER BY code DESC LIMIT 4",
    "SELECT id, name FROM {item} ORDER BY name, id NULLS FIRST LIMIT 12",
    "SELECT id, name FROM {item} WHERE id > 10 ORDER BY name DESC NULLS LAST, id DESC NULLS LAST LIMIT 12",
    "SELECT id FROM {item} ORDER BY id NULLS FIRST, code LIMIT 3",
    "SELECT max(id), min(id) FROM {item}",
    // Through a view.
    "SELECT * FROM {few} ORDER BY code NULLS FIRST LIMIT 2",
    "SELECT count(*), count(name) FROM {few}",
};

std::string filled(std::string question, const std::string& as_of) {
  for (const char* table : {"item", "maker", "few"}) {
    const std::string hole = std::string("{") + table + "}";
    for (size_t at = question.find(hole); at != std::string::npos; at = question.find(hole))
      question.replace(at, hole.size(), table + as_of);
  }
  return question;
}

// Without the order in which equal rows of the answer come, which is nobody's promise.
std::string sorted(const std::string& answer) {
  std::multiset<std::string> rows;
  for (size_t from = 0; from < answer.size();) {
    const size_t end = std::min(answer.find(';', from), answer.size() - 1);
    rows.insert(answer.substr(from, end - from + 1));
    from = end + 1;
  }
  std::string text;
  for (const std::string& row : rows) text += row;
  return text;
}

void build(Opened& opened) {
  opened.execute("CREATE TABLE maker (id integer PRIMARY KEY, name text)");
  opened.execute("INSERT INTO maker SELECT n, 'n' || n FROM generate_series(1, 9) AS g(n)");
  opened.execute(
      "CREATE TABLE item (id integer PRIMARY KEY, code text NOT NULL UNIQUE, name text NOT NULL, size integer NOT NULL "
      "CHECK (size > 0), maker integer NOT NULL REFERENCES maker, note text)");
  opened.execute("CREATE INDEX item_name ON item (name)");
  opened.execute("CREATE INDEX item_maker ON item (maker, size)");
  opened.execute("CREATE VIEW few AS SELECT code, name, maker FROM item WHERE maker > 2");
  opened.execute("INSERT INTO item SELECT n, 'c' || n, 'n' || n % 50, n % 90 + 1, n % 7 + 1, NULL "
                 "FROM generate_series(1, " + std::to_string(kRows) + ") AS g(n)");
}

}  // namespace

TEST_CASE("no plan trusts what a commit of history does not keep") {
  size_t asked = 0;
  for (const BrokenPromise& broken : kBroken) {
    INFO(broken.name);
    const Scratch scratch;
    const fs::path db = scratch / "db", work = scratch / "work";
    Opened opened(db);
    build(opened);
    opened.checkpoint();
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    bool found = false;
    for (const auto& entry : fs::recursive_directory_iterator(work / "public/item/rows")) {
      if (!entry.is_regular_file()) continue;
      const std::string good = read_file(entry.path());
      const size_t at = ("\n" + good).find("\n" + line_of(broken.row));
      if (at == std::string::npos) continue;
      found = true;
      std::string text = good;
      write_file(entry.path(), text.replace(at, line_of(broken.row).size(), broken.to));
      git(work, "commit -qam broken");
      write_file(entry.path(), good);
      git(work, "commit -qam mended");
      break;
    }
    REQUIRE(found);
    const std::string commit = git(work, "rev-parse HEAD~1").substr(0, 40);
    git(work, "push -q origin HEAD:main");
    REQUIRE(eventually([&] { return opened.ask("SELECT message FROM rowan.log LIMIT 1") == "mended;"; }));
    // The indexes of the branch are there: those of the commit follow from them.
    for (const char* column : {"code", "name", "maker"})
      opened.ask(std::string("SELECT id FROM item ORDER BY ") + column + " LIMIT 1");

    const auto plain = opened.connect(), there = opened.connect(), careful = opened.connect();
    Opened::execute(*there, "CHECKOUT '" + commit + "'");
    Opened::execute(*careful, "SET rowan.disabled_rules = 'all'");
    for (const char* question : kQuestions) {
      CAPTURE(question);
      const std::string as_of = " AS OF '" + commit + "'";
      const std::string truth = Opened::ask(*careful, filled(question, as_of));
      CHECK(Opened::ask(*plain, filled(question, as_of)) == truth);
      CHECK(Opened::ask(*there, filled(question, "")) == truth);
      const bool is_error = truth.size() > 6 && truth[5] == ':';
      if (is_error) CHECK(truth.starts_with("VC008: "));
      ++asked;
      // What is not of history is answered by the rules as ever.
      CHECK(sorted(Opened::ask(*plain, filled(question, ""))) == sorted(Opened::ask(*careful, filled(question, ""))));
    }
  }
  CHECK(asked == std::size(kBroken) * std::size(kQuestions));
}

}  // namespace rowan::git_testing
