// What a server needs of a session: who it is, its settings and what they tell, timeouts, COPY in pieces,
// prepared statements of SQL.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "unit/engine/api_session.h"

namespace {

using rowan::ConnectOptions;
using rowan::Notice;
using rowan::StatementTraits;
using rowan::TransactionState;
using rowan::testing::ApiSession;

std::string last_author(ApiSession& it) {
  return it.ask("SELECT author, email FROM rowan.log() LIMIT 1");
}

}  // namespace

// As Git knows people by their e-mail, nobody gets another's.
TEST_CASE("who names no e-mail has one of his own") {
  ApiSession it({.user = "Ann O'Neil"});
  it.must("CREATE TABLE t (a integer)");
  CHECK(last_author(it) == "Ann O'Neil|Ann-O-Neil@localhost;SELECT 1");
}

TEST_CASE("a session commits as who connected, and the owner alone as somebody else") {
  ApiSession it({.user = "Ada", .email = "ada@example.org", .application_name = "app"});
  CHECK(it.session->user() == "Ada");
  CHECK(it.ask("SELECT current_user") == "Ada;SELECT 1");
  CHECK(it.session->setting("session_authorization") == "Ada");
  CHECK(it.session->setting("application_name") == "app");
  it.must("CREATE TABLE t (a integer)");
  CHECK(last_author(it) == "Ada|ada@example.org;SELECT 1");
  it.must("CREATE BRANCH b; CHECKOUT b; INSERT INTO t VALUES (1); CHECKOUT main; INSERT INTO t VALUES (2); MERGE b");
  CHECK(last_author(it) == "Ada|ada@example.org;SELECT 1");
  CHECK(it.ask("SET rowan.author = 'Bob <bob@example.org>'") ==
        "42501 permission denied to set parameter \"rowan.author\"");
  CHECK(it.ask("SET application_name = 'other'") == "SET");
  CHECK(it.ask("RESET application_name") == "RESET");
  CHECK(it.session->setting("application_name") == "app");

  auto owner = ApiSession();
  CHECK(owner.ask("SET rowan.author = 'Bob <bob@example.org>'") == "SET");
  owner.must("CREATE TABLE t (a integer)");
  CHECK(last_author(owner) == "Bob|bob@example.org;SELECT 1");
  CHECK(owner.ask("SET rowan.author = 'Bob'").starts_with("22023"));
  CHECK(owner.ask("SET rowan.author = 'Bob <a> <b>'").starts_with("22023"));
  owner.must("RESET rowan.author; CREATE TABLE u (a integer)");
  CHECK(!last_author(owner).starts_with("Bob"));
}

