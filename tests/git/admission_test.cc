// What comes from outside is held to the same rules as what SQL writes (N7): every kind of
// violation, with the store open, closed, opened for reading, and behind the pre-receive hook, as a
// fast-forward and beside a tip that moved. Each ends with sessions working on the last good
// commit, the tip parked and named with its reason, and a clean repository; and the valid twin of
// each is taken.
#include <algorithm>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// One way to break a rule, and the change beside it that keeps it.
struct Kind {
  std::string name;
  std::function<void(const fs::path& schema)> spoil;
  std::string sqlstate;
  std::string file;    // Part of rowan.foreign's file.
  bool has_line;       // A line is named.
  std::string reason;  // Part of rowan.foreign's reason.
  std::function<void(const fs::path& schema)> twin;
  std::string question, answer;  // What the twin changes.
  std::string undo;              // SQL.
};

void replace(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  INFO(file.string());
  INFO(text);
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  write_file(file, text.replace(at, from.size(), to));
}

std::function<void(const fs::path&)> edit(const std::string& file, const std::string& from,
                                          const std::string& to) {
  return [=](const fs::path& schema) { replace(schema / file, from, to); };
}

constexpr const char* kChild = "child/rows/0.jsonl";
constexpr const char* kParent = "parent/rows/0.jsonl";

