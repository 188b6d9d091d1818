// What an older version of Rowan says of a repository that uses features it does not know: VC007,
// and which they are, at every door; what it knows stays of use. The `rowan` program is the older
// version here; the library in this test is the newer one.
#include "features_testing.h"

namespace rowan::git_testing {

namespace {

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

void check_names(const Ended& ended, const std::string& feature = "\"test-uuid\"") {
  INFO(ended.output);
  CHECK(ended.code != 0);
  CHECK(ended.output.find("VC007") != std::string::npos);
  CHECK(ended.output.find(feature) != std::string::npos);
}
void check_hinted(const Ended& ended) {
  check_names(ended);
  INFO(ended.output);
  CHECK(ended.output.find("A newer version of Rowan reads it") != std::string::npos);
}

// main is plain, newer has a table with the feature; both have a table t.
fs::path two_branches(const Scratch& scratch) {
  const fs::path db = scratch / "db";
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY, n integer)");
  opened.execute("INSERT INTO t VALUES (1, 1)");
  opened.execute("CREATE BRANCH newer");
  const auto newer = opened.connect("newer");
  Opened::execute(*newer, "CREATE TABLE u (id uuid)");
  Opened::execute(*newer, "INSERT INTO t VALUES (2, 2)");
  return db;
}

Ended sql(const fs::path& db, const std::string& statement, const std::string& options = "") {
  return run_rowan("sql " + quoted(db) + " " + options + " -c \"" + statement + "\"");
}

}  // namespace

TEST_CASE("an older program refuses a repository whose main branch uses a feature") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY)");
    opened.execute("CREATE TABLE u (id uuid)");
    opened.execute("CREATE TABLE j (x json)");
  }
  check_hinted(sql(db, "SELECT 1"));
  check_names(sql(db, "SELECT 1"), "\"test-json\", \"test-uuid\"");
  check_hinted(sql(db, "SELECT 1", "--read-only"));
  check_hinted(run_rowan("check " + quoted(db)));
  check_hinted(run_rowan("log " + quoted(db)));
  check_hinted(run_rowan("diff " + quoted(db) + " HEAD~1 HEAD"));
  check_hinted(run_rowan("adopt " + quoted(db)));
  check_hinted(run_rowan("upgrade " + quoted(db)));
  const fs::path clone = scratch / "clone";
  must("git clone -q --bare " + quoted(db) + " " + quoted(clone));
  check_hinted(sql(clone, "SELECT 1"));
  check_hinted(run_rowan("adopt " + quoted(clone)));
}

TEST_CASE("an older program uses what it knows, and names the feature where it does not") {
  const Scratch scratch;
  const fs::path db = two_branches(scratch);
  CHECK(sql(db, "SELECT count(*) FROM t").code == 0);
  CHECK(sql(db, "INSERT INTO t VALUES (5, 5)").code == 0);
  check_hinted(sql(db, "SELECT 1", "--branch newer"));
  check_hinted(sql(db, "SELECT 1", "--read-only --branch newer"));
  check_hinted(sql(db, "CHECKOUT newer; SELECT count(*) FROM t"));
  check_hinted(sql(db, "SELECT * FROM t AS OF 'newer'"));
  check_hinted(sql(db, "SELECT * FROM t AS OF 'newer~1'"));
  CHECK(sql(db, "SELECT * FROM t AS OF 'newer~2'").code == 0);  // From before it was used.
  check_hinted(sql(db, "SELECT 1", "--branch newer~1"));
  check_hinted(sql(db, "MERGE newer"));
  check_hinted(sql(db, "MERGE newer DRY RUN"));
  check_hinted(sql(db, "CHERRY-PICK newer"));
  check_hinted(sql(db, "REBASE ONTO newer"));
  check_hinted(sql(db, "RESET TO newer"));
  check_hinted(sql(db, "RESTORE TABLE t TO newer"));
  check_hinted(sql(db, "RESTORE ALL TO newer"));
  check_hinted(sql(db, "CREATE BRANCH more FROM newer"));
  check_hinted(sql(db, "SHOW DIFF 'main..newer'"));
  check_hinted(sql(db, "SELECT * FROM rowan.diff('t', 'main', 'newer')"));
  check_hinted(sql(db, "SELECT * FROM rowan.schema_diff('main', 'newer')"));
  check_hinted(run_rowan("diff " + quoted(db) + " main newer"));
  check_names(run_rowan("upgrade " + quoted(db)));
  const Ended checked = run_rowan("check " + quoted(db));
  CHECK(checked.code == 1);
  INFO(checked.output);
  CHECK(checked.output.find("\"test-uuid\"") != std::string::npos);
  // Nothing of it touched the newer branch.
  Opened opened(db);
  CHECK(Opened::ask(*opened.connect("newer"), "SELECT count(*) FROM u, t") == "0;");
  CHECK(opened.ask("SELECT count(*) FROM t") == "2;");
}

