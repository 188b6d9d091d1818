// Commits that come in by git push while the engine runs: good ones are taken over and readable at
// once, bad ones are kept aside, and nothing stops.
#include <algorithm>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// An open repository with a table of some leaves, and a working tree of stock git's beside it.
class Pushing {
 public:
  Pushing() : db(scratch / "db"), work(scratch / "work"), opened(db) {
    opened.execute("CREATE TABLE city (id integer PRIMARY KEY, name text NOT NULL, size integer)");
    opened.execute(
        "INSERT INTO city SELECT n, 'city number ' || n, n FROM generate_series(1, 500) AS g(n)");
    opened.execute("CREATE TABLE note (text text)");
    opened.execute("INSERT INTO note VALUES ('one'), ('two'), ('two'), ('three')");
    opened.checkpoint();
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  }

  // The first leaf of the table.
  fs::path leaf(const std::string& table = "city") const {
    const std::string found = must("cd '" + work.string() + "/public/" + table +
                                   "/rows' && ls *.jsonl */*.jsonl 2>/dev/null | sed -n 1p");
    return work / "public" / table / "rows" / found.substr(0, found.find('\n'));
  }
  void replace(const fs::path& file, const std::string& from, const std::string& to) const {
    std::string text = read_file(file);
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write_file(file, text.replace(at, from.size(), to));
  }
  // Commits everything and pushes it to `branch`; gives the commit's id.
  std::string push(const std::string& options = "", const std::string& branch = "main") const {
    git(work, "add -A");
    git(work, "commit -qm 'by hand'");
    git(work, "push -q " + options + " origin HEAD:refs/heads/" + branch);
    return git(work, "rev-parse HEAD").substr(0, 40);
  }

  std::string tip(const std::string& branch = "main") const {
    return run("git -C '" + db.string() + "' rev-parse -q --verify refs/heads/" + branch)
        .output.substr(0, 40);
  }
  std::string parked() {
    return opened.ask("SELECT branch, commit FROM rowan.foreign ORDER BY commit");
  }
  std::string sum() { return opened.ask("SELECT count(*), sum(size) FROM city"); }

  void check_taken(const std::string& commit) {
    INFO(commit);
    CHECK(eventually([&] {
      return opened.ask("SELECT \"commit\" FROM rowan.log").find(commit + ";") != std::string::npos;
    }));
    CHECK(eventually([&] { return parked().empty(); }));
    goes_on();
  }
  void check_parked(const std::string& commit, const std::string& ours,
                    const std::string& branch = "main") {
    CHECK(eventually([&] { return tip(branch) == ours; }));
    CHECK(parked().find(branch + "|" + commit + ";") != std::string::npos);
    CHECK(git(db, "rev-parse refs/rowan/foreign/" + branch + "/" + commit).starts_with(commit));
    goes_on();
  }
  // The engine answers and writes; afterwards all is clean.
  void goes_on() {
    opened.execute("INSERT INTO city VALUES (9999, 'still here', 1)");
    CHECK(opened.ask("SELECT name FROM city WHERE id = 9999") == "still here;");
    opened.execute("DELETE FROM city WHERE id = 9999");
    opened.checkpoint();
    check_clean(db);
  }

  const Scratch scratch;
  const fs::path db;
  const fs::path work;
  Opened opened;
};

}  // namespace

TEST_CASE("a commit of another Rowan is taken over as it is") {
  Pushing it;
  const fs::path copy = it.scratch / "copy";
  must("git clone -q --bare '" + it.db.string() + "' '" + copy.string() + "'");
  {
    Opened other(copy);
    other.execute("UPDATE city SET size = size + 1000 WHERE id BETWEEN 100 AND 109");
    other.execute("INSERT INTO note VALUES ('two')");
    other.execute("CREATE TABLE added (id integer PRIMARY KEY)");
    other.execute("INSERT INTO added VALUES (1)");
  }
  git(copy, "push -q '" + it.db.string() + "' main");
  const std::string commit = git(copy, "rev-parse main").substr(0, 40);
  CHECK(eventually([&] { return it.sum() == "500|135250;"; }));
  CHECK(it.opened.ask("SELECT count(*) FROM added") == "1;");
  CHECK(it.opened.ask("SELECT count(*) FROM note WHERE text = 'two'") == "3;");
  CHECK(it.tip() == commit);
  it.check_taken(commit);
}

