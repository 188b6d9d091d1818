// The same calls on a session where the repository is and on one that goes through its socket: everything that
// can be asked of their answers is the same.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "rowan/shared.h"
#include "unit/temp_folder.h"

namespace {

using namespace rowan;

std::string told(const Failure& failure) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", failure.sqlstate, failure.message, failure.detail,
                     failure.hint, failure.position, failure.retryable, failure.context, failure.schema, failure.table,
                     failure.column, failure.data_type, failure.constraint);
}
std::string told(const Notice& notice) {
  return fmt::format("{}|{}|{}|{}|{}\n", notice.severity, notice.sqlstate, notice.message, notice.detail, notice.hint);
}
std::string told(const ColumnInfo& column) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}\n", column.name, column.type_name, static_cast<int>(column.kind), column.type_oid,
                     column.type_modifier, column.type_size, column.table_oid, column.table_column);
}

std::string told(Rows& rows) {
  std::string out;
  for (const ColumnInfo& column : rows.columns()) out += told(column);
  for (;;) {
    auto more = rows.next();
    if (!more) return out + told(more.failure());
    if (!*more) break;
    for (size_t i = 0; i < rows.columns().size(); ++i) {
      if (rows.is_null(i)) {
        out += "NULL;";
        continue;
      }
      std::string text, binary;
      rows.append(i, Format::kText, text);
      rows.append(i, Format::kBinary, binary);
      out += fmt::format("{}|{}|{}|", rows.get_int(i), rows.get_double(i), rows.get_text(i));
      const ColumnKind kind = rows.columns()[i].kind;
      if (kind == ColumnKind::kText || kind == ColumnKind::kNumeric) out += rows.get_string(i);
      out += text + "|" + binary + ";";
    }
    out += '\n';
  }
  CHECK_FALSE(*rows.next());  // And then again.
  out += fmt::format("{}|{}|{}\n", rows.tag(), rows.affected(), rows.commit_id().size());
  for (const Notice& notice : rows.notices()) out += told(notice);
  return out;
}
std::string told(Outcome<std::unique_ptr<Rows>> rows) { return rows ? told(**rows) : told(rows.failure()); }

std::string described(Session& session, const std::string& sql, const std::vector<uint32_t>& oids = {}) {
  auto statement = session.prepare(sql, oids);
  if (!statement) return told(statement.failure());
  std::string out = fmt::format("{}|{}|{}|{}\n", (*statement)->parameter_count(), (*statement)->words(),
                                (*statement)->is_copy_in(), (*statement)->is_copy_out());
  const StatementTraits may = (*statement)->traits();
  for (const bool each : {may.may_commit, may.may_set, may.may_repeat, may.ends_block, may.stands_alone})
    out += each ? '1' : '0';
  auto info = (*statement)->describe();
  if (!info) return out + told(info.failure());
  for (const ParameterInfo& parameter : info->parameters)
    out += fmt::format("{}|{}\n", parameter.type_name, parameter.type_oid);
  for (const ColumnInfo& column : info->columns) out += told(column);
  return out + fmt::format("{}|{}|{}|{}", info->gives_rows, info->words, info->is_copy_in, info->is_copy_out);
}

struct Two {
  Two() {
    const std::string path = (folder.path / "shop.git").string();
    REQUIRE(Database::init(path).ok());
    first = open(path);
    here = connect(*first);
    second = open(path);
    there = connect(*second);
    const auto made = here->run_script(
        "CREATE TABLE t (id integer PRIMARY KEY, v text, n numeric(10, 2) CHECK (n > 0)); CREATE BRANCH side; "
        "INSERT INTO t VALUES (1, 'one', 1.5), (2, NULL, NULL)");
    REQUIRE(made.ok());
  }
  static std::unique_ptr<Database> open(const std::string& path) {
    auto opened = open_shared(path);
    REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.failure().message));
    return std::move(*opened);
  }
  static std::unique_ptr<Session> connect(Database& database, const ConnectOptions& options = {}) {
    auto session = database.connect(options);
    REQUIRE_MESSAGE(session.ok(), (session ? "" : session.failure().message));
    return std::move(*session);
  }
  template <typename Ask>
  void same(const std::string& what, const Ask& ask) {
    const std::string wanted = ask(*here);
    const std::string found = ask(*there);
    CHECK_MESSAGE(found == wanted, what);
  }

  TempFolder folder;
  std::unique_ptr<Database> first, second;
  std::unique_ptr<Session> here, there;
};

}  // namespace