std::vector<Kind> kinds() {
  const std::string amount = "SELECT amount FROM child WHERE id = 1";
  return {
      {"CHECK", edit(kChild, "[1,1,10.00", "[1,1,-5.00"), "23514", "public/child/rows/0.jsonl",
       true, "public.child row (1): new row for relation \"child\" violates check constraint",
       edit(kChild, "[1,1,10.00", "[1,1,11.00"), amount, "11.00;",
       "UPDATE child SET amount = 10.00 WHERE id = 1"},
      {"NOT NULL", edit(kParent, "[2,\"two\"]", "[2,null]"), "23502", "public/parent/rows/0.jsonl",
       true, "null value in column \"name\"", edit(kParent, "[2,\"two\"]", "[2,\"TWO\"]"),
       "SELECT name FROM parent WHERE id = 2", "TWO;",
       "UPDATE parent SET name = 'two' WHERE id = 2"},
      {"UNIQUE", edit(kChild, "\"c2\"", "\"c1\""), "23505", "public/child/rows/0.jsonl", true,
       "duplicate key value violates unique constraint", edit(kChild, "\"c2\"", "\"c9\""),
       "SELECT code FROM child WHERE id = 2", "c9;", "UPDATE child SET code = 'c2' WHERE id = 2"},
      {"FOREIGN KEY, a child without its parent", edit(kChild, "[1,1,", "[1,99,"), "23503",
       "public/child/rows/0.jsonl", true, "is not present in table \"parent\"",
       edit(kChild, "[1,1,", "[1,4,"), "SELECT p FROM child WHERE id = 1", "4;",
       "UPDATE child SET p = 1 WHERE id = 1"},
      {"FOREIGN KEY, a parent that children need", edit(kParent, "[3,\"three\"]\n", ""), "23503",
       "public/child/rows/0.jsonl", true, "public.child row (3)",
       edit(kParent, "[5,\"five\"]\n", ""), "SELECT count(*) FROM parent", "4;",
       "INSERT INTO parent VALUES (5, 'five')"},
      {"text of another type", edit(kChild, "[1,1,10.00", "[1,1,\"ten\""), "VC008",
       "public/child/rows/0.jsonl", true, "column \"amount\"",
       edit(kChild, "[1,1,10.00", "[1,1,12.00"), amount, "12.00;",
       "UPDATE child SET amount = 10.00 WHERE id = 1"},
      {"another scale", edit(kChild, "[1,1,10.00", "[1,1,9.555"), "VC008",
       "public/child/rows/0.jsonl", true,
       "column \"amount\": its last digits would be lost in numeric(10,2)",
       edit(kChild, "[1,1,10.00", "[1,1,9.5"), amount, "9.50;",
       "UPDATE child SET amount = 10.00 WHERE id = 1"},
      {"more digits than fit", edit(kChild, "[1,1,10.00", "[1,1,123456789.00"), "VC008",
       "public/child/rows/0.jsonl", true,
       "column \"amount\": it is out of range for numeric(10,2)",
       edit(kChild, "[1,1,10.00", "[1,1,12345678.00"), amount, "12345678.00;",
       "UPDATE child SET amount = 10.00 WHERE id = 1"},
      {"a key twice", edit(kParent, "[2,\"two\"]\n", "[2,\"two\"]\n[2,\"again\"]\n"), "VC008",
       "public/parent/rows/0.jsonl", true, "a row occurs twice",
       edit(kParent, "[2,\"two\"]\n", "[2,\"two\"]\n[6,\"six\"]\n"),
       "SELECT name FROM parent WHERE id = 6", "six;", "DELETE FROM parent WHERE id = 6"},
      {"a definition that is no SQL", edit("note/table.sql", "CREATE TABLE", "CREATE TABEL"),
       "VC008", "public/note/table.sql", false, "syntax error",
       edit("note/table.sql", "\n);", ",\n  extra integer\n);"), "SELECT count(extra) FROM note",
       "0;", "ALTER TABLE note DROP COLUMN extra"},
      {"a CHECK that rows break", edit("note/table.sql", "\n);", ",\n  CHECK (t <> 'one')\n);"),
       "23514", "public/note/rows/0.jsonl", true, "check constraint",
       edit("note/table.sql", "\n);", ",\n  CONSTRAINT short CHECK (length(t) < 9)\n);"),
       "SELECT count(*) FROM rowan.tables WHERE name = 'note'", "1;",
       "ALTER TABLE note DROP CONSTRAINT short"},
      {"a view that loses its table",
       [](const fs::path& schema) { fs::remove_all(schema / "seen"); }, "VC008", "", false,
       "refers to what is not there",
       [](const fs::path& schema) { fs::remove_all(schema / "spare"); },
       "SELECT count(*) FROM rowan.tables WHERE name = 'spare'", "0;",
       "CREATE TABLE spare (id integer PRIMARY KEY)"},
      {"a view that loses its column", edit("shown/view.sql", "SELECT a AS", "SELECT nope AS"),
       "42703", "public/shown/view.sql", false, "column \"nope\" does not exist",
       edit("shown/view.sql", "SELECT a AS", "SELECT a + 1 AS"), "SELECT x FROM shown", "8;",
       "CREATE OR REPLACE VIEW shown AS SELECT a AS x FROM seen"},
  };
}

class World {
 public:
  World() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE parent (id integer PRIMARY KEY, name text NOT NULL)");
      opened.execute(
          "INSERT INTO parent VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four'), (5, "
          "'five')");
      opened.execute(
          "CREATE TABLE child (id integer PRIMARY KEY, p integer REFERENCES parent, amount "
          "numeric(10,2) CHECK (amount > 0), code text UNIQUE)");
      opened.execute(
          "INSERT INTO child VALUES (1, 1, 10.00, 'c1'), (2, 2, 20.00, 'c2'), (3, 3, 30.00, 'c3')");
      opened.execute("CREATE TABLE note (t text)");
      opened.execute("INSERT INTO note VALUES ('one'), ('two')");
      opened.execute("CREATE TABLE seen (a integer)");
      opened.execute("INSERT INTO seen VALUES (7)");
      opened.execute("CREATE VIEW shown AS SELECT a AS x FROM seen");
      opened.execute("CREATE TABLE spare (id integer PRIMARY KEY)");
      opened.execute("CREATE TABLE log (id serial PRIMARY KEY, what text)");
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  }

  std::string rev(const fs::path& repository, const std::string& name) const {
    return run("git -C '" + repository.string() + "' rev-parse -q --verify " + name)
        .output.substr(0, 40);
  }
  std::string tip() const { return rev(db, "refs/heads/main"); }
  // The working tree as the repository's main is.
  void refresh() const {
    git(work, "fetch -q origin main");
    git(work, "reset -q --hard FETCH_HEAD");
    git(work, "clean -qfd");
  }
  std::string commit(const std::function<void(const fs::path&)>& change) const {
    change(work / "public");
    git(work, "add -A");
    git(work, "commit -qm 'by hand'");
    return rev(work, "HEAD");
  }
  Ended push() const { return run("git -C '" + work.string() + "' push origin HEAD:main"); }
  // The objects first, then the ref at once: as a push that is faster than a checkpoint.
  void bring() const { git(db, "fetch -q '" + work.string() + "' HEAD"); }
  void put(const std::string& id) const { git(db, "update-ref refs/heads/main " + id); }

  const Scratch scratch;
  const fs::path db;
  const fs::path work;
};

