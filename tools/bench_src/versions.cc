#include "versions.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "store/git_store.h"

namespace rowan::bench {

namespace {

constexpr const char* kDefinition =
    "CREATE TABLE t (id integer PRIMARY KEY, name text, n integer, x double precision, d date)";

// What a command prints, without the line's end.
std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) die("cannot run: " + command);
  std::string text;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  if (::pclose(pipe) != 0) die("failed: " + command);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string text_of(Session& session, const std::string& query) {
  auto rows = must(session.run(query), query);
  if (!must(rows->next(), query)) die("no row: " + query);
  return rows->get_text(0);
}

double milliseconds(Session& session, const std::string& statement) {
  return 1e3 * seconds_of([&] { drain(*must(session.run(statement), statement)); });
}

std::string git(const fs::path& repository, const std::string& words) {
  return fmt::format("git --git-dir {} {}", repository.string(), words);
}

}  // namespace

void VersionBench::run() {
  const std::vector<std::pair<std::string, void (VersionBench::*)()>> parts = {
      {"branches", &VersionBench::branches},
      {"depth", &VersionBench::depth},
      {"live", &VersionBench::live},
      {"diff", &VersionBench::diff},
      {"diff10", &VersionBench::diff_growth},
      {"merge", &VersionBench::merge},
      {"log", &VersionBench::log},
      {"blame", &VersionBench::blame},
      {"care", &VersionBench::care}};
  for (const auto& [name, part] : parts) {
    if (!options_.only.empty() &&
        std::find(options_.only.begin(), options_.only.end(), name) == options_.only.end())
      continue;
    if (!options_.json) std::fprintf(stderr, "… %s\n", name.c_str());
    (this->*part)();
  }
}

fs::path VersionBench::copy_of_base(const std::string& name) const {
  const fs::path path = options_.dir / name;
  fs::remove_all(path);
  shell(fmt::format("cp -r {} {}", base_.string(), path.string()));
  return path;
}