TEST_CASE("answers of queries and failures are the same, to every field") {
  Two it;
  for (const char* sql :
       {"SELECT true, false, NULL::boolean", "SELECT 1::smallint, -2147483648, 9223372036854775807::bigint",
        "SELECT 1.5::real, 'NaN'::double precision, '-Infinity'::double precision, -0.0::double precision, 1e300",
        "SELECT 12345678901234567890.123456789::numeric, 1.50::numeric(10, 2), 'NaN'::numeric",
        "SELECT 'text', ''::text, 'abc'::varchar(5), 'ä€𝄞', E'a\\tb\\nc'", "SELECT '\\x00ff7f'::bytea, ''::bytea",
        "SELECT '2026-02-28'::date, 'infinity'::date, '12:34:56.789'::time",
        "SELECT '2026-02-28 12:34:56.789'::timestamp, '2026-02-28 12:34:56+00'::timestamptz",
        "SELECT '1 year 2 mons -3 days 04:05:06.7'::interval", "SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
        "SELECT '{\"a\": [1, null, \"x\"]}'::jsonb", "SELECT * FROM t ORDER BY id", "SELECT * FROM t WHERE false",
        "SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g", "SELECT", "SELECT repeat('x', 300000)",
        "SELECT 10 / (3 - g) FROM generate_series(1, 10) g", "SELECT nope FROM t", "SELECT 'ä', nope FROM t", "SELEKT",
        "SELECT 1/0", "SELECT * FROM nosuch", "SELECT 'x'::integer", "INSERT INTO t VALUES (1, 'again')",
        "INSERT INTO t VALUES (3, 'x', -1)", "INSERT INTO nosuch VALUES (1)", "DROP TABLE IF EXISTS nosuch",
        "CREATE TABLE IF NOT EXISTS t (a integer)", "COMMIT", "ROLLBACK", "SHOW ALL", "SHOW BRANCHES", "EXPLAIN SELECT * FROM t",
        "SET nosuch = 1", "SET work_mem = 'x'", "CHECKOUT nosuch", "MERGE nosuch", "MERGE side",
        "SELECT * FROM rowan.merge('side', 'nosuch')", "COPY t FROM STDIN", "COPY t TO STDOUT", "SELECT $1"})
    it.same(sql, [&](Session& session) { return told(session.run(sql)); });
}

TEST_CASE("a long query's rows come whole and in order") {
  Two it;
  it.same("a million", [](Session& session) {
    auto rows = session.run("SELECT g FROM generate_series(1, 300000) g");
    REQUIRE(rows.ok());
    int64_t last = 0;
    while (*(*rows)->next()) {
      if ((*rows)->get_int(0) != last + 1) break;
      last = (*rows)->get_int(0);
    }
    return fmt::format("{} {}", last, (*rows)->tag());
  });
}