std::string sums(Opened& opened) {
  return opened.ask("SELECT count(*), sum(id) FROM parent") +
         opened.ask("SELECT count(*), sum(amount) FROM child") +
         opened.ask("SELECT count(*) FROM note") + opened.ask("SELECT x FROM shown");
}
const std::string kSums = "5|15;3|60.00;2;7;";

void check_listed(Opened& opened, const Kind& kind, const std::string& id) {
  const std::string where =
      " FROM rowan.foreign WHERE branch = 'main' AND \"commit\" = '" + id + "'";
  CHECK(opened.ask("SELECT count(*)" + where) == "1;");
  const std::string reason = opened.ask("SELECT reason" + where);
  INFO(reason);
  CHECK(reason.find(kind.reason) != std::string::npos);
  if (!kind.sqlstate.empty()) CHECK(opened.ask("SELECT sqlstate" + where) == kind.sqlstate + ";");
  const std::string file = opened.ask("SELECT file" + where);
  INFO(file);
  if (!kind.file.empty()) CHECK(file.starts_with(kind.file));
  CHECK(opened.ask("SELECT line IS NOT NULL" + where) == (kind.has_line ? "t;" : "f;"));
  CHECK(opened.ask("SELECT parked_at IS NOT NULL" + where) == "t;");
}

int log_id = 0;
void check_works(Opened& opened) {
  CHECK(sums(opened) == kSums);
  const std::string what = "'" + std::to_string(++log_id) + "'";
  opened.execute("INSERT INTO log (what) VALUES (" + what + ")");
  CHECK(opened.ask("SELECT count(*) FROM log WHERE what = " + what) == "1;");
}

bool has_commit(Opened& opened, const std::string& id) {
  return opened.ask("SELECT count(*) FROM rowan.log WHERE \"commit\" = '" + id + "'") == "1;";
}

}  // namespace

TEST_CASE("N7: while the repository is open, as a fast-forward") {
  const World it;
  Opened opened(it.db);
  size_t parked = 0;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    it.refresh();
    const std::string ours = it.tip();
    const std::string bad = it.commit(kind.spoil);
    CHECK(it.push().code == 0);
    CHECK(eventually([&] { return it.tip() == ours; }));
    ++parked;
    CHECK(eventually([&] {
      return opened.ask("SELECT count(sqlstate) FROM rowan.foreign") ==
             std::to_string(parked) + ";";
    }));
    check_listed(opened, kind, bad);
    CHECK_FALSE(has_commit(opened, bad));
    check_works(opened);
    opened.checkpoint();
    it.refresh();
    const std::string good = it.commit(kind.twin);
    CHECK(it.push().code == 0);
    CHECK(eventually([&] { return has_commit(opened, good); }));
    CHECK(opened.ask(kind.question) == kind.answer);
    opened.execute(kind.undo);
    CHECK(sums(opened) == kSums);
    opened.checkpoint();
  }
  check_clean(it.db);
}

