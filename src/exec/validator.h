// The validator: whether a tree that was made outside a transaction (merge, restore, revert,
// cherry-pick, import) keeps its constraints, and whether SQL would have made its definitions. Looks
// only at what differs from a tree that is valid; a constraint that is new is checked on every row,
// a definition only where it changed.
//
// Threads: any; uses the shared indexes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/oid.h"
#include "base/result.h"
#include "derived/index.h"
#include "exec/operator.h"
#include "exec/system_tables.h"
#include "store/object_store.h"

namespace rowan::exec {

struct Violation {
  ErrorCode code;  // kNotNullViolation, kUniqueViolation, kForeignKeyViolation, kCheckViolation,
                   // kUndefinedTable …
  std::string schema, table;
  std::string constraint;  // Empty for NOT NULL.
  std::string key;         // The row's key as text "(1, x)"; empty when it is not about a row.
  std::string message;     // PostgreSQL's sentence for the code.
  std::string line = {};   // The row as it is stored; empty when it is not about a row.
};

// What the CHECKs of a tree take, for whoever watches it from another thread and cancels what takes
// too long.
class ExpressionTime {
 public:
  using Clock = std::chrono::steady_clock;
  void begin() { began_.store(Clock::now().time_since_epoch().count()); }
  void end() {
    const Clock::rep began = began_.exchange(0);
    spent_.fetch_add(Clock::now().time_since_epoch().count() - began);
    rows_.fetch_add(1);
  }
  // With the row that is being asked about. A row that ends meanwhile may count twice, or not yet.
  Clock::duration spent() const {
    const Clock::rep began = began_.load();
    const Clock::rep running =
        began == 0 ? 0 : Clock::now().time_since_epoch().count() - began;
    return Clock::duration(spent_.load() + running);
  }
  int64_t rows() const { return rows_.load(); }

  std::string schema, table;  // Where it was cancelled; read when all is over.

 private:
  std::atomic<Clock::rep> began_ = 0, spent_ = 0;  // 0: no row is being asked about.
  std::atomic<int64_t> rows_ = 0;
};

struct ValidateRequest {
  const store::ObjectReader& objects;  // Holds both trees.
  Oid valid_root;                // Keeps its constraints already, and is in the store; zero: none.
  Oid root;                      // To be checked.
  size_t violations_max = 1000;  // Where to stop.
  // Also what SQL asks of new definitions alone, though nothing fails where they stand: merge rules
  // that could settle nothing. Without a valid tree they may be older than the question.
  bool with_rules = false;
  // Whose tree it is, where it is not the session's: what HEAD and the branch's name mean to its views.
  // Zero: the context's branch says.
  std::string branch = {};
  Oid commit = {};
  bool is_tip = true;  // Without `commit`: it is the context's branch's tree, or going to be.
  // What views take from the program's own schemas; nullptr: views that do are not looked at.
  const SystemTables* system = nullptr;
  ExpressionTime* time = nullptr;  // May be null.
};

// What a statement would have refused in definitions that differ from the valid tree's: defaults that
// do not bind, keys over unlike types, sequences that are not there. Reads no rows.
Result<std::vector<Violation>> validate_definitions(const ValidateRequest& request,
                                                    txn::Manager& manager,
                                                    derived::Indexes& indexes,
                                                    const expr::EvalContext& eval);

// That, and all rows that differ. Empty: all is well.
Result<std::vector<Violation>> validate(const ValidateRequest& request, txn::Manager& manager,
                                        derived::Indexes& indexes, const expr::EvalContext& eval);

// The views and CHECKs of a tree that do not bind, as violations. Of the request's trees `root` alone.
Result<std::vector<Violation>> find_unusable(const ValidateRequest& request, txn::Manager& manager,
                                             const expr::EvalContext& eval);

// The error that stops a statement because of them: the first one's code and message, with the next
// ones as detail.
Error violation_error(const std::vector<Violation>& violations, std::string_view what);

}  // namespace rowan::exec
