// A database of its own and a session of it, for tests of the embedding API.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "rowan/rowan.h"

namespace rowan::testing {

// Where the database of a test comes from; other programs of these tests have it elsewhere.
inline std::unique_ptr<Database> (*open_for_api)() = [] {
  auto opened = Database::open(":memory:");
  REQUIRE(opened.ok());
  return std::move(*opened);
};

struct ApiSession {
  explicit ApiSession(const ConnectOptions& options = {}) {
    database = open_for_api();
    session = connect(options);
  }
  std::unique_ptr<Session> connect(const ConnectOptions& options = {}) {
    auto connected = database->connect(options);
    REQUIRE_MESSAGE(connected.ok(), (connected.ok() ? "" : connected.failure().message));
    return std::move(*connected);
  }

  // Every row as its values with '|' between and a ';' behind, then the tag; or "SQLSTATE message".
  static std::string read(Outcome<std::unique_ptr<Rows>> rows) {
    if (!rows.ok()) return rows.failure().sqlstate + " " + rows.failure().message;
    return read(**rows);
  }
  static std::string read(Rows& rows) {
    std::string out;
    for (;;) {
      auto more = rows.next();
      if (!more.ok()) return out + more.failure().sqlstate + " " + more.failure().message;
      if (!*more) return out + rows.tag();
      for (size_t i = 0; i < rows.columns().size(); ++i) {
        out += i > 0 ? "|" : "";
        out += rows.is_null(i) ? "NULL" : rows.get_text(i);
      }
      out += ';';
    }
  }
  std::string ask(const std::string& sql, const std::vector<Parameter>& parameters = {}) {
    return read(session->run(sql, parameters));
  }
  void must(const std::string& script) {
    const auto done = session->run_script(script);
    REQUIRE_MESSAGE(done.ok(), (script + ": " + (done.ok() ? "" : done.failure().message)));
  }
  std::unique_ptr<Statement> prepare(const std::string& sql, const std::vector<uint32_t>& oids = {}) {
    auto prepared = session->prepare(sql, oids);
    REQUIRE_MESSAGE(prepared.ok(), (sql + ": " + (prepared.ok() ? "" : prepared.failure().message)));
    return std::move(*prepared);
  }

  std::unique_ptr<Database> database;
  std::unique_ptr<Session> session;
};

}  // namespace rowan::testing