TEST_CASE("statements are described alike, and take the same parameters") {
  Two it;
  for (const char* sql : {"SELECT $1::integer + 1 AS sum, $2::text", "SELECT * FROM t WHERE id = $1 AND v = $2",
                          "INSERT INTO t (id, n) VALUES ($1, $2)", "COPY t FROM STDIN", "COPY t TO STDOUT", "CREATE TABLE u (a int)",
                          "SHOW BRANCHES", "BEGIN", "", "SELECT nope", "SELECT $3", "EXPLAIN SELECT 1"})
    it.same(sql, [&](Session& session) { return described(session, sql); });
  for (const char* none : {"", " ; ", "-- nothing", "/* at all */;"}) {
    it.same("nothing", [&](Session& session) { return told((*session.prepare(none))->run()); });
    it.same("nothing to run", [&](Session& session) { return told(session.run(none)); });
    CHECK(told(it.here->run(none)) == "|0|0\n");
  }
  for (const uint32_t oid : {0u, 20u, 23u, 25u, 701u, 1043u, 4711u})
    it.same(fmt::format("type {}", oid), [&](Session& session) { return described(session, "SELECT $1", {oid}); });
  const std::vector<std::vector<Parameter>> all = {
      {int64_t{1}, std::string("one")}, {std::string("1"), std::string("one")}, {std::monostate(), std::monostate()},
      {BinaryValue{std::string("\0\0\0\1", 4)}, BinaryValue{"one"}}, {BinaryValue{"x"}, BinaryValue{"one"}},
      {std::string("x"), std::string("one")}, {2.5, true}, {int64_t{1}}, {}, {int64_t{1}, std::string("one"), int64_t{3}},
      {int64_t{1}, std::string("\xff")}};
  for (size_t i = 0; i < all.size(); ++i)
    it.same(fmt::format("parameters {}", i), [&](Session& session) {
      return told(session.run("SELECT id, v, $2 || '!' FROM t WHERE id = $1 OR v = $2", all[i]));
    });
}

TEST_CASE("statements by name are those of PREPARE, EXECUTE and DEALLOCATE") {
  Two it;
  it.same("names", [](Session& session) {
    const auto named = [&](std::string_view name) {
      auto statement = session.named_statement(name);
      if (!statement) return told(statement.failure());
      return (*statement)->words() + told((*statement)->run({int64_t{1}}));
    };
    const auto name = [&](std::string_view wanted, const char* sql) {
      auto statement = session.prepare(sql);
      REQUIRE(statement.ok());
      REQUIRE((*statement)->describe().ok());
      auto done = session.name_statement(wanted, **statement);
      return done ? std::string("named;") : told(done.failure());
    };
    const auto drop = [&](std::string_view dropped) {
      auto done = session.drop_named_statement(dropped);
      REQUIRE(done.ok());
      return *done ? std::string("dropped;") : std::string("none;");
    };
    std::string out = name("mine", "SELECT v FROM t WHERE id = $1");
    const auto run = [&](const char* sql) { out += told(session.run(sql)); };
    run("PREPARE theirs (integer) AS SELECT $1 + 1");
    out += named("mine");
    out += named("theirs");
    out += named("nobody's");
    run("EXECUTE mine (2)");
    run("EXECUTE theirs (2)");
    out += name("theirs", "SELECT 1");
    out += name("mine", "SELECT 1");
    run("SELECT name, statement, parameter_types::text, from_sql FROM pg_prepared_statements ORDER BY name");
    out += drop("theirs");
    out += drop("theirs");
    run("EXECUTE theirs (2)");
    run("DEALLOCATE mine");
    out += named("mine");
    out += name("mine", "SELECT 1");
    run("DEALLOCATE ALL");
    run("EXECUTE mine");
    return out;
  });
  it.same("a binary cursor", [](Session& session) {
    std::string out = told(session.run("BEGIN"));
    out += told(session.run("DECLARE b BINARY CURSOR FOR SELECT 258"));
    {
      auto rows = session.run("FETCH b");
      REQUIRE(rows.ok());
      CHECK((*rows)->format() == Format::kBinary);
      out += told(**rows);
    }
    return out + told(session.run("COMMIT"));
  });
}