TEST_CASE("N7: while the repository is open, beside a tip that moved") {
  const World it;
  Opened opened(it.db);
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    for (const bool is_good : {false, true}) {
      CAPTURE(is_good);
      it.refresh();
      const std::string id = it.commit(is_good ? kind.twin : kind.spoil);
      it.bring();
      check_works(opened);  // The branch moves on; Git does not see it for a second.
      const std::string ours =
          opened.ask("SELECT \"commit\" FROM rowan.branches WHERE branch = 'main'");
      it.put(id);
      CHECK(eventually([&] {
        return is_good
                   ? has_commit(opened, id)
                   : opened.ask("SELECT count(sqlstate) FROM rowan.foreign WHERE \"commit\" = '" +
                                id + "'") == "1;";
      }));
      if (is_good) {
        CHECK(opened.ask(kind.question) == kind.answer);
        CHECK(opened.ask("SELECT count(*) FROM rowan.log WHERE \"commit\" = '" +
                         ours.substr(0, 40) + "'") == "1;");
        opened.execute(kind.undo);
      } else {
        check_listed(opened, kind, id);
      }
      check_works(opened);
      opened.checkpoint();
      CHECK(eventually([&] {
        opened.checkpoint();
        return it.tip() != id;
      }));
    }
  }
  check_clean(it.db);
}

TEST_CASE("N7: a change on each side that only together break a rule") {
  const World it;
  std::string bad;
  bool is_pushed = false;
  Opened opened(it.db);
  SUBCASE("the parent goes here, its child comes by git") {
    bad =
        it.commit(edit(kChild, "[3,3,30.00,\"c3\"]\n", "[3,3,30.00,\"c3\"]\n[4,5,1.00,\"c4\"]\n"));
    it.bring();
    opened.execute("DELETE FROM parent WHERE id = 5");
  }
  SUBCASE("the child comes here, its parent goes by git") {
    bad = it.commit(edit(kParent, "[5,\"five\"]\n", ""));
    it.bring();
    opened.execute("INSERT INTO child VALUES (4, 5, 1.00, 'c4')");
  }
  SUBCASE("one value for a unique key on either side") {
    bad = it.commit(edit(kChild, "\"c2\"", "\"new\""));
    it.bring();
    opened.execute("UPDATE child SET code = 'new' WHERE id = 3");
  }
  SUBCASE("merged by stock git") {
    opened.execute("DELETE FROM parent WHERE id = 5");
    opened.checkpoint();
    it.commit(edit(kChild, "[3,3,30.00,\"c3\"]\n", "[3,3,30.00,\"c3\"]\n[4,5,1.00,\"c4\"]\n"));
    git(it.work, "pull -q --no-rebase --no-edit origin main");
    bad = it.rev(it.work, "HEAD");
    CHECK(it.push().code == 0);
    is_pushed = true;
  }
  if (!is_pushed) it.put(bad);
  CHECK(eventually([&] {
    return opened.ask(
               "SELECT count(*) FROM rowan.foreign WHERE sqlstate LIKE '23%' AND \"commit\" = '" +
               bad + "'") == "1;";
  }));
  CHECK_FALSE(has_commit(opened, bad));
  opened.execute("INSERT INTO log (what) VALUES ('on')");
  CHECK(eventually([&] {
    opened.checkpoint();
    return it.tip() != bad;
  }));
  check_clean(it.db);
}

