// Stream: a query that runs as its rows are read.
//
// Ownership: outside a block it owns its transaction until its rows are read; in a block it reads in
//            the session's block's, which knows its streams (TransactionBlock::draw_streams): they are drawn before
//            another statement begins, and cut off when the transaction ends without a commit.
// Lifetime:  not beyond its session.
// Threads:   the session's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "engine/prepared.h"
#include "exec/operator.h"
#include "txn/transaction.h"
#include "type/column.h"
#include "type/value.h"

namespace rowan::engine {

class SessionImpl;

class Stream {
 public:
  // `own`: null in a block. Requires: `prepared` is planned.
  Stream(SessionImpl& session, std::shared_ptr<Prepared> prepared,
         std::unique_ptr<txn::Transaction> own, std::vector<type::Value> parameters);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Result<void> open();
  Result<bool> pull(type::Batch& batch);  // False at the end.

  // ---- Of one in a block, by its session ----
  // The rows not read yet come into memory, which counts them. A failure waits for whoever reads on.
  void draw() noexcept;
  // The transaction is gone. What is not in memory is lost: reading it is `why`.
  void cut(const Error& why) noexcept;
  // The transaction was committed: the stream, drawn before, is on its own.
  void release() noexcept { in_block_ = false; }

 private:
  // What the query reads of its session, as it was when it began.
  struct Frozen {
    std::string user, database, schema, branch, last_commit;
    std::vector<std::string> path;
  };

  void make_context();
  template <typename Read>
  auto reading(const Read& read) -> decltype(read());
  Result<bool> read_on(type::Batch& batch);

  SessionImpl& session_;
  const std::shared_ptr<Prepared> prepared_;
  const std::shared_ptr<const plan::Plan> plan_;
  std::unique_ptr<txn::Transaction> own_;
  const std::vector<type::Value> parameters_;
  Frozen frozen_;
  std::optional<exec::ExecContext> context_;
  std::unique_ptr<exec::Operator> root_;  // Null: at the end, drawn or cut.
  bool in_block_;                         // The session knows it.
  int64_t time_left_us_;                  // Of statement_timeout; 0: no bound.
  MemoryAccount account_{nullptr};
  std::vector<type::Batch> drawn_;
  size_t next_drawn_ = 0;
  std::optional<Error> failure_;  // Behind what was drawn.
};

}  // namespace rowan::engine
