// What programs in C do with libpq: the ways to connect, parameters both ways, single rows,
// pipelines, talk that does not block, COPY, cancel, notices, the fields of errors.
//
//   libpq_program CONNECTION-STRING
//
// It prints what is not as in PostgreSQL 15, where the same run finds nothing, and exits with 1
// then.
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

int failures = 0;

void expect(bool holds, const char* what, int line, const std::string& found = "") {
  if (holds) return;
  ++failures;
  std::printf("line %d: %s%s%s\n", line, what, found.empty() ? "" : "; found ", found.c_str());
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)
void expect_text(const std::string& found, const std::string& wanted, const char* what, int line) {
  expect(found == wanted, what, line, found);
}
#define EXPECT_TEXT(found, wanted) expect_text(found, wanted, #found " is " #wanted, __LINE__)

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Finish>;

std::string base;  // The connection string.

Connection open(const std::string& more = "") {
  Connection made(PQconnectdb((base + " " + more).c_str()));
  expect(PQstatus(made.get()) == CONNECTION_OK, "a connection", __LINE__,
         PQerrorMessage(made.get()));
  return made;
}

std::string refused(const std::string& more) {
  Connection made(PQconnectdb((base + " " + more).c_str()));
  return PQstatus(made.get()) == CONNECTION_OK ? "let in" : PQerrorMessage(made.get());
}

Result run(const Connection& c, const std::string& sql) {
  return Result(PQexec(c.get(), sql.c_str()));
}

std::string state(const Result& result) {
  const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  return code == nullptr ? PQresStatus(PQresultStatus(result.get())) : code;
}

std::string value(const Connection& c, const std::string& sql) {
  const Result result = run(c, sql);
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : state(result);
}

