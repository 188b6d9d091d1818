// Whole processes: who may open a repository together with whom, and what each kind of trouble
// says. Trouble never loses anything, and when its cause is gone the repository works again.
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include "git_testing.h"

namespace rowan::git_testing {

namespace {

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

void fill(const fs::path& db) {
  Opened opened(db);
  opened.execute("CREATE TABLE t (id integer PRIMARY KEY, text text)");
  opened.execute("INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 1000) AS g(n)");
}

// One line "ERROR:  SQLSTATE: sentence", perhaps with a hint behind it.
void check_refused(const Ended& ended, const std::string& sqlstate) {
  CAPTURE(ended.output);
  CHECK(ended.code > 2);
  CHECK(ended.output.starts_with("ERROR:  " + sqlstate + ": "));
  const size_t end = ended.output.find('\n');
  const std::string rest = ended.output.substr(end + 1);
  CHECK((rest.empty() || rest.starts_with("HINT:") || rest.starts_with("DETAIL:")));
}

// A process that commits `rows` rows and is killed before any of them is published.
void leave_a_journal(const fs::path& db, int rows) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto database = Database::open(db.string());
    auto session = database.ok() ? (*database)->connect() : database.failure();
    for (int i = 0; i < rows && session.ok(); ++i) {
      (void)(*session)->run("INSERT INTO t VALUES (" + std::to_string(5000 + i) + ", '" +
                            std::string(100, 'j') + "')");
    }
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
}

// Opens, counts and sums. "" when anything was refused with XX001; the error must name what is
// damaged.
std::string answer_or_damage(const fs::path& db) {
  const auto refused = [](const rowan::Failure& failure) {
    CAPTURE(failure.message);
    CHECK(failure.sqlstate == "XX001");
    CHECK(failure.message.size() > 20);
    return std::string();
  };
  auto database = Database::open(db.string(), {.read_only = true});
  if (!database) return refused(database.failure());
  auto session = (*database)->connect();
  if (!session) return refused(session.failure());
  const std::string rows = Opened::ask(
      **session, "SELECT count(*), sum(id), min(text), max(text), sum(length(text)) FROM t");
  if (rows.find(": ") != std::string::npos) {
    CAPTURE(rows);
    CHECK(rows.starts_with("XX001: "));
    return "";
  }
  return rows;
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(ending))
      found.push_back(entry.path());
  }
  return found;
}

}  // namespace

TEST_CASE("one writer, and readers beside it") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  {
    Opened opened(db);
    opened.execute("INSERT INTO t VALUES (2000, 'fresh')");
    opened.checkpoint();
    const Ended second = run_rowan("sql " + quoted(db) + " -c 'SELECT 1'");
    check_refused(second, "55006");
    CHECK(second.code == 3);
    CHECK(second.output.find("(pid " + std::to_string(::getpid()) + ")") != std::string::npos);
    CHECK(run_rowan("log " + quoted(db) + " -n 1").code == 0);
    CHECK(run_rowan("check " + quoted(db)).code == 0);
    CHECK(run_rowan("branch " + quoted(db)).code == 0);
    CHECK(run_rowan("export " + quoted(db) + " t " + quoted(scratch / "t.csv")).code == 0);
    CHECK(read_file(scratch / "t.csv").find("2000,fresh\n") != std::string::npos);
    const Ended reading =
        run_rowan("sql --read-only --format csv " + quoted(db) + " -c 'SELECT count(*) FROM t'");
    CHECK(reading.output.find("1001") != std::string::npos);
    check_refused(run_rowan("sql --read-only " + quoted(db) + " -c 'DELETE FROM t'"), "25006");
    CHECK(opened.ask("SELECT count(*) FROM t") == "1001;");
  }
  CHECK(run_rowan("sql " + quoted(db) + " -c 'DELETE FROM t WHERE id = 2000'").code == 0);
  check_clean(db);
}

TEST_CASE("folders that are no repository") {
  const Scratch scratch;
  check_refused(run_rowan("sql " + quoted(scratch / "none") + " -c 'SELECT 1'"), "VC006");
  CHECK(!fs::exists(scratch / "none"));
  fs::create_directory(scratch / "empty");
  check_refused(run_rowan("sql " + quoted(scratch / "empty") + " -c 'SELECT 1'"), "VC006");
  CHECK(fs::is_empty(scratch / "empty"));
  write_file(scratch / "file", "text\n");
  check_refused(run_rowan("sql " + quoted(scratch / "file") + " -c 'SELECT 1'"), "VC006");

  must("git init -q " + quoted(scratch / "code") + " && cd " + quoted(scratch / "code") +
       " && echo int > a.c && git add . && git commit -qm one");
  must("git clone -q --bare " + quoted(scratch / "code") + " " + quoted(scratch / "bare"));
  for (const char* name : {"code", "bare"}) {
    for (const char* command : {"sql --read-only", "sql"}) {
      check_refused(
          run_rowan(std::string(command) + " " + quoted(scratch / name) + " -c 'SELECT 1'"),
          "VC006");
      CHECK(!fs::exists(scratch / name / "rowan"));
    }
    check_refused(run_rowan("init " + quoted(scratch / name)), "58P02");
  }
}