TEST_CASE("several portals are read side by side, and behind a block's end as where they are") {
  Two it;
  for (const char* end : {"COMMIT", "ROLLBACK", "SELECT 1/0"})
    it.same(end, [&](Session& session) {
      std::string out = told(session.run("BEGIN"));
      auto one = session.run("SELECT g FROM generate_series(1, 20000) g");
      auto two = session.run("SELECT v FROM t, generate_series(1, 20000) ORDER BY id");
      REQUIRE((one.ok() && two.ok()));
      for (int i = 0; i < 3; ++i) {
        REQUIRE((*(*one)->next() && *(*two)->next()));
        out += (*one)->get_text(0) + (*two)->get_text(0);
      }
      out += told(session.run(end));
      out += fmt::format("{}", static_cast<int>(session.transaction_state()));
      // How many rows had come is no promise: whether it ends well is.
      size_t left = 0;
      std::string how = "end";
      for (;; ++left) {
        auto more = (*one)->next();
        if (!more) how = more.failure().sqlstate;
        if (!more || !*more) break;
      }
      out += how == "end" ? fmt::format(" {} {}", left, (*one)->tag()) : " " + how;
      one = Outcome<std::unique_ptr<Rows>>(std::unique_ptr<Rows>());
      two = Outcome<std::unique_ptr<Rows>>(std::unique_ptr<Rows>());
      return out + told(session.run("ROLLBACK"));
    });
}

TEST_CASE("states, settings, notices and what is told of them") {
  Two it;
  it.same("settings", [](Session& session) {
    std::string out;
    session.set_notice_handler([&](const Notice& notice) { out += told(notice); });
    session.set_status_handler(
        [&](std::string_view name, std::string_view value) { out += fmt::format("{}={};", name, value); });
    for (const char* sql : {"SET application_name = 'a b'", "BEGIN", "SET LOCAL application_name = 'c'", "COMMIT", "BEGIN",
                            "SET application_name = 'd'", "ROLLBACK", "RESET application_name", "DROP TABLE IF EXISTS nosuch",
                            "SET statement_timeout = '90s'", "BEGIN", "SELECT 1/0", "SELECT 1", "SAVEPOINT s", "ROLLBACK", "ROLLBACK",
                            "CHECKOUT side", "SET search_path = pg_catalog", "SELECT set_config('application_name', 'e', false)"}) {
      out += fmt::format("{}: {}", sql, told(session.run(sql)));
      out += fmt::format("{} {} {} {} {}\n", static_cast<int>(session.transaction_state()), session.branch(),
                         session.setting("application_name"), session.timeout_ms("statement_timeout"),
                         session.setting("nosuch"));
    }
    for (const auto& [name, value] : session.reported_settings()) out += fmt::format("{}={};", name, value);
    out += session.database() + session.user();
    out += session.reset() ? "reset" : "not reset";
    out += session.branch() + session.setting("application_name") + session.setting("search_path");
    session.set_notice_handler(nullptr);
    session.set_status_handler(nullptr);
    return out;
  });
}

TEST_CASE("scripts, messages and implicit transactions") {
  Two it;
  for (const char* sql : {"SELECT 1; SELECT 2", "INSERT INTO t VALUES (10, 'x'); SELECT nope; SELECT 3", "", ";;", "SELECT 1; SELEKT",
                          "BEGIN; INSERT INTO t VALUES (11, 'x'); ROLLBACK; SELECT count(*) FROM t WHERE id = 11",
                          "INSERT INTO t VALUES (12, 'x'); SELECT 1/0", "DELETE FROM t WHERE id > 2; SELECT count(*) FROM t"}) {
    it.same(sql, [&](Session& session) {
      std::string out;
      auto ran = session.run_script(sql, [&](Rows& rows) { out += told(rows); });
      out += ran ? fmt::format("{}", *ran) : told(ran.failure());
      static_cast<void>(session.run("DELETE FROM t WHERE id > 2"));
      return out;
    });
    it.same(sql, [&](Session& session) {
      std::string out;
      auto ran = session.run_message(sql, [&](Rows& rows) -> Outcome<bool> {
        out += told(rows);
        return true;
      });
      out += ran ? fmt::format("{}", *ran) : told(ran.failure());
      out += told(session.run("SELECT count(*) FROM t"));
      static_cast<void>(session.run("DELETE FROM t WHERE id > 2"));
      return out;
    });
  }
  for (const char* begin : {"SELECT 1", "BEGIN"})
    it.same("what the caller could not do", [&](Session& session) {
      std::string out = told(session.run(begin));
      session.fail_block();
      out += fmt::format("{}", static_cast<int>(session.transaction_state()));
      out += told(session.run("SELECT 2"));
      out += told(session.run("ROLLBACK"));
      session.begin_implicit();
      out += told(session.run("INSERT INTO t VALUES (22, 'x')"));
      session.fail_block();
      auto ended = session.end_implicit();
      return out + told(session.run("SELECT count(*) FROM t"));
    });
  for (const bool fails : {false, true})
    it.same("implicit", [&](Session& session) {
      session.begin_implicit();
      std::string out = told(session.run("INSERT INTO t VALUES (20, 'x')"));
      if (fails) out += told(session.run("SELECT 1/0"));
      out += told(session.run("INSERT INTO t VALUES (21, 'x')"));
      out += fmt::format("{}", static_cast<int>(session.transaction_state()));
      auto ended = session.end_implicit();
      out += ended ? "ended" : told(ended.failure());
      out += told(session.run("SELECT count(*) FROM t"));
      static_cast<void>(session.run("DELETE FROM t WHERE id > 2"));
      return out;
    });
}

