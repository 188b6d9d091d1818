// What git pushes while nobody has the repository open meets what it would meet beside a server:
// what is not admitted is parked with its reason, sessions go on at the last good commit, and a new
// branch does not stand.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

class World {
 public:
  explicit World(const std::vector<std::string>& more = {}) : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE t (id integer PRIMARY KEY, n integer CHECK (n > 0), doc jsonb)");
      opened.execute("INSERT INTO t VALUES (1, 1, '{}'), (2, 2, '{}')");
      for (const std::string& each : more) opened.execute(each);
      opened.execute("INSERT INTO t VALUES (3, 3, '{}')");
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  }
  void edit(const std::string& file, const std::string& from, const std::string& to) const {
    std::string text = read_file(work / file);
    const size_t at = text.find(from);
    INFO(text);
    REQUIRE(at != std::string::npos);
    write_file(work / file, text.replace(at, from.size(), to));
  }
  std::string push(const std::string& branch, bool commits = true) const {
    if (commits) git(work, "commit -qam 'by hand'");
    git(work, "push -q -f origin HEAD:refs/heads/" + branch);
    return git(work, "rev-parse HEAD").substr(0, 40);
  }
  bool stands(const std::string& branch) const {
    return run("git -C '" + db.string() + "' rev-parse -q --verify refs/heads/" + branch).code == 0;
  }

  const Scratch scratch;
  const fs::path db, work;
};

// It is listed with its reason, sessions work, and it can be dropped.
void check_parked(const World& it, const std::string& branch, const std::string& id,
                  const std::string& state, const std::string& reason,
                  const std::string& place = ";") {
  {
    Opened opened(it.db);
    const std::string where = " FROM rowan.foreign WHERE \"commit\" = '" + id + "'";
    CHECK(opened.ask("SELECT branch, sqlstate, parked_at IS NOT NULL" + where) ==
          branch + "|" + state + "|t;");
    const std::string told = opened.ask("SELECT reason" + where);
    INFO(told);
    CHECK(told.find(reason) != std::string::npos);
    if (place != ";")
      CHECK(opened.ask("SELECT file || ':' || coalesce(line, 0)" + where) == place + ";");
    CHECK(opened.ask("SELECT count(*), sum(n) FROM t WHERE id < 10") == "3|6;");
    opened.execute("INSERT INTO t VALUES (10, 1, '{}')");
    opened.execute("DELETE FROM t WHERE id = 10");
  }
  check_clean(it.db);
  CHECK(run_rowan("foreign drop '" + it.db.string() + "' " + id).code == 0);
  CHECK(Opened(it.db).ask("SELECT count(*) FROM rowan.foreign") == "0;");
}

const char* const kRows = "public/t/rows/0.jsonl";

}  // namespace

TEST_CASE("a newer format is parked where a good commit is known") {
  const World it;
  write_file(it.work / "rowan.json", "{\"format\":3}\n");
  const std::string id = it.push("main");
  const Ended listed = run_rowan("foreign list '" + it.db.string() + "'");
  INFO(listed.output);
  CHECK(listed.code == 0);
  check_parked(it, "main", id, "VC007", "format 3");
}

TEST_CASE("a new branch that is not admitted is parked and does not stand") {
  const World it;
  const std::string branch = "other";
  std::string state, reason;
  SUBCASE("a newer format") {
    write_file(it.work / "rowan.json", "{\"format\":3}\n");
    state = "VC007";
    reason = "format 3";
  }
  SUBCASE("a rule that is broken") {
    it.edit(kRows, "[2,2,", "[2,-2,");
    state = "23514";
    reason = "violates check constraint";
  }
  const std::string id = it.push(branch);
  {
    OpenOptions options;
    options.read_only = true;
    Opened reader(it.db, options);
    CHECK(reader.ask("SELECT count(*) FROM rowan.branches") == "1;");
    CHECK(reader.ask("SELECT sqlstate FROM rowan.foreign") == state + ";");
    CHECK(it.stands(branch));
  }
  check_parked(it, branch, id, state, reason);
  CHECK(!it.stands(branch));
}