TEST_CASE("a new branch is taken over") {
  Pushing it;
  it.replace(it.leaf(), "\"city number 1\"", "\"Turin\"");
  const std::string commit = it.push("", "proposal");
  CHECK(eventually([&] {
    return it.opened.ask("SELECT name FROM city AS OF 'proposal' WHERE id = 1") == "Turin;";
  }));
  CHECK(it.parked().empty());
  const auto session = it.opened.connect("proposal");
  Opened::execute(*session, "UPDATE city SET name = 'Milan' WHERE id = 1");
  CHECK(it.opened.ask("SELECT name FROM city WHERE id = 1") == "city number 1;");
  it.goes_on();
}

TEST_CASE("an edit by hand is as good as a statement") {
  Pushing it;
  std::string expected;
  SUBCASE("canonical at once") { it.replace(it.leaf(), "number 3\",3]", "number 3\",8]"); }
  SUBCASE("with blanks, escapes and Windows line ends") {
    it.replace(it.leaf(), "[3,\"city number 3\",3]\n",
               "[ 3 ,\t\"city \\u006eumber\\u00203\", 8 ]\r\n\n");
  }
  SUBCASE("a row in the wrong place") {
    it.replace(it.leaf(), "[3,\"city number 3\",3]\n", "");
    it.replace(it.leaf(), "[6,\"city number 6\",6]\n",
               "[6,\"city number 6\",6]\n[3,\"city number 3\",8]\n");
  }
  SUBCASE("no newline at the end") {
    it.replace(it.leaf(), "number 3\",3]", "number 3\",8]");
    std::string text = read_file(it.leaf());
    text.pop_back();
    write_file(it.leaf(), text);
  }
  SUBCASE("rows of all lengths, so that leaves end elsewhere") {
    it.replace(it.leaf(), "number 3\",3]", "number 3\",8]");
    for (int id = 4; id < 30; ++id) {
      const std::string name = "city number " + std::to_string(id) + "\"";
      it.replace(it.leaf(), name, std::string(1 + id * 37 % 300, 'x') + name);
    }
  }
  const std::string commit = it.push();
  CHECK(eventually([&] {
    return it.opened.ask("SELECT name, size FROM city WHERE id = 3") == "city number 3|8;";
  }));
  CHECK(it.sum() == "500|125255;");
  it.check_taken(commit);
  CHECK(git(it.db, "merge-base --is-ancestor " + commit + " main").empty());
}

TEST_CASE("several commits by hand in one push") {
  Pushing it;
  it.replace(it.leaf(), "[3,", "[ 3 ,");
  git(it.work, "commit -qam 'one of two'");
  it.replace(it.leaf(), "[ 3 ,", "[  3,");
  it.replace(it.leaf(), "number 3\",3]", "number 3\",8]");
  const std::string commit = it.push();
  CHECK(eventually([&] { return it.sum() == "500|125255;"; }));
  it.check_taken(commit);
}

TEST_CASE("rows without a primary key by hand") {
  Pushing it;
  const fs::path file = it.leaf("note");
  write_file(file, read_file(file) + "[1,\"four\"]\n[1,\"two\"]\n");
  const std::string commit = it.push();
  CHECK(eventually([&] {
    return it.opened.ask("SELECT text, count(*) FROM note GROUP BY text ORDER BY text") ==
           "four|1;one|1;three|1;two|3;";
  }));
  it.check_taken(commit);
}

TEST_CASE("a definition by hand") {
  Pushing it;
  fs::create_directories(it.work / "public" / "made");
  write_file(it.work / "public" / "made" / "table.sql",
             "create table made (id int primary key, n numeric(5,1));\n");
  fs::create_directories(it.work / "public" / "made" / "rows");
  write_file(it.work / "public" / "made" / "rows" / "0.jsonl", "[2, 0.5]\n[1, 10.0]\n");
  const std::string commit = it.push();
  CHECK(eventually(
      [&] { return it.opened.ask("SELECT * FROM made ORDER BY id") == "1|10.0;2|0.5;"; }));
  it.check_taken(commit);
}

