// A test script: records of statements and queries (docs/testing.md has the format).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rowan::slt {

enum class RecordKind { kStatementOk, kStatementError, kQuery, kRestart, kHalt };
enum class SortMode { kNone, kRows, kValues };

struct Record {
  RecordKind kind = RecordKind::kHalt;
  int line = 0;         // Of its first line in the file, from 1.
  std::string session;  // Empty: the first one.
  std::string sql;
  std::string sqlstate;  // Of an expected error; empty: any.
  std::string types;     // I, R, T a column; A: PostgreSQL's exact text.
  SortMode sort = SortMode::kNone;
  std::string label;
  std::vector<std::string>
      expected;  // A value a line, or rows with tabs; of an error: a part of its message.
};

// Reads a script; records that `skipif`/`onlyif` exclude for engine "postgresql" are left out.
// `problem` is set when it cannot be read.
std::vector<Record> parse_script(std::string_view text, std::string& problem);

}  // namespace rowan::slt