TEST_CASE("the settings of a connection are what RESET goes back to") {
  ApiSession it;
  it.must("CREATE SCHEMA s; CREATE BRANCH dev");
  ConnectOptions options;
  options.branch = "dev";
  options.settings = {{"search_path", "s, public"}, {"statement_timeout", "90s"}};
  const auto session = it.connect(options);
  CHECK(session->branch() == "dev");
  CHECK(session->timeout_ms("statement_timeout") == 90'000);
  const auto ask = [&](const char* sql) { return ApiSession::read(session->run(sql)); };
  CHECK(ask("SHOW search_path") == "s, public;SHOW");
  CHECK(ask("SHOW rowan.branch") == "dev;SHOW");
  for (const char* back : {"RESET ALL", "DISCARD ALL"}) {
    CHECK(ask("SET rowan.branch = main") == "SET");
    CHECK(session->branch() == "main");
    CHECK(ask("SET search_path = public") == "SET");
    CHECK(ask("SET statement_timeout = 0") == "SET");
    CHECK(ask(back) == (std::string(back) == "RESET ALL" ? "RESET" : "DISCARD ALL"));
    CHECK(session->branch() == "dev");
    CHECK(ask("SHOW search_path") == "s, public;SHOW");
    CHECK(ask("SHOW statement_timeout") == "90s;SHOW");
  }
  CHECK(ask("SET rowan.branch = nowhere").starts_with("VC"));
  CHECK(ask("SET LOCAL rowan.branch = main").starts_with("0A000"));
  CHECK(ask("SET rowan.branch TO main") == "SET");
  CHECK(ask("RESET rowan.branch") == "RESET");
  CHECK(session->branch() == "dev");
  CHECK(ask("BEGIN") == "BEGIN");
  CHECK(ask("SET rowan.branch = main").starts_with("25001"));
  REQUIRE(session->reset().ok());
  CHECK(session->transaction_state() == TransactionState::kIdle);
  options.settings = {{"no_such", "1"}};
  const auto failed = it.database->connect(options);
  REQUIRE(!failed.ok());
  CHECK(failed.failure().sqlstate == "42704");
  options.settings = {{"rowan.author", "x <y>"}};
  options.user = "somebody";
  CHECK(!it.database->connect(options).ok());
}

TEST_CASE("a commit has the message that is set for it") {
  ApiSession it;
  const auto last = [&] { return it.ask("SELECT message FROM rowan.log() LIMIT 1"); };
  it.must("SET rowan.commit_message = 'all of them'; CREATE TABLE t (a integer)");
  CHECK(last() == "all of them;SELECT 1");
  it.must("BEGIN; SET LOCAL rowan.commit_message = 'this one'; INSERT INTO t VALUES (1); COMMIT");
  CHECK(last() == "this one;SELECT 1");
  it.must("BEGIN; INSERT INTO t VALUES (2); COMMIT MESSAGE 'said'");
  CHECK(last() == "said;SELECT 1");
  it.must("INSERT INTO t VALUES (3)");
  CHECK(last() == "all of them;SELECT 1");
  it.must("RESET rowan.commit_message; INSERT INTO t VALUES (4)");
  CHECK(last() != "all of them;SELECT 1");
}

TEST_CASE("changes of reported settings are told, those of a rollback too") {
  ApiSession it;
  std::string told;
  it.session->set_status_handler([&](std::string_view name, std::string_view value) {
    told += std::string(name) + "=" + std::string(value) + ";";
  });
  const auto after = [&](const std::string& sql) {
    told.clear();
    it.ask(sql);
    return told;
  };
  CHECK(after("SET application_name = 'a'") == "application_name=a;");
  CHECK(after("SET application_name = 'a'").empty());
  CHECK(after("SET work_mem = '1MB'").empty());
  it.must("BEGIN");
  CHECK(after("SET application_name = 'b'") == "application_name=b;");
  CHECK(after("ROLLBACK") == "application_name=a;");
  it.must("BEGIN");
  CHECK(after("SET LOCAL default_transaction_read_only = on") ==
        "default_transaction_read_only=on;");
  CHECK(after("COMMIT") == "default_transaction_read_only=off;");
  CHECK(after("RESET ALL") == "application_name=;");
  const auto reported = it.session->reported_settings();
  CHECK(reported.size() == 13);
  CHECK(std::find(reported.begin(), reported.end(),
                  std::pair<std::string, std::string>("integer_datetimes", "on")) != reported.end());
}

TEST_CASE("notices are told while the statement runs, unless they are not wanted") {
  ApiSession it;
  std::string told;
  it.session->set_notice_handler([&](const Notice& notice) {
    told += notice.severity + " " + notice.sqlstate + " " + notice.message + ";";
  });
  auto rows = it.session->run("DROP TABLE IF EXISTS nothing");
  REQUIRE(rows.ok());
  CHECK(told == "NOTICE 00000 table \"nothing\" does not exist, skipping;");
  CHECK((*rows)->notices().empty());
  told.clear();
  it.ask("SELECT 1 AS a234567890123456789012345678901234567890123456789012345678901234567890");
  CHECK(told.starts_with("NOTICE 42622 identifier"));
  it.must("SET client_min_messages = warning");
  told.clear();
  it.ask("DROP TABLE IF EXISTS nothing");
  CHECK(told.empty());
  it.ask("COMMIT");
  CHECK(told == "WARNING 25P01 there is no transaction in progress;");
  it.session->set_notice_handler(nullptr);
  auto kept = it.session->run("COMMIT");
  REQUIRE(kept.ok());
  REQUIRE((*kept)->notices().size() == 1);
  CHECK((*kept)->notices()[0].severity == "WARNING");
}

TEST_CASE("a statement past its time is ended, while it runs and while its rows are read") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer)");
  const std::string late = "57014 canceling statement due to statement timeout";
  const std::string slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
  it.must("SET statement_timeout = 500");
  CHECK(it.ask(slow) == late);
  CHECK(it.ask("SELECT 1") == "1;SELECT 1");
  auto rows = it.session->run("SELECT a FROM generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a + b < 0");
  CHECK(ApiSession::read(std::move(rows)).find(late) != std::string::npos);
  it.must("BEGIN; INSERT INTO t VALUES (1)");
  CHECK(it.ask(slow) == late);
  CHECK(it.session->transaction_state() == TransactionState::kFailed);
  it.must("ROLLBACK; SET statement_timeout = 0");
  // Somebody's cancel is not the clock's.
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    it.session->cancel();
  });
  CHECK(it.ask(slow) == "57014 canceling statement due to user request");
  canceller.join();
  // Time that a reader takes is his own.
  it.must("INSERT INTO t SELECT * FROM generate_series(1, 20000)");
  it.must("SET statement_timeout = 1500");
  auto read = it.session->run("SELECT a FROM t");
  REQUIRE(read.ok());
  REQUIRE(*(*read)->next());
  std::this_thread::sleep_for(std::chrono::milliseconds(1800));
  CHECK(ApiSession::read(std::move(read)).find("57014") == std::string::npos);
  CHECK(it.session->timeout_ms("idle_session_timeout") == 0);
  it.must("SET idle_in_transaction_session_timeout = '2min'");
  CHECK(it.session->timeout_ms("idle_in_transaction_session_timeout") == 120'000);
  CHECK(it.session->setting("idle_in_transaction_session_timeout") == "2min");
}