TEST_CASE("COPY in pieces, given up, and by source and sink") {
  Two it;
  const auto copy_in = [](Session& session, const std::vector<std::string>& pieces, int how) {
    auto statement = session.prepare("COPY t (id, v) FROM STDIN");
    REQUIRE(statement.ok());
    auto copy = session.start_copy_in(**statement);
    if (!copy) return told(copy.failure());
    std::string out = fmt::format("{} columns;", (*copy)->column_count());
    for (const std::string& piece : pieces) {
      if (!(*copy)->write(piece)) break;  // finish() says what it was.
    }
    if (how == 0) out += told((*copy)->finish());
    if (how == 1) out += told((*copy)->fail("the client's disk is full"));
    copy = Outcome<std::unique_ptr<CopyIn>>(std::unique_ptr<CopyIn>());
    out += told(session.run("SELECT id, v FROM t ORDER BY id"));
    static_cast<void>(session.run("DELETE FROM t WHERE id > 2"));
    return out;
  };
  for (int how = 0; how < 3; ++how) {
    it.same("whole", [&](Session& session) { return copy_in(session, {"3\tthr", "ee\n4", "\t\\N\n"}, how); });
    it.same("nothing", [&](Session& session) { return copy_in(session, {}, how); });
    it.same("not closed", [&](Session& session) { return copy_in(session, {"3\tthree"}, how); });
  }
  it.same("a number that is none", [&](Session& session) { return copy_in(session, {"3\tx\n", "x\ty\n"}, 0); });
  it.same("too few", [&](Session& session) { return copy_in(session, {"3\n"}, 0); });
  it.same("twice", [&](Session& session) { return copy_in(session, {"1\tagain\n"}, 0); });
  it.same("out", [](Session& session) {
    auto statement = session.prepare("COPY (SELECT g, repeat('x', 50) FROM generate_series(1, 20000) g) TO STDOUT (FORMAT csv)");
    REQUIRE(statement.ok());
    auto copy = session.start_copy_out(**statement);
    REQUIRE(copy.ok());
    std::string all, chunk;
    while (*(*copy)->next(chunk)) {
      CHECK(chunk.back() == '\n');
      all += chunk;
    }
    return all + told((*copy)->finish());
  });
  it.same("out, given up", [](Session& session) {
    auto statement = session.prepare("COPY (SELECT g FROM generate_series(1, 1000000) g) TO STDOUT");
    REQUIRE(statement.ok());
    std::string chunk;
    {
      auto copy = session.start_copy_out(**statement);
      REQUIRE(copy.ok());
      REQUIRE(*(*copy)->next(chunk));
    }
    return told(session.run("SELECT 1"));
  });
  struct Source final : CopySource {
    explicit Source(bool breaks_off) : breaks(breaks_off) {}
    Outcome<size_t> read(char* buffer, size_t size) override {
      if (at == 3) return breaks ? Outcome<size_t>(Failure{.sqlstate = "58030", .message = "it broke", .detail = "why", .hint = "how"}) : Outcome<size_t>(size_t{0});
      const std::string line = fmt::format("{}\tx\n", 30 + at++);
      REQUIRE(line.size() <= size);
      line.copy(buffer, line.size());
      return line.size();
    }
    bool breaks;
    int at = 0;
  };
  struct Sink final : CopySink {
    explicit Sink(bool breaks_off) : breaks(breaks_off) {}
    Outcome<bool> write(std::string_view bytes) override {
      if (breaks) return Failure{.sqlstate = "58030", .message = "it is full"};
      all += bytes;
      return true;
    }
    bool breaks;
    std::string all;
  };
  for (const bool breaks : {false, true})
    it.same("source and sink", [&](Session& session) {
      Source source(breaks);
      Sink sink(breaks);
      session.set_copy_source(&source);
      std::string out = told(session.run("COPY t (id, v) FROM STDIN"));
      session.set_copy_source(nullptr);
      out += told(session.run("COPY t (id, v) FROM STDIN"));
      session.set_copy_sink(&sink);
      out += told(session.run("COPY t TO STDOUT"));
      session.set_copy_sink(nullptr);
      out += sink.all + told(session.run("COPY t TO STDOUT"));
      static_cast<void>(session.run("DELETE FROM t WHERE id > 2"));
      return out;
    });
}

