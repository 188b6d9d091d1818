// Numbers in commits of other programs: times beyond all time, before all time, zones that are none.
// How a commit is read depends on its bytes alone, and what Rowan writes on top of it is sound.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

class Numbers {
 public:
  Numbers() : db(scratch / "db") {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text)");
    opened.execute("INSERT INTO t VALUES (1, 'one')");
  }

  // A commit on top of main with the tree of its parent and these words for its time.
  std::string commit(const std::string& committer_time, const std::string& trailer,
                     const std::string& parent = "main") const {
    const std::string tip = git(db, "rev-parse " + parent).substr(0, 40);
    std::string text = "tree " + git(db, "rev-parse " + parent + "^{tree}").substr(0, 40) + "\nparent " + tip +
                       "\nauthor Eve <eve@example.org> " + committer_time + "\ncommitter Eve <eve@example.org> " +
                       committer_time + "\n\nodd\n";
    if (!trailer.empty()) text += "\nRowan-Time: " + trailer + "\n";
    write_file(scratch / "commit", text);
    return git(db, "hash-object -t commit --literally -w '" + (scratch / "commit").string() + "'").substr(0, 40);
  }
  void put(const std::string& id) const { git(db, "update-ref refs/heads/main " + id); }

  const Scratch scratch;
  const fs::path db;
};

std::string time_of(Opened& opened, const std::string& commit) {
  return opened.ask("SELECT time FROM rowan.log('" + commit + "') WHERE \"commit\" = '" + commit + "'");
}

}  // namespace

TEST_CASE("a time that is none is the committer's") {
  for (const char* trailer : {"9223372036854775807", "-9223372036854775808", "-5", "253402300800000000", "1e9",
                              "99999999999999999999", " 7"}) {
    INFO(std::string(trailer));
    const Numbers it;
    const std::string id = it.commit("1800000000 +0000", trailer);
    git(it.db, "update-ref refs/tags/odd " + id);
    Opened opened(it.db);
    CHECK(time_of(opened, id) == "2027-01-15 08:00:00+00;");
    CHECK(opened.ask("SELECT v FROM t AS OF 'odd' WHERE id = 1") == "one;");
  }
}

TEST_CASE("times beyond 9999 and before 1970 are the last and the first; what follows stays there") {
  const Numbers it;
  const std::string last = it.commit("9223372036854775807 +0000", "");
  git(it.db, "update-ref refs/tags/last " + last);
  git(it.db, "update-ref refs/tags/later " + it.commit("9223372036854775807 +9999", "253402300799999999", "last"));
  const std::string first = it.commit("-62135596800 -9959", "");
  git(it.db, "update-ref refs/tags/first " + first);
  {
    Opened opened(it.db);
    CHECK(time_of(opened, last) == "9999-12-31 23:59:59+00;");
    CHECK(opened.ask("SELECT time FROM rowan.log('later') LIMIT 1") == "9999-12-31 23:59:59.999999+00;");
    CHECK(opened.ask("SELECT count(*) FROM rowan.log('later')") == "5;");
    // The first one follows a commit of today.
    CHECK(opened.ask("SELECT count(*) FROM rowan.log('first') WHERE time > '2020-01-01'") == "4;");
    opened.execute("CREATE BRANCH far FROM 'later'");
    const auto session = opened.connect("far");
    Opened::execute(*session, "INSERT INTO t VALUES (2, 'two')");
    Opened::execute(*session, "UPDATE t SET v = 'zwei' WHERE id = 2");
    CHECK(Opened::ask(*session, "SELECT count(*) FROM rowan.log WHERE time >= '9999-12-31'") == "4;");
    CHECK(Opened::ask(*session, "SELECT v FROM t AS OF 'HEAD~1' WHERE id = 2") == "two;");
    CHECK(Opened::ask(*session, "SELECT v FROM t AS OF TIMESTAMP '9999-12-31 23:59:59.999999' WHERE id = 2") == "zwei;");
    CHECK(Opened::ask(*session, "SELECT count(*) FROM t FOR SYSTEM_TIME ALL").find("XX") == std::string::npos);
    CHECK(Opened::ask(*session, "CHERRY-PICK 'first'").find("XX") == std::string::npos);
    opened.checkpoint();
  }
  // What Rowan wrote Git has no complaint about.
  const std::string made = git(it.db, "log --format='%ct %at' -2 far");
  CHECK(made.find('-') == std::string::npos);
  for (const char* revision : {"far", "far~1"}) {
    const Ended read = run("git -C '" + it.db.string() + "' cat-file commit " + revision + " | git -C '" +
                           it.db.string() + "' hash-object -t commit --stdin");
    INFO(read.output);
    CHECK(read.code == 0);
  }
  // A clone reads the same.
  const fs::path copy = it.scratch / "copy";
  must("git clone -q --bare '" + it.db.string() + "' '" + copy.string() + "'");
  Opened here(it.db), there(copy);
  for (const char* tag : {"first", "last", "later"}) {
    const std::string question = "SELECT time FROM rowan.log('" + std::string(tag) + "')";
    CHECK(here.ask(question) == there.ask(question));
  }
}

