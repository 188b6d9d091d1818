// Small objects that unfold to something huge: a folder that holds another one many times, which
// holds another one many times. Whatever branch, tag or history leads to them, the repository opens,
// is checked and answers at once, and the branch's tip is parked with a reason.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

constexpr double kSecondsMax = 5;

class Hostile {
 public:
  Hostile() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text)");
      opened.execute("INSERT INTO t SELECT n, 'value ' || n FROM generate_series(1, 1000) AS g(n)");
      opened.execute("CREATE TABLE keyless (v text)");
      opened.execute("INSERT INTO keyless VALUES ('one'), ('one'), ('two')");
    }
    must("git clone -q --no-hardlinks '" + db.string() + "' '" + work.string() + "'");
  }

  std::string blob(const std::string& text) const {
    write_file(scratch / "blob", text);
    return git(work, "hash-object -w '" + (scratch / "blob").string() + "'").substr(0, 40);
  }
  std::string tree(const std::string& entries) const {
    write_file(scratch / "entries", entries);
    return must("git -C '" + work.string() + "' mktree --missing < '" + (scratch / "entries").string() + "'").substr(0, 40);
  }
  // `width` folders of one id in a folder, that many times below each other, with `leaf` at the end.
  std::string unfolding(const std::string& leaf, const std::string& leaf_name, int depth, int width) const {
    std::string id = tree("100644 blob " + leaf + "\t" + leaf_name + "\n");
    for (int level = 1; level < depth; ++level) {
      std::string entries;
      for (int i = 0; i < width; ++i) entries += "040000 tree " + id + "\t" + std::to_string(100 + i) + "\n";
      id = tree(entries);
    }
    return id;
  }
  // The repository's tree with another one at `path`, as a commit on top of main.
  std::string commit_with(const std::string& path, const std::string& id) const {
    git(work, "read-tree origin/main");
    run("git -C '" + work.string() + "' rm -rq --cached '" + path + "'");
    git(work, "read-tree --prefix='" + path + "' " + id);
    const std::string root = git(work, "write-tree --missing-ok").substr(0, 40);
    return commit(root);
  }
  std::string commit(const std::string& root, const std::string& parent = "origin/main") const {
    return git(work, "commit-tree -m 'by hand' -p " + parent + " " + root).substr(0, 40);
  }
  // The tree `id` at a path of three parts, without the index, which would unfold it.
  std::string commit_deep(const std::string& schema, const std::string& table, const std::string& part,
                          const std::string& id) const {
    const std::string object = with_entry("origin/main:" + schema + "/" + table, part, id);
    const std::string folder = with_entry("origin/main:" + schema, table, object);
    return commit(with_entry("origin/main", schema, folder));
  }
  std::string with_entry(const std::string& of, const std::string& name, const std::string& id) const {
    std::string entries = run("git -C '" + work.string() + "' ls-tree " + of + " | grep -v '\t" + name + "$'").output;
    return tree(entries + "040000 tree " + id + "\t" + name + "\n");
  }
  void push(const std::string& commit, const std::string& ref) const {
    git(work, "push -q '" + db.string() + "' " + commit + ":" + ref);
  }

  const Scratch scratch;
  const fs::path db;
  const fs::path work;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Whatever came, main is as it was, and quickly so.
void check_quick(const Hostile& it, const std::string& branch, const std::string& commit) {
  std::unique_ptr<Opened> opened;
  CHECK(seconds_of([&] { opened = std::make_unique<Opened>(it.db); }) < kSecondsMax);
  CHECK(seconds_of([&] { CHECK(opened->ask("SELECT count(*) FROM t") == "1000;"); }) < kSecondsMax);
  if (!branch.empty()) {
    const std::string found = opened->ask("SELECT sqlstate FROM rowan.foreign WHERE branch = '" + branch +
                                          "' AND \"commit\" = '" + commit + "'");
    CHECK((found == "VC008;" || found == "54000;"));
    MESSAGE(opened->ask("SELECT file, reason FROM rowan.foreign WHERE branch = '" + branch + "'"));
  }
  std::string answer;
  CHECK(seconds_of([&] { answer = opened->ask("SELECT count(*) FROM t AS OF '" + commit + "'"); }) < kSecondsMax);
  MESSAGE(answer);
  CHECK(seconds_of([&] { opened->ask("SELECT count(*) FROM rowan.diff_rows('main', '" + commit + "')"); }) < kSecondsMax);
  CHECK(seconds_of([&] { opened->ask("SELECT path FROM rowan.files AS OF '" + commit + "' LIMIT 1"); }) < kSecondsMax);
  CHECK(seconds_of([&] { opened->ask("CREATE BRANCH taken FROM '" + commit + "'"); }) < kSecondsMax);
  opened->execute("INSERT INTO t VALUES (100000, 'still here')");
  opened->execute("DELETE FROM t WHERE id = 100000");
  opened.reset();
  CHECK(seconds_of([&] { run_rowan("check '" + it.db.string() + "'"); }) < kSecondsMax);
}

}  // namespace

