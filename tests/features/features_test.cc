// Features of the format, as a version of Rowan that knows two of them writes and keeps them: named
// from the first commit that uses one, united by every kind of merge, never lost in silence.
#include "catalog/format_file.h"
#include "engine/upgrade.h"
#include "features_testing.h"

namespace rowan::git_testing {

TEST_CASE("rowan.json names a feature from the first commit that uses it") {
  World it;
  CHECK(it.named() == kPlain);
  it.run({"CREATE TABLE t (id integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 1)"});
  CHECK(it.named() == kPlain);
  SUBCASE("a new table") { it.run({"CREATE TABLE u (id uuid)"}); }
  SUBCASE("a column") { it.run({"ALTER TABLE t ADD COLUMN u uuid"}); }
  SUBCASE("a default") {
    it.run({"ALTER TABLE t ADD COLUMN s text DEFAULT "
            "('00000000-0000-0000-0000-000000000001'::uuid)::text"});
  }
  SUBCASE("a check") {
    it.run({"ALTER TABLE t ADD COLUMN s text CHECK (s::uuid IS NULL)"});
  }
  SUBCASE("a view's query") { it.run({"CREATE VIEW v AS SELECT NULL::uuid AS u FROM t"}); }
  SUBCASE("a materialised view") {
    it.run({"CREATE MATERIALIZED VIEW v AS SELECT id FROM t WHERE NULL::uuid IS NULL"});
  }
  SUBCASE("in a block that also writes rows") {
    it.run({"BEGIN", "INSERT INTO t VALUES (2, 2)", "CREATE TABLE u (id uuid)",
            "INSERT INTO u VALUES ('00000000-0000-0000-0000-000000000001')", "COMMIT"});
  }
  CHECK(it.named() == kUuid);
  CHECK(it.named("HEAD~1") == kPlain);
  it.run({"INSERT INTO t VALUES (7, 7)", "CREATE TABLE a (x json)"});
  CHECK(it.named() == kBoth);
  // Gone from the definitions, the form is in history still.
  it.run({"DROP TABLE a"});
  CHECK(it.named() == kBoth);
  CHECK(it.opened.ask("SELECT count(*) FROM t AS OF 'HEAD~1'") != "0;");
  it.is_sound();
}

TEST_CASE("merges of every kind unite features") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 1)",
          "CREATE TAG plain", "CREATE BRANCH other", "CREATE BRANCH third", "CREATE TABLE j (x json)"});
  const auto other = it.opened.connect("other");
  Opened::execute(*other, "CREATE TABLE u (id uuid)");
  Opened::execute(*other, "INSERT INTO t VALUES (2, 2)");
  CHECK(it.named("other") == kUuid);
  CHECK(it.named() == kJson);
  std::string at = "main";
  std::string expected = kBoth;
  SUBCASE("MERGE") { it.run({"MERGE other"}); }
  SUBCASE("MERGE the other way round") {
    Opened::execute(*other, "MERGE main");
    at = "other";
  }
  SUBCASE("a fast-forward takes the tip as it is") {
    const auto third = it.opened.connect("third");
    Opened::execute(*third, "MERGE other");
    at = "third";
    expected = kUuid;
  }
  SUBCASE("several branches at once") {
    const auto third = it.opened.connect("third");
    Opened::execute(*third, "INSERT INTO t VALUES (3, 3)");
    it.run({"MERGE other, third"});
  }
  SUBCASE("a merge that waited for answers") {
    it.run({"UPDATE t SET n = 5 WHERE id = 1"});
    Opened::execute(*other, "UPDATE t SET n = 6 WHERE id = 1");
    it.run({"MERGE other WITH MANUAL RESOLUTION", "RESOLVE CONFLICTS USING OURS", "COMMIT MERGE"});
  }
  SUBCASE("one side for everything") { it.run({"MERGE other WITH OURS"}); }
  SUBCASE("REBASE") {
    Opened::execute(*other, "REBASE ONTO main");
    at = "other";
  }
  SUBCASE("CHERRY-PICK") { it.run({"CHERRY-PICK 'other~1'"}); }
  SUBCASE("REVERT of the commit that brought the feature") {
    Opened::execute(*other, "REVERT 'other~1'");
    at = "other";
    expected = kUuid;
  }
  SUBCASE("RESTORE of everything") {
    Opened::execute(*other, "RESTORE ALL TO plain");
    at = "other";
    expected = kUuid;
    CHECK(Opened::ask(*other, "SELECT count(*) FROM u").starts_with("42P01"));
    it.opened.checkpoint();
    const std::string tip = git(it.db, "rev-parse refs/heads/other");
    Opened::execute(*other, "RESTORE ALL TO plain");  // Nothing is left to do.
    it.opened.checkpoint();
    CHECK(git(it.db, "rev-parse refs/heads/other") == tip);
  }
  SUBCASE("RESTORE of what has the feature") { it.run({"RESTORE TABLE u TO other"}); }
  SUBCASE("RESTORE of a schema") { it.run({"RESTORE SCHEMA public TO other"}); }
  SUBCASE("SQUASH") {
    Opened::execute(*other, "SQUASH SINCE 'plain'");
    at = "other";
    expected = kUuid;
  }
  CHECK(it.named(at) == expected);
  it.is_sound();
}

