// Clones that do not hold everything, and what git keeps beside commits: they open, read and are
// checked, and what is not there is told by name.
#include <string>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

std::string source_of(const Scratch& scratch) {
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, a text)");
    opened.execute("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 2000) AS g(n)");
    for (int i = 1; i <= 4; ++i)
      opened.execute("UPDATE t SET a = 'change " + std::to_string(i) + "' WHERE id = 1");
    opened.execute("CREATE BRANCH dev");
  }
  git(db, "config uploadpack.allowFilter true");
  git(db, "config uploadpack.allowAnySHA1InWant true");
  return "file://" + db.string();
}

}  // namespace

TEST_CASE("a shallow clone ends where its history ends") {
  const Scratch scratch;
  const std::string source = source_of(scratch);
  const fs::path copy = scratch / "copy";
  must("git clone -q --bare --depth 2 '" + source + "' '" + copy.string() + "'");
  {
    Opened opened(copy);
    CHECK(opened.ask("SELECT count(*) FROM t") == "2000;");
    CHECK(opened.ask("SELECT count(*) FROM rowan.log") == "2;");
    CHECK(opened.ask("SELECT a FROM t AS OF 'HEAD~1' WHERE id = 1") == "change 3;");
    CHECK(opened.ask("SELECT a FROM t AS OF 'HEAD~2' WHERE id = 1").starts_with("VC002"));
    CHECK(opened.ask("SELECT to_a FROM rowan.diff('t', 'HEAD~1', 'HEAD')") == "change 4;");
    CHECK(opened.ask("SHOW LOG FOR t").find("XX") == std::string::npos);
    CHECK(opened.ask("SELECT count(*) FROM rowan.history('t') WHERE id = 1").starts_with("2"));
    opened.execute("UPDATE t SET a = 'here' WHERE id = 1");
    opened.execute("CREATE BRANCH other");
    opened.execute("INSERT INTO t VALUES (0, 'main')");
    const auto other = opened.connect("other");
    Opened::execute(*other, "INSERT INTO t VALUES (-1, 'other')");
    Opened::execute(*other, "MERGE main");
    opened.execute("REVERT 'HEAD'");
    CHECK(opened.ask("SELECT count(*) FROM rowan.log") == "5;");
  }
  const Ended log = run_rowan("log '" + copy.string() + "'");
  CHECK(log.code == 0);
  const Ended checked = run_rowan("check '" + copy.string() + "'");
  INFO(checked.output);
  CHECK(checked.code == 0);
  CHECK(checked.output.find("Not here: the history before commit") != std::string::npos);
  CHECK(checked.output.find("No problem found.") != std::string::npos);
  git(copy, "fsck --strict");
  // Once the rest is fetched, it is there.
  git(copy, "fetch -q --unshallow origin");
  Opened opened(copy);
  CHECK(opened.ask("SELECT a FROM t AS OF 'HEAD~5' WHERE id = 1") == "change 2;");
  check_clean(copy);
}

TEST_CASE("a partial clone says what it does not have") {
  const Scratch scratch;
  const std::string source = source_of(scratch);
  const fs::path copy = scratch / "copy";
  must("git clone -q --bare --filter=blob:none '" + source + "' '" + copy.string() + "'");
  {
    Opened opened(copy);
    CHECK(opened.ask("SELECT count(*) FROM rowan.log") == "7;");
    CHECK(opened.ask("SELECT branch FROM rowan.branches ORDER BY 1") == "dev;main;");
    CHECK(opened.ask("SELECT count(*) FROM t").starts_with("VC009"));
  }
  CHECK(run_rowan("log '" + copy.string() + "'").code == 0);
  const Ended checked = run_rowan("check '" + copy.string() + "'");
  INFO(checked.output);
  CHECK(checked.code == 0);
  CHECK(checked.output.find("Not here: ") != std::string::npos);
  CHECK(checked.output.find("partial clone") != std::string::npos);
  // Stock git fetches what it is asked for; then it is there.
  must("cd '" + copy.string() + "' && git rev-list --objects --missing=print main | sed -n 's/^?//p' | "
       "git fetch -q origin --no-filter --stdin");
  {
    Opened opened(copy);
    CHECK(opened.ask("SELECT count(*) FROM t") == "2000;");
    opened.execute("UPDATE t SET a = 'here' WHERE id = 1");
  }
  const Ended again = run_rowan("check '" + copy.string() + "'");
  INFO(again.output);
  CHECK(again.code == 0);
  CHECK(again.output.find("Not here") == std::string::npos);
}

TEST_CASE("notes are left alone") {
  const Scratch scratch;
  source_of(scratch);
  const fs::path db = scratch / "db";
  git(db, "notes add -m 'seen by Ada' main");
  check_clean(db);
  {
    Opened opened(db);
    git(db, "notes add -m 'seen by Bob' main~1");
    opened.execute("UPDATE t SET a = 'after' WHERE id = 1");
    opened.checkpoint();
    CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
    CHECK(opened.ask("SELECT count(*) FROM rowan.branches") == "2;");
  }
  CHECK(git(db, "notes list").find('\n') != std::string::npos);
  CHECK(git(db, "notes show main~2") == "seen by Bob\n");
  check_clean(db);
}

TEST_CASE("a commit of history that is spelled freely is read, and is no problem") {
  const Scratch scratch;
  source_of(scratch);
  const fs::path db = scratch / "db";
  const fs::path work = scratch / "work";
  must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  const fs::path rows = work / "public" / "t" / "rows";
  const std::string leaf = must("cd '" + rows.string() + "' && find . -name '*.jsonl' | sort | tail -1");
  const fs::path last = rows / leaf.substr(2, leaf.find('\n') - 2);
  const std::string before = read_file(last);
  write_file(last, before + "[-7,\"out of order\"]\n");
  git(work, "commit -qam 'a line at the end'");
  write_file(last, before);
  git(work, "commit -qam 'and away again'");
  git(work, "push -q origin HEAD:main");
  Opened opened(db);
  CHECK(opened.ask("SELECT count(*) FROM t") == "2000;");
  CHECK(opened.ask("SELECT a FROM t AS OF 'HEAD~1' WHERE id = -7") == "out of order;");
  CHECK(opened.ask("SELECT count(*) FROM t AS OF 'HEAD~1'") == "2001;");
  CHECK(opened.ask("SELECT to_a FROM rowan.diff('t', 'HEAD~2', 'HEAD~1')") == "out of order;");
  CHECK(opened.ask("SHOW LOG FOR t").find("XX") == std::string::npos);
  opened.checkpoint();
  check_clean(db);
}

}  // namespace rowan::git_testing