TEST_CASE("a branch with a history policy says why it is set back") {
  const World it({"ALTER BRANCH main SET HISTORY POLICY EVERY '1 day'"});
  std::string state = "VC001", reason, place = ";";
  bool commits = true;
  SUBCASE("beside newer commits") {
    it.edit(kRows, "[2,2,", "[2,5,");
    reason = "the branch has a history policy and newer commits that it does not follow";
  }
  SUBCASE("a rule that is broken by its spelling") {
    it.edit(kRows, "[2,2,", "[2,\"two\",");
    state = "VC008";
    reason = "column \"n\"";
    place = "public/t/rows/0.jsonl:2";
  }
  SUBCASE("a rewind") {
    git(it.work, "reset -q --hard HEAD~1");
    reason = "it does not follow the branch's last commit";
    commits = false;
  }
  const std::string published = git(it.db, "rev-parse main");
  const std::string id = it.push("main", commits);
  check_parked(it, "main", id, state, reason, place);
  CHECK(git(it.db, "rev-parse main") == published);
}

TEST_CASE("names that SQL refuses are refused") {
  const World it(
      {"CREATE TABLE u (id integer PRIMARY KEY, a integer)", "CREATE INDEX u_a ON u (a)",
       "CREATE VIEW v AS SELECT 1 AS x", "CREATE SEQUENCE s"});
  std::string state = "42P07", reason = "already exists", place = "public/u/table.sql:0";
  SUBCASE("an index as a table") { it.edit("public/u/table.sql", "INDEX u_a", "INDEX t"); }
  SUBCASE("an index as a view") { it.edit("public/u/table.sql", "INDEX u_a", "INDEX v"); }
  SUBCASE("an index as a sequence") { it.edit("public/u/table.sql", "INDEX u_a", "INDEX s"); }
  SUBCASE("an index as another table's key") {
    it.edit("public/u/table.sql", "INDEX u_a", "INDEX t_pkey");
  }
  SUBCASE("a unique constraint as a relation") {
    it.edit("public/u/table.sql", "\n);", ",\n  CONSTRAINT v UNIQUE (a)\n);");
  }
  SUBCASE("a schema of the system's") {
    fs::create_directory(it.work / "rowan");
    write_file(it.work / "rowan" / "schema.sql", "CREATE SCHEMA rowan;\n");
    git(it.work, "add -A");
    state = "42602";
    reason = "unacceptable schema name";
    place = "rowan/schema.sql:0";
  }
  const std::string id = it.push("main");
  CHECK(run_rowan("check '" + it.db.string() + "'").code == 1);
  check_parked(it, "main", id, state, reason, place);
}

TEST_CASE("a branch that no branch can be called here is parked, and all else works") {
  const World it;
  std::string branch;
  SUBCASE("as long as no name is here") { branch = std::string(201, 'n'); }
  SUBCASE("as long as Git's can be") { branch = std::string(240, 'n'); }
  SUBCASE("long in several parts") { branch = std::string(240, 'a') + "/" + std::string(240, 'b'); }
  SUBCASE("HEAD") { branch = "HEAD"; }
  SUBCASE("a commit's id") { branch = std::string(40, 'a'); }
  it.edit(kRows, "[2,2,", "[2, 2,");  // Not in canonical form, so that its branch would be moved.
  git(it.work, "commit -qam 'by hand'");
  const std::string id = git(it.work, "rev-parse HEAD").substr(0, 40);
  git(it.db, "fetch -q '" + it.work.string() + "' HEAD");
  git(it.db, "update-ref refs/heads/" + branch + " " + id);
  check_parked(it, branch, id, "42602", "no branch can be called");
  CHECK(!it.stands(branch));
}

TEST_CASE("a name of 200 bytes is as good as another") {
  const World it;
  const std::string branch(200, 'n');
  it.edit(kRows, "[2,2,", "[2, 2,");
  it.push(branch);
  {
    Opened opened(it.db);
    CHECK(opened.ask("SELECT count(*) FROM rowan.branches") == "2;");
    CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
    CHECK(opened.ask("SELECT sum(n) FROM t AS OF '" + branch + "'") == "6;");
  }
  check_clean(it.db);
}

