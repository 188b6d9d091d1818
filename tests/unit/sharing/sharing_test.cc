// One repository in several openers: who has it, and what becomes of sessions when he ends.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "rowan/shared.h"
#include "unit/engine/api_session.h"
#include "unit/temp_folder.h"

using namespace rowan;
using rowan::testing::ApiSession;

namespace {

struct Repository {
  Repository() { REQUIRE(Database::init(path).ok()); }
  std::unique_ptr<Database> open() const {
    auto opened = open_shared(path);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.failure().message));
    return std::move(*opened);
  }
  TempFolder folder;
  std::string path = folder.repository().string();
};

std::unique_ptr<Session> connect(Database& database, const ConnectOptions& options = {}) {
  auto session = database.connect(options);
  REQUIRE(session.ok());
  return std::move(*session);
}

std::string ask(Session& session, const std::string& sql) { return ApiSession::read(session.run(sql)); }

// Every form of every value, as a text.
std::string forms(Session& session, const std::string& sql) {
  auto rows = session.run(sql);
  REQUIRE_MESSAGE(rows.ok(), (sql + ": " + (rows.ok() ? "" : rows.failure().message)));
  std::string out;
  for (;;) {
    auto more = (*rows)->next();
    REQUIRE(more.ok());
    if (!*more) return out + (*rows)->tag() + std::to_string((*rows)->affected());
    const auto& columns = (*rows)->columns();
    for (size_t i = 0; i < columns.size(); ++i) {
      out += columns[i].name + " " + columns[i].type_name + " " + std::to_string(columns[i].type_oid) + " " +
             std::to_string(columns[i].type_modifier) + " " + std::to_string(columns[i].type_size) + ": ";
      if ((*rows)->is_null(i)) {
        out += "NULL;";
        continue;
      }
      std::string binary;
      (*rows)->append(i, Format::kBinary, binary);
      out += (*rows)->get_text(i) + "|" + binary + "|" + std::to_string((*rows)->get_int(i)) + "|" +
             std::to_string((*rows)->get_double(i)) + ";";
    }
  }
}

}  // namespace

TEST_CASE("values of every type are the same here and over there") {
  const Repository repository;
  const auto first = repository.open();
  const auto second = repository.open();
  const auto here = connect(*first);
  const auto there = connect(*second);
  for (const char* sql : {
           "SELECT true, 1::smallint, 2::int, 3::bigint, 1.5::real, 2.5::float8, 1.25::numeric(10,2)",
           "SELECT 'NaN'::float8, 'Infinity'::float8, 'NaN'::numeric, 12345678901234567890::numeric",
           "SELECT 'a'::text, 'b'::varchar(5), 'c'::char(3), ''::text, '\\x00ff'::bytea",
           "SELECT date '2024-02-29', time '12:34:56.789', timestamp '2024-02-29 01:02:03', timestamptz '2024-02-29 01:02:03+00'",
           "SELECT '{\"a\": [1, 2]}'::jsonb, '{\"a\":1}'::json, interval '1 year 2 days', "
           "'123e4567-e89b-12d3-a456-426614174000'::uuid",
           "SELECT ARRAY[1, NULL, 3], ARRAY['x', 'y'], NULL::int, NULL",
           "SELECT g, g * 1.5, repeat('x', g % 50) FROM generate_series(1, 10000) g"}) {
    CAPTURE(sql);
    CHECK(forms(*here, sql) == forms(*there, sql));
  }
}

TEST_CASE("rows are read side by side, and dropped in the middle") {
  const Repository repository;
  const auto first = repository.open();
  const auto second = repository.open();
  const auto session = connect(*second);
  auto one = session->run("SELECT g FROM generate_series(1, 100000) g");
  auto two = session->run("SELECT -g FROM generate_series(1, 100000) g");
  REQUIRE((one.ok() && two.ok()));
  for (int64_t i = 1; i <= 20000; ++i) {
    REQUIRE(*(*one)->next());
    REQUIRE(*(*two)->next());
    REQUIRE((*one)->get_int(0) == i);
    REQUIRE((*two)->get_int(0) == -i);
  }
  one->reset();
  REQUIRE(*(*two)->next());
  CHECK((*two)->get_int(0) == -20001);
  // What fails in the middle of rows fails there.
  auto failing = session->run("SELECT 1 / (5000 - g) FROM generate_series(1, 10000) g");
  REQUIRE(failing.ok());
  int64_t rows = 0;
  for (;;) {
    auto more = (*failing)->next();
    if (!more.ok()) {
      CHECK(more.failure().sqlstate == "22012");
      break;
    }
    REQUIRE(*more);
    ++rows;
  }
  CHECK(rows <= 4999);
  CHECK(ask(*session, "SELECT 1") == "1;SELECT 1");
}