TEST_CASE("definitions of every kind by hand") {
  Pushing it;
  const fs::path schema = it.work / "public";
  for (const char* folder : {"made", "made_5fseq", "big", "known"})
    fs::create_directories(schema / folder);
  write_file(schema / "made" / "table.sql",
             "create table made (id int primary key default nextval('made_seq'), n int check "
             "(made.n > 0) references city (id), index by_n (n)) merge rule newest;\n");
  write_file(schema / "made_5fseq" / "sequence.json", "{ \"increment\" : 2,\n \"last\": 5 }\n");
  write_file(schema / "big" / "view.sql",
             "create view big (id) as select city.id from city where size > 498;\n");
  write_file(schema / "known" / "matview.sql",
             "create materialized view known (name text, n bigint) as select name, count(*) from "
             "city group by name;\n");
  fs::create_directories(schema / "known" / "rows");
  write_file(schema / "known" / "rows" / "0.jsonl", "[1,\"a\",5]\n[1, \"a\",5]\n");
  const std::string commit = it.push();
  it.check_taken(commit);
  it.opened.execute("INSERT INTO made (n) VALUES (3)");
  CHECK(it.opened.ask("SELECT * FROM made") == "7|3;");
  it.opened.checkpoint();
  const auto text = [&](const std::string& file) { return git(it.db, "show main:public/" + file); };
  CHECK(text("made/table.sql") ==
        "CREATE TABLE public.made (\n  id integer NOT NULL DEFAULT nextval('public.made_seq') SLOT "
        "0 ID 35c03189,\n  n integer SLOT 1 ID d775d83b,\n"
        "  PRIMARY KEY (id),\n  CHECK (n > 0),\n  FOREIGN KEY (n) REFERENCES public.city (id),\n  "
        "INDEX by_n (n)\n) MERGE RULE newest;\n");
  CHECK(text("made_5fseq/sequence.json")
            .starts_with("{\"type\":\"bigint\",\"start\":1,\"increment\":2,\"min\":1,"));
  CHECK(text("big/view.sql") ==
        "CREATE VIEW public.big (id) AS SELECT city.id FROM public.city WHERE size > 498;\n");
  CHECK(text("known/matview.sql")
            .starts_with("CREATE MATERIALIZED VIEW public.known (\n  name text SLOT 0 ID "));
  CHECK(text("known/rows/0.jsonl") == "[2,\"a\",5]\n");
}

