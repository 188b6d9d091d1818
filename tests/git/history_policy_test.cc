// A branch with a history policy and stock git: refs/heads moves once an interval and only forward,
// all that refs lead to survives git gc, pushes are taken or kept aside, and a process killed
// between two roll-ups loses nothing that was answered.
#include <signal.h>
#include <unistd.h>

#include <random>
#include <sstream>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

std::string tip_of(Opened& opened) {
  return opened.ask("SELECT commit FROM rowan.branches WHERE branch = 'main'").substr(0, 40);
}
std::string subjects(const fs::path& db, const std::string& ref) {
  return git(db, "log --format=%s " + ref);
}

// Inserts 1, 2, … and writes each number when it was answered, until it is killed.
[[noreturn]] void writer_process(const fs::path& db, long number, int answers) {
  auto database = Database::open(db.string());
  if (!database) ::_exit(1);
  auto session = (*database)->connect();
  if (!session) ::_exit(1);
  for (;; ++number) {
    auto rows = (*session)->run("INSERT INTO item VALUES (" + std::to_string(number) + ")");
    if (!rows || !(*rows)->next()) ::_exit(1);
    const std::string line = std::to_string(number) + "\n";
    if (::write(answers, line.data(), line.size()) < 0) ::_exit(1);
  }
}

long work_and_kill(const fs::path& db, long from, int after_ms) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) writer_process(db, from + 1, ends[1]);
  ::close(ends[1]);
  std::string lines;
  char buffer[4096];
  lines.append(buffer, static_cast<size_t>(std::max<ssize_t>(
                           0, ::read(ends[0], buffer, sizeof buffer))));  // It has begun.
  std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
  REQUIRE(::kill(child, SIGKILL) == 0);
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    lines.append(buffer, static_cast<size_t>(n));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  std::istringstream in(lines);
  long answered = from;
  for (long n; in >> n;) answered = n;
  return answered;
}

}  // namespace

TEST_CASE("refs/heads moves with roll-ups; fine commits survive a collection and a reopen") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  std::string tip;
  {
    Opened opened(db);
    opened.execute("CREATE TABLE item (id integer PRIMARY KEY)");
    opened.checkpoint();
    const std::string start = git(db, "rev-parse main");
    opened.execute("ALTER BRANCH main SET HISTORY POLICY EVERY '1 day'");
    opened.execute("INSERT INTO item VALUES (1)");
    opened.execute("INSERT INTO item VALUES (2)");
    opened.checkpoint();
    CHECK(git(db, "rev-parse main") == start);
    CHECK(git(db, "rev-parse refs/rowan/fine/main/1").starts_with(tip_of(opened)));
    check_clean(db);
    opened.execute("ALTER BRANCH main SET HISTORY POLICY EVERY '1 microsecond'");
    opened.execute("INSERT INTO item VALUES (3)");
    tip = tip_of(opened);
    opened.execute("ALTER BRANCH main SET HISTORY POLICY EVERY '1 day'");
  }
  CHECK(subjects(db, "refs/heads/main") ==
        "roll up 2 commits\ncreate public.item\ncreate the repository\n");
  git(db, "gc -q --prune=now");
  check_clean(db);
  {
    Opened opened(db);
    CHECK(tip_of(opened) == tip);
    CHECK(opened.ask("SELECT count(*) FROM item") == "3;");
    CHECK(opened.ask("SELECT count(*) FROM item AS OF 'refs/rowan/fine/main/1~1'") == "1;");
    opened.execute("INSERT INTO item VALUES (4)");
  }
  CHECK(subjects(db, "refs/heads/main").starts_with("roll up 2 commits\n"));

  // A clone has the roll-ups, and is a repository of its own.
  const fs::path mirror = scratch / "mirror";
  must("git clone -q --mirror '" + db.string() + "' '" + mirror.string() + "'");
  {
    Opened opened(mirror);
    CHECK(opened.ask("SELECT count(*) FROM item") == "2;");
    opened.execute("INSERT INTO item VALUES (5)");
  }
  CHECK(subjects(mirror, "main").starts_with("public.item: +1 ~0 -0\nroll up 2 commits\n"));
  check_clean(mirror);

  // So is a copy without settings and private files: the refs say where the branch is.
  const fs::path copy = scratch / "copy";
  fs::copy(db, copy, fs::copy_options::recursive);
  fs::remove_all(copy / "rowan");
  must("git config --file '" + (copy / "config").string() + "' --remove-section rowan.main");
  {
    Opened opened(copy);
    CHECK(opened.ask("SELECT count(*) FROM item") == "4;");
    opened.execute("ALTER BRANCH main DROP HISTORY POLICY");
  }
  CHECK(git(copy, "log -1 --format=%T main") ==
        git(db, "log -1 --format=%T refs/rowan/fine/main/2"));
  CHECK(git(copy, "for-each-ref refs/rowan/fine").empty());
  check_clean(copy);
}