TEST_CASE("rows that unfold") {
  const Hostile it;
  const std::string leaf = it.blob("[1,\"x\"]\n");
  const std::string commit = it.commit_deep("public", "t", "rows", it.unfolding(leaf, "0.jsonl", 12, 10));
  SUBCASE("on main") {
    it.push(commit, "refs/heads/main");
    check_quick(it, "main", commit);
  }
  SUBCASE("on another branch") {
    it.push(commit, "refs/heads/other");
    check_quick(it, "other", commit);
  }
  SUBCASE("on many branches") {
    for (int i = 0; i < 20; ++i) it.push(commit, "refs/heads/b" + std::to_string(i));
    check_quick(it, "b7", commit);
  }
  SUBCASE("by a tag") {
    it.push(commit, "refs/tags/v1");
    check_quick(it, "", commit);
  }
  SUBCASE("below a tip that is well") {
    const std::string well = it.commit("origin/main^{tree}", commit);
    it.push(well, "refs/heads/main");
    check_quick(it, "", commit);
  }
  SUBCASE("while the repository is open") {
    Opened opened(it.db);
    it.push(commit, "refs/heads/other");
    CHECK(eventually([&] { return opened.ask("SELECT count(*) FROM rowan.foreign WHERE reason LIKE '%twice%'") == "1;"; }));
  }
}

TEST_CASE("one of 200 branches unfolds, and nobody uses it") {
  const Hostile it;
  const std::string leaf = it.blob("[1,\"x\"]\n");
  const std::string bomb = it.commit_deep("public", "t", "rows", it.unfolding(leaf, "0.jsonl", 12, 10));
  it.push(bomb, "refs/heads/bomb");
  std::string refs;
  for (int i = 0; i < 199; ++i) {
    const std::string commit = git(it.db, "commit-tree -m b" + std::to_string(i) + " -p main main^{tree}").substr(0, 40);
    refs += "create refs/heads/b" + std::to_string(i) + " " + commit + "\n";
  }
  write_file(it.scratch / "refs", refs);
  must("git --git-dir '" + it.db.string() + "' update-ref --stdin < '" + (it.scratch / "refs").string() + "'");
  for (int round = 0; round < 2; ++round) {
    std::unique_ptr<Opened> opened;
    CHECK(seconds_of([&] { opened = std::make_unique<Opened>(it.db); }) < kSecondsMax);
    CHECK(opened->ask("SELECT count(*) FROM t AS OF 'b7'") == "1000;");
    CHECK(opened->ask("SELECT count(*) FROM rowan.branches WHERE branch LIKE 'b%' AND branch <> 'bomb'") == "199;");
    CHECK(opened->ask("SELECT branch, sqlstate FROM rowan.foreign") == "bomb|VC008;");
  }
}

TEST_CASE("out-of-line values, rows without a key and files beside the data that unfold") {
  const Hostile it;
  std::string commit;
  SUBCASE("values") {
    commit = it.commit_deep("public", "t", "large", it.unfolding(it.blob("x"), "00-0", 12, 10));
  }
  SUBCASE("rows without a key") {
    commit = it.commit_deep("public", "keyless", "rows", it.unfolding(it.blob("[1,\"x\"]\n"), "0.jsonl", 12, 10));
  }
  SUBCASE("files") {
    commit = it.commit(it.with_entry("origin/main", "Docs", it.unfolding(it.blob("x"), "a.txt", 12, 10)));
  }
  SUBCASE("folders without files") {
    std::string id = it.tree("");
    for (int level = 1; level < 12; ++level) {
      std::string entries;
      for (int i = 0; i < 10; ++i) entries += "040000 tree " + id + "\t" + std::to_string(i) + "\n";
      id = it.tree(entries);
    }
    commit = it.commit(it.with_entry("origin/main", "Docs", id));
  }
  SUBCASE("schemas that are one") {
    std::string entries = git(it.work, "ls-tree origin/main");
    const std::string schema = git(it.work, "rev-parse origin/main:public").substr(0, 40);
    for (int i = 0; i < 3000; ++i) entries += "040000 tree " + schema + "\ts" + std::to_string(i) + "\n";
    commit = it.commit(it.tree(entries));
  }
  SUBCASE("tables that are one") {
    std::string entries = git(it.work, "ls-tree origin/main:public");
    const std::string table = git(it.work, "rev-parse origin/main:public/t").substr(0, 40);
    for (int i = 0; i < 30000; ++i) entries += "040000 tree " + table + "\tt" + std::to_string(i) + "\n";
    commit = it.commit(it.with_entry("origin/main", "public", it.tree(entries)));
  }
  it.push(commit, "refs/heads/other");
  check_quick(it, "other", commit);
}

