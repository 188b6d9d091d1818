// The csv and text formats of COPY: options, and a reader that splits bytes into fields.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "exec/copy.h"
#include "sql/ast.h"

namespace rowan::exec {

struct CopyFormat {
  bool csv = false;
  bool header = false;
  char delimiter = '\t';
  char quote = '"';
  char escape = '"';
  std::string null_text = "\\N";
};
Result<CopyFormat> copy_format(
    const sql::CopyStmt& statement);  // Checks the options as PostgreSQL does.

struct CopyField {
  std::string_view text;  // Valid until the next record is read.
  bool is_null = false;
};

// CopyReader: one record after another.
//
// Errors: kBadCopyFormat with "COPY t, line n" as context; kProgramLimit when a record is longer
// than kRecordBytesMax.
class CopyReader {
 public:
  static constexpr size_t kRecordBytesMax = 256u << 20;

  CopyReader(const CopyFormat& format, const ByteSource& source, std::string table);

  Result<bool> next(std::vector<CopyField>& fields);  // False at the end, or when it is starved.
  // The source has no bytes yet (kNoBytesYet): next() goes on where it was once there are some.
  bool starved() const { return starved_; }
  uint64_t line() const { return record_line_; }      // First line of the record just read, from 1.
  uint64_t bytes_read() const { return bytes_read_; }
  // Of the record just read: "COPY t, line 3: \"1,x\"".
  std::string place() const;
  // Adds where the record just read is, and what stands there unless the error says in which column.
  Error at_line(Error error) const;
  Error at_line(Error error, uint64_t line) const;  // Where another one is.

 private:
  Result<bool> fill();
  Result<bool> next_csv(std::vector<CopyField>& fields);
  Result<bool> next_text(std::vector<CopyField>& fields);
  // Where a record's bytes stop and the next one begins, counted from at_.
  struct Scan {
    enum Found : uint8_t { kMore, kRecord, kEnd, kNothing } found;
    size_t stop;
    size_t next;
  };
  Result<Scan> scan_text(const char* base, size_t size);
  Result<Scan> scan_csv(const char* base, size_t size);
  Result<Scan> end_record(const char* base, size_t size, size_t i);
  Result<Scan> end_of_copy(const char* base, size_t size, size_t i);
  Result<bool> take_record(std::string_view& record);
  std::string_view unescape(std::string_view raw);
  Error malformed(std::string message) const;
  Error stray(char byte) const;

  // How records end: as the first one does.
  enum class LineEnd : uint8_t { kUnknown, kNewline, kReturn, kBoth };

  const CopyFormat& format_;
  const ByteSource& source_;
  std::string table_;
  std::string buffer_;
  size_t at_ = 0;           // Start of what has not been read.
  size_t scanned_ = 0;      // No record end before this, from at_ …
  bool in_quotes_ = false;  // … and whether a quoted field is open there.
  bool ended_ = false;      // The source has no more bytes.
  bool starved_ = false;
  std::unique_ptr<char[]> block_;  // What the source fills.
  bool finished_ = false;   // `\.` was read.
  bool header_read_ = false;
  LineEnd line_end_ = LineEnd::kUnknown;
  uint64_t line_ = 1;
  uint64_t record_line_ = 0;
  uint64_t bytes_read_ = 0;
  std::optional<std::string_view> record_;  // The one just read, while it is in the buffer.
  std::string scratch_;  // Fields that had to be rewritten.
};

// What an error shows of input: not more than a line.
std::string shown_of_copy(std::string_view text);

// Appends one field, quoted or escaped as the format needs.
void append_field(const CopyFormat& format, std::string_view text, std::string& out);

}  // namespace rowan::exec
