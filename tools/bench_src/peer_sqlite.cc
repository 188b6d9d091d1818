#include "peer_sqlite.h"

#include <cstdio>
#include <cstdlib>

namespace rowan::bench {

Sqlite::Sqlite(const std::string& path, const std::string& synchronous) {
  check(sqlite3_open(path.c_str(), &db_), "open");
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = " + synchronous);
}

Sqlite::~Sqlite() { sqlite3_close_v2(db_); }

void Sqlite::check(int code, const char* what) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  std::fprintf(stderr, "sqlite: %s: %s\n", what, sqlite3_errmsg(db_));
  std::exit(1);
}

void Sqlite::run(const std::string& sql) {
  check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), sql.c_str());
}

sqlite3_stmt* Sqlite::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr), sql.c_str());
  return statement;
}

double Sqlite::query_double(const std::string& sql) {
  sqlite3_stmt* statement = prepare(sql);
  check(sqlite3_step(statement), sql.c_str());
  const double value = sqlite3_column_double(statement, 0);
  while (sqlite3_step(statement) == SQLITE_ROW) {
  }
  sqlite3_finalize(statement);
  return value;
}

uint64_t Sqlite::read_all(const std::string& sql) {
  sqlite3_stmt* statement = prepare(sql);
  uint64_t rows = 0;
  volatile int64_t sink = 0;
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
          sink = sink + sqlite3_column_int64(statement, i);
          break;
        case SQLITE_FLOAT:
          sink = sink + static_cast<int64_t>(sqlite3_column_double(statement, i));
          break;
        default:
          sink = sink + static_cast<int64_t>(
                            reinterpret_cast<uintptr_t>(sqlite3_column_text(statement, i)) & 1);
      }
    }
    ++rows;
  }
  check(code, sql.c_str());
  sqlite3_finalize(statement);
  return rows;
}

void Sqlite::step(sqlite3_stmt* statement) {
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  check(code, "step");
  sqlite3_reset(statement);
}

}  // namespace rowan::bench