void VersionBench::update_rows(Session& session, int64_t commits) {
  sql(session, "SET synchronous_commit = off");
  auto statement = must(session.prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
  const auto rows = static_cast<uint64_t>(options_.rows);
  for (int64_t i = 0; i < commits; ++i) {
    drain(*must(statement->run({i % 10'000, static_cast<int64_t>(random_() % (rows - 1)) + 2}),
                "update"));
  }
  sql(session, "SET synchronous_commit = on");
}

std::vector<double> VersionBench::times_of(Session& session, const std::string& query) const {
  std::vector<double> times;
  milliseconds(session, query);
  for (int round = 0; round < options_.rounds; ++round)
    times.push_back(milliseconds(session, query));
  return times;
}

// CREATE BRANCH and CHECKOUT with ten branches and with ten thousand.
void VersionBench::branches() {
  constexpr int kBranches = 10'000;
  constexpr int kMeasured = 50;
  Line create{"CREATE BRANCH at 10,000 branches", "ms", {}, {}, 1, false};
  Line create_growth{"the same / at 10 branches", "ms", {}, {}, 2, false};
  Line checkout{"CHECKOUT at 10,000 branches", "ms", {}, {}, 1, false};
  const fs::path path = copy_of_base("branches.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    const auto measure = [&](const std::string& prefix) {
      std::vector<double> times;
      for (int i = 0; i < kMeasured; ++i)
        times.push_back(milliseconds(*session, fmt::format("CREATE BRANCH {}{}", prefix, i)));
      return times;
    };
    create_growth.peer = measure("few");
    sql(*session, "SET synchronous_commit = off");
    for (int i = 0; i < kBranches; ++i)
      drain(*must(session->run(fmt::format("CREATE BRANCH b{}", i)), "create branch"));
    sql(*session, "SET synchronous_commit = on");
    must(database->checkpoint(), "checkpoint");
    create.rowan = create_growth.rowan = measure("many");
    for (int i = 0; i < kMeasured; ++i) {
      checkout.rowan.push_back(
          milliseconds(*session, fmt::format("CHECKOUT b{}", random_() % kBranches)));
      drain(*must(session->run("SELECT n FROM t WHERE id = 1"), "select"));
    }
  }
  fs::remove_all(path);
  lines_.push_back(std::move(create));
  lines_.push_back(std::move(create_growth));
  lines_.push_back(std::move(checkout));
}

// Reads on the last of 1,000 branches, each made from the one before with a change of its own,
// beside reads on the first.
void VersionBench::depth() {
  constexpr int kDepth = 1000;
  constexpr int kSelects = 20'000;
  Line point{"select by key at branch depth 1,000 / depth 1", "us", {}, {}, 1.1, false};
  Line scan{"sum of a column at branch depth 1,000 / depth 1", "ms", {}, {}, 1.1, false};
  const fs::path path = copy_of_base("depth.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session, "SET synchronous_commit = off");
    for (int i = 1; i <= kDepth; ++i) {
      sql(*session,
          fmt::format("CREATE BRANCH d{0}; CHECKOUT d{0}; UPDATE t SET n = {0} WHERE id = {1}", i,
                      1 + random_() % static_cast<uint64_t>(options_.rows)));
    }
    auto first = must(database->connect("d1"), "connect");
    auto last = must(database->connect(fmt::format("d{}", kDepth)), "connect");
    const auto selects = [&](Session& in) {
      auto statement = must(in.prepare("SELECT name, n FROM t WHERE id = $1"), "prepare");
      return 1e6 / kSelects * seconds_of([&] {
               for (int i = 0; i < kSelects; ++i)
                 drain(*must(statement->run({static_cast<int64_t>(
                                                 random_() % static_cast<uint64_t>(options_.rows)) +
                                             1}),
                             "run"));
             });
    };
    for (int round = -1; round < options_.rounds * 2; ++round) {
      const double of_last = selects(*last), of_first = selects(*first);
      const double sum_last = milliseconds(*last, "SELECT sum(n) FROM t"),
                   sum_first = milliseconds(*first, "SELECT sum(n) FROM t");
      if (round < 0) continue;  // The first round warms both up.
      point.rowan.push_back(of_last);
      point.peer.push_back(of_first);
      scan.rowan.push_back(sum_last);
      scan.peer.push_back(sum_first);
    }
  }
  fs::remove_all(path);
  lines_.push_back(std::move(point));
  lines_.push_back(std::move(scan));
}

// 5,000 branches with a write of their own, beside as many writes on one branch.
void VersionBench::live() {
  constexpr int kBranches = 5000;
  Line bytes{"bytes of a write on each of 5,000 branches / on one", "bytes", {}, {}, 1.5, false};
  Line growth{"time of the last 500 such branches / of the first 500", "ms", {}, {}, 1.5, false};
  const fs::path path = copy_of_base("live.git");
  const uint64_t before = object_bytes(path);
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session, "SET synchronous_commit = off");
    std::vector<double> times;
    for (int i = 0; i < kBranches; ++i) {
      times.push_back(1e3 * seconds_of([&] {
                        sql(*session,
                            fmt::format("CHECKOUT main; CREATE BRANCH w{0}; CHECKOUT w{0}; UPDATE "
                                        "t SET n = {0} WHERE id = {1}",
                                        i, 1 + random_() % static_cast<uint64_t>(options_.rows)));
                      }));
    }
    growth.peer.assign(times.begin(), times.begin() + 500);
    growth.rowan.assign(times.end() - 500, times.end());
  }
  bytes.rowan.push_back(static_cast<double>(object_bytes(path) - before) / kBranches);
  const fs::path straight = copy_of_base("straight.git");
  {
    auto database = open_rowan(straight);
    auto session = must(database->connect(), "connect");
    update_rows(*session, kBranches);
  }
  bytes.peer.push_back(static_cast<double>(object_bytes(straight) - before) / kBranches);
  fs::remove_all(path);
  fs::remove_all(straight);
  lines_.push_back(std::move(bytes));
  lines_.push_back(std::move(growth));
}

void VersionBench::diff() {
  Line line{"diff of 100 changed rows, warm", "ms", {}, {}, 5, false};
  const fs::path path = copy_of_base("diff.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session, fmt::format("UPDATE t SET n = n + 1 WHERE id % {} = 7", options_.rows / 100));
    line.rowan = times_of(*session, "SELECT * FROM rowan.diff('t', 'HEAD~1', 'HEAD')");
  }
  fs::remove_all(path);
  lines_.push_back(std::move(line));
}

