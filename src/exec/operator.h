// Operator: one step of a running query; pulls batches from its inputs.
//
// Threads: one query, one thread at a time; scans may use more inside.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/limits.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "expr/expr.h"
#include "txn/transaction.h"
#include "type/column.h"

namespace rowan::exec {

class CheckCache;
class ForeignKeyState;
class UniqueState;

// What every operator of one running statement shares.
struct ExecContext {
  txn::Manager& manager;
  txn::Transaction& transaction;
  expr::EvalContext eval;             // Parameters, time, user.
  size_t work_mem = kWorkMemDefault;  // What a sort, a hash table … may hold.
  MemoryBudget* memory = nullptr;     // What all statements hold together; null: not counted.
  int threads = 2;                    // For parallel scans.
  // The session's, for constraints; may be null where nothing is written.
  UniqueState* unique = nullptr;            // unique_keys.h
  ForeignKeyState* foreign_keys = nullptr;  // foreign_keys.h
  CheckCache* checks = nullptr;             // constraints.h

  // For what one operation collects, and for rows that a statement must have whole.
  MemoryAccount operation_account() const { return MemoryAccount(memory, work_mem); }
  MemoryAccount rows_account() const { return MemoryAccount(memory); }

  bool cancelled() const {
    return eval.cancelled != nullptr && eval.cancelled->load(std::memory_order_relaxed);
  }
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual Result<void> open() = 0;  // Once, before next().
  // Fills `batch` (any number of rows from 1) and gives true; at the end, and then again, empties it and
  // gives false.
  Result<bool> next(type::Batch& batch) {
    if (ended_) {
      batch = {};
      return false;
    }
    Result<bool> more = pull(batch);
    if (more && !*more) {
      ended_ = true;
      batch = {};
    }
    return more;
  }

 protected:
  // As next(), but called no more after the end, which it may leave with anything in `batch`.
  virtual Result<bool> pull(type::Batch& batch) = 0;

 private:
  bool ended_ = false;
};

}  // namespace rowan::exec