TEST_CASE("broken content is kept aside") {
  Pushing it;
  const std::string ours = it.tip();
  const fs::path table = it.work / "public" / "city";
  const std::vector<std::pair<std::string, std::function<void()>>> breaks = {
      {"a line that is no JSON", [&] { it.replace(it.leaf(), "[3,", "[3"); }},
      {"conflict marks", [&] { it.replace(it.leaf(), "[3,", "<<<<<<< ours\n[3,"); }},
      {"a key twice",
       [&] {
         it.replace(it.leaf(), "[3,\"city number 3\",3]\n",
                    "[3,\"city number 3\",3]\n[3,\"other\",4]\n");
       }},
      {"a key twice in two leaves",
       [&] { write_file(it.leaf(), read_file(it.leaf()) + "[499,\"other\",4]\n"); }},
      {"a value of another type",
       [&] { it.replace(it.leaf(), "number 3\",3]", "number 3\",\"three\"]"); }},
      {"a number out of range",
       [&] { it.replace(it.leaf(), "number 3\",3]", "number 3\",3000000000]"); }},
      {"NULL where none may be", [&] { it.replace(it.leaf(), "\"city number 3\"", "null"); }},
      {"too many columns", [&] { it.replace(it.leaf(), "number 3\",3]", "number 3\",3,4]"); }},
      {"bytes that are no text", [&] { it.replace(it.leaf(), "number 3\"", "number \xff\xfe\""); }},
      {"a large value that is not there",
       [&] {
         it.replace(it.leaf(), "\"city number 3\"",
                    "{\"large\":\"0123456789012345678901234567890123456789\",\"bytes\":9000}");
       }},
      {"a value that belongs out of line",
       [&] { it.replace(it.leaf(), "number 3\"", std::string(9000, 'x') + "\""); }},
      {"a value of two megabytes",
       [&] { it.replace(it.leaf(), "number 3\"", std::string(2u << 20, 'x') + "\""); }},
      {"a file whose name a schema could have", [&] { write_file(it.work / "readme", "hello\n"); }},
      {"a folder whose name a schema could have",
       [&] {
         fs::create_directories(it.work / "docs");
         write_file(it.work / "docs" / "guide.md", "hello\n");
       }},
      {"a file beside the rows", [&] { write_file(table / "rows" / "notes.txt", "hello\n"); }},
      {"a file beside the table", [&] { write_file(table / "notes.txt", "hello\n"); }},
      {"a folder whose name stands for nothing",
       [&] {
         fs::create_directories(it.work / "public" / "City");
         fs::copy_file(table / "table.sql", it.work / "public" / "City" / "table.sql");
       }},
      {"a definition that is no SQL",
       [&] { write_file(table / "table.sql", "CREATE TABLE city (id integer PRIMARY\n"); }},
      {"a definition of another table", [&] { it.replace(table / "table.sql", "city", "town"); }},
      {"a statement that is no definition",
       [&] { write_file(table / "table.sql", "DROP TABLE city;\n"); }},
      {"a definition that its rows do not fit",
       [&] { it.replace(table / "table.sql", "name text", "name integer"); }},
      {"a schema without its file", [&] { fs::remove(it.work / "public" / "schema.sql"); }},
      {"no rowan.json", [&] { fs::remove(it.work / "rowan.json"); }},
      {"a newer format", [&] { write_file(it.work / "rowan.json", "{\"format\":3}\n"); }},
      {"a symbolic link",
       [&] {
         const fs::path leaf = it.leaf();
         fs::remove(leaf);
         fs::create_symlink("/etc/passwd", leaf);
       }},
      {"a leaf that may be executed", [&] { fs::permissions(it.leaf(), fs::perms::owner_all); }},
      {"an empty tree", [&] { must("cd '" + it.work.string() + "' && git rm -rq ."); }},
      {"a sequence that is no JSON",
       [&] {
         fs::create_directories(it.work / "public" / "s");
         write_file(it.work / "public" / "s" / "sequence.json", "last: 5\n");
       }},
      {"a sequence that stands still",
       [&] {
         fs::create_directories(it.work / "public" / "s");
         write_file(it.work / "public" / "s" / "sequence.json", "{\"increment\":0}\n");
       }},
      {"a view that is no query",
       [&] {
         fs::create_directories(it.work / "public" / "v");
         write_file(it.work / "public" / "v" / "view.sql",
                    "create view v (a) as drop table city;\n");
       }},
      {"a view that does not say its columns",
       [&] {
         fs::create_directories(it.work / "public" / "v");
         write_file(it.work / "public" / "v" / "view.sql",
                    "create view v as select * from city;\n");
       }},
      {"a view of what is not there",
       [&] {
         fs::create_directories(it.work / "public" / "v");
         write_file(it.work / "public" / "v" / "view.sql",
                    "create view v (a) as select a from nowhere;\n");
       }},
      {"a materialised view without types",
       [&] {
         fs::create_directories(it.work / "public" / "v");
         write_file(it.work / "public" / "v" / "matview.sql",
                    "create materialized view v (a) as select 1;\n");
       }},
      {"two definitions in one folder", [&] { write_file(table / "sequence.json", "{}\n"); }},
      {"rows of a sequence",
       [&] {
         fs::create_directories(it.work / "public" / "s" / "rows");
         write_file(it.work / "public" / "s" / "sequence.json", "{}\n");
         write_file(it.work / "public" / "s" / "rows" / "0.jsonl", "[1]\n");
       }},
      {"a check of a column that is not there",
       [&] { it.replace(table / "table.sql", "\n);", ",\n  CHECK (nope > 1)\n);"); }},
      {"a foreign key to nowhere",
       [&] {
         it.replace(table / "table.sql", "\n);",
                    ",\n  FOREIGN KEY (size) REFERENCES public.nowhere (id)\n);");
       }},
      {"a foreign key to columns that are no key",
       [&] {
         it.replace(table / "table.sql", "\n);",
                    ",\n  FOREIGN KEY (size) REFERENCES public.city (size)\n);");
       }},
      {"a table that others refer to goes",
       [&] {
         write_file(it.work / "public" / "note" / "table.sql",
                    "create table note (text text, c int references city (id));\n");
         must("rm -r '" + table.string() + "'");
       }},
      {"a folder full of levels",
       [&] {
         fs::path deep = table / "rows";
         for (int i = 0; i < 40; ++i) deep /= "d";
         fs::create_directories(deep);
         write_file(deep / "0.jsonl", "[1000,\"deep\",1]\n");
       }},
  };
  for (const auto& [name, spoil] : breaks) {
    CAPTURE(name);
    spoil();
    const std::string commit = it.push("-f");
    CHECK(
        eventually([&] { return it.parked().find("main|" + commit + ";") != std::string::npos; }));
    CHECK(eventually([&] { return it.tip() == ours; }));
    CHECK(it.sum() == "500|125250;");
    git(it.work, "reset -q --hard " + ours);
    git(it.work, "clean -qfd");
  }
  CHECK(it.opened.ask("SELECT count(*) FROM rowan.foreign") == std::to_string(breaks.size()) + ";");
  it.goes_on();
}

