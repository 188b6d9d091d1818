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

// What a statement says beside its rows.
std::string notices_of(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  REQUIRE(rows.ok());
  while (true) {
    auto more = (*rows)->next();
    REQUIRE(more.ok());
    if (!*more) break;
  }
  std::string said;
  for (const Notice& notice : (*rows)->notices()) said += notice.message + ";";
  return said;
}

std::string hint_of(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  if (!rows) return rows.failure().hint;
  auto more = (*rows)->next();
  return more ? std::string() : more.failure().hint;
}

// HEAD changed row 1; `cut`, its parent, is where history is cut: what it has is that old, or older.
void check_cut_history(Opened& opened, const std::string& cut) {
  CHECK(opened.ask("SELECT boundary, count(*) FROM rowan.blame('t') GROUP BY boundary ORDER BY 1") ==
        "f|1;t|1999;");
  CHECK(opened.ask("SELECT id FROM rowan.blame('t') WHERE NOT boundary") == "1;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.blame('t') WHERE boundary AND \"commit\" <> '" + cut + "'") == "0;");
  CHECK(opened.ask("SELECT \"column\", boundary FROM rowan.blame_cells('t', 'HEAD', 1)") == "id|t;a|f;");
  CHECK(opened.ask("SELECT change, a FROM rowan.history('t') WHERE id = 1") == "modified|change 4;boundary|change 3;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.history('t') WHERE change = 'added'") == "0;");
  CHECK(opened.ask("SELECT change FROM rowan.history('t', 'HEAD', 7)") == "boundary;");
  CHECK(opened.ask("SELECT change FROM rowan.pickaxe('t', 'row 7')") == "boundary;");
  CHECK(opened.ask("SELECT change FROM rowan.pickaxe('t', 'change 4')") == "made;");
  // Since when a version stood is not known there; it may have stood at any time before.
  CHECK(opened.ask("SELECT a, valid_from IS NULL FROM t FOR SYSTEM_TIME ALL WHERE id = 1 ORDER BY valid_to") ==
        "change 3|t;change 4|f;");
  CHECK(opened.ask("SELECT count(*) FROM t FOR SYSTEM_TIME BETWEEN '2000-01-01' AND '2000-01-02'") == "2000;");

  const auto session = opened.connect();
  for (const char* statement : {"SHOW LOG", "SHOW LOG FOR t", "SHOW LOG FOR t KEY 1", "SHOW LOG AUTHOR 'nobody'",
                                "SHOW TRANSACTIONS", "BLAME t", "BLAME t CELLS", "BLAME t KEY 7"}) {
    CAPTURE(statement);
    const std::string said = notices_of(*session, statement);
    CAPTURE(said);
    CHECK(said.find("history is cut at commit " + cut + " (a shallow clone)") != std::string::npos);
    CHECK(std::count(said.begin(), said.end(), ';') == 1);
  }
  // What does not lead that far says nothing.
  for (const char* statement : {"SHOW LOG LIMIT 1", "BLAME t KEY 9999", "SHOW DIFF", "SHOW BRANCHES"})
    CHECK(notices_of(*session, statement) == "");
  for (const char* statement : {"SELECT * FROM t AS OF 'HEAD~2'", "SELECT * FROM t AS OF 'HEAD~1^'",
                                "SELECT * FROM t AS OF TIMESTAMP '2000-01-01'"}) {
    CAPTURE(statement);
    CHECK(hint_of(*session, statement).find("git fetch --unshallow") != std::string::npos);
  }
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
    const std::string cut = opened.ask("SELECT \"commit\" FROM rowan.log WHERE boundary").substr(0, 40);
    CHECK(opened.ask("SELECT parents, boundary FROM rowan.log") ==
          cut + "|f;" + "|t;");
    CHECK(opened.ask("SELECT to_a FROM rowan.diff('t', 'HEAD~1', 'HEAD')") == "change 4;");
    CHECK(opened.ask("SHOW LOG FOR t").find("XX") == std::string::npos);
    check_cut_history(opened, cut);
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
  CHECK(log.output.find("NOTICE:  history is cut at commit") != std::string::npos);
  const Ended graph = run_rowan("log '" + copy.string() + "' --graph --oneline");
  CHECK(graph.output.find(" (boundary) ") != std::string::npos);
  const Ended blamed = run_rowan("blame '" + copy.string() + "' t 7");
  INFO(blamed.output);
  CHECK(blamed.output.starts_with("^"));
  CHECK_FALSE(run_rowan("blame '" + copy.string() + "' t 1").output.starts_with("^"));
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
  CHECK(opened.ask("SELECT count(*) FROM rowan.blame('t') WHERE boundary") == "0;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.history('t') WHERE change = 'boundary'") == "0;");
  CHECK(notices_of(*opened.connect(), "SHOW LOG") == "");
  check_clean(copy);
}

TEST_CASE("branches of a shallow clone are not taken for unrelated") {
  const Scratch scratch;
  const std::string source = source_of(scratch);
  {
    Opened opened(scratch / "db");
    opened.execute("UPDATE t SET a = 'main' WHERE id = 2");
    const auto dev = opened.connect("dev");
    Opened::execute(*dev, "UPDATE t SET a = 'dev' WHERE id = 3");
  }
  const fs::path copy = scratch / "copy";
  must("git clone -q --bare --depth 1 --no-single-branch '" + source + "' '" + copy.string() + "'");
  Opened opened(copy);
  CHECK(opened.ask("MERGE dev").starts_with("55000: refusing to merge"));
  const std::string hint = hint_of(*opened.connect(), "MERGE dev");
  CHECK(hint.find("git fetch --unshallow") != std::string::npos);
  CHECK(hint.find("UNRELATED") == std::string::npos);
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
