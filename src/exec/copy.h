// COPY FROM and COPY TO in PostgreSQL's csv and text formats.
//
// COPY FROM reads everything before the table changes; a malformed line undoes the whole COPY and
// is named by its number. Above kCopyBulkRows rows the new rows become a tree in a pack of their
// own, past the journal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "exec/operator.h"
#include "plan/plan.h"
#include "sql/ast.h"

namespace rowan::exec {

// Where COPY reads: fills `buffer`, gives the bytes read, 0 at the end; kNoBytesYet when there are none
// now, for readers that can wait (CopyReader, CopyInput).
using ByteSource = std::function<Result<size_t>(char* buffer, size_t size)>;
inline constexpr size_t kNoBytesYet = SIZE_MAX;
using ByteSink = std::function<Result<void>(std::string_view bytes)>;
using ProgressReport = std::function<void(std::string_view what, uint64_t done, uint64_t total,
                                          std::string_view unit)>;

// COPY FROM of data that are pushed, cut anywhere, and that nothing waits for.
// Lifetime: the context must outlive it.
class CopyFrom {
 public:
  static Result<std::unique_ptr<CopyFrom>> open(const sql::CopyStmt& statement,
                                                const ProgressReport& report, ExecContext& context);
  ~CopyFrom();
  size_t column_count() const;
  Result<void> push(std::string_view bytes);
  Result<uint64_t> finish();  // No more will come. Gives the number of rows.

 private:
  struct Load;
  friend Result<uint64_t> copy_from(const sql::CopyStmt&, const ByteSource&, uint64_t,
                                    const ProgressReport&, ExecContext&);
  explicit CopyFrom(std::unique_ptr<Load> load);
  std::unique_ptr<Load> load_;
};

// COPY TO, drawn piece by piece. Lifetime: as CopyFrom.
class CopyTo {
 public:
  static Result<std::unique_ptr<CopyTo>> open(const sql::CopyStmt& statement,
                                              plan::PlanContext& planning, ExecContext& context);
  ~CopyTo();
  size_t column_count() const;
  Result<bool> next(std::string& chunk);  // Whole lines in its place; false at the end.
  uint64_t rows() const;                  // So far.

 private:
  struct Rows;
  explicit CopyTo(std::unique_ptr<Rows> rows);
  std::unique_ptr<Rows> rows_;
};

// Gives the number of rows.
Result<uint64_t> copy_from(const sql::CopyStmt& statement, const ByteSource& source,
                           uint64_t source_bytes, const ProgressReport& report,
                           ExecContext& context);
Result<uint64_t> copy_to(const sql::CopyStmt& statement, const ByteSink& sink,
                         plan::PlanContext& planning, const ProgressReport& report,
                         ExecContext& context);

// A file as source (with its size) or sink (written under a temporary name and renamed at the end,
// so a failed COPY leaves the old file).
struct FileSource {
  ByteSource read;
  uint64_t bytes = 0;
};
// Whether the name is one of a compressed file or an archive, by its end in any case.
bool is_called_compressed(std::string_view path);
// Both end with kQueryCanceled when the statement is cancelled while they wait for a pipe's other
// end. `folder`: where relative paths begin; empty: where the process is. `context` must outlive them.
Result<FileSource> open_copy_source(std::string_view path, std::string_view folder,
                                    const ExecContext& context);
struct FileSink {
  ByteSink write;
  std::function<Result<void>()> finish;
};
Result<FileSink> open_copy_sink(std::string_view path, std::string_view folder,
                                const ExecContext& context);

}  // namespace rowan::exec