TEST_CASE("timeouts and options of a connection") {
  Two it;
  it.same("statement_timeout", [](Session& session) {
    std::string out = told(session.run("SET statement_timeout = 200"));
    out += told(session.run("SELECT count(*) FROM generate_series(1, 90000000000000)"));
    return out + told(session.run("SET statement_timeout = 0"));
  });
  ConnectOptions options;
  options.branch = "side";
  options.application_name = "app";
  options.user = "Ada";
  options.email = "ada@example.org";
  options.settings = {{"work_mem", "5MB"}, {"search_path", "public, rowan"}};
  std::vector<std::string> found;
  for (Database* database : {it.first.get(), it.second.get()}) {
    const auto session = Two::connect(*database, options);
    std::string out = session->branch() + session->user() + session->setting("application_name");
    out += told(session->run("SHOW work_mem")) + told(session->run("SHOW search_path"));
    out += told(session->run("INSERT INTO t VALUES (1, 'side', NULL)"));
    out += told(session->run("DELETE FROM t"));
    out += told(session->run("SELECT author, email FROM rowan.log() LIMIT 1"));
    out += told(session->run("SET rowan.author = 'Bob <bob@example.org>'"));
    out += told(session->run("RESET ALL"));
    found.push_back(out + told(session->run("SHOW work_mem")));
  }
  CHECK(found[0] == found[1]);
  found.clear();
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"nosuch", "1"}, {"work_mem", "x"}}) {
    for (Database* database : {it.first.get(), it.second.get()}) {
      ConnectOptions bad;
      bad.settings = {{name, value}};
      auto session = database->connect(bad);
      REQUIRE_FALSE(session.ok());
      found.push_back(told(session.failure()));
    }
  }
  CHECK(found[0] == found[1]);
  CHECK(found[2] == found[3]);
  auto nowhere_here = it.first->connect("nowhere"), nowhere_there = it.second->connect("nowhere");
  CHECK(told(nowhere_here.failure()) == told(nowhere_there.failure()));
}

TEST_CASE("checking and publishing") {
  Two it;
  CHECK(it.second->checkpoint().ok());
  std::vector<std::string> notes;
  size_t reports = 0;
  auto problems = it.second->check([&](const Progress&) { ++reports; }, &notes);
  REQUIRE(problems.ok());
  CHECK(problems->empty());
}
