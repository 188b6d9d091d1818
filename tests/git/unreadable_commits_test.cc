// A commit whose rows cannot be read is not admitted as an ancestor either: history is read through it
// for ever. Its rules it may break, when one on top mends them. Pushed open and closed and behind the
// hook, onto the branch, beside it and as a new one; a history that came with a clone is read as it is.
#include "git_testing.h"

namespace rowan::git_testing {

namespace {

class World {
 public:
  World() : db(scratch / "db"), work(scratch / "work") {
    {
      Opened opened(db);
      opened.execute("CREATE TABLE t (id integer PRIMARY KEY, price numeric(8,2) CHECK (price > 0))");
      opened.execute("INSERT INTO t VALUES (1, 1.50), (2, 2.50), (3, 3.50)");
      opened.execute("CREATE TABLE o (id integer PRIMARY KEY)");
    }
    must("git clone -q '" + db.string() + "' '" + work.string() + "'");
    start = git(work, "rev-parse HEAD").substr(0, 40);
  }
  // A commit in which row 1's line has that price, as it is spelled.
  std::string commit(const std::string& price) const {
    write_file(work / kLeaf, "[1," + price + "]\n[2,2.50]\n[3,3.50]\n");
    git(work, "commit -qam 'price " + price + "'");
    return git(work, "rev-parse HEAD").substr(0, 40);
  }
  Ended push(const std::string& branch = "main") const {
    return run("git -C '" + work.string() + "' push -q -f origin HEAD:" + branch);
  }
  std::string tip() const { return git(db, "rev-parse refs/heads/main").substr(0, 40); }

  static constexpr const char* kLeaf = "public/t/rows/0.jsonl";
  const Scratch scratch;
  const fs::path db, work;
  std::string start;
};

std::string parked(Opened& opened, const std::string& id) {
  return opened.ask(
      "SELECT sqlstate || ' ' || coalesce(file, '') || ' ' || coalesce(line, 0) || ' ' || reason FROM "
      "rowan.foreign WHERE \"commit\" = '" + id + "'");
}
std::string reason(const std::string& bad) {
  return "VC008 public/t/rows/0.jsonl 1 commit " + bad.substr(0, 12) + " below it does not read: ";
}
std::string hint_of(Opened& opened, const std::string& statement) {
  const auto session = opened.connect();
  auto rows = session->run(statement);
  REQUIRE_FALSE(rows.ok());
  return rows.failure().hint;
}

constexpr const char* kUnreadable[] = {"5.005", "\"five\"", "123456789.00", "tru", "1.50,7"};
constexpr const char* kBreaking[] = {"-5.00", "1.5"};  // A CHECK, another spelling.

}  // namespace

TEST_CASE("an unreadable commit below a pushed tip: while the repository is open") {
  for (const char* price : kUnreadable) {
    CAPTURE(price);
    const World it;
    Opened opened(it.db);
    const std::string bad = it.commit(price);
    const std::string mended = it.commit("1.60");
    CHECK(it.push().code == 0);
    CHECK(eventually([&] { return parked(opened, mended).starts_with(reason(bad)); }));
    INFO(parked(opened, mended));
    CHECK(eventually([&] { return it.tip() == it.start; }));
    const std::string hint = hint_of(opened, "TAKE FOREIGN '" + mended + "'");
    CHECK(hint.find("Amend commit " + bad.substr(0, 12)) != std::string::npos);
    // One more commit on top is no way out; the hint is.
    const std::string more = it.commit("1.70");
    CHECK(it.push().code == 0);
    CHECK(eventually([&] { return parked(opened, more).starts_with(reason(bad)); }));
    CHECK(eventually([&] { return it.tip() == it.start; }));
    git(it.work, "reset -q --hard " + it.start);
    const std::string amended = it.commit("1.80");
    CHECK(it.push().code == 0);
    CHECK(eventually([&] { return it.tip() == amended; }));
    CHECK(opened.ask("SELECT count(*) FROM rowan.blame('t')") == "3;");
  }
}

TEST_CASE("an unreadable commit below a pushed tip: while nobody has the repository open") {
  const World it;
  const std::string fine = it.commit("1.55");
  const std::string bad = it.commit("5.005");
  const std::string mended = it.commit("1.60");
  CHECK(it.push().code == 0);
  git(it.work, "push -q origin HEAD:other");
  Opened opened(it.db);
  CHECK(parked(opened, mended).starts_with(reason(bad)));
  CHECK(opened.ask("SELECT price FROM t WHERE id = 1") == "1.55;");  // What is below it is fine.
  CHECK(opened.ask("SELECT branch FROM rowan.branches") == "main;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.foreign WHERE branch = 'other'") == "1;");
  CHECK(opened.ask("SELECT count(*) FROM rowan.history('t')").ends_with(";"));
  CHECK_FALSE(opened.ask("SELECT count(*) FROM rowan.history('t')").starts_with("VC008"));
  opened.checkpoint();
  CHECK(it.tip() == fine);
}