TEST_CASE("COPY FROM STDIN takes its data in pieces of any size") {
  ApiSession it;
  struct Case {
    const char* options;
    std::string data;
    const char* rows;
  };
  const Case cases[] = {
      {"", "1\tone\n2\ttwo\\nlines\n3\t\\N\n", "1|one;2|two\nlines;3|NULL;SELECT 3"},
      {"", "1\tone\r\n2\ttw\\x6f\r\n", "1|one;2|two;SELECT 2"},
      {"", "1\tone\n\\.\nbehind the end", "1|one;SELECT 1"},
      {"WITH (FORMAT csv, HEADER)", "a,b\n1,\"one\"\"s\"\n2,\"two\nlines, \r here\"\n3,\n",
       "1|one\"s;2|two\nlines, \r here;3|NULL;SELECT 3"},
      {"WITH (FORMAT csv)", "1,one\n2,two", "1|one;2|two;SELECT 2"},
      {"WITH (FORMAT csv, ESCAPE '\\')", "1,\"a\\\"b\"\n2,\"\\\\\"\n", "1|a\"b;2|\\;SELECT 2"},
      {"", "", "SELECT 0"},
      {"WITH (FORMAT csv, HEADER)", "a,b\n", "SELECT 0"},
  };
  it.must("CREATE TABLE t (a integer PRIMARY KEY, b text)");
  for (const Case& one : cases) {
    CAPTURE(one.data);
    const auto statement = it.prepare("COPY t FROM STDIN " + std::string(one.options));
    CHECK(statement->is_copy_in());
    for (size_t size = 1; size <= 64; ++size) {
      CAPTURE(size);
      it.must("TRUNCATE t");
      auto copy = it.session->start_copy_in(*statement);
      REQUIRE(copy.ok());
      CHECK((*copy)->column_count() == 2);
      for (size_t at = 0; at < one.data.size(); at += size)
        REQUIRE((*copy)->write(std::string_view(one.data).substr(at, size)).ok());
      auto rows = (*copy)->finish();
      REQUIRE_MESSAGE(rows.ok(), (rows.ok() ? "" : rows.failure().message));
      CHECK((*rows)->tag().starts_with("COPY "));
      CHECK(it.ask("SELECT a, b FROM t ORDER BY a") == one.rows);
    }
  }
  // Enough for the way past the journal, and in a block.
  std::string many;
  for (int i = 0; i < 20000; ++i) many += std::to_string(i) + "\tx" + std::to_string(i) + "\n";
  it.must("TRUNCATE t; BEGIN");
  const auto statement = it.prepare("COPY t FROM STDIN");
  auto copy = it.session->start_copy_in(*statement);
  REQUIRE(copy.ok());
  for (size_t at = 0; at < many.size(); at += 1000)
    REQUIRE((*copy)->write(std::string_view(many).substr(at, 1000)).ok());
  CHECK(ApiSession::read((*copy)->finish()) == "COPY 20000");
  it.must("COMMIT");
  CHECK(it.ask("SELECT count(*), max(b) FROM t") == "20000|x9999;SELECT 1");
}