TEST_CASE("a tip that is ahead, or holds one that is, is parked; how far it may be is a setting") {
  const Numbers it;
  { Opened first(it.db); }
  const std::string ahead = it.commit("9000000000 +0000", "");
  std::string tip = ahead;
  SUBCASE("the tip") {}
  SUBCASE("one below it") { tip = it.commit("1700000000 +0000", "", ahead); }
  const std::string ours = git(it.db, "rev-parse main");
  it.put(tip);
  {
    Opened opened(it.db);
    CHECK(opened.ask("SELECT sqlstate FROM rowan.foreign WHERE \"commit\" = '" + tip + "'") == "VC008;");
    CHECK(opened.ask("SELECT reason FROM rowan.foreign").find("seconds ahead of this machine's, more than 3600") !=
          std::string::npos);
    opened.execute("INSERT INTO t VALUES (3, 'now')");
    CHECK(opened.ask("SELECT count(*) FROM rowan.log WHERE time > '2200-01-01'") == "0;");
    opened.execute("DELETE FROM t WHERE id = 3");
    opened.execute("DROP FOREIGN '" + tip + "'");
  }
  git(it.db, "config rowan.maxClockSkew '300 years'");
  const std::string again = it.commit("9000000000 +0000", "");
  it.put(again);
  Opened opened(it.db);
  CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.log WHERE time > '2200-01-01'") == "1;");
}

TEST_CASE("numbers of files are read as they are, or refused") {
  for (const auto& [table, file] : std::vector<std::pair<std::string, std::string>>{
           {"s", "{\"type\":\"bigint\",\"start\":99999999999999999999}"},
           {"s", "{\"type\":\"integer\",\"max\":9223372036854775807}"},
           {"s", "{\"type\":\"bigint\",\"increment\":0}"},
           {"s", "{\"type\":\"bigint\",\"last\":-9223372036854775809}"},
           {"s", "{\"type\":\"bigint\",\"start\":1e3}"},
           {"k", "[18446744073709551615,\"x\"]\n"},
           {"k", "[18446744073709551616,\"x\"]\n"},
           {"k", "[-1,\"x\"]\n"},
           {"k", "[0,\"x\"]\n"}}) {
    INFO(file);
    const Numbers it;
    {
      Opened opened(it.db);
      opened.execute("CREATE SEQUENCE s");
      opened.execute("CREATE TABLE k (v text)");
      opened.execute("INSERT INTO k VALUES ('x')");
    }
    const fs::path work = it.scratch / "work";
    must("git clone -q '" + it.db.string() + "' '" + work.string() + "'");
    write_file(work / "public" / table / (table == "s" ? "sequence.json" : "rows/0.jsonl"), file);
    git(work, "commit -qam 'by hand'");
    git(work, "push -q origin HEAD:main");
    Opened opened(it.db);
    CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "1;");
    CHECK(opened.ask("SELECT count(*) FROM k") == "1;");
    CHECK(opened.ask("SELECT nextval('s')") == "1;");
  }
}

}  // namespace rowan::git_testing
