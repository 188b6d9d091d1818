// Memory that runs out in the store's own threads, where nobody else catches: the journal's flusher
// and preparer of files, the checkpointer, the watcher of refs, the helpers that deflate packs.
// None of them ends the process. What was acknowledged stays, and with memory the work goes on.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "rowan/rowan.h"
#include "unit/engine/counted_new.h"
#include "unit/temp_folder.h"

namespace {

namespace fs = std::filesystem;
using rowan::Database;
using rowan::OpenOptions;
using rowan::Session;
using rowan::TempFolder;

// While it lives every allocation of another thread fails.
class OthersFail {
 public:
  OthersFail() {
    counted_new::is_spared = true;
    counted_new::others_fail = true;
  }
  ~OthersFail() { counted_new::others_fail = false; }
};

void wait_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

struct Opened {
  explicit Opened(const fs::path& path, const std::string& sync = "on") {
    OpenOptions options;
    options.create = true;
    options.synchronous_commit = sync;
    options.user = "Ada";
    options.email = "ada@example.org";
    auto opened = Database::open(path.string(), options);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.failure().message));
    database = std::move(*opened);
    auto connected = database->connect();
    REQUIRE(connected.ok());
    session = std::move(*connected);
  }

  std::string state_of(const std::string& sql) {
    auto done = session->run_script(sql);
    return done.ok() ? "" : done.failure().sqlstate + ": " + done.failure().message;
  }
  int64_t rows() {
    auto rows = session->run("SELECT count(*) FROM t");
    REQUIRE(rows.ok());
    REQUIRE(*(*rows)->next());
    return (*rows)->get_int(0);
  }
  void check_sound() {
    auto problems = database->check();
    REQUIRE(problems.ok());
    for (const std::string& problem : *problems) FAIL_CHECK(problem);
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
};

std::string line_of(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file) >> std::ws, line);
  return line;
}

// 150 rows. 40 times they are some 2 MB: the first journal file is passed.
std::string fill(int i) {
  return "INSERT INTO t SELECT g, repeat(g::text || ' ', 60) FROM generate_series(" +
         std::to_string(i * 150) + ", " + std::to_string(i * 150 + 149) + ") g";
}

constexpr const char* kTable = "CREATE TABLE t (id integer PRIMARY KEY, v text)";

}  // namespace

TEST_CASE("the checkpointer, the watcher of refs and the preparer of journal files") {
  const TempFolder folder;
  {
    Opened with(folder.repository());
    REQUIRE(with.state_of(kTable) == "");
    REQUIRE(with.database->checkpoint().ok());
    const fs::path heads = folder.repository() / "refs" / "heads";
    const std::string tip = line_of(heads / "main");
    REQUIRE(tip.size() == 40);
    {
      const OthersFail without_memory;
      for (int i = 0; i < 40; ++i) {
        CHECK(with.state_of(fill(i)) == "");
      }
      std::ofstream(heads / "pushed") << tip << "\n";  // The watcher wakes.
      wait_ms(1500);                                  // A checkpoint is due after a second.
      CHECK(line_of(heads / "main") == tip);          // There was no memory for it.
    }
    CHECK(with.state_of("INSERT INTO t VALUES (-1, 'with memory')") == "");
    CHECK(with.database->checkpoint().ok());
    CHECK(line_of(heads / "main") != tip);
    with.check_sound();
  }
  Opened again(folder.repository());
  CHECK(again.rows() == 6001);
  again.check_sound();
}

TEST_CASE("the journal's flusher") {
  for (const char* sync : {"normal", "off"}) {
    CAPTURE(sync);
    const TempFolder folder;
    {
      Opened with(folder.repository(), sync);
      REQUIRE(with.state_of(kTable) == "");
      REQUIRE(with.database->checkpoint().ok());
      const OthersFail without_memory;
      for (int i = 0; i < 40; ++i) {
        const std::string state = with.state_of(fill(i));
        // Nothing is written any more once a write has failed.
        CHECK((state == "" || state.starts_with("53200") || state.starts_with("58030")));
        wait_ms(5);
      }
    }
    Opened again(folder.repository());
    CHECK(again.rows() <= 6000);
    CHECK(again.state_of("INSERT INTO t VALUES (-1, 'with memory')") == "");
    again.check_sound();
  }
}

TEST_CASE("the helpers that deflate packs") {
  const TempFolder folder;
  {
    std::ofstream rows(folder.path / "rows");
    for (int i = 0; i < 60000; ++i) rows << i << "\ttext of row " << i * 7919 << "\n";
  }
  {
    Opened with(folder.repository());
    REQUIRE(with.state_of(kTable) == "");
    const std::string copy = "COPY t FROM '" + (folder.path / "rows").string() + "'";
    {
      const OthersFail without_memory;
      const std::string state = with.state_of(copy);
      CHECK((state == "" || state.starts_with("53200")));
      if (state == "") CHECK(with.state_of("TRUNCATE t") == "");
    }
    CHECK(with.rows() == 0);
    CHECK(with.state_of(copy) == "");
    with.check_sound();
  }
  Opened again(folder.repository());
  CHECK(again.rows() == 60000);
}