TEST_CASE("N7: while nobody has the repository open") {
  const World it;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    it.refresh();
    const std::string ours = it.tip();
    const std::string bad = it.commit(kind.spoil);
    CHECK(it.push().code == 0);
    CHECK(it.tip() == bad);
    const bool reads_first = kind.name.size() % 2 == 0;
    if (reads_first) {
      OpenOptions options;
      options.read_only = true;
      Opened reader(it.db, options);
      CHECK(sums(reader) == kSums);
      check_listed(reader, kind, bad);
      CHECK(it.tip() == bad);
    }
    {
      Opened opened(it.db);
      check_works(opened);
      check_listed(opened, kind, bad);
    }
    CHECK(it.tip() != bad);
    CHECK(it.rev(it.db, "main~1") == ours);
    CHECK(it.rev(it.db, "refs/rowan/foreign/main/" + bad) == bad);
    CHECK(it.rev(it.db, "refs/rowan/good/main") == it.tip());
    it.refresh();
    const std::string good = it.commit(kind.twin);
    CHECK(it.push().code == 0);
    {
      OpenOptions options;
      options.read_only = true;
      Opened reader(it.db, options);  // The tip, or the last good commit until it is canonical.
      CHECK(reader.ask("SELECT count(*) FROM parent").size() == 2);
    }
    Opened opened(it.db);
    CHECK(has_commit(opened, good));
    CHECK(opened.ask(kind.question) == kind.answer);
    opened.execute(kind.undo);
    CHECK(sums(opened) == kSums);
  }
  check_clean(it.db);
}

TEST_CASE("N7: behind the pre-receive hook") {
  const World it;
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  std::unique_ptr<Opened> server;
  SUBCASE("beside a server") { server = std::make_unique<Opened>(it.db); }
  SUBCASE("alone") {}
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    it.refresh();
    const std::string ours = it.tip();
    it.commit(kind.spoil);
    const Ended refused = it.push();
    INFO(refused.output);
    CHECK(refused.code != 0);
    CHECK(refused.output.find(kind.reason) != std::string::npos);
    CHECK(refused.output.find(kind.sqlstate) != std::string::npos);
    CHECK(refused.output.find(kind.file) != std::string::npos);
    if (kind.has_line) CHECK(refused.output.find(", line ") != std::string::npos);
    CHECK(it.tip() == ours);
    it.refresh();
    const std::string good = it.commit(kind.twin);
    const Ended taken = it.push();
    INFO(taken.output);
    CHECK(taken.code == 0);
    const auto look = [&](Opened& opened) {
      CHECK(eventually([&] { return has_commit(opened, good); }));
      CHECK(opened.ask(kind.question) == kind.answer);
      opened.execute(kind.undo);
      opened.checkpoint();
      CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
    };
    if (server) {
      look(*server);
    } else {
      Opened opened(it.db);
      look(opened);
    }
  }
  it.refresh();
  git(it.work, "reset -q --hard HEAD~1");
  const Ended rewound = run("git -C '" + it.work.string() + "' push -f origin HEAD:main");
  CHECK(rewound.code != 0);
  CHECK(rewound.output.find("does not follow") != std::string::npos);
  CHECK(run("git -C '" + it.work.string() + "' push -q origin HEAD:refs/heads/other").code == 0);
  check_clean(it.db);
}

