// Proves: COPY that waits for the other end of a named pipe can be cancelled (57014), and works once
// that end is there.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "rowan/rowan.h"
#include "unit/temp_folder.h"

namespace {

using rowan::Database;
using rowan::Session;
using rowan::TempFolder;

std::string state_of(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  return rows.ok() ? (*rows)->tag() : rows.failure().sqlstate;
}

// Runs the statement, and cancels it in a moment.
std::string cancelled(Session& session, const std::string& sql) {
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    session.cancel();
  });
  std::string state = state_of(session, sql);
  canceller.join();
  return state;
}

}  // namespace

TEST_CASE("COPY and named pipes") {
  const TempFolder folder;
  const std::string pipe = (folder.path / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto database = Database::open(":memory:");
  REQUIRE(database.ok());
  auto session = (*database)->connect();
  REQUIRE(session.ok());
  REQUIRE(state_of(**session, "CREATE TABLE t (a integer PRIMARY KEY)") == "CREATE TABLE");

  CHECK(cancelled(**session, "COPY t FROM '" + pipe + "'") == "57014");
  CHECK(cancelled(**session, "COPY t TO '" + pipe + "'") == "57014");
  {
    std::thread writer([&] { std::ofstream(pipe) << "1\n2\n3\n"; });
    CHECK(state_of(**session, "COPY t FROM '" + pipe + "'") == "COPY 3");
    writer.join();
  }
  {
    // A writer that is there and writes nothing.
    std::thread writer([&] {
      std::ofstream out(pipe);
      out << "4\n" << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
    });
    CHECK(cancelled(**session, "COPY t FROM '" + pipe + "'") == "57014");
    writer.join();
  }
  std::string read;
  std::thread reader([&] { std::getline(std::ifstream(pipe), read, '\0'); });
  CHECK(state_of(**session, "COPY t TO '" + pipe + "'") == "COPY 3");
  reader.join();
  CHECK(read == "1\n2\n3\n");
}