TEST_CASE("an unreadable commit below a pushed tip: beside, as a new branch, by a merge, behind the hook") {
  const World it;
  REQUIRE(run_rowan("hook install '" + it.db.string() + "'").code == 0);
  const std::string bad = it.commit("\"five\"");
  const std::string mended = it.commit("1.60");
  const std::string named = "commit " + bad.substr(0, 12) + " below it does not read";
  const auto is_refused = [&](const std::string& branch) {
    const Ended pushed = it.push(branch);
    INFO(branch << ": " << pushed.output);
    CHECK(pushed.code != 0);
    CHECK(pushed.output.find("public/t/rows/0.jsonl, line 1: " + named) != std::string::npos);
    CHECK(pushed.output.find("hint: Amend commit") != std::string::npos);
  };
  is_refused("main");
  is_refused("side");
  git(it.work, "checkout -q -B merging " + it.start);
  fs::create_directories(it.work / "public/o/rows");
  write_file(it.work / "public/o/rows/0.jsonl", "[1]\n");
  git(it.work, "add -A");
  git(it.work, "commit -qm other");
  CHECK(it.push("fine").code == 0);
  git(it.work, "merge -q -m merged " + mended);
  is_refused("merged");
  fs::remove(it.db / "hooks/pre-receive");
  Opened opened(it.db);
  opened.execute("INSERT INTO o VALUES (7)");  // The push is one beside a newer commit.
  opened.checkpoint();
  git(it.work, "reset -q --hard " + mended);
  CHECK(it.push("side").code == 0);
  CHECK(eventually([&] { return parked(opened, mended).starts_with(reason(bad)); }));
  CHECK(opened.ask("TAKE FOREIGN '" + mended + "'").starts_with("VC008: "));
  // Nor by another statement.
  opened.execute("CREATE BRANCH here");
  const auto session = opened.connect("here");
  for (const std::string& statement :
       {"CREATE BRANCH there FROM '" + mended + "'", "MERGE '" + mended + "'",
        "RESET BRANCH TO '" + mended + "'", "REBASE ONTO '" + mended + "'"}) {
    CAPTURE(statement);
    const std::string answer = Opened::ask(*session, statement);
    INFO(answer);
    CHECK(answer.find(named) != std::string::npos);
  }
}

TEST_CASE("a commit below a pushed tip may break a rule, and be spelled freely") {
  for (const char* price : kBreaking) {
    for (const bool is_open : {true, false}) {
      CAPTURE(price);
      const World it;
      it.commit(price);
      const std::string mended = it.commit("1.60");
      if (!is_open) CHECK(it.push().code == 0);
      Opened opened(it.db);
      if (is_open) CHECK(it.push().code == 0);
      CHECK(eventually([&] { return opened.ask("SELECT price FROM t WHERE id = 1") == "1.60;"; }));
      CHECK(it.tip() == mended);
    }
  }
}

TEST_CASE("a clone of a history with an unreadable commit stays of use, and takes pushes") {
  const World it;
  const std::string bad = it.commit("5.005");
  const std::string mended = it.commit("1.60");
  const fs::path clone = it.scratch / "clone";
  must("git clone -q --bare '" + it.work.string() + "' '" + clone.string() + "'");
  {
    Opened opened(clone);
    CHECK(opened.ask("SELECT count(*) FROM rowan.foreign") == "0;");
    CHECK(opened.ask("SELECT price FROM t WHERE id = 1") == "1.60;");
    CHECK(opened.ask("SELECT * FROM t AS OF '" + bad + "'").starts_with("VC008: public/t/rows/0.jsonl: line 1: "));
  }
  // What is there is not asked about again; rowan check names it.
  it.commit("1.70");
  git(it.work, "push -q '" + clone.string() + "' HEAD:main HEAD:side");
  Opened opened(clone);
  CHECK(opened.ask("SELECT price FROM t WHERE id = 1") == "1.70;");
  CHECK(opened.ask("SELECT branch FROM rowan.branches ORDER BY 1") == "main;side;");
  auto problems = opened.database().check();
  REQUIRE(problems.ok());
  CHECK_FALSE(problems->empty());
  for (const std::string& problem : *problems) CHECK(problem.find(bad.substr(0, 12)) != std::string::npos);
}

TEST_CASE("the hint of a parked tip is a way out") {
  const World it;
  Opened opened(it.db);
  const std::string bad = it.commit("5.005");
  CHECK(it.push().code == 0);
  CHECK(eventually([&] { return parked(opened, bad).starts_with("VC008 public/t/rows/0.jsonl 1 "); }));
  CHECK(eventually([&] { return it.tip() == it.start; }));
  const std::string amend = hint_of(opened, "TAKE FOREIGN '" + bad + "'");
  INFO(amend);
  CHECK(amend.starts_with("Amend the commit and push again"));
  CHECK(eventually([&] { return it.tip() == it.start; }));
  git(it.work, "reset -q --hard " + it.start);
  const std::string negative = it.commit("-5.00");
  CHECK(it.push().code == 0);
  CHECK(eventually([&] { return parked(opened, negative).starts_with("23514 "); }));
  CHECK(hint_of(opened, "TAKE FOREIGN '" + negative + "'").starts_with("Push a commit on top of it"));
  CHECK(eventually([&] { return it.tip() == it.start; }));
  const std::string mended = it.commit("5.00");
  CHECK(it.push().code == 0);
  CHECK(eventually([&] { return it.tip() == mended; }));
  // A file that is out of place is no obstacle to history.
  write_file(it.work / "public/stray.txt", "x\n");
  git(it.work, "add -A");
  git(it.work, "commit -qm stray");
  const std::string stray = git(it.work, "rev-parse HEAD").substr(0, 40);
  CHECK(it.push().code == 0);
  CHECK(eventually([&] { return parked(opened, stray).starts_with("VC008 public/stray.txt"); }));
  CHECK(hint_of(opened, "TAKE FOREIGN '" + stray + "'").starts_with("Push a commit on top of it"));
  CHECK(eventually([&] { return it.tip() == mended; }));
  git(it.work, "rm -q public/stray.txt");
  git(it.work, "commit -qm 'without it'");
  CHECK(it.push().code == 0);
  CHECK(eventually([&] { return it.tip() == git(it.work, "rev-parse HEAD").substr(0, 40); }));
}

}  // namespace rowan::git_testing