TEST_CASE("trees that no git would write are kept aside") {
  Pushing it;
  const std::string ours = it.tip();
  const std::string blob = git(it.db, "rev-parse main:rowan.json").substr(0, 40);
  std::string raw;
  for (size_t i = 0; i < blob.size(); i += 2)
    raw += static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16));
  const auto entry = [&](const std::string& name) {
    return "100644 " + name + std::string(1, '\0') + raw;
  };
  const std::string format = entry("rowan.json");
  const std::vector<std::string> trees = {
      entry("..") + format,   entry(".") + format,
      entry(".git") + format, entry("a/b") + format,
      entry("") + format,     format + format,
      format + entry("a"),    format + "100644 z",
      format.substr(0, 20),   "160000 m" + std::string(1, '\0') + raw + format};
  for (size_t i = 0; i < trees.size(); ++i) {
    CAPTURE(i);
    write_file(it.scratch / "tree", trees[i]);
    const std::string tree =
        git(it.db, "hash-object -t tree -w --literally '" + (it.scratch / "tree").string() + "'")
            .substr(0, 40);
    write_file(it.scratch / "commit",
               "tree " + tree + "\nparent " + ours +
                   "\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nodd\n");
    const std::string commit = git(it.db, "hash-object -t commit -w --literally '" +
                                              (it.scratch / "commit").string() + "'")
                                   .substr(0, 40);
    git(it.db, "update-ref refs/heads/main " + commit);
    CHECK(
        eventually([&] { return it.parked().find("main|" + commit + ";") != std::string::npos; }));
    CHECK(eventually([&] { return it.tip() == ours; }));
    CHECK(it.sum() == "500|125250;");
  }
  // git's own fsck would complain about what is kept aside; dropping it leaves a clean repository.
  it.opened.checkpoint();
  must("cd '" + it.db.string() +
       "' && rm -rf logs && for r in $(git for-each-ref --format='%(refname)' refs/rowan/foreign); "
       "do git update-ref -d $r; done && git gc -q --prune=now");
  CHECK(eventually([&] { return it.parked().empty(); }));
  it.goes_on();
}

TEST_CASE("stock git refuses a push of trees that fsck would report") {
  Pushing it;
  const std::string ours = it.tip();
  const std::string tree = must("cd '" + it.work.string() +
                                "' && { git ls-tree HEAD; git ls-tree HEAD rowan.json | sed "
                                "'s/rowan.json/.GIT/'; } | git mktree")
                               .substr(0, 40);
  const std::string commit = git(it.work, "commit-tree -p HEAD -m odd " + tree).substr(0, 40);
  CHECK(
      run("git -C '" + it.work.string() + "' push -q origin " + commit + ":refs/heads/main").code !=
      0);
  CHECK(it.tip() == ours);
  CHECK(it.parked().empty());
  it.goes_on();
}