TEST_CASE("200,000 leaves that share one blob") {
  const Hostile it;
  std::string text;
  for (int i = 0; i < 150; ++i) text += "[" + std::to_string(i) + ",\"a line of some length\"]\n";
  const auto leaves = [&](const std::string& blob) {
    std::string entries;
    for (int i = 0; i < 200'000; ++i) entries += "100644 blob " + blob + "\t" + std::to_string(1'000'000 + i) + ".jsonl\n";
    return it.tree(entries);
  };
  SUBCASE("of a table with a key") {
    const std::string commit = it.commit_deep("public", "t", "rows", leaves(it.blob(text)));
    it.push(commit, "refs/heads/other");
    check_quick(it, "other", commit);
  }
  SUBCASE("of one without") {  // They are that many rows.
    const std::string commit = it.commit_deep("public", "keyless", "rows", leaves(it.blob("[2,\"x\"]\n")));
    it.push(commit, "refs/heads/other");
    check_quick(it, "", commit);
    Opened opened(it.db);
    CHECK(opened.ask("SELECT count(*) FROM keyless AS OF 'other'") == "400000;");
  }
}

// What is asked of a push counts against rowan.memory_limit as a statement's work does: a tip that
// needs more is parked and says so, and with more memory it is taken.
TEST_CASE("a push that takes more memory than statements may hold") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  OpenOptions enough, little;
  enough.memory_bytes = 512u << 20;
  little.memory_bytes = 6u << 20;
  std::string pushed;
  {
    Opened opened(db, enough);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text UNIQUE)");
    opened.execute("INSERT INTO t SELECT g, 'as it was before ' || g FROM generate_series(1, 80000) g");
    opened.execute("CREATE TABLE small (id integer PRIMARY KEY)");
    opened.execute("CREATE BRANCH other");
    opened.execute("CHECKOUT other");
    pushed = opened.execute("UPDATE t SET v = 'theirs ' || id");
    opened.execute("CHECKOUT main");
    opened.execute("DROP BRANCH other FORCE");
  }
  const std::string listed =
      "SELECT sqlstate FROM rowan.foreign WHERE \"commit\" = '" + pushed + "'";
  const std::string sum = "SELECT count(*) FROM t WHERE v LIKE 'theirs %'";
  const auto put = [&] { git(db, "update-ref refs/heads/main " + pushed); };
  SUBCASE("beside a tip that moved: the watcher would merge") {
    Opened opened(db, little);
    opened.execute("INSERT INTO small VALUES (1)");  // Git does not see it for a second.
    put();
    CHECK(eventually([&] { return opened.ask(listed) == "53200;"; }, 20000));
    CHECK(opened.ask(sum) == "0;");
    CHECK(opened.ask("SELECT count(*) FROM small") == "1;");
  }
  SUBCASE("while nobody has the repository open") {
    put();
    Opened opened(db, little);
    CHECK(opened.ask(listed) == "53200;");
    CHECK(opened.ask(sum) == "0;");
  }
  {
    Opened opened(db, enough);
    opened.execute("TAKE FOREIGN '" + pushed + "'");
    CHECK(opened.ask(sum) == "80000;");
  }
  check_clean(db);
}

// A definition may wait as long as it likes: the tip is parked for it, however it is met.
TEST_CASE("a CHECK that takes for ever") {
  constexpr double kJudgingSecondsMax = 15;
  const Scratch scratch;
  const fs::path db = scratch / "db";
  const fs::path work = scratch / "work";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, v text)");
    opened.execute("INSERT INTO t SELECT n, 'x' || n FROM generate_series(1, 39) AS g(n)");
  }
  must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  must("sed -i 's/PRIMARY KEY (id)/PRIMARY KEY (id),\\n  CONSTRAINT z CHECK (pg_sleep(100) IS NULL)/' '" +
       (work / "public/t/table.sql").string() + "'");
  git(work, "-c user.name=x -c user.email=x@x commit -qam slow");
  // Another one on top, so that there is more than one commit to fall back to.
  git(work, "-c user.name=x -c user.email=x@x commit -q --allow-empty -m more");
  const auto push = [&] { git(work, "push -q origin HEAD:main"); };
  const std::string listed = "SELECT sqlstate, file FROM rowan.foreign WHERE branch = 'main'";
  const std::string count = "SELECT count(*) FROM t";
  SUBCASE("while it is closed") {
    push();
    const auto open = [&](bool read_only) {
      OpenOptions options;
      options.read_only = read_only;
      std::unique_ptr<Opened> opened;
      CHECK(seconds_of([&] { opened = std::make_unique<Opened>(db, options); }) < kJudgingSecondsMax);
      CHECK(opened->ask(listed) == "54000|public/t/table.sql;");
      CHECK(opened->ask(count) == "39;");
    };
    open(true);
    // Opens it, and judges every tip once more.
    CHECK(seconds_of([&] { run_rowan("check '" + db.string() + "'"); }) < 2 * kJudgingSecondsMax);
    open(false);
    check_clean(db);
  }
  SUBCASE("while it is open") {
    Opened opened(db);
    push();
    CHECK(eventually([&] { return opened.ask(listed) == "54000|public/t/table.sql;"; }, 15000));
    CHECK(opened.ask(count) == "39;");
  }
  SUBCASE("while it is being closed") {
    auto opened = std::make_unique<Opened>(db);
    push();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    CHECK(seconds_of([&] { opened.reset(); }) < 5);
    CHECK(seconds_of([&] { opened = std::make_unique<Opened>(db); }) < kJudgingSecondsMax);
    CHECK(opened->ask(count) == "39;");
  }
}

}  // namespace rowan::git_testing