// The same difference in a table of ten times the size.
void VersionBench::diff_growth() {
  Line line{
      "diff of 100 changed rows in ten times the rows / in the table", "ms", {}, {}, 1.5, false};
  const fs::path path = copy_of_base("diff10.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session,
        "CREATE TABLE u (id integer PRIMARY KEY, name text, n integer, x double precision, d "
        "date)");
    for (int part = 0; part < 10; ++part) {
      const int64_t from = part * options_.rows;
      sql(*session, fmt::format("INSERT INTO u SELECT id + {}, name, n, x, d FROM t", from));
    }
    const int64_t step = options_.rows / 100;
    sql(*session, fmt::format("UPDATE u SET n = n + 1 WHERE id % {} = 7", step * 10));
    sql(*session, fmt::format("UPDATE t SET n = n + 1 WHERE id % {} = 7", step));
    const std::string large = "SELECT * FROM rowan.diff('u', 'HEAD~2', 'HEAD~1')";
    const std::string small = "SELECT * FROM rowan.diff('t', 'HEAD~1', 'HEAD')";
    for (int round = -1; round < options_.rounds * 3; ++round) {
      const double of_large = milliseconds(*session, large),
                   of_small = milliseconds(*session, small);
      if (round < 0) continue;
      line.rowan.push_back(of_large);
      line.peer.push_back(of_small);
    }
  }
  fs::remove_all(path);
  lines_.push_back(std::move(line));
}

// Both sides change every step-th row, not the same ones, beside `git merge-tree --write-tree` of
// the same two commits, which may find conflicts (and then ends with 1) where both sides moved a
// leaf's boundary.
void VersionBench::merge_changes(int64_t changes, double limit) {
  const int64_t step = std::max<int64_t>(2, options_.rows / changes);
  const std::string name = fmt::format("merge of {0} and {0} changed rows", options_.rows / step);
  Line line{name, "ms", {}, {}, limit, false};
  Line beside{name + " / git merge-tree", "ms", {}, {}, 0, false};
  const fs::path path = copy_of_base("merge.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    for (int round = 0; round < options_.rounds; ++round) {
      sql(*session,
          fmt::format(
              "CHECKOUT main; CREATE BRANCH ours{0}; CREATE BRANCH theirs{0}; CHECKOUT ours{0}; "
              "UPDATE t SET n = n + 1 WHERE id % {1} = {2}; "
              "CHECKOUT theirs{0}; UPDATE t SET x = x + 1 WHERE id % {1} = {3}; CHECKOUT ours{0}",
              round, step, round % (step / 2), round % (step / 2) + step / 2));
      must(database->checkpoint(), "checkpoint");
      beside.peer.push_back(
          1e3 * seconds_of([&] {
            shell(git(
                path,
                fmt::format("merge-tree --write-tree ours{0} theirs{0} > /dev/null || [ $? -eq 1 ]",
                            round)));
          }));
      line.rowan.push_back(milliseconds(*session, fmt::format("MERGE theirs{}", round)));
    }
  }
  beside.rowan = line.rowan;
  fs::remove_all(path);
  lines_.push_back(std::move(line));
  lines_.push_back(std::move(beside));
}