TEST_CASE(
    "a push to a branch with a policy is taken when no newer commit is there, else kept aside") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  const fs::path work = scratch / "work";
  Opened opened(db);
  opened.execute("CREATE TABLE item (id integer PRIMARY KEY)");
  opened.execute("ALTER BRANCH main SET HISTORY POLICY EVERY '1 day'");
  opened.checkpoint();
  must("git clone -q --bare '" + db.string() + "' '" + work.string() + "'");
  const auto push = [&](int id) {
    {
      Opened other(work);
      other.execute("INSERT INTO item VALUES (" + std::to_string(id) + ")");
    }
    git(work, "push -q '" + db.string() + "' main");
    return git(work, "rev-parse main").substr(0, 40);
  };
  const std::string taken = push(1);
  CHECK(eventually([&] { return opened.ask("SELECT count(*) FROM item") == "1;"; }));
  CHECK(tip_of(opened) == taken);
  opened.execute("INSERT INTO item VALUES (100)");
  opened.checkpoint();
  CHECK(git(db, "rev-parse main").starts_with(taken));
  CHECK(git(db, "rev-parse refs/rowan/fine/main/1").starts_with(tip_of(opened)));

  const std::string beside = push(2);
  CHECK(eventually([&] { return git(db, "rev-parse main").starts_with(taken); }));
  CHECK(opened.ask("SELECT branch, commit FROM rowan.foreign") == "main|" + beside + ";");
  opened.execute("MERGE '" + beside + "'");
  CHECK(opened.ask("SELECT id FROM item ORDER BY id") == "1;2;100;");

  // The ref of the fine commits is no other program's to move.
  const std::string tip = tip_of(opened);
  opened.checkpoint();
  git(db, "update-ref refs/rowan/fine/main/1 " + taken);
  opened.checkpoint();
  CHECK(eventually([&] {
    opened.checkpoint();
    return git(db, "rev-parse refs/rowan/fine/main/1").starts_with(tip);
  }));
  opened.execute("INSERT INTO item VALUES (101)");
  CHECK(opened.ask("SELECT count(*) FROM item") == "4;");
  opened.checkpoint();
  check_clean(db);
}

TEST_CASE("a process killed between roll-ups loses nothing that was answered") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  {
    Opened opened(db);
    opened.execute("CREATE TABLE item (id bigint PRIMARY KEY)");
    opened.execute(
        "ALTER BRANCH main SET HISTORY POLICY EVERY '5 milliseconds' KEEP '200 milliseconds'");
  }
  const unsigned seed = std::random_device()();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  long answered = 0;
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    answered = work_and_kill(db, answered, 50 + static_cast<int>(random() % 1300));
    Opened opened(db);
    const long count = std::stol(opened.ask("SELECT count(*) FROM item"));
    CHECK(count >= answered);
    CHECK(count <= answered + 1);
    CHECK(opened.ask("SELECT max(id) FROM item") == std::to_string(count) + ";");
    answered = count;
  }
  check_clean(db);
  git(db, "gc -q --prune=now");
  check_clean(db);
  Opened opened(db);
  CHECK(opened.ask("SELECT count(*) FROM item") == std::to_string(answered) + ";");
  CHECK(git(db, "rev-list --count --merges main") == "0\n");
}

}  // namespace rowan::git_testing