TEST_CASE("a COPY that fails, breaks off or is given up leaves nothing, and fails its block") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer PRIMARY KEY, b text)");
  const auto statement = it.prepare("COPY t FROM STDIN");
  auto bad = it.session->start_copy_in(*statement);
  REQUIRE(bad.ok());
  std::string padding(400, 'x');  // What the data are is told by their first bytes.
  auto written = (*bad)->write("1\t" + padding + "\nx\ty\n");
  REQUIRE(!written.ok());
  CHECK(written.failure().sqlstate == "22P02");
  CHECK((*bad)->finish().failure().sqlstate == "22P02");
  CHECK((*bad)->fail("no").sqlstate == "22P02");
  bad = rowan::Failure();
  CHECK(it.ask("SELECT count(*) FROM t") == "0;SELECT 1");

  auto broken = it.session->start_copy_in(*statement);
  REQUIRE((*broken)->write("1\tone\n").ok());
  const auto failure = (*broken)->fail("client went away");
  CHECK(failure.sqlstate == "57014");
  CHECK(failure.message == "COPY from stdin failed: client went away");
  broken = rowan::Failure();
  CHECK(it.ask("SELECT count(*) FROM t") == "0;SELECT 1");

  it.must("BEGIN");
  {
    auto left = it.session->start_copy_in(*statement);
    REQUIRE((*left)->write("1\tone\n").ok());
  }
  CHECK(it.session->transaction_state() == TransactionState::kFailed);
  it.must("ROLLBACK");
  CHECK(it.ask("SELECT count(*) FROM t") == "0;SELECT 1");

  auto cancelled = it.session->start_copy_in(*statement);
  it.session->cancel();
  CHECK((*cancelled)->write("1\tone\n").failure().sqlstate == "57014");
  cancelled = rowan::Failure();
  const auto nowhere = it.prepare("COPY nowhere FROM STDIN");
  CHECK(it.session->start_copy_in(*nowhere).failure().sqlstate == "42P01");
  const auto select = it.prepare("SELECT 1");
  CHECK(!it.session->start_copy_in(*select).ok());
  CHECK(!it.session->start_copy_out(*select).ok());
}

