// Stock git and libgit2 beside an open engine: commits show up whole and soon, git's upkeep loses
// nothing.
#include <atomic>
#include <set>
#include <sstream>

#include "engine/database.h"
#include "git/repository.h"
#include "git_testing.h"
#include "store/git_store.h"

namespace rowan::git_testing {

TEST_CASE("commits reach stock git within two seconds, whole transactions only") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  Opened opened(db);
  opened.execute("CREATE TABLE a (id integer PRIMARY KEY, n integer)");
  opened.execute("CREATE TABLE b (id integer PRIMARY KEY, n integer)");
  const std::string made = opened.execute("INSERT INTO a VALUES (1, 0)");
  REQUIRE(made.size() == 40);
  CHECK(eventually([&] { return git(db, "rev-parse main").starts_with(made); }, 2500));
  opened.execute("INSERT INTO b VALUES (1, 0)");

  // Each transaction gives both tables the same number, so a commit in which they differ would be
  // half of one.
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    const auto session = opened.connect();
    for (int n = 1; !is_done; ++n) {
      Opened::execute(*session, "BEGIN");
      Opened::execute(*session, "UPDATE a SET n = " + std::to_string(n));
      Opened::execute(*session, "UPDATE b SET n = " + std::to_string(n));
      Opened::execute(*session, "COMMIT");
    }
  });
  std::set<std::string> seen;
  for (int i = 0; i < 40 && seen.size() < 3; ++i) {
    const std::string commit = git(db, "rev-parse main").substr(0, 40);
    const std::string line_a = git(db, "show " + commit + ":public/a/rows/0.jsonl");
    const std::string line_b =
        run("git -C '" + db.string() + "' show " + commit + ":public/b/rows/0.jsonl").output;
    if (line_b.starts_with("[")) {
      CHECK(line_a == line_b);
      seen.insert(commit);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  is_done = true;
  writer.join();
  CHECK(seen.size() >= 3);
}

TEST_CASE("gc, repack and clones while writes go on") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  std::atomic<int> written = 0;
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, text text)");
    std::atomic<bool> is_done = false;
    std::vector<std::thread> writers;
    for (int w = 0; w < 2; ++w) {
      writers.emplace_back([&, w] {
        const auto session = opened.connect();
        for (int n = 0; !is_done; ++n) {
          const int id = n * 2 + w;
          Opened::execute(*session, "INSERT INTO t VALUES (" + std::to_string(id) + ", 'row " +
                                        std::to_string(id * 7919) + "')");
          ++written;
        }
      });
    }
    int upkeep = 0;
    for (const char* command :
         {"gc -q", "repack -q -adf", "gc -q --prune=now", "repack -q -ad", "gc -q"}) {
      const int from = written;
      CHECK(eventually([&] { return written > from + 30; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      git(db, command);
      const fs::path copy = scratch / ("clone" + std::to_string(upkeep++));
      must("git clone -q --bare '" + db.string() + "' '" + copy.string() + "'");
      const auto fsck = run("git -C '" + copy.string() + "' fsck --full --strict");
      CAPTURE(fsck.output);
      CHECK(fsck.code == 0);
    }
    is_done = true;
    for (auto& writer : writers) writer.join();
    CHECK(opened.ask("SELECT count(*) FROM t") == std::to_string(written) + ";");
  }
  Opened again(db);
  CHECK(again.ask("SELECT count(*), count(DISTINCT text) FROM t") ==
        std::to_string(written) + "|" + std::to_string(written) + ";");
  check_clean(db);
}

TEST_CASE("libgit2 finds a commit right after the reply that named it") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  auto opened = engine::DatabaseImpl::open(db.string(), {.create = true});
  REQUIRE(opened.has_value());
  const auto session = std::move(*(*opened)->connect(""));
  Opened::execute(*session, "CREATE TABLE t (id integer PRIMARY KEY)");
  auto repository = git::open_repository(db);
  REQUIRE(repository.has_value());
  git_odb* raw = nullptr;
  REQUIRE(git_repository_odb(&raw, repository->get()) == 0);
  const git::OdbHandle odb(raw);
  REQUIRE(git_odb_add_backend(odb.get(), store::make_journal_backend((*opened)->store()), 10) == 0);
  int from_the_journal = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string id =
        Opened::execute(*session, "INSERT INTO t VALUES (" + std::to_string(i) + ")");
    const auto oid = Oid::parse(id);
    REQUIRE(oid.has_value());
    const auto commit = git::lookup_commit(**repository, *oid);
    REQUIRE(commit.has_value());
    git_tree* tree = nullptr;
    REQUIRE(git_commit_tree(&tree, commit->get()) == 0);
    const git::TreeHandle tree_owner(tree);
    git_tree_entry* entry = nullptr;
    CHECK(git_tree_entry_bypath(&entry, tree, "public/t/rows/0.jsonl") == 0);
    git_tree_entry_free(entry);
    from_the_journal += git(db, "rev-parse main").substr(0, 40) != id ? 1 : 0;
  }
  CHECK(from_the_journal > 25);  // Most of them were in no pack when libgit2 asked.
}

TEST_CASE("a lock that passes is waited for, one that stays is named") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY)");
  opened.checkpoint();
  const fs::path lock = db / "refs" / "heads" / "main.lock";
  write_file(lock, "");
  std::thread passing([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    fs::remove(lock);
  });
  opened.execute("INSERT INTO t VALUES (1)");
  CHECK(opened.ask("CHECKPOINT").empty());
  passing.join();
  write_file(lock, "");
  opened.execute("INSERT INTO t VALUES (2)");
  const std::string answer = opened.ask("CHECKPOINT");
  INFO(answer);
  CHECK(answer.starts_with("58030: "));
  CHECK(answer.find("main.lock\" is in the way") != std::string::npos);
  fs::remove(lock);
  CHECK(opened.ask("CHECKPOINT").empty());
  CHECK(opened.ask("SELECT count(*) FROM t") == "2;");
}

TEST_CASE("a temporary file that git prune took away is written again") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY)");
  std::atomic<bool> ends = false;
  std::thread prune([&] {
    while (!ends) {
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(db / "objects" / "pack", ignored)) {
        if (entry.path().filename().string().starts_with("tmp_")) fs::remove(entry.path(), ignored);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
    }
  });
  for (int i = 0; i < 150; ++i) {
    opened.execute("INSERT INTO t VALUES (" + std::to_string(i) + ")");
    const std::string answer = opened.ask("CHECKPOINT");
    INFO(answer);
    CHECK(answer.empty());
  }
  ends = true;
  prune.join();
  CHECK(opened.ask("SELECT count(*) FROM t") == "150;");
}

}  // namespace rowan::git_testing