TEST_CASE("a newer format is refused and left alone") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string main = git(db, "rev-parse main").substr(0, 40);
  must("git clone -q " + quoted(db) + " " + quoted(scratch / "work"));
  write_file(scratch / "work" / "rowan.json", "{\"format\":3}\n");
  git(scratch / "work", "commit -qam newer");
  git(scratch / "work", "push -q origin main");
  // Nothing but the newer format is known of a copy. Where the last good commit is known, sessions
  // go on there and the push is parked.
  must("git clone -q --bare " + quoted(scratch / "work") + " " + quoted(scratch / "copy"));
  check_refused(run_rowan("sql " + quoted(scratch / "copy") + " -c 'SELECT 1'"), "VC007");
  CHECK(run_rowan("sql " + quoted(db) + " -c 'SELECT 1'").code == 0);
  CHECK(git(db, "rev-parse main").substr(0, 40) == main);

  const std::string state = read_file(db / "rowan" / "state");
  std::string newer = state;
  newer[8] = 9;
  write_file(db / "rowan" / "state", newer);
  check_refused(run_rowan("sql " + quoted(db) + " -c 'SELECT 1'"), "VC007");
  write_file(db / "rowan" / "state", state);
  check_clean(db);
}

TEST_CASE("a folder that may only be read") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  std::string as = "";
  if (::getuid() == 0) {  // The rights of files do not bind root.
    must("chmod -R a+rX " + quoted(db.parent_path()) + " && chown -R 65534:65534 " + quoted(db));
    as = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  }
  must("chmod -R a-w " + quoted(db));
  const std::string program = as + ::getenv("ROWAN");
  check_refused(run(program + " sql " + quoted(db) + " -c 'DELETE FROM t'"), "42501");
  const Ended reading =
      run(program + " sql --read-only --format csv " + quoted(db) + " -c 'SELECT count(*) FROM t'");
  CHECK(reading.output.find("1000") != std::string::npos);
  CHECK(run(program + " log " + quoted(db)).code == 0);
  CHECK(run(program + " check " + quoted(db)).code == 0);
  must("chmod -R u+w " + quoted(db));
  CHECK(run(program + " sql " + quoted(db) + " -c 'DELETE FROM t WHERE id = 1'").code == 0);
  if (::getuid() == 0) {
    must("chown -R 0:0 " + quoted(db));
    // Somebody else who may not look into the private folder still reads what is published, once
    // he trusts the folder.
    const std::string reading_it =
        " sql --read-only --format csv " + quoted(db) + " -c 'SELECT count(*) FROM t'";
    check_refused(run("GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null " + program + reading_it),
                  "42501");
    const Ended other =
        run("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' " + program +
            reading_it);
    CAPTURE(other.output);
    CHECK(other.output.find("999") != std::string::npos);
  }
  check_clean(db);
}

TEST_CASE("a full disk") {
  const Scratch scratch;
  const fs::path disk = scratch / "disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=4m") != 0) {
    MESSAGE("no right to mount a small disk: left out");
    return;
  }
  const fs::path db = disk / "db";
  long written = 0;
  {
    Opened opened(db);
    opened.execute("CREATE TABLE t (id integer PRIMARY KEY, text text)");
    const auto session = opened.connect();
    std::string sqlstate;
    for (long id = 0; id < 20'000 && sqlstate.empty(); ++id) {
      std::string text;
      for (int i = 0; i < 60; ++i)
        text += std::to_string(id * 7919 + i * 104729);  // Nothing that compresses to nothing.
      auto rows = session->run("INSERT INTO t VALUES (" + std::to_string(id) + ", '" + text + "')");
      if (rows.ok()) {
        ++written;
      } else {
        sqlstate = rows.failure().sqlstate;
      }
    }
    CHECK(sqlstate == "53100");
    CHECK(opened.ask("SELECT count(*) FROM t") ==
          std::to_string(written) + ";");  // Reading goes on.
    REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0);
    CHECK(eventually(
        [&] { return session->run("INSERT INTO t VALUES (100000, 'room again')").ok(); }));
  }
  {
    Opened again(db);
    CHECK(again.ask("SELECT count(*) FROM t") == std::to_string(written + 1) + ";");
  }
  check_clean(db);
  CHECK(::umount2(disk.c_str(), MNT_DETACH) == 0);
}

