// Views that read revisions (AS OF), judged where they come by git: in a clone that is opened for the
// first time, by `rowan adopt`, pushed with the repository open and closed, and behind the hook. Refs
// are no part of a commit: what a revision means is asked as sessions will see it, and one that means
// nothing here is taken as it is.
#include <optional>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

struct Revision {
  std::string text;                    // Behind AS OF.
  std::optional<bool> is_read = true;  // Reading the view gives rows, or an error of its own.
};

std::vector<Revision> revisions(const std::string& id) {
  return {{"'main~1'"},
          {"'main'"},
          {"'refs/heads/main'"},
          {"'main~1^{}'"},
          {"'first'"},
          {"'refs/tags/first'"},
          {"'HEAD'"},
          {"'HEAD~1'"},
          {"'@'"},
          {"'@~1'"},
          {"'" + id + "'"},
          {"'" + id.substr(0, 10) + "'"},
          {"'main@{2100-01-01}'"},
          {"TIMESTAMP '2100-01-01 00:00:00'"},
          {"'main@{1}'", std::nullopt},
          {"'nosuch'", false},
          {"'nosuch~3'", false},
          {"'refs/heads/gone'", false},
          {"'main~999'", false},
          {"'0123456789012345678901234567890123456789'", false},
          {"TIMESTAMP '1999-01-01 00:00:00'", false}};
}

class World {
 public:
  World() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE t (a integer)");
      id = opened.execute("INSERT INTO t VALUES (1)");
      opened.execute("CREATE TAG first FROM '" + id + "'");
      opened.execute("INSERT INTO t VALUES (2)");
      opened.execute("CREATE VIEW seen AS SELECT a FROM t AS OF 'main~1'");
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
  }
  std::string commit(size_t number, const std::string& revision) const {
    const std::string name = "v" + std::to_string(number);
    const fs::path folder = work / "public" / name;
    fs::create_directories(folder);
    write_file(folder / "view.sql",
               "CREATE VIEW public." + name + " (a) AS SELECT a FROM public.t AS OF " + revision + ";\n");
    git(work, "add -A");
    git(work, "commit -qm '" + name + "'");
    return git(work, "rev-parse HEAD").substr(0, 40);
  }
  // What another's push or the canonical form of ours made of the branch.
  void follow() const {
    git(work, "fetch -q origin refs/heads/main");
    git(work, "reset -q --hard FETCH_HEAD");
  }
  Ended push() const { return run("git -C '" + work.string() + "' push -q origin HEAD:main"); }

  const Scratch scratch;
  const fs::path db, work;
  std::string id;
};

// In a process of its own, which may die.
void is_usable(const fs::path& db, const std::vector<Revision>& all) {
  const Ended parked =
      run_rowan("sql '" + db.string() + "' --format csv -c 'SELECT reason FROM rowan.foreign'");
  INFO(parked.output);
  CHECK(parked.code == 0);
  CHECK(parked.output == "reason\n");
  for (size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].text);
    const Ended read = run_rowan("sql '" + db.string() + "' --format csv -c 'SELECT count(*) > 0 FROM v" +
                                 std::to_string(i) + "'");
    INFO(read.output);
    if (all[i].is_read) CHECK((read.code == 0) == *all[i].is_read);
    CHECK(read.code > -1);
    CHECK(read.code < 128);
  }
}

}  // namespace

