#include "wire.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "child.h"

namespace rowan::bench {

namespace {

constexpr int kTurnsOfSeconds = 20;  // A turn's share of --seconds.
constexpr int64_t kCopyRowsMax = 500'000;
constexpr std::chrono::seconds kStartMax{60};
constexpr const char* kDefinition =
    "CREATE TABLE t (id integer PRIMARY KEY, name text, n integer, x double precision, d date)";

// PostgreSQL's server does not run as root; Debian's package has made a user for it.
Identity server_user() {
  if (::geteuid() != 0) return {};
  const passwd* entry = ::getpwnam("postgres");
  if (entry == nullptr) entry = ::getpwnam("nobody");
  if (entry == nullptr) die("there is no user that PostgreSQL's server could run as");
  return {entry->pw_uid, entry->pw_gid};
}

// The folder with the server's programs, version 15 first.
fs::path find_programs() {
  for (const int version : {15, 17, 16, 14, 13}) {
    const fs::path folder = fmt::format("/usr/lib/postgresql/{}/bin", version);
    if (fs::exists(folder / "postgres") && fs::exists(folder / "pgbench")) return folder;
  }
  return {};
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

// A server that has started, and the words by which PostgreSQL's programs reach it.
class WireServer {
 public:
  WireServer(const fs::path& programs, const fs::path& log, int port, const std::string& user,
             const std::vector<std::string>& words, Identity identity, int end_signal)
      : programs_(programs),
        log_(log),
        port_(port),
        user_(user),
        child_(words, log, identity, end_signal) {
    const auto start = std::chrono::steady_clock::now();
    while (!answers()) {
      if (!child_.is_running() || std::chrono::steady_clock::now() - start > kStartMax)
        die("a server did not start: " + words[0] + "\n" + text_of(log_));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  std::string connection() const { return fmt::format("-h 127.0.0.1 -p {} -U {}", port_, user_); }
  void psql(const std::string& command) const {
    shell(
        fmt::format("{}/psql {} -Xq -v ON_ERROR_STOP=1 -d postgres "
                    "-c 'SET client_min_messages = warning' -c \"{}\"",
                    programs_.string(), connection(), command));
  }

 private:
  bool answers() const {
    return std::system(fmt::format("{}/psql {} -XAtq -d postgres -c 'SELECT 1' >/dev/null 2>&1",
                                   programs_.string(), connection())
                           .c_str()) == 0;
  }

  const fs::path programs_;
  const fs::path log_;
  const int port_;
  const std::string user_;
  Child child_;
};

WireBench::WireBench(const Options& options, fs::path csv, std::vector<Line>& lines)
    : options_(options), csv_(std::move(csv)), lines_(lines), programs_(find_programs()) {}
WireBench::~WireBench() = default;

bool WireBench::has_programs() const {
  if (!programs_.empty()) return true;
  std::fprintf(
      stderr,
      "PostgreSQL's server and pgbench are not installed: the rows over loopback are left out\n");
  return false;
}

void WireBench::run() {
  const std::vector<std::pair<std::string, Part>> parts = {{"wire_select", &WireBench::select},
                                                           {"wire_update", &WireBench::update},
                                                           {"wire_copy", &WireBench::copy}};
  for (const auto& [name, part] : parts) {
    if (!options_.only.empty() &&
        std::find(options_.only.begin(), options_.only.end(), name) == options_.only.end())
      continue;
    if (!has_programs()) return;
    if (!options_.json) std::fprintf(stderr, "… %s\n", name.c_str());
    if (!rowan_) start();
    (this->*part)();
  }
  rowan_.reset();
  postgres_.reset();
}

// Both with their defaults, which are durable, and without passwords; each with the table t.
void WireBench::start() {
  const fs::path program =
      fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path() / "rowan";
  if (!fs::exists(program)) die("build/rowan is missing: build it first");
  const fs::path repository = options_.dir / "wire.git";
  open_rowan(repository).reset();
  const int port = free_port();
  rowan_ = std::make_unique<WireServer>(
      programs_, options_.dir / "wire-rowan.log", port, "bench",
      std::vector<std::string>{program.string(), "serve", repository.string(), "--port",
                               std::to_string(port), "--auth", "trust"},
      Identity(), SIGTERM);

  const Identity identity = server_user();
  const fs::path cluster = options_.dir / "wire-postgres";
  fs::create_directories(cluster);
  if (identity.user != 0 && ::chown(cluster.c_str(), identity.user, identity.group) != 0)
    die("cannot give " + cluster.string() + " to PostgreSQL's user");
  const fs::path log = options_.dir / "wire-postgres.log";
  if (!Child({(programs_ / "initdb").string(), "-D", cluster.string(), "-A", "trust", "-U", "bench",
              "-E", "UTF8", "--locale=C"},
             log, identity, SIGTERM)
           .ended_well())
    die("initdb failed:\n" + text_of(log));
  const int peer_port = free_port();
  postgres_ = std::make_unique<WireServer>(
      programs_, log, peer_port, "bench",
      std::vector<std::string>{(programs_ / "postgres").string(), "-D", cluster.string(), "-p",
                               std::to_string(peer_port), "-c", "listen_addresses=127.0.0.1", "-c",
                               "unix_socket_directories=", "-c", "synchronous_commit=on"},
      identity, SIGINT);
  for (const WireServer* server : {rowan_.get(), postgres_.get()}) {
    server->psql(kDefinition);
    server->psql(fmt::format("\\copy t FROM '{}' (FORMAT csv)", csv_.string()));
    server->psql("VACUUM ANALYZE t");
  }
}

double WireBench::rate(const WireServer& server, const fs::path& script, int clients) const {
  const fs::path out = options_.dir / "wire.out";
  shell(fmt::format("{}/pgbench {} -n -M prepared -c {} -j {} -T {} -f {} postgres > {} 2>&1",
                    programs_.string(), server.connection(), clients, std::min(clients, 2),
                    std::max(1, options_.seconds / kTurnsOfSeconds), script.string(),
                    out.string()));
  const std::string text = text_of(out);
  constexpr std::string_view kName = "\ntps = ";
  const size_t at = text.find(kName);
  if (at == std::string::npos ||
      text.find("number of failed transactions: 0 ") == std::string::npos)
    die("pgbench:\n" + text);
  return std::stod(text.substr(at + kName.size()));
}

void WireBench::measure(const std::string& name, const std::string& script, int clients,
                        double limit) {
  Line line{name, "1/s", {}, {}, limit, true};
  const fs::path path = options_.dir / "wire.sql";
  std::ofstream(path) << script;
  for (int round = -1; round < options_.rounds; ++round) {
    const double rowan = rate(*rowan_, path, clients);
    const double peer = rate(*postgres_, path, clients);
    if (round < 0) continue;  // The first round warms both up.
    line.rowan.push_back(rowan);
    line.peer.push_back(peer);
  }
  lines_.push_back(std::move(line));
}

void WireBench::select() {
  const std::string script = fmt::format(
      "\\set id random(1, {})\nSELECT name, n, x FROM t WHERE id = :id;\n", options_.rows);
  measure("loopback: selects by key/s, 1 client / PostgreSQL", script, 1, 0);
  measure("loopback: selects by key/s, 8 clients / PostgreSQL", script, 8, 0.9);
}

void WireBench::update() {
  ::sync();  // What was written before is not to be measured.
  const std::string script = fmt::format(
      "\\set id random(1, {})\n\\set n random(0, 9999)\nUPDATE t SET n = :n WHERE id = :id;\n",
      options_.rows);
  measure("loopback: durable updates/s, 1 client / PostgreSQL", script, 1, 0);
  measure("loopback: durable updates/s, 8 clients / PostgreSQL", script, 8, 0);
}

// psql's \copy of the first rows of the CSV into a table just made.
void WireBench::copy() {
  const int64_t rows = std::min(options_.rows, kCopyRowsMax);
  const fs::path part = options_.dir / "wire.csv";
  shell(fmt::format("head -n {} {} > {}", rows, csv_.string(), part.string()));
  Line line{fmt::format("loopback: COPY of {} rows / PostgreSQL", rows), "s", {}, {}, 0, false};
  std::string definition = kDefinition;
  definition.replace(definition.find(" t "), 3, " copied ");
  for (int round = -1; round < options_.rounds; ++round) {
    const auto time = [&](const WireServer& server) {
      server.psql("DROP TABLE IF EXISTS copied");
      server.psql(definition);
      return seconds_of(
          [&] { server.psql(fmt::format("\\copy copied FROM '{}' (FORMAT csv)", part.string())); });
    };
    const double rowan = time(*rowan_);
    const double peer = time(*postgres_);
    if (round < 0) continue;  // The first round warms both up.
    line.rowan.push_back(rowan);
    line.peer.push_back(peer);
  }
  lines_.push_back(std::move(line));
}

}  // namespace rowan::bench