TEST_CASE("damaged packs and objects are named and refused") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string right = answer_or_damage(db);
  REQUIRE(!right.empty());
  SUBCASE("packed by Rowan") {}
  SUBCASE("packed by git") { git(db, "gc -q"); }
  SUBCASE("loose") {
    must("cd " + quoted(db) +
         " && mkdir ../packs && mv objects/pack/* ../packs/ && for p in ../packs/*.pack; do git "
         "unpack-objects -q < $p; done");
    must("rm -rf " + quoted(db / "objects" / "info" / "commit-graph"));
  }
  for (const char* ending : {".pack", ".idx", ""}) {
    int refused = 0;
    int tried = 0;
    auto files = files_below(db / "objects", ending);
    if (*ending == '\0')
      std::erase_if(files,
                    [](const fs::path& path) { return path.filename().string().size() != 38; });
    for (const fs::path& file : files) {
      CAPTURE(file);
      const std::string good = read_file(file);
      const size_t steps = *ending == '\0' ? 3 : 25;
      fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
      for (size_t i = 0; i < 2 * steps; ++i) {
        std::string bad = good;
        const size_t at = i % steps * good.size() / steps + 7 % good.size();
        CAPTURE(at);
        if (i < steps) {
          bad[at % bad.size()] ^= 0x10;
        } else {
          bad.resize(i % steps * good.size() / steps);
        }
        fs::remove(file);  // A running process may have the old file mapped.
        write_file(file, bad);
        const std::string answer = answer_or_damage(db);
        CHECK((answer.empty() || answer == right));  // Not every bit matters to this question.
        refused += answer.empty() ? 1 : 0;
        ++tried;
      }
      fs::remove(file);
      write_file(file, good);
      CHECK(answer_or_damage(db) == right);
    }
    CAPTURE(ending);
    CHECK((tried == 0 || refused > tried / 5));
  }
  check_clean(db);
}

TEST_CASE("a damaged journal is named and refused, a torn tail is not") {
  const Scratch scratch;
  const fs::path db = scratch / "db";
  fill(db);
  const std::string before = answer_or_damage(db);
  const std::string main = git(db, "rev-parse main");
  leave_a_journal(db, 40);
  for (int again = 0; again < 10 && git(db, "rev-parse main") != main;
       ++again) {  // Too slow: some were published.
    must("git -C " + quoted(db) + " update-ref refs/heads/main " + main.substr(0, 40) +
         " && rm -r " + quoted(db / "rowan"));
    leave_a_journal(db, 40);
  }
  const fs::path journal = db / "rowan" / "journal" / "0001";
  const std::string good = read_file(journal);
  const size_t used = good.find_last_not_of('\0') + 1;
  REQUIRE(used > 40'000);
  const std::string whole = answer_or_damage(db);
  CHECK(whole.starts_with("1040|"));
  for (size_t i = 0; i < 40; ++i) {
    std::string bad = good;
    // Behind the file's head. Later records prove these to have been durable.
    const size_t at = 4096 + (used / 2 - 4096) * i / 40;
    CAPTURE(at);
    bad[at] ^= 0x04;
    write_file(journal, bad);
    const Ended ended = run_rowan("sql " + quoted(db) + " -c 'SELECT count(*) FROM t'");
    check_refused(ended, "XX001");
    CHECK(ended.output.find("journal/0001") != std::string::npos);
    CHECK(read_file(journal) == bad);  // Refused means: left as it is.
  }
  for (size_t i = 1; i < 20; ++i) {
    write_file(journal, good.substr(0, used * i / 20));
    const std::string answer = answer_or_damage(db);
    if (!answer.empty()) {
      CHECK(std::stol(answer) >= 1000);
      CHECK(std::stol(answer) <= 1040);
    }
  }
  std::string state = read_file(db / "rowan" / "state");
  write_file(journal, good);
  for (size_t at = 0; at < state.size(); at += 5) {
    std::string bad = state;
    bad[at] ^= 0x20;
    if (at >= 8 && at < 12) continue;  // The version: another error.
    write_file(db / "rowan" / "state", bad);
    CHECK(answer_or_damage(db).empty());
  }
  write_file(db / "rowan" / "state", state);
  CHECK(answer_or_damage(db) == whole);
  CHECK(run_rowan("sql " + quoted(db) + " -c 'DELETE FROM t WHERE id >= 5000'").code == 0);
  CHECK(answer_or_damage(db) == before);
  check_clean(db);
}

}  // namespace rowan::git_testing