TEST_CASE("views of history come by git") {
  const World it;
  const std::vector<Revision> all = revisions(it.id);
  // The clone has tags, the branch, and no reflog.
  SUBCASE("pushed closed, then cloned and adopted") {
    for (size_t i = 0; i < all.size(); ++i) it.commit(i, all[i].text);
    CHECK(it.push().code == 0);
    is_usable(it.db, all);
    const fs::path clone = it.scratch / "clone", copy = it.scratch / "copy";
    must("git clone -q --bare '" + it.db.string() + "' '" + clone.string() + "'");
    is_usable(clone, all);
    must("cp -r '" + it.db.string() + "' '" + copy.string() + "'");
    const Ended adopted = run_rowan("adopt '" + copy.string() + "'");
    INFO(adopted.output);
    CHECK(adopted.code == 0);
    is_usable(copy, all);
    check_clean(clone);
  }
  SUBCASE("pushed one by one, closed") {
    for (size_t i = 0; i < all.size(); ++i) {
      CAPTURE(all[i].text);
      it.commit(i, all[i].text);
      CHECK(it.push().code == 0);
      CHECK(run_rowan("sql '" + it.db.string() + "' -c 'SELECT 1'").code == 0);
      it.follow();
    }
    is_usable(it.db, all);
  }
  SUBCASE("pushed while open") {
    {
      Opened opened(it.db);
      for (size_t i = 0; i < all.size(); ++i) {
        CAPTURE(all[i].text);
        const std::string made = it.commit(i, all[i].text);
        CHECK(it.push().code == 0);
        CHECK(eventually([&] {
          return opened.ask("SELECT count(*) FROM rowan.log WHERE \"commit\" = '" + made + "'") == "1;";
        }));
        opened.checkpoint();
        it.follow();
      }
    }
    is_usable(it.db, all);
  }
  SUBCASE("behind the hook") {
    REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
    for (size_t i = 0; i < all.size(); ++i) {
      CAPTURE(all[i].text);
      it.commit(i, all[i].text);
      const Ended pushed = it.push();
      INFO(pushed.output);
      CHECK(pushed.code == 0);
    }
    is_usable(it.db, all);
  }
}

TEST_CASE("a view of history is held to what its revision holds") {
  const World it;
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  // What comes with the same push is there at HEAD, and not before it.
  const fs::path fresh = it.work / "public" / "fresh";
  fs::create_directories(fresh);
  write_file(fresh / "table.sql", "CREATE TABLE public.fresh (\n  b integer\n);\n");
  const auto push_view = [&](const std::string& column, const std::string& revision) {
    const fs::path folder = it.work / "public" / "w";
    fs::create_directories(folder);
    write_file(folder / "view.sql", "CREATE VIEW public.w (b) AS SELECT " + column +
                                        " FROM public.fresh AS OF " + revision + ";\n");
    git(it.work, "add -A");
    git(it.work, "commit -qm view");
    const Ended pushed = run("git -C '" + it.work.string() + "' push -q origin HEAD:main");
    if (pushed.code != 0) git(it.work, "reset -q --soft HEAD~1");
    return pushed;
  };
  // HEAD is the reader's branch: what lies behind it nobody knows who judges the push.
  for (const char* revision : {"'main~1'", "'first'"}) {
    CAPTURE(revision);
    const Ended pushed = push_view("b", revision);
    INFO(pushed.output);
    CHECK(pushed.code != 0);
    CHECK(pushed.output.find("(42P01)") != std::string::npos);
  }
  const Ended column = push_view("nosuch", "'HEAD'");
  CHECK(column.output.find("(42703)") != std::string::npos);
  const Ended pushed = push_view("b", "'main'");
  INFO(pushed.output);
  CHECK(pushed.code == 0);
  CHECK(run_rowan("sql '" + it.db.string() + "' -c 'SELECT * FROM w'").code == 0);
  check_clean(it.db);
}

TEST_CASE("a view of the versions of rows is held to the table") {
  const World it;
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  const auto push_view = [&](const std::string& column, const std::string& table) {
    const fs::path folder = it.work / "public" / "w";
    fs::create_directories(folder);
    write_file(folder / "view.sql", "CREATE VIEW public.w (b) AS SELECT " + column + " FROM public." + table +
                                        " FOR SYSTEM_TIME BETWEEN '2020-01-01'::timestamp AND '2100-01-01'::timestamp;\n");
    git(it.work, "add -A");
    git(it.work, "commit -qm view");
    const Ended pushed = run("git -C '" + it.work.string() + "' push -q origin HEAD:main");
    if (pushed.code != 0) git(it.work, "reset -q --hard HEAD~1");
    return pushed;
  };
  const Ended column = push_view("nosuch", "t");
  INFO(column.output);
  CHECK(column.output.find("(42703)") != std::string::npos);
  const Ended table = push_view("a", "nosuch");
  INFO(table.output);
  CHECK(table.output.find("(42P01)") != std::string::npos);
  const Ended pushed = push_view("valid_from", "t");
  INFO(pushed.output);
  CHECK(pushed.code == 0);
  CHECK(run_rowan("sql '" + it.db.string() + "' -c 'SELECT * FROM w'").code == 0);
  check_clean(it.db);
}

}  // namespace rowan::git_testing