TEST_CASE("N7: protected branches, rewinds and deletions") {
  const World it;
  const std::string ours = it.tip();
  const auto is_parked = [&](Opened& opened, const std::string& id, const std::string& reason) {
    CHECK(eventually([&] {
      return opened.ask("SELECT reason FROM rowan.foreign WHERE \"commit\" = '" + id + "'")
                 .find(reason) != std::string::npos;
    }));
    CHECK(eventually([&] { return it.tip() == ours; }));
    CHECK(sums(opened) == kSums);
  };
  std::string id;
  const auto in_both = [&](const std::function<void()>& move,
                           const std::function<void(Opened&)>& look) {
    SUBCASE("open") {
      Opened opened(it.db);
      move();
      look(opened);
    }
    SUBCASE("closed") {
      move();
      {
        OpenOptions options;
        options.read_only = true;
        Opened reader(it.db, options);
        CHECK(sums(reader) == kSums);
      }
      Opened opened(it.db);
      opened.checkpoint();
      look(opened);
    }
  };
  SUBCASE("a protected branch") {
    Opened(it.db).execute("PROTECT BRANCH main");
    in_both(
        [&] {
          id = it.commit(edit(kChild, "[1,1,10.00", "[1,1,11.00"));
          CHECK(it.push().code == 0);
        },
        [&](Opened& opened) {
          is_parked(opened, id, "branch \"main\" is protected");
          opened.execute("TAKE FOREIGN '" + id +
                         "'");  // A merge is how a protected branch changes.
          CHECK(opened.ask("SELECT amount FROM child WHERE id = 1") == "11.00;");
          CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
        });
  }
  SUBCASE("a rewind") {
    in_both(
        [&] {
          git(it.work, "reset -q --hard HEAD~1");
          id = it.rev(it.work, "HEAD");
          git(it.work, "push -q -f origin HEAD:main");
        },
        [&](Opened& opened) {
          is_parked(opened, id, "does not follow");
          CHECK(opened.ask("TAKE FOREIGN '" + id + "'").starts_with("55000"));
          opened.execute("DROP FOREIGN '" + id.substr(0, 12) + "'");
          CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
        });
  }
  SUBCASE("another history") {
    in_both(
        [&] {
          git(it.work, "reset -q --hard HEAD~1");
          id = it.commit(edit(kParent, "[5,\"five\"]", "[5,\"FIVE\"]"));
          git(it.work, "push -q -f origin HEAD:main");
        },
        [&](Opened& opened) {
          is_parked(opened, id, "does not follow");
          opened.execute("TAKE FOREIGN '" + id.substr(0, 8) + "' MESSAGE 'both'");
          CHECK(opened.ask("SELECT name FROM parent WHERE id = 5") == "FIVE;");
          CHECK(opened.ask("SELECT message FROM rowan.log LIMIT 1").starts_with("both"));
          CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
        });
  }
  SUBCASE("a deletion") {
    in_both([&] { git(it.db, "update-ref -d refs/heads/main"); },
            [&](Opened& opened) {
              CHECK(eventually([&] { return it.tip() == ours; }));
              CHECK(sums(opened) == kSums);
            });
  }
  SUBCASE("a time far ahead") {
    in_both(
        [&] {
          it.commit(edit(kChild, "[1,1,10.00", "[1,1,11.00"));
          must("cd '" + it.work.string() +
               "' && GIT_COMMITTER_DATE='2090-01-01T00:00:00Z' git commit -q --amend --no-edit "
               "--date '2090-01-01T00:00:00Z'");
          id = it.rev(it.work, "HEAD");
          CHECK(it.push().code == 0);
        },
        [&](Opened& opened) { is_parked(opened, id, "seconds ahead of this machine's, more than 3600"); });
  }
  check_clean(it.db);
}

TEST_CASE("a branch that SQL dropped while git was away stays dropped") {
  const World it;
  {
    Opened opened(it.db);
    opened.execute("CREATE BRANCH draft");
    opened.checkpoint();
    opened.execute("CREATE BRANCH other FROM draft");
    opened.execute("DROP BRANCH draft");
    opened.execute("RENAME BRANCH other TO \"draft/one\"");
  }
  CHECK(it.rev(it.db, "refs/rowan/good/draft").empty());
  Opened opened(it.db);
  CHECK(opened.ask("SELECT branch FROM rowan.branches ORDER BY 1") == "draft/one;main;");
  check_clean(it.db);
}

TEST_CASE("a commit that mends a parked one brings it along, and the list is empty") {
  const World it;
  bool is_open = true;
  std::unique_ptr<Opened> opened;
  SUBCASE("open") { opened = std::make_unique<Opened>(it.db); }
  SUBCASE("closed") { is_open = false; }
  const std::string ours = it.tip();
  const std::string bad = it.commit(edit(kChild, "[1,1,10.00", "[1,1,-5.00"));
  CHECK(it.push().code == 0);
  if (!is_open) {
    Opened once(it.db);
    CHECK(once.ask("SELECT \"commit\" FROM rowan.foreign") == bad + ";");
  }
  CHECK(eventually([&] { return it.tip() == ours; }));
  const std::string good = it.commit(edit(kChild, "[1,1,-5.00", "[1,1,5.00"));
  CHECK(it.push().code == 0);
  if (!is_open) opened = std::make_unique<Opened>(it.db);
  CHECK(eventually([&] { return has_commit(*opened, good); }));
  CHECK(opened->ask("SELECT amount FROM child WHERE id = 1") == "5.00;");
  CHECK(eventually([&] { return opened->ask("SELECT count(*) FROM rowan.foreign") == "0;"; }));
  opened->checkpoint();
  CHECK(git(it.db, "for-each-ref refs/rowan/foreign refs/rowan/reasons").empty());
  check_clean(it.db);
}