void ways_to_connect() {
  const Connection c = open("application_name=tester options='-c work_mem=8MB'");
  EXPECT(PQprotocolVersion(c.get()) == 3);
  EXPECT(PQserverVersion(c.get()) / 10000 == 15);
  EXPECT(PQbackendPID(c.get()) > 0);
  EXPECT_TEXT(PQparameterStatus(c.get(), "application_name"), "tester");
  EXPECT_TEXT(PQparameterStatus(c.get(), "client_encoding"), "UTF8");
  EXPECT_TEXT(PQparameterStatus(c.get(), "standard_conforming_strings"), "on");
  EXPECT_TEXT(PQparameterStatus(c.get(), "in_hot_standby"), "off");
  EXPECT_TEXT(PQparameterStatus(c.get(), "default_transaction_read_only"), "off");
  EXPECT_TEXT(value(c, "SHOW work_mem"), "8MB");
  EXPECT(PQclientEncoding(c.get()) == pg_char_to_encoding("UTF8"));
  EXPECT(PQsetClientEncoding(c.get(), "UTF8") == 0);
  EXPECT(PQping(base.c_str()) == PQPING_OK);
  EXPECT(PQping((base + " dbname=there_is_none").c_str()) == PQPING_OK);
  for (const char* way :
       {"sslmode=disable", "sslmode=allow", "sslmode=prefer", "gssencmode=disable",
        "gssencmode=prefer", "channel_binding=prefer", "channel_binding=disable",
        "client_encoding=auto", "keepalives=1 connect_timeout=5", "target_session_attrs=any",
        "target_session_attrs=read-write", "target_session_attrs=primary",
        "target_session_attrs=prefer-standby", "fallback_application_name=other"})
    open(way);
  EXPECT(refused("sslmode=require") != "let in");
  EXPECT(refused("target_session_attrs=standby") != "let in");
  EXPECT(refused("target_session_attrs=read-only") != "let in");
  open("target_session_attrs=read-only options='-c default_transaction_read_only=on'");
  EXPECT(refused("dbname=there_is_none").find("database \"there_is_none\" does not exist") !=
         std::string::npos);
  EXPECT(refused("options='-c there_is_none=1'").find("there_is_none") != std::string::npos);
  // Once more, by the same handle, and without blocking.
  PQreset(c.get());
  EXPECT(PQstatus(c.get()) == CONNECTION_OK);
  EXPECT_TEXT(value(c, "SELECT 1"), "1");
  const Connection slow(PQconnectStart(base.c_str()));
  PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
  while (wants == PGRES_POLLING_READING || wants == PGRES_POLLING_WRITING) {
    pollfd ready{PQsocket(slow.get()),
                 static_cast<short>(wants == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (::poll(&ready, 1, 10'000) <= 0) break;
    wants = PQconnectPoll(slow.get());
  }
  EXPECT(wants == PGRES_POLLING_OK);
}

void parameters() {
  const Connection c = open();
  const char* texts[] = {"41", nullptr, "x"};
  Result r(PQexecParams(c.get(), "SELECT $1::int + 1 AS a, $2::text, $3::text || 'y'", 3, nullptr,
                        texts, nullptr, nullptr, 0));
  EXPECT_TEXT(PQgetvalue(r.get(), 0, 0), "42");
  EXPECT(PQgetisnull(r.get(), 0, 1) == 1);
  EXPECT_TEXT(PQgetvalue(r.get(), 0, 2), "xy");
  EXPECT(PQfnumber(r.get(), "a") == 0);
  EXPECT(PQftype(r.get(), 0) == 23 && PQfsize(r.get(), 0) == 4 && PQfmod(r.get(), 0) == -1 &&
         PQfformat(r.get(), 0) == 0);

  const uint32_t number = htonl(41);
  const char* values[] = {reinterpret_cast<const char*>(&number), "b\0c"};
  const int lengths[] = {4, 3};
  const int formats[] = {1, 1};
  const Oid types[] = {23, 17};
  r.reset(
      PQexecParams(c.get(), "SELECT $1 + 1, $2, 'text'", 2, types, values, lengths, formats, 1));
  EXPECT(PQgetlength(r.get(), 0, 0) == 4 &&
         std::memcmp(PQgetvalue(r.get(), 0, 0), "\0\0\0\x2a", 4) == 0);
  EXPECT(PQgetlength(r.get(), 0, 1) == 3 && std::memcmp(PQgetvalue(r.get(), 0, 1), "b\0c", 3) == 0);
  EXPECT(PQfformat(r.get(), 2) == 1);
  EXPECT(std::string(PQgetvalue(r.get(), 0, 2), 4) == "text");

  EXPECT_TEXT(state(Result(PQprepare(c.get(), "one", "SELECT $1::bigint * 2 AS d, $2 || 'z' AS e",
                                     0, nullptr))),
              "PGRES_COMMAND_OK");
  r.reset(PQdescribePrepared(c.get(), "one"));
  EXPECT(PQnparams(r.get()) == 2 && PQparamtype(r.get(), 0) == 20 && PQparamtype(r.get(), 1) == 25);
  EXPECT(PQnfields(r.get()) == 2 && PQftype(r.get(), 1) == 25);
  EXPECT_TEXT(PQfname(r.get(), 0), "d");
  const char* twice[] = {"21", "x"};
  r.reset(PQexecPrepared(c.get(), "one", 2, twice, nullptr, nullptr, 0));
  EXPECT_TEXT(PQgetvalue(r.get(), 0, 0), "42");
  EXPECT_TEXT(state(Result(PQprepare(c.get(), "one", "SELECT 1", 0, nullptr))), "42P05");
  EXPECT_TEXT(state(Result(PQexecPrepared(c.get(), "two", 0, nullptr, nullptr, nullptr, 0))),
              "26000");
  EXPECT_TEXT(state(Result(PQexecPrepared(c.get(), "one", 1, twice, nullptr, nullptr, 0))),
              "08P01");
  EXPECT_TEXT(state(run(c, "DEALLOCATE one")), "PGRES_COMMAND_OK");
  EXPECT_TEXT(state(Result(PQdescribePrepared(c.get(), "one"))), "26000");
  run(c, "BEGIN");
  r = run(c, "DECLARE walk CURSOR FOR SELECT g AS n FROM generate_series(1, 10) g");
  if (state(r) == "0A000") {
    std::printf("left out: there are no cursors of the server's\n");
    run(c, "ROLLBACK");
    return;
  }
  // A cursor of SQL is a portal.
  r.reset(PQdescribePortal(c.get(), "walk"));
  EXPECT_TEXT(PQnfields(r.get()) == 1 ? PQfname(r.get(), 0) : state(r), "n");
  EXPECT_TEXT(value(c, "FETCH 3 FROM walk"), "1");
  EXPECT_TEXT(value(c, "FETCH 1 FROM walk"), "4");
  r.reset(PQexecParams(c.get(), "FETCH 1 FROM walk", 0, nullptr, nullptr, nullptr, nullptr, 1));
  EXPECT(PQntuples(r.get()) == 1 && PQgetlength(r.get(), 0, 0) == 4);
  run(c, "CLOSE walk");
  EXPECT_TEXT(state(Result(PQdescribePortal(c.get(), "walk"))), "34000");
  EXPECT(PQtransactionStatus(c.get()) == PQTRANS_INERROR);
  run(c, "ROLLBACK");
  EXPECT(PQtransactionStatus(c.get()) == PQTRANS_IDLE);
}

void rows_one_by_one() {
  const Connection c = open();
  PQsendQuery(c.get(), "SELECT g FROM generate_series(1, 1000) g; SELECT 'next'");
  EXPECT(PQsetSingleRowMode(c.get()) == 1);
  int single = 0;
  std::string ends;
  while (const Result r{PQgetResult(c.get())}) {
    if (PQresultStatus(r.get()) == PGRES_SINGLE_TUPLE) {
      ++single;
    } else {
      ends += std::string(PQcmdStatus(r.get())) + ";";
    }
  }
  EXPECT(single == 1001);
  EXPECT_TEXT(ends, "SELECT 1000;SELECT 1;");
  // A failure among the rows; those before it may have gone out.
  PQsendQuery(c.get(), "SELECT 10 / (5 - g) FROM generate_series(1, 9) g");
  PQsetSingleRowMode(c.get());
  std::string told;
  while (const Result r{PQgetResult(c.get())}) {
    if (PQresultStatus(r.get()) != PGRES_SINGLE_TUPLE) told = state(r);
  }
  EXPECT_TEXT(told, "22012");
}

void pipelines() {
  const Connection c = open();
  run(c, "DROP TABLE IF EXISTS lq_pipe; CREATE TABLE lq_pipe (a int PRIMARY KEY)");
  EXPECT(PQenterPipelineMode(c.get()) == 1);
  const auto insert = [&](const char* text) {
    const char* values[] = {text};
    PQsendQueryParams(c.get(), "INSERT INTO lq_pipe VALUES ($1) RETURNING a", 1, nullptr, values,
                      nullptr, nullptr, 0);
  };
  insert("1");
  insert("2");
  PQpipelineSync(c.get());
  insert("3");
  insert("2");  // Fails, and with it the one before.
  insert("4");
  PQpipelineSync(c.get());
  insert("5");
  PQpipelineSync(c.get());
  std::string told;
  int syncs = 0;
  while (syncs < 3) {
    const Result r(PQgetResult(c.get()));
    if (!r) continue;
    switch (PQresultStatus(r.get())) {
      case PGRES_PIPELINE_SYNC:
        ++syncs;
        told += "| ";
        break;
      case PGRES_PIPELINE_ABORTED:
        told += "aborted ";
        break;
      case PGRES_TUPLES_OK:
        told += std::string(PQgetvalue(r.get(), 0, 0)) + " ";
        break;
      default:
        told += state(r) + " ";
    }
  }
  EXPECT_TEXT(told, "1 2 | 3 23505 aborted | 5 | ");
  // Rows are fetched while the next are sent; a Flush asks for answers before a Sync.
  insert("6");
  PQsendFlushRequest(c.get());
  PQflush(c.get());
  {
    const Result r(PQgetResult(c.get()));
    EXPECT_TEXT(PQgetvalue(r.get(), 0, 0), "6");
    EXPECT(PQgetResult(c.get()) == nullptr);
  }
  PQsendPrepare(c.get(), "p", "SELECT $1::int", 0, nullptr);
  PQsendDescribePrepared(c.get(), "p");
  const char* seven[] = {"7"};
  PQsendQueryPrepared(c.get(), "p", 1, seven, nullptr, nullptr, 0);
  PQpipelineSync(c.get());
  told.clear();
  for (bool going = true; going;) {
    const Result r(PQgetResult(c.get()));
    if (!r) continue;
    going = PQresultStatus(r.get()) != PGRES_PIPELINE_SYNC;
    told += std::string(PQresStatus(PQresultStatus(r.get()))) + " ";
  }
  EXPECT_TEXT(told, "PGRES_COMMAND_OK PGRES_COMMAND_OK PGRES_TUPLES_OK PGRES_PIPELINE_SYNC ");
  EXPECT(PQexitPipelineMode(c.get()) == 1);
  EXPECT_TEXT(value(c, "SELECT string_agg(a::text, ' ' ORDER BY a) FROM lq_pipe"), "1 2 5 6");
}

// 2,000 statements of which each answers 10 KB, sent without reading until the socket is full.
void talk_that_does_not_block() {
  const Connection c = open();
  PQsetnonblocking(c.get(), 1);
  PQenterPipelineMode(c.get());
  constexpr int kStatements = 2000;
  int sent = 0;
  int answered = 0;
  size_t bytes = 0;
  const std::string padding(10'000, 'p');
  const char* values[] = {padding.c_str()};
  while (answered < kStatements) {
    pollfd ready{PQsocket(c.get()), POLLIN, 0};
    if (sent < kStatements || PQflush(c.get()) == 1) ready.events |= POLLOUT;
    if (::poll(&ready, 1, 20'000) <= 0) break;
    if ((ready.revents & POLLOUT) != 0 && PQflush(c.get()) == 0) {
      for (int i = 0; i < 20 && sent < kStatements; ++i, ++sent) {
        PQsendQueryParams(c.get(), "SELECT $1::text", 1, nullptr, values, nullptr, nullptr, 0);
        if (sent % 100 == 99) PQpipelineSync(c.get());
      }
    }
    if ((ready.revents & POLLIN) != 0) {
      PQconsumeInput(c.get());
      while (PQisBusy(c.get()) == 0) {
        const Result r(PQgetResult(c.get()));
        if (!r && PQisBusy(c.get()) != 0) break;
        if (!r) {
          if (answered == kStatements || answered == sent) break;
          continue;
        }
        if (PQresultStatus(r.get()) == PGRES_PIPELINE_SYNC) continue;
        ++answered;
        bytes += static_cast<size_t>(PQgetlength(r.get(), 0, 0));
      }
    }
  }
  EXPECT(answered == kStatements);
  EXPECT(bytes == kStatements * padding.size());
}

void copy() {
  const Connection c = open();
  run(c, "DROP TABLE IF EXISTS lq_copy; CREATE TABLE lq_copy (a int PRIMARY KEY, b text)");
  Result r = run(c, "COPY lq_copy FROM STDIN");
  EXPECT(PQresultStatus(r.get()) == PGRES_COPY_IN && PQnfields(r.get()) == 2 &&
         PQbinaryTuples(r.get()) == 0);
  const std::string data = "1\tone\n2\t\\N\n3\tthree\n";
  for (const char byte : data) PQputCopyData(c.get(), &byte, 1);
  PQputCopyEnd(c.get(), nullptr);
  r.reset(PQgetResult(c.get()));
  EXPECT_TEXT(PQcmdStatus(r.get()), "COPY 3");
  EXPECT_TEXT(PQcmdTuples(r.get()), "3");
  EXPECT(PQgetResult(c.get()) == nullptr);
  r = run(c, "COPY lq_copy FROM STDIN (FORMAT csv)");
  PQputCopyData(c.get(), "9,nine\n", 7);
  PQputCopyEnd(c.get(), "had enough");
  r.reset(PQgetResult(c.get()));
  EXPECT_TEXT(state(r), "57014");
  EXPECT(std::string(PQresultErrorMessage(r.get())).find("COPY from stdin failed: had enough") !=
         std::string::npos);
  while (Result(PQgetResult(c.get()))) {
  }
  r = run(c, "COPY (SELECT * FROM lq_copy ORDER BY a) TO STDOUT");
  EXPECT(PQresultStatus(r.get()) == PGRES_COPY_OUT);
  std::string found;
  char* line = nullptr;
  int rows = 0;
  for (int size = 0; (size = PQgetCopyData(c.get(), &line, 0)) > 0; ++rows) {
    found.append(line, static_cast<size_t>(size));
    PQfreemem(line);
  }
  EXPECT(rows == 3);
  EXPECT_TEXT(found, data);
  r.reset(PQgetResult(c.get()));
  EXPECT_TEXT(PQcmdStatus(r.get()), "COPY 3");
  while (Result(PQgetResult(c.get()))) {
  }
  // Left for another statement: libpq ends it.
  run(c, "COPY lq_copy FROM STDIN");
  EXPECT_TEXT(value(c, "SELECT count(*) FROM lq_copy"), "3");
  run(c, "COPY lq_copy TO STDOUT");
  EXPECT_TEXT(value(c, "SELECT count(*) FROM lq_copy"), "3");
}

void cancel_and_notices() {
  const Connection c = open();
  std::string said;
  PQsetNoticeReceiver(
      c.get(),
      [](void* out, const PGresult* notice) {
        *static_cast<std::string*>(out) +=
            std::string(PQresultErrorField(notice, PG_DIAG_SEVERITY)) + " " +
            PQresultErrorField(notice, PG_DIAG_SQLSTATE) + " " +
            PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY) + ";";
      },
      &said);
  run(c, "DROP TABLE IF EXISTS nowhere_at_all");
  EXPECT_TEXT(said, "NOTICE 00000 table \"nowhere_at_all\" does not exist, skipping;");
  said.clear();
  run(c, "COMMIT");
  EXPECT_TEXT(said, "WARNING 25P01 there is no transaction in progress;");
  for (const char* statement :
       {"SELECT count(*) FROM generate_series(1, 3000000000)",
        "SELECT g FROM generate_series(1, 3000000000) g", "SELECT pg_sleep(30)"}) {
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      PGcancel* key = PQgetCancel(c.get());
      char why[256];
      expect(PQcancel(key, why, sizeof why) == 1, "cancel", __LINE__, why);
      PQfreeCancel(key);
    });
    PQsendQuery(c.get(), statement);
    PQsetSingleRowMode(c.get());
    std::string told;
    while (const Result r{PQgetResult(c.get())}) {
      if (PQresultStatus(r.get()) != PGRES_SINGLE_TUPLE) told = state(r);
    }
    canceller.join();
    EXPECT_TEXT(told, "57014");
    EXPECT_TEXT(value(c, "SELECT 1"), "1");
  }
}

void fields_of_errors() {
  const Connection c = open();
  run(c,
      "DROP TABLE IF EXISTS lq_err; CREATE TABLE lq_err (a int PRIMARY KEY, b int NOT NULL "
      "CONSTRAINT small CHECK (b < 10))");
  const auto field = [](const Result& r, int code) {
    const char* text = PQresultErrorField(r.get(), code);
    return std::string(text == nullptr ? "-" : text);
  };
  Result r = run(c, "INSERT INTO lq_err VALUES (1, 2), (1, 3)");
  EXPECT_TEXT(field(r, PG_DIAG_SQLSTATE), "23505");
  EXPECT_TEXT(field(r, PG_DIAG_SEVERITY), "ERROR");
  EXPECT_TEXT(field(r, PG_DIAG_SEVERITY_NONLOCALIZED), "ERROR");
  EXPECT_TEXT(field(r, PG_DIAG_MESSAGE_PRIMARY),
              "duplicate key value violates unique constraint \"lq_err_pkey\"");
  EXPECT_TEXT(field(r, PG_DIAG_MESSAGE_DETAIL), "Key (a)=(1) already exists.");
  EXPECT_TEXT(field(r, PG_DIAG_STATEMENT_POSITION), "-");
  r = run(c, "INSERT INTO lq_err VALUES (1, 12)");
  r = run(c, "INSERT INTO lq_err VALUES (1, NULL)");
  r = run(c, "SELECT 'ä', nix");
  EXPECT_TEXT(field(r, PG_DIAG_SQLSTATE), "42703");
  EXPECT_TEXT(field(r, PG_DIAG_STATEMENT_POSITION), "13");  // In characters.
  r = run(c, "SELECT 1; SELECT nix");
  EXPECT_TEXT(field(r, PG_DIAG_STATEMENT_POSITION), "18");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  base = argv[1];
  const std::pair<const char*, void (*)()> parts[] = {
      {"ways to connect", ways_to_connect},
      {"parameters", parameters},
      {"rows one by one", rows_one_by_one},
      {"pipelines", pipelines},
      {"talk that does not block", talk_that_does_not_block},
      {"copy", copy},
      {"cancel and notices", cancel_and_notices},
      {"fields of errors", fields_of_errors}};
  for (const auto& [name, part] : parts) {
    const int before = failures;
    part();
    std::printf("%s: %s\n", name, failures == before ? "fine" : "WRONG");
    std::fflush(stdout);
  }
  return failures == 0 ? 0 : 1;
}
