// SQLite as a peer: the same work on the same rows.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

namespace rowan::bench {

class Sqlite {
 public:
  Sqlite(const std::string& path,
         const std::string& synchronous);  // WAL. Ends the program on any error, as all here does.
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void run(const std::string& sql);
  sqlite3_stmt* prepare(const std::string& sql);
  double query_double(const std::string& sql);  // First column of the first row.
  uint64_t read_all(const std::string& sql);    // Steps through every row and touches every column;
                                                // gives the row count.
  void step(sqlite3_stmt* statement);           // To the end, then resets.
  void check(int code, const char* what) const;

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace rowan::bench