TEST_CASE("COPY TO STDOUT is drawn piece by piece") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer PRIMARY KEY, b text); INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 30000) i");
  const auto statement = it.prepare("COPY t TO STDOUT WITH (FORMAT csv, HEADER)");
  CHECK(statement->is_copy_out());
  for (const char* block : {"", "BEGIN"}) {
    if (*block != '\0') it.must(block);
    auto copy = it.session->start_copy_out(*statement);
    REQUIRE(copy.ok());
    CHECK((*copy)->column_count() == 2);
    std::string all, chunk;
    size_t chunks = 0;
    for (;; ++chunks) {
      auto more = (*copy)->next(chunk);
      REQUIRE(more.ok());
      if (!*more) break;
      CHECK(chunk.ends_with('\n'));
      all += chunk;
    }
    CHECK(chunks > 2);
    CHECK(std::count(all.begin(), all.end(), '\n') == 30001);
    CHECK(all.starts_with("a,b\n1,row 1\n"));
    CHECK(ApiSession::read((*copy)->finish()) == "COPY 30000");
    if (*block != '\0') it.must("COMMIT");
  }
  {
    auto given_up = it.session->start_copy_out(*statement);
    REQUIRE(given_up.ok());
    std::string chunk;
    REQUIRE((*given_up)->next(chunk).ok());
  }
  CHECK(it.ask("SELECT 1") == "1;SELECT 1");
  const auto failing = it.prepare("COPY (SELECT 1 / (a - 20000) FROM t) TO STDOUT");
  auto copy = it.session->start_copy_out(*failing);
  REQUIRE(copy.ok());
  std::string chunk;
  for (;;) {
    auto more = (*copy)->next(chunk);
    if (!more.ok()) {
      CHECK(more.failure().sqlstate == "22012");
      break;
    }
    REQUIRE(*more);
  }
  copy = rowan::Failure();
  CHECK(it.ask("SELECT 1") == "1;SELECT 1");
}

TEST_CASE("PREPARE, EXECUTE and DEALLOCATE are PostgreSQL's") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer PRIMARY KEY, b numeric(5,1))");
  CHECK(it.ask("PREPARE ins (integer, numeric) AS INSERT INTO t VALUES ($1, $2)") == "PREPARE");
  CHECK(it.ask("EXECUTE ins (1, 2.25)") == "INSERT 0 1");
  CHECK(it.ask("EXECUTE ins (1 + 1, NULL)") == "INSERT 0 1");
  CHECK(it.ask("PREPARE sel AS SELECT b FROM t WHERE a = $1") == "PREPARE");
  CHECK(it.ask("EXECUTE sel (1)") == "2.3;SELECT 1");
  CHECK(it.ask("EXECUTE sel ('2')") == "NULL;SELECT 1");
  CHECK(it.ask("EXECUTE sel") ==
        "42601 wrong number of parameters for prepared statement \"sel\"");
  CHECK(it.ask("EXECUTE nothing") == "26000 prepared statement \"nothing\" does not exist");
  CHECK(it.ask("PREPARE sel AS SELECT 1") == "42P05 prepared statement \"sel\" already exists");
  CHECK(it.ask("PREPARE bad AS SELECT nowhere") == "42703 column \"nowhere\" does not exist");
  CHECK(it.ask("DEALLOCATE PREPARE sel") == "DEALLOCATE");
  CHECK(it.ask("EXECUTE sel (1)").starts_with("26000"));
  CHECK(it.ask("DEALLOCATE ALL") == "DEALLOCATE ALL");
  CHECK(it.ask("DEALLOCATE ins").starts_with("26000"));
  CHECK(it.ask("DISCARD PLANS") == "DISCARD PLANS");
  CHECK(it.ask("DISCARD TEMPORARY") == "DISCARD TEMP");
  CHECK(it.ask("DISCARD NOTHING").starts_with("42601"));
  it.must("CREATE SEQUENCE s; SELECT nextval('s'); DISCARD SEQUENCES");
  CHECK(it.ask("SELECT currval('s')").starts_with("55000"));
}