void VersionBench::merge() {
  merge_changes(1000, 100);
  merge_changes(100'000, 1500);
}

// A small table with a long history: the newest twenty commits, and the table as it was at a moment
// in the middle.
void VersionBench::log() {
  Line newest{fmt::format("the last 20 of {} commits", options_.commits), "ms", {}, {}, 10, false};
  Line newest_git{"the same / git log -n 20", "ms", {}, {}, 0, false};
  Line moment{
      fmt::format("AS OF TIMESTAMP among {} commits", options_.commits), "ms", {}, {}, 10, false};
  Line moment_git{"the same / git rev-list -1 --before", "ms", {}, {}, 0, false};
  const fs::path path = options_.dir / "log.git";
  fs::remove_all(path);
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session, fmt::format("{}; INSERT INTO t SELECT n, 'row', n, 0, date '2024-01-01' FROM "
                              "generate_series(1, 1000) AS g(n); SET synchronous_commit = off",
                              kDefinition));
    auto statement = must(session->prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
    std::string middle;
    for (int64_t i = 0; i < options_.commits; ++i) {
      drain(*must(statement->run({i, static_cast<int64_t>(random_() % 1000) + 1}), "update"));
      if (i == options_.commits / 2)
        middle =
            text_of(*session, "SELECT max(time) FROM (SELECT time FROM rowan.log LIMIT 1) AS l");
    }
    must(database->checkpoint(), "checkpoint");
    const std::string log = "SELECT commit, author, time, message FROM rowan.log LIMIT 20";
    const std::string as_of =
        fmt::format("SELECT count(*) FROM t AS OF TIMESTAMP '{}' WHERE id = 5", middle);
    newest.rowan = newest_git.rowan = times_of(*session, log);
    moment.rowan = moment_git.rowan = times_of(*session, as_of);
    for (int round = 0; round < options_.rounds; ++round) {
      newest_git.peer.push_back(
          1e3 * seconds_of([&] { shell(git(path, "log -n 20 main > /dev/null")); }));
      moment_git.peer.push_back(
          1e3 * seconds_of([&] {
            shell(git(path, fmt::format("rev-list -1 --before='{}' main > /dev/null", middle)));
          }));
    }
  }
  fs::remove_all(path);
  for (Line* line : {&newest, &newest_git, &moment, &moment_git})
    lines_.push_back(std::move(*line));
}

// Who changed row 1 last, 100,000 commits of other rows later; beside git, which is asked about the
// leaf that holds the row.
void VersionBench::blame() {
  constexpr int64_t kCommits = 100'000;
  Line line{"blame of one row over 100,000 commits of others", "ms", {}, {}, 100, false};
  Line beside{"the same / git log -1 -S of its line", "ms", {}, {}, 0, false};
  const fs::path path = copy_of_base("blame.git");
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    update_rows(*session, kCommits);
    must(database->checkpoint(), "checkpoint");
    line.rowan = beside.rowan = times_of(*session, "SELECT * FROM rowan.blame('t', 'HEAD', 1)");
    const std::string leaf =
        output_of(git(path, "ls-tree -r --name-only main public/t/rows | head -n 1"));
    beside.peer.push_back(
        1e3 * seconds_of([&] {
          shell(git(path, fmt::format("log -1 -S '[1,' main -- '{}' > /dev/null", leaf)));
        }));
  }
  fs::remove_all(path);
  lines_.push_back(std::move(line));
  lines_.push_back(std::move(beside));
}

// A long history of one-row commits: what is on the disk once pack care is done, journal included,
// and whether git can read it all.
void VersionBench::care() {
  Line total{fmt::format("repository after {} one-row commits and pack care", options_.commits),
             "MB",
             {},
             {},
             0,
             false};
  if (options_.commits == 190'000) total.limit = 200;
  Line each{"bytes a one-row commit, after pack care", "bytes", {}, {}, 1050, false};
  Line time{"pack care's time a commit", "us", {}, {}, 0, false};
  const fs::path path = copy_of_base("care.git");
  const uint64_t before = folder_bytes(path);
  {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    update_rows(*session, options_.commits);
  }
  {
    store::GitStoreOptions options;
    options.background = false;
    auto store = store::open_git_store(path, options);
    if (!store) die("open: " + store.error().message());
    time.rowan.push_back(1e6 / static_cast<double>(options_.commits) * seconds_of([&] {
                           if (const auto done = (*store)->maintain(); !done)
                             die("pack care: " + done.error().message());
                         }));
  }
  total.rowan.push_back(static_cast<double>(folder_bytes(path)) / 1e6);
  each.rowan.push_back(static_cast<double>(folder_bytes(path) - before) /
                       static_cast<double>(options_.commits));
  shell(git(path, "fsck --full --strict --no-progress"));
  const std::string commits = output_of(git(path, "rev-list --count main"));
  // An update that happens to write the value that is there makes no commit.
  if (std::stoll(commits) < options_.commits - options_.commits / 1000)
    die("commits are missing: " + commits);
  fs::remove_all(path);
  for (Line* line : {&total, &each, &time}) lines_.push_back(std::move(*line));
}

}  // namespace rowan::bench