TEST_CASE("when the first ends the second has the repository, and its sessions go on") {
  const Repository repository;
  auto first = repository.open();
  auto second = repository.open();
  auto third = repository.open();
  const auto session = connect(*second);
  REQUIRE(ask(*session, "CREATE TABLE t (a int)") == "CREATE TABLE");
  REQUIRE(ask(*session, "CREATE BRANCH work") == "CREATE BRANCH");
  REQUIRE(session->run("CHECKOUT work").ok());
  REQUIRE(ask(*session, "SET work_mem = '7MB'") == "SET");
  auto insert = session->prepare("INSERT INTO t VALUES ($1) RETURNING a");
  REQUIRE(insert.ok());
  CHECK(ApiSession::read((*insert)->run({int64_t{1}})) == "1;INSERT 0 1");
  std::string told;
  session->set_notice_handler([&](const Notice& notice) { told += notice.message; });
  first.reset();
  CHECK(ApiSession::read((*insert)->run({int64_t{2}})) == "2;INSERT 0 1");
  CHECK(session->branch() == "work");
  CHECK(ask(*session, "SHOW work_mem") == "7MB;SHOW");
  CHECK(ask(*session, "SELECT count(*) FROM t") == "2;SELECT 1");
  CHECK(ask(*session, "DROP TABLE IF EXISTS nosuch") == "DROP TABLE");
  CHECK(told.find("nosuch") != std::string::npos);
  const auto other = connect(*third);
  CHECK(ask(*other, "SELECT count(*) FROM t AS OF 'work'") == "2;SELECT 1");
  auto checked = third->check();
  REQUIRE(checked.ok());
  CHECK(checked->empty());
  CHECK(third->checkpoint().ok());
}

TEST_CASE("an open transaction is waited for; one that does not end is lost aloud, as a whole") {
  const Repository repository;
  auto first = repository.open();
  const auto second = repository.open();
  const auto session = connect(*second);
  REQUIRE(ask(*session, "CREATE TABLE t (a int)") == "CREATE TABLE");
  REQUIRE(ask(*session, "BEGIN") == "BEGIN");
  REQUIRE(ask(*session, "INSERT INTO t VALUES (1)") == "INSERT 0 1");
  std::thread ending([&] { first.reset(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(ask(*session, "INSERT INTO t VALUES (2)") == "INSERT 0 1");
  CHECK(ask(*session, "COMMIT") == "COMMIT");
  ending.join();
  CHECK(ask(*session, "SELECT count(*) FROM t") == "2;SELECT 1");
}

TEST_CASE("a session that lost who worked for it keeps its database's and its user's name") {
  const Repository repository;
  auto first = repository.open();
  const auto second = repository.open();
  const auto session = connect(*second);
  const std::string database = session->database(), user = session->user();
  REQUIRE(!database.empty());
  REQUIRE(ask(*session, "BEGIN") == "BEGIN");
  first.reset();  // It waits for the transaction, and not for ever.
  REQUIRE_FALSE(session->run("SELECT 1").ok());
  CHECK(session->database() == database);
  CHECK(session->user() == user);
  CHECK(ask(*session, "ROLLBACK") == "ROLLBACK");
  CHECK(session->database() == database);
}

TEST_CASE("an implicit transaction, COPY and rows hold the end up, too") {
  const Repository repository;
  auto first = repository.open();
  const auto second = repository.open();
  const auto session = connect(*second);
  REQUIRE(ask(*session, "CREATE TABLE t (a int)") == "CREATE TABLE");
  auto statement = session->prepare("COPY t FROM STDIN");
  REQUIRE(statement.ok());
  auto copy = session->start_copy_in(**statement);
  REQUIRE(copy.ok());
  REQUIRE((*copy)->write("1\n2\n").ok());
  std::thread ending([&] { first.reset(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  REQUIRE((*copy)->write("3\n").ok());
  CHECK(ApiSession::read((*copy)->finish()) == "COPY 3");
  ending.join();
  CHECK(ask(*session, "SELECT count(*) FROM t") == "3;SELECT 1");
}

TEST_CASE("cancel reaches a statement over there") {
  const Repository repository;
  const auto first = repository.open();
  const auto second = repository.open();
  const auto session = connect(*second);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    session->cancel();
  });
  CHECK(ask(*session, "SELECT count(*) FROM generate_series(1, 100000000000)").starts_with("57014"));
  other.join();
  CHECK(ask(*session, "SELECT 1") == "1;SELECT 1");
}

TEST_CASE("whoever wants the repository alone, or opens it past sharing, is told") {
  const Repository repository;
  const auto first = repository.open();
  auto alone = Database::open(repository.path);
  REQUIRE_FALSE(alone.ok());
  CHECK(alone.failure().sqlstate == "55006");
  OpenOptions options;
  options.drop_caches = true;
  auto dropping = open_shared(repository.path, options);
  REQUIRE_FALSE(dropping.ok());
  CHECK(dropping.failure().sqlstate == "55006");
  options = {};
  options.read_only = true;
  CHECK(open_shared(repository.path, options).ok());
}

TEST_CASE("one who has it and shares it not is waited for, then in use") {
  const Repository repository;
  auto opened = Database::open(repository.path);
  REQUIRE(opened.ok());
  std::thread ending([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    opened->reset();
  });
  CHECK(open_shared(repository.path).ok());
  ending.join();
}