TEST_CASE("RESET goes to the commit as it is") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY)", "CREATE TAG plain", "CREATE TABLE u (id uuid)",
          "RESET TO plain"});
  CHECK(it.named() == kPlain);
}

TEST_CASE("a rowan.json of another spelling is brought to the one spelling") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY, n integer)", "INSERT INTO t VALUES (1, 1)"});
  std::string text, expected = kPlain;
  SUBCASE("blanks") { text = "{ \"format\" : 1 }\n"; }
  SUBCASE("no newline") { text = "{\"format\":1}"; }
  SUBCASE("a field that format 1 never looked at") { text = "{\"format\":1,\"by\":\"hand\"}\n"; }
  SUBCASE("an empty list") { text = "{\"format\":2,\"features\":[]}\n"; }
  SUBCASE("not sorted, and twice") {
    text = R"({"format":2,"features":["test-uuid","test-json","test-uuid"]})";
    expected = kBoth;
  }
  SUBCASE("format 1 with a list") {
    text = "{\"format\":1,\"features\":[\"test-uuid\"]}\n";
    expected = kUuid;
  }
  SUBCASE("a feature that is needed is taken out") {
    it.run({"CREATE TABLE u (id uuid)"});
    text = kPlain;
    expected = kUuid;
  }
  SUBCASE("a feature that is needed is taken out, with a change of the table that needs it") {
    it.run({"CREATE TABLE u (id uuid)"});
    it.edit("public/u/table.sql", "id uuid", "key uuid");
    text = kPlain;
    expected = kUuid;
  }
  const std::string pushed = it.push("rowan.json", text);
  CHECK(eventually([&] { return git(it.db, "log -1 --format=%s main") == "normalise\n"; }));
  CHECK(it.named() == expected);
  CHECK(git(it.db, "rev-parse main~1").starts_with(pushed));
  CHECK(it.opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
  it.is_sound();
}

TEST_CASE("a table that is pushed with a form that needs a feature has it named") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY, n integer)", "CREATE TABLE u (id text)"});
  it.pull();
  it.edit("public/u/table.sql", "id text", "id uuid");
  it.push();
  CHECK(eventually([&] { return it.named() == kUuid; }));
  it.is_sound();
}

TEST_CASE("a feature that nothing needs goes only by hand") {
  World it;
  it.run({"CREATE TABLE u (id uuid)", "CREATE TABLE t (id integer PRIMARY KEY)", "DROP TABLE u"});
  CHECK(it.named() == kUuid);
  const std::string pushed = it.push("rowan.json", kPlain);
  CHECK(eventually([&] { return it.named() == kPlain; }));
  CHECK(git(it.db, "rev-parse main").starts_with(pushed));
  it.is_sound();
}