// By its kind, and by the functions that it names, wherever they stand.
TEST_CASE("a statement says what it may do before it runs") {
  struct Case {
    const char* sql;
    StatementTraits may;
  };
  constexpr StatementTraits kReads{};
  constexpr StatementTraits kCommits{.may_commit = true};
  constexpr StatementTraits kSets{.may_set = true};
  constexpr StatementTraits kVerb{.may_commit = true, .may_set = true};
  constexpr StatementTraits kRepeats{.may_repeat = true};
  const Case cases[] = {
      {"", {.ends_block = true}},
      {"SELECT lower('set_config'), 'rowan.merge('", kReads},
      {"SELECT \"set_config\" FROM t", kReads},
      {"SELECT set_config('a', 'b', false)", kSets},
      {"SELECT 1 WHERE EXISTS (SELECT pg_catalog . \"set_config\" ('a', 'b', false))", kSets},
      {"SELECT nextval('s')", kCommits},
      {"SELECT currval('s')", kReads},
      {"SELECT rowan.write_file('a', 'b')", kCommits},
      {"SELECT write_file('a', 'b')", kReads},  // There is no such function.
      {"SELECT * FROM rowan.merge('b')", kVerb},
      {"SELECT * FROM rowan . /* that */ \"merge\" ('b')", kVerb},
      {"CALL rowan.checkout('b')", kVerb},
      {"SELECT * FROM rowan.log()", kReads},
      {"INSERT INTO t VALUES (1)", kCommits},
      {"INSERT INTO t SELECT 1 RETURNING set_config('a', 'b', true)", kVerb},
      {"UPDATE t SET a = 1 WHERE a = (SELECT length(set_config('a', 'b', true)))", kVerb},
      {"COPY t FROM STDIN", kCommits},
      {"COPY t TO STDOUT", kReads},
      {"COPY (SELECT nextval('s')) TO STDOUT", kCommits},
      {"EXPLAIN SELECT 1", kReads},
      {"DECLARE c CURSOR FOR SELECT set_config('a', 'b', true)", kSets},
      {"FETCH c", kReads},
      {"PREPARE p AS INSERT INTO t VALUES (1)", kReads},
      {"EXECUTE p", kVerb},
      {"CREATE TABLE u (a integer DEFAULT nextval('s'))", kCommits},
      {"BEGIN", kRepeats},
      {"COMMIT", {.may_commit = true, .may_set = true, .ends_block = true}},
      {"ROLLBACK", {.may_set = true, .ends_block = true}},
      {"ROLLBACK TO a", {.may_set = true, .ends_block = true}},
      {"SAVEPOINT a", kReads},
      {"SET DateStyle = 'ISO'", {.may_set = true, .may_repeat = true}},
      {"SHOW DateStyle", kRepeats},
      {"SHOW LOG", kRepeats},
      {"SHOW MERGE CONFLICTS", kRepeats},
      {"CHECKOUT b", kVerb},
      {"MERGE b", kCommits},
      {"VACUUM", {.stands_alone = true}},
  };
  const auto told = [](const StatementTraits& may) {
    std::string out;
    for (const bool each : {may.may_commit, may.may_set, may.may_repeat, may.ends_block, may.stands_alone})
      out += each ? '1' : '0';
    return out;
  };
  ApiSession it;
  for (const Case& each : cases) {
    CAPTURE(each.sql);
    CHECK(told(it.prepare(each.sql)->traits()) == told(each.may));
  }
  auto all = it.session->prepare_all("SELECT set_config('a', 'b', false); SELECT 1");
  REQUIRE(all.ok());
  CHECK((*all)[0]->traits().may_set);
  CHECK_FALSE((*all)[1]->traits().may_set);
}

TEST_CASE("what the caller could not do fails a block, and ends an implicit transaction") {
  ApiSession it;
  it.must("CREATE TABLE t (a integer)");
  it.session->fail_block();
  CHECK(it.session->transaction_state() == TransactionState::kIdle);
  CHECK(it.ask("INSERT INTO t VALUES (1)") == "INSERT 0 1");

  it.must("BEGIN; SAVEPOINT s; INSERT INTO t VALUES (2)");
  it.session->fail_block();
  CHECK(it.session->transaction_state() == TransactionState::kFailed);
  it.session->fail_block();
  CHECK(it.ask("SELECT 1").starts_with("25P02"));
  CHECK(it.ask("ROLLBACK TO s") == "ROLLBACK");
  CHECK(it.ask("INSERT INTO t VALUES (3)") == "INSERT 0 1");
  CHECK(it.ask("COMMIT") == "COMMIT");

  it.session->begin_implicit();
  CHECK(it.ask("INSERT INTO t VALUES (4)") == "INSERT 0 1");
  it.session->fail_block();
  CHECK(it.session->end_implicit().ok());
  CHECK(it.ask("SELECT a FROM t ORDER BY a") == "1;3;SELECT 2");
}
