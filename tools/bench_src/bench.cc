// rowan-bench: the same work on Rowan and SQLite (git, PostgreSQL), interleaved in one run; prints
// medians of the ratios with their spread.
//
//   rowan-bench [--json] [--rows N] [--commits N] [--rounds N] [--seconds N] [--only NAME,…] [--dir
//   DIR]
//
// The table: t(id integer primary key, name text, n integer, x double precision, d date), rows of
// about 55 bytes.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench.h"
#include "peer_sqlite.h"
#include "rowan/rowan.h"
#include "versions.h"
#include "wire.h"

namespace rowan::bench {

void die(const std::string& message) {
  std::fprintf(stderr, "rowan-bench: %s\n", message.c_str());
  std::exit(1);
}

void drain(Rows& rows) {
  while (must(rows.next(), "next")) {
  }
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

uint64_t folder_bytes(const fs::path& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

uint64_t object_bytes(const fs::path& repository) { return folder_bytes(repository / "objects"); }

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) die("failed: " + command);
}

std::unique_ptr<Database> open_rowan(const fs::path& path, const std::string& sync) {
  OpenOptions options;
  options.create = true;
  options.synchronous_commit = sync;
  return must(Database::open(path.string(), options), "open " + path.string());
}

void sql(Session& session, const std::string& text) { must(session.run_script(text), text); }

namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)), random_(20261121) {
    fs::create_directories(options_.dir);
    csv_ = options_.dir / "t.csv";
  }
  ~Bench() {
    std::error_code error;
    fs::remove_all(options_.dir, error);
  }

  int run() {
    write_csv();
    const std::vector<std::pair<std::string, void (Bench::*)()>> parts = {
        {"copy", &Bench::copy},
        {"open_idle", &Bench::open_idle},
        {"cold", &Bench::cold},
        {"warm", &Bench::warm},
        {"point", &Bench::point},
        {"commit", &Bench::commit},
        {"commit_off", &Bench::commit_off},
        {"history", &Bench::history},
        {"open", &Bench::open},
        {"group", &Bench::group},
        {"binary", &Bench::binary}};
    prepare_tables();
    for (const auto& [name, part] : parts) {
      if (!options_.only.empty() &&
          std::find(options_.only.begin(), options_.only.end(), name) == options_.only.end())
        continue;
      if (!options_.json) std::fprintf(stderr, "… %s\n", name.c_str());
      (this->*part)();
    }
    VersionBench versions(options_, rowan_path(), lines_);
    versions.run();
    WireBench(options_, csv_, lines_).run();
    report();
    return 0;
  }

 private:
  fs::path rowan_path() const { return options_.dir / "t.git"; }
  fs::path sqlite_path() const { return options_.dir / "t.sqlite"; }

  void write_csv() {
    constexpr const char* kThings[] = {"desk",  "lamp",  "chair", "shelf",
                                       "table", "stool", "bench", "crate"};
    constexpr const char* kColours[] = {"ivory", "amber", "black", "green",
                                        "azure", "coral", "olive", "pearl"};
    std::FILE* file = std::fopen(csv_.c_str(), "w");
    if (file == nullptr) die("cannot write the CSV");
    std::string line;
    for (int64_t id = 1; id <= options_.rows; ++id) {
      const uint64_t r = random_();
      line = fmt::format("{},{} {} {},{},{}.{:02},20{:02}-{:02}-{:02}\n", id, kColours[r % 8],
                         kThings[r / 8 % 8], r / 64 % 100000, r / 1024 % 10000, r / 4096 % 10000,
                         r / 128 % 100, 10 + r / 7 % 15, 1 + r / 11 % 12, 1 + r / 13 % 28);
      std::fwrite(line.data(), 1, line.size(), file);
    }
    std::fclose(file);
  }

  void load_rowan(const fs::path& path) {
    auto database = open_rowan(path);
    auto session = must(database->connect(), "connect");
    sql(*session,
        "CREATE TABLE t (id integer PRIMARY KEY, name text, n integer, x double precision, d "
        "date)");
    sql(*session, fmt::format("COPY t FROM '{}' (FORMAT csv)", csv_.string()));
  }
  void load_sqlite(const fs::path& path) {
    {
      Sqlite db(path.string(), "FULL");
      db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x REAL, d TEXT)");
    }
    shell(fmt::format("sqlite3 {} '.mode csv' '.import {} t'", path.string(), csv_.string()));
  }
  void prepare_tables() {
    load_rowan(rowan_path());
    load_sqlite(sqlite_path());
  }

  // COPY against the sqlite3 shell's .import into an empty table, repository and checkpoint
  // included on both sides.
  void copy() {
    Line line{"COPY 1 M rows / sqlite3 .import", "s", {}, {}, 0.7, false};
    for (int round = 0; round < options_.rounds; ++round) {
      const fs::path rowan = options_.dir / "copy.git";
      const fs::path sqlite = options_.dir / "copy.sqlite";
      {
        auto database = open_rowan(rowan);
        auto session = must(database->connect(), "connect");
        sql(*session,
            "CREATE TABLE t (id integer PRIMARY KEY, name text, n integer, x double precision, d "
            "date)");
        line.rowan.push_back(seconds_of(
            [&] { sql(*session, fmt::format("COPY t FROM '{}' (FORMAT csv)", csv_.string())); }));
      }
      {
        Sqlite db(sqlite.string(), "FULL");
        db.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, x REAL, d TEXT)");
      }
      line.peer.push_back(seconds_of([&] {
        shell(fmt::format("sqlite3 {} '.mode csv' '.import {} t'", sqlite.string(), csv_.string()));
      }));
      fs::remove_all(rowan);
      for (const char* end : {"", "-wal", "-shm"}) fs::remove(sqlite.string() + end);
    }
    lines_.push_back(std::move(line));
  }

  void open_idle() {
    Line memory{"idle memory of an open repository", "MB", {}, {}, 50, false};
    // In a process of its own: this one has buffers of the work before.
    const fs::path out = options_.dir / "idle";
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    shell(fmt::format("{} --idle {} > {}", self, rowan_path().string(), out.string()));
    double value = 0;
    std::ifstream(out) >> value;
    memory.rowan.push_back(value);
    lines_.push_back(std::move(memory));
  }

  void cold() {
    Line full{"cold read of all columns / SQLite", "s", {}, {}, 0.7, false};
    Line sum{"cold sum of one column / SQLite", "s", {}, {}, 4, false};
    for (int round = 0; round < options_.rounds; ++round) {
      {
        auto database = open_rowan(rowan_path());
        auto session = must(database->connect(), "connect");
        full.rowan.push_back(seconds_of([&] { read_all(*session, "SELECT * FROM t"); }));
      }
      {
        Sqlite db(sqlite_path().string(), "FULL");
        full.peer.push_back(seconds_of([&] { db.read_all("SELECT * FROM t"); }));
      }
      {
        auto database = open_rowan(rowan_path());
        auto session = must(database->connect(), "connect");
        sum.rowan.push_back(
            seconds_of([&] { drain(*must(session->run("SELECT sum(n) FROM t"), "sum")); }));
      }
      {
        Sqlite db(sqlite_path().string(), "FULL");
        sum.peer.push_back(seconds_of([&] { db.query_double("SELECT sum(n) FROM t"); }));
      }
    }
    lines_.push_back(std::move(full));
    lines_.push_back(std::move(sum));
  }

  static uint64_t read_all(Session& session, const std::string& query) {
    auto rows = must(session.run(query), query);
    uint64_t count = 0;
    volatile int64_t sink = 0;
    const auto& columns = rows->columns();
    while (must(rows->next(), "next")) {
      for (size_t i = 0; i < columns.size(); ++i) {
        switch (columns[i].kind) {
          case ColumnKind::kFloat:
            sink = sink + static_cast<int64_t>(rows->get_double(i));
            break;
          case ColumnKind::kText:
            sink = sink + static_cast<int64_t>(rows->get_string(i).size());
            break;
          default:
            sink = sink + rows->get_int(i);
        }
      }
      ++count;
    }
    return count;
  }

  void warm() {
    struct Query {
      const char* name;
      const char* sql;
      double limit;
    };
    constexpr Query kQueries[] = {
        {"warm sum / SQLite", "SELECT sum(n) FROM t", 0.1},
        {"warm group by / SQLite", "SELECT d, count(*), sum(n), avg(x) FROM t GROUP BY d", 0.1},
        {"warm count(*) / SQLite", "SELECT count(*) FROM t", 0.05},
        {"warm filtered count / SQLite", "SELECT count(*) FROM t WHERE n < 5000", 0},
        {"warm top 10 / SQLite", "SELECT id, x FROM t ORDER BY x DESC LIMIT 10", 0},
    };
    auto database = open_rowan(rowan_path());
    auto session = must(database->connect(), "connect");
    Sqlite db(sqlite_path().string(), "FULL");
    for (const Query& query : kQueries) {
      Line line{query.name, "s", {}, {}, query.limit, false};
      for (int warm_up = 0; warm_up < 2; ++warm_up) {
        drain(*must(session->run(query.sql), query.sql));
        db.read_all(query.sql);
      }
      for (int round = 0; round < options_.rounds * 3; ++round) {
        line.rowan.push_back(seconds_of([&] { drain(*must(session->run(query.sql), query.sql)); }));
        line.peer.push_back(seconds_of([&] { db.read_all(query.sql); }));
      }
      lines_.push_back(std::move(line));
    }
  }

  int64_t random_id() {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(options_.rows)) + 1;
  }

  void point() {
    constexpr int kSelects = 100'000;
    Line line{"warm select by key, prepared / SQLite", "us", {}, {}, 1.0, false};
    auto database = open_rowan(rowan_path());
    auto session = must(database->connect(), "connect");
    auto statement = must(session->prepare("SELECT name, n, x FROM t WHERE id = $1"), "prepare");
    Sqlite db(sqlite_path().string(), "FULL");
    sqlite3_stmt* peer = db.prepare("SELECT name, n, x FROM t WHERE id = ?1");
    const auto run_rowan = [&] {
      volatile size_t sink = 0;
      for (int i = 0; i < kSelects; ++i) {
        auto rows = must(statement->run({random_id()}), "run");
        while (must(rows->next(), "next")) {
          sink = sink + rows->get_string(0).size() + static_cast<size_t>(rows->get_int(1)) +
                 static_cast<size_t>(rows->get_double(2));
        }
      }
    };
    const auto run_peer = [&] {
      volatile size_t sink = 0;
      for (int i = 0; i < kSelects; ++i) {
        sqlite3_bind_int64(peer, 1, random_id());
        while (sqlite3_step(peer) == SQLITE_ROW) {
          sqlite3_column_text(peer, 0);
          sink = sink + static_cast<size_t>(sqlite3_column_bytes(peer, 0)) +
                 static_cast<size_t>(sqlite3_column_int64(peer, 1)) +
                 static_cast<size_t>(sqlite3_column_double(peer, 2));
        }
        sqlite3_reset(peer);
      }
    };
    run_rowan();
    run_peer();
    for (int round = 0; round < options_.rounds; ++round) {
      line.rowan.push_back(seconds_of(run_rowan) / kSelects * 1e6);
      line.peer.push_back(seconds_of(run_peer) / kSelects * 1e6);
    }
    sqlite3_finalize(peer);
    lines_.push_back(std::move(line));
  }

  // One-row updates by key, each its own transaction.
  void single_commits(const std::string& name, const std::string& sync,
                      const std::string& peer_sync, int commits, double limit) {
    Line line{name, "us", {}, {}, limit, false};
    fs::remove_all(options_.dir / "c.git");
    shell(fmt::format("cp -r {} {}", rowan_path().string(), (options_.dir / "c.git").string()));
    shell(fmt::format("cp {} {}", sqlite_path().string(), (options_.dir / "c.sqlite").string()));
    ::sync();  // What was written before is not to be measured.
    {
      auto database = open_rowan(options_.dir / "c.git", sync);
      auto session = must(database->connect(), "connect");
      sql(*session, "SET synchronous_commit = " + sync);
      auto statement = must(session->prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
      Sqlite db((options_.dir / "c.sqlite").string(), peer_sync);
      sqlite3_stmt* peer = db.prepare("UPDATE t SET n = ?1 WHERE id = ?2");
      for (int round = -1; round < options_.rounds; ++round) {
        const double rowan = seconds_of([&] {
          for (int i = 0; i < commits; ++i)
            drain(*must(statement->run({int64_t{i}, random_id()}), "update"));
        });
        const double sqlite = seconds_of([&] {
          for (int i = 0; i < commits; ++i) {
            sqlite3_bind_int64(peer, 1, i);
            sqlite3_bind_int64(peer, 2, random_id());
            db.step(peer);
          }
        });
        if (round < 0) continue;  // The first round warms both up.
        line.rowan.push_back(rowan / commits * 1e6);
        line.peer.push_back(sqlite / commits * 1e6);
      }
      sqlite3_finalize(peer);
    }
    fs::remove_all(options_.dir / "c.git");
    for (const char* end : {"", "-wal", "-shm"})
      fs::remove((options_.dir / "c.sqlite").string() + end);
    lines_.push_back(std::move(line));
  }
  void commit() {
    single_commits("durable one-row commit / SQLite WAL FULL", "on", "FULL", 2000, 1.3);
  }
  void commit_off() {
    single_commits("not durable one-row commit / SQLite WAL OFF", "off", "OFF", 10'000, 4);
  }

  // 16 sessions, durable, beside one SQLite connection's durable commits, turn by turn. Rowan's
  // database stays open between its turns and what they leave to checkpoints and pack care falls
  // into later ones, as in a long run.
  void group() {
    constexpr int kSessions = 16;
    Line line{"16 sessions, durable commits/s / SQLite", "1/s", {}, {}, 2, true};
    shell(fmt::format("cp -r {} {}", rowan_path().string(), (options_.dir / "g.git").string()));
    shell(fmt::format("cp {} {}", sqlite_path().string(), (options_.dir / "g.sqlite").string()));
    ::sync();
    {
      auto database = open_rowan(options_.dir / "g.git");
      Sqlite db((options_.dir / "g.sqlite").string(), "FULL");
      sqlite3_stmt* peer = db.prepare("UPDATE t SET n = ?1 WHERE id = ?2");
      const double turn =
          std::max(1.0, static_cast<double>(options_.seconds) / (options_.rounds + 1));
      for (int round = -1; round < options_.rounds; ++round) {
        const double rowan = group_rate(*database, kSessions, turn);
        int commits = 0;
        const double elapsed = seconds_of([&] {
          for (const auto start = std::chrono::steady_clock::now();
               std::chrono::steady_clock::now() - start <
               std::chrono::duration<double>(turn / 2);) {
            sqlite3_bind_int64(peer, 1, commits++);
            sqlite3_bind_int64(peer, 2, random_id());
            db.step(peer);
          }
        });
        if (round < 0) continue;  // The first round warms both up.
        line.rowan.push_back(rowan);
        line.peer.push_back(commits / elapsed);
      }
      sqlite3_finalize(peer);
    }
    fs::remove_all(options_.dir / "g.git");
    for (const char* end : {"", "-wal", "-shm"})
      fs::remove((options_.dir / "g.sqlite").string() + end);
    lines_.push_back(std::move(line));
  }

  double group_rate(Database& database, int sessions, double seconds) {
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> done{0};
    std::vector<std::thread> threads;
    for (int k = 0; k < sessions; ++k) {
      threads.emplace_back([&, seed = random_()] {
        auto session = must(database.connect(), "connect");
        auto statement = must(session->prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
        std::mt19937_64 random(seed);
        while (!stop.load(std::memory_order_relaxed)) {
          const auto id = static_cast<int64_t>(random() % static_cast<uint64_t>(options_.rows)) + 1;
          drain(*must(statement->run({static_cast<int64_t>(random() % 10'000), id}), "update"));
          done.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    const double elapsed =
        seconds_of([&] { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); });
    const double rate = static_cast<double>(done.load()) / elapsed;
    stop = true;
    for (std::thread& thread : threads) thread.join();
    return rate;
  }

  // What 10,000 one-row commits weigh.
  void history() {
    constexpr int kCommits = 10'000;
    Line after{
        "repository bytes a one-row commit, after the checkpoint", "bytes", {}, {}, 2600, false};
    Line collected{"the same after git gc", "bytes", {}, {}, 1100, false};
    const fs::path path = options_.dir / "h.git";
    shell(fmt::format("cp -r {} {}", rowan_path().string(), path.string()));
    const uint64_t before = object_bytes(path);
    {
      auto database = open_rowan(path, "off");
      auto session = must(database->connect(), "connect");
      sql(*session, "SET synchronous_commit = off");
      auto statement = must(session->prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
      for (int i = 0; i < kCommits; ++i)
        drain(*must(statement->run({int64_t{i % 10'000}, random_id()}), "update"));
    }
    after.rowan.push_back(static_cast<double>(object_bytes(path) - before) / kCommits);
    // git gc packs the base anew too: it is measured against the base collected alone.
    const fs::path base = options_.dir / "hb.git";
    shell(fmt::format("cp -r {} {} && git --git-dir {} gc --quiet", rowan_path().string(),
                      base.string(), base.string()));
    history_path_ = options_.dir / "h2.git";
    shell(fmt::format("cp -r {} {}", path.string(), history_path_.string()));
    shell(fmt::format("git --git-dir {} gc --quiet", path.string()));
    collected.rowan.push_back(
        (static_cast<double>(object_bytes(path)) - static_cast<double>(object_bytes(base))) /
        kCommits);
    fs::remove_all(path);
    fs::remove_all(base);
    lines_.push_back(std::move(after));
    lines_.push_back(std::move(collected));
  }

  void open() {
    Line clean{"open 1 M rows, 10,000 commits, after a clean close", "ms", {}, {}, 50, false};
    if (history_path_.empty()) history_path_ = rowan_path();
    for (int round = 0; round < options_.rounds; ++round) {
      clean.rowan.push_back(1e3 * seconds_of([&] {
                              auto database = open_rowan(history_path_);
                              auto session = must(database->connect(), "connect");
                              drain(*must(session->run("SELECT n FROM t WHERE id = 1"), "select"));
                              opened_ = std::move(session);
                              opened_.reset();
                              closing_ = std::move(database);
                            }));
      closing_.reset();
    }
    lines_.push_back(std::move(clean));
    // A full journal: a process that is killed after many commits.
    Line full{"open with a full journal, after kill -9", "ms", {}, {}, 400, false};
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    for (int round = 0; round < 3; ++round) {
      const fs::path path = options_.dir / "j.git";
      shell(fmt::format("cp -r {} {}", rowan_path().string(), path.string()));
      const int killed = std::system(
          fmt::format("{} --fill-journal {} {}", self, path.string(), options_.rows).c_str());
      if (killed == 0) die("the process that fills the journal ended by itself");
      full.rowan.push_back(1e3 * seconds_of([&] { closing_ = open_rowan(path); }));
      closing_.reset();
      fs::remove_all(path);
    }
    lines_.push_back(std::move(full));
  }

  void binary() {
    Line line{"stripped binary", "MB", {}, {}, 15, false};
    const fs::path program =
        fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path() / "rowan";
    if (!fs::exists(program)) return;
    const fs::path copy = options_.dir / "rowan-stripped";
    fs::copy_file(program, copy);
    shell("strip " + copy.string());
    line.rowan.push_back(static_cast<double>(fs::file_size(copy)) / 1e6);
    lines_.push_back(std::move(line));
  }

  struct Figures {
    double rowan, peer, ratio, low, high;
  };
  static Figures figures(const Line& line) {
    Figures f{median(line.rowan), median(line.peer), 0, 0, 0};
    std::vector<double> ratios;
    for (size_t i = 0; i < std::min(line.rowan.size(), line.peer.size()); ++i)
      ratios.push_back(line.rowan[i] / line.peer[i]);
    if (ratios.empty()) ratios = line.rowan;
    f.ratio = median(ratios);
    f.low = *std::min_element(ratios.begin(), ratios.end());
    f.high = *std::max_element(ratios.begin(), ratios.end());
    return f;
  }

  void report() const {
    if (options_.json) std::printf("[");
    bool first = true;
    if (!options_.json)
      std::printf("%-58s %12s %12s %9s %19s %8s\n", "", "Rowan", "peer", "ratio", "spread",
                  "limit");
    for (const Line& line : lines_) {
      const Figures f = figures(line);
      const bool kept =
          line.limit == 0 || (line.at_least ? f.ratio >= line.limit : f.ratio <= line.limit);
      if (options_.json) {
        std::printf(
            "%s\n {\"name\": \"%s\", \"unit\": \"%s\", \"rowan\": %g, \"peer\": %g, \"value\": %g, "
            "\"low\": %g, \"high\": %g, \"limit\": %g, \"kept\": %s}",
            first ? "" : ",", line.name.c_str(), line.unit.c_str(), f.rowan, f.peer, f.ratio, f.low,
            f.high, line.limit, kept ? "true" : "false");
      } else {
        const std::string peer =
            line.peer.empty() ? "" : fmt::format("{:.4g} {}", f.peer, line.unit);
        const std::string limit =
            line.limit == 0 ? "" : fmt::format("{}{:g}", line.at_least ? ">=" : "<=", line.limit);
        std::printf("%-58s %12s %12s %9.3g %8.3g … %-8.3g %8s%s\n", line.name.c_str(),
                    fmt::format("{:.4g} {}", f.rowan, line.unit).c_str(), peer.c_str(), f.ratio,
                    f.low, f.high, limit.c_str(), kept ? "" : "  MISSED");
      }
      first = false;
    }
    if (options_.json) std::printf("\n]\n");
  }

  Options options_;
  std::mt19937_64 random_;
  fs::path csv_;
  fs::path history_path_;
  std::vector<Line> lines_;
  std::unique_ptr<Session> opened_;
  std::unique_ptr<Database> closing_;
};

// --idle: opens, reads one row, says its memory.
int idle(const std::string& path) {
  auto database = must(Database::open(path), "open");
  auto session = must(database->connect(), "connect");
  drain(*must(session->run("SELECT n FROM t WHERE id = 1"), "select"));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  std::printf("%g\n", resident_mb());
  return 0;
}

// --fill-journal: commits until a 64 MB journal file is full, then dies without closing.
int fill_journal(const std::string& path, int64_t rows) {
  auto database = must(Database::open(path), "open");
  auto session = must(database->connect(), "connect");
  must(session->run("SET synchronous_commit = off"), "set");
  auto statement = must(session->prepare("UPDATE t SET n = $1 WHERE id = $2"), "prepare");
  std::mt19937_64 random(7);
  constexpr int kCommits = 6500;  // 9.4 KB a record.
  for (int i = 0; i < kCommits; ++i) {
    drain(*must(statement->run(
                    {int64_t{i}, static_cast<int64_t>(random() % static_cast<uint64_t>(rows)) + 1}),
                "update"));
  }
  must(session->run("SET synchronous_commit = on"), "set");
  drain(*must(statement->run({int64_t{1}, int64_t{1}}), "update"));
  ::kill(::getpid(), SIGKILL);
  return 0;
}

int main_with(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "--idle") return idle(words[1]);
  if (words.size() == 3 && words[0] == "--fill-journal")
    return fill_journal(words[1], std::stoll(words[2]));
  Options options;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto value = [&]() -> std::string {
      if (i + 1 == words.size()) die("option " + words[i] + " needs a value");
      return words[++i];
    };
    if (words[i] == "--json") {
      options.json = true;
    } else if (words[i] == "--rows") {
      options.rows = std::stoll(value());
    } else if (words[i] == "--commits") {
      options.commits = std::stoll(value());
    } else if (words[i] == "--rounds") {
      options.rounds = std::stoi(value());
    } else if (words[i] == "--seconds") {
      options.seconds = std::stoi(value());
    } else if (words[i] == "--dir") {
      options.dir = value();
    } else if (words[i] == "--only") {
      std::string list = value();
      for (size_t at = 0; at <= list.size();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        options.only.push_back(list.substr(at, comma - at));
        at = comma + 1;
      }
    } else {
      die("usage: rowan-bench [--json] [--rows N] [--commits N] [--rounds N] [--seconds N] [--only "
          "NAME,…] [--dir DIR]");
    }
  }
  return Bench(std::move(options)).run();
}

}  // namespace
}  // namespace rowan::bench

int main(int argc, char** argv) { return rowan::bench::main_with({argv + 1, argv + argc}); }