TEST_CASE("rewinds, other histories and deletions are set back") {
  Pushing it;
  const std::string ours = it.tip();
  SUBCASE("a rewind") {
    git(it.work, "reset -q --hard HEAD~1");
    git(it.work, "push -q -f origin main");
    it.check_parked(git(it.work, "rev-parse HEAD").substr(0, 40), ours);
  }
  SUBCASE("an amended commit") {
    it.replace(it.leaf(), "number 3\",3]", "number 3\",8]");
    git(it.work, "commit -qa --amend -m other");
    git(it.work, "push -q -f origin main");
    it.check_parked(git(it.work, "rev-parse HEAD").substr(0, 40), ours);
  }
  SUBCASE("a history of its own") {
    git(it.work, "checkout -q --orphan lone");
    const std::string commit = it.push("-f");
    it.check_parked(commit, ours);
  }
  SUBCASE("no commit at all") {
    const std::string blob = git(it.work, "rev-parse HEAD:rowan.json").substr(0, 40);
    write_file(it.db / "refs" / "heads" / "main",
               blob + "\n");  // No git would do it; a script might.
    it.check_parked(blob, ours);
  }
  SUBCASE("a deletion") {
    it.opened.execute("CREATE BRANCH draft");
    it.opened.checkpoint();
    git(it.work, "push -q origin :draft");
    CHECK(eventually([&] { return it.tip("draft") == ours; }));
    git(it.db, "update-ref -d refs/heads/main");
    CHECK(eventually([&] { return it.tip() == ours; }));
    CHECK(it.opened.ask("SELECT count(*) FROM rowan.branches") == "2;");
    it.goes_on();
  }
  SUBCASE("newer commits here") {
    it.replace(it.leaf(), "number 3\",3]", "number 3\",8]");
    git(it.work, "commit -qam 'by hand'");
    it.opened.execute("UPDATE city SET size = 509 - size WHERE id IN (254, 255)");
    it.opened.checkpoint();
    const std::string newer = it.tip();
    git(it.work, "push -q -f origin main");
    it.check_parked(git(it.work, "rev-parse HEAD").substr(0, 40), newer);
  }
  CHECK(it.sum() == "500|125250;");
}

TEST_CASE("a tag comes in, a working branch of a push may be read by name while parked") {
  Pushing it;
  git(it.work, "tag -a -m release v1");
  git(it.work, "push -q origin v1");
  CHECK(
      eventually([&] { return it.opened.ask("SELECT count(*) FROM city AS OF 'v1'") == "500;"; }));
  git(it.work, "reset -q --hard HEAD~3");
  git(it.work, "push -q -f origin main");
  const std::string commit = git(it.work, "rev-parse HEAD").substr(0, 40);
  it.check_parked(commit, git(it.work, "rev-parse v1^{commit}").substr(0, 40));
  CHECK(it.opened.ask("SELECT count(*) FROM city AS OF 'refs/rowan/foreign/main/" + commit + "'") ==
        "0;");
}

TEST_CASE("pushes beside writers: each is taken over or kept aside, and no row of ours goes") {
  Pushing it;
  std::thread writer([&] {
    const auto session = it.opened.connect();
    for (int n = 0; n < 300; ++n)
      Opened::execute(*session,
                      "INSERT INTO city VALUES (" + std::to_string(10'000 + n) + ", 'mine', 0)");
  });
  std::vector<std::string> pushed;
  for (int n = 0; n < 6; ++n) {
    git(it.work, "fetch -q origin");
    git(it.work, "reset -q --hard origin/main");
    it.replace(it.leaf(), "[1,\"", "[1,\"" + std::string(1, static_cast<char>('a' + n)));
    git(it.work, "commit -qam 'by hand'");
    if (run("git -C '" + it.work.string() + "' push -q origin main").code == 0)
      pushed.push_back(git(it.work, "rev-parse HEAD").substr(0, 40));
  }
  writer.join();
  it.opened.checkpoint();
  CHECK(it.opened.ask("SELECT count(*) FROM city WHERE name = 'mine'") == "300;");
  for (const std::string& commit : pushed) {
    CHECK(eventually([&] {
      return it.opened.ask("SELECT \"commit\" FROM rowan.log").find(commit) != std::string::npos ||
             it.parked().find(commit) != std::string::npos;
    }));
  }
  it.goes_on();
}

}  // namespace rowan::git_testing