TEST_CASE("the change that a parked tip lacks is made here, then it is taken") {
  const World it;
  Opened opened(it.db);
  const std::string bad = it.commit(edit(kChild, "[1,1,10.00", "[1,99,10.00"));
  CHECK(it.push().code == 0);
  CHECK(
      eventually([&] { return opened.ask("SELECT \"commit\" FROM rowan.foreign") == bad + ";"; }));
  CHECK(opened.ask("TAKE FOREIGN '" + bad + "'").starts_with("23503"));
  CHECK(opened.ask("MERGE 'refs/rowan/foreign/main/" + bad + "'").starts_with("23503"));
  CHECK(opened.ask("CREATE BRANCH b FROM 'refs/rowan/foreign/main/" + bad + "'")
            .starts_with("23503"));
  opened.execute("INSERT INTO parent VALUES (99, 'late')");
  opened.checkpoint();
  CHECK(run_rowan("foreign list '" + it.db.string() + "'").output.find(bad) != std::string::npos);
  CHECK(run_rowan("foreign show '" + it.db.string() + "' " + bad.substr(0, 10)).output.find("99") !=
        std::string::npos);
  opened.execute("TAKE FOREIGN '" + bad + "'");
  CHECK(opened.ask("SELECT p FROM child WHERE id = 1") == "99;");
  CHECK(opened.ask("SHOW FOREIGN").empty());
  opened.checkpoint();
  check_clean(it.db);
}

TEST_CASE("the command line takes and drops") {
  const World it;
  const std::string first = it.commit(edit(kChild, "[1,1,10.00", "[1,99,10.00"));
  CHECK(it.push().code == 0);
  CHECK(run_rowan("sql '" + it.db.string() + "' -c 'SELECT 1'").code == 0);
  it.refresh();
  const std::string second = it.commit(edit(kChild, "[2,2,20.00", "[2,98,20.00"));
  CHECK(it.push().code == 0);
  const std::string db = "'" + it.db.string() + "' ";
  CHECK(run_rowan("foreign take " + db + first).code == 13);
  CHECK(run_rowan("foreign drop " + db + second).code == 0);
  CHECK(run_rowan("foreign drop " + db + second).code == 18);
  CHECK(run_rowan("foreign show " + db + second).code == 18);
  CHECK(run_rowan("sql " + db + "-c \"INSERT INTO parent VALUES (99, 'late')\"").code == 0);
  CHECK(run_rowan("foreign take " + db + first + " -m 'from Ada'").code == 0);
  CHECK(run_rowan("foreign list " + db).output.find(first) == std::string::npos);
  CHECK(git(it.db, "log -1 --format=%s main") == "from Ada\n");
  check_clean(it.db);
}

TEST_CASE("rowan check reports a tip that breaks constraints") {
  const World it;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    it.refresh();
    const std::string bad = it.commit(kind.spoil);
    const fs::path clone = it.scratch / "clone";
    fs::remove_all(clone);
    must("git clone -q --bare '" + it.work.string() + "' '" + clone.string() + "'");
    const Ended checked = run_rowan("check '" + clone.string() + "'");
    INFO(checked.output);
    CHECK(checked.code == 1);
    CHECK(checked.output.find(bad.substr(0, 12)) != std::string::npos);
    if (kind.sqlstate == "23514" || kind.sqlstate == "23505" || kind.sqlstate == "23503")
      CHECK(checked.output.find(kind.sqlstate) != std::string::npos);
  }
}

