// Stock git on a repository that Rowan wrote and closed: everything people do with a repository
// works on the data, leaves it whole, and Rowan goes on afterwards as if nothing had been.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

// A table of a few leaves, one without a primary key, a value out of line, a second branch.
void fill(const fs::path& path) {
  Opened opened(path);
  opened.execute(
      "CREATE TABLE city (id integer PRIMARY KEY, name text NOT NULL, size numeric(12,2))");
  opened.execute(
      "INSERT INTO city SELECT n, 'city number ' || n, n * 1.25 FROM generate_series(1, 600) AS "
      "g(n)");
  opened.execute("CREATE TABLE note (text text)");
  opened.execute("INSERT INTO note VALUES ('twice'), ('twice'), (NULL)");
  opened.execute("CREATE TABLE page (id integer PRIMARY KEY, body text)");
  opened.execute("INSERT INTO page VALUES (1, '" + std::string(20'000, 'x') + "')");
  opened.execute("CREATE BRANCH draft");
  opened.execute("UPDATE city SET name = 'Ada''s city' WHERE id = 300");
  const auto draft = opened.connect("draft");
  Opened::execute(*draft, "DELETE FROM city WHERE id = 7");
}

std::string everything(Opened& opened) {
  return opened.ask("SELECT * FROM city ORDER BY id") +
         opened.ask("SELECT text FROM note ORDER BY text") +
         opened.ask("SELECT id, length(body) FROM page") +
         opened.ask("SELECT count(*) FROM city AS OF 'draft'");
}

std::string everything(const fs::path& path) {
  Opened opened(path);
  return everything(opened);
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("a changed row is one removed and one added line") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string shown = git(db, "show --format= --unified=0 main");
  CHECK(shown.find("\n-[300,\"city number 300\",375.00]\n+[300,\"Ada's city\",375.00]\n") !=
        std::string::npos);
  CHECK(count_of(shown, "\n-[") == 1);
  CHECK(count_of(shown, "\n+[") == 1);
  CHECK(count_of(shown, "diff --git") == 1);

  const std::string between = git(db, "diff --unified=0 main draft");
  CHECK(count_of(between, "\n-[7,") == 1);
  CHECK(count_of(between, "\n+[300,\"city number 300\"") == 1);

  const std::string log = git(db, "log -p --stat main");
  CHECK(log.find("Ada Test <ada@example.org>") != std::string::npos);
  CHECK(log.find("UPDATE city SET name = $1 WHERE id = $2") != std::string::npos);

  const std::string leaf = git(db, "diff --name-only main~1 main");
  const std::string blamed =
      git(db, "blame -s --abbrev=8 main -- '" + leaf.substr(0, leaf.find('\n')) + "'");
  CHECK(count_of(blamed, git(db, "rev-parse --short=9 main").substr(0, 9)) ==
        1);  // The changed line alone.
  check_clean(db);
}

TEST_CASE("clones, bundles and tags carry the data") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string before = everything(db);
  git(db, "tag -a -m 'first release' v1 main");
  must("git clone -q '" + db.string() + "' '" + (scratch / "work").string() + "'");
  CHECK(read_file(scratch / "work" / "rowan.json") == "{\"format\":1}\n");
  CHECK(git(scratch / "work", "status --porcelain").empty());
  CHECK(git(scratch / "work", "for-each-ref refs/remotes/origin/draft") != "");

  git(db, "bundle create '" + (scratch / "db.bundle").string() + "' --all");
  git(db, "bundle verify '" + (scratch / "db.bundle").string() + "'");
  for (const fs::path& source : {db, scratch / "db.bundle"}) {
    const fs::path copy = scratch / ("copy of " + source.filename().string());
    must("git clone -q --bare '" + source.string() + "' '" + copy.string() + "'");
    CHECK(everything(copy) == before);  // A bare clone is a repository of Rowan's at once.
    check_clean(copy);
  }
  CHECK(everything(db) == before);
  Opened opened(db);
  CHECK(opened.ask("SELECT count(*) FROM city AS OF 'v1'") == "600;");
}

TEST_CASE("git's own upkeep changes no row") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string before = everything(db);
  int next = 1000;
  for (const char* upkeep :
       {"gc -q", "repack -q -adf", "gc -q --prune=now --aggressive", "pack-refs --all",
        "repack -q -adf --write-bitmap-index", "prune-packed"}) {
    CAPTURE(upkeep);
    git(db, upkeep);
    Opened opened(db);
    const std::string id = std::to_string(next++);
    CHECK(opened.ask("SELECT count(*) FROM city WHERE id < 1000") == "600;");
    opened.execute("INSERT INTO city VALUES (" + id + ", 'after git " + upkeep + "', 1)");
    CHECK(opened.ask("SELECT name FROM city WHERE id = " + id) ==
          "after git " + std::string(upkeep) + ";");
  }
  check_clean(db);
  Opened(db).execute("DELETE FROM city WHERE id >= 1000");
  CHECK(everything(db) == before);
  check_clean(db);
}

TEST_CASE("rowan check names a commit that a hand made, as a problem where its rows do not read") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  check_clean(db);
  const fs::path work = scratch / "work";
  must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  const std::string leaf =
      must("cd '" + work.string() +
           "' && ls public/city/rows/*.jsonl public/city/rows/*/*.jsonl 2>/dev/null | sed -n 1p");
  const fs::path file = work / leaf.substr(0, leaf.find('\n'));
  std::string text = read_file(file);
  SUBCASE("a line with a space") { text.replace(text.find(','), 1, ", "); }
  SUBCASE("lines out of order") {
    const size_t end = text.find('\n') + 1;
    text = text.substr(end) + text.substr(0, end);
  }
  SUBCASE("two leaves in one") {
    const std::string second =
        must("cd '" + work.string() +
             "' && ls public/city/rows/*.jsonl public/city/rows/*/*.jsonl 2>/dev/null | sed -n 2p");
    const fs::path next = work / second.substr(0, second.find('\n'));
    text += read_file(next);
    fs::remove(next);
  }
  bool usable = true;
  SUBCASE("a value of another type") {
    text.replace(text.find(",\"city"), 1, ",7,");
    usable = false;
  }
  SUBCASE("a definition in other words") {
    const fs::path definition = work / "public" / "note" / "table.sql";
    write_file(definition, "-- notes\n" + read_file(definition));
  }
  write_file(file, text);
  git(work, "add -A");
  git(work, "commit -qm 'by hand'");
  git(work, "push -q origin main");
  const Ended checked = run_rowan("check '" + db.string() + "'");
  CAPTURE(checked.output);
  CHECK((checked.code == 0) == usable);
  const std::string pushed = git(db, "rev-parse refs/heads/main");
  CHECK(checked.output.find(pushed.substr(0, 12)) != std::string::npos);

  // An open for writing verifies what came while nobody had the repository open: edits are brought
  // into canonical form by a commit of their own, content that breaks its definition is parked and
  // the branch set back.
  const Ended used = run_rowan("sql '" + db.string() + "' -c 'SELECT count(*) FROM city'");
  CAPTURE(used.output);
  if (usable) {
    CHECK(used.code == 0);
    CHECK(git(db, "rev-parse refs/heads/main^") == pushed);
  } else {
    CHECK(used.code == 0);
    CHECK(git(db, "rev-parse refs/heads/main") ==
          git(db, "rev-parse " + pushed.substr(0, 40) + "^"));
    CHECK(git(db, "rev-parse refs/rowan/foreign/main/" + pushed) == pushed);
  }
  check_clean(db);
}

}  // namespace rowan::git_testing