TEST_CASE("what nobody can read says where it stands and why") {
  const World it;
  std::string reason, place;
  SUBCASE("jsonb that nests too deeply") {
    it.edit(kRows, "[2,2,[{}]", "[2,2,[" + std::string(20'000, '[') + std::string(20'000, ']') + "]");
    place = "public/t/rows/0.jsonl:2";
    reason = "nest";
  }
  SUBCASE("a definition that is empty") {
    write_file(it.work / "public/t/table.sql", "");
    place = "public/t/table.sql:0";
    reason = "";
  }
  SUBCASE("a definition that is cut short") {
    const std::string text = read_file(it.work / "public/t/table.sql");
    write_file(it.work / "public/t/table.sql", text.substr(0, text.size() / 2));
    place = "public/t/table.sql:0";
    reason = "";
  }
  SUBCASE("a definition that is cut inside a word") {
    write_file(it.work / "public/t/table.sql", "CRE");
    place = "public/t/table.sql:0";
    reason = "";
  }
  const std::string id = it.push("main");
  check_parked(it, "main", id, "VC008", reason, place);
}

TEST_CASE("a tip that waits for its canonical form is no problem to rowan check") {
  const World it;
  it.edit(kRows, "[2,2,", "[2, 2,");
  const std::string id = it.push("main");
  const std::string check = "check '" + it.db.string() + "'";
  const Ended waits = run_rowan(check);
  INFO(waits.output);
  CHECK(waits.code == 0);
  CHECK(waits.output.find(id.substr(0, 12) + " (branch main): another program's, not in canonical form yet") !=
        std::string::npos);
  CHECK(waits.output.find("No problem found.") != std::string::npos);
  // What breaks a rule is one all the same.
  it.edit(kRows, "[2, 2,", "[2, -2,");
  it.push("main");
  const Ended broken = run_rowan(check);
  INFO(broken.output);
  CHECK(broken.code == 1);
  CHECK(broken.output.find("23514") != std::string::npos);
  it.edit(kRows, "[2, -2,", "[2, 2,");
  it.push("main");
  { const Opened opened(it.db); }
  check_clean(it.db);
}

TEST_CASE("the hook lets nobody leave accepted commits behind, however their rows are spelled") {
  for (const char* space : {"", " "}) {
    CAPTURE(space);
    const World it;
    REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
    std::string line = "[2,2,", second;
    for (const char* value : {"20", "30"}) {
      const std::string next = std::string("[2,") + space + value + ",";
      it.edit(kRows, line, next);
      line = next;
      const std::string pushed = it.push("main");
      if (second.empty()) second = pushed;
    }
    const std::string third = git(it.work, "rev-parse HEAD").substr(0, 40);
    for (const std::string& back : {second, second + "~1"}) {
      CAPTURE(back);
      const Ended rewound =
          run("git -C '" + it.work.string() + "' push -q -f origin " + back + ":refs/heads/main");
      INFO(rewound.output);
      CHECK(rewound.code != 0);
      CHECK(rewound.output.find("does not follow the branch's last commit") != std::string::npos);
    }
    CHECK(git(it.db, "rev-parse refs/heads/main").substr(0, 40) == third);
    CHECK(Opened(it.db).ask("SELECT n FROM t WHERE id = 2") == "30;");
  }
}

TEST_CASE("the hook lets a tip that is not admitted be amended") {
  const World it;
  it.edit(kRows, "[2,2,", "[2, -2,");
  it.push("main");  // Nobody looked.
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  it.edit(kRows, "[2, -2,", "[2, 4,");
  git(it.work, "commit -qa --amend --no-edit");
  const std::string amended = it.push("main", false);
  Opened opened(it.db);
  CHECK(opened.ask("SELECT n FROM t WHERE id = 2") == "4;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
}

TEST_CASE("the hook goes by what the repository says of its branches") {
  const World it;
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  const auto sql = [&](const std::string& text) {
    REQUIRE(run_rowan("sql '" + it.db.string() + "' -c \"" + text + "\"").code == 0);
  };
  const auto push = [&](const std::string& refs) {
    return run("git -C '" + it.work.string() + "' push -q origin " + refs);
  };
  sql("CREATE BRANCH side; PROTECT BRANCH main");
  it.edit(kRows, "[2,2,", "[2,20,");
  git(it.work, "commit -qam change");
  const Ended refused = push("HEAD:refs/heads/main");
  INFO(refused.output);
  CHECK(refused.code != 0);
  CHECK(refused.output.find("protected") != std::string::npos);
  sql("UNPROTECT BRANCH main");
  CHECK(push("HEAD:refs/heads/main").code == 0);
  const Ended dropped = push(":refs/heads/side");
  INFO(dropped.output);
  CHECK(dropped.code != 0);
  CHECK(dropped.output.find("branches are dropped with DROP BRANCH") != std::string::npos);
}

}  // namespace rowan::git_testing