TEST_CASE("an older program parks what is pushed with a feature, and its hook refuses it") {
  const Scratch scratch;
  const fs::path db = two_branches(scratch), old = scratch / "old", work = scratch / "work";
  must("git clone -q " + quoted(db) + " " + quoted(work));
  CHECK(run_rowan("init " + quoted(old)).code == 0);
  std::string pushed;
  SUBCASE("to a branch that it has") {
    // The same beginning, so that what follows is a fast-forward.
    must("rm -rf " + quoted(old) + " && git clone -q --bare -b main --single-branch " + quoted(db) +
         " " + quoted(old));
    CHECK(sql(old, "SELECT count(*) FROM t").code == 0);
    SUBCASE("past the hook") {
      git(work, "push -q " + quoted(old) + " origin/newer:refs/heads/main");
      const Ended read = sql(old, "SELECT sqlstate, reason FROM rowan.foreign");
      INFO(read.output);
      CHECK(read.code == 0);
      CHECK(read.output.find("VC007") != std::string::npos);
      CHECK(read.output.find("\"test-uuid\"") != std::string::npos);
      CHECK(sql(old, "SELECT 1 / (count(*) - 1) FROM t").code != 0);  // One row: main as it was.
      check_clean(old);
    }
    SUBCASE("with the hook") {
      CHECK(run_rowan("hook install " + quoted(old)).code == 0);
      const Ended refused =
          run("git -C " + quoted(work) + " push -q " + quoted(old) + " origin/newer:refs/heads/main");
      INFO(refused.output);
      CHECK(refused.code != 0);
      CHECK(refused.output.find("\"test-uuid\"") != std::string::npos);
    }
  }
  SUBCASE("as a new branch") {
    git(work, "push -q " + quoted(old) + " origin/newer:refs/heads/other");
    const Ended read = sql(old, "SELECT reason FROM rowan.foreign");
    INFO(read.output);
    CHECK(read.output.find("\"test-uuid\"") != std::string::npos);
    CHECK(sql(old, "CHECKOUT other").code != 0);
    check_clean(old);
  }
}

TEST_CASE("a commit of history that names an unknown feature is not read, its neighbours are") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 1)"});
  it.pull();
  write_file(it.work / "rowan.json", "{\"format\":2,\"features\":[\"from-tomorrow\"]}\n");
  git(it.work, "commit -qam 'newer'");
  const std::string newer = git(it.work, "rev-parse HEAD").substr(0, 40);
  write_file(it.work / "rowan.json", kPlain);
  git(it.work, "commit -qam 'as before'");
  // By a push it would be parked: commits below a tip must read. A clone is taken as it is.
  const fs::path cloned = it.scratch / "cloned";
  must("git clone -q --bare '" + it.work.string() + "' '" + cloned.string() + "'");
  Opened opened(cloned);
  const auto check_refused = [&](const std::string& answer) {
    INFO(answer);
    CHECK(answer.starts_with("VC007"));
    CHECK(answer.find("\"from-tomorrow\"") != std::string::npos);
  };
  CHECK(opened.ask("SELECT count(*) FROM t") == "1;");
  CHECK(opened.ask("SELECT count(*) FROM t AS OF 'HEAD~2'") == "1;");
  check_refused(opened.ask("SELECT count(*) FROM t AS OF '" + newer + "'"));
  check_refused(opened.ask("SELECT * FROM rowan.diff('t', 'HEAD~2', 'HEAD~1')"));
  check_refused(opened.ask("RESTORE ALL TO 'HEAD~1'"));
  check_refused(opened.ask("CREATE BRANCH b FROM 'HEAD~1'"));
  check_refused(opened.ask("RESET TO 'HEAD~1'"));
}

}  // namespace rowan::git_testing