TEST_CASE("a rowan.json that names no format is not admitted") {
  World it;
  it.run({"CREATE TABLE t (id integer PRIMARY KEY)"});
  std::string text, state = "VC008", word;
  SUBCASE("no list") { text = "{\"format\":2}\n", word = "no list of features"; }
  SUBCASE("no names") { text = "{\"format\":2,\"features\":[1]}\n", word = "no list of features"; }
  SUBCASE("a list in a list") { text = R"({"format":2,"features":[["test-uuid"]]})", word = "no list"; }
  SUBCASE("a name that none can have") { text = R"({"format":2,"features":["Up"]})", word = "as none"; }
  SUBCASE("another field") {
    text = R"({"format":2,"features":["test-uuid"],"x":1})", word = "a field that format 2";
  }
  SUBCASE("more than anybody needs") {
    text = "{\"format\":1," + std::string(17000, ' ') + "\"x\":1}\n", word = "more than 16384 bytes";
  }
  SUBCASE("format 0") { text = "{\"format\":0}\n", word = "format 0"; }
  SUBCASE("too many") {
    for (int i = 0; i <= 64; ++i) text += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\"";
    text = "{\"format\":2,\"features\":[" + text + "]}\n", word = "more than 64";
  }
  SUBCASE("a newer format") { text = "{\"format\":3}\n", state = "VC007", word = "format 3"; }
  SUBCASE("a feature that nobody knows") {
    text = R"({"format":2,"features":["from-tomorrow"]})", state = "VC007";
    word = "\"from-tomorrow\"";
  }
  SUBCASE("a name that is reserved") {
    text = R"({"format":2,"features":["reserved-one"]})", state = "VC007";
    word = "\"reserved-one\" (a form to come)";
  }
  const std::string pushed = it.push("rowan.json", text);
  CHECK(eventually([&] {
    return it.opened.ask("SELECT sqlstate FROM rowan.foreign") == state + ";";
  }));
  const std::string reason = it.opened.ask("SELECT reason FROM rowan.foreign");
  INFO(reason);
  CHECK(reason.find(word) != std::string::npos);
  CHECK(it.named() == kPlain);
}

// What an older version wrote with a form that later got a feature: the newer one reads it as it
// is, says so, and names the feature when it is told to.
TEST_CASE("upgrade names what an older version could not name") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  const auto by_older = [&](const std::string& statement) {
    const Ended ended = run_rowan("sql '" + db.string() + "' -c \"" + statement + "\"");
    INFO(ended.output);
    REQUIRE(ended.code == 0);
  };
  CHECK(run_rowan("init '" + db.string() + "'").code == 0);
  by_older("CREATE TABLE t (id integer PRIMARY KEY); CREATE BRANCH plain; CREATE TABLE u (id uuid)");
  const auto named = [&](const std::string& branch) {
    return git(db, "cat-file blob " + branch + ":rowan.json");
  };
  {
    Opened opened(db);
    std::vector<std::string> notes;
    auto problems = opened.database().check(nullptr, &notes);
    REQUIRE(problems.ok());
    CHECK(problems->empty());
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("rowan upgrade puts that right") != std::string::npos);
    opened.execute("INSERT INTO u VALUES ('00000000-0000-0000-0000-000000000001')");
  }
  CHECK(named("main") == kPlain);
  const std::string tip = git(db, "rev-parse main");
  const auto would = engine::upgrade_repository(db, true);
  REQUIRE(would);
  REQUIRE(would->size() == 1);
  CHECK(would->front().branch == "main");
  CHECK(would->front().why.find("test-uuid (the type uuid)") != std::string::npos);
  CHECK(would->front().format + "\n" == kUuid);
  CHECK(git(db, "rev-parse main") == tip);
  const auto done = engine::upgrade_repository(db, false);
  REQUIRE(done);
  REQUIRE(done->size() == 1);
  CHECK(named("main") == kUuid);
  CHECK(named("plain") == kPlain);
  CHECK(git(db, "rev-parse main~1") == tip);
  CHECK(git(db, "rev-parse main").starts_with(done->front().commit.hex()));
  const auto again = engine::upgrade_repository(db, false);
  REQUIRE(again);
  CHECK(again->empty());
  Opened opened(db);
  CHECK(opened.ask("SELECT count(*) FROM u") == "1;");
}

TEST_CASE("the bytes of rowan.json") {
  using catalog::format_text;
  CHECK(format_text({}) == kPlain);
  CHECK(format_text({"b", "a"}) == "{\"format\":2,\"features\":[\"a\",\"b\"]}\n");
  for (const catalog::FeatureSet& set : {catalog::FeatureSet{}, {"test-uuid"}, {"test-json", "test-uuid"}})
    CHECK(*catalog::features_in(format_text(set)) == set);
}

}  // namespace rowan::git_testing