TEST_CASE("without a good commit the newest first parent that validates is seen") {
  const World it;
  it.commit(edit(kChild, "[1,1,10.00", "[1,1,11.00"));
  it.commit(edit(kChild, "[1,1,11.00", "[1,1,-1.00"));
  it.commit(edit(kParent, "[2,\"two\"]", "[2,null]"));
  const fs::path clone = it.scratch / "clone";
  must("git clone -q --bare '" + it.work.string() + "' '" + clone.string() + "'");
  {
    Opened opened(clone);
    CHECK(opened.ask("SELECT amount FROM child WHERE id = 1") == "11.00;");
    CHECK(opened.ask("SELECT name FROM parent WHERE id = 2") == "two;");
    CHECK(opened.ask("SELECT sqlstate FROM rowan.foreign") == "23502;");
  }
  CHECK(it.rev(clone, "main") == it.rev(it.work, "HEAD~2"));
  check_clean(clone);
}

TEST_CASE("a good commit below a bad one is kept while nobody has the repository open") {
  const World it;
  it.refresh();
  const std::string good = it.commit(edit(kChild, "[1,1,10.00", "[1,1,11.00"));
  CHECK(it.push().code == 0);
  const std::string bad = it.commit(edit(kParent, "[2,\"two\"]", "[2,null]"));
  CHECK(it.push().code == 0);
  {
    Opened opened(it.db);
    CHECK(opened.ask("SELECT amount FROM child WHERE id = 1") == "11.00;");
    CHECK(opened.ask("SELECT name FROM parent WHERE id = 2") == "two;");
    CHECK(opened.ask("SELECT sqlstate FROM rowan.foreign") == "23502;");
  }
  CHECK(it.rev(it.db, "main") == good);
  CHECK(it.rev(it.db, "refs/rowan/foreign/main/" + bad) == bad);
  check_clean(it.db);
}

TEST_CASE("a value in another spelling is brought to its column's when nothing is lost") {
  struct Spelling {
    std::string from, to, question, answer;  // No answer: a part of the reason is `question`.
  };
  const std::string amount = "SELECT amount FROM child WHERE id = 1";
  const std::string parent = "SELECT p FROM child WHERE id = 1";
  for (const Spelling& each : std::vector<Spelling>{
           {"[1,1,10.00", "[1,1,6", amount, "6.00;"},
           {"[1,1,10.00", "[1,1,5.0", amount, "5.00;"},
           {"[1,1,10.00", "[1,1,6.000", amount, "6.00;"},
           {"[1,1,10.00", "[1,1,1e2", amount, "100.00;"},
           {"[1,1,10.00", "[1,1,\"7.5\"", amount, "7.50;"},
           {"[1,1,10.00", "[1,2.0,10.00", parent, "2;"},
           {"[1,1,10.00", "[1,0.4e1,10.00", parent, "4;"},
           {"[1,1,10.00", "[1,\"3\",10.00", parent, "3;"},
           {"[1,1,10.00", "[1,1,5.555", "its last digits would be lost in numeric(10,2)", ""},
           {"[1,1,10.00", "[1,1.5,10.00", "its fraction would be lost in integer", ""},
           {"[1,1,10.00", "[1,1e10,10.00", "it is out of range for integer", ""},
           {"[1,1,10.00", "[1,true,10.00", "it is no integer", ""}}) {
    CAPTURE(each.to);
    const World it;
    it.refresh();
    it.commit(edit(kChild, each.from, each.to));
    CHECK(it.push().code == 0);
    Opened opened(it.db);
    if (each.answer.empty()) {
      CHECK(opened.ask("SELECT reason FROM rowan.foreign").find(each.question) !=
            std::string::npos);
    } else {
      CHECK(opened.ask(each.question) == each.answer);
      CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
    }
  }
}

}  // namespace rowan::git_testing
